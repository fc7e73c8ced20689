//! Row 2 of `docs/FAULTS.md`: what either history of a forked centre ends takes effect everywhere.

use super::asking::{self, Number};
use super::counter::{grant_for, issue, query, refusal, wallet};
use super::histories::{History, centre, row};
use super::membership::{federation, view};
use super::rotated::rotate_at;
use super::world::{Bend, Packet, START, World};
use crate::certificate::{EndReason, EndedBody, HolderEndedBody};
use crate::desk::{Event, Request, Verdict};
use crate::error::{FaultCode, RefusalCode};
use crate::grant::{Presented, Revocation};
use crate::holder::Wallet;
use crate::journal::{Entry, Frame, Kind, Statement};
use crate::listing::changed::ObjectionRef;
use crate::listing::objected::OBJECTIONS_PER_DAY;
use crate::listing::status::Standing;
use crate::listing::{Change, ChangedBody, Ground, ObjectedBody};
use crate::names::{CertificateNumber, ListingRef};
use crate::node::fork::BESIDE_REST_MS;
use crate::node::message::Answer;
use crate::seal::SUITE;
use crate::shelf::{Forks, Lists, Shelf};
use crate::time::{DAY_MS, MINUTE_MS, SECOND_MS};

const PERSON: Number<'_> = ("01", "11010519491231002X");
const OTHER: Number<'_> = ("01", "460199199211165352");
const THIRD: Number<'_> = ("01", "460101198001010010");
const LATER: u32 = 20_291_231;
/// Peer 4.
const FORKED: &str = "C46050";
/// Anti-entropy twice, and what it sets going.
const TWO_ROUNDS_MS: i64 = MINUTE_MS + 10 * SECOND_MS;

fn entry(world: &mut World, kind: Kind, body: &[u8]) -> Entry {
    let now = world.now;
    Statement::build(&mut world.rng, kind, now, None, body).unwrap()
}

fn changed(world: &mut World, place: &ListingRef, change: Change) -> Entry {
    let listing = world.peers[0].shelf.listing(place).unwrap().unwrap().listing;
    let answers = (change == Change::Upheld).then(|| ObjectionRef { centre: centre(world, 3), index: 0 });
    let body = ChangedBody { suite: SUITE.to_owned(), listing, index: place.index, change, answers, successor: None, impersonated: false };
    entry(world, Kind::ListingChanged, &body.to_bytes())
}

fn objected(world: &mut World, place: &ListingRef) -> Entry {
    let listing = world.peers[0].shelf.listing(place).unwrap().unwrap().listing;
    let (suite, ground) = (SUITE.to_owned(), Ground::Facts);
    let body = ObjectedBody { suite, centre: place.centre.clone(), index: place.index, listing, ground, text: None };
    entry(world, Kind::ListingObjected, &body.to_bytes())
}

fn certificate_ended(world: &mut World, number: &CertificateNumber) -> Entry {
    let row = world.peers[0].shelf.certificate(number).unwrap().unwrap();
    let body = EndedBody {
        suite: SUITE.to_owned(),
        number: number.clone(),
        index: row.index,
        statement: row.statement,
        reason: EndReason::Cancelled,
        note: String::new(),
    };
    entry(world, Kind::CertificateEnded, &crate::wire::encode(&body))
}

fn holder_ended(world: &mut World, number: &CertificateNumber) -> Entry {
    let holder = world.peers[0].shelf.certificate(number).unwrap().unwrap().holder;
    let body = HolderEndedBody { suite: SUITE.to_owned(), number: number.clone(), holder };
    entry(world, Kind::HolderEnded, &crate::wire::encode(&body))
}

fn revoked(world: &mut World, holder: &Wallet, number: &CertificateNumber, grant: &str) -> Entry {
    let row = world.peers[0].shelf.certificate(number).unwrap().unwrap();
    let key = holder.key(&row.holder).unwrap().signing.clone();
    let text = Revocation::make(world.now, Presented::parse(grant).unwrap().id(), number, &key);
    entry(world, Kind::GrantRevoked, text.as_bytes())
}

/// What peer 4 and peer 3 had said before peer 4 signed two histories.
struct Before {
    world: World,
    holder: Wallet,
    /// Listings of peer 4, and one of peer 3.
    listed: [ListingRef; 3],
    /// Certificates of peer 4, and one of peer 3; each with a grant to peer 1.
    certificates: Vec<(CertificateNumber, String)>,
    /// What peers 0 and 1 hold, and what 2 and 3 do.
    histories: [History; 2],
}

