use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;
use crate::desk::Act;
use crate::error::RefusalCode;
use crate::names::{CentreCode, FederationName, RequestId};
use crate::sign::SecretKey;
use crate::time::{CLOCK_TOLERANCE_MS, Time};

const NOW: Time = Time(1_795_226_400_000);

fn made() -> (SecretKey, Operator) {
    let mut rng = StdRng::seed_from_u64(7);
    let key = SecretKey::random(&mut rng);
    let name = OperatorName::new("zhang.wei").unwrap();
    let sealed = SealedKey::seal(&mut rng, &name, &key, b"correct horse battery").unwrap();
    let operator = Operator {
        name,
        display: "张伟".to_owned(),
        staff_no: "0042".to_owned(),
        role: Role::Teller,
        key: key.public(),
        sealed,
        created: NOW,
        disabled: None,
    };
    (key, operator)
}

#[test]
fn a_key_opens_with_its_passphrase_and_name_and_with_nothing_else() {
    let (key, operator) = made();
    let opened = operator.sealed.open(&operator.name, b"correct horse battery").unwrap();
    assert_eq!(opened.public(), key.public());
    assert!(operator.sealed.open(&operator.name, b"correct horse batter").is_err());
    assert!(operator.sealed.open(&OperatorName::new("li").unwrap(), b"correct horse battery").is_err());
    let greedy = SealedKey { memory_kib: u32::MAX, ..operator.sealed };
    assert!(greedy.open(&operator.name, b"correct horse battery").is_err());
}

#[test]
fn an_act_holds_for_its_operator_centre_federation_time_and_text_only() {
    let (key, operator) = made();
    let centre = CentreCode::new("C46010").unwrap();
    let (federation, other) = (FederationName::new("hainan").unwrap(), FederationName::new("other").unwrap());
    let signed = SignedAct::sign(&key, &operator.name, &centre, &federation, NOW, RequestId([1; 16]), &Act::AuditCheck);
    assert_eq!(*signed.prove(operator.clone(), &centre, &federation, NOW).unwrap().act(), Act::AuditCheck);
    let refused = |signed: &SignedAct, operator: &Operator, centre: &str, federation: &FederationName, now: Time| {
        signed.prove(operator.clone(), &CentreCode::new(centre).unwrap(), federation, now).unwrap_err()
    };
    assert_eq!(refused(&signed, &operator, "C46020", &federation, NOW), RefusalCode::OperatorUnproven);
    assert_eq!(refused(&signed, &operator, "C46010", &other, NOW), RefusalCode::OperatorUnproven);
    assert_eq!(refused(&signed, &operator, "C46010", &federation, NOW.plus_ms(CLOCK_TOLERANCE_MS + 1)), RefusalCode::OperatorUnproven);
    let altered = SignedAct { request: RequestId([2; 16]), ..signed.clone() };
    assert_eq!(refused(&altered, &operator, "C46010", &federation, NOW), RefusalCode::OperatorUnproven);
    let altered = SignedAct { act: signed.act.replace("audit-check", "audit-list"), ..signed.clone() };
    assert_eq!(refused(&altered, &operator, "C46010", &federation, NOW), RefusalCode::OperatorUnproven);
    let disabled = Operator { disabled: Some(NOW), ..operator };
    assert_eq!(refused(&signed, &disabled, "C46010", &federation, NOW), RefusalCode::OperatorUnknown);
}

#[test]
fn an_act_never_prints_what_it_asks_for() {
    let (key, operator) = made();
    let (centre, federation) = (CentreCode::new("C46010").unwrap(), FederationName::new("hainan").unwrap());
    let applicant = crate::desk::Applicant {
        row: 0,
        document_type: "01".to_owned(),
        document_no: "460199197601171425".to_owned(),
        business_no: "SY-1".to_owned(),
    };
    let act = Act::Lookup { applicant, matter: "loan".to_owned(), legal_basis: "statutory".to_owned() };
    let signed = SignedAct::sign(&key, &operator.name, &centre, &federation, NOW, RequestId([1; 16]), &act);
    let proven = signed.prove(operator, &centre, &federation, NOW).unwrap();
    for printed in [format!("{signed:?}"), format!("{proven:?}"), format!("{act:?}"), format!("{:?}", crate::desk::Request::Act(signed))] {
        assert!(!printed.contains("460199197601171425") && !printed.contains("SY-1"), "{printed}");
    }
}
