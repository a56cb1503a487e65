//! Users and their browsers: what they do, and what they see.

use crate::history::By;
use crate::world::World;
use cloakroom_core::{
    Activity, Changes, Client, CloseReason, Field, LogIn, SessionError, SessionId, Sessions, Subject, Token,
};
use std::sync::Arc;
use tokio::time::{Instant, sleep};

pub const HITS: Field<u32> = Field::new("hits");

/// A token that somebody holds, and the session it once opened.
#[derive(Clone)]
pub struct Ticket {
    pub token: Token,
    pub id: SessionId,
    pub subject: Subject,
    /// Another token took its place.
    pub replaced: bool,
    /// A node knew no such session.
    pub refused: bool,
}

pub fn browser() -> Client {
    Client::default().with_user_agent("Mozilla/5.0 (X11; Linux x86_64) Firefox/144.0")
}

/// One user at it until the world ends.
pub async fn live(world: Arc<World>, subject: Subject) {
    loop {
        sleep(world.dice.between(1..50)).await;
        let at = world.dice.below(world.nodes.len());
        let Some(sessions) = world.nodes[at].sessions() else {
            continue;
        };
        let ticket = world.any_ticket(&subject);
        let Some(ticket) = ticket.filter(|_| !world.dice.percent(2)) else {
            log_in(&world, &sessions, &subject).await;
            continue;
        };
        match world.dice.below(100) {
            0..90 => show(&world, at, &sessions, &ticket).await,
            90..95 => commit(&world, at, &sessions, &ticket).await,
            95..97 => rotate(&world, at, &sessions, &ticket).await,
            97..98 => log_out(&world, &sessions, &ticket).await,
            98..99 => end_all(&world, &sessions, &subject).await,
            _ => settle(&world, &sessions, &ticket).await,
        }
    }
}

async fn log_in(world: &World, sessions: &Sessions, subject: &Subject) {
    match sessions
        .log_in(LogIn::of(subject.clone()), &browser(), None)
        .await
    {
        Ok(active) => world.keep(Ticket {
            token: active.token().clone(),
            id: active.id(),
            subject: subject.clone(),
            replaced: false,
            refused: false,
        }),
        Err(_) => world.history.failed(),
    }
}

/// A check: from the cache, and if that says nothing, from the store.
async fn check(
    world: &World,
    at: usize,
    sessions: &Sessions,
    ticket: &Ticket,
) -> Option<cloakroom_core::Active> {
    let (began, key, browser) = (Instant::now(), ticket.token.key(), browser());
    if let Some(active) = sessions.glance(&ticket.token, &browser, Activity::User) {
        world.history.accepted(at, &key, began, By::Near);
        return Some(active);
    }
    let strictly = sessions.resolve_strictly(&ticket.token, &browser, Activity::User);
    match strictly.await {
        Ok(Some(active)) => {
            world.history.accepted(at, &key, began, By::Store);
            Some(active)
        }
        Ok(None) => {
            if !ticket.replaced {
                world.refused(ticket);
            }
            None
        }
        Err(_) => {
            world.history.failed();
            None
        }
    }
}

async fn show(world: &World, at: usize, sessions: &Sessions, ticket: &Ticket) {
    check(world, at, sessions, ticket).await;
}

async fn commit(world: &World, at: usize, sessions: &Sessions, ticket: &Ticket) {
    let Some(active) = check(world, at, sessions, ticket).await else {
        return;
    };
    let mut changes = Changes::none();
    changes.update(HITS, |hits| *hits += 1);
    world.history.tries_to_commit(ticket.id);
    match sessions.commit(&active, &changes, &browser()).await {
        Ok(written) => {
            world.history.committed(ticket.id);
            // Whatever the journal does: what a node has written, it does not show an older version of.
            if let Some(shown) = sessions.glance(&ticket.token, &browser(), Activity::User) {
                let (shown, written) = (shown.record().revision, written.record().revision);
                assert!(
                    shown >= written,
                    "{}: {shown:?} after {written:?}",
                    world.history.replay()
                );
            }
        }
        Err(SessionError::Gone) => {}
        Err(_) => world.history.failed(),
    }
}

async fn rotate(world: &World, at: usize, sessions: &Sessions, ticket: &Ticket) {
    let Some(active) = check(world, at, sessions, ticket).await else {
        return;
    };
    // Whatever comes of it, the old token may be dead from now on.
    world.replace(ticket);
    match sessions.rotate(&active, &browser()).await {
        Ok(active) => world.keep(Ticket {
            token: active.token().clone(),
            replaced: false,
            ..ticket.clone()
        }),
        Err(_) => world.history.failed(),
    }
}

async fn log_out(world: &World, sessions: &Sessions, ticket: &Ticket) {
    let cause = sessions.operator("the user");
    if sessions
        .end(&ticket.id, CloseReason::Logout, &cause)
        .await
        .is_err()
    {
        world.history.failed();
    }
}

async fn end_all(world: &World, sessions: &Sessions, subject: &Subject) {
    let cause = sessions.operator("the user");
    if sessions
        .end_all(subject, CloseReason::Logout, &cause)
        .await
        .is_err()
    {
        world.history.failed();
    }
}

/// Ends a session and waits until that holds everywhere.
async fn settle(world: &World, sessions: &Sessions, ticket: &Ticket) {
    let cause = sessions.operator("somebody who has to be sure");
    let ended = sessions.end(&ticket.id, CloseReason::Revoked, &cause).await;
    if !matches!(ended, Ok(true)) || sessions.settled().await.is_err() {
        return;
    }
    let (key, browser) = (ticket.token.key(), browser());
    world.history.settled(&key, || {
        world.nodes.iter().position(|node| {
            let sessions = node.sessions();
            sessions.is_some_and(|it| it.glance(&ticket.token, &browser, Activity::User).is_some())
        })
    });
}
