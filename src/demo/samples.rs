//! What the story starts from: the exports of three of the four centres, carried inside the program, and papers about people who do
//! not exist, dated by the day on which the story is played.

use std::path::Path;

use anju_core::listing::Day;

use super::StageError;

/// One centre of the story.
#[derive(Debug, Clone, Copy)]
pub(super) struct Centre {
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    files: [(&'static str, &'static [u8]); 3],
}

macro_rules! centre {
    ($code:literal, $name:literal) => {
        Centre {
            code: $code,
            name: $name,
            files: [
                ("accounts.csv", include_bytes!(concat!("../../samples/", $code, "/accounts.csv"))),
                ("transactions.csv", include_bytes!(concat!("../../samples/", $code, "/transactions.csv"))),
                ("loans.csv", include_bytes!(concat!("../../samples/", $code, "/loans.csv"))),
            ],
        }
    };
}

/// Where the citizen deposits, where they want to borrow, and a third.
pub(super) const CENTRES: [Centre; 3] =
    [centre!("C46010", "海口住房公积金管理局"), centre!("C46020", "三亚住房公积金管理局"), centre!("C50010", "重庆市住房公积金管理中心")];
/// Issues.
pub(super) const HAIKOU: usize = 0;
/// Reads.
pub(super) const SANYA: usize = 1;
/// Looks on.
pub(super) const CHONGQING: usize = 2;

/// The right answers for Haikou's accounts, one JSON object a line.
pub(super) const HAIKOU_TRUTH: &str = include_str!("../../samples/C46010/truth.jsonl");

impl Centre {
    /// Writes the exports into `folder`.
    pub(super) fn write_exports(&self, folder: &Path) -> Result<(), StageError> {
        std::fs::create_dir_all(folder)?;
        for (name, bytes) in self.files {
            std::fs::write(folder.join(name), bytes)?;
        }
        Ok(())
    }
}

/// What Sanya asks for a loan: the matter that ships with the program, in force for long, with room for a second attempt. The sample exports
/// end on a day of their own, so nothing in the rule is decided by the day on which the story is played.
pub(super) fn loan_matter() -> String {
    let shipped = include_str!("../../schemas/matters/cross-region-loan.toml");
    let from = shipped.replacen("from = 2026-12-01", "from = 2024-01-01", 1).replacen("uses_max = 1", "uses_max = 2", 1);
    from.replacen("op = \"months-ago-at-most\"\nvalue = 2\n", "op = \"months-ago-at-most\"\nvalue = 1200\n", 1)
}

/// Proposes, notifies, hands files in, looks up.
pub(super) const TELLER: &str = "demo-teller";
/// Decides.
pub(super) const REVIEWER: &str = "demo-reviewer";
/// Reads the audit log.
pub(super) const AUDITOR: &str = "demo-auditor";

/// Somebody or something that a list may name. Invented, with a number whose check character is right.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject {
    pub(super) kind: &'static str,
    pub(super) name: &'static str,
    pub(super) number: &'static str,
}

/// Stands in the file.
pub(super) const PERSON: Subject = Subject { kind: "01", name: "演示甲", number: "46019919900307101X" };
/// Stands in the file.
pub(super) const EMPLOYER: Subject = Subject { kind: "USCC", name: "演示贸易有限公司", number: "91460199MADEM00004" };
/// Whose case goes its way from the proposal to the ending.
pub(super) const ACCUSED: Subject = Subject { kind: "01", name: "演示乙", number: "460199198806122023" };
/// A number that nobody has: its check character is wrong.
const NO_NUMBER: &str = "460199199003071011";

/// Days for which a listing of the story counts, and for which it may be shown.
const RESTRICTED_DAYS: u32 = 730;
const SHOWN_DAYS: u32 = 365;

/// The clocks of a listing that is decided on `today`: until when it counts, until when it may be shown.
pub(super) fn clocks(today: Day) -> (String, String) {
    (today.plus_days(RESTRICTED_DAYS).to_string(), today.plus_days(SHOWN_DAYS).to_string())
}

/// A list as a centre's business system hands it over, with the standard's headers: a person, an employer, and a row that cannot be.
pub(super) fn list_csv(today: Day) -> String {
    let (restricted, shown) = clocks(today);
    let row = |kind: &str, subject: Subject, number: &str, conduct: &str, serial: u32, basis: &str, measures: &str| {
        let Subject { name, .. } = subject;
        format!(
            "{kind},{name},{number},{conduct},一般,演示认〔{}〕{serial}号,{today},{basis},{measures},{restricted},{shown},\n",
            today.date().year()
        )
    };
    let basis = ["住房公积金管理条例第四十一条", "住房公积金管理条例第四十条"];
    let mut text = "\u{feff}ZTLX,MC,ZJHM,XWDM,DJ,WSH,WSRQ,FLYJ,XZCS,XZJZ,GSJZ,BZ\n".to_owned();
    text.push_str(&row("个人", PERSON, PERSON.number, "骗贷", 1, basis[0], "限制提取;限制贷款"));
    text.push_str(&row("单位", EMPLOYER, EMPLOYER.number, "欠缴", 2, basis[1], "公示"));
    text.push_str(&row("个人", PERSON, NO_NUMBER, "骗提", 3, basis[0], "限制提取"));
    text
}

/// Applicants of one day, `citizen` among them.
pub(super) fn applicants_csv(citizen: &str) -> String {
    let mut text = "证件类型,证件号码,业务编号\n".to_owned();
    for (i, (kind, number)) in
        [(PERSON.kind, PERSON.number), ("01", citizen), (ACCUSED.kind, ACCUSED.number), (EMPLOYER.kind, EMPLOYER.number)].iter().enumerate()
    {
        text.push_str(&format!("{kind},{number},SY-2026-{:04}\n", i + 11));
    }
    text
}
