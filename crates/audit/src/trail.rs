//! The sealed trail: writing it.
//!
//! What one page of the journal holds is written at once: its events, then a mark with the place to read on from. Lines
//! after the last mark do not count: whoever finds such lines at a start, takes them off and reads the journal again. So
//! after a crash at any moment nothing is lost and nothing stands twice.

use crate::chain::{Body, Checkpoint, Hash, Head, Line, Mark, Retired};
use crate::disk::{self, Error, IoAt as _};
use crate::event::{self, EventJson, rfc3339};
use crate::key::SigningKey;
use crate::known::Known;
use crate::lock::Lock;
use crate::random::Source;
use crate::read::Read;
use crate::segments::{self, Segment};
use crate::{blot, forget};
use cloakroom_core::{Position, Random, Timestamp};
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Where events go. Whoever calls it may block.
pub trait Sink: Send + 'static {
    /// Where in the journal to read on.
    fn position(&self) -> Position;

    /// Writes a page of the journal and where to read on after it: both, or neither. May be called again after an error.
    fn write(&mut self, events: &[EventJson], next: &Position, now: Timestamp) -> Result<(), Error>;

    /// What it has of what a journal may tell again; nothing if it can not tell.
    fn known(&self) -> Result<Known, Error>;

    /// What has to be done from time to time.
    fn tend(&mut self, now: Timestamp) -> Result<(), Error>;

    /// What has to be done at the end.
    fn close(&mut self, now: Timestamp) -> Result<(), Error>;
}

/// How a trail is kept.
#[derive(Clone, Debug)]
pub struct TrailOptions {
    /// The folder of its segments.
    pub folder: PathBuf,
    /// The file of its signing key.
    pub key: PathBuf,
    /// A new segment begins beyond so many bytes, and with each day (UTC).
    pub rotate: u64,
    /// How long segments are kept, from their end; nothing is for ever.
    pub retain: Option<Duration>,
    /// A checkpoint comes after so many lines at the latest.
    pub checkpoint_lines: u64,
    /// And after this time, if anything was written.
    pub checkpoint_every: Duration,
    /// Whether checkpoints are told to the log, so that they are known elsewhere, too.
    pub announce: bool,
}

impl TrailOptions {
    /// The usual ones.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            key: key.into(),
            rotate: 100_000_000,
            retain: None,
            checkpoint_lines: 1000,
            checkpoint_every: Duration::from_mins(1),
            announce: false,
        }
    }

    /// The lock of whoever writes in this folder.
    #[must_use]
    pub fn lock(folder: &Path) -> PathBuf {
        folder.join("lock")
    }
}

/// How often retention is looked at.
const LOOK_EVERY: Duration = Duration::from_mins(1);

/// A trail that is being written.
#[derive(Debug)]
pub struct Trail {
    options: TrailOptions,
    key: SigningKey,
    random: Source,
    file: File,
    segment: Segment,
    day: String,
    tip: Tip,
    signed_at: Timestamp,
    looked_at: Timestamp,
    /// A write failed half-way: there may be bytes after the end.
    dirty: bool,
    _lock: Lock,
}

/// Where a trail ends.
#[derive(Clone, Debug)]
struct Tip {
    seq: u64,
    hash: Hash,
    position: Position,
    length: u64,
    unsigned: u64,
}

/// The last signed line of a trail, and where in the journal it stands.
#[derive(Clone, Debug)]
pub struct LastSigned {
    /// Its number.
    pub seq: u64,
    /// Its hash.
    pub hash: Hash,
    /// When it was written.
    pub at: String,
    /// Where in the journal to read on after the last line.
    pub position: Position,
}

