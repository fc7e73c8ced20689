//! Rows 23 and 25 of `docs/FAULTS.md`, and what an answer may and may not say.

use rand::SeedableRng;

use super::asking::*;
use super::histories::History;
use super::world::{START, World};
use crate::audit::AuditAction;
use crate::desk::{Act, Applicant, Doubt, Event, Request, Verdict};
use crate::error::RefusalCode;
use crate::journal::Statement;
use crate::listing::hit::HitBody;
use crate::listing::status::Standing;
use crate::listing::{Change, Day};
use crate::names::ListingRef;
use crate::node::list::lookup::MAX_LISTINGS;
use crate::node::{Effect, Input};
use crate::shelf::{ListProjection, ListingRow, Lists, Projection, Shelf, Write};
use crate::time::{DAY_MS, MINUTE_MS, SECOND_MS};

const EMPLOYER: (&str, &str) = ("USCC", "91460199TR9Y4H34JG");
const OTHER_EMPLOYER: (&str, &str) = ("USCC", "91460199KAJ9XGFHQ2");
const PERSON: (&str, &str) = ("01", "11010519491231002X");
const OTHER_PERSON: (&str, &str) = ("01", "460199199211165352");
/// Long after every test.
const LATER: u32 = 20_291_231;

#[test]
fn who_is_listed_at_one_centre_is_found_at_the_others_and_nobody_else_is() {
    let mut world = founded(301);
    let place = list(&mut world, 0, PERSON, LATER, LATER);
    world.run_for(5 * SECOND_MS);
    for peer in 0..3 {
        let answer = lookup(&mut world, peer, (PERSON.0, "11010519491231002x"));
        assert_eq!((answer.verdict, answer.hits.len()), (Verdict::Listed, 1), "at {peer}");
        let hit = &answer.hits[0];
        assert_eq!((&hit.listing, hit.standing, hit.counts), (&place, Standing::Listed, true));
        assert_eq!(hit.finding, finding(PERSON, LATER, LATER));
        let said: Vec<_> = answer.centres.iter().map(|c| (c.verdict, c.doubt)).collect();
        assert_eq!(said, [(Verdict::Listed, None), (Verdict::NotListed, None), (Verdict::NotListed, None)]);
        assert!(answer.centres.iter().all(|c| c.as_of.is_some() && c.age_ms.is_some()));
        // Another person's number of the same length, and the same characters as another document, find nothing.
        assert_eq!(lookup(&mut world, peer, OTHER_PERSON).verdict, Verdict::NotListed);
        assert_eq!(lookup(&mut world, peer, ("99", PERSON.1)).verdict, Verdict::NotListed);
    }
}

#[test]
fn every_lookup_leaves_a_row_with_its_reason_and_never_the_number() {
    let mut world = founded(302);
    list(&mut world, 0, EMPLOYER, LATER, LATER);
    world.run_for(5 * SECOND_MS);
    lookup(&mut world, 1, EMPLOYER);
    refused(&mut world, 1, act(EMPLOYER, "", "loan", "regulation"), RefusalCode::RequestInvalid);
    let rows = audit(&world, 1);
    assert_eq!(rows.len(), 2);
    let found = &rows[0];
    assert_eq!((found.action, found.outcome.as_str(), found.about.as_str()), (AuditAction::Lookup, "listed", "914***********34JG"));
    assert_eq!(found.operator.as_ref(), Some(&teller()));
    assert_eq!((found.business_no.as_deref(), found.matter.as_deref()), (Some("SL-2026-1"), Some("loan")));
    assert_eq!(found.legal_basis.as_deref(), Some("regulation"));
    assert_eq!((rows[1].outcome.as_str(), rows[1].business_no.as_deref()), ("request-invalid", None));
}

