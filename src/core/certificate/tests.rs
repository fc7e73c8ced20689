//! Certificates as a whole: issued, opened, verified, and every way of altering one refused.

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;
use crate::facts::{AccountFacts, AccountStatus, Fen, Month};

/// Facts of an account that may get every kind of certificate.
pub(crate) fn facts() -> AccountFacts {
    AccountFacts {
        account_no: "460100200000001".to_owned(),
        name: "符海燕".to_owned(),
        document_type: "01".to_owned(),
        document_no: "46010019900307123X".to_owned(),
        opened: Month { year: 2019, month: 7 },
        status: AccountStatus::Normal,
        employer: "海口椰风软件有限公司".to_owned(),
        deposit_base: Fen(1_380_000),
        employer_ratio: 1200,
        personal_ratio: 1200,
        monthly_deposit: Fen(331_200),
        balance: Fen(8_645_210),
        paid_until: Month { year: 2026, month: 10 },
        run_to_last_paid: 88,
        continuous_months: 88,
        continuous_from: Some(Month { year: 2019, month: 7 }),
        continuous_to: Some(Month { year: 2026, month: 10 }),
        in_arrears: false,
        loan_count: 1,
        loans_unsettled: 0,
        loan_total: Fen(50_000_000),
        loan_outstanding: Fen(0),
    }
}

#[allow(dead_code)]
fn rng() -> StdRng {
    StdRng::seed_from_u64(1)
}
