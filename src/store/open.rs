//! Opening: whose file it is, which schema it has and whether the key fits are known before the first byte is written.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anju_core::seal::Key;
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::sealed::{Column, Columns, rng};
use super::{Mode, StoreError};

/// How long a statement waits for another process, such as a backup program, to let go of the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Page cache of one connection, in KiB.
const CACHE_KIB: i64 = 16 * 1024;
/// Pages in the write-ahead log from which on a commit folds it into the database: 64 MiB. Often would mean to write the pages that many rows
/// share (the newest of the log, those of every index) again and again; a log that has once grown to this size is written over in place.
const WAL_FOLD_PAGES: i64 = 16 * 1024;
/// Bytes to which the write-ahead log is cut back after it was larger.
const WAL_KEPT_BYTES: i64 = 64 * 1024 * 1024;
/// Largest row or value, in bytes. The largest that is written is a payload of 64 KiB.
const VALUE_MAX_BYTES: i32 = 4 * 1024 * 1024;
/// Prepared statements kept by one connection; there are fewer than this.
const STATEMENTS_KEPT: usize = 256;
/// "anju"; the first migration writes it.
const APPLICATION_ID: i64 = 0x616E_6A75;
/// The newest migration in `migrations/`.
pub(super) const SCHEMA_VERSION: i64 = 5;
const KEY_CHECK: &[u8] = b"anju store v1";
const FILE_MODE: u32 = 0o600;

mod embedded {
    refinery::embed_migrations!("src/store/migrations");
}

/// What a file turned out to be.
enum Found {
    Empty,
    Ours { schema: i64 },
}

/// Opens for writing, alone: the lock is a file of its own, because SQLite lets any number of processes open for writing.
pub(super) fn writer(path: &Path, store_key: &Key, mode: Mode) -> Result<(Connection, Columns, File), StoreError> {
    if mode == Mode::Existing && !path.exists() {
        return Err(StoreError::Missing(path.to_owned()));
    }
    let lock = lock(path)?;
    // SQLite makes log and index with the permissions of the database, so that one is made here.
    OpenOptions::new().write(true).create(true).truncate(false).mode(FILE_MODE).open(path).map_err(StoreError::file("creating"))?;
    let mut conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    harden(&conn)?;
    let columns = Columns::new(store_key);
    let schema = match identify(&conn)? {
        Found::Empty => 0,
        Found::Ours { schema } => {
            check_key(&conn, &columns)?;
            schema
        }
    };
    settle(&conn)?;
    if schema < SCHEMA_VERSION {
        embedded::migrations::runner().run(&mut conn).map_err(|e| migration_error(&e))?;
    }
    write_key_check(&conn, &columns)?;
    write_local_secret(&conn, &columns)?;
    Ok((conn, columns, lock))
}

/// Opens for reading; the file must be whole and of this schema.
pub(super) fn reader(path: &Path, store_key: &Key) -> Result<(Connection, Columns), StoreError> {
    if !path.exists() {
        return Err(StoreError::Missing(path.to_owned()));
    }
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    harden(&conn)?;
    let columns = Columns::new(store_key);
    match identify(&conn)? {
        Found::Ours { schema: SCHEMA_VERSION } => check_key(&conn, &columns)?,
        Found::Ours { schema } => return Err(StoreError::Older { found: schema, known: SCHEMA_VERSION }),
        Found::Empty => return Err(StoreError::NotOurs),
    }
    conn.pragma_update(None, "query_only", true)?;
    Ok((conn, columns))
}

/// Opens for reading without a key: nothing that is sealed can be read, and nothing is written. The file must be ours and of this schema.
pub(super) fn plain(path: &Path) -> Result<Connection, StoreError> {
    if !path.exists() {
        return Err(StoreError::Missing(path.to_owned()));
    }
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    harden(&conn)?;
    match identify(&conn)? {
        Found::Ours { schema: SCHEMA_VERSION } => {}
        Found::Ours { schema } => return Err(StoreError::Older { found: schema, known: SCHEMA_VERSION }),
        Found::Empty => return Err(StoreError::NotOurs),
    }
    conn.pragma_update(None, "query_only", true)?;
    Ok(conn)
}

fn lock(path: &Path) -> Result<File, StoreError> {
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(FILE_MODE)
        .open(beside(path, "lock"))
        .map_err(StoreError::file("creating the lock file"))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse),
        Err(TryLockError::Error(source)) => Err(StoreError::File { what: "locking", source }),
    }
}

/// The path with `.suffix` appended.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