#[test]
fn a_lookup_without_matter_basis_or_business_number_is_refused_by_the_name_of_the_field() {
    let mut world = founded(303);
    let long = "x".repeat(65);
    for (field, asked) in [
        ("business-no", act(EMPLOYER, " \t", "loan", "regulation")),
        ("business-no", act(EMPLOYER, &long, "loan", "regulation")),
        ("business-no", act(EMPLOYER, "SL\u{7}1", "loan", "regulation")),
        ("matter", act(EMPLOYER, "SL-1", "", "regulation")),
        ("matter", act(EMPLOYER, "SL-1", &long, "regulation")),
        ("legal-basis", act(EMPLOYER, "SL-1", "loan", "a\nb")),
        ("applicants", screening(&[])),
    ] {
        assert_eq!(refused(&mut world, 1, asked, RefusalCode::RequestInvalid).detail.as_deref(), Some(field));
    }
    // A number that is not one finds nobody, and costs nothing of the quota.
    for document in [("01", "110105194912310021"), ("01", ""), ("USCC", "91460199TR9Y4H34JH"), ("07", "E12345678")] {
        refused(&mut world, 1, act(document, "SL-1", "loan", "regulation"), RefusalCode::DocumentInvalid);
    }
    assert_eq!(used(&world, 1, true), 0);
    assert!(audit(&world, 1).iter().all(|row| row.about == "?" || row.outcome == "request-invalid"));
}

#[test]
fn until_every_member_was_heard_of_nobody_is_cleared_and_nobody_counts_as_listed() {
    let mut world = founded(304);
    let place = list(&mut world, 0, EMPLOYER, LATER, LATER);
    world.run_for(5 * SECOND_MS);
    assert_eq!(lookup(&mut world, 1, EMPLOYER).verdict, Verdict::Listed);
    world.set_up(1, false);
    world.part(&[]);
    world.set_up(1, true);
    let answer = lookup(&mut world, 1, EMPLOYER);
    assert_eq!(answer.verdict, Verdict::Unknown);
    assert_eq!(doubts(&answer), [Some(Doubt::NotHeard), None, Some(Doubt::NotHeard)]);
    assert_eq!((&answer.hits[0].listing, answer.hits[0].counts), (&place, false), "what is known is shown");
    assert_eq!(lookup(&mut world, 1, OTHER_EMPLOYER).verdict, Verdict::Unknown);
    // One is enough to say that somebody is listed; it takes all to say that nobody is.
    world.set_up(2, false);
    world.part(&[&[0, 1]]);
    world.run_for(10 * SECOND_MS);
    assert_eq!(lookup(&mut world, 1, EMPLOYER).verdict, Verdict::Listed);
    world.set_up(2, true);
    world.heal();
    world.run_for(10 * SECOND_MS);
    assert_eq!(lookup(&mut world, 1, OTHER_EMPLOYER).verdict, Verdict::NotListed);
}

#[test]
fn a_peer_that_was_down_during_a_repair_answers_right_or_not_at_all() {
    let mut world = founded(305);
    let place = list(&mut world, 0, EMPLOYER, LATER, LATER);
    world.run_for(5 * SECOND_MS);
    world.set_up(2, false);
    end(&mut world, &place, EMPLOYER, Change::Repaired);
    world.run_for(5 * SECOND_MS);
    world.set_up(2, true);
    let first = lookup(&mut world, 2, EMPLOYER);
    assert_eq!((first.verdict, doubts(&first)[0]), (Verdict::Unknown, Some(Doubt::NotHeard)));
    for _ in 0..20 {
        world.run_for(SECOND_MS);
        let answer = lookup(&mut world, 2, EMPLOYER);
        assert!(matches!(answer.verdict, Verdict::Unknown | Verdict::NotListed), "{:?}", answer.verdict);
    }
    let last = lookup(&mut world, 2, EMPLOYER);
    assert_eq!((last.verdict, last.hits.len()), (Verdict::NotListed, 0));
}

