//! The store: which file does which step.

use crate::call::Call;
use crate::connection::address::{Address, ConnectError, Servers, check_prefix};
use crate::connection::cluster::Cluster;
use crate::connection::fence;
use crate::connection::link::Link;
use crate::connection::routes::{Ask, Routes};
use crate::connection::sentinel::Sentinels;
use crate::connection::target::Target;
use crate::journal::Journal;
use crate::lately::Lately;
use crate::names::Names;
use crate::options::Options;
use crate::reply::Reply;
use crate::server::{self, Server};
use async_trait::async_trait;
use cloakroom_core::{
    Bucket, Cause, CloseReason, Durability, Ended, EndedAll, Epoch, Event, Finding, Found, Key, Listing,
    Opened, Opening, Page, Position, Rotation, SessionId, Shared, Slot, Store, StoreError, Subject, Swap,
    Swept, Term, Timestamp, Touch, Write,
};
use redis::RedisError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Sessions in Redis or Valkey. Clones share one connection.
#[derive(Clone)]
pub struct RedisStore {
    pub(crate) routes: Arc<Routes>,
    pub(crate) names: Names,
    pub(crate) options: Options,
    journal: Arc<Journal>,
    lately: Arc<Lately>,
    place: String,
    server: Server,
}

impl RedisStore {
    /// Connects with the default [`Options`].
    ///
    /// `redis://[user:password@]host[:port][/database][?prefix=NAME]`, or `rediss://` for TLS, with `?ca=FILE` for a
    /// private certificate authority (PEM). `redis-sentinel://host:port,host:port/NAME` asks Sentinels for the primary that
    /// they call so; `redis-cluster://host:port,host:port` names some servers of a cluster. All of them take the same
    /// settings, and `valkey…` means the same as `redis…`.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        Self::connect_with(url, Options::default()).await
    }

    /// Connects. Fails when nobody answers: a wrong address is found at the start and not at the first log-in. What
    /// breaks later mends itself.
    pub async fn connect_with(url: &str, mut options: Options) -> Result<Self, ConnectError> {
        let address = Address::parse(url)?;
        if let Some(prefix) = address.prefix.clone() {
            options.prefix = prefix;
        }
        if let Some(replicas) = address.replicas {
            options.replicas = replicas;
        }
        check_prefix(&options.prefix)?;
        let (place, database) = (address.place(), address.access.settings.db());
        let clustered = matches!(address.servers, Servers::Cluster(_));
        let unreachable = |error| server::refusal(&place, error);
        let routes = reach(address, &options)
            .await
            .map_err(|error| unreachable(crate::error::sort(error)))?;
        let server = match routes.primaries().await.map_err(unreachable)?.first() {
            Some((link, _)) => Server::meet(link, &place).await?,
            None => return Err(unreachable(crate::error::sort(crate::error::no_server()))),
        };
        let names = if clustered {
            Names::of_cluster(&options.prefix)
        } else {
            Names::new(&options.prefix)
        };
        let journal = Arc::new(Journal::new(&routes, &names));
        let routes = Arc::new(routes);
        tokio::spawn(fence::watch(Arc::downgrade(&routes), names.clone()));
        Ok(Self {
            journal,
            lately: Arc::default(),
            routes,
            names,
            place: if clustered {
                place
            } else {
                format!("{place}, database {database}")
            },
            options,
            server,
        })
    }

    /// Runs a script.
    pub(crate) async fn run(&self, step: &'static str, call: &Call) -> Result<Reply, StoreError> {
        let ask = Ask::Script(call.script, &call.command);
        let value = self.routes.ask(call.bucket, ask).await?;
        Ok(Reply::new(step, value))
    }
}

