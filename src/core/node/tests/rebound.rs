//! A holder has another key: what the former one signed is refused wherever that was said, and only the issuer can say it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::RngExt;

use super::counter::{grant_for, issue, query, query_as, refusal, request, wallet};
use super::interact::{ask, check, evaluate, publish};
use super::window::{leave, pick_up, problem, send, signed};
use super::world::{Weather, World};
use crate::audit::AuditAction;
use crate::certificate::{BoundBody, CertificateBody, HolderEndedBody, IssuerIdentity, certificate_in};
use crate::desk::{Act, Event, Request};
use crate::error::RefusalCode;
use crate::grant::{Mode, Presented};
use crate::holder::window::{key_of, keys_of};
use crate::holder::{self, GrantRequest, Wallet, card, grant, receive};
use crate::journal::{Evidence, Kind, Statement};
use crate::names::{CertificateNumber, Thumbprint};
use crate::seal::SUITE;
use crate::shelf::{House, Shelf};
use crate::time::{DAY_MS, SECOND_MS};
use crate::window::{CertificatesFound, Deposited};

/// Peer 0 issued to peer 1, where the holder wants a loan; peer 2 only looks on.
fn issued(seed: u64) -> (World, Wallet, CertificateNumber) {
    let mut world = World::new(seed, 3);
    let mut holder = wallet();
    let number = issue(&mut world, 0, &mut holder, 1);
    world.run_for(SECOND_MS);
    (world, holder, number)
}

fn new_card(world: &mut World, wallet: &mut Wallet) -> String {
    let (centre, now) = (world.peers[0].centre.clone(), world.now);
    card::card(&mut world.rng, now, wallet, &centre).unwrap()
}

fn bind(world: &mut World, number: &CertificateNumber, card: &str) -> Event {
    let token = world.act(0, &Act::HolderBind { number: number.clone(), card: card.to_owned() });
    world.closing(0, token).cloned().unwrap()
}

/// A grant of everything that the rule of the loan matter looks at.
fn granted(world: &mut World, wallet: &mut Wallet, number: &CertificateNumber, mode: Mode) -> String {
    let fields =
        ["name", "account_status", "continuous_months", "continuous_to", "in_arrears", "loan_record", "loan_count", "loan_outstanding"];
    let fields = fields.map(str::to_owned).to_vec();
    let audience = world.peers[1].centre.clone();
    let mut wanted = GrantRequest::new(world.now, number.clone(), fields, audience, "cross-region-loan");
    (wanted.mode, wanted.uses) = (mode, 5);
    let (key, now) = (world.peers[1].keys.sealing.public(), world.now);
    grant(&mut world.rng, now, wallet, &wanted, &key).unwrap()
}

fn report_lost(world: &mut World, number: &CertificateNumber) -> Event {
    let token = world.act(0, &Act::HolderEnd { number: number.clone() });
    world.closing(0, token).cloned().unwrap()
}

/// Takes a certificate's file in as the program does.
fn take_in(world: &World, wallet: &mut Wallet, file: &str) -> Result<CertificateNumber, crate::error::Refusal> {
    let evidence = STANDARD.decode(file).unwrap();
    let author = world.peers[0].node.authors[&world.peers[0].centre].clone();
    let verified = Evidence::decode(&evidence).unwrap().verify(&author).unwrap();
    let body = certificate_in(verified.header(), verified.entry().body().unwrap()).unwrap().to_bytes();
    let (federation, centre) = (world.charter.federation().clone(), world.peers[0].centre.clone());
    receive(wallet, world.now, &body, &evidence, &IssuerIdentity { federation, centre, key: author.signing })
}

/// Binds the certificate to a key of `wallet`, which takes it in.
fn rebind(world: &mut World, number: &CertificateNumber, wallet: &mut Wallet) -> String {
    let card = new_card(world, wallet);
    let Event::CertificateIssued { number: bound, file, .. } = bind(world, number, &card) else { panic!("not bound") };
    assert_eq!((&bound, take_in(world, wallet, &file).as_ref()), (number, Ok(number)));
    file
}

fn code(event: &Event) -> RefusalCode {
    match event {
        Event::Refused { refusal, .. } => refusal.code,
        other => panic!("{other:?}"),
    }
}