#[test]
fn a_centre_that_is_silent_for_too_long_says_nothing_more() {
    let mut world = founded(306);
    list(&mut world, 2, EMPLOYER, LATER, LATER);
    world.run_for(5 * SECOND_MS);
    world.peers[1].node.settings.blacklist.stale_after_ms = 6 * MINUTE_MS;
    world.part(&[&[0, 1]]);
    world.run_for(5 * MINUTE_MS);
    assert_eq!(lookup(&mut world, 1, EMPLOYER).verdict, Verdict::Listed);
    world.run_for(2 * MINUTE_MS);
    let answer = lookup(&mut world, 1, EMPLOYER);
    assert_eq!((answer.verdict, doubts(&answer)), (Verdict::Unknown, vec![None, None, Some(Doubt::Stale)]));
    assert!(answer.centres[2].age_ms.is_some_and(|age| age > 6 * MINUTE_MS));
    // A clock that was set back makes nobody fresh again.
    world.peers[1].clock_off_ms = -10 * DAY_MS;
    assert!(doubts(&lookup(&mut world, 1, EMPLOYER))[2].is_some());
}

#[test]
fn while_announced_rows_are_missing_a_centre_says_nothing() {
    let mut world = founded(307);
    world.part(&[]);
    for serial in 0..40 {
        list_as(&mut world, 0, EMPLOYER, &format!("〔2026〕{serial}"), LATER, LATER);
    }
    let told = world.peers[0].sent_announcements.last().unwrap().clone();
    world.feed(1, Input::Announcement { from: world.station(0), source: 0, bytes: told });
    let answer = lookup(&mut world, 1, EMPLOYER);
    assert_eq!((answer.verdict, doubts(&answer)), (Verdict::Unknown, vec![Some(Doubt::Behind), None, None]));
}

#[test]
fn what_is_withheld_forked_damaged_or_not_understood_is_never_read_as_not_listed() {
    for case in 0..4 {
        let (mut world, place) = if case == 0 { left_out(308) } else { known_everywhere(308 + case) };
        let centre = world.peers[0].centre.clone();
        let expected = match case {
            0 => Doubt::Withheld,
            1 => {
                let (mut one, mut other) = (History::of(&world, 1, 0), History::of(&world, 1, 0));
                one.grow(&mut world, 0, &[1]);
                other.grow(&mut world, 0, &[1]);
                Doubt::Forked
            }
            2 => {
                assert!(world.peers[1].shelf.flip_payload_bit(&centre, place.index));
                Doubt::Withheld
            }
            _ => {
                let entry = Statement::of_a_later_version(&mut world.rng, START, b"later");
                append(&mut world, 0, vec![entry]);
                world.run_for(5 * SECOND_MS);
                Doubt::NotApplied
            }
        };
        let answer = lookup(&mut world, 1, EMPLOYER);
        assert_eq!((answer.verdict, doubts(&answer)[0]), (Verdict::Unknown, Some(expected)), "case {case}");
        assert!(answer.hits.iter().all(|hit| !hit.counts), "case {case}");
        let nobody = lookup(&mut world, 1, PERSON).verdict;
        // One damaged row says nothing of others.
        assert_eq!(nobody, if case == 2 { Verdict::NotListed } else { Verdict::Unknown }, "case {case}");
    }
}

