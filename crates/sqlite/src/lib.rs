//! Sessions in one SQLite file, shared by any number of processes.
//!
//! The store that works out of the box: nothing to install, and a restart keeps everybody logged in. What it keeps can
//! be looked at with `sqlite3`.
//!
//! ```
//! use cloakroom_core::{Cause, Event, Kind, Position, Store};
//! use cloakroom_sqlite::SqliteStore;
//! use std::time::Duration;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("cloakroom.db");
//! let store = SqliteStore::open(&path)?;
//! assert_eq!(store.count().await?, 0);
//!
//! store.append(&Event::of(Kind::LoginFailed, Cause::default())).await?;
//! let page = store.journal(&Position::start(), 10, Duration::ZERO).await?;
//! assert_eq!(page.entries[0].event.kind, Kind::LoginFailed);
//! # Ok(())
//! # }
//! ```
//!
//! # How it works
//!
//! - Every step is one transaction on one writing thread, journal entry included. Steps that arrive while a transaction
//!   runs share the next one, each in a savepoint. See [`Options::sync_endings`] for what survives a power cut.
//! - A few threads read, each with a connection of its own; the write-ahead log lets them read while others write.
//! - Whoever follows the journal hears of commits of this process at once, and of those of others within some 20 ms.
//! - An operation that takes longer than [`Options::time_limit`] answers `Unavailable`, even if the disk hangs.
//!
//! The file must be on a local disk: locks do not reach across machines.

#![allow(clippy::doc_markdown, reason = "SQLite is a name, not an identifier")]

mod connection;
mod errors;
mod examine;
mod file;
mod journal;
mod news;
mod options;
mod place;
mod queue;
mod readers;
mod rows;
mod schema;
mod steps;
mod store;
mod threads;
mod writer;

pub use errors::OpenError;
pub use options::Options;
pub use store::SqliteStore;
