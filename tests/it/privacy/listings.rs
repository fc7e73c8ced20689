//! A listing's whole life between three engines, every message of which is kept as it was before transport encryption.

use anju_core::desk::{Act, Applicant, CaseRef, CaseView, Event, Proposal, Verdict};
use anju_core::listing::catalogue::Catalogue;
use anju_core::listing::import::{ImportRow, ImportState, RowsDigest};
use anju_core::listing::{Day, Document, DocumentType, Pepper, SubjectSecret};
use anju_core::names::{CaseNumber, Digest, ListingRef};
use anju_core::node::{Input, Settings};
use anju_core::operator::{OperatorName, Role, SealedKey};
use anju_core::seal::stretch::PASSPHRASE_COST;
use anju_core::shelf::Lists;
use anju_core::time::DAY_MS;

use super::search::{Datum, Haystack};
use super::world::{ADMIN, operator_key};
use super::{World, world};
use crate::federation::now;

const PERSON: (&str, &str) = ("欧阳听雪", "460199198409159519");
const EMPLOYER: (&str, &str) = ("海口听雪贸易有限公司", "914601993TGUNRC89H");
const IMPORTED: (&str, &str) = ("司马入册", "460199197601171425");
const IMPORTED_EMPLOYER: (&str, &str) = ("三亚入册酒店有限公司", "91460199KAJ9XGFHQ2");
/// Looked up everywhere, listed nowhere.
const NOBODY: &str = "11010519491231002X";
const DECISIONS: [&str; 4] = ["听雪认〔2026〕第701号", "听雪认〔2026〕第702号", "听雪认〔2026〕第703号", "听雪认〔2026〕第704号"];
const LEGAL_BASIS: &str = "听雪条例第四十一条之七";
const REMARK: &str = "档案在西库三号柜";
const RETURNED: &str = "缺银行流水原件";
const APPROVED: &str = "经办会审一致同意";
const HOW: &str = "留置送达门卫老郑";
const OBJECTED: &str = "那天我人在哈尔滨";
const OBJECTED_AT_HOME: &str = "我司从未缓缴";
const UPHELD: &str = "机票与行程不符";
const WITHDRAWN: &str = "经查系会计误录";
const REPAIR: [&str; 2] = ["听雪修复〔2026〕第9号", "本息均已退回专户"];
const UNMASKED: &str = "当事人来电核对";
const DISABLED: &str = "调往三江支行";
/// Of a lookup that hits, one that does not, and of those screened.
const BUSINESS: [&str; 3] = ["三亚贷字命中0731号", "三亚贷字未中0732号", "三亚贷字批量0733号"];
/// (name, display, staff number, role)
const STAFF: [(&str, &str, &str, Role); 3] = [
    ("teller", "慕容经办甲", "工号甲-88101", Role::Teller),
    ("reviewer", "慕容复核乙", "工号乙-88102", Role::Reviewer),
    ("auditor", "慕容审计丙", "工号丙-88103", Role::Auditor),
];

/// Every text that goes in; none of them may be read in any message or file of any of the three.
fn texts() -> Vec<&'static str> {
    let subjects = [PERSON, EMPLOYER, IMPORTED, IMPORTED_EMPLOYER].into_iter().flat_map(|(name, number)| [name, number]);
    let said = [LEGAL_BASIS, REMARK, RETURNED, APPROVED, HOW, OBJECTED, OBJECTED_AT_HOME, UPHELD, WITHDRAWN, UNMASKED, DISABLED, NOBODY];
    let staff = STAFF.into_iter().flat_map(|(_, display, staff_no, _)| [display, staff_no]);
    subjects.chain(DECISIONS).chain(said).chain(REPAIR).chain(BUSINESS).chain(staff).collect()
}

fn row(number: u64, (name, document_no): (&str, &str), decision: &str) -> ImportRow {
    let text = str::to_owned;
    let today = Day::of(now());
    let employer = document_no.starts_with('9');
    ImportRow {
        row: number,
        subject_kind: text(if employer { "employer" } else { "person" }),
        name: text(name),
        document_type: text(if employer { "USCC" } else { "01" }),
        document_no: text(document_no),
        conduct: text(if employer { "欠缴" } else { "骗提" }),
        level: text("一般"),
        decision_no: text(decision),
        decision_day: Day::of(now().plus_ms(-20 * DAY_MS)).to_string(),
        legal_basis: text(LEGAL_BASIS),
        measures: vec![text(if employer { "公示" } else { "限制贷款" })],
        restriction_until: today.plus_days(700).to_string(),
        publication_until: today.plus_days(300).to_string(),
        remark: text(REMARK),
    }
}

fn hire(world: &mut World) {
    for peer in 0..world.peers.len() {
        for (name, display, staff_no, role) in STAFF {
            let sealed = SealedKey {
                salt: vec![2; 16],
                memory_kib: PASSPHRASE_COST.memory_kib,
                passes: PASSPHRASE_COST.passes,
                sealed: vec![3; 72],
            };
            let (display, staff_no) = (display.to_owned(), staff_no.to_owned());
            let (name, key) = (OperatorName::new(name).unwrap(), operator_key(name).public());
            let added = world.act(peer, ADMIN, &Act::OperatorAdd { name, display, staff_no, role, key, sealed });
            assert!(matches!(added, Event::Done), "{added:?}");
        }
    }
}

