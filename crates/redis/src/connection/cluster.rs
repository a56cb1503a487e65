//! The servers of a cluster: which of them has a bucket, and what to do when that changes.
//!
//! All that a command touches lies in one bucket, so in one slot, so on one server; there is nothing to split. A map says
//! which. It is drawn anew every second, and at once when a server says that something has moved.
//!
//! While a slot moves from one server to another, its keys lie on both. A read of one key is answered all the same: the
//! old server has it, or sends us to the new one. A script is refused by both until the move is done (`still.lua`), because
//! half of what it wants may be on the other side; so it waits, and in the end says that the store can not be reached.

use crate::connection::access::Access;
use crate::connection::link::{Link, patiently};
use crate::connection::routes::Ask;
use crate::connection::slots::{Node, owners};
use crate::connection::target::Target;
use crate::error::{is_on_the_move, no_server, out_of_time};
use cloakroom_core::Bucket;
use futures_util::future::try_join_all;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use parking_lot::RwLock;
use redis::{Cmd, ErrorKind, Pipeline, RedisError, ServerErrorKind, Value};
use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// The pause before a command is sent again that found its bucket on the move.
const PAUSE: Duration = Duration::from_millis(20);
/// How often the map is drawn anew with no reason.
const DRAW_EVERY: Duration = Duration::from_secs(1);

pub(crate) struct Cluster {
    access: Access,
    /// The servers that the URL names: where to ask when no other is known.
    seeds: Vec<Node>,
    limit: Duration,
    map: RwLock<Map>,
    /// One at a time draws.
    drawing: tokio::sync::Mutex<()>,
}

/// Who has what.
#[derive(Default)]
struct Map {
    owners: Vec<Option<Node>>,
    links: HashMap<Node, Arc<Link>>,
    /// Rises with each change.
    number: u64,
}

/// What to do after a failure.
enum Next {
    /// Somebody else has the bucket.
    There(Node),
    /// Somebody else has this key already.
    OnlyThisThere(Node),
    /// Wait a little.
    Later,
    /// Tell the caller.
    GiveUp,
}

impl Cluster {
    /// Draws the first map, so that a wrong address or password is found at the start.
    pub(crate) async fn new(
        access: Access,
        seeds: Vec<Node>,
        limit: Duration,
    ) -> Result<Arc<Self>, RedisError> {
        let cluster = Arc::new(Self {
            access,
            seeds,
            limit,
            map: RwLock::default(),
            drawing: tokio::sync::Mutex::default(),
        });
        patiently(|| cluster.draw(0)).await?;
        tokio::spawn(keep_drawing(Arc::downgrade(&cluster)));
        Ok(cluster)
    }

    pub(crate) fn limit(&self) -> Duration {
        self.limit
    }

    /// Sends a command to the server that has a bucket, wherever that has gone.
    pub(crate) async fn ask(self: &Arc<Self>, bucket: Bucket, ask: Ask<'_>) -> Result<Value, RedisError> {
        let until = Instant::now() + self.limit;
        loop {
            let (link, node, number) = self.owner(bucket).await?;
            let error = match ask.of(&link).await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            match after(&error, ask, &node) {
                Next::There(other) => self.moved(bucket, other, number)?,
                Next::OnlyThisThere(other) => {
                    if let Ask::Read(command) = ask
                        && let Ok(value) = self.ask_once(&other, command).await
                    {
                        return Ok(value);
                    }
                    sleep(PAUSE).await;
                }
                Next::Later => {
                    self.draw_soon();
                    sleep(PAUSE).await;
                }
                Next::GiveUp => {
                    self.draw_soon();
                    return Err(error);
                }
            }
            if Instant::now() >= until {
                return Err(error);
            }
        }
    }

