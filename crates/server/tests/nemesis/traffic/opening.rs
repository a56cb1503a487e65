//! Logging in. The admin API opens sessions without a password, which takes too long to be checked so often.

use super::Shared;
use super::sessions::{Session, User};
use crate::dice::Dice;
use crate::history::Act;
use crate::nodes::NODES;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// So many sessions are kept open: enough for many to live until they are renewed.
const LIVE: usize = 60;

/// Opens sessions whenever there are too few.
pub async fn work(shared: Shared, mut dice: Dice) {
    while !shared.stopped() {
        if shared.sessions.live() >= LIVE {
            sleep(Duration::from_millis(20)).await;
            continue;
        }
        let name = format!("user-{}", shared.sessions.number());
        let mut sessions = Vec::new();
        for _ in 0..=dice.below(3) {
            let number = shared.sessions.number();
            let node = dice.below(NODES);
            let start = shared.recorder.now();
            let (outcome, opened) = shared.client.open(shared.address(node).admin, &name).await;
            shared.note(start, number, node, Act::Open, outcome, false);
            sessions.extend(opened.map(|opened| Arc::new(Session::new(number, opened))));
        }
        if sessions.is_empty() {
            sleep(Duration::from_millis(50)).await;
        } else {
            shared.sessions.add(User { name, sessions });
        }
    }
}