#[test]
fn a_centre_that_copies_a_token_without_end_is_unsure_alone() {
    let (mut world, place) = known_everywhere(331);
    let (hostile, peer) = (world.peers[2].centre.clone(), &mut world.peers[1]);
    let listed = peer.shelf.listing(&place).unwrap().unwrap();
    for index in 1_000..1_000 + MAX_LISTINGS as u64 * 2 {
        let place = ListingRef { centre: hostile.clone(), index };
        let row = ListingRow { place, restriction_until: Day::of(START.plus_ms(-DAY_MS)), ..listed.clone() };
        peer.shelf.apply(&Write::Project(Projection::List(ListProjection::Decided(row)))).unwrap();
    }
    world.run_for(MINUTE_MS);
    let answer = lookup(&mut world, 1, EMPLOYER);
    assert_eq!((answer.verdict, answer.hits.len()), (Verdict::Listed, 1));
    let said: Vec<_> = answer.centres.iter().map(|c| (&c.centre, c.verdict, c.doubt)).collect();
    for (centre, verdict, doubt) in said {
        let expected = match centre {
            listing if *listing == place.centre => (Verdict::Listed, None),
            copying if *copying == hostile => (Verdict::Unknown, Some(Doubt::Withheld)),
            _ => (Verdict::NotListed, None),
        };
        assert_eq!((verdict, doubt), expected, "{centre}");
    }
}

fn known_everywhere(seed: u64) -> (World, ListingRef) {
    let mut world = founded(seed);
    let place = list(&mut world, 0, EMPLOYER, LATER, LATER);
    world.run_for(5 * SECOND_MS);
    (world, place)
}

/// Three listings of the first centre, of which the second centre got all but one: who served it left that one's payload out.
fn left_out(seed: u64) -> (World, ListingRef) {
    let mut world = founded(seed);
    world.set_up(1, false);
    list(&mut world, 0, OTHER_EMPLOYER, LATER, LATER);
    let place = list(&mut world, 0, EMPLOYER, LATER, LATER);
    list_as(&mut world, 0, OTHER_EMPLOYER, "〔2026〕3", LATER, LATER);
    world.run_for(5 * SECOND_MS);
    world.set_up(0, false);
    world.peers[2].shelf.apply(&Write::Erase { centre: place.centre.clone(), index: place.index }).unwrap();
    world.set_up(1, true);
    world.run_for(10 * SECOND_MS);
    assert_eq!(world.size(1, 0), place.index + 2);
    (world, place)
}

#[test]
fn a_clock_that_ran_out_is_no_hit_and_is_read_out_until_its_payload_goes() {
    let mut world = founded(313);
    let (today, tomorrow) = (Day::of(START).number(), Day::of(START).plus_days(1).number());
    let place = list(&mut world, 0, EMPLOYER, today, tomorrow);
    world.run_for(5 * SECOND_MS);
    assert_eq!(lookup(&mut world, 1, EMPLOYER).verdict, Verdict::Listed, "the last day counts");
    for (days, expected) in [(1, vec![(place, Standing::Expired, true)]), (2, vec![])] {
        world.now = START.plus_ms(days * DAY_MS);
        world.run_for(20 * SECOND_MS);
        let answer = lookup(&mut world, 1, EMPLOYER);
        assert_eq!((answer.verdict, answer.hits.len()), (Verdict::NotListed, 0), "day {days}");
        let rows = export(&mut world, 1, None, 10).rows;
        let read: Vec<_> = rows.into_iter().map(|row| (row.listing, row.standing, row.publishable)).collect();
        assert_eq!(read, expected, "day {days}");
    }
}

#[test]
fn an_objection_anywhere_disputes_everywhere_until_it_is_answered() {
    let mut world = founded(314);
    let place = list(&mut world, 0, EMPLOYER, LATER, LATER);
    world.run_for(5 * SECOND_MS);
    let objection = object(&mut world, 2, &place, EMPLOYER);
    world.run_for(5 * SECOND_MS);
    for peer in 0..3 {
        let answer = lookup(&mut world, peer, EMPLOYER);
        assert_eq!((answer.verdict, answer.hits[0].open_objections), (Verdict::Disputed, 1), "at {peer}");
    }
    uphold(&mut world, &place, EMPLOYER, &objection);
    world.run_for(5 * SECOND_MS);
    let answer = lookup(&mut world, 1, EMPLOYER);
    assert_eq!((answer.verdict, answer.hits[0].standing), (Verdict::Listed, Standing::Upheld));
    // An objection to another listing under this one's number means nothing.
    object(&mut world, 2, &place, OTHER_EMPLOYER);
    world.run_for(5 * SECOND_MS);
    assert_eq!(lookup(&mut world, 1, EMPLOYER).verdict, Verdict::Listed);
}