fn ended(world: &World, at: usize, holder: &Thumbprint, number: &CertificateNumber) -> bool {
    world.peers[at].shelf.holder_ended(holder, Some(number)).unwrap().is_some()
}

#[test]
fn a_certificate_bound_to_another_key_is_used_with_that_key_and_with_the_former_one_no_more_in_any_mode() {
    let (mut world, mut lost, number) = issued(901);
    publish(&mut world, 1);
    let modes = [Mode::Details, Mode::Check, Mode::Evaluate];
    let former: Vec<String> = modes.iter().map(|mode| granted(&mut world, &mut lost, &number, *mode)).collect();
    let same_use = request(&mut world);
    let token = query_as(&mut world, 1, &former[0], same_use);
    assert!(matches!(world.closing(1, token), Some(Event::Answer(_))));

    let mut found = wallet();
    rebind(&mut world, &number, &mut found);
    world.run_for(5 * SECOND_MS);
    let now: Vec<String> = modes.iter().map(|mode| granted(&mut world, &mut found, &number, *mode)).collect();
    let rule = || evaluate("may-apply");
    for (grants, holds) in [(&former, false), (&now, true)] {
        let details = query(&mut world, 1, &grants[0]);
        let answers = [
            world.closing(1, details).cloned().unwrap(),
            ask(&mut world, &grants[1], check(&[("name", "史霞玲")])),
            ask(&mut world, &grants[2], rule()),
        ];
        for answer in &answers {
            if holds {
                assert!(matches!(answer, Event::Answer(_) | Event::Attested(_)), "{answer:?}");
            } else {
                assert_eq!(code(answer), RefusalCode::HolderKeyEnded);
            }
        }
    }
    // Neither is what was read before read again by it.
    let token = query_as(&mut world, 1, &former[0], same_use);
    assert_eq!(refusal(&world, 1, token), RefusalCode::HolderKeyEnded);
    // The fields are the same, and the number.
    let token = query(&mut world, 1, &now[0]);
    let Some(Event::Answer(answer)) = world.closing(1, token) else { panic!() };
    assert_eq!((answer.fields[0].value.as_str(), &answer.certificate.number), (Some("史霞玲"), &number));
    // Uses that were tried with the lost key are told, sealed to the present one.
    let row = world.peers[0].shelf.certificate(&number).unwrap().unwrap();
    assert_eq!(row.holder_sealing, key_of(&found, &number).unwrap().public().sealing);
    let places = crate::shelf::Deposits::accesses_to(&world.peers[0].shelf, &number, None, 100).unwrap();
    let refused = places.iter().filter_map(|(author, index)| world.peers[0].shelf.access_at(author, *index));
    assert!(refused.filter(|access| access.refused == Some(RefusalCode::HolderKeyEnded)).count() >= 3);
    let told = world.peers[0].shelf.audit_rows(0, 99).unwrap();
    let told: Vec<_> = told.iter().filter(|row| row.action == AuditAction::HolderBind).collect();
    assert_eq!((told.len(), told[0].about.as_str(), told[0].outcome.as_str()), (1, number.as_str(), "done"));
    assert!(told[0].operator.is_some() && told[0].subject.is_some());
    world.run_for(11 * SECOND_MS);
    world.assert_converged();
}

#[test]
fn a_lost_key_counts_nowhere_and_the_certificate_waits_for_the_next_one() {
    let (mut world, mut lost, number) = issued(902);
    let grant = grant_for(&mut world, &mut lost, &number, 1, 5);
    assert_eq!(report_lost(&mut world, &number), Event::Done);
    let size = world.size(0, 0);
    assert_eq!(report_lost(&mut world, &number), Event::Done);
    assert_eq!(world.size(0, 0), size, "said again it stands in the journal once");
    world.run_for(5 * SECOND_MS);
    let token = query(&mut world, 1, &grant);
    assert_eq!(refusal(&world, 1, token), RefusalCode::HolderKeyEnded);
    // Nor does it take anything back: there is nothing left to take back.
    let revocation = holder::revoke(&mut lost, world.now, &Presented::parse(&grant).unwrap().id()).unwrap();
    let token = world.ask(2, Request::GrantRevoke { text: revocation });
    assert_eq!(code(world.closing(2, token).unwrap()), RefusalCode::HolderKeyEnded);
    rebind(&mut world, &number, &mut lost);
    world.run_for(5 * SECOND_MS);
    let again = grant_for(&mut world, &mut lost, &number, 1, 1);
    let token = query(&mut world, 1, &again);
    assert!(matches!(world.closing(1, token), Some(Event::Answer(_))));
    assert_eq!(keys_of(&lost, &number).len(), 2, "the former key stays, for what was sealed to it");
    assert_eq!(lost.certificates().len(), 1);
}

