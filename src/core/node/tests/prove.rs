//! Evidence leaves a federation on a network, and is verified with nothing but its bytes.

use super::counter::{issue, wallet};
use super::listings::{changed, decided};
use super::membership::{change, federation};
use super::signed::{ask, code};
use super::world::World;
use crate::audit::AuditAction;
use crate::charter::{Chain, Link};
use crate::desk::{Act, ContentState, Event, EvidenceAbout, JournalAct, JournalPage, Level, Provable, ScrubFinding, ScrubReport, Wish};
use crate::error::RefusalCode;
use crate::exhibit::{Anchor, Exhibit, Held, MakeError, Open, Part, Proven};
use crate::journal::proof::{OnShelf, verify_consistency, verify_inclusion};
use crate::journal::{Kind, Statement};
use crate::listing::{Change, Ground, ObjectedBody};
use crate::names::{CentreCode, CertificateNumber, ListingId, StatementRef};
use crate::seal::SUITE;
use crate::shelf::{Charters, House, Shelf};
use crate::time::{MINUTE_MS, SECOND_MS};
use crate::wire;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

fn journal(asked: JournalAct) -> Act {
    Act::Journal(Box::new(asked))
}

/// Everything that this peer hands out about it, page by page, behind the charter as this peer has it.
fn evidence(world: &mut World, (peer, by): (usize, &str), about: &str, contents: bool) -> Result<Proven, RefusalCode> {
    let about: EvidenceAbout = about.parse().unwrap();
    let (mut parts, mut skip) = (Vec::new(), 0);
    loop {
        let event = ask(world, peer, by, &journal(JournalAct::Evidence { about: about.clone(), contents, skip }));
        let Event::Evidence(page) = event else { return Err(code(&event)) };
        let read = |part: &String| wire::decode::<Part>(&STANDARD.decode(part).unwrap(), usize::MAX).unwrap();
        parts.extend(page.parts.iter().map(read));
        match page.next {
            Some(next) => skip = next,
            None => break,
        }
    }
    let links = world.peers[peer].shelf.charter_links(1, 64).unwrap();
    let links: Vec<Link> = links.iter().map(|row| Link::decode(&row.link).unwrap()).collect();
    let chain = Chain::of(&world.file.with_links(&links)).unwrap();
    Ok(Proven::verify(&Exhibit::new(chain, parts).to_bytes(), &[world.charter.founding()]).unwrap())
}

fn rows(proven: &Proven) -> Vec<(String, bool)> {
    let rows = proven.parts().iter().flat_map(|part| part.rows());
    rows.map(|row| (row.place().to_string(), row.entry().payload.is_some())).collect()
}

fn centre(world: &World, peer: usize) -> CentreCode {
    world.peers[peer].centre.clone()
}

#[test]
fn a_certificate_of_another_centre_is_proven_with_its_witnesses_and_written_down() {
    let mut world = federation(2001, 4);
    let number = issue(&mut world, 0, &mut wallet(), 1);
    world.run_for(MINUTE_MS);
    let proven = evidence(&mut world, (2, "auditor"), number.as_str(), false).unwrap();
    let row = &proven.parts()[0].rows()[0];
    assert_eq!((row.header().kind(), row.entry().payload.is_some()), (Some(Kind::CertificateIssued), true));
    assert_eq!((row.backing().witnesses.len(), row.backing().of, row.backing().settled), (3, 3, true));
    assert_eq!(proven.open(), [Open::LaterCharter, Open::LaterRows, Open::Time, Open::Truth, Open::Sealed]);
    let last = world.peers[2].shelf.audit_rows(0, 1_000).unwrap().pop().unwrap();
    assert_eq!((last.action, last.about.as_str(), last.outcome.as_str()), (AuditAction::Evidence, number.as_str(), "done"));
}

