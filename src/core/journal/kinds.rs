//! The kinds of statements. `schemas/kinds.toml` says who may write each, who reads it and what must come before it; a test keeps that
//! table and this list equal.

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $text:literal, $interpreted:literal;)+) => {
        /// A kind of statement that this version knows by name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $($(#[$doc])* $variant),+ }

        impl Kind {
            /// Every kind there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The kind as it stands in a header; never changes once released.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// Whether this version applies statements of this kind. What it does not apply it keeps and copies, and does not pass when
            /// it counts how far a journal is applied.
            #[must_use]
            pub const fn is_interpreted(self) -> bool {
                match self { $(Self::$variant => $interpreted),+ }
            }
        }
    };
}

kinds! {
    /// A certificate was issued; the payload is its sealed content.
    CertificateIssued = "certificate.issued", true;
    /// A certificate was cancelled or superseded.
    CertificateEnded = "certificate.ended", true;
    /// A certificate was bound to another key of its holder; the payload is its content sealed anew.
    HolderBound = "holder.bound", true;
    /// A holder's key no longer counts for a certificate.
    HolderEnded = "holder.ended", true;
    /// A holder took a grant back.
    GrantRevoked = "grant.revoked", true;
    /// A grant was used or refused.
    AccessRecorded = "access.recorded", true;
    /// A listing took effect.
    ListingDecided = "listing.decided", true;
    /// A listing was upheld, withdrawn, repaired or altered.
    ListingChanged = "listing.changed", true;
    /// Somebody disputes a listing.
    ListingObjected = "listing.objected", true;
    /// A centre tells another, sealed, that somebody on its list was looked up.
    ListingHit = "listing.hit", true;
    /// A shared case was opened.
    DossierOpened = "dossier.opened", true;
    /// A centre joined a shared case.
    DossierJoined = "dossier.joined", true;
    /// A change of a shared case.
    DossierChanged = "dossier.changed", true;
    /// What data exists and who answers for it.
    CataloguePublished = "catalogue.published", true;
    /// What a query may be for, with fields and rules.
    MatterPublished = "matter.published", true;
    /// A next charter was proposed.
    CharterProposed = "charter.proposed", true;
    /// A member approves a proposed charter.
    CharterApproved = "charter.approved", true;
    /// A member rejects a proposed charter and says why.
    CharterRejected = "charter.rejected", true;
    /// A member approves nothing any more in the rounds before one.
    CharterPromised = "charter.promised", true;
    /// Members' copies of the secrets of an epoch that is proposed.
    EpochSealed = "epoch.sealed", true;
    /// How far the author has applied every journal.
    Vector = "vector", true;
    /// Two heads that do not extend each other, as proof.
    ForkReported = "fork.reported", true;
    /// A commitment to audit rows.
    AuditRecorded = "audit.recorded", true;
}

impl Kind {
    /// The kind of this name, if this version knows it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Table {
        kind: Vec<Row>,
    }

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Row {
        name: String,
        author: String,
        readers: String,
        drop_after: String,
        must_follow: Vec<String>,
        part: u8,
        interpreted: bool,
    }

    fn table() -> BTreeMap<String, Row> {
        let table: Table = toml::from_str(include_str!("../../../schemas/kinds.toml")).unwrap();
        let rows = table.kind.len();
        let map: BTreeMap<_, _> = table.kind.into_iter().map(|row| (row.name.clone(), row)).collect();
        assert_eq!(map.len(), rows, "a kind stands twice in the table");
        map
    }

    #[test]
    fn the_table_and_the_enum_name_the_same_kinds() {
        let table = table();
        let named: Vec<&str> = table.keys().map(String::as_str).collect();
        let mut known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
        known.sort_unstable();
        assert_eq!(named, known);
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(*kind));
            assert!(kind.as_str().len() <= super::super::statement::MAX_KIND_BYTES);
            assert_eq!(kind.is_interpreted(), table[kind.as_str()].interpreted, "{}", kind.as_str());
        }
        assert_eq!(Kind::parse("certificate.framed"), None);
    }

    #[test]
    fn every_row_of_the_table_uses_its_few_words_and_follows_kinds_that_exist() {
        for (name, row) in table() {
            assert!(["writer", "any-member"].contains(&row.author.as_str()), "{name}: author {}", row.author);
            assert!(["members", "parties", "author"].contains(&row.readers.as_str()), "{name}: readers {}", row.readers);
            assert!(["never", "optional", "required"].contains(&row.drop_after.as_str()), "{name}: drop_after {}", row.drop_after);
            assert!((1..=5).contains(&row.part), "{name}: part {}", row.part);
            assert!(!row.interpreted || row.part <= 5, "{name}: interpreted before it is built");
            for before in &row.must_follow {
                assert!(Kind::parse(before).is_some() && *before != name, "{name} follows {before}");
            }
        }
    }
}
