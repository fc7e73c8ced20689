use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;

fn founders(rng: &mut StdRng) -> Vec<(CentreCode, CentreKeys, CentreCard)> {
    ["C46010", "C46020", "C50010"]
        .into_iter()
        .enumerate()
        .map(|(i, code)| {
            let keys = CentreKeys::random(rng);
            let centre = CentreCode::new(code).unwrap();
            let card = CentreCard::new(centre.clone(), format!("中心{i}"), vec![format!("/ip4/127.0.0.1/udp/74{i:02}/quic-v1")], &keys);
            (centre, keys, card)
        })
        .collect()
}

fn signed(rng: &mut StdRng) -> (Vec<(CentreCode, CentreKeys, CentreCard)>, CharterFile) {
    let founders = founders(rng);
    let cards: Vec<_> = founders.iter().map(|f| f.2.clone()).collect();
    let mut file = CharterFile::found(rng, FederationName::new("hainan").unwrap(), &cards).unwrap();
    for (centre, keys, _) in &founders {
        file.sign(centre, keys).unwrap();
    }
    (founders, file)
}

#[test]
fn a_card_is_refused_when_any_of_its_lines_is_altered() {
    let mut rng = StdRng::seed_from_u64(1);
    let (_, keys, card) = founders(&mut rng).remove(0);
    let text = card.to_signed_text(&keys);
    assert_eq!(CentreCard::parse(&text).unwrap(), card);
    let mut altered = 0;
    for (i, byte) in text.bytes().enumerate().filter(|(_, b)| b.is_ascii_alphanumeric()) {
        let mut other = text.clone().into_bytes();
        other[i] = if byte == b'1' { b'2' } else { b'1' };
        if let Ok(other) = String::from_utf8(other) {
            assert!(CentreCard::parse(&other).is_err(), "byte {i}");
            altered += 1;
        }
    }
    assert!(altered > 300);
}

#[test]
fn a_card_signed_by_another_station_is_refused() {
    let mut rng = StdRng::seed_from_u64(2);
    let (_, mut keys, card) = founders(&mut rng).remove(0);
    keys.station = crate::sign::SecretKey::random(&mut rng);
    assert!(matches!(CentreCard::parse(&card.to_signed_text(&keys)), Err(CardError::Signature(_))));
}

#[test]
fn a_charter_counts_only_with_every_founders_signature() {
    let mut rng = StdRng::seed_from_u64(3);
    let founders = founders(&mut rng);
    let cards: Vec<_> = founders.iter().map(|f| f.2.clone()).collect();
    let mut file = CharterFile::found(&mut rng, FederationName::new("hainan").unwrap(), &cards).unwrap();
    assert!(matches!(file.verify(), Err(CharterError::Unsigned(who)) if who == "C46010, C46020, C50010"));
    let mut copy = file.clone();
    file.sign(&founders[0].0, &founders[0].1).unwrap();
    copy.sign(&founders[1].0, &founders[1].1).unwrap();
    copy.sign(&founders[2].0, &founders[2].1).unwrap();
    file.merge(&copy).unwrap();
    let charter = CharterFile::parse(&file.to_text()).unwrap().verify().unwrap();
    assert_eq!(charter.members().len(), 3);
    assert!(charter.member(&founders[2].0).is_some());
    assert_eq!(charter.station(&founders[1].1.station_key()).unwrap().0.centre, founders[1].0);
}

#[test]
fn a_founder_signs_only_a_charter_with_its_own_keys() {
    let mut rng = StdRng::seed_from_u64(4);
    let (founders, mut file) = signed(&mut rng);
    let stranger = CentreKeys::random(&mut rng);
    assert!(matches!(file.sign(&founders[0].0, &stranger), Err(CharterError::OtherKeys(_))));
    assert!(matches!(file.sign(&CentreCode::new("C99999").unwrap(), &stranger), Err(CharterError::NotAMember(_))));
}

#[test]
fn an_altered_charter_or_signature_is_refused() {
    let mut rng = StdRng::seed_from_u64(5);
    let (_, file) = signed(&mut rng);
    let text = file.to_text();
    assert!(CharterFile::parse(&text).unwrap().verify().is_ok());
    for i in (0..text.len()).filter(|i| text.as_bytes()[*i].is_ascii_alphanumeric()).step_by(7) {
        let mut other = text.clone().into_bytes();
        other[i] = if other[i] == b'1' { b'2' } else { b'1' };
        let read = String::from_utf8(other).map(|t| CharterFile::parse(&t).and_then(|f| f.verify()));
        assert!(!matches!(read, Ok(Ok(_))), "byte {i}");
    }
}

#[test]
fn only_members_open_the_epoch_and_all_open_the_same() {
    let mut rng = StdRng::seed_from_u64(6);
    let (founders, file) = signed(&mut rng);
    let charter = file.verify().unwrap();
    let opened: Vec<_> = founders.iter().map(|(c, k, _)| charter.open_epoch(c, &k.sealing).unwrap()).collect();
    assert!(opened.windows(2).all(|w| w[0].gossip.expose() == w[1].gossip.expose() && w[0].pepper.expose() == w[1].pepper.expose()));
    assert_ne!(opened[0].gossip.expose(), opened[0].pepper.expose());
    assert!(charter.open_epoch(&founders[0].0, &founders[1].1.sealing).is_err());
    assert!(charter.open_epoch(&founders[0].0, &OpeningKeyOf::stranger(&mut rng)).is_err());
}

struct OpeningKeyOf;
impl OpeningKeyOf {
    fn stranger(rng: &mut StdRng) -> crate::seal::hpke::OpeningKey {
        crate::seal::hpke::OpeningKey::random(rng)
    }
}

#[test]
fn two_founders_may_not_share_a_key_or_a_code() {
    let mut rng = StdRng::seed_from_u64(7);
    let founders = founders(&mut rng);
    let name = FederationName::new("hainan").unwrap();
    let same_code = [founders[0].2.clone(), founders[0].2.clone()];
    assert!(matches!(CharterFile::found(&mut rng, name.clone(), &same_code), Err(CharterError::Shared(_))));
    let mut twin = founders[0].2.clone();
    twin.centre = founders[1].0.clone();
    assert_eq!(CharterFile::found(&mut rng, name.clone(), &[founders[0].2.clone(), twin]), Err(CharterError::Shared("a key")));
    assert_eq!(CharterFile::found(&mut rng, name, &[founders[0].2.clone()]), Err(CharterError::Members(1)));
}

#[test]
fn a_name_that_turns_text_around_is_refused() {
    let mut rng = StdRng::seed_from_u64(8);
    let (_, keys, mut card) = founders(&mut rng).remove(0);
    for bad in ["", "  ", "海口\u{202e}", "海\n口", "\u{1b}[31m海口"] {
        card.name = bad.to_owned();
        assert!(matches!(CentreCard::parse(&card.to_signed_text(&keys)), Err(CardError::Bad { what: "name", .. })), "{bad:?}");
    }
}
