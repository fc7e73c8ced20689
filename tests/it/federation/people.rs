//! A centre's own people in a test: who they are, and the program run as one of them.

use serde_json::Value;

use super::Federation;

/// Proposes, notifies, imports, looks up.
pub(crate) const TELLER: &str = "zhang";
/// Decides.
pub(crate) const REVIEWER: &str = "li";
/// Reads the audit log.
pub(crate) const AUDITOR: &str = "sun";

impl Federation {
    /// Accounts for a teller, a reviewer and an auditor of a running peer, made by its first operator.
    pub(crate) fn staff(&self, code: &str) {
        let admin = format!("--data @{code} --operator admin --operator-passphrase-file @{code}/first-operator.passphrase");
        for (name, role, staff_no) in [(TELLER, "teller", "1001"), (REVIEWER, "reviewer", "1002"), (AUDITOR, "auditor", "1003")] {
            let who = format!("--role {role} --display {name}先生 --staff-no {staff_no} --new-passphrase-file @pass");
            self.room.json(&format!("operator add {name} {who} {admin}"), 0);
        }
    }

    /// A line of the program, as an operator of a centre.
    pub(crate) fn line(code: &str, who: &str, line: &str) -> String {
        format!("{line} --data @{code} --operator {who} --operator-passphrase-file @pass")
    }

    /// Runs it and expects this exit code.
    pub(crate) fn acts(&self, code: &str, who: &str, line: &str, exit: i32) -> Value {
        self.room.json(&Self::line(code, who, line), exit)
    }

    /// Stages a file at a centre and has a second person approve it.
    pub(crate) fn import(&self, code: &str, file: &str) -> Value {
        self.acts(code, TELLER, &format!("blacklist import {file}"), 0);
        let done = self.acts(code, REVIEWER, &format!("blacklist import approve {file}"), 0);
        assert_eq!(done["import"]["state"], "done", "{done}");
        done
    }

    /// What a centre's peer answers about a document.
    pub(crate) fn look_up(&self, code: &str, kind: &str, number: &str) -> Value {
        let line = format!("blacklist lookup --document-type {kind} --document-no {number} --matter loan --business-no NO-1");
        self.acts(code, TELLER, &line, 0)
    }

    /// Looks up until the verdict is `verdict`, and returns that answer.
    pub(crate) fn look_up_until(&self, code: &str, (kind, number): (&str, &str), verdict: &str) -> Value {
        let start = std::time::Instant::now();
        loop {
            let answer = self.look_up(code, kind, number);
            if answer["verdict"] == verdict {
                return answer;
            }
            assert!(start.elapsed() < super::PATIENCE, "{code} never says {verdict}: {answer}");
        }
    }
}
