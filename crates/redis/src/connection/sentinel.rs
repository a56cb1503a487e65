//! Asking Sentinels which server is the primary, and how many replicas may take its place.
//!
//! All are asked at once, and more than half have to answer, or as many as do within the limit. They may disagree for a
//! moment after a fail-over: the one that knows of the latest is right, and the fail-overs are numbered (`config-epoch`).

use crate::connection::access::Access;
use crate::connection::target::Primary;
use crate::reply::Reply;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ErrorKind, RedisError, Value};
use std::time::Duration;
use tokio::time::timeout;

pub(crate) struct Sentinels {
    each: Vec<Sentinel>,
    /// What they call the primary and its replicas.
    master: String,
    access: Access,
}

/// One of them, and the connection to it, if there is one.
struct Sentinel {
    client: Client,
    connection: Mutex<Option<MultiplexedConnection>>,
}

/// What a Sentinel says.
struct Told {
    epoch: u64,
    host: String,
    port: u16,
    heirs: u32,
}

impl Sentinels {
    pub(crate) fn new(each: Vec<Client>, master: String, access: Access) -> Self {
        let each = each.into_iter().map(|client| Sentinel {
            client,
            connection: Mutex::default(),
        });
        Self {
            each: each.collect(),
            master,
            access,
        }
    }

    /// The way to the primary.
    pub(crate) async fn primary(&self, limit: Duration) -> Result<Primary, RedisError> {
        let asking = self
            .each
            .iter()
            .map(|sentinel| sentinel.ask(&self.master, limit / 2));
        let mut answers: FuturesUnordered<_> = asking.collect();
        let mut latest: Option<Told> = None;
        let mut heard = 0;
        // Whoever sees least of the others is the one that is cut off.
        let mut heirs = 0;
        let mut refusal = unheard();
        while let Some(answer) = answers.next().await {
            match answer {
                Ok(told) => {
                    heard += 1;
                    heirs = heirs.max(told.heirs);
                    if latest.as_ref().is_none_or(|it| told.epoch > it.epoch) {
                        latest = Some(told);
                    }
                    if heard * 2 > self.each.len() {
                        break;
                    }
                }
                Err(error) => refusal = error,
            }
        }
        let told = latest.ok_or(refusal)?;
        let client = self.access.client(&told.host, told.port)?;
        Ok(Primary { client, heirs })
    }
}

impl Sentinel {
    async fn ask(&self, master: &str, limit: Duration) -> Result<Told, RedisError> {
        let kept = self.connection.lock().take();
        let asking = async {
            let mut connection = match kept {
                Some(connection) => connection,
                None => self.dial(limit).await?,
            };
            let mut asking = redis::pipe();
            asking.cmd("SENTINEL").arg("MASTER").arg(master);
            asking.cmd("SENTINEL").arg("REPLICAS").arg(master);
            let answers = connection.send_packed_commands(&asking, 0, 2).await?;
            *self.connection.lock() = Some(connection);
            let mut answers = answers.into_iter().map(Value::extract_error);
            let primary = answers.next().unwrap_or_else(|| Err(unheard()))?;
            // Who may not ask for replicas may ask for the primary all the same.
            let replicas = answers.next().and_then(Result::ok);
            let heirs = replicas.and_then(count_heirs).unwrap_or(0);
            read(primary, heirs).ok_or_else(unheard)
        };
        timeout(limit, asking).await.unwrap_or_else(|_| Err(unheard()))
    }

    async fn dial(&self, limit: Duration) -> Result<MultiplexedConnection, RedisError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(limit))
            .set_response_timeout(Some(limit));
        self.client
            .get_multiplexed_async_connection_with_config(&config)
            .await
    }
}

fn read(answer: Value, heirs: u32) -> Option<Told> {
    let (mut epoch, mut host, mut port) = (None, None, None);
    for (name, value) in answer.into_map_iter().ok()? {
        let name = Reply::new("sentinel", name).bytes().ok()??;
        let value = Reply::new("sentinel", value);
        match name.as_slice() {
            b"ip" => host = String::from_utf8(value.bytes().ok()??).ok(),
            b"port" => port = value.number().ok(),
            b"config-epoch" => epoch = value.number().ok(),
            _ => {}
        }
    }
    Some(Told {
        epoch: epoch?,
        host: host?,
        port: u16::try_from(port?).ok()?,
        heirs,
    })
}

/// How many of the replicas may be chosen: all that are up. Also one that does not hear the primary at the moment: Sentinels take
/// it all the same if it heard one a while ago, and what they say of that is seconds old.
fn count_heirs(replicas: Value) -> Option<u32> {
    let replicas = Reply::new("sentinel", replicas).many().ok()?;
    let heirs = replicas.into_iter().filter_map(|it| is_up(it.value));
    u32::try_from(heirs.filter(|is_one| *is_one).count()).ok()
}

fn is_up(replica: Value) -> Option<bool> {
    for (name, value) in replica.into_map_iter().ok()? {
        let name = Reply::new("sentinel", name).bytes().ok()??;
        if name.as_slice() == b"flags" {
            let value = Reply::new("sentinel", value)
                .bytes()
                .ok()
                .flatten()
                .unwrap_or_default();
            let mut flags = value.split(|byte| *byte == b',');
            return Some(!flags.any(|flag| [&b"s_down"[..], b"o_down", b"disconnected"].contains(&flag)));
        }
    }
    Some(false)
}

fn unheard() -> RedisError {
    RedisError::from((ErrorKind::Io, "no Sentinel tells which server is the primary"))
}
