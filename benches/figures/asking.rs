//! How long the counter waits for what only the issuer answers, and how many readings one peer answers in a second.

use std::time::{Duration, Instant};

use anju::desk::client;
use anju_core::desk::{Act, Event, Request};
use anju_core::grant::Mode;
use anju_core::holder::{GrantRequest, Wallet, grant};
use anju_core::interact::{Stated, Wanted};
use anju_core::names::{CentreCode, CertificateNumber, RequestId};
use anju_core::operator::{OperatorName, Role, SignedAct};
use anju_core::sign::SecretKey;
use rand::RngExt;

use super::{CENTRES, Federation, PATIENCE, QUERIES, USES, at, certified, ms, now};

const MATTER: &str = include_str!("../../schemas/matters/cross-region-loan.toml");
const RULE: &str = "may-apply";
const RULE_FIELDS: [&str; 7] =
    ["account_status", "continuous_months", "continuous_to", "in_arrears", "loan_record", "loan_count", "loan_outstanding"];
const READ_FIELDS: [&str; 6] = ["name", "document_no", "account_status", "employer", "monthly_deposit", "continuous_months"];
/// Counters that ask at once.
const COUNTERS: usize = 4;

/// Everything here is asked at the second centre about a certificate of the first, under a matter that binds it.
pub(super) fn run(federation: &mut Federation) {
    publish(federation);
    let mut wallet = Wallet::default();
    let (number, ..) = certified(federation, &mut wallet);
    federation.wait_for(1, federation.applied(0, 0));
    let stated = [("name", "x"), ("monthly_deposit", "1.00"), ("continuous_months", "6")];
    let values = stated.map(|(field, value)| Stated { field: field.to_owned(), value: value.to_owned() }).to_vec();
    let fields: Vec<&str> = stated.iter().map(|(field, _)| *field).collect();
    let checks = grants(federation, &mut wallet, &number, (Mode::Check, &fields));
    let rules = grants(federation, &mut wallet, &number, (Mode::Evaluate, &RULE_FIELDS));
    let check = Wanted::Check { values };
    let evaluate = Wanted::Evaluate { rule: RULE.to_owned() };
    for (name, grants, wanted) in [("check of 3 values", checks, check), ("evaluate of a rule of 7 fields", rules, evaluate)] {
        let times = one_by_one(federation, &grants, &wanted);
        println!(
            "{name}, issuer asked, counted and signed, {QUERIES} one after the other: median {:.1} ms, p99 {:.1} ms, worst {:.1} ms",
            ms(at(&times, 50)),
            ms(at(&times, 99)),
            ms(at(&times, 100))
        );
    }
    for live in [true, false] {
        if !live {
            federation.stop(0);
        }
        let details = grants(federation, &mut wallet, &number, (Mode::Details, &READ_FIELDS));
        let (took, count) = at_once(federation, &details);
        let issuer = if live { "issuer asked for its word" } else { "issuer stopped" };
        println!(
            "readings of {} fields, {COUNTERS} counters at once, {issuer}: {:.0} a second ({count} in {:.0} ms)",
            READ_FIELDS.len(),
            count as f64 / took.as_secs_f64(),
            ms(took)
        );
    }
    federation.start(0);
}

/// The matter that ships with the program, in force, with as many uses as are timed here.
fn publish(federation: &mut Federation) {
    let reviewer = OperatorName::new("li").unwrap();
    let key = SecretKey::random(&mut federation.rng);
    federation.hire(1, reviewer.clone(), Role::Reviewer, key.public());
    let file = MATTER.replace("from = 2026-12-01", "from = 2026-01-01").replace("uses_max = 1", &format!("uses_max = {USES}"));
    let (centre, request) = (CentreCode::new(CENTRES[1]).unwrap(), RequestId(federation.rng.random()));
    let act = Act::MatterPublish { file };
    let signed = SignedAct::sign(&key, &reviewer, &centre, federation.charter.federation(), now(), request, &act);
    let event = federation.ask(1, &Request::Act(signed));
    let Event::Published { index, .. } = event else { panic!("not published: {event:?}") };
    let start = Instant::now();
    while federation.applied(0, 1) <= index {
        assert!(start.elapsed() < PATIENCE, "the matter did not arrive");
        std::thread::sleep(super::LOOK_EVERY);
    }
}

fn grants(federation: &mut Federation, wallet: &mut Wallet, number: &CertificateNumber, (mode, fields): (Mode, &[&str])) -> Vec<String> {
    let audience = CentreCode::new(CENTRES[1]).unwrap();
    let key = federation.charter.member(&audience).unwrap().sealing;
    let fields: Vec<String> = fields.iter().map(|field| (*field).to_owned()).collect();
    let mut one = || {
        let mut request = GrantRequest::new(now(), number.clone(), fields.clone(), audience.clone(), "cross-region-loan");
        (request.mode, request.uses) = (mode, USES);
        grant(&mut federation.rng, now(), wallet, &request, &key).unwrap()
    };
    (0..QUERIES.div_ceil(USES as usize)).map(|_| one()).collect()
}

fn one_by_one(federation: &mut Federation, grants: &[String], wanted: &Wanted) -> Vec<Duration> {
    let mut times = Vec::new();
    for i in 0..QUERIES {
        let (grant, business_no, request) = (grants[i / USES as usize].clone(), format!("SY-{i}"), RequestId(federation.rng.random()));
        let act = Act::Ask { grant, business_no, matter: None, wanted: wanted.clone(), request };
        let start = Instant::now();
        let event = federation.act(1, &act);
        times.push(start.elapsed());
        assert!(matches!(event, Event::Attested(_)), "{event:?}");
    }
    times.sort();
    times
}

/// Several counters read at once, each over its own socket; the acts are signed before.
fn at_once(federation: &mut Federation, grants: &[String]) -> (Duration, usize) {
    let signed: Vec<Request> = (0..QUERIES)
        .map(|i| {
            let (grant, business_no, request) = (grants[i / USES as usize].clone(), format!("SY-{i}"), RequestId(federation.rng.random()));
            federation.sign(1, &Act::Query { grant, business_no, matter: None, request })
        })
        .collect();
    let (socket, start) = (federation.path(1, "desk.sock"), Instant::now());
    std::thread::scope(|scope| {
        for share in signed.chunks(signed.len().div_ceil(COUNTERS)) {
            let socket = &socket;
            scope.spawn(move || {
                for request in share {
                    let event = client::ask(socket, request, PATIENCE).unwrap().map(Result::unwrap).last().unwrap();
                    assert!(matches!(event, Event::Answer(_)), "{event:?}");
                }
            });
        }
    });
    (start.elapsed(), signed.len())
}