/// Row 23: enumeration.
#[test]
fn one_lookup_beyond_the_quota_is_refused_counted_and_sets_off_the_alarm() {
    let mut world = founded(315);
    world.peers[1].node.settings.blacklist.lookups_per_operator = 5;
    for left in (0..5).rev() {
        let answer = lookup(&mut world, 1, OTHER_EMPLOYER);
        assert_eq!(answer.quota_left, left);
        assert_eq!(warned(&mut world, 1), left < 2, "at 80 percent, with {left} left");
    }
    let asked = act(EMPLOYER, "SL-9", "loan", "regulation");
    refused(&mut world, 1, asked.clone(), RefusalCode::QuotaExceeded);
    assert_eq!((used(&world, 1, true), used(&world, 1, false)), (6, 5), "counted, and not against the others");
    assert_eq!(audit(&world, 1).last().unwrap().outcome, "quota-exceeded");
    world.peers[1].node.settings.blacklist.lookups_per_operator = 100;
    world.peers[1].node.settings.blacklist.lookups_per_centre = 5;
    refused(&mut world, 1, asked, RefusalCode::QuotaExceeded);
    world.now = START.plus_ms(DAY_MS);
    world.run_for(20 * SECOND_MS);
    assert_eq!(lookup(&mut world, 1, OTHER_EMPLOYER).verdict, Verdict::NotListed, "another day");
}

/// Row 23: equal work.
#[test]
fn a_miss_reads_and_opens_as_much_as_a_hit_with_one_listing() {
    let mut world = founded(316);
    list(&mut world, 0, EMPLOYER, LATER, LATER);
    let ended = list(&mut world, 2, OTHER_EMPLOYER, LATER, LATER);
    end(&mut world, &ended, OTHER_EMPLOYER, Change::Withdrawn);
    world.run_for(5 * SECOND_MS);
    let work = |world: &mut World, document| {
        let (shelf, secret) = (Counting::over(&world.peers[1].shelf), secret(world, document));
        let mut rng = rand::rngs::StdRng::seed_from_u64(1);
        let env = crate::node::Env { now: world.now, rng: &mut rng, shelf: &shelf };
        let node = &world.peers[1].node;
        let copies = node.copies(&env).unwrap();
        let examined = node.examine(&env, &[(1, &secret)], &copies).unwrap();
        (examined.found.len(), shelf.reads(), examined.openings)
    };
    let hit = work(&mut world, EMPLOYER);
    assert_eq!(hit.0, 1);
    for nobody in [PERSON, OTHER_PERSON, OTHER_EMPLOYER] {
        let miss = work(&mut world, nobody);
        assert_eq!((miss.0, &miss.1, miss.2), (0, &hit.1, hit.2));
    }
    assert!(hit.1.iter().filter(|read| **read == "entries").count() == 1 && hit.2 == 1);
}

