//! The holder's side as a whole, and the fixture that the grant's tests use: a card, a certificate received, a grant made.

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::card::card;
use super::*;
use crate::certificate::tests::{NOW, centre, facts};
use crate::certificate::{CertificateBody, CertificateKind, Field, Issuance, IssuerIdentity, fields_of, issue};
use crate::error::{Refusal, RefusalCode};
use crate::grant::{Mode, Presented, Revocation};
use crate::names::{CertificateNumber, FederationName, StatementId};
use crate::seal::Key;
use crate::seal::hpke::OpeningKey;
use crate::shelf::CertificateRow;
use crate::sign::SecretKey;
use crate::time::{DAY_MS, SECOND_MS, Time};

/// A holder with one certificate, its issuer, and a lending centre.
pub(crate) struct World {
    pub(crate) rng: StdRng,
    pub(crate) wallet: Wallet,
    pub(crate) issuer_key: SecretKey,
    pub(crate) issuer: IssuerIdentity,
    pub(crate) audience: OpeningKey,
    pub(crate) body: Vec<u8>,
    pub(crate) content_key: Key,
    pub(crate) number: CertificateNumber,
}

pub(crate) fn world(kind: CertificateKind, seed: u64) -> World {
    let mut rng = StdRng::seed_from_u64(seed);
    let issuer_key = SecretKey::random(&mut rng);
    let federation = FederationName::new("hainan").unwrap();
    let issuer = IssuerIdentity { federation, centre: centre("C46010"), key: issuer_key.public() };
    let number = CertificateNumber::new(&format!("C46010-{kind}-2026-000001")).unwrap();
    let audience = OpeningKey::random(&mut rng);
    let mut world = World {
        rng,
        wallet: Wallet::default(),
        issuer_key,
        issuer,
        audience,
        body: Vec::new(),
        content_key: Key::from_bytes([0; 32]),
        number: number.clone(),
    };
    (world.body, world.content_key) = world.issue(kind, number);
    receive(&mut world.wallet, NOW, &world.body, b"evidence", &world.issuer).unwrap();
    world
}

impl World {
    /// Issues a certificate to a fresh key of the wallet, by card.
    pub(crate) fn issue(&mut self, kind: CertificateKind, number: CertificateNumber) -> (Vec<u8>, Key) {
        let text = card(&mut self.rng, NOW, &mut self.wallet, &self.issuer.centre).unwrap();
        let card = HolderCard::parse(&text, &self.issuer.centre, NOW).unwrap();
        let issuance = Issuance {
            number,
            kind,
            issuer: self.issuer.centre.clone(),
            federation: self.issuer.federation.clone(),
            addressee: kind.needs_addressee().then(|| centre("C46020")),
            holder: card.keys,
            values: fields_of(kind, &facts(), "王经办", "0898-12345678"),
            issued: NOW,
            expires: NOW.plus_ms(90 * DAY_MS),
        };
        let out = issue(&mut self.rng, &issuance, &self.issuer_key).unwrap();
        (out.body, out.content_key)
    }

    pub(crate) fn request(&self, fields: &[&str]) -> GrantRequest {
        let fields = fields.iter().map(|name| (*name).to_owned()).collect();
        GrantRequest::new(NOW, self.number.clone(), fields, centre("C46020"), "cross-region-loan")
    }

    pub(crate) fn grant(&mut self, request: &GrantRequest) -> Result<String, Refusal> {
        let audience = self.audience.public();
        grant(&mut self.rng, NOW, &mut self.wallet, request, &audience)
    }

    pub(crate) fn row(&self) -> CertificateRow {
        let head = CertificateBody::parse(&self.body).unwrap().head;
        CertificateRow {
            number: head.number,
            issuer: self.issuer.centre.clone(),
            index: 0,
            statement: StatementId([0; 16]),
            kind: head.kind.code().to_owned(),
            addressee: head.addressee,
            holder: head.holder,
            holder_sealing: head.holder_sealing,
            issued: head.issued,
            expires: head.expires,
            ended: None,
        }
    }
}

fn code<T>(result: Result<T, Refusal>) -> (RefusalCode, String) {
    let refusal = result.err().unwrap();
    (refusal.code, refusal.detail.unwrap_or_default())
}