fn case(world: &mut World, peer: usize, who: &str, act: &Act) -> CaseView {
    match world.act(peer, who, act) {
        Event::Case(view) => *view,
        other => panic!("{other:?}"),
    }
}

fn proposed(world: &mut World, subject: (&str, &str), decision: &str, again: Option<CaseNumber>) -> CaseNumber {
    let row = row(0, subject, decision);
    let proposal = Proposal { row, decision_sha256: Digest([9; 32]), legal_basis_version: None, again, impersonation_checked: false };
    case(world, 0, "teller", &Act::Propose(Box::new(proposal))).line.case
}

fn review(world: &mut World, number: &CaseNumber, approve: bool, reason: &str) {
    case(world, 0, "reviewer", &Act::Review { case: number.clone(), approve, reason: reason.to_owned() });
}

fn notify(world: &mut World, number: &CaseNumber, who: &str, waiver: bool) {
    let (case_number, day) = (number.clone(), Day::of(now()).to_string());
    let waiver = waiver.then_some(Digest([8; 32]));
    case(world, 0, who, &Act::Notify { case: case_number, day, how: HOW.to_owned(), waiver });
}

/// What has come due is done, everywhere.
fn ticks(world: &mut World) {
    for peer in 0..world.peers.len() {
        world.feed(peer, vec![Input::Tick]);
    }
    world.settle();
}

fn applicant(row: u64, document_no: &str, business_no: &str) -> Applicant {
    let document_type = if document_no.starts_with('9') { "USCC" } else { "01" }.to_owned();
    Applicant { row, document_type, document_no: document_no.to_owned(), business_no: business_no.to_owned() }
}

fn look_up(world: &mut World, peer: usize, document_no: &str, business_no: &str) -> (Verdict, String) {
    let (matter, legal_basis) = ("loan".to_owned(), "statutory-duty".to_owned());
    match world.act(peer, "teller", &Act::Lookup { applicant: applicant(0, document_no, business_no), matter, legal_basis }) {
        Event::Lookup(answer) => (answer.verdict, serde_json::to_string(&answer).unwrap()),
        other => panic!("{other:?}"),
    }
}

/// Proposed, returned, proposed again, approved, told, listed, found, objected to, upheld, repaired, shown to have ended.
fn due_process(world: &mut World) -> ListingRef {
    let number = proposed(world, PERSON, DECISIONS[0], None);
    review(world, &number, false, RETURNED);
    let number = proposed(world, PERSON, DECISIONS[0], Some(number));
    review(world, &number, true, APPROVED);
    notify(world, &number, "reviewer", true);
    ticks(world);
    let about = |number: &CaseNumber| CaseRef::Case(number.clone());
    let shown = case(world, 0, "reviewer", &Act::CaseShow { about: about(&number), unmask: Some(UNMASKED.to_owned()) });
    assert_eq!((shown.name.as_str(), shown.document_no.as_str()), PERSON, "it was taken in");
    let listing = shown.line.listing.unwrap();

    let (verdict, found) = look_up(world, 1, PERSON.1, BUSINESS[0]);
    assert!(verdict == Verdict::Listed && found.contains(DECISIONS[0]) && found.contains(LEGAL_BASIS), "{found}");
    assert_eq!(look_up(world, 1, NOBODY, BUSINESS[1]).0, Verdict::NotListed);
    let objection = |about, text: &str| Act::Object { about, ground: "facts".to_owned(), text: text.to_owned() };
    world.act(1, "teller", &objection(CaseRef::Listing(listing.clone()), OBJECTED));
    assert_eq!(look_up(world, 2, PERSON.1, BUSINESS[0]).0, Verdict::Disputed);
    let shown = serde_json::to_string(&case(world, 0, "reviewer", &Act::CaseShow { about: about(&number), unmask: None })).unwrap();
    assert!(shown.contains(OBJECTED), "its text arrived: {shown}");
    case(world, 0, "reviewer", &Act::Answer { about: about(&number), uphold: true, reason: UPHELD.to_owned() });
    let [decision, reason] = REPAIR.map(str::to_owned);
    case(world, 0, "reviewer", &Act::Repair { about: about(&number), decision, reason });
    assert_eq!(look_up(world, 2, PERSON.1, BUSINESS[0]).0, Verdict::NotListed);
    assert!(matches!(world.act(0, "teller", &Act::Proof { about: about(&number) }), Event::Proof(_)));

    // One that never comes on the list.
    let number = proposed(world, EMPLOYER, DECISIONS[1], None);
    review(world, &number, true, APPROVED);
    notify(world, &number, "teller", false);
    case(world, 0, "teller", &objection(about(&number), OBJECTED_AT_HOME));
    case(world, 0, "reviewer", &Act::Withdraw { about: about(&number), reason: WITHDRAWN.to_owned(), impersonated: false });
    listing
}

