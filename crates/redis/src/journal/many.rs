//! The journal of a cluster: a log for each bucket, followed on every primary.
//!
//! A position has a strand for each bucket, in their order. Entries of one bucket, so of one session and one subject, come
//! in their order; those of different buckets in that of their ids, which is about that of their times.

use super::ALIVE;
use super::news::{News, Teller};
use super::pages::{Read, reading};
use super::place::{Extent, Place, text};
use crate::call::millis;
use crate::connection::cluster::Cluster;
use crate::connection::link::Link;
use crate::connection::routes::Ask;
use crate::error::{out_of_time, sort, unexpected};
use crate::names::Names;
use crate::reply::Reply;
use crate::scripts::{CONFIRM, END, Script, WHICH};
use cloakroom_core::{Bucket, Entry, Page, Position, StoreError};
use futures_util::future::try_join_all;
use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, Pipeline, RedisError, Value};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

/// How many entries of one log are read at a time.
const STRETCH: usize = 200;
/// How often a read begins anew because logs were trimmed under it.
const ATTEMPTS: usize = 5;
/// How many followers are kept until they are asked again.
const IDLE: usize = 4;

/// All of them.
pub(crate) struct Logs {
    cluster: Arc<Cluster>,
    names: Names,
    idle: Mutex<Vec<Follower>>,
    /// Where each log ended when that was confirmed last.
    ends: Mutex<Vec<Place>>,
}

/// A connection to each primary. It knows which logs have changed since it read them.
struct Follower {
    lines: Vec<Line>,
    news: Arc<News>,
    /// How far it has read, but for what there is news of.
    at: Position,
}

struct Line {
    connection: MultiplexedConnection,
    buckets: BTreeSet<u8>,
}

/// What came of reading.
#[derive(Default)]
struct Batch {
    /// With the ids of the entries, by which they are sorted.
    entries: Vec<((u64, u64), Entry)>,
    gap: bool,
}

impl Logs {
    pub(super) fn new(cluster: Arc<Cluster>, names: Names) -> Self {
        Self {
            cluster,
            names,
            idle: Mutex::default(),
            ends: Mutex::default(),
        }
    }

    pub(super) async fn end(&self) -> Result<Position, StoreError> {
        let extents = self.extents().await?;
        Ok(position(extents.iter().map(|extent| &extent.last)))
    }

    pub(super) async fn page(
        &self,
        after: &Position,
        at_most: usize,
        wait: Duration,
    ) -> Result<Page, StoreError> {
        let until = Instant::now() + wait;
        let from_start = after.as_str().is_empty();
        let known = parse(after);
        let mut gap = known.is_none() && !from_start;
        let mut places = match known {
            Some(places) => places,
            None => self.extents().await?.into_iter().map(Extent::oldest).collect(),
        };
        let mut follower = self.follower(after).await?;
        if wait.is_zero() {
            // What is there already may be faster than the news of it.
            follower.news.add(0..=u8::MAX);
        }
        loop {
            let batch = self.read(&mut follower, &mut places, at_most).await;
            let mut batch = batch.inspect_err(|_| self.cluster.draw_soon())?;
            gap |= batch.gap && !from_start;
            let over = Instant::now() >= until;
            if gap || over || !batch.entries.is_empty() {
                batch.entries.sort_by_key(|(id, _)| *id);
                follower.at = position(&places);
                let page = Page {
                    entries: batch.entries.into_iter().map(|(_, entry)| entry).collect(),
                    next: follower.at.clone(),
                    gap,
                };
                self.keep(follower);
                return Ok(page);
            }
            if timeout_at(until, follower.news.come()).await.is_err() {
                // Should news ever be lost, this finds out.
                follower.news.add(0..=u8::MAX);
            }
        }
    }

    /// A follower that stands at this position, or a new one that has everything to read.
    async fn follower(&self, at: &Position) -> Result<Follower, StoreError> {
        if let Some(follower) = self.kept(at) {
            return Ok(follower);
        }
        let news = Arc::new(News::default());
        let primaries = self.cluster.primaries().await.map_err(sort)?;
        let lines = primaries
            .iter()
            .map(|(link, buckets)| Line::dial(link, buckets, &news));
        let lines = try_join_all(lines).await.map_err(sort)?;
        news.add(0..=u8::MAX);
        Ok(Follower {
            lines,
            news,
            at: at.clone(),
        })
    }

    fn kept(&self, at: &Position) -> Option<Follower> {
        let mut idle = self.idle.lock();
        idle.retain(|follower| !follower.news.is_broken());
        let place = idle.iter().position(|follower| follower.at == *at)?;
        Some(idle.swap_remove(place))
    }

    fn keep(&self, follower: Follower) {
        let mut idle = self.idle.lock();
        if idle.len() >= IDLE {
            idle.remove(0);
        }
        idle.push(follower);
    }

