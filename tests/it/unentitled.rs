//! Row 21 of `docs/FAULTS.md` over real processes: a lender whose peer does not keep to the rules writes fields that are the depositing
//! centre's into its own journal, signed and sealed as they should be.

use anju::keys::Secrets;
use anju::keys::passphrase::Passphrase;
use anju::store::{Mode, Store, head_file};
use anju_core::dossier::{ChangedBody, Dossier, DossierPlace, Offered, OpenedBody};
use anju_core::journal::{Author, Frontier, Header, Kind, Statement, batch};
use anju_core::names::{CentreCode, DossierRef, FederationName};
use anju_core::shelf::{DossierProjection, DossierSaid, Dossiers, JournalState, KeptHead, Projection, Shelf, Write};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use crate::cli::PASSPHRASE;
use crate::federation::{Federation, HAIKOU, Over, PATIENCE, SANYA, TELLER, now};

const ACCOUNT: &str = "46010000000100000";
/// What Sanya makes up.
const LIES: [(&str, &str); 2] = [("mark.number", "C46020-BZ-1"), ("unmark.on", "2026-11-22")];

fn shown(federation: &Federation, code: &str, loan: &DossierRef) -> Value {
    federation.acts(code, TELLER, &format!("loan show {loan}"), 0)["dossier"].clone()
}

/// Waits until a loan stands so at a centre and so many changes are in it.
fn becomes(federation: &Federation, code: &str, loan: &DossierRef, (state, applied): (&str, u64)) -> Value {
    let start = std::time::Instant::now();
    loop {
        let view = shown(federation, code, loan);
        if view["loan"]["state"] == state && view["applied"] == applied {
            return view;
        }
        assert!(start.elapsed() < PATIENCE, "{view}");
        std::thread::sleep(std::time::Duration::from_millis(300));
    }
}

fn body(store: &Store, centre: &CentreCode, index: u64) -> Vec<u8> {
    let entry = store.entries(centre, index, 1, usize::MAX).unwrap().remove(0);
    assert!(Header::parse(&entry.header).is_ok());
    entry.body().unwrap().to_vec()
}

/// With the keys of Sanya, whose peer is stopped: one more row of its journal, that says what Sanya is not entitled to say.
fn lie(federation: &Federation, loan: &DossierRef) {
    let secrets = Secrets::load(&federation.room.path("C46020/keys.age"), &Passphrase::new(PASSPHRASE.trim()).unwrap()).unwrap();
    let mut store = Store::open(&federation.room.path("C46020/anju.db"), &secrets.store, Mode::Existing).unwrap();
    let [sanya, haikou] = [SANYA, HAIKOU].map(|code| CentreCode::new(code).unwrap());
    let opened = OpenedBody::parse(&sanya, &body(&store, &loan.centre, loan.index)).unwrap();
    let place = DossierPlace { opener: &loan.centre, id: &opened.id };
    let key = opened.parties[0].open(&place, &secrets.centre.hybrid).unwrap();
    let mut dossier = Dossier::new(&place, &[sanya.clone(), haikou.clone()]);
    for centre in [&sanya, &haikou] {
        for index in store.dossier_changes(loan, centre, None, 99).unwrap() {
            let change = ChangedBody::parse(&body(&store, centre, index)).unwrap().open(&place, centre, &key).unwrap();
            assert!(matches!(dossier.offer(centre, &change), Offered::Applied));
        }
    }
    let change = dossier.write(&sanya, &LIES.map(|(field, value)| (field.to_owned(), value.to_owned())), now()).unwrap();
    let mut rng = StdRng::seed_from_u64(2_121);
    let changed = ChangedBody::seal(&mut rng, (&place, loan.index), &sanya, &key, &change);
    let entry = Statement::build(&mut rng, Kind::DossierChanged, now(), None, &changed.to_bytes()).unwrap();

    let (keys, before) = (&secrets.centre, store.journal(&sanya).unwrap());
    let author = Author::new(&FederationName::new("test").unwrap(), sanya.clone(), keys.signing.public(), keys.heartbeat.public());
    let frontier = Frontier::from_parts(before.size, before.peaks).unwrap();
    let at = batch::heartbeat_time(now(), before.head.map(|head| head.heartbeat));
    let made = batch::append(&frontier, vec![entry], &author, &keys.signing, &keys.heartbeat, at).unwrap();
    let (from, size, head) = (before.size, made.frontier.size(), made.head.received_at(now()));
    let kept = KeptHead { centre: sanya.clone(), size, root: head.root };
    let state = JournalState { size, peaks: made.frontier.peaks().to_vec(), head: Some(head), applied: before.applied + 1 };
    let said = DossierSaid { dossier: loan.clone(), author: sanya.clone(), index: from, joins: None };
    let append = Write::Append { centre: sanya, from, rows: made.rows, subtrees: made.subtrees, state };
    store.write(&[append, Write::Project(Projection::Dossier(DossierProjection::Said(said)))]).unwrap();
    head_file::write(&federation.room.path("C46020/head.json"), &kept).unwrap();
}

