//! Replicas that do not hear their primary, and what is said of endings meanwhile.

use super::ask;
use super::node::SOON;
use cloakroom_core::{Bucket, Durability, Store as _};
use cloakroom_redis::RedisStore;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// The primary knows of no password, so it refuses who comes with one. Nobody else sees anything of that.
pub fn deafen(replica: u16) {
    ask(replica, &["CONFIG", "SET", "masterauth", "wrong"]);
    ask(replica, &["CLIENT", "KILL", "TYPE", "master"]);
}

/// It may come back to its primary.
pub fn let_hear(replica: u16) {
    ask(replica, &["CONFIG", "SET", "masterauth", ""]);
}

/// What is said of something that was done just now in a bucket.
pub async fn durability(store: &RedisStore, bucket: Bucket) -> Durability {
    store.durability(bucket, store.term(bucket)).await.unwrap()
}

/// Asks until that is durable.
pub async fn comes_to_be_durable(store: &RedisStore, bucket: Bucket, why: &str) {
    let asked = Instant::now();
    while durability(store, bucket).await != Durability::Durable {
        assert!(asked.elapsed() < SOON, "{why}");
        sleep(Duration::from_millis(20)).await;
    }
}
