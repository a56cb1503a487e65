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
    /// When the last question was begun that was answered, of which connection, and how many replicas had everything.
    last: Option<(Instant, u64, u64)>,
}

impl Replicas {
    /// How many replicas have what was written before this call on the link's n-th connection: at least `wanted`, or as many
    /// as had it in time. None if that is not the present one: another server may be the primary.
    pub(crate) async fn have(
        &self,
        link: &Arc<Link>,
        name: &[u8],
        wanted: u32,
        number: u64,
    ) -> Result<u64, RedisError> {
        let asked = Instant::now();
        let mut waiting = self.0.lock().await;
        if number == 0 || link.number() != number {
            return Ok(0);
        }
        let last = waiting
            .last
            .filter(|(begun, of, _)| *begun >= asked && *of == number);
        if let Some((_, _, count)) = last {
            return Ok(count);
        }
        let begun = Instant::now();
        let mut connection = match waiting.connection.take() {
            Some((connection, of)) if of == number => connection,
            _ => link.private(|_: PushInfo| Ok::<(), SendError>(())).await?,
        };
        let count = ask(&mut connection, link, name, wanted).await?;
        if link.number() != number {
            return Ok(0);
        }
        waiting.connection = Some((connection, number));
        waiting.last = Some((begun, number, count));
        Ok(count)
    }
}

/// Writes something, because only what this very connection wrote is waited for, and everything that was written before
/// comes before it.
async fn ask(
    connection: &mut MultiplexedConnection,
    link: &Arc<Link>,
    name: &[u8],
    wanted: u32,
) -> Result<u64, RedisError> {
    let limit = millis(link.limit());
    let mut asking = redis::pipe();
    asking.add_command(sign_of_life(name));
    asking.cmd("WAIT").arg(wanted).arg(limit);
    let answers = connection.send_packed_commands(&asking, 0, 2);
    let answers = timeout(link.limit() * 2, answers)
        .await
        .unwrap_or_else(|_| Err(out_of_time()))?;
    match answers
        .into_iter()
        .map(Value::extract_error)
        .collect::<Result<Vec<_>, _>>()?
        .pop()
    {
        Some(Value::Int(count)) => Ok(u64::try_from(count).unwrap_or(0)),
        _ => Ok(0),
    }
}