#[test]
fn the_same_card_again_gets_the_same_file_and_a_key_that_ended_never_comes_back() {
    let (mut world, mut lost, number) = issued(903);
    let mut found = wallet();
    let card = new_card(&mut world, &mut found);
    let Event::CertificateIssued { file, .. } = bind(&mut world, &number, &card) else { panic!("not bound") };
    let size = world.size(0, 0);
    let Event::CertificateIssued { file: again, .. } = bind(&mut world, &number, &card) else { panic!("not answered") };
    assert_eq!((take_in(&world, &mut found, &again), world.size(0, 0)), (Ok(number.clone()), size));
    assert_eq!(take_in(&world, &mut lost, &file).unwrap_err().code, RefusalCode::HolderMismatch, "the thief's wallet gets nothing of it");
    // The card of the lost key is still young.
    let key = key_of(&lost, &number).unwrap();
    let (centre, created) = (world.peers[0].centre.clone(), world.now);
    let old = holder::HolderCard { centre, keys: key.public(), created }.to_text(&key.signing).unwrap();
    assert_eq!(code(&bind(&mut world, &number, &old)), RefusalCode::HolderKeyEnded);
    let other = issue(&mut world, 0, &mut lost, 1);
    assert_eq!(code(&bind(&mut world, &other, &card)), RefusalCode::CardUsed);
    assert_eq!(code(&bind(&mut world, &number, "{}")), RefusalCode::CardInvalid);
    let unknown = "C46010-YDDKJCZM-2026-000099".parse().unwrap();
    assert_eq!(code(&bind(&mut world, &unknown, &card)), RefusalCode::CertificateUnknown);
    let next = new_card(&mut world, &mut found);
    let token = world.act(1, &Act::HolderBind { number: number.clone(), card: next.clone() });
    world.run_for(SECOND_MS);
    assert_eq!(refusal(&world, 1, token), RefusalCode::NotTheIssuer);
    let token = world.act(1, &Act::HolderEnd { number: number.clone() });
    assert_eq!(refusal(&world, 1, token), RefusalCode::NotTheIssuer);
    world.act(0, &Act::CertificateCancel { number: other.clone(), reason: "cancelled".to_owned() });
    assert_eq!(code(&bind(&mut world, &other, &next)), RefusalCode::CertificateEnded);
    world.now = world.now.plus_ms(100 * DAY_MS);
    let next = new_card(&mut world, &mut found);
    assert_eq!(code(&bind(&mut world, &number, &next)), RefusalCode::CertificateExpired);
}

#[test]
fn a_hostile_member_ends_no_key_of_another_centres_certificate_neither_by_its_number_nor_by_its_key() {
    let (mut world, mut holder, number) = issued(904);
    let grant = grant_for(&mut world, &mut holder, &number, 1, 9);
    let row = world.peers[0].shelf.certificate(&number).unwrap().unwrap();
    let entry = world.peers[0].shelf.entries(&row.issuer, row.index, 1, 1 << 20).unwrap().remove(0);
    let sealed = CertificateBody::parse(entry.body().unwrap()).unwrap();
    let own: CertificateNumber = format!("{}-YDDKJCZM-2026-000001", world.peers[2].centre).parse().unwrap();
    let mut bodies = Vec::new();
    for number in [&number, &own] {
        let mut to_itself = sealed.clone();
        (to_itself.head.number, to_itself.head.holder) = (number.clone(), Thumbprint([7; 32]));
        let bound = BoundBody { suite: SUITE.to_owned(), former: row.holder, certificate: to_itself };
        bodies.push((Kind::HolderBound, bound.to_bytes()));
        let ended = HolderEndedBody { suite: SUITE.to_owned(), number: number.clone(), holder: row.holder };
        bodies.push((Kind::HolderEnded, ended.to_bytes()));
    }
    // It issues something to the same key, too, under a number that comes first.
    let mut shadow = sealed;
    shadow.head.number = own.clone();
    bodies.insert(0, (Kind::CertificateIssued, shadow.to_bytes()));
    bodies.extend([(Kind::HolderBound, b"\xa0".to_vec()), (Kind::HolderEnded, Vec::new())]);
    for (kind, body) in bodies {
        let entry = Statement::build(&mut world.rng, kind, world.now, None, &body).unwrap();
        world.append(2, vec![entry]);
    }
    world.run_for(5 * SECOND_MS);
    for at in 0..3 {
        assert!(ended(&world, at, &row.holder, &own), "it came here, and is about the hostile centre's own number");
        assert!(!ended(&world, at, &row.holder, &number));
        assert_eq!(world.peers[at].shelf.certificate(&number).unwrap().as_ref(), Some(&row));
    }
    let token = query(&mut world, 1, &grant);
    assert!(matches!(world.closing(1, token), Some(Event::Answer(_))));
    for window in [0, 1] {
        let asked = signed(&mut world, window, (&holder, &number), ("GET", "/v1/certificates", ""));
        assert_eq!(send(&mut world, window, asked).status, 200, "the window still knows the holder");
    }
    assert_eq!(leave(&mut world, 1, (&holder, &number), &grant).status, 201);
}

