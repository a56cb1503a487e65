//! Asking whether sessions may pass.

use super::Shared;
use super::sessions::Session;
use crate::dice::Dice;
use crate::history::Outcome;
use crate::nodes::NODES;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

/// Checks any session on one node, over and over: mostly live ones, and those that may never pass again.
pub async fn work(shared: Shared, mut dice: Dice, node: usize) {
    while !shared.stopped() {
        let session = if dice.percent(70) {
            shared.sessions.a_live_one(&mut dice)
        } else {
            shared.sessions.an_ended_one(&mut dice)
        };
        if let Some(session) = session {
            shared.check(&session, node).await;
        }
        sleep(dice.between(8, 16)).await;
    }
}

/// Checks one session on one node as often as makes sense, from before it is ended until the node has refused it twice
/// in a row after that, or long enough after it was.
pub async fn closely(shared: Shared, session: Arc<Session>, node: usize, ended: watch::Receiver<bool>) {
    const LONG_ENOUGH: Duration = Duration::from_secs(3);
    let mut since = None;
    let mut refused = 0;
    loop {
        let outcome = shared.check(&session, node).await;
        let is_ended = *ended.borrow() || shared.stopped();
        if is_ended {
            let since = *since.get_or_insert_with(Instant::now);
            refused = if outcome == Outcome::NoSession {
                refused + 1
            } else {
                0
            };
            if refused == 2 || since.elapsed() > LONG_ENOUGH {
                return;
            }
        }
        let pause = if outcome == Outcome::Done { 2 } else { 25 };
        sleep(Duration::from_millis(pause)).await;
    }
}

/// Every session there ever was, on every node.
pub async fn everything(shared: &Shared) {
    let all: Arc<[_]> = shared.sessions.all().into();
    let next = Arc::new(AtomicUsize::new(0));
    let workers: Vec<_> = (0..8)
        .map(|_| {
            let (shared, all, next) = (shared.clone(), Arc::clone(&all), Arc::clone(&next));
            tokio::spawn(async move {
                while let Some(session) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    for node in 0..NODES {
                        shared.check(session, node).await;
                    }
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
}