/// Everything is in both histories; peer 4 is gone, and the two halves do not hear each other.
fn before(seed: u64) -> Before {
    let mut world = federation(seed, 5);
    (0..5).for_each(|peer| asking::hire(&mut world, peer));
    let listed = [list(&mut world, 4, PERSON), list(&mut world, 4, OTHER), list(&mut world, 3, THIRD)];
    let mut holder = wallet();
    let mut certificates = Vec::new();
    for issuer in [4, 4, 3] {
        let number = issue(&mut world, issuer, &mut holder, 1);
        let grant = grant_for(&mut world, &mut holder, &number, 1, 5);
        certificates.push((number, grant));
    }
    world.run_for(5 * SECOND_MS);
    world.set_up(4, false);
    world.part(&[&[0, 1], &[2, 3]]);
    let histories = [History::of(&world, 0, 4), History::of(&world, 2, 4)];
    assert_eq!(histories[0].root(), histories[1].root());
    Before { world, holder, listed, certificates, histories }
}

fn list(world: &mut World, peer: usize, number: Number<'_>) -> ListingRef {
    asking::list(world, peer, number, LATER, LATER)
}

/// One history goes on with a row that means nothing, the other with what ends nearly everything.
fn ended_in_one(seed: u64) -> Before {
    let mut it = before(seed);
    it.histories[0].grow(&mut it.world, 4, &[0, 1]);
    let rows = vec![
        changed(&mut it.world, &it.listed[0], Change::Withdrawn),
        certificate_ended(&mut it.world, &it.certificates[0].0),
        holder_ended(&mut it.world, &it.certificates[1].0),
        revoked(&mut it.world, &it.holder, &it.certificates[2].0, &it.certificates[2].1),
        objected(&mut it.world, &it.listed[2]),
    ];
    it.histories[1].grow_by(&mut it.world, 4, rows, &[2, 3]);
    it.world.run_for(5 * SECOND_MS);
    it
}

fn beside(world: &World, at: usize) -> u64 {
    world.peers[at].shelf.beside().unwrap().iter().map(|(_, rows)| rows).sum()
}

fn refused(world: &mut World, grant: &str) -> Option<RefusalCode> {
    let token = query(world, 1, grant);
    match world.closing(1, token) {
        Some(Event::Answer(_)) => None,
        _ => Some(refusal(world, 1, token)),
    }
}

#[test]
fn what_ends_in_the_history_that_is_not_held_ends_here_too_and_what_widens_there_does_not() {
    let mut it = ended_in_one(2_101);
    let new = super::listings::decided(&mut it.world, 7, 90);
    let upheld = changed(&mut it.world, &it.listed[1], Change::Upheld);
    it.histories[1].grow_by(&mut it.world, 4, vec![new, upheld], &[2, 3]);
    let grants: Vec<String> = it.certificates.iter().map(|(_, grant)| grant.clone()).collect();
    assert_eq!(grants.iter().map(|grant| refused(&mut it.world, grant)).collect::<Vec<_>>(), [None; 3]);
    it.world.heal();
    it.world.run_for(TWO_ROUNDS_MS);
    let world = &mut it.world;
    assert_eq!([0, 1, 2, 3].map(|at| beside(world, at)), [5, 5, 0, 0]);
    let said: Vec<_> = grants.iter().map(|grant| refused(world, grant)).collect();
    let ended = [RefusalCode::CertificateEnded, RefusalCode::HolderKeyEnded, RefusalCode::GrantRevoked];
    assert_eq!(said, ended.map(Some));
    let gone = asking::lookup(world, 1, PERSON);
    assert!(gone.hits.is_empty(), "{:?}", gone.hits);
    assert_eq!(gone.verdict, Verdict::Unknown, "nobody is called clear for it");
    let stands = asking::lookup(world, 1, OTHER);
    assert_eq!(
        stands.hits.iter().map(|hit| (&hit.listing, hit.standing, hit.counts)).collect::<Vec<_>>(),
        [(&it.listed[1], Standing::Listed, false)]
    );
    let disputed = asking::lookup(world, 1, THIRD);
    assert_eq!((disputed.verdict, disputed.hits[0].standing, disputed.hits[0].open_objections), (Verdict::Disputed, Standing::Disputed, 1));
    let page = asking::export(world, 1, None, 10);
    let told: Vec<_> = page.rows.iter().map(|row| (&row.listing, row.standing)).collect();
    assert_eq!(told, [(&it.listed[2], Standing::Disputed), (&it.listed[0], Standing::Withdrawn)]);
    assert!(super::listings::listing(world, 1, 4, it.histories[1].root().0 - 2).is_none(), "what it lists there is not known here");
    assert_eq!(view(world, 1).forks[0].ended_beside, 5);
    let erased = |at: usize, place: &ListingRef| world.peers[at].shelf.erased(&place.centre, place.index).unwrap();
    assert!(!erased(1, &it.listed[0]) && erased(2, &it.listed[0]), "nothing is erased for what may never have been");
    let blamed: Vec<_> = (0..4).flat_map(|at| world.faults(at)).filter(|code| *code != FaultCode::Forked).collect();
    assert!(blamed.is_empty(), "{blamed:?}");
}

