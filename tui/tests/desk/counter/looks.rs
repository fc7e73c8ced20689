//! What the views of the counter look like, and that a peer can put nothing but text into them.

use std::sync::Arc;

use anju_core::desk::{Event as DeskEvent, ReleasedField, Request};
use anju_core::error::{Refusal, RefusalCode};
use anju_core::shelf::Ended;
use anju_tui::Words;
use anju_tui::door::{Outcome, Trouble, Work};
use anju_tui::fake::{Asked, FakeDoor, NOW, Rehearsal};
use anju_tui::screens::SCREENS;
use proptest::prelude::*;

use super::{Files, door, holder_card, paste, to_answer, who};
use crate::hostile::{hostile, only_text};
use crate::made;
use crate::made::papers::{self, grant};
use crate::pictures::pictures;

#[test]
fn what_the_counter_looks_like() {
    let door = door(String::new()).0;
    let query = |desk: &mut Rehearsal| {
        desk.log_in("li.si");
        desk.keys("2");
    };
    pictures("query-empty", &door, query);
    pictures("query-grant", &door, |desk| {
        query(desk);
        paste(desk, &grant());
    });
    pictures("query-full", &door, |desk| {
        query(desk);
        to_answer(desk);
    });
    pictures("query-listed", &door, |desk| {
        query(desk);
        to_answer(desk);
        desk.keys("b ctrl-s");
    });
    pictures("query-loading", &door, |desk| {
        desk.hold();
        query(desk);
        to_answer(desk);
        desk.pass(1_000);
    });
    pictures("query-error", &made::broken(), |desk| {
        query(desk);
        to_answer(desk);
    });
    pictures("query-export", &door, |desk| {
        query(desk);
        to_answer(desk);
        desk.keys("e");
    });
    for (name, keys) in [("full", ""), ("show", "enter"), ("find", "n"), ("cancel", "x enter")] {
        pictures(&format!("certificates-{name}"), &door, |desk| {
            desk.log_in("li.si");
            desk.keys("3");
            desk.keys(keys);
        });
    }
    pictures("certificates-account", &door, |desk| {
        desk.log_in("li.si");
        desk.keys("3 n");
        desk.types("46010000000100001");
        desk.keys("tab right ctrl-s");
    });
    pictures("certificates-card", &door, |desk| {
        desk.log_in("li.si");
        desk.keys("3 n");
        desk.types("46010000000100001");
        desk.keys("tab right ctrl-s i");
        paste(desk, &holder_card());
    });
    let none = FakeDoor::new(who(), |asked| match asked {
        Asked::Request(Request::CertificateList { .. }) => Ok(DeskEvent::CertificateList { certificates: vec![], more: false }),
        other => papers::answer(other),
    });
    for (name, door, hold) in [("empty", &none, false), ("loading", &door, true), ("error", &made::broken(), false)] {
        pictures(&format!("certificates-{name}"), door, |desk| {
            if hold {
                desk.hold();
            }
            desk.log_in("li.si");
            desk.keys("3");
            desk.pass(1_000);
        });
    }
}

/// The answers of a peer that says `text` wherever these views may be told a text.
fn evil(text: &str, asked: &Asked) -> Result<DeskEvent, Trouble> {
    let fields = |fields: &mut Vec<ReleasedField>| {
        for (i, field) in fields.iter_mut().enumerate() {
            field.value = if i % 2 == 0 { text.into() } else { serde_json::json!([text, { text: text }]) };
        }
        fields.push(ReleasedField { name: text.to_owned(), value: text.into() });
    };
    let mut event = made::answer(asked)?;
    match &mut event {
        DeskEvent::Answer(answer) => {
            answer.authorised.matter = text.to_owned();
            answer.presentation = text.to_owned();
            fields(&mut answer.fields);
        }
        DeskEvent::Account(view) => {
            fields(&mut view.fields);
            view.refusal = Some(Refusal::about(RefusalCode::AccountUnreadable, text));
        }
        DeskEvent::CertificateList { certificates, .. } => certificates.iter_mut().for_each(|certificate| {
            certificate.kind = text.to_owned();
            certificate.ended = Some(Ended { at: NOW, reason: text.to_owned() });
        }),
        DeskEvent::CertificateShow { certificate, account_no, .. } => {
            (certificate.kind, *account_no) = (text.to_owned(), Some(text.to_owned()));
        }
        DeskEvent::Lookup(answer) => answer.centres.iter_mut().for_each(|centre| centre.name = text.to_owned()),
        _ => {}
    }
    Ok(event)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn nothing_but_text_reaches_a_cell_of_the_counter_or_the_page(text in hostile()) {
        let (files, said, file) = (Files::default(), text.clone(), text.clone());
        let kept = Arc::clone(&files);
        let door = FakeDoor::with_work(who(), move |asked| evil(&said, asked), move |work, _| match work {
            Work::WriteText { out, text } => {
                kept.lock().unwrap().push((out.display().to_string(), text));
                Ok(Outcome::Written { path: file.clone().into(), rows: 0 })
            }
            _ => Ok(Outcome::Text(file.clone())),
        });
        let mut desk = Rehearsal::new(&door, Words::Chinese, SCREENS, 80, 24);
        desk.log_in("li.si");
        desk.keys("2");
        paste(&mut desk, &text);
        only_text(&mut desk);
        desk.keys("ctrl-s tab x enter");
        only_text(&mut desk);
        paste(&mut desk, &grant());
        desk.types("SY");
        for keys in ["ctrl-s", "pgdn", "e ctrl-s", "v x enter", "pgup", "b ctrl-s", "esc esc esc 3", "enter", "v x enter", "esc w", "esc n"] {
            desk.keys(keys);
            only_text(&mut desk);
        }
        desk.types("46010000000100001");
        for keys in ["ctrl-s", "pgdn", "v x enter"] {
            desk.keys(keys);
            only_text(&mut desk);
        }
        let files = files.lock().unwrap();
        let page = &files.iter().find(|(name, _)| name.ends_with(".html")).unwrap().1;
        let wrong = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let found = page.chars().any(wrong);
        prop_assert!(!found, "something that is no text on the page");
        prop_assert_eq!(page.matches('<').count(), page.matches('>').count());
    }
}
