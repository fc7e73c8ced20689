use super::*;

fn long_enough(text: &str) -> Option<&'static str> {
    (text.chars().count() < 3).then_some("form.number")
}

fn form() -> Form {
    let label = Shown::new;
    Form::new(vec![
        Field::required("name", label("Name"), Kind::Text(10)).checked(long_enough),
        Field::required("day", label("Day"), Kind::Date),
        Field::optional("count", label("Count"), Kind::Number),
        Field::required("level", label("Level"), Kind::Choice(vec![("A".into(), label("a")), ("B".into(), label("b"))])),
        Field::optional("text", label("Text"), Kind::Area(50)),
        Field::required("secret", label("Secret"), Kind::Secret),
    ])
}

fn types(form: &mut Form, text: &str) {
    for c in text.chars() {
        assert_eq!(form.on(Words::English, &Cmd::Edit(Edit::Insert(c))), FormEvent::Handled);
    }
}

#[test]
fn a_form_is_sent_only_when_nothing_is_wrong() {
    let (mut form, words) = (form(), Words::English);
    assert_eq!(form.on(words, &Cmd::Submit), FormEvent::Handled);
    types(&mut form, "海口");
    assert!(!form.is_right(words));
    types(&mut form, "市");
    form.on(words, &Cmd::Open);
    types(&mut form, "2026-02-30");
    form.on(words, &Cmd::Next);
    types(&mut form, "12x");
    form.focus("secret");
    types(&mut form, "p");
    assert_eq!(form.on(words, &Cmd::Submit), FormEvent::Handled);
    form.on(words, &Cmd::Edit(Edit::Clear));
    types(&mut form, "2026-02-28");
    form.set("count", "12");
    form.focus("level");
    form.on(words, &Cmd::Edit(Edit::Cursor(Move::Right)));
    assert_eq!(form.on(words, &Cmd::Submit), FormEvent::Submit);
    assert_eq!((form.value("name").as_str(), form.value("level").as_str()), ("海口市", "B"));
    assert_eq!(form.value("secret"), "");
    assert_eq!(form.take_secret("secret").expose(), b"p");
    assert!(!form.is_right(words), "a secret is there once");
}

#[test]
fn enter_is_a_new_line_in_an_area_and_the_next_field_elsewhere() {
    let (mut form, words) = (form(), Words::English);
    form.focus("text");
    types(&mut form, "a");
    form.on(words, &Cmd::Open);
    types(&mut form, "b");
    assert_eq!(form.value("text"), "a\nb");
    form.on(words, &Cmd::Next);
    types(&mut form, "s");
    assert_eq!(form.value("text"), "a\nb");
}

#[test]
fn what_the_peer_says_stands_beside_the_field_until_it_is_changed() {
    let mut form = form();
    form.refuse("day", Shown::new("not so"));
    assert_eq!(form.focus, 1);
    assert!(form.states[1].refused.is_some());
    types(&mut form, "2");
    assert!(form.states[1].refused.is_none());
}

#[test]
fn a_secret_is_never_printed() {
    let mut form = form();
    form.focus("secret");
    types(&mut form, "hunter2");
    form.focus("name");
    types(&mut form, "Zhang");
    let printed = format!("{form:?}");
    assert!(!printed.contains("hunter2") && !printed.contains("Zhang"), "{printed}");
}
