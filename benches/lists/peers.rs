//! Two peers in processes of their own. Everything about the federation follows from a seed, so a child needs only numbers.

use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anju::config::QUOTA_MAX;
use anju::daemon::engine::Recipe;
use anju::daemon::{self, House, LogRing, Serving};
use anju::store::{Mode, Reader, Store};
use anju_core::charter::{CentreCard, CentreKeys, Charter, CharterFile, Founding};
use anju_core::error::RefusalCode;
use anju_core::journal::Author;
use anju_core::names::{CentreCode, FederationName};
use anju_core::node::Settings;
use anju_core::shelf::Shelf;
use anju_core::time::Time;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::rows;

/// First argument of a child.
pub(crate) const CHILD: &str = "peer";
const CENTRES: [&str; 2] = ["C46010", "C50010"];
const SEED: u64 = 7;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    Quic,
    Tcp,
}

impl Over {
    fn address(self, port: u16) -> String {
        match self {
            Self::Quic => format!("/ip4/127.0.0.1/udp/{port}/quic-v1"),
            Self::Tcp => format!("/ip4/127.0.0.1/tcp/{port}"),
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Quic => "quic",
            Self::Tcp => "tcp",
        }
    }
}

pub(crate) fn now() -> Time {
    Time(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap())
}

pub(crate) fn free_port() -> u16 {
    // Free for both, as far as can be known.
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = tcp.local_addr().unwrap().port();
    if UdpSocket::bind(("127.0.0.1", port)).is_ok() { port } else { free_port() }
}

/// Where the peers listen, and where the charter says that they do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports {
    pub(crate) listen: [u16; 2],
    pub(crate) told: [u16; 2],
}

impl Ports {
    pub(crate) fn free() -> Self {
        let listen = [free_port(), free_port()];
        Self { listen, told: listen }
    }
}

pub(crate) struct Federation {
    pub(crate) charter: Charter,
    pub(crate) file: CharterFile,
    pub(crate) centres: [CentreCode; 2],
    pub(crate) keys: [CentreKeys; 2],
}

impl Federation {
    pub(crate) fn new(ports: Ports, over: Over) -> Self {
        let mut rng = StdRng::seed_from_u64(SEED);
        let centres = CENTRES.map(|code| CentreCode::new(code).unwrap());
        let keys = [(); 2].map(|()| CentreKeys::random(&mut rng));
        let card = |i: usize| CentreCard::new(centres[i].clone(), "中心".into(), vec![over.address(ports.told[i])], &keys[i]);
        let mut file =
            CharterFile::found(&mut rng, FederationName::new("bench").unwrap(), &[card(0), card(1)], &Founding::default()).unwrap();
        centres.iter().zip(&keys).for_each(|(centre, keys)| file.sign(centre, keys).unwrap());
        Self { charter: file.verify().unwrap(), file, centres, keys }
    }

    pub(crate) fn author(&self, peer: usize) -> Author {
        let member = self.charter.member(&self.centres[peer]).unwrap();
        Author::new(self.charter.federation(), member.centre.clone(), member.signing, member.heartbeat)
    }
}

/// Quotas that nobody reaches here; all else is what a centre has that tunes nothing.
fn settings() -> Settings {
    let mut settings = Settings::default();
    let list = &mut settings.blacklist;
    (list.lookups_per_operator, list.lookups_per_centre, list.screened_per_centre) = (QUOTA_MAX, QUOTA_MAX, QUOTA_MAX);
    settings
}

/// Runs a peer until its standard input ends.
pub(crate) fn run(args: &[String]) {
    let port = |at: usize| args[at].parse().unwrap();
    let (folder, peer) = (Path::new(&args[0]), args[1].parse::<usize>().unwrap());
    let over = if args[2] == "tcp" { Over::Tcp } else { Over::Quic };
    let ports = Ports { listen: [port(3), port(4)], told: [port(5), port(6)] };
    let Federation { file, centres, keys, .. } = Federation::new(ports, over);
    let seat = file.founding_seat(&centres[peer], &keys[peer]).unwrap();
    let serving = Serving {
        recipe: Recipe { centre: centres[peer].clone(), keys: keys[peer].clone(), seat, settings: settings() },
        store: Store::open(&folder.join("anju.db"), &rows::store_key(), Mode::Existing).unwrap(),
        kept_head: folder.join("head.json"),
        listen: vec![over.address(ports.listen[peer])],
        socket: folder.join("desk.sock"),
        source: Arc::new(|_| Err(RefusalCode::SourceUnavailable.into())),
        house: House {
            database: folder.join("anju.db"),
            charter: folder.join("charter.json"),
            keys: folder.join("keys.age"),
            backups: folder.join("backups"),
            backup_note: folder.join("backup.json"),
            logs: LogRing::default(),
        },
        window: None,
        keys: anju::daemon::KeyFiles::none(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let running = daemon::start(serving).await.unwrap();
        println!("ready");
        tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await.unwrap().unwrap();
        running.stop().await;
    });
}

/// A peer in a process of its own.
pub(crate) struct Process {
    child: Child,
    folder: PathBuf,
}

impl Process {
    pub(crate) fn start(folder: &Path, peer: usize, ports: Ports, over: Over) -> Self {
        let ports = [ports.listen, ports.told].concat().into_iter().map(|port| port.to_string());
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg(CHILD).arg(folder).arg(peer.to_string()).arg(over.name()).args(ports);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line.trim(), "ready");
        Self { child, folder: folder.to_owned() }
    }

    pub(crate) fn reader(&self) -> Reader {
        Reader::open_reader(&self.folder.join("anju.db"), &rows::store_key()).unwrap()
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.join("desk.sock")
    }

    /// Peak of resident memory, in KiB.
    pub(crate) fn peak_kib(&self) -> u64 {
        peak_kib(self.child.id()).unwrap()
    }

    /// Processor time used so far, in seconds.
    pub(crate) fn cpu_s(&self) -> f64 {
        cpu_s(&self.child.id().to_string())
    }
}

/// Peak of resident memory of a process, in KiB; none when it has ended.
pub(crate) fn peak_kib(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
}

/// Processor time of a process, all its threads, in seconds.
pub(crate) fn cpu_s(process: &str) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let ticks: u64 = stat.rsplit(')').next().unwrap().split_whitespace().skip(11).take(2).map(|n| n.parse::<u64>().unwrap()).sum();
    ticks as f64 / 100.0
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Rows of `centre`'s journal that are durable.
pub(crate) fn held(reader: &Reader, centre: &CentreCode) -> u64 {
    reader.journal(centre).unwrap().size
}