/// Settings of the connection only; nothing here touches the file.
fn harden(conn: &Connection) -> Result<(), StoreError> {
    conn.busy_timeout(BUSY_TIMEOUT)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE, false)?;
    // A plan never depends on the values bound. Without this, a statement with a bound equality and an ORDER BY is parsed and planned
    // again every time it is run: more than 20 microseconds for each row that a journal brings.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.set_limit(Limit::SQLITE_LIMIT_LENGTH, VALUE_MAX_BYTES)?;
    conn.pragma_update(None, "cell_size_check", true)?;
    conn.pragma_update(None, "cache_size", -CACHE_KIB)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(())
}

/// Settings that reach the file, read back: a setting that did not take is an error now and not a lost row later.
fn settle(conn: &Connection) -> Result<(), StoreError> {
    conn.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    // What is erased is overwritten, not only unlinked.
    conn.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
    conn.pragma_update_and_check(None, "journal_size_limit", WAL_KEPT_BYTES, |_| Ok(()))?;
    conn.pragma_update_and_check(None, "wal_autocheckpoint", WAL_FOLD_PAGES, |_| Ok(()))?;
    let mode: String = conn.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    if mode != "wal" {
        return Err(StoreError::Engine(format!("journal_mode is {mode}")));
    }
    for (pragma, wanted) in [("synchronous", 2_i64), ("secure_delete", 1), ("foreign_keys", 1), ("trusted_schema", 0)] {
        let found: i64 = conn.pragma_query_value(None, pragma, |row| row.get(0))?;
        if found != wanted {
            return Err(StoreError::Engine(format!("{pragma} is {found}")));
        }
    }
    Ok(())
}

fn identify(conn: &Connection) -> Result<Found, StoreError> {
    let id: i64 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let foreign = "SELECT count(*) FROM sqlite_schema WHERE name <> 'refinery_schema_history' AND name NOT LIKE 'sqlite_%'";
    if id == 0 && conn.query_row(foreign, [], |row| row.get::<_, i64>(0))? == 0 {
        // New, or stopped before the first migration was through.
        return Ok(Found::Empty);
    }
    if id != APPLICATION_ID {
        return Err(StoreError::NotOurs);
    }
    let schema: i64 = conn.query_row("SELECT coalesce(max(version), 0) FROM refinery_schema_history", [], |row| row.get(0))?;
    if schema > SCHEMA_VERSION {
        return Err(StoreError::Newer { found: schema, known: SCHEMA_VERSION });
    }
    Ok(Found::Ours { schema })
}

fn check_key(conn: &Connection, columns: &Columns) -> Result<(), StoreError> {
    let sealed: Option<Vec<u8>> = conn.query_row("SELECT value FROM meta WHERE name = 'key_check'", [], |row| row.get(0)).optional()?;
    match sealed {
        Some(sealed) => columns.open(Column::KeyCheck, &[], &sealed).map(|_| ()).map_err(|_| StoreError::WrongKey),
        // Stopped between the first migration and the check: nothing can have been sealed yet.
        None if is_blank(conn)? => Ok(()),
        None => Err(StoreError::damaged("the key check is gone")),
    }
}

fn is_blank(conn: &Connection) -> Result<bool, StoreError> {
    let rows = "SELECT EXISTS (SELECT 1 FROM meta) OR EXISTS (SELECT 1 FROM journal) OR EXISTS (SELECT 1 FROM issued)
                OR EXISTS (SELECT 1 FROM access)";
    Ok(!conn.query_row(rows, [], |row| row.get::<_, bool>(0))?)
}

fn write_key_check(conn: &Connection, columns: &Columns) -> Result<(), StoreError> {
    let sealed = columns.seal(Column::KeyCheck, &[], KEY_CHECK)?;
    conn.execute("INSERT INTO meta (name, value) VALUES ('key_check', ?1) ON CONFLICT (name) DO NOTHING", [sealed])?;
    Ok(())
}

/// Made once, with the database or by the first version that needs it.
fn write_local_secret(conn: &Connection, columns: &Columns) -> Result<(), StoreError> {
    let held = "SELECT EXISTS (SELECT 1 FROM meta WHERE name = 'local_secret')";
    if !conn.query_row(held, [], |row| row.get::<_, bool>(0))? {
        let secret = Key::random(&mut rng()?);
        let sealed = columns.seal(Column::LocalSecret, &[], secret.expose())?;
        conn.execute("INSERT INTO meta (name, value) VALUES ('local_secret', ?1)", [sealed])?;
    }
    Ok(())
}

/// The runner's errors wrap SQLite's, whose code is worth more than its text.
fn migration_error(error: &refinery::Error) -> StoreError {
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        let code = inner.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
        if code == Some(rusqlite::ErrorCode::DiskFull) {
            return StoreError::Full;
        }
        source = inner.source();
    }
    StoreError::Engine(error.to_string())
}