/// Row 25: who looks a neighbour up is seen, by their own centre and by the listing's.
#[test]
fn the_centre_of_a_listing_learns_of_a_hit_and_no_other_centre_does() {
    let mut world = founded(317);
    let place = list(&mut world, 0, EMPLOYER, LATER, LATER);
    world.run_for(12 * SECOND_MS);
    lookup(&mut world, 1, EMPLOYER);
    lookup(&mut world, 0, EMPLOYER);
    assert_eq!(world.peers[1].shelf.hits_pending(10).unwrap().len(), 1);
    assert_eq!(world.peers[0].shelf.hits_pending(10).unwrap().len(), 0, "nobody is told of their own");
    world.run_for(15 * SECOND_MS);
    assert_eq!(world.peers[1].shelf.hits_pending(10).unwrap().len(), 0);
    let centre = world.peers[1].centre.clone();
    let notes: Vec<_> = world.peers[2].shelf.entries(&centre, 0, 100, usize::MAX).unwrap().into_iter().filter(is_hit).collect();
    assert_eq!(notes.len(), 1, "everybody holds the note");
    let body = HitBody::parse(notes[0].body().unwrap()).unwrap();
    let opened: Vec<_> = world.peers.iter().map(|peer| body.open(&centre, &peer.keys.sealing).ok()).collect();
    assert!(opened[1].is_none() && opened[2].is_none());
    let note = opened[0].as_ref().unwrap();
    assert_eq!((note.index, note.business_no.as_str(), note.matter.as_str()), (place.index, "SL-2026-1", "loan"));
    assert_eq!(world.peers[0].shelf.hits_of(&note.listing, 10).unwrap().len(), 1);
    world.run_for(MINUTE_MS);
    assert_eq!(world.peers[0].shelf.hits_of(&note.listing, 10).unwrap().len(), 1, "told once");
}

#[test]
fn a_page_of_a_screening_answers_each_row_and_says_which_could_not_be_looked_up() {
    let mut world = founded(318);
    let place = list(&mut world, 0, EMPLOYER, LATER, LATER);
    world.run_for(5 * SECOND_MS);
    world.peers[1].node.settings.blacklist.screened_per_centre = 3;
    let page = screen(&mut world, 1, &[EMPLOYER, ("01", "1"), OTHER_EMPLOYER, PERSON, OTHER_PERSON]);
    let said: Vec<_> = page.answers.iter().map(|a| (a.row, a.verdict, a.problem.as_deref())).collect();
    assert_eq!(
        said,
        [
            (1, Some(Verdict::Listed), None),
            (2, None, Some("document-invalid")),
            (3, Some(Verdict::NotListed), None),
            (4, Some(Verdict::NotListed), None),
            (5, None, Some("quota-exceeded")),
        ]
    );
    assert_eq!((page.answers[0].listings.as_slice(), page.alarm, page.quota_left), ([place].as_slice(), true, 0));
    assert_eq!(audit(&world, 1).iter().filter(|row| row.action == AuditAction::Screen).count(), 5);
    refused(&mut world, 1, screening(&[EMPLOYER]), RefusalCode::QuotaExceeded);
    assert_eq!(lookup(&mut world, 1, OTHER_EMPLOYER).verdict, Verdict::NotListed, "a lookup is counted apart");
}

#[test]
fn what_could_not_be_derived_is_refused_and_what_is_under_way_is_not_begun_twice() {
    let mut world = founded(319);
    let request = sign(&mut world, 1, &act(EMPLOYER, "SL-1", "loan", "regulation"));
    let effects = world.feed_raw(1, Input::Desk { token: 7, request: request.clone() });
    let job = effects.iter().find_map(|e| if let Effect::Derive { job, .. } = e { Some(*job) } else { None }).unwrap();
    let again = world.feed_raw(1, Input::Desk { token: 8, request });
    assert!(matches!(closing(&again), Event::Refused { refusal, .. } if refusal.code == RefusalCode::RequestReused));
    for secrets in [vec![None], Vec::new()] {
        let derived = world.feed_raw(1, Input::Derived { job, secrets });
        if let Some(Effect::Reply { token, event }) = derived.last() {
            assert!(matches!(&**event, Event::Refused { refusal, .. } if refusal.code == RefusalCode::TooManyRequests));
            assert_eq!(*token, 7);
        } else {
            assert!(derived.is_empty(), "a job is answered once");
        }
    }
    // More than may be under way are refused at once.
    let mut refused = 0;
    for token in 100..170 {
        let request = sign(&mut world, 1, &act(EMPLOYER, "SL-1", "loan", "regulation"));
        let effects = world.feed_raw(1, Input::Desk { token, request });
        refused += usize::from(effects.iter().any(|e| matches!(e, Effect::Reply { event, .. } if event.closes())));
    }
    assert_eq!(refused, 70 - crate::node::list::MAX_DERIVING);
}

