//! Signatures, memory and rates, without a node.

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;
use crate::error::RefusalCode;
use crate::names::{CentreCode, FederationName};
use crate::seal::Key;
use crate::sign::{Context, SecretKey};
use crate::time::{CLOCK_TOLERANCE_MS, Time};

const NOW: Time = Time(1_795_226_400_000);

fn key(n: u8) -> SecretKey {
    SecretKey::from_key(Key::from_bytes([n; 32]))
}

fn place(federation: &str, centre: &str) -> (FederationName, CentreCode) {
    (FederationName::new(federation).unwrap(), CentreCode::new(centre).unwrap())
}

fn prove(asked: &Asked, at: (&str, &str), now: Time) -> Result<Proven, RefusalCode> {
    let (federation, centre) = place(at.0, at.1);
    asked.prove(Place { federation: &federation, centre: &centre }, now).map_err(|refusal| refusal.code)
}

const HERE: (&str, &str) = ("hainan", "C46010");

fn asked_at(time: Time, nonce: [u8; 16]) -> Asked {
    let (federation, centre) = place(HERE.0, HERE.1);
    let (method, target, body) = ("POST", "/v1/grants?a=1", b"{}".as_slice());
    let authorization = authorization(&key(1), Place { federation: &federation, centre: &centre }, (method, target, body), time, nonce);
    Asked { method: method.to_owned(), target: target.to_owned(), authorization, body: body.to_vec() }
}

#[test]
fn a_request_is_proven_for_its_key_and_every_altered_part_of_it_is_not() {
    let good = asked_at(NOW, [7; 16]);
    let proven = prove(&good, HERE, NOW).unwrap();
    assert_eq!(*proven.holder(), crate::certificate::thumbprint(&key(1).public()));
    let with = |change: &dyn Fn(&mut Asked)| {
        let mut altered = good.clone();
        change(&mut altered);
        prove(&altered, HERE, NOW)
    };
    let swap = |from: &str, to: &str| {
        assert!(good.authorization.contains(from), "{from}");
        with(&|asked| asked.authorization = asked.authorization.replacen(from, to, 1))
    };
    let table = [
        ("method", with(&|asked| asked.method = "GET".to_owned())),
        ("path", with(&|asked| asked.target = "/v1/grantt?a=1".to_owned())),
        ("query", with(&|asked| asked.target = "/v1/grants?a=2".to_owned())),
        ("body", with(&|asked| asked.body = b"{ }".to_vec())),
        ("method cut elsewhere", with(&|asked| (asked.method, asked.target) = ("POST/".to_owned(), "v1/grants?a=1".to_owned()))),
        ("another centre", prove(&good, ("hainan", "C46020"), NOW)),
        ("another federation", prove(&good, ("hunan", "C46010"), NOW)),
        ("time", swap(&NOW.0.to_string(), &(NOW.0 + 1).to_string())),
        ("nonce", swap(&hex::encode([7; 16]), &hex::encode([8; 16]))),
        ("key", swap(&hex::encode(key(1).public().0), &hex::encode(key(2).public().0))),
        ("signature", swap("sig=", "sig=00")),
        ("version", swap("v1", "v2")),
        ("scheme", swap("Anju-Holder", "anju-holder")),
        ("capitals", with(&|asked| asked.authorization = asked.authorization.replace('a', "A"))),
        ("a space", swap(",time", ", time")),
        ("a number with a plus", swap("time=", "time=+")),
        ("a number with a zero", swap("time=", "time=0")),
        ("more behind it", with(&|asked| asked.authorization.push_str(",x=1"))),
        ("nothing", with(&|asked| asked.authorization = String::new())),
        ("too long", with(&|asked| asked.authorization = "a".repeat(MAX_AUTHORIZATION_BYTES + 1))),
    ];
    for (what, outcome) in table {
        assert_eq!(outcome, Err(RefusalCode::HolderUnproven), "{what}");
    }
    assert!(good.authorization.len() <= MAX_AUTHORIZATION_BYTES);
}

#[test]
fn a_flipped_bit_anywhere_in_the_signature_is_noticed() {
    let good = asked_at(NOW, [7; 16]);
    let at = good.authorization.find("sig=").unwrap() + 4;
    for digit in 0..128 {
        let mut altered = good.clone();
        let mut bytes = altered.authorization.into_bytes();
        bytes[at + digit] = if bytes[at + digit] == b'0' { b'1' } else { b'0' };
        altered.authorization = String::from_utf8(bytes).unwrap();
        assert_eq!(prove(&altered, HERE, NOW), Err(RefusalCode::HolderUnproven), "digit {digit}");
    }
}