#[test]
fn what_a_lost_key_left_at_a_window_is_not_picked_up_and_it_is_told_why_there() {
    let (mut world, mut lost, number) = issued(905);
    let grant = grant_for(&mut world, &mut lost, &number, 1, 1);
    let deposited: Deposited = serde_json::from_str(&leave(&mut world, 1, (&lost, &number), &grant).body).unwrap();
    let next = grant_for(&mut world, &mut lost, &number, 1, 1);
    let mut found = wallet();
    let card = new_card(&mut world, &mut found);
    assert!(matches!(bind(&mut world, &number, &card), Event::CertificateIssued { .. }));
    world.run_for(5 * SECOND_MS);
    let token = pick_up(&mut world, 1, &deposited.code, "9519");
    assert_eq!(refusal(&world, 1, token), RefusalCode::HolderKeyEnded);
    let token = pick_up(&mut world, 1, &deposited.code, "9519");
    assert_eq!(refusal(&world, 1, token), RefusalCode::PickupUnknown, "and is not kept");
    assert_eq!(problem(&leave(&mut world, 1, (&lost, &number), &next)), RefusalCode::HolderKeyEnded);
    for window in [0, 1] {
        for asked in [("GET", "/v1/certificates", ""), ("GET", "/v1/accesses", "")] {
            let asked = signed(&mut world, window, (&lost, &number), asked);
            assert_eq!(problem(&send(&mut world, window, asked)), RefusalCode::HolderKeyEnded);
        }
    }
    // The new wallet fetches the certificate at its issuer's window with the key that waits for it.
    let key = found.keys()[0].clone();
    let place = crate::window::Place { federation: &world.charter.federation().clone(), centre: &world.peers[0].centre.clone() };
    let authorization = holder::window::sign_request(&key, place, ("GET", "/v1/certificates", b""), world.now, [3; 16]);
    let asked = crate::window::Asked { method: "GET".to_owned(), target: "/v1/certificates".to_owned(), authorization, body: Vec::new() };
    let files: CertificatesFound = serde_json::from_str(&send(&mut world, 0, asked).body).unwrap();
    assert_eq!(take_in(&world, &mut found, &files.certificates[0]), Ok(number));
}