    /// Reads what there is news of, and moves the places along.
    async fn read(
        &self,
        follower: &mut Follower,
        places: &mut [Place],
        at_most: usize,
    ) -> Result<Batch, StoreError> {
        let mut batch = Batch::default();
        for _ in 0..ATTEMPTS {
            let changed = follower.news.take();
            let limit = self.cluster.limit();
            let asked = follower.lines.iter_mut().map(|line| {
                let mine: Vec<_> = line.buckets.intersection(&changed).copied().collect();
                line.read(mine, &self.names, places, at_most.min(STRETCH), limit)
            });
            let mut lost = false;
            for (bucket, read) in try_join_all(asked).await?.into_iter().flatten() {
                let place = places
                    .get_mut(usize::from(bucket))
                    .ok_or_else(|| unexpected("journal"))?;
                if !self.holds(bucket, place, &read).await? {
                    *place = self.extent(bucket).await?.oldest();
                    follower.news.add([bucket]);
                    (batch.gap, lost) = (true, true);
                } else if take(bucket, place, read, at_most, &mut batch)? {
                    follower.news.add([bucket]);
                }
            }
            if !lost {
                return Ok(batch);
            }
        }
        Err(unexpected("journal"))
    }

    /// Whether nothing is missing between a place and what was read after it.
    async fn holds(&self, bucket: u8, place: &Place, read: &Read) -> Result<bool, StoreError> {
        if read.there || (place.is_origin() && matches!(read.entries.value, Value::Nil)) {
            return Ok(true);
        }
        Ok(self.extent(bucket).await?.follows(place))
    }

    async fn extent(&self, bucket: u8) -> Result<Extent, StoreError> {
        let (bucket, command) = self.asking_for_extent(Bucket(bucket));
        let answer = self
            .cluster
            .ask(bucket, Ask::Read(&command))
            .await
            .map_err(sort)?;
        Extent::read(Reply::new("journal", answer))
    }

    async fn extents(&self) -> Result<Vec<Extent>, StoreError> {
        let asking: Vec<_> = (0..=u8::MAX)
            .map(|bucket| self.asking_for_extent(Bucket(bucket)))
            .collect();
        let answers = self.cluster.read_all(&asking).await.map_err(sort)?;
        let extents = answers
            .into_iter()
            .map(|answer| Extent::read(Reply::new("journal", answer)));
        extents.collect()
    }

    fn asking_for_extent(&self, bucket: Bucket) -> (Bucket, Cmd) {
        let mut command = eval(&END, 1);
        command.arg(self.names.journal_of(bucket));
        (bucket, command)
    }

    /// Each primary is asked by a write, then where its logs end now. Most end where they did the last time, and say so
    /// with nothing.
    pub(super) async fn confirmed_end(&self) -> Result<Position, StoreError> {
        let known = self.ends.lock().clone();
        let known = if known.is_empty() {
            vec![Place::nowhere(); 256]
        } else {
            known
        };
        let primaries = self.cluster.primaries().await.map_err(sort)?;
        let asked = primaries
            .iter()
            .map(|(link, buckets)| self.confirmed_ends(link, buckets, &known));
        let asked = try_join_all(asked)
            .await
            .inspect_err(|_| self.cluster.draw_soon())?;
        let mut ends = known.clone();
        for (bucket, end) in asked.into_iter().flatten() {
            if let Some(known) = ends.get_mut(usize::from(bucket.0)) {
                *known = end;
            }
        }
        let position = position(&ends);
        *self.ends.lock() = ends;
        Ok(position)
    }

    async fn confirmed_ends(
        &self,
        link: &Arc<Link>,
        buckets: &[Bucket],
        known: &[Place],
    ) -> Result<Vec<(Bucket, Place)>, StoreError> {
        let Some(first) = buckets.first() else {
            return Ok(Vec::new());
        };
        let mut asking = Pipeline::new();
        let confirm = asking.add_command(eval(&CONFIRM, 2));
        confirm
            .arg(self.names.alive(*first))
            .arg(self.names.journal_of(*first))
            .arg(millis(ALIVE));
        for bucket in buckets {
            let end = &known[usize::from(bucket.0)];
            asking.add_command(reading(
                &self.names.journal_of(*bucket),
                &end.id,
                1,
                Duration::ZERO,
            ));
        }
        let mut answers = link.send_all(&asking).await.map_err(sort)?.into_iter();
        let confirmed = answers
            .next()
            .ok_or_else(|| unexpected("confirm"))?
            .map_err(sort)?;
        let history = Extent::read(Reply::new("confirm", confirmed))?.last.history;
        let (mut same, mut other) = (Vec::new(), Vec::new());
        for (bucket, answer) in buckets.iter().zip(answers) {
            let end = &known[usize::from(bucket.0)];
            if answer.map_err(sort)? == Value::Nil && end.history == history {
                same.push((*bucket, end.clone()));
            } else {
                other.push(*bucket);
            }
        }
        same.extend(self.present_ends(link, &other).await?);
        Ok(same)
    }

