//! What happens at a counter: holders, certificates, grants and queries, by the program or by the library behind the holder's app.

use std::process::Output;
use std::time::Instant;

use anju::keys::Secrets;
use anju::keys::passphrase::Passphrase;
use anju::store::Reader;
use anju::wallet::WalletFile;
use anju_core::charter::CharterFile;
use anju_core::desk::{Act, Event, Request};
use anju_core::holder::{self, GrantRequest, Wallet};
use anju_core::journal::{Header, Kind};
use anju_core::names::{CentreCode, CertificateNumber, RequestId};
use anju_core::shelf::Shelf;
use anju_core::time::{CLOCK_TOLERANCE_MS, SECOND_MS, Time};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::Value;

use super::{Federation, HAIKOU, Hand, SANYA, TELLER, samples};
use crate::cli::PASSPHRASE;

/// Accounts of a centre, from the right answers beside its exports.
pub(crate) fn account(centre: &str, fits: impl Fn(&Value) -> bool) -> String {
    let truth = std::fs::read_to_string(samples(centre).join("truth.jsonl")).unwrap();
    let all = truth.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    all.filter(fits).map(|a| a["grzh"].as_str().unwrap().to_owned()).next().unwrap()
}

/// The request id of this number, as the command line takes it.
pub(crate) fn request(number: u8) -> RequestId {
    RequestId([number; 16])
}

/// Holders whose app is the library, for certificates by the dozen.
pub(crate) struct Holders {
    wallet: Wallet,
    rng: StdRng,
}

/// A wallet holds so many keys that were never used, and a fast machine asks more often than that.
const KEYS_MAX: usize = 200;

impl Holders {
    pub(crate) fn new(seed: u64) -> Self {
        println!("holders' seed: {seed}");
        Self { wallet: Wallet::default(), rng: StdRng::seed_from_u64(seed) }
    }

    /// A request for a deposit certificate of an ordinary Haikou account, under a fresh card.
    pub(crate) fn asks(&mut self) -> Act {
        self.asks_of(HAIKOU)
    }

    /// The same of another centre that has exports.
    pub(crate) fn asks_of(&mut self, centre: &str) -> Act {
        if self.wallet.keys().len() >= KEYS_MAX {
            self.wallet = Wallet::default();
        }
        let card = holder::card(&mut self.rng, now(), &mut self.wallet, &CentreCode::new(centre).unwrap()).unwrap();
        let mut id = [0; 16];
        rand_core::Rng::fill_bytes(&mut self.rng, &mut id);
        Act::CertificateIssue {
            account_no: account(centre, |a| a["status"] == "01"),
            kind: "JCZM".to_owned(),
            addressee: None,
            card,
            clerk: "王".to_owned(),
            valid_days: None,
            request: RequestId(id),
        }
    }
}

/// What a holder grants, beside which certificate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Granting<'a> {
    pub(crate) number: &'a str,
    pub(crate) fields: &'a str,
    pub(crate) to: &'a str,
    pub(crate) uses: u32,
}

impl<'a> Granting<'a> {
    /// The name, to Sanya, once.
    pub(crate) const fn of(number: &'a str) -> Self {
        Self { number, fields: "name", to: SANYA, uses: 1 }
    }
}

impl Federation {
    /// A wallet made with the federation's charter, in the folder `wallet`.
    pub(crate) fn wallet(&self) {
        self.room.done("holder new --wallet @wallet --charter @charter.json --passphrase-file @pass");
    }

    /// A fresh card of the wallet for a centre, in the file `name`.
    pub(crate) fn card(&self, name: &str, centre: &str) {
        self.room.done(&format!("holder card --wallet @wallet --centre {centre} --out @{name} --passphrase-file @pass"));
    }

    /// The command that has Haikou issue a certificate into the file `out`. The cross-region kind is addressed to Sanya.
    pub(crate) fn issue_line(account: &str, kind: &str, card: &str, out: &str) -> String {
        let addressee = if kind == "YDDKJCZM" { format!(" --addressee {SANYA}") } else { String::new() };
        let line = format!("certificate issue --account {account} --kind {kind} --card @{card} --clerk 王 --out @{out}{addressee}");
        Self::line(HAIKOU, TELLER, &line)
    }

    /// What Haikou's teller gets for what a holder asks for; a certificate.
    pub(crate) fn issue(&self, holders: &mut Holders) -> CertificateNumber {
        match Hand::of(self, HAIKOU, TELLER).act(&holders.asks()).unwrap() {
            Event::CertificateIssued { number, .. } => number,
            other => panic!("{other:?}"),
        }
    }

    /// A certificate of this kind for this account, issued by Haikou, received by the wallet, and arrived at Sanya; its number.
    pub(crate) fn certificate(&self, account: &str, kind: &str) -> String {
        let rows = super::applied(&self.status(HAIKOU), HAIKOU);
        let (card, file) = (format!("card-{rows}.json"), format!("certificate-{rows}.txt"));
        self.card(&card, HAIKOU);
        let issued = self.room.json(&Self::issue_line(account, kind, &card, &file), 0);
        let number = issued["number"].as_str().unwrap().to_owned();
        let received = self.room.json(&format!("holder receive --wallet @wallet @{file} --passphrase-file @pass"), 0);
        assert_eq!(received["number"], number.as_str());
        self.wait_for_certificate(SANYA, &number);
        number
    }