#[test]
fn what_the_other_history_ends_later_comes_too_and_a_restart_forgets_nothing_of_it() {
    let mut it = ended_in_one(2_102);
    it.world.heal();
    it.world.run_for(TWO_ROUNDS_MS);
    for at in [1, 3] {
        it.world.set_up(at, false);
        it.world.set_up(at, true);
    }
    assert_eq!(beside(&it.world, 1), 5);
    assert_eq!(refused(&mut it.world, &it.certificates[0].1.clone()), Some(RefusalCode::CertificateEnded));
    let repaired = changed(&mut it.world, &it.listed[1], Change::Repaired);
    it.histories[1].grow_by(&mut it.world, 4, vec![repaired], &[2]);
    let mut more = || {
        let entry = row(&mut it.world);
        it.histories[1].grow_by(&mut it.world, 4, vec![entry], &[2]);
    };
    (0..3).for_each(|_| more());
    it.world.run_for(BESIDE_REST_MS + TWO_ROUNDS_MS);
    assert_eq!([0, 1].map(|at| beside(&it.world, at)), [6, 6]);
    assert!(asking::lookup(&mut it.world, 1, OTHER).hits.is_empty());
    // And with a restart just after the fork was found, before anything was read.
    let asked = it.world.peers[1].shelf.listing_ended_beside(&centre(&it.world, 4), &id(&it.world, &it.listed[1])).unwrap();
    assert_eq!(asked, Some(Change::Repaired));
}

fn id(world: &World, place: &ListingRef) -> crate::names::ListingId {
    world.peers[0].shelf.listing(place).unwrap().unwrap().listing
}

/// Everything that is asked of peer 1 about what the other history had ended.
fn stands_again(it: &mut Before) -> (bool, [bool; 3]) {
    let grants: Vec<String> = it.certificates.iter().map(|(_, grant)| grant.clone()).collect();
    let free = [0, 1, 2].map(|n| refused(&mut it.world, &grants[n]).is_none());
    let row = it.world.peers[1].shelf.listing(&it.listed[0]).unwrap().unwrap();
    let entry = it.world.peers[1].shelf.entries(&row.place.centre, row.place.index, 1, usize::MAX).unwrap().pop().unwrap();
    (row.ended.is_none() && entry.payload.is_some(), free)
}

#[test]
fn a_vote_for_the_history_held_takes_back_what_the_other_had_ended() {
    let mut it = ended_in_one(2_103);
    let before = asking::export(&mut it.world, 1, None, 10);
    assert_eq!(before.rows.len(), 3);
    it.world.heal();
    it.world.run_for(TWO_ROUNDS_MS);
    let page = asking::export(&mut it.world, 1, Some(&before.cursor), 10);
    assert_eq!(page.rows.iter().map(|row| (&row.listing, row.standing)).collect::<Vec<_>>(), [(&it.listed[0], Standing::Withdrawn)]);
    assert_eq!([0, 1].map(|at| beside(&it.world, at)), [5, 5]);
    rotate_at(&mut it.world, 4, 0, &[1, 2, 3], None);
    it.world.run_for(2 * MINUTE_MS);
    assert_eq!([0, 1, 2, 3].map(|at| beside(&it.world, at)), [0; 4]);
    assert_eq!(stands_again(&mut it), (true, [true; 3]));
    let page = asking::export(&mut it.world, 1, Some(&page.cursor), 10);
    let told: Vec<_> = page.rows.iter().map(|row| (&row.listing, row.standing)).collect();
    assert_eq!(
        told,
        [(&it.listed[0], Standing::Listed), (&it.listed[1], Standing::Listed)],
        "whoever was told that it had ended hears that it stands"
    );
    assert_eq!(asking::lookup(&mut it.world, 1, THIRD).hits[0].standing, Standing::Listed);
}

