//! Matters that are right, wrong, and hostile.

mod bodies;
mod files;
mod rules;

use super::{Clause, Condition, Matter, Op, Operand, Wording};

/// The matters that come with the program.
pub(super) const SHIPPED: [(&str, &str); 4] = [
    ("cross-region-loan", include_str!("../../../../schemas/matters/cross-region-loan.toml")),
    ("transfer", include_str!("../../../../schemas/matters/transfer.toml")),
    ("withdrawal", include_str!("../../../../schemas/matters/withdrawal.toml")),
    ("talent-rental", include_str!("../../../../schemas/matters/talent-rental.toml")),
];

pub(super) fn loan() -> Matter {
    Matter::from_toml(SHIPPED[0].1).unwrap()
}

pub(super) fn words() -> Wording {
    Wording { zh: "条件".to_owned(), en: "Condition".to_owned() }
}

pub(super) fn is(field: &str, op: Op, value: Operand) -> Clause {
    Clause::Is(Condition { field: field.to_owned(), op, value, wording: words() })
}

pub(super) fn text(text: &str) -> Operand {
    Operand::Text(text.to_owned())
}
