//! A real server for the tests, on a free port, with its data in a directory of its own.

#![allow(dead_code, unused_imports)] // each test binary uses its own part

mod cluster;
mod cluster_bench;
mod fixture;
mod node;
mod replicas;
mod sentinel;
mod server;

pub use cluster::{Cluster, ask, free_port};
pub use cluster_bench::ClusterBench;
pub use fixture::Bench;
pub use node::{Node, client, now};
pub use replicas::{comes_to_be_durable, deafen, durability, let_hear};
pub use sentinel::{GROUP, Sentinel, Watched, until};
pub use server::{Server, Settings};

use cloakroom_redis::{Options, RedisStore};
use redis::aio::MultiplexedConnection;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// A prefix that no other test uses.
pub fn fresh_prefix() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Patience for tests that are about something else than time, on machines that have much to do.
pub fn patient() -> Options {
    Options {
        command_limit: Duration::from_secs(10),
        ..Options::default()
    }
}

/// A store for tests that are about something else than time.
pub async fn store(server: &Server) -> RedisStore {
    store_with(server, patient()).await
}

/// A store with other settings.
pub async fn store_with(server: &Server, options: Options) -> RedisStore {
    RedisStore::connect_with(&server.url(), options).await.unwrap()
}

/// A connection beside the store's, to look at what it does.
pub async fn raw(server: &Server) -> MultiplexedConnection {
    let client = redis::Client::open(server.url()).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}
