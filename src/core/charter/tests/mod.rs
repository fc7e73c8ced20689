mod votes;

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
    let mut file = CharterFile::found(rng, FederationName::new("hainan").unwrap(), &cards, &Founding::default()).unwrap();
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
    let mut file = CharterFile::found(&mut rng, FederationName::new("hainan").unwrap(), &cards, &Founding::default()).unwrap();
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
    let (founders, file) = signed(&mut rng);
    let text = file.to_text();
    assert!(CharterFile::parse(&text).unwrap().verify().is_ok());
    // Nobody signs the copies of the epoch: whose copy was altered sees it when it takes its seat.
    let seats = |file: CharterFile| {
        founders
            .iter()
            .try_for_each(|(centre, keys, _)| file.founding_seat(centre, keys)?.secrets.map(drop).ok_or(CharterError::Shape(String::new())))
    };
    for i in (0..text.len()).filter(|i| text.as_bytes()[*i].is_ascii_alphanumeric()).step_by(7) {
        let mut other = text.clone().into_bytes();
        other[i] = if other[i] == b'1' { b'2' } else { b'1' };
        let read = String::from_utf8(other).map(|t| CharterFile::parse(&t).and_then(seats));
        assert!(!matches!(read, Ok(Ok(_))), "byte {i}");
    }
}

#[test]
fn only_members_open_the_epoch_and_all_open_the_same() {
    let mut rng = StdRng::seed_from_u64(6);
    let (founders, file) = signed(&mut rng);
    let charter = file.verify().unwrap();
    let open = |(centre, keys, _): &(CentreCode, CentreKeys, CentreCard)| {
        charter.open_epoch(centre, &keys.hybrid, &file.copy_of(centre).unwrap()).unwrap()
    };
    let opened: Vec<_> = founders.iter().map(open).collect();
    let key = |secrets: &EpochSecrets| *secrets.pepper().unwrap().key.expose();
    assert!(opened.windows(2).all(|w| w[0].gossip.expose() == w[1].gossip.expose() && key(&w[0]) == key(&w[1])));
    assert_ne!(*opened[0].gossip.expose(), key(&opened[0]));
    let first = file.copy_of(&founders[0].0).unwrap();
    assert!(charter.open_epoch(&founders[0].0, &founders[1].1.hybrid, &first).is_err());
    assert!(charter.open_epoch(&founders[1].0, &founders[0].1.hybrid, &first).is_err(), "a copy is for one member");
    assert!(charter.open_epoch(&founders[0].0, &CentreKeys::random(&mut rng).hybrid, &first).is_err());
    // Secrets that the founders did not sign for are not theirs, whoever sealed them.
    let others = EpochSecrets::founding(&mut rng).copy_for(&mut rng, charter.federation(), &charter.members()[0]).unwrap();
    assert!(charter.open_epoch(&founders[0].0, &founders[0].1.hybrid, &others).is_err());
}