/// Rows that bind a certificate mean the same in whatever order a peer gets to apply them.
#[test]
fn the_last_row_that_binds_a_certificate_counts_in_whatever_order_they_are_applied() {
    let (mut world, mut holder, number) = issued(906);
    let first = world.peers[0].shelf.certificate(&number).unwrap().unwrap();
    rebind(&mut world, &number, &mut holder);
    let second = world.peers[0].shelf.certificate(&number).unwrap().unwrap();
    rebind(&mut world, &number, &mut holder);
    let last = world.peers[0].shelf.certificate(&number).unwrap().unwrap();
    let rows = world.peers[0].shelf.entries(&first.issuer, 0, 100, 1 << 20).unwrap();
    let keys = world.peers[0].keys.clone();
    let mut orders = vec![Vec::new()];
    for at in 0..rows.len() {
        orders = orders.iter().flat_map(|order| (0..=order.len()).map(|i| [&order[..i], &[at], &order[i..]].concat())).take(200).collect();
    }
    for order in orders {
        let mut shelf = crate::shelf::memory::MemoryShelf::new();
        for index in order {
            for projection in crate::node::project::project(&first.issuer, &keys, &first.issuer, index as u64, &rows[index]) {
                shelf.apply(&crate::shelf::Write::Project(projection)).unwrap();
            }
        }
        assert_eq!(shelf.certificate(&number).unwrap().as_ref(), Some(&last));
        for former in [&first.holder, &second.holder] {
            assert!(shelf.holder_ended(former, Some(&number)).unwrap().is_some());
        }
        assert_eq!(shelf.certificate_of_holder(&last.holder, &first.issuer).unwrap().as_ref(), Some(&last));
        assert_eq!(shelf.certificate_of_holder(&first.holder, &first.issuer).unwrap(), None);
    }
}

#[test]
fn a_body_that_binds_a_key_to_itself_or_is_of_another_suite_is_none() {
    let (world, _, number) = issued(907);
    let row = world.peers[0].shelf.certificate(&number).unwrap().unwrap();
    let entry = world.peers[0].shelf.entries(&row.issuer, row.index, 1, 1 << 20).unwrap().remove(0);
    let certificate = CertificateBody::parse(entry.body().unwrap()).unwrap();
    let body = BoundBody { suite: SUITE.to_owned(), former: Thumbprint([1; 32]), certificate };
    assert_eq!(BoundBody::parse(&body.to_bytes()).as_ref(), Ok(&body));
    let itself = BoundBody { former: row.holder, ..body.clone() };
    assert!(BoundBody::parse(&itself.to_bytes()).is_err());
    assert!(BoundBody::parse(&BoundBody { suite: "anju-2".to_owned(), ..body }.to_bytes()).is_err());
    let ended = HolderEndedBody { suite: SUITE.to_owned(), number, holder: row.holder };
    assert_eq!(HolderEndedBody::parse(&ended.to_bytes()).as_ref(), Ok(&ended));
    assert!(HolderEndedBody::parse(&HolderEndedBody { suite: "anju-2".to_owned(), ..ended }.to_bytes()).is_err());
}

/// One race: a grant of the lost key is used again and again at the counter while the certificate is bound anew at its issuer, or its key
/// reported lost, on a network that loses, delays and doubles.
fn race(seed: u64) -> (bool, bool) {
    let (mut world, mut lost, number) = issued(seed);
    world.weather = Weather { delay_ms: (1, 400), ..Weather::FOUL };
    let grant = grant_for(&mut world, &mut lost, &number, 1, 50);
    let former = Presented::parse(&grant).unwrap().holder();
    let mut found = wallet();
    let card = new_card(&mut world, &mut found);
    let at = world.rng.random_range(0..8);
    let (mut used, mut refused) = (false, false);
    for round in 0..10 {
        if round == at {
            let event = if seed.is_multiple_of(2) { bind(&mut world, &number, &card) } else { report_lost(&mut world, &number) };
            assert!(matches!(event, Event::CertificateIssued { .. } | Event::Done), "{event:?}");
        }
        let arrived = ended(&world, 1, &former, &number);
        let token = query(&mut world, 1, &grant);
        match world.closing(1, token) {
            Some(Event::Answer(_)) => {
                assert!(!arrived, "a use of the former key after its end had arrived");
                used = true;
            }
            Some(Event::Refused { refusal, .. }) => {
                assert_eq!((refusal.code, arrived), (RefusalCode::HolderKeyEnded, true));
                refused = true;
            }
            other => panic!("{other:?}"),
        }
        let pause = world.rng.random_range(1..600);
        world.run_for(pause);
    }
    (used, refused)
}

#[test]
fn a_new_key_that_races_with_uses_of_the_former_one_lets_none_through_after_its_arrival() {
    let outcomes: Vec<_> = (0..600).map(|seed| race(90_000 + seed)).collect();
    let (used, refused) = (outcomes.iter().filter(|race| race.0).count(), outcomes.iter().filter(|race| race.1).count());
    assert!(used > 300 && refused > 150, "the races are races: {used} were used, {refused} were refused");
}