#[test]
fn a_lender_whose_peer_writes_the_marks_of_the_depositing_centre_is_shown_as_not_entitled_and_changes_nothing() {
    let mut federation = Federation::running(&[HAIKOU, SANYA], Over::Quic);
    [HAIKOU, SANYA].iter().for_each(|code| federation.staff(code));
    federation.wallet();
    let number = federation.certificate(ACCOUNT, "YDDKJCZM");
    let reply = format!(
        "loan reply {number} --decision granted --amount 500000 --months 240 --method equal-instalment --business-no SY-1 --clerk 王经办"
    );
    let made = federation.acts(SANYA, TELLER, &reply, 0);
    let loan: DossierRef = made["dossier"]["dossier"].as_str().unwrap().parse().unwrap();
    let honest = becomes(&federation, SANYA, &loan, ("marked", 2));
    for (field, value) in LIES {
        let written = federation.acts(SANYA, TELLER, &format!("dossier write {loan} --field {field} --value {value}"), 77);
        assert_eq!(written["error"]["code"], "not-entitled", "an honest peer does not even write it");
    }

    federation.stop(SANYA);
    lie(&federation, &loan);
    federation.start(SANYA);
    let view = becomes(&federation, HAIKOU, &loan, ("marked", 3));
    let of = |field: &str| {
        let fields = view["fields"].as_array().unwrap().iter().filter(|one| one["field"] == field);
        fields.map(|one| [one["author"].clone(), one["standing"].clone(), one["value"].clone()]).collect::<Vec<_>>()
    };
    let lied = |(_, value): (&str, &str)| [json!(SANYA), json!("not-entitled"), json!(value)];
    assert_eq!(of("mark.number")[1..], [lied(LIES[0])]);
    assert_eq!(of("mark.number")[0][..2], [json!(HAIKOU), json!("counted")]);
    assert_eq!(of("unmark.on"), [lied(LIES[1])], "nothing was lifted");
    assert_eq!((&view["loan"], &view["set_aside"], &view["ignored"]), (&honest["loan"], &json!(0), &json!(0)));
    let text = federation.room.done(&Federation::line(HAIKOU, TELLER, &format!("loan show {loan}")));
    let rows: Vec<&str> = text.lines().filter(|line| line.contains("无权写入，不采信")).collect();
    assert!(rows.len() == 2 && rows.iter().all(|row| row.contains(SANYA)), "{text}");
    let ledger = federation.acts(HAIKOU, TELLER, "loan ledger", 0);
    assert_eq!(ledger["loans"][0]["fields"]["mark.number"], of("mark.number")[0][2]);
    assert_eq!((&ledger["loans"][0]["state"], &ledger["loans"][0]["fields"]["unmark.on"]), (&json!("marked"), &Value::Null));
    // The loop goes on, at both ends.
    federation.acts(SANYA, TELLER, &format!("loan settle {loan} --clerk 王经办"), 0);
    becomes(&federation, HAIKOU, &loan, ("settled", 4));
    let lifted = federation.acts(HAIKOU, TELLER, &format!("loan unmark {loan} --on {} --clerk 李经办", LIES[1].1), 0);
    assert_eq!(lifted["dossier"]["loan"]["state"], "unmarked", "also with the very words that the lender put there first");
    becomes(&federation, SANYA, &loan, ("unmarked", 6));
    federation.stop_all();
    [HAIKOU, SANYA].iter().for_each(|code| federation.assert_sound(code));
}
