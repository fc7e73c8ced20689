//! What the blacklist's and the audit's views look like.

use anju_core::desk::Event as DeskEvent;
use anju_core::listing::case::CaseState;
use anju_tui::door::Trouble;
use anju_tui::fake::{FakeDoor, Rehearsal};

use crate::list_made::{self as made_list, Peer};
use crate::made;
use crate::pictures::pictures;

fn reach(name: &str, door: &FakeDoor, keys: &str, typed: &[(&str, &str)]) {
    let who = if name.starts_with("audit") { "qian.qi" } else { "li.si" };
    pictures(name, door, |desk: &mut Rehearsal| {
        desk.log_in(who);
        desk.settle();
        desk.keys(keys);
        for (text, keys) in typed {
            desk.types(text);
            desk.keys(keys);
        }
        desk.pass(1_000);
    });
}

#[test]
fn the_blacklist() {
    let door = Peer::new(CaseState::Drafted).door(made::reviewer());
    reach("blacklist-full", &door, "4", &[]);
    reach("blacklist-empty", &made::empty(), "4", &[]);
    reach("blacklist-error", &made::broken(), "4", &[]);
    pictures("blacklist-loading", &door, |desk| {
        desk.hold();
        desk.log_in("li.si");
        desk.settle();
        desk.keys("4");
        desk.pass(1_000);
    });
    reach("blacklist-case", &door, "4 enter", &[]);
    reach("blacklist-review", &door, "4 enter a", &[("对照认定文书核对无误", "ctrl-s")]);
    let again = Peer::new(CaseState::Drafted);
    made_list::proposed_again(&mut again.0.lock().unwrap());
    reach("blacklist-again", &again.door(made::reviewer()), "4 enter", &[]);
    let replaced = Peer::new(CaseState::Listed);
    replaced.0.lock().unwrap().before = Some(made_list::before(None));
    reach("blacklist-replaced", &replaced.door(made::reviewer()), "4 enter", &[]);
    reach("blacklist-lookup", &door, "4 s", &[(made_list::NUMBER, "tab")]);
    let asked = [(made_list::NUMBER, "tab"), ("loan-application", "tab"), ("DK-2026-001", "ctrl-s")];
    reach("blacklist-hit", &door, "4 s", &asked);
    reach("blacklist-unknown", &door, "4 s", &[asked[0], asked[1], ("clear", "ctrl-s")]);
    reach("blacklist-propose", &door, "4 n tab", &[("符生", "tab tab"), ("110105194912310039", "tab")]);
    reach("blacklist-proof", &door, "4 enter p", &[]);
    reach("blacklist-import", &door, "4 i", &[("/srv/in/list.csv", "tab right ctrl-s")]);
    reach("blacklist-import-approve", &door, "4 i", &[("/srv/in/list.csv", "tab left ctrl-s")]);
    reach("blacklist-screen", &door, "4 b", &[("/srv/in/applicants.csv", "tab")]);
    reach("blacklist-export", &door, "4 x", &[("/srv/out/lists.csv", "ctrl-s")]);
    let listed = Peer::new(CaseState::Listed).door(made::reviewer());
    reach("blacklist-repair", &listed, "4 enter m", &[("琼修〔2026〕1号", "tab"), ("已全额退款", "ctrl-s")]);
    let refused = Peer::new(CaseState::Drafted);
    refused.0.lock().unwrap().steps[0].by = Some(made::reviewer().name);
    reach("blacklist-second", &refused.door(made::reviewer()), "4 enter a", &[("x", "ctrl-s tab enter enter")]);
}

#[test]
fn the_audit() {
    let door = Peer::new(CaseState::Drafted).door(made_list::auditor());
    reach("audit-full", &door, "7", &[]);
    reach("audit-patterns", &door, "7 p", &[]);
    reach("audit-filter", &door, "7 f", &[("wang.wu", "tab")]);
    reach("audit-check", &door, "7 c", &[]);
    let empty = FakeDoor::new(made_list::auditor(), |_| Ok(DeskEvent::Audit { rows: vec![], more: false }));
    reach("audit-empty", &empty, "7", &[]);
    let broken = FakeDoor::new(made_list::auditor(), |_| Err(Trouble::failed("peer-not-running").with("path", "/srv/anju")));
    reach("audit-error", &broken, "7", &[]);
    pictures("audit-loading", &door, |desk| {
        desk.hold();
        desk.log_in("qian.qi");
        desk.settle();
        desk.keys("7");
        desk.pass(1_000);
    });
}
