//! Ending sessions in all the ways there are, until it is acknowledged.

use super::Shared;
use super::checking::closely;
use super::sessions::{Session, User};
use crate::dice::Dice;
use crate::history::{Act, Outcome};
use crate::nodes::NODES;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;

/// Somebody who ends a user's sessions, now and then.
pub async fn work(shared: Shared, mut dice: Dice) {
    while !shared.stopped() {
        sleep(dice.between(300, 900)).await;
        let Some(user) = shared.sessions.take(&mut dice) else {
            continue;
        };
        let settled = dice.percent(30);
        if dice.percent(30) {
            all_at_once(&shared, &mut dice, &user, settled).await;
        } else {
            for session in &user.sessions {
                one(&shared, &mut dice, session, settled).await;
            }
        }
        shared.sessions.bury(user.sessions);
    }
}

/// Ends one session: by an operator, or by its user at the first attempt.
async fn one(shared: &Shared, dice: &mut Dice, session: &Arc<Session>, settled: bool) {
    let watched = Watched::begin(shared, std::slice::from_ref(session)).await;
    let mut by_user = !settled && dice.percent(30);
    let path = format!("/admin/v1/sessions/{}{}", session.id, query(settled));
    loop {
        let node = dice.below(NODES);
        let to = shared.address(node);
        let start = shared.recorder.now();
        let outcome = if by_user {
            // It is answered in the same way where there is no session.
            shared
                .client
                .log_out(to.public, "/auth/logout", &session.token())
                .await
        } else {
            shared.client.end(to.admin, &path).await
        };
        shared.note(start, session.number, node, act(settled), outcome, false);
        by_user = false;
        if is_over(shared, outcome).await {
            break;
        }
    }
    watched.end().await;
}

/// Ends all sessions of a user in one act.
async fn all_at_once(shared: &Shared, dice: &mut Dice, user: &User, settled: bool) {
    let watched = Watched::begin(shared, &user.sessions).await;
    let mut by_user = !settled && dice.percent(30);
    let path = format!("/admin/v1/subjects/{}/sessions{}", user.name, query(settled));
    loop {
        let node = dice.below(NODES);
        let to = shared.address(node);
        let start = shared.recorder.now();
        let outcome = if by_user {
            let token = user.sessions[0].token();
            shared
                .client
                .log_out(to.public, "/auth/logout-everywhere", &token)
                .await
        } else {
            shared.client.end(to.admin, &path).await
        };
        by_user = false;
        for session in &user.sessions {
            shared.note(start, session.number, node, act(settled), outcome, false);
        }
        if is_over(shared, outcome).await {
            break;
        }
    }
    watched.end().await;
}

fn query(settled: bool) -> &'static str {
    if settled { "?settled=true" } else { "" }
}

fn act(settled: bool) -> Act {
    if settled { Act::EndSettled } else { Act::End }
}

/// Whether there is nothing more to be done. Where the outcome is not known, it is tried again a little later.
async fn is_over(shared: &Shared, outcome: Outcome) -> bool {
    let over = !matches!(outcome, Outcome::Unavailable | Outcome::NoAnswer) || shared.stopped();
    if !over {
        sleep(Duration::from_millis(100)).await;
    }
    over
}

/// Sessions that are closely looked at on every node while they are ended.
struct Watched {
    ended: watch::Sender<bool>,
    watching: Vec<tokio::task::JoinHandle<()>>,
}

impl Watched {
    async fn begin(shared: &Shared, sessions: &[Arc<Session>]) -> Self {
        let (ended, receiver) = watch::channel(false);
        let each = sessions
            .iter()
            .flat_map(|session| (0..NODES).map(move |node| (session, node)));
        let watching = each
            .map(|(session, node)| {
                let session = Arc::clone(session);
                tokio::spawn(closely(shared.clone(), session, node, receiver.clone()))
            })
            .collect();
        // Every near cache holds it by then, unless it is cut off.
        sleep(Duration::from_millis(20)).await;
        Self { ended, watching }
    }

    async fn end(self) {
        self.ended.send_replace(true);
        for watching in self.watching {
            watching.await.unwrap();
        }
    }
}
