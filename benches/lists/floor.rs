//! What the machine needs for the same rows with nothing around it: no peer can be faster.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Instant;

use anju_core::journal::{Author, Entry, Frontier, batch, hash};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use crate::peers::{Federation, Over, Ports, cpu_s, now};
use crate::rows;

/// Rows that travel and are written together.
const CHUNK: usize = 2_000;
/// Where the token stands in a payload: behind salt, suite, listing and pepper. Any 32 random bytes would do.
const TOKEN: std::ops::Range<usize> = 52..84;

/// Rows of `chunk`, each with its two lengths before it, and a signed head.
fn bytes_of(chunk: &[Entry], note: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in chunk.iter().flat_map(|entry| [&entry.header, entry.payload.as_ref().unwrap()]).chain([&note.to_vec()]) {
        bytes.extend_from_slice(&u32::try_from(part.len()).unwrap().to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

fn part<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let (len, after) = rest.split_first_chunk::<4>().unwrap();
    let (part, after) = after.split_at(u32::from_be_bytes(*len) as usize);
    *rest = after;
    part
}

/// Receives chunks, hashes their rows, verifies their head, and hands them on with the leaves.
fn receive(mut stream: TcpStream, author: &Author, write: &mpsc::SyncSender<(Vec<u8>, Vec<[u8; 32]>)>) {
    let (mut frontier, mut len) = (Frontier::empty(), [0; 8]);
    while stream.read_exact(&mut len).is_ok() {
        let mut bytes = vec![0; usize::try_from(u64::from_be_bytes(len)).unwrap()];
        stream.read_exact(&mut bytes).unwrap();
        let (mut rest, mut leaves) = (&bytes[..], Vec::with_capacity(CHUNK));
        loop {
            let header = part(&mut rest);
            if rest.is_empty() {
                author.verify(header).unwrap(); // The last part is the head.
                break;
            }
            let leaf = hash::leaf(header);
            std::hint::black_box(hash::sha256(part(&mut rest)));
            frontier.push(leaf, &mut Vec::new()).unwrap();
            leaves.push(leaf.0);
        }
        write.send((bytes, leaves)).unwrap();
    }
}

fn write(db: &mut Connection, from: &mut i64, bytes: &[u8], leaves: &[[u8; 32]]) {
    let transaction = db.transaction().unwrap();
    let (mut rest, mut tokens) = (bytes, Vec::with_capacity(leaves.len()));
    {
        let mut insert = transaction.prepare_cached("INSERT INTO entry VALUES (?1, ?2, ?3, ?4)").unwrap();
        for leaf in leaves {
            let (header, payload) = (part(&mut rest), part(&mut rest));
            insert.execute(params![*from, leaf, header, payload]).unwrap();
            tokens.push((&payload[TOKEN], *from));
            *from += 1;
        }
        tokens.sort_unstable();
        let mut insert = transaction.prepare_cached("INSERT INTO beside VALUES (?1, ?2)").unwrap();
        for (token, row) in tokens {
            insert.execute(params![token, row]).unwrap();
        }
    }
    transaction.commit().unwrap();
}

pub(crate) fn measure(rows: u64) -> Value {
    let federation = Federation::new(Ports::free(), Over::Tcp);
    let (author, keys, now) = (federation.author(0), &federation.keys[0], now());
    let mut rng = StdRng::seed_from_u64(rows);
    let entries: Vec<Entry> = (0..rows).map(|_| rows::listing(&mut rng, now).0).collect();
    let note = batch::append(&Frontier::empty(), Vec::new(), &author, &keys.signing, &keys.heartbeat, now).unwrap().head.note().to_vec();
    let chunks: Vec<Vec<u8>> = entries.chunks(CHUNK).map(|chunk| bytes_of(chunk, &note)).collect();
    let bytes: usize = entries.iter().map(|e| e.header.len() + e.payload.as_ref().map_or(0, Vec::len)).sum();
    drop(entries);
    let folder = tempfile::tempdir().unwrap();
    let mut db = Connection::open(folder.path().join("floor.db")).unwrap();
    db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())).unwrap();
    db.pragma_update(None, "synchronous", "FULL").unwrap();
    db.pragma_update(None, "cache_size", -64 * 1024).unwrap();
    db.pragma_update_and_check(None, "wal_autocheckpoint", 16 * 1024, |_| Ok(())).unwrap();
    db.execute_batch(
        "CREATE TABLE entry (idx INTEGER PRIMARY KEY, leaf BLOB, header BLOB, payload BLOB) STRICT;
         CREATE TABLE beside (token BLOB PRIMARY KEY, idx INTEGER) STRICT, WITHOUT ROWID;",
    )
    .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (start, cpu) = (Instant::now(), cpu_s("self"));
    std::thread::scope(|scope| {
        let chunks = &chunks;
        scope.spawn(move || {
            let mut stream = listener.accept().unwrap().0;
            for chunk in chunks {
                stream.write_all(&(chunk.len() as u64).to_be_bytes()).unwrap();
                stream.write_all(chunk).unwrap();
            }
        });
        let (to_write, chunks) = mpsc::sync_channel(2);
        let author = &author;
        scope.spawn(move || receive(TcpStream::connect(address).unwrap(), author, &to_write));
        let mut from = 0;
        for (bytes, leaves) in chunks {
            write(&mut db, &mut from, &bytes, &leaves);
        }
        assert_eq!(from.cast_unsigned(), rows);
    });
    let (took, cpu) = (start.elapsed().as_secs_f64(), cpu_s("self") - cpu);
    json!({ "part": "floor", "rows": rows, "bytes_per_row": bytes as f64 / rows as f64, "s": took, "rows_per_s": rows as f64 / took,
            "cpu_us_per_row": cpu * 1e6 / rows as f64 })
}