    /// Waits until a peer knows a certificate.
    pub(crate) fn wait_for_certificate(&self, code: &str, number: &str) {
        let (start, show) = (Instant::now(), Request::CertificateShow { number: CertificateNumber::new(number).unwrap() });
        while !matches!(self.ask(code, &show).unwrap(), Event::CertificateShow { .. }) {
            assert!(start.elapsed() < super::PATIENCE, "{number} never comes to {code}");
            std::thread::sleep(super::LOOK_EVERY);
        }
    }

    /// How many certificates a centre has issued.
    pub(crate) fn issued(&self, code: &str) -> usize {
        match self.ask(code, &Request::CertificateList { after: None, limit: 100 }).unwrap() {
            Event::CertificateList { certificates, .. } => certificates.len(),
            other => panic!("{other:?}"),
        }
    }

    /// A grant in the file `out`.
    pub(crate) fn grant(&self, granting: Granting<'_>, out: &str) {
        let Granting { number, fields, to, uses } = granting;
        self.room.done(&format!(
            "holder grant --wallet @wallet --certificate {number} --to {to} --matter cross-region-loan --field {fields} --uses {uses} \
             --yes --out @{out} --passphrase-file @pass"
        ));
    }

    /// A grant to Sanya for one second shortly before the certificate was issued, which is as old as a grant can be. The command makes none
    /// such, so the library does, with another clock. Returns the grant and from when on it is refused, all tolerance over.
    pub(crate) fn expired_grant(&self, number: &str) -> (String, Time) {
        let mut file = WalletFile::open(&self.room.path("wallet"), Passphrase::new(PASSPHRASE.trim()).unwrap()).unwrap();
        let (number, sanya) = (CertificateNumber::new(number).unwrap(), CentreCode::new(SANYA).unwrap());
        let shown = self.ask(HAIKOU, &Request::CertificateShow { number: number.clone() }).unwrap();
        let Event::CertificateShow { certificate, .. } = shown else { panic!("{shown:?}") };
        let then = certificate.issued.plus_ms(10 * SECOND_MS - CLOCK_TOLERANCE_MS);
        let mut request = GrantRequest::new(then, number, vec!["name".to_owned()], sanya.clone(), "cross-region-loan");
        request.expires = then.plus_ms(SECOND_MS);
        let charter = CharterFile::parse(&std::fs::read_to_string(self.room.path("charter.json")).unwrap()).unwrap();
        let sealing = charter.verify().unwrap().member(&sanya).unwrap().sealing;
        let grant = holder::grant(&mut StdRng::seed_from_u64(5), then, &mut file.wallet, &request, &sealing).unwrap();
        (grant, request.expires.plus_ms(CLOCK_TOLERANCE_MS + 2 * SECOND_MS))
    }

    /// The command that uses a grant at a centre.
    pub(crate) fn query_line(centre: &str, grant: &str, request: RequestId) -> String {
        Self::line(centre, TELLER, &format!("query --grant @{grant} --business-no NO-1 --request {request}"))
    }

    /// How many certificates' rows of a journal a peer holds, and of how many of them it holds the content.
    pub(crate) fn contents_held(&self, at: &str, of: &str) -> (usize, usize) {
        let passphrase = Passphrase::new(PASSPHRASE.trim()).unwrap();
        let secrets = Secrets::load(&self.room.path(&format!("{at}/keys.age")), &passphrase).unwrap();
        let reader = Reader::open_reader(&self.room.path(&format!("{at}/anju.db")), &secrets.store).unwrap();
        let mut rows = reader.entries(&CentreCode::new(of).unwrap(), 0, 1_000, usize::MAX).unwrap();
        rows.retain(|row| Header::parse(&row.header).unwrap().kind() == Some(Kind::CertificateIssued));
        (rows.len(), rows.iter().filter(|row| row.payload.is_some()).count())
    }

    /// How many uses and refused uses of grants a centre has recorded in its own journal; what else it wrote there meanwhile is not counted.
    pub(crate) fn accesses(&self, code: &str) -> usize {
        let passphrase = Passphrase::new(PASSPHRASE.trim()).unwrap();
        let secrets = Secrets::load(&self.room.path(&format!("{code}/keys.age")), &passphrase).unwrap();
        let reader = Reader::open_reader(&self.room.path(&format!("{code}/anju.db")), &secrets.store).unwrap();
        let rows = reader.entries(&CentreCode::new(code).unwrap(), 0, 1_000, usize::MAX).unwrap();
        rows.iter().filter(|row| Header::parse(&row.header).unwrap().kind() == Some(Kind::AccessRecorded)).count()
    }

    /// Uses a grant at Sanya by the program, with `--json`.
    pub(crate) fn query(&self, grant: &str, request: RequestId) -> Output {
        self.room.run(&format!("{} --json", Self::query_line(SANYA, grant, request)))
    }
}

/// The machine's clock.
pub(crate) fn now() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Time(i64::try_from(since.as_millis()).unwrap())
}
