//! Sessions in Redis 7 or Valkey: a [`Store`](cloakroom_core::Store) in which a check costs one `GET`.
//!
//! ```no_run
//! use cloakroom_core::Store;
//! use cloakroom_redis::RedisStore;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let store = RedisStore::connect("rediss://app:secret@sessions.internal/0?prefix=shop&ca=/etc/ca.pem").await?;
//! println!("{}, {} sessions", store.describe(), store.count().await?);
//! for finding in store.examine().await? {
//!     println!("{}. {}", finding.what, finding.mend);
//! }
//! # Ok(())
//! # }
//! ```
mod address;
mod call;
mod end;
mod entry;
mod error;
mod follow;
mod link;
mod names;
mod open;
mod options;
mod read;
mod reply;
mod scripts;
mod server;
mod store;
mod value;
mod write;

pub use address::ConnectError;
pub use options::Options;
pub use store::RedisStore;