#[test]
fn a_listing_is_proven_with_its_objection_and_its_end_and_tells_nothing_of_the_subject() {
    let mut world = federation(2002, 3);
    let row = decided(&mut world, 1, 300);
    let at = world.append(0, vec![row]);
    world.run_for(5 * SECOND_MS);
    let (body_centre, now) = (centre(&world, 0), world.now);
    let (suite, listing, ground) = (SUITE.to_owned(), ListingId([1; 16]), Ground::Impersonated);
    let body = ObjectedBody { suite, centre: body_centre, index: at, listing, ground, text: None };
    let objected = Statement::build(&mut world.rng, Kind::ListingObjected, now, None, &body.to_bytes()).unwrap();
    let objected_at = world.append(1, vec![objected]);
    world.run_for(5 * SECOND_MS);
    let withdrawn = changed(&mut world, 1, at, Change::Withdrawn);
    let end = world.append(0, vec![withdrawn]);
    world.run_for(MINUTE_MS);
    let about = format!("{}-L{at}", centre(&world, 0));
    let proven = evidence(&mut world, (2, "auditor"), &about, false).unwrap();
    let place = |peer, index| StatementRef { centre: centre(&world, peer), index }.to_string();
    assert_eq!(rows(&proven), [(place(0, at), false), (place(0, end), false), (place(1, objected_at), false)]);
    assert!(proven.open().contains(&Open::Content) && proven.open().contains(&Open::Whole));
    // Who asks for contents gets what is not erased, and that they asked is written down.
    let expected = [(place(0, at), false), (place(0, end), true), (place(1, objected_at), true)];
    let with = evidence(&mut world, (2, "auditor"), &about, true).unwrap();
    assert_eq!(rows(&with), expected);
    let last = world.peers[2].shelf.audit_rows(0, 1_000).unwrap().pop().unwrap();
    assert_eq!(last.about, format!("{about} contents"));
}

#[test]
fn rows_of_before_and_after_new_keys_are_proven_under_their_terms_and_what_left_stays_provable() {
    let mut world = federation(2003, 4);
    let number = issue(&mut world, 0, &mut wallet(), 1);
    world.run_for(MINUTE_MS);
    super::rotated::rotate(&mut world, 0, &[1, 2]);
    let later = issue(&mut world, 0, &mut wallet(), 1);
    world.run_for(MINUTE_MS);
    let term = |proven: &Proven| (proven.parts()[0].rows()[0].term(), proven.parts()[0].anchor().term(), proven.parts()[0].reign().from);
    assert_eq!(term(&evidence(&mut world, (2, "auditor"), number.as_str(), false).unwrap()), (1, 2, 2));
    assert_eq!(term(&evidence(&mut world, (2, "auditor"), later.as_str(), false).unwrap()), (2, 2, 2));
    let gone = centre(&world, 0);
    change(&mut world, 1, vec![Wish::Remove { centre: gone, rows: None }], &[2, 3]);
    world.run_for(MINUTE_MS);
    let proven = evidence(&mut world, (2, "auditor"), number.as_str(), false).unwrap();
    assert_eq!((proven.charter().version(), proven.parts()[0].reign().until), (3, Some(3)));
}

#[test]
fn many_statements_leave_in_pages_and_are_proven_as_one() {
    let mut world = federation(2004, 2);
    let row = decided(&mut world, 1, 300);
    let at = world.append(0, vec![row]);
    world.run_for(5 * SECOND_MS);
    let listed = centre(&world, 0);
    for _ in 0..3 {
        let now = world.now;
        let rows = (0..40).map(|_| {
            let (suite, listing, ground) = (SUITE.to_owned(), ListingId([1; 16]), Ground::Impersonated);
            let body = ObjectedBody { suite, centre: listed.clone(), index: at, listing, ground, text: None };
            Statement::build(&mut world.rng, Kind::ListingObjected, now, None, &body.to_bytes()).unwrap()
        });
        let rows = rows.collect();
        world.append(1, rows);
        world.run_for(5 * SECOND_MS);
    }
    let proven = evidence(&mut world, (0, "auditor"), &format!("{listed}-L{at}"), true).unwrap();
    assert_eq!(rows(&proven).len(), 121);
    assert!(proven.parts().len() > 2, "no part has more than its cap");
}

#[test]
fn what_is_unknown_or_not_theirs_to_see_is_refused_with_its_code() {
    let mut world = federation(2005, 2);
    let own = centre(&world, 0);
    let refused = |world: &mut World, by: &str, about: String| evidence(world, (0, by), &about, false).unwrap_err();
    assert_eq!(refused(&mut world, "auditor", format!("{own}-S99999")), RefusalCode::StatementUnknown);
    assert_eq!(refused(&mut world, "auditor", format!("{own}-L99999")), RefusalCode::CaseUnknown);
    assert_eq!(refused(&mut world, "auditor", format!("{own}-D99999")), RefusalCode::DossierUnknown);
    assert_eq!(refused(&mut world, "auditor", format!("{own}-JCZM-2026-000009")), RefusalCode::CertificateUnknown);
    let other = centre(&world, 1);
    assert_eq!(refused(&mut world, "auditor", format!("{other}-A1")), RefusalCode::NotTheIssuer);
    assert_eq!(refused(&mut world, "security", format!("{own}-S0")), RefusalCode::RoleMissing);
    // Rows of a centre that nobody knows.
    assert_eq!(refused(&mut world, "auditor", "C99999-S0".to_owned()), RefusalCode::StatementUnknown);
}