    /// Sends commands that change nothing, all of one server in one go.
    pub(crate) async fn read_all(
        self: &Arc<Self>,
        commands: &[(Bucket, Cmd)],
    ) -> Result<Vec<Value>, RedisError> {
        let mut by_server: HashMap<Node, (Arc<Link>, Vec<usize>)> = HashMap::new();
        for (place, (bucket, _)) in commands.iter().enumerate() {
            let (link, node, _) = self.owner(*bucket).await?;
            by_server
                .entry(node)
                .or_insert_with(|| (link, Vec::new()))
                .1
                .push(place);
        }
        let parts = by_server
            .values()
            .map(|(link, places)| self.read_some(link, places, commands));
        let mut answers = vec![Value::Nil; commands.len()];
        for (place, answer) in try_join_all(parts).await?.into_iter().flatten() {
            if let Some(room) = answers.get_mut(place) {
                *room = answer;
            }
        }
        Ok(answers)
    }

    async fn read_some(
        self: &Arc<Self>,
        link: &Arc<Link>,
        places: &[usize],
        commands: &[(Bucket, Cmd)],
    ) -> Result<Vec<(usize, Value)>, RedisError> {
        let mut together = Pipeline::with_capacity(places.len());
        for place in places {
            together.add_command(commands[*place].1.clone());
        }
        let mut answers = Vec::with_capacity(places.len());
        for (place, answer) in places
            .iter()
            .zip(link.send_all(&together).await.inspect_err(|_| self.draw_soon())?)
        {
            let answer = if let Ok(value) = answer {
                value
            } else {
                // It has moved, perhaps: by itself it finds its way.
                let (bucket, command) = &commands[*place];
                self.ask(*bucket, Ask::Read(command)).await?
            };
            answers.push((*place, answer));
        }
        Ok(answers)
    }

    /// All servers that have buckets.
    pub(crate) async fn primaries(self: &Arc<Self>) -> Result<Vec<(Arc<Link>, Vec<Bucket>)>, RedisError> {
        let mut all: Vec<(Arc<Link>, Vec<Bucket>)> = Vec::new();
        for bucket in (0..=u8::MAX).map(Bucket) {
            let (link, _, _) = self.owner(bucket).await?;
            match all.iter_mut().find(|(known, _)| Arc::ptr_eq(known, &link)) {
                Some((_, buckets)) => buckets.push(bucket),
                None => all.push((link, vec![bucket])),
            }
        }
        Ok(all)
    }

    /// Who has a bucket, and by which map.
    pub(crate) async fn owner(
        self: &Arc<Self>,
        bucket: Bucket,
    ) -> Result<(Arc<Link>, Node, u64), RedisError> {
        if let Some(owner) = self.known_owner(bucket) {
            return Ok(owner);
        }
        let number = self.map.read().number;
        self.draw(number).await?;
        self.known_owner(bucket).ok_or_else(no_server)
    }

    /// The connection to who has a bucket as far as is known; 0 if there is none.
    pub(crate) fn term(&self, bucket: Bucket) -> u64 {
        self.known_owner(bucket).map_or(0, |(link, _, _)| link.number())
    }

    fn known_owner(&self, bucket: Bucket) -> Option<(Arc<Link>, Node, u64)> {
        let map = self.map.read();
        let node = map.owners.get(usize::from(bucket.0))?.as_ref()?;
        Some((Arc::clone(map.links.get(node)?), node.clone(), map.number))
    }

    /// A bucket has gone to another server. The rest of the map is drawn anew later.
    fn moved(self: &Arc<Self>, bucket: Bucket, to: Node, number: u64) -> Result<(), RedisError> {
        let mut map = self.map.write();
        if map.number == number {
            self.connect(&mut map.links, &to)?;
            if let Some(owner) = map.owners.get_mut(usize::from(bucket.0)) {
                *owner = Some(to);
            }
            map.number += 1;
        }
        drop(map);
        self.draw_soon();
        Ok(())
    }

    /// Asks a server for a key that a slot's move has brought there already.
    async fn ask_once(&self, node: &Node, command: &Cmd) -> Result<Value, RedisError> {
        let link = self.link(node)?;
        let mut asking = Pipeline::new();
        asking.cmd("ASKING");
        asking.add_command(command.clone());
        link.send_all(&asking)
            .await?
            .pop()
            .unwrap_or_else(|| Err(no_server()))
    }

    fn link(&self, node: &Node) -> Result<Arc<Link>, RedisError> {
        let mut map = self.map.write();
        self.connect(&mut map.links, node)
    }

