//! The journal of a cluster: a log for each bucket, followed on every primary.
//!
//! A position has a strand for each bucket, in their order. Entries of one bucket, so of one session and one subject, come
//! in their order; those of different buckets in that of their ids, which is about that of their times.

mod ends;
mod follower;
mod news;

use super::pages::Read;
use super::place::{Extent, Place};
use crate::connection::cluster::Cluster;
use crate::connection::routes::Ask;
use crate::error::{out_of_time, sort, unexpected};
use crate::names::Names;
use crate::reply::Reply;
use crate::scripts::END;
use cloakroom_core::{Bucket, Entry, Page, Position, StoreError};
use follower::Follower;
use futures_util::future::try_join_all;
use parking_lot::Mutex;
use redis::{Cmd, Value};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How many entries of one log are read at a time.
const STRETCH: usize = 200;
/// How often a read begins anew because logs were trimmed under it.
const ATTEMPTS: usize = 5;
/// All of them.
pub(crate) struct Logs {
    cluster: Arc<Cluster>,
    names: Names,
    idle: Mutex<Vec<Follower>>,
    /// Where each log ended when that was confirmed last.
    ends: Mutex<Vec<Place>>,
}

/// What came of reading.
#[derive(Default)]
struct Batch {
    /// With the ids of the entries, by which they are sorted.
    entries: Vec<((u64, u64), Entry)>,
    gap: bool,
}

impl Logs {
    pub(in crate::journal) fn new(cluster: Arc<Cluster>, names: Names) -> Self {
        Self {
            cluster,
            names,
            idle: Mutex::default(),
            ends: Mutex::default(),
        }
    }

    pub(in crate::journal) async fn end(&self) -> Result<Position, StoreError> {
        let extents = self.extents().await?;
        Ok(position(extents.iter().map(|extent| &extent.last)))
    }

    pub(in crate::journal) async fn page(
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
            match timeout_at(until, follower.news_come()).await {
                Ok(true) => {}
                Ok(false) => {
                    self.cluster.draw_soon();
                    return Err(sort(out_of_time()));
                }
                // Should news ever be lost, this finds out.
                Err(_) => follower.news.add(0..=u8::MAX),
            }
        }
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
        let mut command = END.with_source(1);
        command.arg(self.names.journal_of(bucket));
        (bucket, command)
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
    let events = read.events(place)?;
    let more = events.len() > room || events.len() >= STRETCH.min(at_most);
    // The place moves along with what is taken, and no farther.
    for (at, event) in events.take(room) {
        // Without the bucket, two entries of one server could have the same place.
        let position = format!("{bucket:02x}{}", at.text()).parse().unwrap_or_default();
        batch.entries.push((at.order(), Entry { position, event }));
    }
    Ok(more)
}

fn position<'a>(places: impl IntoIterator<Item = &'a Place>) -> Position {
    let strands: Vec<_> = places.into_iter().map(Place::text).collect();
    strands.join("_").parse().unwrap_or_default()
}

fn parse(position: &Position) -> Option<Vec<Place>> {
    let places: Option<Vec<_>> = position.as_str().split('_').map(Place::parse).collect();
    places.filter(|places| places.len() == 256)
}