    async fn present_ends(
        &self,
        link: &Arc<Link>,
        buckets: &[Bucket],
    ) -> Result<Vec<(Bucket, Place)>, StoreError> {
        if buckets.is_empty() {
            return Ok(Vec::new());
        }
        let mut asking = Pipeline::new();
        for bucket in buckets {
            asking.add_command(self.asking_for_extent(*bucket).1);
        }
        let answers = link.send_all(&asking).await.map_err(sort)?;
        let ends = buckets.iter().zip(answers).map(|(bucket, answer)| {
            let extent = Extent::read(Reply::new("confirm", answer.map_err(sort)?))?;
            Ok((*bucket, extent.last))
        });
        ends.collect()
    }
}

impl Line {
    async fn dial(link: &Arc<Link>, buckets: &[Bucket], news: &Arc<News>) -> Result<Self, RedisError> {
        let mut connection = link.private(Teller(Arc::clone(news))).await?;
        let mut tracking = redis::cmd("CLIENT");
        tracking.arg("TRACKING").arg("ON");
        let answer = timeout(link.limit(), connection.send_packed_command(&tracking)).await;
        answer.unwrap_or_else(|_| Err(out_of_time()))?.extract_error()?;
        Ok(Self {
            connection,
            buckets: buckets.iter().map(|bucket| bucket.0).collect(),
        })
    }

    /// Reads some logs after their places. The server's history comes last: what was read before is in it.
    async fn read(
        &mut self,
        buckets: Vec<u8>,
        names: &Names,
        places: &[Place],
        at_most: usize,
        limit: Duration,
    ) -> Result<Vec<(u8, Read)>, StoreError> {
        if buckets.is_empty() {
            return Ok(Vec::new());
        }
        let mut asking = Pipeline::new();
        for bucket in &buckets {
            let (log, id) = (
                names.journal_of(Bucket(*bucket)),
                &places[usize::from(*bucket)].id,
            );
            asking.add_command(reading(&log, id, at_most, Duration::ZERO));
            asking.cmd("XRANGE").arg(log).arg(id).arg(id);
        }
        asking.add_command(eval(&WHICH, 0));
        let answers = self.connection.send_packed_commands(&asking, 0, asking.len());
        let answers = timeout(limit, answers)
            .await
            .unwrap_or_else(|_| Err(out_of_time()));
        let answers: Result<Vec<_>, _> = answers
            .map_err(sort)?
            .into_iter()
            .map(Value::extract_error)
            .collect();
        let mut answers = answers.map_err(sort)?;
        let history = text(Reply::new("journal", answers.pop().unwrap_or(Value::Nil)))?;
        let mut answers = answers.into_iter().map(|value| Reply::new("journal", value));
        let mut reads = Vec::with_capacity(buckets.len());
        for bucket in buckets {
            let mut next = || answers.next().ok_or_else(|| unexpected("journal"));
            let read = Read {
                entries: next()?,
                there: !next()?.many()?.is_empty(),
                history: history.clone(),
            };
            reads.push((bucket, read));
        }
        Ok(reads)
    }
}

/// Takes as many of the entries as there is room for. Answers whether there are or may be more.
fn take(
    bucket: u8,
    place: &mut Place,
    read: Read,
    at_most: usize,
    batch: &mut Batch,
) -> Result<bool, StoreError> {
    let room = at_most - batch.entries.len().min(at_most);
    let mut end = place.clone();
    let (history, mut more) = (read.history.clone(), false);
    for (count, entry) in read.entries(&mut end)?.into_iter().enumerate() {
        if count >= room {
            more = true;
            break;
        }
        let Some(at) = Place::parse(entry.position.as_str()) else {
            return Err(unexpected("journal"));
        };
        more = count + 1 >= STRETCH.min(at_most);
        let position = format!("{bucket:02x}{}", at.text()).parse().unwrap_or_default();
        batch.entries.push((at.order(), Entry { position, ..entry }));
        *place = at;
    }
    place.history = history;
    Ok(more)
}

/// A script with all its source, which needs no telling beforehand.
fn eval(script: &Script, keys: u8) -> Cmd {
    let mut command = redis::cmd("EVAL");
    command.arg(script.source).arg(keys);
    command
}

fn position<'a>(places: impl IntoIterator<Item = &'a Place>) -> Position {
    let strands: Vec<_> = places.into_iter().map(Place::text).collect();
    strands.join("_").parse().unwrap_or_default()
}

fn parse(position: &Position) -> Option<Vec<Place>> {
    let places: Option<Vec<_>> = position.as_str().split('_').map(Place::parse).collect();
    places.filter(|places| places.len() == 256)
}
