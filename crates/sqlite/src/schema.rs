//! The tables, and how a file comes to have them.
//!
//! `application_id` says that the file is ours, `user_version` which step it has reached. Steps run inside one exclusive
//! transaction, so of two processes that start at once one migrates and the other finds it done.

use crate::connection::{connect, persist};
use crate::errors::OpenError;
use crate::place;
use rusqlite::{Connection, ErrorCode, Result};
use std::path::Path;
use std::time::{Duration, Instant};

/// "Clkr", in the header of each of our files (`file` and the like can show it).
const APPLICATION_ID: i64 = 0x436c_6b72;

/// From nothing to version 1, from there to version 2, and so on. What was released is never changed again.
const STEPS: &[&str] = &[
    include_str!("schema/v1.sql"),
    include_str!("schema/v2.sql"),
    include_str!("schema/v3.sql"),
    include_str!("schema/v4.sql"),
];

/// The version that this program works with.
const VERSION: i64 = STEPS.len().cast_signed() as i64;

/// How long a start waits for other processes that start at the same time.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the header of a file says.
enum Header {
    Empty,
    Ours { version: i64 },
    Foreign { application_id: i64 },
}

/// Brings the file to the present version, or says why it can not be used. A file that is not ours is not changed.
pub(crate) fn prepare(path: &Path) -> std::result::Result<(), OpenError> {
    let until = Instant::now() + PATIENCE;
    let open = || -> Result<std::result::Result<(), OpenError>> {
        let connection = connect(path, Duration::ZERO)?;
        // In one transaction: another process may migrate between two looks, and half of what was before with half of what
        // is after would look like somebody else's file.
        let looking = connection.unchecked_transaction()?;
        let header = read_header(&looking)?;
        drop(looking);
        if let Err(error) = acceptable(path, &header) {
            return Ok(Err(error));
        }
        connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
        connection.execute_batch("BEGIN EXCLUSIVE")?;
        // Dropping the connection rolls back what was not committed.
        match acceptable(path, &read_header(&connection)?) {
            Err(error) => Ok(Err(error)),
            Ok(from) => migrate(&connection, from).map(Ok),
        }
    };
    persist(until, open).map_err(|source| refusal(path, source))?
}

fn read_header(connection: &Connection) -> Result<Header> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let application_id = number("PRAGMA application_id")?;
    let version = number("PRAGMA user_version")?;
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    Ok(match (application_id, version, tables) {
        (0, 0, 0) => Header::Empty,
        (APPLICATION_ID, version, _) => Header::Ours { version },
        (application_id, ..) => Header::Foreign { application_id },
    })
}

/// The version that the file has, if this program can work with it.
fn acceptable(path: &Path, header: &Header) -> std::result::Result<i64, OpenError> {
    let path = path.to_owned();
    match *header {
        Header::Empty => Ok(0),
        Header::Ours { version } if (1..=VERSION).contains(&version) => Ok(version),
        Header::Ours { version } => Err(OpenError::Newer {
            path,
            found: version,
            known: VERSION,
        }),
        Header::Foreign { application_id } => Err(OpenError::Foreign { path, application_id }),
    }
}

fn migrate(connection: &Connection, from: i64) -> Result<()> {
    place::teach(connection)?;
    let done = usize::try_from(from).unwrap_or_default();
    for step in STEPS.iter().skip(done) {
        connection.execute_batch(step)?;
    }
    if from < VERSION {
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
        connection.pragma_update(None, "user_version", VERSION)?;
    }
    connection.execute_batch("COMMIT")
}

fn refusal(path: &Path, source: rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    match source.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            OpenError::NotADatabase { path, source }
        }
        _ => OpenError::Sqlite { path, source },
    }
}
