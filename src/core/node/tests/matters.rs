//! Matters are published, reach everybody, and bind what their centre asks.

use rand::RngExt;

use super::counter::{grant_for, issue, query, refusal, wallet};
use super::world::{START, World};
use crate::audit::AuditAction;
use crate::desk::{Act, Answer, CatalogueView, Event, MatterKey, MatterLine, MatterView, Request};
use crate::error::{FaultCode, Refusal, RefusalCode};
use crate::holder::{GrantRequest, Wallet, grant};
use crate::journal::{Kind, Statement};
use crate::listing::Day;
use crate::matter::{Clause, Condition, Matter, MatterBody, Op, Operand, Outcome, Wording};
use crate::names::{CertificateNumber, RequestId};
use crate::operator::{Operator, OperatorName, Role, SealedKey, SignedAct};
use crate::seal::Key;
use crate::shelf::{House, HouseWrite, Shelf, Write};
use crate::sign::SecretKey;
use crate::time::{DAY_MS, SECOND_MS};

const LOAN: &str = include_str!("../../../../schemas/matters/cross-region-loan.toml");
const CATALOGUE: &str = include_str!("../../../../schemas/catalogue.toml");
const NEEDED: [&str; 4] = ["name", "document_no", "account_status", "continuous_months"];

/// The loan matter, in force since before the world began.
fn loan() -> String {
    LOAN.replacen("from = 2026-12-01", "from = 2026-11-01", 1)
}

fn by(role: Role) -> (Operator, SecretKey) {
    let key = SecretKey::from_key(Key::from_bytes([u8::try_from(role.code().len()).unwrap(); 32]));
    let operator = Operator {
        name: OperatorName::new(role.code()).unwrap(),
        display: "李".to_owned(),
        staff_no: role.code().to_owned(),
        role,
        key: key.public(),
        sealed: SealedKey { salt: Vec::new(), memory_kib: 0, passes: 0, sealed: Vec::new() },
        created: START,
        disabled: None,
    };
    (operator, key)
}

fn ask_as(world: &mut World, peer: usize, role: Role, act: &Act) -> Event {
    let (operator, key) = by(role);
    world.peers[peer].shelf.apply(&Write::House(HouseWrite::Operator(operator.clone()))).unwrap();
    let (centre, request) = (world.peers[peer].centre.clone(), RequestId(world.rng.random()));
    let signed = SignedAct::sign(&key, &operator.name, &centre, world.charter.federation(), world.now, request, act);
    show(world, peer, Request::Act(signed))
}

fn show(world: &mut World, peer: usize, request: Request) -> Event {
    let token = world.ask(peer, request);
    world.closing(peer, token).cloned().unwrap()
}

fn publish(world: &mut World, peer: usize, file: &str) -> Event {
    ask_as(world, peer, Role::Reviewer, &Act::MatterPublish { file: file.to_owned() })
}

fn published(event: &Event) -> (u32, u64) {
    match event {
        Event::Published { version, index, .. } => (*version, *index),
        other => panic!("not published: {other:?}"),
    }
}

fn refused(event: &Event) -> Refusal {
    match event {
        Event::Refused { refusal, .. } => refusal.clone(),
        other => panic!("not refused: {other:?}"),
    }
}

fn list(world: &mut World, at: usize, of: usize, after: Option<MatterKey>, limit: usize) -> (Vec<MatterLine>, bool) {
    let centre = Some(world.peers[of].centre.clone());
    match show(world, at, Request::Matters { centre, after, limit }) {
        Event::Matters { matters, more } => (matters, more),
        other => panic!("no list: {other:?}"),
    }
}

fn matter(world: &mut World, at: usize, of: usize, day: Option<Day>) -> MatterView {
    let centre = Some(world.peers[of].centre.clone());
    match show(world, at, Request::Matter { centre, code: "cross-region-loan".to_owned(), day }) {
        Event::Matter(view) => *view,
        other => panic!("no matter: {other:?}"),
    }
}