impl Trail {
    /// Takes the lock, mends what a crash left, and is ready to write.
    pub fn open(options: TrailOptions, random: Arc<dyn Random>, now: Timestamp) -> Result<Self, Error> {
        disk::folder(&options.folder)?;
        let lock = Lock::take(&TrailOptions::lock(&options.folder))?;
        let key = SigningKey::load_or_make(&options.key, &random)?;
        disk::replace(
            &options.folder.join("public.key"),
            format!("{}\n", key.public()).as_bytes(),
        )?;
        let segments = segments::list(&options.folder)?;
        let paths: Vec<PathBuf> = segments.iter().map(|segment| segment.path.clone()).collect();
        blot::recover(&forget::note(&options.folder), &paths)?;
        let (segment, scan) = match segments.into_iter().next_back() {
            Some(segment) => {
                let scan = scan(&segment)?;
                (segment, Some(scan))
            }
            None => (Segment::of(&options.folder, 0), None),
        };
        let random = Source(random);
        match scan {
            Some(scan) if !scan.damaged => Self::go_on(options, key, random, lock, segment, scan, now),
            scan => Self::begin(options, key, random, lock, &segment, scan, now),
        }
    }

    /// In a new segment: the first one, or after one that is damaged, which is left as it is found.
    fn begin(
        options: TrailOptions,
        key: SigningKey,
        random: Source,
        lock: Lock,
        last: &Segment,
        scan: Option<Scan>,
        now: Timestamp,
    ) -> Result<Self, Error> {
        if scan.is_some() {
            tracing::error!(
                file = %last.path.display(),
                "the audit trail was changed by somebody else; `cloakroom audit verify` says where. Going on in a new segment"
            );
        }
        let tip = scan.map_or_else(Tip::start, |scan| scan.seen);
        let (segment, file, tip) = begin_segment(&options, &key, last.number.saturating_add(1), &tip, now)?;
        Ok(Self {
            day: day(now),
            signed_at: now,
            looked_at: Timestamp::default(),
            dirty: false,
            _lock: lock,
            options,
            key,
            random,
            file,
            segment,
            tip,
        })
    }

    /// Where the last one ended.
    fn go_on(
        options: TrailOptions,
        key: SigningKey,
        random: Source,
        lock: Lock,
        segment: Segment,
        scan: Scan,
        now: Timestamp,
    ) -> Result<Self, Error> {
        if scan.key != key.public().to_string() {
            return Err(Error::OtherKey {
                path: segment.path,
                found: scan.key,
            });
        }
        let file = disk::writable(&segment.path, false)?;
        let there = file.metadata().at(&segment.path)?.len();
        if there > scan.counts.length {
            tracing::warn!(
                file = %segment.path.display(),
                bytes = there - scan.counts.length,
                lines = scan.seen.seq.saturating_sub(scan.counts.seq),
                "the audit trail ends in what was not finished; it is taken off and read from the journal again"
            );
            file.set_len(scan.counts.length).at(&segment.path)?;
            file.sync_all().at(&segment.path)?;
        }
        Ok(Self {
            day: scan.day,
            signed_at: now,
            looked_at: Timestamp::default(),
            dirty: false,
            _lock: lock,
            tip: scan.counts,
            options,
            key,
            random,
            file,
            segment,
        })
    }

    /// The key that verifies this trail.
    #[must_use]
    pub fn public_key(&self) -> crate::PublicKey {
        self.key.public()
    }

    /// The last signed line of the trail in a folder, if there is one. Needs no lock.
    pub fn last_signed(folder: &Path) -> Result<Option<LastSigned>, Error> {
        for segment in segments::list(folder)?.into_iter().rev() {
            let scan = scan(&segment)?;
            if let Some((seq, hash, at)) = scan.signed {
                return Ok(Some(LastSigned {
                    seq,
                    hash,
                    at,
                    position: scan.counts.position,
                }));
            }
        }
        Ok(None)
    }