#[test]
fn an_auditor_reads_headers_in_pages_and_takes_proofs_that_verify() {
    let mut world = federation(2006, 2);
    let fillers = (0..12).map(|_| decided(&mut world, 1, 300)).collect();
    world.append(0, fillers);
    let withdrawn = changed(&mut world, 1, 0, Change::Withdrawn);
    world.append(0, vec![withdrawn]);
    world.run_for(MINUTE_MS);
    let of = centre(&world, 0);
    let page = |world: &mut World, from, limit| -> JournalPage {
        match ask(world, 1, "auditor", &journal(JournalAct::Show { centre: Some(of.clone()), from, limit })) {
            Event::Journal(page) => *page,
            other => panic!("{other:?}"),
        }
    };
    let all = page(&mut world, 0, 500);
    assert_eq!((all.rows.len() as u64, all.more), (all.size, false));
    assert_eq!((all.rows[0].content, all.rows[1].content), (ContentState::Erased, ContentState::Present));
    let (first, second) = (page(&mut world, 0, 5), page(&mut world, 5, 500));
    assert!(first.more && [first.rows, second.rows].concat() == all.rows);
    let prove = |world: &mut World, wanted| match ask(world, 1, "auditor", &journal(JournalAct::Prove { centre: Some(of.clone()), wanted }))
    {
        Event::JournalProof(proof) => *proof,
        other => panic!("{other:?}"),
    };
    let row = prove(&mut world, Provable::Row(3));
    let header = STANDARD.decode(row.header.unwrap()).unwrap();
    verify_inclusion(&header, 3, row.size, &row.root, &row.proof).unwrap();
    let growth = prove(&mut world, Provable::Growth(3, row.size));
    verify_consistency(3, &growth.old_root.unwrap(), row.size, &row.root, &growth.proof).unwrap();
    assert_eq!(growth.note, row.note);
    for wanted in [Provable::Row(row.size), Provable::Growth(2, row.size + 1), Provable::Growth(3, 2)] {
        let event = ask(&mut world, 1, "auditor", &journal(JournalAct::Prove { centre: Some(of.clone()), wanted }));
        assert_eq!(code(&event), RefusalCode::StatementUnknown);
    }
}