#[test]
fn a_published_matter_is_shown_alike_at_every_centre_and_costs_nothing_twice() {
    let mut world = World::new(601, 3);
    let first = published(&publish(&mut world, 0, &loan()));
    assert_eq!(published(&publish(&mut world, 0, &loan())), first);
    assert_eq!(world.size(0, 0), 1);
    world.run_for(10 * SECOND_MS);
    world.assert_converged();
    let views: Vec<_> = (0..3).map(|at| matter(&mut world, at, 0, None)).collect();
    assert!(views.iter().all(|view| *view == views[0]));
    assert_eq!(views[0].matter, Matter::from_toml(&loan()).unwrap());
    assert!(views[0].in_force);
    let log = world.peers[0].shelf.audit_rows(0, 9).unwrap();
    let told: Vec<_> = log.iter().map(|row| (row.action, row.about.as_str(), row.outcome.as_str())).collect();
    let about = "cross-region-loan 2026120101";
    assert_eq!(told, [(AuditAction::MatterPublish, about, "done"), (AuditAction::MatterPublish, about, "again")]);
}

#[test]
fn of_one_day_the_newest_version_counts_and_of_many_days_the_last_that_has_begun() {
    let mut world = World::new(602, 2);
    let with =
        |version: &str, from: &str| loan().replacen("2026120101", version, 1).replacen("from = 2026-11-01", &format!("from = {from}"), 1);
    for (version, from) in
        [("2026110101", "2026-11-01"), ("2026110102", "2026-11-01"), ("2026110103", "2026-12-01"), ("2026110104", "2027-01-01")]
    {
        published(&publish(&mut world, 0, &with(version, from)));
    }
    let old = publish(&mut world, 0, &with("2026110103", "2027-06-01"));
    assert_eq!(refused(&old), Refusal::about(RefusalCode::VersionNotNewer, "2026110104"));
    world.run_for(10 * SECOND_MS);
    let (lines, more) = list(&mut world, 1, 0, None, 2);
    assert_eq!(
        (lines.iter().map(|l| (l.version, l.in_force)).collect::<Vec<_>>(), more),
        (vec![(2_026_110_102, true), (2_026_110_103, false)], true)
    );
    let after = lines.last().map(|l| MatterKey { code: l.code.clone(), from: l.from });
    let (lines, more) = list(&mut world, 1, 0, after, 2);
    assert_eq!((lines.iter().map(|l| l.version).collect::<Vec<_>>(), more), (vec![2_026_110_104], false));
    let on = |day| Some(Day::from_number(day).unwrap());
    for (day, version) in
        [(None, 2_026_110_102), (on(20_261_130), 2_026_110_102), (on(20_261_201), 2_026_110_103), (on(20_270_301), 2_026_110_104)]
    {
        assert_eq!(matter(&mut world, 1, 0, day).matter.version, version);
    }
}

#[test]
fn a_wrong_file_is_refused_with_line_and_column_and_only_a_reviewer_may_publish() {
    let mut world = World::new(603, 2);
    let wrong = loan().replacen("op = \"at-least\"\nvalue = 6", "op = \"at-least\"\nvalue = \"6\"", 1);
    let line = wrong.lines().position(|l| l == "value = \"6\"").unwrap() + 1;
    let refusal = refused(&publish(&mut world, 0, &wrong));
    assert_eq!(refusal.code, RefusalCode::MatterInvalid);
    assert_eq!(refusal.detail.unwrap(), format!("{line}:9: rule[0].all[1].value: bad-value (0 .. 1000000)"));
    for role in Role::ALL.into_iter().filter(|role| *role != Role::Reviewer) {
        for act in [Act::MatterPublish { file: loan() }, Act::CataloguePublish { file: CATALOGUE.to_owned() }] {
            assert_eq!(refused(&ask_as(&mut world, 0, role, &act)).code, RefusalCode::RoleMissing, "{role:?}");
        }
    }
    let of = |kind| {
        world.peers[0]
            .shelf
            .entries(&world.peers[0].centre, 0, 99, 1 << 20)
            .unwrap()
            .iter()
            .any(|e| crate::journal::Header::parse(&e.header).unwrap().kind() == Some(kind))
    };
    assert!(!of(Kind::MatterPublished) && !of(Kind::CataloguePublished));
}