async fn reach(address: Address, options: &Options) -> Result<Routes, RedisError> {
    let Address { servers, access, .. } = address;
    let limit = options.command_limit;
    let target = match servers {
        Servers::One(node) => Target::Address(access.client(&node.host, node.port)?),
        Servers::Sentinels(nodes, way, master) => {
            let each: Result<_, _> = nodes
                .iter()
                .map(|node| way.client(&node.host, node.port))
                .collect();
            Target::Sentinels(Sentinels::new(each?, master, access))
        }
        Servers::Cluster(seeds) => return Ok(Routes::Cluster(Cluster::new(access, seeds, limit).await?)),
    };
    Ok(Routes::One(Link::new(target, limit).await?))
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisStore({})", self.describe())
    }
}

#[async_trait]
impl Store for RedisStore {
    async fn load(&self, key: &Key) -> Result<Option<Slot>, StoreError> {
        let command = self.names.get_record(key);
        let value = self.routes.read(key.bucket(), &command).await?;
        let value = Reply::new("load", value).bytes()?;
        value.map(|value| self.lately.decode(key, value)).transpose()
    }

    async fn epoch(&self, subject: &Subject) -> Result<Epoch, StoreError> {
        self.epoch_of(subject).await
    }

    async fn open(&self, opening: &Opening) -> Result<Opened, StoreError> {
        self.admit(opening).await
    }

    async fn swap(&self, swap: &Swap) -> Result<Write, StoreError> {
        self.write(swap, None, None).await
    }

    async fn touch(&self, touches: &[Touch]) -> Result<Vec<bool>, StoreError> {
        self.note_seen(touches).await
    }

    async fn rotate(&self, rotation: &Rotation) -> Result<Write, StoreError> {
        self.write(&rotation.swap, Some(&rotation.to), rotation.leave.as_ref())
            .await
    }

    async fn close(
        &self,
        key: &Key,
        reason: CloseReason,
        cause: &Cause,
    ) -> Result<Option<Ended>, StoreError> {
        self.end(key, reason, cause).await
    }

    async fn close_subject(
        &self,
        subject: &Subject,
        except: Option<SessionId>,
        reason: CloseReason,
        cause: &Cause,
    ) -> Result<EndedAll, StoreError> {
        self.end_all(subject, except, reason, cause).await
    }

    fn term(&self, bucket: Bucket) -> Term {
        Term(self.routes.term(bucket))
    }

    async fn durability(&self, bucket: Bucket, term: Term) -> Result<Durability, StoreError> {
        self.durability_of(bucket, term).await
    }

    async fn find(&self, id: &SessionId) -> Result<Option<Found>, StoreError> {
        self.find_by_id(id).await
    }

    async fn list(&self, subject: &Subject) -> Result<Vec<Found>, StoreError> {
        self.sessions_of(subject).await
    }

    async fn scan(&self, from: Option<&str>, at_most: usize) -> Result<Listing, StoreError> {
        self.stretch(from, at_most).await
    }

    async fn sweep(&self, now: Timestamp, at_most: usize) -> Result<Swept, StoreError> {
        self.lately.tidy();
        self.sweep_all(now, at_most).await
    }

    async fn count(&self) -> Result<u64, StoreError> {
        let counts = self.live_by_bucket().await?;
        Ok(counts.into_iter().sum())
    }

    async fn append(&self, event: &Event) -> Result<(), StoreError> {
        self.add_to_journal(event).await
    }

    async fn journal_end(&self) -> Result<Position, StoreError> {
        self.journal.end().await
    }

    async fn confirm(&self) -> Result<Position, StoreError> {
        self.journal.confirmed_end().await
    }

    async fn lease(&self, wanted: Duration, now: Timestamp) -> Result<Duration, StoreError> {
        self.agreed_lease(wanted, now).await
    }

    async fn journal(&self, after: &Position, at_most: usize, wait: Duration) -> Result<Page, StoreError> {
        self.journal.page(after, at_most, wait).await
    }

    fn shared(&self) -> &dyn Shared {
        self
    }

    async fn examine(&self, now: Timestamp) -> Result<Vec<Finding>, StoreError> {
        server::examine_all(&self.routes, self.options.replicas, now).await
    }

    fn describe(&self) -> String {
        format!(
            "{} at {}, keys under {}",
            self.server,
            self.place,
            self.names.prefix()
        )
    }
}
