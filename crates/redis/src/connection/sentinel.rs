//! Asking Sentinels which server is the primary, and how many replicas may take its place.
//!
//! All are asked at once, and more than half have to answer, or as many as do within the limit. They may disagree for a
//! moment after a fail-over: the one that knows of the latest is right, and the fail-overs are numbered (`config-epoch`).

use crate::connection::access::Access;
use crate::reply::Reply;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ErrorKind, RedisError, Value};
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::timeout;

/// Who has not answered for so long is not chosen by a Sentinel: five of its pings, which come every second.
const PASSED_OVER: Duration = Duration::from_secs(5);

pub(crate) struct Sentinels {
    each: Vec<Sentinel>,
    /// What they call the primary and its replicas.
    master: String,
    access: Access,
    /// The primary's replicas, and whether any of them says that it is up.
    replicas: Mutex<HashMap<Place, bool>>,
}

/// One of them, and the connection to it, if there is one.
struct Sentinel {
    client: Client,
    connection: Mutex<Option<MultiplexedConnection>>,
}

/// What a Sentinel says.
struct Told {
    /// Which fail-over made it the primary.
    epoch: u64,
    primary: Place,
    all: Vec<Seen>,
}

/// Host and port.
type Place = (String, u16);

/// What a Sentinel says of a server that it watches.
struct Seen {
    place: Place,
    epoch: Option<u64>,
    is_up: bool,
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
            replicas: Mutex::default(),
        }
    }

    /// The way to the primary.
    pub(crate) async fn primary(&self, limit: Duration) -> Result<Client, RedisError> {
        let asking = self
            .each
            .iter()
            .map(|sentinel| sentinel.ask(&self.master, limit / 2));
        let mut answers: FuturesUnordered<_> = asking.collect();
        let mut latest: Option<(u64, Place)> = None;
        let mut heard = 0;
        // Who says that one is up is right: who says that it is not may be cut off.
        let mut replicas = HashMap::new();
        let mut refusal = unheard();
        while let Some(answer) = answers.next().await {
            match answer {
                Ok(told) => {
                    heard += 1;
                    for seen in told.all {
                        *replicas.entry(seen.place).or_insert(false) |= seen.is_up;
                    }
                    if latest.as_ref().is_none_or(|(epoch, _)| told.epoch > *epoch) {
                        latest = Some((told.epoch, told.primary));
                    }
                    if heard * 2 > self.each.len() {
                        break;
                    }
                }
                Err(error) => refusal = error,
            }
        }
        let (_, primary) = latest.ok_or(refusal)?;
        replicas.remove(&primary);
        *self.replicas.lock() = replicas;
        self.access.client(&primary.0, primary.1)
    }

    /// How many may be chosen in the primary's place, by what it answered to `INFO replication`: all that are up, and those that
    /// follow it although they are called down. Also one that does not hear the primary at the moment: Sentinels take it all
    /// the same if it heard one a while ago, and what they say of that is seconds old.
    pub(crate) fn count_heirs(&self, replication: &str) -> u32 {
        let following: Vec<_> = replication.lines().filter_map(follower).collect();
        let replicas = self.replicas.lock();
        let heirs = replicas
            .iter()
            .filter(|(place, is_up)| **is_up || following.contains(place));
        u32::try_from(heirs.count()).unwrap_or(u32::MAX)
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
            for question in ["MASTER", "GET-MASTER-ADDR-BY-NAME", "REPLICAS"] {
                asking.cmd("SENTINEL").arg(question).arg(master);
            }
            let answers = connection.send_packed_commands(&asking, 0, 3).await?;
            *self.connection.lock() = Some(connection);
            let mut answers = answers.into_iter().map(Value::extract_error);
            let mut next = || answers.next().unwrap_or_else(|| Err(unheard()));
            told(next()?, next()?, next()?).ok_or_else(unheard)
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

/// From what is told of the primary, of where clients are to go, and of the replicas. The second is ahead of the first while
/// the Sentinel that replaces the primary still has to tell the replicas.
fn told(master: Value, address: Value, replicas: Value) -> Option<Told> {
    let master = Seen::read(master)?;
    let epoch = master.epoch?;
    let primary = place(address).unwrap_or_else(|| master.place.clone());
    let replicas = Reply::new("sentinel", replicas).many().ok()?;
    let replicas = replicas.into_iter().map(|it| Seen::read(it.value));
    let all = replicas.chain([Some(master)]).collect::<Option<_>>()?;
    Some(Told { epoch, primary, all })
}

fn place(address: Value) -> Option<Place> {
    let mut parts = Reply::new("sentinel", address).many().ok()?.into_iter();
    let host = String::from_utf8(parts.next()?.bytes().ok()??).ok()?;
    Some((host, u16::try_from(parts.next()?.number().ok()?).ok()?))
}

/// From a line like `slave0:ip=10.0.0.2,port=6379,state=online`.
fn follower(line: &str) -> Option<Place> {
    let (name, fields) = line.trim_end().split_once(':')?;
    name.strip_prefix("slave")?.parse::<u32>().ok()?;
    let mut fields = fields.split(',');
    let host = fields.next()?.strip_prefix("ip=")?;
    let port = fields.next()?.strip_prefix("port=")?;
    Some((host.to_owned(), port.parse().ok()?))
}

impl Seen {
    fn read(answer: Value) -> Option<Self> {
        let (mut host, mut port, mut epoch) = (None, None, None);
        let (mut is_down, mut silence) = (false, Duration::ZERO);
        for (name, value) in answer.into_map_iter().ok()? {
            let name = Reply::new("sentinel", name).bytes().ok()??;
            let value = Reply::new("sentinel", value);
            match name.as_slice() {
                b"ip" => host = String::from_utf8(value.bytes().ok()??).ok(),
                b"port" => port = u16::try_from(value.number().ok()?).ok(),
                b"config-epoch" => epoch = value.number().ok(),
                b"flags" => is_down = says_down(&value.bytes().ok()??),
                b"last-ok-ping-reply" => silence = Duration::from_millis(value.number().ok()?),
                _ => {}
            }
        }
        Some(Self {
            place: (host?, port?),
            epoch,
            is_up: !is_down && silence <= PASSED_OVER,
        })
    }
}

/// That a Sentinel has no connection to it says nothing: so it is for a moment with all of them after a fail-over.
fn says_down(flags: &[u8]) -> bool {
    let mut flags = flags.split(|byte| *byte == b',');
    flags.any(|flag| [&b"s_down"[..], b"o_down"].contains(&flag))
}

fn unheard() -> RedisError {
    RedisError::from((ErrorKind::Io, "no Sentinel tells which server is the primary"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    /// What is told of the server on a port, with the milliseconds since it answered a ping.
    fn server(port: u16, flags: &str, silence: u64) -> Value {
        let fields = [
            ("ip", "10.0.0.1".to_owned()),
            ("port", port.to_string()),
            ("flags", flags.to_owned()),
            ("last-ok-ping-reply", silence.to_string()),
        ];
        Value::Map(fields.map(|(name, value)| (text(name), text(&value))).to_vec())
    }

    fn master(port: u16, flags: &str, epoch: u64) -> Value {
        let Value::Map(mut fields) = server(port, flags, 100) else {
            panic!("no map")
        };
        fields.push((text("config-epoch"), text(&epoch.to_string())));
        Value::Map(fields)
    }

    /// Where the primary is, and which others are up.
    fn says(master: Value, clients_go_to: u16, replicas: Vec<Value>) -> (u16, Vec<u16>) {
        let address = Value::Array(vec![text("10.0.0.1"), text(&clients_go_to.to_string())]);
        let told = told(master, address, Value::Array(replicas)).unwrap();
        let others = told.all.iter().filter(|it| it.place != told.primary);
        let mut up: Vec<_> = others.filter(|it| it.is_up).map(|it| it.place.1).collect();
        up.sort_unstable();
        (told.primary.1, up)
    }

    #[test]
    fn all_that_are_up_may_take_over() {
        let both = vec![server(2, "slave", 100), server(3, "slave", 100)];
        assert_eq!(says(master(1, "master", 0), 1, both), (1, vec![2, 3]));
        let one = vec![
            server(2, "s_down,slave,disconnected", 2500),
            server(3, "slave", 100),
        ];
        assert_eq!(says(master(1, "master", 0), 1, one), (1, vec![3]));
        // With `down-after-milliseconds 30000` it is not called down yet, but would not be chosen.
        let silent = vec![
            server(2, "slave,disconnected", 5500),
            server(3, "slave,disconnected", 500),
        ];
        assert_eq!(says(master(1, "master", 0), 1, silent), (1, vec![3]));
    }

    /// As Redis 7.0.15 answered at steps of a fail-over.
    #[test]
    fn in_a_fail_over_the_next_primary_is_told_and_nobody_is_forgotten() {
        // The one that replaces a well primary: it has been promoted, and the other replica does not know yet.
        let leads = master(1, "master,failover_in_progress,force_failover", 1);
        let others = vec![
            server(2, "slave,promoted", 100),
            server(3, "slave,reconf_sent", 100),
        ];
        assert_eq!(
            says(leads, 2, others),
            (2, vec![1, 3]),
            "the old primary may come to be it again"
        );
        // The same with one that is dead.
        let leads = master(1, "s_down,o_down,master,disconnected,failover_in_progress", 1);
        let others = vec![
            server(2, "slave,promoted", 100),
            server(3, "slave,reconf_sent", 100),
        ];
        assert_eq!(says(leads, 2, others), (2, vec![3]));
        // The others, when they hear of it: for a moment they have no connection to anybody.
        let follows = master(2, "master,disconnected", 1);
        let others = vec![
            server(1, "slave,disconnected", 0),
            server(3, "slave,disconnected", 0),
        ];
        assert_eq!(says(follows, 2, others), (2, vec![1, 3]));
    }

    #[test]
    fn a_primary_says_who_follows_it() {
        let line = "slave1:ip=::1,port=7002,state=online,offset=95,lag=0\r";
        assert_eq!(follower(line), Some(("::1".to_owned(), 7002)));
        for other in ["role:master", "slave_read_only:1", "slave0:ip=10.0.0.1", ""] {
            assert_eq!(follower(other), None, "{other}");
        }
        assert!(Seen::read(text("nonsense")).is_none());
    }
}