#[test]
fn a_card_is_for_one_centre_for_thirty_days_and_bound_as_a_whole() {
    let mut rng = StdRng::seed_from_u64(1);
    let mut wallet = Wallet::default();
    let text = card(&mut rng, NOW, &mut wallet, &centre("C46010")).unwrap();
    let parse = |now: Time| HolderCard::parse(&text, &centre("C46010"), now);
    assert_eq!(parse(NOW).unwrap().keys, wallet.keys()[0].public());
    assert_eq!(code(HolderCard::parse(&text, &centre("C50010"), NOW)), (RefusalCode::CardInvalid, "C46010".to_owned()));
    assert!(parse(NOW.plus_ms(30 * DAY_MS)).is_ok());
    assert_eq!(code(parse(NOW.plus_ms(30 * DAY_MS + 1))).1, "expired");
    assert_eq!(code(parse(NOW.plus_ms(-121 * SECOND_MS))).1, "not-yet-valid");
    assert!(HolderCard::parse(&" ".repeat(5000), &centre("C46010"), NOW).is_err());
    for i in 0..text.len() {
        let mut altered = text.clone().into_bytes();
        altered[i] = if altered[i] == b'1' { b'2' } else { b'1' };
        let altered = String::from_utf8(altered).unwrap();
        // White space and nothing else may differ.
        let harmless = serde_json::from_str::<serde_json::Value>(&altered).ok() == serde_json::from_str(&text).ok();
        assert!(harmless || HolderCard::parse(&altered, &centre("C46010"), NOW).is_err(), "byte {i}");
    }
}

#[test]
fn a_card_signed_by_another_key_than_its_own_proves_nothing() {
    let mut rng = StdRng::seed_from_u64(2);
    let mut wallet = Wallet::default();
    card(&mut rng, NOW, &mut wallet, &centre("C46010")).unwrap();
    let stolen = HolderCard { centre: centre("C46010"), keys: wallet.keys()[0].public(), created: NOW };
    assert!(stolen.to_text(&SecretKey::random(&mut rng)).is_err());
    let mine = SecretKey::random(&mut rng);
    let own = HolderCard { keys: crate::certificate::HolderKeys { signing: mine.public(), ..stolen.keys.clone() }, ..stolen.clone() };
    let text = own.to_text(&mine).unwrap().replace(&String::from(mine.public()), &String::from(stolen.keys.signing));
    assert_eq!(code(HolderCard::parse(&text, &centre("C46010"), NOW)).0, RefusalCode::CardInvalid);
}

#[test]
fn receiving_binds_the_key_and_receiving_twice_changes_nothing() {
    let mut world = world(CertificateKind::CrossRegionLoan, 3);
    assert_eq!(*world.wallet.keys()[0].state(), wallet::KeyState::Bound { number: world.number.clone() });
    let before = world.wallet.to_json();
    receive(&mut world.wallet, NOW, &world.body, b"evidence", &world.issuer).unwrap();
    assert!(before == world.wallet.to_json());
    let restored = Wallet::from_json(&before).unwrap();
    assert!(before == restored.to_json());
    assert!(Wallet::from_json(b"{}").is_err() && Wallet::from_json(&before[..before.len() - 1]).is_err());
}

#[test]
fn another_holders_certificate_and_an_altered_one_are_not_received() {
    let mut world = world(CertificateKind::CrossRegionLoan, 4);
    let mut stranger = Wallet::default();
    assert_eq!(code(receive(&mut stranger, NOW, &world.body, b"", &world.issuer)).0, RefusalCode::HolderMismatch);
    let (body, _) = world.issue(CertificateKind::Deposit, CertificateNumber::new("C46010-JCZM-2026-000002").unwrap());
    let other = IssuerIdentity { key: SecretKey::random(&mut world.rng).public(), ..world.issuer.clone() };
    assert_eq!(code(receive(&mut world.wallet, NOW, &body, b"", &other)).0, RefusalCode::CertificateAltered);
    let foreign = IssuerIdentity { centre: centre("C50010"), ..world.issuer.clone() };
    assert_eq!(code(receive(&mut world.wallet, NOW, &body, b"", &foreign)).0, RefusalCode::HolderMismatch);
    // A field left out by whoever carried it.
    let mut short = CertificateBody::parse(&body).unwrap();
    short.fields.pop();
    assert_eq!(code(receive(&mut world.wallet, NOW, &short.to_bytes(), b"", &world.issuer)).0, RefusalCode::FieldNotInCertificate);
    assert_eq!(world.wallet.certificates().len(), 1);
    for i in (0..body.len()).step_by(7) {
        let mut altered = body.clone();
        altered[i] ^= 1;
        assert!(receive(&mut world.wallet, NOW, &altered, b"", &world.issuer).is_err(), "byte {i}");
    }
    receive(&mut world.wallet, NOW, &body, b"", &world.issuer).unwrap();
}

