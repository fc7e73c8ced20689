//! An empty peer gets a whole journal from one other.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use crate::peers::{Federation, Over, Ports, Process, free_port, held, now};
use crate::rows;

const PATIENCE: Duration = Duration::from_secs(600);
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// Bytes of IP and UDP around a datagram.
const DATAGRAM_BYTES: u64 = 28;

struct Synced {
    from_ready_s: f64,
    from_first_row_s: f64,
    cpu_s: [f64; 2],
    peak_kib: [u64; 2],
}

fn sync(rows: u64, over: Over, ports: Ports) -> Synced {
    let folder = tempfile::tempdir().unwrap();
    let folders = ["author", "empty"].map(|name| folder.path().join(name));
    folders.iter().for_each(|folder| std::fs::create_dir(folder).unwrap());
    let federation = Federation::new(ports, over);
    rows::fill(&folders[0], &federation.author(0), &federation.keys[0], rows, now());
    rows::empty(&folders[1], &federation.centres[1]);
    let author = Process::start(&folders[0], 0, ports, over);
    let empty = Process::start(&folders[1], 1, ports, over);
    let (start, cpu) = (Instant::now(), [author.cpu_s(), empty.cpu_s()]);
    let (reader, mut first) = (empty.reader(), None);
    loop {
        let held = held(&reader, &federation.centres[0]);
        if held > 0 && first.is_none() {
            first = Some(Instant::now());
        }
        if held >= rows {
            break;
        }
        assert!(start.elapsed() < PATIENCE, "{held} of {rows} rows came");
        std::thread::sleep(LOOK_EVERY);
    }
    let (from_ready_s, from_first_row_s) = (start.elapsed().as_secs_f64(), first.unwrap().elapsed().as_secs_f64());
    let cpu_s = [author.cpu_s() - cpu[0], empty.cpu_s() - cpu[1]];
    Synced { from_ready_s, from_first_row_s, cpu_s, peak_kib: [author.peak_kib(), empty.peak_kib()] }
}

pub(crate) fn measure(rows: u64, over: Over) -> Value {
    let synced = sync(rows, over, Ports::free());
    let (_, body) = rows::listing(&mut StdRng::seed_from_u64(1), now());
    json!({
        "part": "cold-sync", "over": over.name(), "rows": rows, "body_bytes": body,
        "from_ready_s": synced.from_ready_s, "from_first_row_s": synced.from_first_row_s,
        "rows_per_s": rows as f64 / synced.from_ready_s, "rows_per_s_from_first": rows as f64 / synced.from_first_row_s,
        "cpu_us_per_row": { "author": synced.cpu_s[0] * 1e6 / rows as f64, "empty": synced.cpu_s[1] * 1e6 / rows as f64 },
        "peak_kib": { "author": synced.peak_kib[0], "empty": synced.peak_kib[1] },
    })
}

/// The same through a relay of datagrams: the charter names the relay as the author's address, and a port where nobody is as the other's.
pub(crate) fn wire(rows: u64) -> Value {
    let listen = [free_port(), free_port()];
    let relay = UdpSocket::bind("127.0.0.1:0").unwrap();
    let ports = Ports { listen, told: [relay.local_addr().unwrap().port(), free_port()] };
    let counted = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
    let counter = Arc::clone(&counted);
    // Ends with the program.
    std::thread::spawn(move || carry(&relay, listen[0], &counter));
    sync(rows, Over::Quic, ports);
    let (_, body) = rows::listing(&mut StdRng::seed_from_u64(1), now());
    let bytes = counted[0].load(Ordering::Relaxed) + DATAGRAM_BYTES * counted[1].load(Ordering::Relaxed);
    json!({ "part": "wire", "rows": rows, "body_bytes": body, "wire_bytes": bytes, "wire_bytes_per_listing": bytes as f64 / rows as f64,
            "datagrams": counted[1].load(Ordering::Relaxed), "counted": "datagrams both ways with IP and UDP headers, handshakes included" })
}

fn carry(relay: &UdpSocket, author: u16, counted: &[AtomicU64; 2]) {
    let (mut buffer, mut asker) = ([0; 65_536], None);
    while let Ok((len, from)) = relay.recv_from(&mut buffer) {
        let to = if from.port() == author { asker } else { Some(([127, 0, 0, 1], author).into()) };
        if from.port() != author {
            asker = Some(from);
        }
        counted[0].fetch_add(len as u64, Ordering::Relaxed);
        counted[1].fetch_add(1, Ordering::Relaxed);
        if let Some(to) = to {
            let _ = relay.send_to(&buffer[..len], to);
        }
    }
}
