//! A vote on the charter at the terminal: a security administrator and a second person, each at their own, and the version changes.

use super::driver::{Screen, has_tmux};
use super::{LARGE, SMALL};
use crate::federation::{AUDITOR, Federation, HAIKOU, Over, SANYA, TELLER};
use crate::governed::{as_admin, view, wait_for_proposal, wait_for_version};

/// Digits of a proposal's name on the screen.
const SHORT: usize = 12;

#[test]
fn a_security_administrator_and_a_second_person_approve_on_the_desk_and_the_version_changes() {
    if !has_tmux() {
        return;
    }
    let federation = Federation::running(&[HAIKOU, SANYA], Over::Tcp);
    federation.staff(HAIKOU);
    federation.staff(SANYA);
    let proposed = as_admin(&federation, HAIKOU, "federation propose rotate-epoch --reason 例会决定", 0);
    let proposal = proposed["proposal"].as_str().unwrap().to_owned();
    let name = &proposal[..SHORT];
    federation.acts(HAIKOU, AUDITOR, &format!("federation approve {proposal} --reason 同意"), 0);
    wait_for_proposal(&federation, SANYA, &proposal);

    let open = |who: &str, size| Screen::open(&federation.room, who, &format!("desk --data @{SANYA}"), size);
    let teller = open(TELLER, SMALL);
    teller.log_in(TELLER);
    teller.keys("6 p");
    let seen = teller.wait_for("待安全管理员和另一人");
    assert!(!seen.contains("a 同意"), "the counter has no say: {seen}");

    let admin = open("admin", SMALL);
    let passphrase = std::fs::read_to_string(federation.room.path(&format!("{SANYA}/first-operator.passphrase"))).unwrap();
    admin.log_in_by("admin", passphrase.trim_end());
    admin.keys("6 p");
    let listed = admin.wait_for("待您表态");
    assert!(listed.contains(name) && listed.contains("1/2") && listed.contains("新的共享密钥") && listed.contains("提议 1"), "{listed}");
    admin.keys("Enter");
    admin.wait("the whole of it", |screen| screen.contains("例会决定") && screen.contains(&format!("{HAIKOU} 同意")));
    admin.keys("a");
    admin.wait_for("理由 *");
    admin.type_text("已核对");
    admin.keys("C-s");
    admin.wait_for("先记录您的意见");
    admin.keys("Tab Enter");
    admin.wait_for("您已表态，待另一人");
    assert_eq!(view(&federation, SANYA)["version"], 1, "one person says nothing for a centre");

    let second = open(AUDITOR, LARGE);
    second.log_in(AUDITOR);
    second.keys("6 p");
    second.wait_for("admin 已同意，待您");
    second.keys("a");
    second.wait_for("理由 *");
    second.type_text("同意");
    second.keys("C-s");
    second.wait_for(&format!("请输入 {name} 以确认"));
    second.type_text(name);
    second.keys("Tab Enter");
    wait_for_version(&federation, SANYA, 2);
    wait_for_version(&federation, HAIKOU, 2);
    second.keys("r");
    second.wait_for("没有待表决的提议");
    second.keys("d");
    second.wait("the version that came of it", |screen| screen.contains("新的共享密钥") && screen.contains("2 个"));
    second.keys("c");
    second.wait("the epoch of that version", |screen| screen.contains("第 2 期，第 2 版起"));
}