#[test]
fn following_the_cursor_reads_every_event_out_once_whatever_the_page_size() {
    let mut world = founded(320);
    let mut places = Vec::new();
    for round in 0..6 {
        let peer = round % 3;
        places.push(list_as(&mut world, peer, EMPLOYER, &format!("〔2026〕{round}"), LATER, LATER));
    }
    world.run_for(8 * SECOND_MS);
    object(&mut world, 2, &places[0], EMPLOYER);
    end(&mut world, &places[1], EMPLOYER, Change::Withdrawn);
    world.run_for(8 * SECOND_MS);
    let mut expected = places.clone();
    // The objection stands in the journal of the third, the ending in that of the second: each names its listing once more.
    expected.extend([places[0].clone(), places[1].clone()]);
    expected.sort();
    for limit in [1, 2, 3, 5, 500] {
        let (read, cursor) = follow(&mut world, 1, None, limit);
        let (mut all, whole): (Vec<ListingRef>, _) = (read, cursor.clone());
        all.sort();
        if limit == 1 {
            assert_eq!(all, expected);
        } else {
            all.dedup();
            assert_eq!(
                all,
                {
                    let mut places = places.clone();
                    places.sort();
                    places
                },
                "limit {limit}"
            );
        }
        // What comes later in a journal that was read to its end is read then, and nothing else.
        assert!(follow(&mut world, 1, Some(&whole), limit).0.is_empty());
    }
    let (_, cursor) = follow(&mut world, 1, None, 2);
    let late = list_as(&mut world, 0, OTHER_EMPLOYER, "〔2026〕99", LATER, LATER);
    world.run_for(8 * SECOND_MS);
    assert_eq!(follow(&mut world, 1, Some(&cursor), 2).0, [late]);
    refused(&mut world, 1, Act::Export { cursor: Some("c1.AAAA".to_owned()), limit: 5 }, RefusalCode::CursorInvalid);
}

#[test]
fn an_export_waits_at_a_row_that_was_left_out_and_goes_on_when_it_is_here() {
    let (mut world, place) = left_out(321);
    let [first, last] = [place.index - 1, place.index + 1].map(|index| ListingRef { index, ..place.clone() });
    let page = export(&mut world, 1, None, 10);
    assert_eq!((page.rows.iter().map(|row| row.listing.clone()).collect::<Vec<_>>(), page.more), (vec![first], false));
    world.set_up(0, true);
    world.run_for(2 * MINUTE_MS);
    let page = export(&mut world, 1, Some(&page.cursor), 10);
    assert_eq!(page.rows.iter().map(|row| row.listing.clone()).collect::<Vec<_>>(), [place, last]);
    assert!(page.rows.iter().all(|row| row.own.is_none()), "nobody reads another's subjects out in plain");
}

fn warned(world: &mut World, peer: usize) -> bool {
    let token = world.ask(peer, Request::Status);
    let Some(Event::Status(status)) = world.closing(peer, token) else { panic!("a status") };
    status.warnings.iter().any(|warning| warning == "lookup-quota-alarm")
}

fn closing(effects: &[Effect]) -> &Event {
    effects.iter().find_map(|e| if let Effect::Reply { event, .. } = e { Some(&**event) } else { None }).unwrap()
}

fn act(document: (&str, &str), business_no: &str, matter: &str, legal_basis: &str) -> Act {
    let applicant =
        Applicant { row: 0, document_type: document.0.to_owned(), document_no: document.1.to_owned(), business_no: business_no.to_owned() };
    Act::Lookup { applicant, matter: matter.to_owned(), legal_basis: legal_basis.to_owned() }
}