#[test]
fn two_founders_may_not_share_a_key_or_a_code() {
    let mut rng = StdRng::seed_from_u64(7);
    let founders = founders(&mut rng);
    let name = FederationName::new("hainan").unwrap();
    let same_code = [founders[0].2.clone(), founders[0].2.clone()];
    assert!(matches!(CharterFile::found(&mut rng, name.clone(), &same_code, &Founding::default()), Err(CharterError::Shared(_))));
    let mut twin = founders[0].2.clone();
    twin.centre = founders[1].0.clone();
    assert_eq!(
        CharterFile::found(&mut rng, name.clone(), &[founders[0].2.clone(), twin], &Founding::default()),
        Err(CharterError::Shared("a key"))
    );
    assert_eq!(CharterFile::found(&mut rng, name, &[founders[0].2.clone()], &Founding::default()), Err(CharterError::Members(1)));
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

/// The same bytes under another suite, everywhere one is named.
fn of_another_suite(bytes: &[u8]) -> Vec<u8> {
    let (ours, other) = (crate::seal::SUITE.as_bytes(), b"anju-2");
    let mut out = bytes.to_vec();
    for at in 0..=out.len() - ours.len() {
        if out[at..].starts_with(ours) {
            out[at..at + ours.len()].copy_from_slice(other);
        }
    }
    assert_ne!(out, bytes, "it names no suite");
    out
}

#[test]
fn a_charter_of_another_suite_is_refused_although_every_founder_signed_it() {
    use base64::Engine as _;
    let mut rng = StdRng::seed_from_u64(31);
    let (founders, file) = signed(&mut rng);
    let standard = base64::engine::general_purpose::STANDARD;
    let mut text: serde_json::Value = serde_json::from_str(&file.to_text()).unwrap();
    let bytes = of_another_suite(&standard.decode(text["charter"].as_str().unwrap()).unwrap());
    text["charter"] = standard.encode(&bytes).into();
    let digest = crate::journal::hash::sha256(&bytes);
    for (centre, keys, _) in &founders {
        let signature = keys.signing.sign(crate::sign::Context::Charter, &digest.0);
        text["signatures"][centre.as_str()] = hex::encode(signature.0).into();
    }
    let other = CharterFile::parse(&text.to_string()).unwrap();
    assert!(matches!(other.verify(), Err(CharterError::Rule("unknown suite"))), "{:?}", other.verify());
    assert!(matches!(other.unverified(), Err(CharterError::Rule("unknown suite"))));
}

#[test]
fn no_later_version_leads_to_another_suite_and_no_word_about_one_counts() {
    let mut rng = StdRng::seed_from_u64(32);
    let (founders, file) = signed(&mut rng);
    let charter = file.verify().unwrap();
    let changes = vec![Change::Quorum { quorum: Some(3) }];
    let draft = charter.draft(&changes, None).unwrap();
    let approvals = founders.iter().map(|(centre, keys, _)| draft.approve(centre.clone(), 0, &keys.signing)).collect();
    let link = Link { suite: crate::seal::SUITE.to_owned(), version: 2, changes, commitment: None, round: 0, approvals };
    let bytes = link.to_bytes();
    assert!(charter.follow(&Link::decode(&bytes).unwrap()).is_ok());
    assert!(matches!(Link::decode(&of_another_suite(&bytes)), Err(CharterError::Rule("unknown suite"))));
    // Nothing in a change names a suite: the charter's stays as it was founded.
    assert!(!format!("{:?}", link.changes).contains(crate::seal::SUITE));
    let promised = vote::Said::Promised(vote::Promised { suite: crate::seal::SUITE.to_owned(), version: 2, round: 1, last: None });
    let (kind, body) = promised.to_body();
    assert!(vote::Said::parse(kind, &body).is_some() && vote::Said::parse(kind, &of_another_suite(&body)).is_none());
    let (_, keys, card) = &founders[0];
    let other = CentreCard { suite: "anju-2".to_owned(), ..card.clone() };
    assert!(CentreCard::parse(&other.to_signed_text(keys)).is_err(), "a card of another suite, signed by its keys");
}

#[test]
fn what_a_suspended_centre_wrote_beyond_its_suspension_does_not_begin_to_count_with_other_keys_or_its_going() {
    let mut rng = StdRng::seed_from_u64(33);
    let (founders, file) = signed(&mut rng);
    let charter = file.verify().unwrap();
    let (centre, _, old) = &founders[0];
    let card = CentreCard::new(centre.clone(), "中心".to_owned(), old.addresses.clone(), &CentreKeys::random(&mut rng));
    let extent = |size: u64| Extent { size, root: Digest([u8::try_from(size).unwrap(); 32]) };
    let ended = |change: Change| {
        let (changes, commitment) = (vec![Change::Suspend { centre: centre.clone(), counts: extent(5) }, change], Some(Digest([9; 32])));
        let draft = charter.draft(&changes, commitment).unwrap();
        let approvals = founders.iter().map(|(centre, keys, _)| draft.approve(centre.clone(), 0, &keys.signing)).collect();
        let link = Link { suite: crate::seal::SUITE.to_owned(), version: 2, changes, commitment, round: 0, approvals };
        let next = charter.follow(&link).unwrap();
        let halted = next.member(centre).map(|member| member.halted.map(|halted| halted.size));
        let former = next.former().iter().map(|former| (&former.centre, &former.ended));
        let members = next.members().iter().map(|member| (&member.centre, &member.ended));
        let of = former.chain(members).find(|(of, _)| *of == centre).unwrap().1.clone();
        let ended: Vec<_> = of.into_iter().map(|term| term.counts.size).collect();
        assert!(halted.is_none_or(|halted| halted == ended.first().copied()), "it stays suspended where its term ended");
        ended
    };
    for (named, counts) in [(9, 5), (5, 5), (4, 4)] {
        let (card, counts_named) = (Box::new(card.clone()), extent(named));
        assert_eq!(ended(Change::Rotate { card, counts: counts_named }), [counts]);
        assert_eq!(ended(Change::Remove { centre: centre.clone(), counts: counts_named }), [counts]);
    }
}