#[test]
fn what_the_key_signs_for_the_window_is_not_what_it_signs_elsewhere() {
    let message = b"GET";
    let signature = key(1).sign(Context::HolderRequest, message);
    assert!(key(1).public().verify(Context::HolderRequest, message, &signature).is_ok());
    for other in [Context::HolderCard, Context::OperatorAct, Context::Card, Context::CardStation, Context::Charter] {
        assert!(key(1).public().verify(other, message, &signature).is_err(), "{other:?}");
    }
}

#[test]
fn a_clock_may_be_two_minutes_off_and_not_a_millisecond_more() {
    for off in [-CLOCK_TOLERANCE_MS, 0, CLOCK_TOLERANCE_MS] {
        assert!(prove(&asked_at(NOW, [1; 16]), HERE, NOW.plus_ms(off)).is_ok(), "{off}");
    }
    for off in [-CLOCK_TOLERANCE_MS - 1, CLOCK_TOLERANCE_MS + 1] {
        assert_eq!(prove(&asked_at(NOW, [1; 16]), HERE, NOW.plus_ms(off)), Err(RefusalCode::RequestStale), "{off}");
    }
    for far in [i64::MIN, i64::MAX] {
        assert_eq!(prove(&asked_at(Time(far), [1; 16]), HERE, NOW), Err(RefusalCode::RequestStale), "{far}");
    }
}

#[test]
fn a_request_counts_once_for_as_long_as_it_could_be_taken_for_new() {
    let mut nonces = Nonces::new(NOW);
    let late = NOW.plus_ms(CLOCK_TOLERANCE_MS);
    let proven = |time, nonce| prove(&asked_at(time, [nonce; 16]), HERE, time).unwrap();
    assert_eq!(nonces.see(NOW, &proven(NOW, 1)), Seen::New);
    assert_eq!(nonces.see(NOW, &proven(NOW, 2)), Seen::New);
    assert_eq!(nonces.see(late, &proven(NOW, 1)), Seen::Before, "to the last millisecond");
    assert_eq!(nonces.see(late.plus_ms(1), &proven(NOW, 1)), Seen::TooOld);
    assert_eq!(nonces.see(NOW, &proven(NOW, 1)), Seen::TooOld, "nor when the clock goes back");
    let mut restarted = Nonces::new(NOW);
    assert_eq!(restarted.see(NOW, &proven(NOW.plus_ms(-1), 1)), Seen::TooOld, "what was signed before this memory began");
}

#[test]
fn a_full_memory_forgets_nothing_that_could_come_again() {
    let mut nonces = Nonces::of(NOW, 3);
    let proven = |time, nonce| prove(&asked_at(time, [nonce; 16]), HERE, time).unwrap();
    for n in 0..3 {
        assert_eq!(nonces.see(NOW, &proven(NOW.plus_ms(i64::from(n)), n)), Seen::New);
    }
    let late = NOW.plus_ms(CLOCK_TOLERANCE_MS);
    assert_eq!(nonces.see(late, &proven(late, 9)), Seen::Full);
    assert_eq!(nonces.see(late, &proven(NOW, 0)), Seen::Before);
    assert_eq!(nonces.see(late.plus_ms(1), &proven(late, 9)), Seen::New, "the oldest is too old by now");
    assert_eq!(nonces.see(late.plus_ms(1), &proven(late, 8)), Seen::Full);
}

#[test]
fn a_burst_is_allowed_and_then_one_at_a_time_whatever_the_clock_does() {
    let mut limiter = Limiter::new(Rate { burst: 3, every_ms: 1_000 }, 2);
    assert!((0..3).all(|_| limiter.take(NOW, 1) == Passed::Yes));
    assert_eq!(limiter.take(NOW, 1), Passed::Wait(1_000));
    assert_eq!(limiter.take(NOW.plus_ms(999), 1), Passed::Wait(1));
    assert_eq!(limiter.take(NOW.plus_ms(1_000), 1), Passed::Yes);
    assert_eq!(limiter.take(NOW.plus_ms(1_000), 1), Passed::Wait(1_000));
    assert_eq!(limiter.take(NOW.plus_ms(-1_000_000), 1), Passed::Wait(1_000), "a clock that went back opens nothing, and locks nobody out");
    assert_eq!(limiter.take(NOW, 2), Passed::Yes);
    assert_eq!(limiter.take(NOW, 3), Passed::Full);
    assert_eq!(limiter.look(NOW, &3), Passed::Yes);
    let later = NOW.plus_ms(10_000);
    assert!((0..3).all(|_| limiter.take(later, 3) == Passed::Yes), "room came back");
}