fn scrub(world: &mut World, peer: usize) -> ScrubReport {
    match ask(world, peer, "auditor", &journal(JournalAct::Scrub { centre: None })) {
        Event::Scrubbed(report) => *report,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_scrub_reads_every_row_names_a_damaged_content_and_it_is_asked_for_again() {
    let mut world = federation(2007, 3);
    let fillers: Vec<_> = (0..2_500).map(|_| changed(&mut world, 9, 0, Change::Repaired)).collect();
    for chunk in fillers.chunks(500) {
        world.append(0, chunk.to_vec());
        world.run_for(10 * SECOND_MS);
    }
    world.run_for(MINUTE_MS);
    let report = scrub(&mut world, 1);
    assert_eq!((report.journals, report.findings.len(), report.more), (3, 0, false));
    assert!(report.rows > 2_500 && report.contents == report.rows, "{report:?}");
    let of = centre(&world, 0);
    assert!(world.peers[1].shelf.flip_payload_bit(&of, 7));
    let report = scrub(&mut world, 1);
    assert_eq!(report.findings, [ScrubFinding::Content(StatementRef { centre: of.clone(), index: 7 })]);
    world.run_for(MINUTE_MS);
    assert_eq!(scrub(&mut world, 1).findings, []);
    assert!(world.peers[1].shelf.entries(&of, 7, 1, usize::MAX).unwrap()[0].payload.is_some());
}

fn refused(world: &mut World, about: &str) -> (RefusalCode, Option<String>) {
    let asked = JournalAct::Evidence { about: about.parse().unwrap(), contents: false, skip: 0 };
    match ask(world, 2, "auditor", &journal(asked)) {
        Event::Refused { refusal, .. } => (refusal.code, refusal.detail),
        other => panic!("not refused: {other:?}"),
    }
}

/// A certificate of the first centre, the newest of the rows that are to count, and rows behind them; everybody holds the newest head, and
/// witnesses have cosigned it.
fn with_more_rows(world: &mut World) -> (CertificateNumber, u64) {
    let number = issue(world, 0, &mut wallet(), 1);
    world.run_for(MINUTE_MS);
    let issued = evidence(world, (2, "auditor"), number.as_str(), false).unwrap().parts()[0].rows()[0].place().index;
    let more = (0..6).map(|_| changed(world, 9, 0, Change::Repaired)).collect();
    world.append(0, more);
    world.run_for(MINUTE_MS);
    (number, issued + 2)
}

/// The certificate is proven, by the charter's word and nobody's else.
fn assert_chartered(world: &mut World, number: &CertificateNumber, counts: u64) -> Proven {
    let proven = evidence(world, (2, "auditor"), number.as_str(), false).unwrap();
    let part = &proven.parts()[0];
    let Anchor::Charter(stated) = part.anchor() else { panic!("{:?}", part.anchor()) };
    assert_eq!((stated.extent().size, stated.version(), stated.approved().len()), (counts, 2, 3));
    assert_eq!(part.rows()[0].backing().level, Level::Chartered);
    assert!(proven.open().contains(&Open::Signature));
    proven
}

#[test]
fn a_row_of_a_centre_that_was_removed_is_proven_although_no_head_of_it_counts_and_a_row_beyond_is_not() {
    let mut world = federation(2008, 4);
    let (number, counts) = with_more_rows(&mut world);
    let gone = centre(&world, 0);
    change(&mut world, 1, vec![Wish::Remove { centre: gone.clone(), rows: Some(counts) }], &[2, 3]);
    world.run_for(MINUTE_MS);
    let held = world.peers[2].shelf.journal(&gone).unwrap();
    assert_eq!((held.size, held.head), (counts, None), "the newest head was over more, and nothing shorter was kept");
    assert_chartered(&mut world, &number, counts);
    evidence(&mut world, (2, "auditor"), &format!("{gone}-S{}", counts - 1), false).unwrap();
    let void = (RefusalCode::NotProvable, Some("void".to_owned()));
    for beyond in [counts, counts + 1, 99_999] {
        assert_eq!(refused(&mut world, &format!("{gone}-S{beyond}")), void);
    }
    // Who is still here goes on as before.
    let other = centre(&world, 1);
    assert_eq!(refused(&mut world, &format!("{other}-S99999")).0, RefusalCode::StatementUnknown);
    assert!(evidence(&mut world, (2, "auditor"), &format!("{other}-S0"), false).unwrap().parts()[0].head().is_some());
}

#[test]
fn a_row_of_a_term_that_ended_is_proven_before_the_next_term_has_signed_anything() {
    let mut world = federation(2009, 4);
    let (number, counts) = with_more_rows(&mut world);
    world.set_up(0, false);
    super::rotated::rotate_at(&mut world, 0, 1, &[2, 3], Some(counts));
    world.run_for(MINUTE_MS);
    let before = assert_chartered(&mut world, &number, counts);
    assert_eq!(before.parts()[0].reign().until, Some(2));
    // As soon as a head of the next term is held, rows stand under the author's own word again.
    world.set_up(0, true);
    world.run_for(5 * MINUTE_MS);
    let after = evidence(&mut world, (2, "auditor"), number.as_str(), false).unwrap();
    assert_eq!(after.parts()[0].head().map(|head| head.term()), Some(2));
}

#[test]
fn a_part_is_made_of_no_rows_that_do_not_lead_to_what_the_charter_states() {
    let mut world = federation(2010, 4);
    let (_, counts) = with_more_rows(&mut world);
    let gone = centre(&world, 0);
    change(&mut world, 1, vec![Wish::Suspend { centre: gone.clone(), rows: Some(counts) }], &[2, 3]);
    world.run_for(MINUTE_MS);
    // Rows of another journal, as if they were of this one.
    let other = centre(&world, 1);
    let more = (0..8).map(|_| changed(&mut world, 9, 0, Change::Repaired)).collect();
    world.append(1, more);
    world.run_for(5 * SECOND_MS);
    let (charter, shelf) = (world.peers[2].node.charter().clone(), &world.peers[2].shelf);
    assert!(shelf.journal(&other).unwrap().size > counts);
    let entry = shelf.entries(&other, 1, 1, usize::MAX).unwrap().remove(0);
    let subtrees = OnShelf { shelf, centre: &other };
    let rows = || vec![(1, entry.clone())];
    let held = |size| Held { centre: &gone, size, subtrees: &subtrees, note: None, cosigned: &[] };
    assert_eq!(Part::make(&charter, &held(counts), rows()), Err(MakeError::OtherHistory(counts)));
    let behind = MakeError::Behind { held: counts - 1, extent: counts };
    assert_eq!(Part::make(&charter, &held(counts - 1), rows()), Err(behind));
    assert_eq!(Part::make(&charter, &held(counts), vec![(counts, entry.clone())]), Err(MakeError::Beyond(counts)));
    let writes = Held { centre: &other, ..held(counts) };
    assert_eq!(Part::make(&charter, &writes, rows()), Err(MakeError::NoHead), "nothing is stated of a centre that goes on");
}