#[test]
fn a_catalogue_is_shown_at_every_centre_and_the_newest_version_counts() {
    let mut world = World::new(604, 2);
    let newer = CATALOGUE.replacen("2026120101", "2026120102", 1);
    for file in [CATALOGUE, &newer, &newer] {
        published(&ask_as(&mut world, 0, Role::Reviewer, &Act::CataloguePublish { file: file.to_owned() }));
    }
    assert_eq!(world.size(0, 0), 2);
    let old = ask_as(&mut world, 0, Role::Reviewer, &Act::CataloguePublish { file: CATALOGUE.to_owned() });
    assert_eq!(refused(&old).code, RefusalCode::VersionNotNewer);
    world.run_for(10 * SECOND_MS);
    let centre = world.peers[0].centre.clone();
    let Event::Catalogue(view) = show(&mut world, 1, Request::Catalogue { centre: Some(centre.clone()) }) else { panic!("none") };
    let CatalogueView { catalogue, .. } = *view;
    assert_eq!((catalogue.version, catalogue.items.len()), (2_026_120_102, 3));
    let Event::Catalogues { catalogues } = show(&mut world, 1, Request::Catalogues) else { panic!("none") };
    assert_eq!(catalogues.iter().map(|line| (&line.centre, line.items)).collect::<Vec<_>>(), [(&centre, 3)]);
    assert_eq!(refused(&show(&mut world, 1, Request::Catalogue { centre: None })).code, RefusalCode::CatalogueUnknown);
}

#[test]
fn what_a_hostile_member_publishes_as_a_matter_means_nothing_is_noticed_and_stops_nobody() {
    let mut world = World::new(605, 2);
    let mut identifying = Matter::from_toml(&loan()).unwrap();
    let wording = Wording { zh: "是".to_owned(), en: "is".to_owned() };
    let asks = Condition { field: "name".to_owned(), op: Op::Is, value: Operand::Text("史霞玲".to_owned()), wording };
    identifying.rules[0].when = Clause::All(vec![Clause::Is(asks)]);
    let bodies = [
        (Kind::MatterPublished, MatterBody::to_bytes(&identifying)),
        (Kind::MatterPublished, b"noise".to_vec()),
        (Kind::CataloguePublished, MatterBody::to_bytes(&identifying)),
        (Kind::MatterPublished, vec![0x81; 40_000]),
        (Kind::MatterPublished, MatterBody::to_bytes(&Matter::from_toml(&loan()).unwrap())),
    ];
    let now = world.now;
    let entries = bodies.iter().map(|(kind, body)| Statement::build(&mut world.rng, *kind, now, None, body).unwrap()).collect();
    world.append(0, entries);
    world.run_for(10 * SECOND_MS);
    world.assert_converged();
    assert_eq!(world.faults(1), [FaultCode::BadStatement]);
    let counted = world.peers[1].shelf.faults().unwrap();
    assert_eq!(counted, [(world.station(0), FaultCode::BadStatement, 4)]);
    // What came after it is read as ever.
    let (lines, _) = list(&mut world, 1, 0, None, 9);
    assert_eq!(lines.len(), 1);
    assert_eq!(matter(&mut world, 1, 0, None).index, 4);
}

/// Two peers; the second has published the loan matter and holds a certificate of the first for it.
fn counter(seed: u64, file: &str) -> (World, Wallet, CertificateNumber) {
    let mut world = World::new(seed, 2);
    let mut holder = wallet();
    let number = issue(&mut world, 0, &mut holder, 1);
    world.run_for(SECOND_MS);
    published(&publish(&mut world, 1, file));
    (world, holder, number)
}

fn granted(world: &mut World, holder: &mut Wallet, number: &CertificateNumber, change: impl FnOnce(&mut GrantRequest)) -> String {
    let fields = NEEDED.map(str::to_owned).to_vec();
    let mut request = GrantRequest::new(world.now, number.clone(), fields, world.peers[1].centre.clone(), "cross-region-loan");
    change(&mut request);
    let (key, now) = (world.peers[1].keys.sealing.public(), world.now);
    grant(&mut world.rng, now, holder, &request, &key).unwrap()
}

fn answer(world: &mut World, text: &str) -> Answer {
    let token = query(world, 1, text);
    match world.closing(1, token) {
        Some(Event::Answer(answer)) => (**answer).clone(),
        other => panic!("no answer: {other:?}"),
    }
}

