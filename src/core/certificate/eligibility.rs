//! When a certificate may be issued. Local rules about lending are data of the lending centre and never stand here.

use super::kind::CertificateKind;
use crate::error::{Refusal, RefusalCode};
use crate::facts::AccountFacts;

/// Whether an account with these facts gets a certificate of `kind`.
///
/// - cross-region loan: not for a closed account, and not while a fund loan is unsettled (建金〔2015〕135号);
/// - deposit: not for a closed account; sealed and frozen ones do get it;
/// - loan settled: only when there was a loan and all are settled; closed accounts do get it.
///
/// # Errors
/// [`Refusal`] `account-closed`, `loan-unsettled` or `no-loan`.
pub fn may_issue(kind: CertificateKind, facts: &AccountFacts) -> Result<(), Refusal> {
    let open = if facts.status.is_closed() { Err(Refusal::new(RefusalCode::AccountClosed)) } else { Ok(()) };
    let settled = if facts.loans_unsettled > 0 { Err(Refusal::new(RefusalCode::LoanUnsettled)) } else { Ok(()) };
    match kind {
        CertificateKind::CrossRegionLoan => open.and(settled),
        CertificateKind::Deposit => open,
        CertificateKind::LoanSettled if facts.loan_count == 0 => Err(Refusal::new(RefusalCode::NoLoan)),
        CertificateKind::LoanSettled => settled,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::tests::facts;
    use crate::facts::AccountStatus;

    fn code(kind: CertificateKind, status: AccountStatus, loans: u32, unsettled: u32) -> Option<RefusalCode> {
        let facts = AccountFacts { status, loan_count: loans, loans_unsettled: unsettled, ..facts() };
        may_issue(kind, &facts).err().map(|refusal| refusal.code)
    }

    #[test]
    fn a_cross_region_certificate_needs_an_open_account_and_no_unsettled_loan() {
        let kind = CertificateKind::CrossRegionLoan;
        assert_eq!(code(kind, AccountStatus::Normal, 0, 0), None);
        assert_eq!(code(kind, AccountStatus::Sealed, 2, 0), None);
        assert_eq!(code(kind, AccountStatus::Frozen, 0, 0), None);
        assert_eq!(code(kind, AccountStatus::Normal, 2, 1), Some(RefusalCode::LoanUnsettled));
        for closed in [AccountStatus::ClosedMerged, AccountStatus::ClosedTransferred, AccountStatus::ClosedWithdrawn] {
            assert_eq!(code(kind, closed, 0, 0), Some(RefusalCode::AccountClosed));
        }
    }

    #[test]
    fn a_deposit_certificate_needs_an_open_account_only() {
        let kind = CertificateKind::Deposit;
        assert_eq!(code(kind, AccountStatus::Frozen, 1, 1), None);
        assert_eq!(code(kind, AccountStatus::ClosedWithdrawn, 0, 0), Some(RefusalCode::AccountClosed));
    }

    #[test]
    fn a_settlement_certificate_needs_a_loan_and_all_settled_even_for_a_closed_account() {
        let kind = CertificateKind::LoanSettled;
        assert_eq!(code(kind, AccountStatus::ClosedWithdrawn, 1, 0), None);
        assert_eq!(code(kind, AccountStatus::Normal, 0, 0), Some(RefusalCode::NoLoan));
        assert_eq!(code(kind, AccountStatus::Normal, 2, 1), Some(RefusalCode::LoanUnsettled));
    }
}