#[test]
fn codes_have_eight_digits_and_are_read_as_people_type_them() {
    let mut rng = StdRng::seed_from_u64(3);
    for _ in 0..200 {
        let code = PickupCode::random(&mut rng);
        assert_eq!(PickupCode::parse(code.expose()).unwrap(), code);
    }
    let code = PickupCode::parse("12345678").unwrap();
    for typed in [" 1234 5678", "1234-5678", "１２３４５６７８"] {
        assert_eq!(PickupCode::parse(typed).unwrap(), code, "{typed}");
    }
    for bad in ["", "1234567", "123456789", "1234567a", "12345678\n9"] {
        assert!(PickupCode::parse(bad).is_err(), "{bad}");
    }
    assert_eq!((code.masked().as_str(), format!("{code:?}").as_str()), ("******78", "PickupCode(..)"));
    assert_eq!(LastFour::parse(" 519x ").unwrap(), LastFour::of("46019919840915519X").unwrap());
    assert!(["", "19x", "19 x", "1九9x", "12345"].iter().all(|bad| LastFour::parse(bad).is_err()));
    assert!(["", "123", "四五六七"].iter().all(|bad| LastFour::of(bad).is_err()));
}

#[test]
fn what_is_kept_of_code_and_characters_is_another_under_another_secret() {
    let (own, other) = (Key::from_bytes([1; 32]), Key::from_bytes([2; 32]));
    let (code, four) = (PickupCode::parse("12345678").unwrap(), LastFour::parse("519X").unwrap());
    assert_ne!(code.token(&own), code.token(&other));
    assert_ne!(deposit::verifier(&own, &code.token(&own), &four), deposit::verifier(&other, &code.token(&own), &four));
    let next = PickupCode::parse("12345679").unwrap();
    assert_ne!(
        deposit::verifier(&own, &code.token(&own), &four),
        deposit::verifier(&own, &next.token(&own), &four),
        "nor for another deposit"
    );
}

#[test]
fn a_problem_names_type_status_and_code_and_every_refusal_has_a_status() {
    for code in RefusalCode::ALL {
        let reply = Reply::refused(&(*code).into());
        assert!((400..600).contains(&reply.status), "{code}");
        let problem: Problem = serde_json::from_str(&reply.body).unwrap();
        assert_eq!((problem.kind, problem.status, problem.code), (format!("urn:anju:refusal:{code}"), reply.status, *code));
        assert_eq!(reply.content_type(), "application/problem+json");
    }
    assert_eq!(Reply::refused(&RefusalCode::WindowBusy.into()).status, 503);
    assert_eq!(Reply::refused(&RefusalCode::TooManyRequests.into()).status, 429);
    let wait = |refusal: crate::error::Refusal| Reply::refused(&refusal).retry_after_s;
    assert_eq!(wait(crate::error::Refusal::about(RefusalCode::TooManyRequests, "1001")), Some(2));
    assert_eq!(wait(crate::error::Refusal::about(RefusalCode::TooManyRequests, "99999999")), Some(60));
    assert_eq!((wait(RefusalCode::WindowBusy.into()), wait(RefusalCode::GrantExpired.into())), (Some(5), None));
}

#[test]
fn a_page_begins_where_the_query_says_or_it_is_no_query() {
    assert_eq!(after("").unwrap(), None);
    assert_eq!(after("after=C46020.12").unwrap(), Some((CentreCode::new("C46020").unwrap(), 12)));
    for bad in ["after=", "after=C46020", "after=C46020.x", "before=C46020.1", "after=C46020.1&x=2"] {
        assert_eq!(after(bad).map_err(|refusal| refusal.code), Err(RefusalCode::CursorInvalid), "{bad}");
    }
}