#[test]
fn a_grant_beyond_the_centres_own_matter_is_refused_by_what_is_beyond_it() {
    use RefusalCode as R;
    let file = loan().replacen("uses_max = 1", "uses_max = 2", 1).replacen("days_max = 1", "days_max = 2", 1);
    let without_phone = file.replacen("\"clerk\", \"phone\"", "\"clerk\"", 1);
    let (mut world, mut holder, number) = counter(606, &without_phone);
    type Change = fn(&mut GrantRequest);
    let cases: [(Change, R, &str); 5] = [
        (|r| r.uses = 3, R::CeilingExceeded, "uses 2"),
        (|r| r.expires = r.expires.plus_ms(2 * DAY_MS), R::CeilingExceeded, "days 2"),
        (|r| r.fields.push("phone".to_owned()), R::FieldNotInMatter, "phone"),
        (|r| r.fields.retain(|f| f != "account_status"), R::FieldNotGranted, "account_status"),
        (|r| r.matter = "rent".to_owned(), R::MatterUnknown, "rent"),
    ];
    for (change, code, detail) in cases {
        let text = granted(&mut world, &mut holder, &number, change);
        let token = query(&mut world, 1, &text);
        let event = world.closing(1, token).cloned().unwrap();
        assert_eq!(refused(&event), Refusal::about(code, detail));
        let Event::Refused { about: Some(about), .. } = event else { panic!("nothing is told") };
        assert!(about.recorded, "the holder sees it");
    }
    // The same at its limits.
    let text = granted(&mut world, &mut holder, &number, |r| {
        r.uses = 2;
        r.expires = r.expires.plus_ms(DAY_MS);
        r.fields.push("balance".to_owned());
    });
    assert_eq!(answer(&mut world, &text).fields.len(), 5);
}

#[test]
fn a_mode_or_a_kind_that_the_matter_does_not_have_is_refused() {
    let (mut world, mut holder, number) = counter(607, &loan().replacen("\"details\", ", "", 1));
    let text = granted(&mut world, &mut holder, &number, |_| {});
    let token = query(&mut world, 1, &text);
    assert_eq!(refusal(&world, 1, token), RefusalCode::ModeNotAllowed);

    let withdrawal = include_str!("../../../../schemas/matters/withdrawal.toml").replacen("from = 2026-12-01", "from = 2026-11-01", 1);
    let (mut world, mut holder, number) = counter(608, &withdrawal);
    let text = granted(&mut world, &mut holder, &number, |r| r.matter = "withdrawal".to_owned());
    let token = query(&mut world, 1, &text);
    assert_eq!(refusal(&world, 1, token), RefusalCode::WrongCertificateKind);
}

#[test]
fn a_centre_whose_matters_have_not_begun_and_one_without_any_ask_as_before() {
    let (mut world, mut holder, number) = counter(609, LOAN);
    let text = grant_for(&mut world, &mut holder, &number, 1, 3);
    assert!(answer(&mut world, &text).verdicts.is_empty());
    // From its first day on it binds.
    world.now = world.now.plus_ms(11 * DAY_MS);
    let text = grant_for(&mut world, &mut holder, &number, 1, 3);
    let token = query(&mut world, 1, &text);
    assert_eq!(refusal(&world, 1, token), RefusalCode::CeilingExceeded);
}

#[test]
fn the_answer_tells_what_the_centres_rule_says_of_the_opened_fields_condition_by_condition() {
    let (mut world, mut holder, number) = counter(610, &loan());
    let few = granted(&mut world, &mut holder, &number, |_| {});
    let told = answer(&mut world, &few);
    let verdict = &told.verdicts[0];
    assert_eq!((verdict.rule.as_str(), verdict.version, verdict.outcome), ("may-apply", 2_026_120_101, Outcome::Unknown));
    let outcomes: Vec<_> = verdict.conditions.iter().map(|c| (c.field.as_str(), c.outcome)).collect();
    assert_eq!(outcomes[..3], [("account_status", Outcome::Met), ("continuous_months", Outcome::Met), ("continuous_to", Outcome::Unknown)]);

    let all = granted(&mut world, &mut holder, &number, |r| {
        r.fields.extend(["continuous_to", "in_arrears", "loan_record"].map(str::to_owned));
    });
    assert_eq!(answer(&mut world, &all).verdicts[0].outcome, Outcome::Met);
    // The same on a day on which the last deposit lies too far back.
    world.now = world.now.plus_ms(70 * DAY_MS);
    let later = granted(&mut world, &mut holder, &number, |r| {
        r.fields.extend(["continuous_to", "in_arrears", "loan_record"].map(str::to_owned));
    });
    let told = answer(&mut world, &later);
    assert_eq!(told.verdicts[0].outcome, Outcome::NotMet);
    assert_eq!(told.verdicts[0].conditions[2].wording.en, "Deposits continue to within the last two months");
}
