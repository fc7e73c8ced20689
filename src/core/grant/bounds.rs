//! Whether a grant stays within the matter of the centre that uses it. A holder may grant more than a centre has said it needs; the centre
//! does not take it.

use super::{Mode, Presented};
use crate::error::{Refusal, RefusalCode};
use crate::matter::Matter;

impl Presented {
    /// Whether `matter`, the one in force at the asking centre, allows what this grant of a certificate of `kind` does.
    ///
    /// # Errors
    /// The first that applies, in this order: `wrong-certificate-kind`, `mode-not-allowed`, `ceiling-exceeded`, `field-not-in-matter`,
    /// `field-not-granted` when a field is missing that the matter cannot be handled without.
    pub fn within(&self, matter: &Matter, kind: &str) -> Result<(), Refusal> {
        let claims = self.claims();
        if matter.certificate.code() != kind {
            return Err(Refusal::about(RefusalCode::WrongCertificateKind, matter.certificate.code()));
        }
        if !matter.modes.contains(&claims.mode) {
            return Err(Refusal::about(RefusalCode::ModeNotAllowed, claims.mode.code()));
        }
        if claims.uses > matter.uses_max {
            return Err(Refusal::about(RefusalCode::CeilingExceeded, format!("uses {}", matter.uses_max)));
        }
        if claims.expires() > matter.latest_end(claims.not_before()) {
            return Err(Refusal::about(RefusalCode::CeilingExceeded, format!("days {}", matter.days_max)));
        }
        if let Some(name) = claims.fields.iter().find(|name| matter.field(name).is_none()) {
            return Err(Refusal::about(RefusalCode::FieldNotInMatter, name.clone()));
        }
        // Only whoever handles the matter by what the fields say cannot do without some: a check or a verdict needs what it asks of.
        let granted = |name: &String| claims.mode != Mode::Details || claims.fields.contains(name);
        match matter.fields.iter().find(|field| field.required && !granted(&field.name)) {
            Some(field) => Err(Refusal::about(RefusalCode::FieldNotGranted, field.name.clone())),
            None => Ok(()),
        }
    }
}