    /// Writes lines after the end: all of them are on the disk, or none counts.
    fn append(&mut self, batch: Batch) -> Result<(), Error> {
        let path = &self.segment.path;
        if self.dirty {
            self.file.set_len(self.tip.length).at(path)?;
            self.dirty = false;
        }
        let written = self
            .file
            .write_all_at(&batch.bytes, self.tip.length)
            .and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            self.dirty = self.file.set_len(self.tip.length).is_err();
            return Err(error).at(path);
        }
        self.tip = batch.tip;
        Ok(())
    }

    fn batch(&self) -> Batch {
        Batch {
            bytes: Vec::new(),
            tip: self.tip.clone(),
        }
    }

    fn checkpoint(&mut self, now: Timestamp) -> Result<(), Error> {
        let mut batch = self.batch();
        batch.checkpoint(&self.key, now);
        self.append(batch)?;
        self.signed(now);
        Ok(())
    }

    fn signed(&mut self, now: Timestamp) {
        self.signed_at = now;
        if self.options.announce {
            let Tip { seq, hash, .. } = self.tip;
            tracing::info!(target: "audit", seq, %hash, at = rfc3339(now), "checkpoint");
        }
    }

    /// A new segment, if this one is full or of another day.
    fn rotate(&mut self, now: Timestamp) -> Result<(), Error> {
        if self.tip.length < self.options.rotate && self.day == day(now) {
            return Ok(());
        }
        if self.tip.unsigned > 0 {
            self.checkpoint(now)?;
        }
        let (segment, file, tip) = begin_segment(
            &self.options,
            &self.key,
            self.segment.number.saturating_add(1),
            &self.tip,
            now,
        )?;
        (self.segment, self.file, self.tip, self.day) = (segment, file, tip, day(now));
        self.signed(now);
        Ok(())
    }

    /// Removes segments that were kept long enough, the oldest first, each after a line that says so.
    fn retire(&mut self, now: Timestamp) -> Result<(), Error> {
        let Some(retain) = self.options.retain else {
            return Ok(());
        };
        let segments = segments::list(&self.options.folder)?;
        for pair in segments.windows(2) {
            // It ended when the next one began.
            let ended = pair[1].head()?.and_then(|head| event::parse(&head.at));
            if ended.is_none_or(|ended| now.since(ended) < retain) {
                break;
            }
            let mut batch = self.batch();
            let at = rfc3339(now);
            let segment = pair[0].number;
            batch.push(&self.key, |seq| Body::Retired(Retired { seq, at, segment }));
            self.append(batch)?;
            fs::remove_file(&pair[0].path).at(&pair[0].path)?;
            tracing::info!(file = %pair[0].path.display(), "a segment of the audit trail was kept long enough and is removed");
        }
        Ok(())
    }
}

impl Sink for Trail {
    fn position(&self) -> Position {
        self.tip.position.clone()
    }

    fn write(&mut self, events: &[EventJson], next: &Position, now: Timestamp) -> Result<(), Error> {
        self.rotate(now)?;
        let mut salts = vec![0; events.len() * 16];
        self.random.0.fill(&mut salts).map_err(|_| Error::Random)?;
        let mut batch = self.batch();
        for (event, salt) in events.iter().zip(salts.as_chunks().0) {
            batch.event(event.clone(), *salt);
        }
        batch.mark(&self.key, next);
        let sign = batch.tip.unsigned >= self.options.checkpoint_lines;
        if sign {
            batch.checkpoint(&self.key, now);
        }
        self.append(batch)?;
        if sign {
            self.signed(now);
        }
        Ok(())
    }

    fn known(&self) -> Result<Known, Error> {
        crate::Source::Trail(self.options.folder.clone()).known()
    }

    fn tend(&mut self, now: Timestamp) -> Result<(), Error> {
        if now.since(self.looked_at) >= LOOK_EVERY || now < self.looked_at {
            self.retire(now)?;
            self.looked_at = now;
        }
        if self.tip.unsigned > 0
            && (now.since(self.signed_at) >= self.options.checkpoint_every || now < self.signed_at)
        {
            self.checkpoint(now)?;
        }
        Ok(())
    }

    fn close(&mut self, now: Timestamp) -> Result<(), Error> {
        if self.tip.unsigned > 0 {
            self.checkpoint(now)?;
        }
        Ok(())
    }
}

/// Lines that are not written yet.
struct Batch {
    bytes: Vec<u8>,
    tip: Tip,
}

impl Batch {
    fn push(&mut self, key: &SigningKey, body: impl FnOnce(u64) -> Body) {
        let line = Line::next(body(self.tip.seq.saturating_add(1)), self.tip.hash, key);
        self.take(&line);
    }

    fn take(&mut self, line: &Line) {
        let before = self.bytes.len();
        self.bytes.extend(line.encode());
        self.bytes.push(b'\n');
        self.tip.length += (self.bytes.len() - before) as u64;
        self.tip.take(line);
    }