#[test]
fn what_a_holder_takes_back_at_an_honest_centre_stands_though_only_another_history_had_said_so_before() {
    let mut it = ended_in_one(2_109);
    it.world.heal();
    it.world.run_for(TWO_ROUNDS_MS);
    let (number, grant) = it.certificates[2].clone();
    assert_eq!(refused(&mut it.world, &grant), Some(RefusalCode::GrantRevoked));
    let row = it.world.peers[0].shelf.certificate(&number).unwrap().unwrap();
    let key = it.holder.key(&row.holder).unwrap().signing.clone();
    let text = Revocation::make(it.world.now, Presented::parse(&grant).unwrap().id(), &number, &key);
    let before = it.world.size(1, 1);
    let token = it.world.ask(1, Request::GrantRevoke { text });
    assert!(matches!(it.world.closing(1, token), Some(Event::GrantRevoked { .. })));
    assert!(it.world.size(1, 1) > before, "it stands in a journal that nobody doubts");
    rotate_at(&mut it.world, 4, 0, &[1, 2, 3], None);
    it.world.run_for(2 * MINUTE_MS);
    assert_eq!([0, 1, 2, 3].map(|at| beside(&it.world, at)), [0; 4]);
    assert_eq!(stands_again(&mut it), (true, [true, true, false]));
}

#[test]
fn a_vote_for_the_other_history_makes_its_endings_rows_like_any_other() {
    let mut it = ended_in_one(2_104);
    it.world.heal();
    it.world.run_for(TWO_ROUNDS_MS);
    rotate_at(&mut it.world, 4, 2, &[0, 1, 3], None);
    it.world.run_for(2 * MINUTE_MS);
    assert_eq!([0, 1, 2, 3].map(|at| beside(&it.world, at)), [0; 4]);
    assert_eq!(stands_again(&mut it), (false, [false; 3]));
    let ended = it.world.peers[1].shelf.listing(&it.listed[0]).unwrap().unwrap().ended;
    assert_eq!(ended.map(|end| end.change), Some(Change::Withdrawn), "its own journal says so now");
    assert_eq!(asking::lookup(&mut it.world, 1, THIRD).hits[0].standing, Standing::Disputed);
}

#[test]
fn an_ending_stands_in_any_of_several_histories_the_shorter_ones_too() {
    let mut it = before(2_105);
    let common = it.histories[0].clone();
    it.world.part(&[&[0], &[1], &[2], &[3]]);
    let ends = [
        certificate_ended(&mut it.world, &it.certificates[0].0),
        holder_ended(&mut it.world, &it.certificates[1].0),
        changed(&mut it.world, &it.listed[1], Change::Withdrawn),
    ];
    // Peer 0 holds a long history that ends nothing; the others hold shorter ones that end one thing each.
    let mut longest = common.clone();
    (0..6).for_each(|_| longest.grow(&mut it.world, 4, &[0]));
    for (n, entry) in ends.into_iter().enumerate() {
        let mut history = common.clone();
        history.grow_by(&mut it.world, 4, vec![entry], &[n + 1]);
        (0..n).for_each(|_| history.grow(&mut it.world, 4, &[n + 1]));
    }
    it.world.run_for(5 * SECOND_MS);
    it.world.heal();
    it.world.run_for(BESIDE_REST_MS + 2 * TWO_ROUNDS_MS);
    assert_eq!([0, 1, 2, 3].map(|at| beside(&it.world, at)), [3, 2, 2, 2]);
}

#[test]
fn an_export_of_one_row_a_page_reads_out_everything_that_another_history_ends_and_comes_to_an_end() {
    let mut it = ended_in_one(2_110);
    let repaired = changed(&mut it.world, &it.listed[1], Change::Repaired);
    it.histories[1].grow_by(&mut it.world, 4, vec![repaired], &[2, 3]);
    it.world.run_for(5 * SECOND_MS);
    let (read, before) = asking::follow(&mut it.world, 1, None, 1);
    assert_eq!(read, [it.listed[2].clone(), it.listed[0].clone(), it.listed[1].clone()]);
    it.world.heal();
    it.world.run_for(TWO_ROUNDS_MS);
    assert_eq!(beside(&it.world, 1), 6);
    for from in [None, Some(&before[..])] {
        let (mut cursor, mut read) = (from.map(str::to_owned), Vec::new());
        for _ in 0..2 {
            let (rows, next) = asking::follow(&mut it.world, 1, cursor.as_deref(), 1);
            read.push(rows);
            cursor = Some(next);
        }
        let both = [it.listed[0].clone(), it.listed[1].clone()];
        assert!(both.iter().all(|listed| read[0].contains(listed)), "{read:?}");
        assert_eq!(read[1], both, "each time again");
    }
}