/// A file is imported, applicants are screened until their centre is told, the lists are exported, an operator leaves, the log is read.
fn jobs(world: &mut World) {
    let rows = vec![row(1, IMPORTED, DECISIONS[2]), row(2, IMPORTED_EMPLOYER, DECISIONS[3])];
    let checked = rows.iter().map(|row| row.check(&Catalogue::default(), Day::of(now())).unwrap());
    let digest = checked.fold(RowsDigest::default(), |digest, row| digest.after(&row)).0;
    let file = Digest([7; 32]);
    let import = |world: &mut World, who: &str, act: &Act| match world.act(0, who, act) {
        Event::Import(view) => view.state,
        other => panic!("{other:?}"),
    };
    import(world, "teller", &Act::ImportBegin { file });
    import(world, "teller", &Act::ImportRows { file, rows, dry_run: false });
    assert_eq!(import(world, "teller", &Act::ImportFinish { file, rows: 2, digest }), ImportState::Staged);
    import(world, "reviewer", &Act::ImportApprove { file, rows: 2, digest });

    let people = [IMPORTED.1, NOBODY].into_iter().chain(std::iter::repeat_n(IMPORTED_EMPLOYER.1, 40));
    let applicants = (1..).zip(people).map(|(row, number)| applicant(row, number, BUSINESS[2])).collect();
    let (matter, legal_basis) = ("loan".to_owned(), "statutory-duty".to_owned());
    let Event::Screen(page) = world.act(1, "teller", &Act::Screen { applicants, matter, legal_basis }) else { panic!("not screened") };
    assert_eq!(page.answers.iter().filter(|answer| answer.verdict == Some(Verdict::Listed)).count(), 41);
    ticks(world);
    for peer in 0..2 {
        let Event::Export(page) = world.act(peer, "teller", &Act::Export { cursor: None, limit: 100 }) else { panic!("not exported") };
        assert_eq!(page.rows.iter().filter(|row| row.own.is_some()).count(), if peer == 0 { 2 } else { 0 });
    }
    let leaves = Act::OperatorDisable { name: OperatorName::new("teller").unwrap(), reason: DISABLED.to_owned() };
    assert!(matches!(world.act(1, ADMIN, &leaves), Event::Done));
    let Event::Audit { rows, .. } = world.act(1, "auditor", &Act::AuditList { before: None, limit: 200, operator: None, subject: None })
    else {
        panic!("no log")
    };
    assert!(BUSINESS.iter().all(|no| rows.iter().any(|row| row.business_no.as_deref() == Some(no))), "the log has them");
    ticks(world);
}

/// Keys that the three hold or make on the way.
fn keys(world: &World, listing: &ListingRef) -> Vec<Datum> {
    let mut keys = vec![Datum::bytes("the pepper", world.pepper().expose()), Datum::bytes("the gossip's key", world.gossip_key().expose())];
    for (peer, code) in world.peers.iter().zip(world::CENTRES) {
        keys.push(Datum::bytes(&format!("the store key of {code}"), peer.store_key().expose()));
        keys.push(Datum::bytes(&format!("the secret of {code} for numbers of listings"), peer.reader().local_secret().unwrap().expose()));
    }
    for name in STAFF.map(|(name, ..)| name).into_iter().chain([ADMIN]) {
        keys.push(Datum::bytes(&format!("the key of {name}"), operator_key(name).expose().expose()));
    }
    let reader = world.peers[0].reader();
    let id = reader.listing(listing).unwrap().unwrap().listing;
    let document = Document::new(DocumentType::ResidentCard, PERSON.1, now().legal_day()).unwrap();
    let secret = SubjectSecret::derive(&Pepper { version: 1, key: world.pepper().clone() }, &document).unwrap();
    keys.push(Datum::bytes("the entry key of the listing", secret.entry_key(&id).expose()));
    keys
}

#[test]
fn no_message_and_no_file_of_three_peers_tells_who_is_listed_why_or_who_asked() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(242, folder.path(), &Settings::default());
    world.part(0, 2);
    hire(&mut world);
    let listing = due_process(&mut world);
    jobs(&mut world);
    let data: Vec<Datum> = texts().into_iter().map(Datum::text).chain(keys(&world, &listing)).collect();

    let in_file = folder.path().join("C46020").join("canary");
    std::fs::write(&in_file, super::canary()).unwrap();
    let mut running = Haystack::default();
    running.add_frames(&world);
    running.add_files(folder.path());
    running.add("message with a canary", &super::canary());
    let sent = ["announcement", "opened announcement", "push", "question", "answer"];
    for place in sent.into_iter().chain(["C46010/anju.db", "C46010/anju.db-wal", "C50010/anju.db"]) {
        assert!(running.has(place), "{place} was not searched");
    }
    running.sees_the_canary(&["message with a canary", "C46020/canary"]);
    running.search(&data, &[]);

    std::fs::remove_file(in_file).unwrap();
    drop(world);
    let mut stopped = Haystack::default();
    stopped.add_files(folder.path());
    stopped.search(&data, &[]);
}
