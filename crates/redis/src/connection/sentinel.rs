//! Asking Sentinels which server is the primary.
//!
//! All are asked at once, and more than half have to answer, or as many as do within the limit. They may disagree for a
//! moment after a fail-over: the one that knows of the latest is right, and the fail-overs are numbered (`config-epoch`).

use crate::connection::access::Access;
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
    pub(crate) async fn primary(&self, limit: Duration) -> Result<Client, RedisError> {
        let asking = self
            .each
            .iter()
            .map(|sentinel| sentinel.ask(&self.master, limit / 2));
        let mut answers: FuturesUnordered<_> = asking.collect();
        let mut latest: Option<Told> = None;
        let mut heard = 0;
        let mut refusal = unheard();
        while let Some(answer) = answers.next().await {
            match answer {
                Ok(told) => {
                    heard += 1;
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
        self.access.client(&told.host, told.port)
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
            let mut command = redis::cmd("SENTINEL");
            command.arg("MASTER").arg(master);
            let answer = connection
                .send_packed_command(&command)
                .await
                .and_then(Value::extract_error)?;
            *self.connection.lock() = Some(connection);
            read(answer).ok_or_else(unheard)
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

fn read(answer: Value) -> Option<Told> {
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
    })
}

fn unheard() -> RedisError {
    RedisError::from((ErrorKind::Io, "no Sentinel tells which server is the primary"))
}