    fn event(&mut self, event: EventJson, salt: [u8; 16]) {
        let line = Line::event(self.tip.seq.saturating_add(1), event, salt, self.tip.hash);
        self.take(&line);
    }

    fn mark(&mut self, key: &SigningKey, next: &Position) {
        let position = next.to_string();
        self.push(key, |seq| Body::Mark(Mark { seq, position }));
    }

    fn checkpoint(&mut self, key: &SigningKey, now: Timestamp) {
        let at = rfc3339(now);
        self.push(key, |seq| Body::Checkpoint(Checkpoint { seq, at }));
    }
}

impl Tip {
    fn start() -> Self {
        Self {
            seq: 0,
            hash: Hash::default(),
            position: Position::start(),
            length: 0,
            unsigned: 0,
        }
    }

    /// After this line.
    fn take(&mut self, line: &Line) {
        (self.seq, self.hash) = (line.body.seq(), line.hash);
        self.unsigned = if line.body.is_signed() {
            0
        } else {
            self.unsigned.saturating_add(1)
        };
        if let Body::Mark(Mark { position, .. }) | Body::Head(Head { position, .. }) = &line.body {
            // One that is unreadable is the start: what the journal still has is read again, rather than nothing.
            self.position = position.parse().unwrap_or_default();
        }
    }
}

/// A file with its first line, there whole or not at all.
fn begin_segment(
    options: &TrailOptions,
    key: &SigningKey,
    number: u64,
    tip: &Tip,
    now: Timestamp,
) -> Result<(Segment, File, Tip), Error> {
    let segment = Segment::of(&options.folder, number);
    let mut batch = Batch {
        bytes: Vec::new(),
        tip: Tip {
            length: 0,
            ..tip.clone()
        },
    };
    batch.push(key, |seq| {
        Body::Head(Head {
            seq,
            at: rfc3339(now),
            version: 1,
            segment: number,
            prev: tip.hash.to_string(),
            key: key.public().to_string(),
            position: tip.position.to_string(),
        })
    });
    disk::replace(&segment.path, &batch.bytes)?;
    let file = disk::writable(&segment.path, false)?;
    Ok((segment, file, batch.tip))
}

fn day(now: Timestamp) -> String {
    rfc3339(now).chars().take(10).collect()
}

/// What a segment holds.
struct Scan {
    /// After the last line that counts.
    counts: Tip,
    /// After the last line.
    seen: Tip,
    signed: Option<(u64, Hash, String)>,
    day: String,
    key: String,
    /// There is something amid what counts that was not written like this.
    damaged: bool,
}

fn scan(segment: &Segment) -> Result<Scan, Error> {
    let mut scan = Scan {
        counts: Tip::start(),
        seen: Tip::start(),
        signed: None,
        day: String::new(),
        key: String::new(),
        damaged: true,
    };
    let mut lines = segment.lines()?;
    // A segment begins with its head; without one it is damaged.
    let mut suspicious = false;
    loop {
        let read = lines.read().at(&segment.path)?;
        if matches!(read, Read::End | Read::Torn) {
            return Ok(scan);
        }
        let Some(line) = (read == Read::Line)
            .then(|| Line::decode(&lines.line).ok())
            .flatten()
        else {
            suspicious = true;
            continue;
        };
        let follows = line.follows(scan.seen.hash) && line.body.seq() == scan.seen.seq.saturating_add(1);
        if let Body::Head(head) = &line.body {
            (scan.day, scan.key) = (head.at.chars().take(10).collect(), head.key.clone());
            scan.damaged = lines.number != 1;
        } else {
            suspicious |= !follows;
        }
        scan.seen.take(&line);
        scan.seen.length = lines.end();
        let at = match &line.body {
            Body::Event(_) => continue,
            Body::Checkpoint(it) => Some(&it.at),
            Body::Head(it) => Some(&it.at),
            Body::Mark(_) | Body::Retired(_) => None,
        };
        if let Some(at) = at {
            scan.signed = Some((line.body.seq(), line.hash, at.clone()));
        }
        scan.damaged |= suspicious;
        scan.counts = scan.seen.clone();
    }
}
