//! Reading from nobody who may not write.
//!
//! A primary that was cut off from its replicas stops writing, where `min-replicas-to-write` is set, and another may take its
//! place and revoke sessions; but it goes on answering reads. So a task has every primary show that it may write, and what it
//! showed counts for a moment only: a process or a machine that slept, or is short of time, knows nothing of what happened
//! meanwhile. Who reads later than that asks for both in one breath. A server that refuses is not read from.
//!
//! A server that never had a replica is not asked: nobody could take its place.

use crate::connection::link::Link;
use crate::connection::routes::Routes;
use crate::names::Names;
use cloakroom_core::Bucket;
use futures_util::future::join_all;
use redis::{Arg, Cmd};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::time::sleep;

/// A third of the usual lease: what a fence hides is noticed no later than what a near cache has not heard.
const EVERY: Duration = Duration::from_millis(300);
/// For so long it counts that a server may write. Where it is replaced as it should be, more than two seconds after it was
/// last heard to be well (docs/revocation.md), the other one begins later than this.
const FRESH: Duration = Duration::from_millis(500);
/// Who has not heard of a server for so long, though it asks three times a second, has slept. By now another may be the
/// primary, and this one may itself have slept and not know.
const SLEPT: Duration = Duration::from_secs(3);

/// What is known of a server's right to write.
#[derive(Default)]
pub(crate) struct Standing {
    /// It was refused.
    fenced: AtomicBool,
    /// It was ever seen to have replicas.
    replicated: AtomicBool,
    /// When it was connected, and when it was asked that showed last that it may write, in microseconds since the machine
    /// was started; 0 if it did not since it was connected.
    connected: AtomicU64,
    may_write: AtomicU64,
}

impl Standing {
    /// Since the machine was started, sleep included.
    pub(crate) fn now() -> Duration {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        Duration::try_from(time).unwrap_or_default()
    }

    pub(crate) fn connected(&self) {
        self.fenced.store(false, Ordering::Relaxed);
        self.may_write.store(0, Ordering::Relaxed);
        self.connected.store(micros(Self::now()), Ordering::Relaxed);
    }

    pub(crate) fn replicated(&self) {
        // As long as it had none, nobody asked.
        self.connected.store(micros(Self::now()), Ordering::Relaxed);
        self.replicated.store(true, Ordering::Release);
    }

    pub(crate) fn is_replicated(&self) -> bool {
        self.replicated.load(Ordering::Acquire)
    }

    /// It showed that it may write, when it was asked at this moment.
    pub(crate) fn may_write(&self, asked: Duration) {
        self.answered(asked);
        self.fence(false);
    }

    /// It said nothing about that: what was known stays.
    pub(crate) fn answered(&self, asked: Duration) {
        self.may_write.fetch_max(micros(asked), Ordering::Relaxed);
    }

    pub(crate) fn may_not_write(&self) {
        self.fence(true);
    }

    fn fence(&self, fenced: bool) {
        if self.fenced.swap(fenced, Ordering::Relaxed) != fenced {
            tracing::warn!(fenced, "a primary lost the right to write, or has it again");
        }
    }

    pub(crate) fn is_fenced(&self) -> bool {
        self.fenced.load(Ordering::Relaxed)
    }

    /// Whether it may be read from at this moment.
    pub(crate) fn is_good(&self) -> bool {
        !self.is_fenced() && (!self.is_replicated() || since(&self.may_write) <= FRESH)
    }

    /// Whether nothing was heard of it for too long to go on where one was.
    pub(crate) fn is_of_before_a_sleep(&self) -> bool {
        self.is_replicated() && since(&self.may_write).min(since(&self.connected)) > SLEPT
    }
}

fn since(moment: &AtomicU64) -> Duration {
    Standing::now().saturating_sub(Duration::from_micros(moment.load(Ordering::Relaxed)))
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

/// A write that changes nothing, not even where memory is full: a time to live that is to be longer than it is, and is not.
pub(crate) fn proof(name: &[u8]) -> Cmd {
    let mut command = redis::cmd("PEXPIRE");
    command.arg(name).arg(1).arg("GT");
    command
}

/// The same about the key that a command reads, so that it is answered by whoever answers that.
pub(crate) fn proof_beside(command: &Cmd) -> Cmd {
    match command.args_iter().nth(1) {
        Some(Arg::Simple(key)) => proof(key),
        _ => proof(b""),
    }
}

/// Watches for as long as somebody uses the routes.
pub(crate) async fn watch(routes: Weak<Routes>, names: Names) {
    loop {
        sleep(EVERY).await;
        let Some(routes) = routes.upgrade() else { return };
        // Where nobody answers, nothing is read either.
        let primaries = routes.primaries().await.unwrap_or_default();
        join_all(
            primaries
                .iter()
                .map(|(link, buckets)| probe(link, buckets, &names)),
        )
        .await;
    }
}

async fn probe(link: &Arc<Link>, buckets: &[Bucket], names: &Names) {
    let Some(bucket) = buckets.first() else { return };
    if link.number() != 0 && link.may_be_replaced().await {
        // What it showed is noted; who reads hears of it.
        let _ = link.prove(&names.alive(*bucket)).await;
    }
}