    fn connect(&self, links: &mut HashMap<Node, Arc<Link>>, node: &Node) -> Result<Arc<Link>, RedisError> {
        if let Some(link) = links.get(node) {
            return Ok(Arc::clone(link));
        }
        let client = self.access.client(&node.host, node.port)?;
        let link = Link::unconnected(Target::Member(client), self.limit);
        links.insert(node.clone(), Arc::clone(&link));
        Ok(link)
    }

    /// Draws the map anew when there is time.
    pub(crate) fn draw_soon(self: &Arc<Self>) {
        let cluster = Arc::downgrade(self);
        let number = self.map.read().number;
        tokio::spawn(async move {
            if let Some(cluster) = cluster.upgrade() {
                // Whoever needs it finds out by itself that there is none.
                let _ = cluster.draw(number).await;
            }
        });
    }

    /// Draws the map anew, unless somebody has since it had this number. The first server to answer is believed: what it
    /// gets wrong, the others put right when they are asked.
    async fn draw(&self, number: u64) -> Result<(), RedisError> {
        let _drawing = self.drawing.lock().await;
        if self.map.read().number != number {
            return Ok(());
        }
        let mut nodes: Vec<Node> = self.map.read().links.keys().cloned().collect();
        nodes.extend(
            self.seeds
                .iter()
                .filter(|seed| !nodes.contains(seed))
                .cloned()
                .collect::<Vec<_>>(),
        );
        let mut answers: FuturesUnordered<_> = nodes.iter().map(|node| self.ask_for_map(node)).collect();
        let mut refusal = no_server();
        while let Some(answer) = answers.next().await {
            match answer {
                Ok(owners) => return self.adopt(owners),
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }

    async fn ask_for_map(&self, node: &Node) -> Result<Vec<Option<Node>>, RedisError> {
        let link = self.link(node)?;
        let mut asking = redis::cmd("CLUSTER");
        asking.arg("SLOTS");
        let answer = timeout(self.limit, link.send(&asking)).await;
        let answer = answer.unwrap_or_else(|_| Err(out_of_time()))?;
        owners(answer, node)
            .filter(|owners| owners.iter().any(Option::is_some))
            .ok_or_else(no_server)
    }

    fn adopt(&self, owners: Vec<Option<Node>>) -> Result<(), RedisError> {
        let mut map = self.map.write();
        for node in owners.iter().flatten() {
            self.connect(&mut map.links, node)?;
        }
        map.links.retain(|node, _| {
            owners.iter().flatten().any(|owner| owner == node) || self.seeds.contains(node)
        });
        if map.owners != owners {
            map.owners = owners;
            map.number += 1;
        }
        if map.number == 0 {
            map.number = 1;
        }
        Ok(())
    }
}

/// What a failure asks for.
fn after(error: &RedisError, ask: Ask<'_>, teller: &Node) -> Next {
    let node = || Node::parse(error.redirect_node()?.0, teller);
    match (error.kind(), ask) {
        (ErrorKind::Server(ServerErrorKind::Moved), _) => node().map_or(Next::Later, Next::There),
        (ErrorKind::Server(ServerErrorKind::Ask), Ask::Read(_)) => {
            node().map_or(Next::Later, Next::OnlyThisThere)
        }
        (
            ErrorKind::Server(
                ServerErrorKind::Ask
                | ServerErrorKind::TryAgain
                | ServerErrorKind::ClusterDown
                | ServerErrorKind::MasterDown
                | ServerErrorKind::BusyLoading,
            ),
            _,
        ) => Next::Later,
        _ if is_on_the_move(error) => Next::Later,
        _ => Next::GiveUp,
    }
}

async fn keep_drawing(cluster: Weak<Cluster>) {
    loop {
        sleep(DRAW_EVERY).await;
        let Some(cluster) = cluster.upgrade() else { return };
        let number = cluster.map.read().number;
        if let Err(error) = cluster.draw(number).await {
            tracing::debug!(%error, "the cluster's map can not be drawn at the moment");
        }
    }
}
