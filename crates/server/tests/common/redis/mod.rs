//! Real Redis servers: one alone, a primary that Sentinels watch, a Cluster.

#[path = "../../../../redis/tests/support/cluster.rs"]
mod cluster;
#[path = "../../../../redis/tests/support/sentinel.rs"]
mod sentinel;
#[path = "../../../../redis/tests/support/server.rs"]
mod server;

pub use cluster::{Cluster, ask};
pub use sentinel::Watched;
pub use server::{Server, Settings};
