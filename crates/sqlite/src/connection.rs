//! Connections, and what is set on each.

use crate::options::Options;
use rusqlite::{Connection, ErrorCode, OpenFlags, Result};
use std::path::Path;
use std::time::{Duration, Instant};

/// Statements that a connection keeps ready: more than there are in this crate.
const STATEMENTS: usize = 64;

/// What a connection keeps of the pages it last read: 2 MiB where it only reads, 8 MiB where it writes.
///
/// More makes reads slower. A commit on another connection empties a reader's whole cache, and SQLite goes through all of
/// its table to do so: the read after it took 6 µs with 2 MiB, 8 with 8, 15 with 32 and 24 with 64 (a million sessions). What
/// is not kept here is in the system's cache, a microsecond away.
///
/// Nor is the file mapped into memory. That took 1 µs off reads with no commit in between, but each commit undoes the
/// mapping, and the read after it took 24 µs; and on a disk that fails, or a file that somebody cuts short, a mapped read
/// ends the process where a plain one is an error.
const READER_CACHE_KIB: i64 = -2 * 1024;
const WRITER_CACHE_KIB: i64 = -8 * 1024;

/// The write-ahead log shrinks to this once it has been copied into the file: 16 MiB.
const LOG_LIMIT: i64 = 16 << 20;

/// A connection as every thread here uses it: alone, so SQLite need not lock it; by plain path, so no part of it is
/// taken for a URI.
pub(crate) fn connect(path: &Path, patience: Duration) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(patience)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "trusted_schema", false)?;
    Ok(connection)
}

/// A connection that can not write.
pub(crate) fn reader(path: &Path, options: &Options) -> Result<Connection> {
    let connection = connect(path, patience(options))?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "cache_size", READER_CACHE_KIB)?;
    Ok(connection)
}

/// The connection that writes. It does its own waiting for other processes.
pub(crate) fn writer(path: &Path) -> Result<Connection> {
    let connection = connect(path, Duration::ZERO)?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "cache_size", WRITER_CACHE_KIB)?;
    connection.pragma_update(None, "journal_size_limit", LOG_LIMIT)?;
    Ok(connection)
}

/// How many pages so many bytes are.
pub(crate) fn pages(connection: &Connection, bytes: u64) -> Result<i64> {
    let page: i64 = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    Ok((i64::try_from(bytes).unwrap_or(i64::MAX) / page.max(1)).max(1))
}

/// How long SQLite itself waits for others: a little less than the caller does, so that the caller hears why.
pub(crate) fn patience(options: &Options) -> Duration {
    options.time_limit.mul_f32(0.9)
}

/// Tries again while another process is in the way.
pub(crate) fn persist<T>(until: Instant, mut attempt: impl FnMut() -> Result<T>) -> Result<T> {
    let mut pause = Duration::from_micros(100);
    loop {
        match attempt() {
            Err(error) if is_busy(&error) && Instant::now() < until => std::thread::sleep(pause),
            other => return other,
        }
        pause = (pause * 2).min(Duration::from_millis(2));
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}