#[test]
fn the_preview_shows_exactly_what_the_grant_then_discloses() {
    let mut world = world(CertificateKind::CrossRegionLoan, 5);
    let request = world.request(&["个人账户余额", "XINGMING", "continuous_months", "balance"]);
    let shown = preview(&world.wallet, NOW, &request).unwrap();
    let lines: Vec<_> = shown.fields().map(|(field, value)| (field.label_zh.clone(), value.to_string())).collect();
    let expected = [("姓名", "\"符海燕\""), ("个人账户余额", "\"86452.10\""), ("连续缴存月数", "88")];
    assert_eq!(lines, expected.map(|(label, value)| (label.to_owned(), value.to_owned())));
    assert_eq!((shown.uses, shown.expires), (1, Time::end_of_legal_day(NOW.legal_day())));
    let text = world.grant(&request).unwrap();
    let claims = Presented::parse(&text).unwrap().claims().clone();
    assert_eq!(claims.fields, ["name", "balance", "continuous_months"]);
    assert_eq!(world.wallet.grants()[0].fields, claims.fields);
    assert!(!format!("{shown:?}{:?}", world.wallet).contains("符海燕"));
}

#[test]
fn a_grant_that_could_not_be_used_is_refused_before_it_is_signed() {
    let mut world = world(CertificateKind::CrossRegionLoan, 6);
    let base = world.request(&["name"]);
    let cases = [
        (GrantRequest { fields: vec!["paid_until".to_owned()], ..base.clone() }, RefusalCode::FieldNotInCertificate, "paid_until"),
        (GrantRequest { fields: vec!["工资".to_owned()], ..base.clone() }, RefusalCode::FieldNotInCertificate, "unknown"),
        (GrantRequest { fields: Vec::new(), ..base.clone() }, RefusalCode::RequestInvalid, "fields"),
        (GrantRequest { audience: centre("C50010"), ..base.clone() }, RefusalCode::WrongAddressee, "C46020"),
        (GrantRequest { uses: 101, ..base.clone() }, RefusalCode::CeilingExceeded, "uses"),
        (GrantRequest { uses: 0, ..base.clone() }, RefusalCode::RequestInvalid, ""),
        (GrantRequest { expires: NOW.plus_ms(31 * DAY_MS), ..base.clone() }, RefusalCode::CeilingExceeded, "duration"),
        (GrantRequest { expires: NOW.plus_ms(-1), ..base.clone() }, RefusalCode::RequestInvalid, "validity"),
        (GrantRequest { matter: "loan for 460100".to_owned(), ..base.clone() }, RefusalCode::RequestInvalid, ""),
        (
            GrantRequest { number: CertificateNumber::new("C46010-JCZM-2026-9").unwrap(), ..base.clone() },
            RefusalCode::CertificateUnknown,
            "",
        ),
    ];
    for (request, expected, detail) in cases {
        assert_eq!(code(world.grant(&request)), (expected, detail.to_owned()));
    }
    assert!(world.wallet.grants().is_empty());
    let elsewhere = GrantRequest { audience: centre("C50010"), ..base };
    assert_eq!(code(preview(&world.wallet, NOW, &elsewhere)).0, RefusalCode::WrongAddressee);
}

#[test]
fn a_revoked_grant_is_named_by_its_holder_only() {
    let mut world = world(CertificateKind::Deposit, 7);
    let request = world.request(&["name"]);
    let text = world.grant(&request).unwrap();
    let presented = Presented::parse(&text).unwrap();
    let revocation = Revocation::parse(&revoke(&mut world.wallet, NOW, &presented.id()).unwrap()).unwrap();
    assert!(revocation.takes_back(&presented) && revocation.counts_for(&world.row()).is_ok());
    assert_eq!(world.wallet.grants()[0].revoked, Some(NOW));
    let stranger = Revocation::make(NOW, presented.id(), &world.number, &SecretKey::random(&mut world.rng));
    let stranger = Revocation::parse(&stranger).unwrap();
    assert!(!stranger.takes_back(&presented) && stranger.counts_for(&world.row()).is_err());
    assert!(revoke(&mut world.wallet, NOW, &crate::names::GrantId([0; 16])).is_err());
}

#[test]
fn a_grant_stays_small() {
    let mut world = world(CertificateKind::CrossRegionLoan, 8);
    let all: Vec<&str> = Field::all(CertificateKind::CrossRegionLoan).iter().map(|f| f.name.as_str()).collect();
    let eight = world.grant(&world.request(&all[..8])).unwrap().len();
    let full = world.grant(&world.request(&all)).unwrap().len();
    assert!(eight < 2 * 1024 && full < 4 * 1024, "{eight} and {full} bytes");
    assert_eq!(world.request(&all).mode, Mode::Details);
}
