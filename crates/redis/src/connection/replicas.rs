//! Waiting until replicas have what was written.
//!
//! `WAIT` stops the connection that it is asked on, so it has one of its own; and since one answer tells of everything
//! written before the question, those who ask meanwhile share the next one.

use crate::call::{millis, sign_of_life};
use crate::connection::link::Link;
use crate::error::out_of_time;
use redis::aio::{MultiplexedConnection, SendError};
use redis::{PushInfo, RedisError, Value};
use std::sync::Arc;
use tokio::time::{Instant, timeout};

/// Who waits on a server.
#[derive(Default)]
pub(crate) struct Replicas(tokio::sync::Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    /// To the server of the link's n-th connection.
    connection: Option<(MultiplexedConnection, u64)>,
    /// When the last question was begun that was answered, of which connection, and whether enough replicas had everything.
    last: Option<(Instant, u64, bool)>,
}

impl Replicas {
    /// Whether what was written before this call on the link's n-th connection is, in time, on so many replicas at least, and on
    /// every one that may take over. Not if that is not the present one: another server may be the primary.
    pub(crate) async fn have_it(
        &self,
        link: &Arc<Link>,
        name: &[u8],
        wanted: u32,
        number: u64,
    ) -> Result<bool, RedisError> {
        let asked = Instant::now();
        let mut waiting = self.0.lock().await;
        if number == 0 || link.number() != number {
            return Ok(false);
        }
        let last = waiting
            .last
            .filter(|(begun, of, _)| *begun >= asked && *of == number);
        if let Some((_, _, enough)) = last {
            return Ok(enough);
        }
        let begun = Instant::now();
        let mut connection = match waiting.connection.take() {
            Some((connection, of)) if of == number => connection,
            _ => link.private(|_: PushInfo| Ok::<(), SendError>(())).await?,
        };
        let enough = timeout(link.limit() * 2, ask(&mut connection, link, name, wanted));
        let enough = enough.await.unwrap_or_else(|_| Err(out_of_time()))?;
        if link.number() != number {
            return Ok(false);
        }
        waiting.connection = Some((connection, number));
        tell_change(waiting.last.is_none_or(|(_, _, before)| before), enough);
        waiting.last = Some((begun, number, enough));
        Ok(enough)
    }
}

/// Operators are told once, not at each ending.
fn tell_change(before: bool, now: bool) {
    match (before, now) {
        (true, false) => tracing::warn!(
            "endings are on the session store's primary only: its replicas do not have them in time, or are too few"
        ),
        (false, true) => tracing::info!("endings are on the session store's replicas, too, again"),
        _ => {}
    }
}

/// Writes something, because only what this very connection wrote is waited for, and everything that was written before
/// comes before it.
async fn ask(
    connection: &mut MultiplexedConnection,
    link: &Arc<Link>,
    name: &[u8],
    wanted: u32,
) -> Result<bool, RedisError> {
    let mut writing = redis::pipe();
    writing.add_command(sign_of_life(name));
    if let Some(question) = link.target().question_of_heirs() {
        writing.add_command(question);
    }
    let answers = connection
        .send_packed_commands(&writing, 0, writing.len())
        .await?;
    let answers = answers.into_iter().map(Value::extract_error);
    let answers: Vec<_> = answers.collect::<Result<_, _>>()?;
    let needed = match answers.into_iter().nth(1) {
        Some(answer) => {
            let answer: String = redis::from_redis_value(answer)?;
            wanted.max(link.target().count_heirs(&answer))
        }
        None => wanted,
    };
    let mut wait = redis::cmd("WAIT");
    wait.arg(needed).arg(millis(link.limit()));
    let have_it: u32 = wait.query_async(connection).await?;
    Ok(have_it >= needed)
}