#[test]
fn objections_of_another_history_count_no_more_often_than_others() {
    let mut it = before(2_106);
    it.histories[0].grow(&mut it.world, 4, &[0, 1]);
    let rows: Vec<_> = (0..OBJECTIONS_PER_DAY + 9).map(|_| objected(&mut it.world, &it.listed[2].clone())).collect();
    it.histories[1].grow_by(&mut it.world, 4, rows, &[2, 3]);
    it.world.now = it.world.now.plus_ms(DAY_MS);
    let next_day = objected(&mut it.world, &it.listed[2].clone());
    it.histories[1].grow_by(&mut it.world, 4, vec![next_day], &[2, 3]);
    it.world.run_for(5 * SECOND_MS);
    it.world.heal();
    it.world.run_for(TWO_ROUNDS_MS);
    assert_eq!(beside(&it.world, 1), OBJECTIONS_PER_DAY + 1);
}

/// Serves rows of the forked journal that stand in neither history, and says that they belong to one.
fn makes_rows_up(rng: &mut rand::rngs::StdRng, packet: Packet) -> Option<Packet> {
    let Packet::Answer(call, bytes) = &packet else { return Some(packet) };
    let Ok(Answer::Frame(frame)) = Answer::decode(bytes) else { return Some(packet) };
    let mut frame = Frame::decode(&frame).unwrap();
    let Some(last) = frame.entries.last_mut().filter(|_| frame.centre.as_str() == FORKED) else { return Some(packet) };
    *last = Statement::build(rng, Kind::AuditRecorded, START, None, b"made up").unwrap();
    Some(Packet::Answer(*call, Answer::Frame(frame.to_bytes().into()).to_bytes()))
}

/// Says of another history that it left ours somewhere else.
fn bends_bridges(_: &mut rand::rngs::StdRng, packet: Packet) -> Option<Packet> {
    let Packet::Answer(call, bytes) = &packet else { return Some(packet) };
    let Ok(Answer::Bridged(mut bridge)) = Answer::decode(bytes) else { return Some(packet) };
    bridge.root.0[0] ^= 1;
    Some(Packet::Answer(*call, Answer::Bridged(bridge).to_bytes()))
}

/// Never answers what is asked about a history.
fn says_nothing(_: &mut rand::rngs::StdRng, packet: Packet) -> Option<Packet> {
    match &packet {
        Packet::Answer(_, bytes) if matches!(Answer::decode(bytes), Ok(Answer::Frame(_) | Answer::Bridged(_))) => None,
        Packet::Answer(..) | Packet::Ask(..) | Packet::Announcement(_) | Packet::Failed(_) => Some(packet),
    }
}

#[test]
fn whoever_shows_nothing_of_a_history_keeps_nobody_from_reading_it_elsewhere() {
    let mut it = ended_in_one(2_111);
    it.world.bent = Some((2, says_nothing));
    it.world.heal();
    it.world.run_for(4 * TWO_ROUNDS_MS);
    assert_eq!([0, 1].map(|at| beside(&it.world, at)), [5, 5]);
}

#[test]
fn rows_and_bridges_that_are_made_up_end_nothing_and_their_server_is_blamed() {
    for (seed, lie) in [(2_107, makes_rows_up as Bend), (2_108, bends_bridges)] {
        let mut it = ended_in_one(seed);
        assert_eq!(centre(&it.world, 4).as_str(), FORKED);
        it.world.heal();
        // Peer 3 tells the truth for as long as it takes to contain the centre; then only peer 2 is there, and lies.
        it.world.set_up(1, false);
        it.world.run_for(TWO_ROUNDS_MS);
        it.world.set_up(3, false);
        it.world.bent = Some((2, lie));
        it.world.set_up(1, true);
        it.world.run_for(TWO_ROUNDS_MS);
        assert!(it.world.peers[1].node.is_contained(&centre(&it.world, 4)));
        assert_eq!(beside(&it.world, 1), 0);
        assert!(it.world.faults(1).contains(&FaultCode::BadProof), "{:?}", it.world.faults(1));
        // An honest one is heard all the same.
        it.world.bent = None;
        it.world.run_for(BESIDE_REST_MS + TWO_ROUNDS_MS);
        assert_eq!(beside(&it.world, 1), 5);
    }
}
