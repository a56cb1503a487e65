//! Whether a sealed trail is as it was written, and if not, where it first is not.

use crate::chain::{Body, Hash, Head, Line};
use crate::disk::{Error, IoAt as _};
use crate::event::EventJson;
use crate::key::PublicKey;
use crate::read::Read;
use crate::segments::{self, Segment};
use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What is known from elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Verify {
    /// The key that must have signed. Without it, the trail's own word is taken.
    pub key: Option<PublicKey>,
    /// A line that must be there.
    pub expected: Option<Expected>,
    /// How long to wait whether a file that ends in the middle of a line grows: a server may be writing it.
    pub patience: Duration,
}

/// A line that is known from elsewhere: without one, nobody can tell that the end was cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Its number.
    pub seq: u64,
    /// Its hash, if that is known, too.
    pub hash: Option<Hash>,
}

impl std::str::FromStr for Expected {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        const BOUND: &str = "must be SEQ or SEQ:HASH, as `cloakroom audit checkpoint` prints it";
        let (seq, hash) = match text.split_once(':') {
            Some((seq, hash)) => (seq, Some(Hash::parse(hash).ok_or(BOUND)?)),
            None => (text, None),
        };
        let seq = seq.parse().map_err(|_| BOUND)?;
        Ok(Self { seq, hash })
    }
}

/// A trail that is as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// How many events.
    pub entries: u64,
    /// How many of them were blotted out.
    pub blotted: u64,
    /// How many of them say that the journal had a gap.
    pub gaps: u64,
    /// When the first event was.
    pub from: Option<String>,
    /// When the last event was.
    pub until: Option<String>,
    /// The number of the first line; not 1 if earlier segments were kept long enough.
    pub first: u64,
    /// The number of the last line.
    pub last: u64,
    /// Lines after the last signed one. They hang together, and who has no key could have written them.
    pub unsigned: u64,
    /// The last signed line, as an auditor notes it down.
    pub signed: Option<(u64, Hash)>,
    /// The key that signed.
    pub key: Option<PublicKey>,
    /// How many segments.
    pub segments: u64,
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is not as it was written.
    Changed,
    /// It, and maybe more after it, is missing.
    Removed,
    /// It was not there.
    Inserted,
    /// It stands elsewhere.
    Swapped,
    /// The trail ends before it.
    Truncated,
    /// Its signature is not by the key: somebody wrote the trail anew from before here.
    Forged,
    /// Another key signed it.
    WrongKey,
}

impl Fault {
    /// The stable name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Inserted => "inserted",
            Self::Swapped => "swapped",
            Self::Truncated => "truncated",
            Self::Forged => "forged",
            Self::WrongKey => "wrong-key",
        }
    }
}

/// The first line that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The number that the line has or should have.
    pub seq: u64,
    /// In which file.
    pub file: PathBuf,
    /// On which of its lines, from 1; 0 if the file is missing.
    pub line: u64,
    /// What is wrong.
    pub fault: Fault,
    /// The same in words.
    pub note: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seq, line, note, .. } = self;
        write!(
            f,
            "{}:{line}: entry {seq}: {}: {note}",
            self.file.display(),
            self.fault.as_str()
        )
    }
}

/// Verifies the trail in a folder, or one segment. Bounded memory. `progress` hears of the bytes that were read.
pub fn verify(
    path: &Path,
    known: &Verify,
    progress: &mut dyn FnMut(u64),
) -> Result<Result<Verified, Broken>, Error> {
    // A server that writes meanwhile may be in the midst of a line, or remove the oldest segment.
    for _ in 0..20 {
        let done = attempt(path, known, progress);
        match &done {
            Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound && path.is_dir() => {}
            Ok(Err(Broken {
                fault: Fault::Truncated,
                file,
                note,
                ..
            })) if note == TORN => {
                let length = || std::fs::metadata(file).map_or(0, |about| about.len());
                let before = length();
                std::thread::sleep(known.patience);
                if length() == before {
                    return done;
                }
            }
            _ => return done,
        }
    }
    attempt(path, known, progress)
}

const TORN: &str = "the file ends in the middle of a line: it was cut off, or a server ended while it wrote; a start mends that";

fn attempt(
    path: &Path,
    known: &Verify,
    progress: &mut dyn FnMut(u64),
) -> Result<Result<Verified, Broken>, Error> {
    let folder = path.is_dir();
    let segments = if folder {
        segments::list(path)?
    } else {
        vec![single(path)?]
    };
    if segments.is_empty() {
        return Err(Error::Nothing(path.into()));
    }
    let mut walk = Walk {
        known,
        key: known.key,
        report: Verified::default(),
        prev: Hash::default(),
        // The first segment begins the chain; another one's head says where it goes on.
        next: segments.first().filter(|first| first.number == 1).map(|_| 1),
        retired: BTreeSet::new(),
    };
    for (index, segment) in segments.iter().enumerate() {
        let missing = index
            .checked_sub(1)
            .map(|before| segments[before].number.saturating_add(1));
        if let Some(number) = missing.filter(|number| *number != segment.number) {
            let file = Segment::of(path, number).path;
            return Ok(Err(walk.broken(file, 0, Fault::Removed, "this file is missing")));
        }
        if let Some(broken) = walk.segment(segment, progress)? {
            return Ok(Err(broken));
        }
    }
    Ok(match walk.end(&segments, folder) {
        Some(broken) => Err(broken),
        None => Ok(walk.report),
    })
}

/// A segment alone; its number is what it says of itself.
fn single(path: &Path) -> Result<Segment, Error> {
    let path = path.to_owned();
    let number = Segment {
        number: 0,
        path: path.clone(),
    }
    .head()?
    .map_or(0, |head| head.segment);
    Ok(Segment { number, path })
}

struct Walk<'a> {
    known: &'a Verify,
    key: Option<PublicKey>,
    report: Verified,
    prev: Hash,
    /// The number that the next line must have; nothing before the first.
    next: Option<u64>,
    retired: BTreeSet<u64>,
}

impl Walk<'_> {
    fn broken(&self, file: PathBuf, line: u64, fault: Fault, note: impl Into<String>) -> Broken {
        Broken {
            seq: self.next.unwrap_or(1),
            file,
            line,
            fault,
            note: note.into(),
        }
    }

    fn segment(&mut self, segment: &Segment, progress: &mut dyn FnMut(u64)) -> Result<Option<Broken>, Error> {
        let mut lines = segment.lines()?;
        self.report.segments += 1;
        loop {
            let read = lines.read().at(&segment.path)?;
            let at = |walk: &Self, fault, note: &str| {
                Ok(Some(walk.broken(segment.path.clone(), lines.number, fault, note)))
            };
            match read {
                Read::End if lines.number == 1 => return at(self, Fault::Truncated, "the file is empty"),
                Read::End => return Ok(None),
                Read::Torn => return at(self, Fault::Truncated, TORN),
                Read::TooLong => return at(self, Fault::Changed, "it is longer than any entry"),
                Read::Line => {}
            }
            let Ok(line) = Line::decode(&lines.line) else {
                return at(
                    self,
                    Fault::Changed,
                    "it is not in the form in which entries are written",
                );
            };
            if let Err((fault, note)) = self.line(&line, segment, lines.number) {
                return at(self, fault, &note);
            }
            if lines.number.is_multiple_of(1000) {
                progress(lines.end());
            }
        }
    }

    fn line(&mut self, line: &Line, segment: &Segment, number: u64) -> Result<(), (Fault, String)> {
        match (&line.body, number) {
            (Body::Head(head), 1) => self.head(head, segment)?,
            (Body::Head(_), _) => Err((
                Fault::Inserted,
                "a segment begins in the middle of a file".to_owned(),
            ))?,
            (_, 1) => Err((Fault::Removed, "the first line of the file is missing".to_owned()))?,
            _ => {}
        }
        let seq = line.body.seq();
        if self.next.is_some_and(|next| next != seq) {
            return Err(self.misplaced(line, segment));
        }
        if !line.follows(self.prev) {
            return Err((
                Fault::Changed,
                "its hash does not fit what it says and what is before it".to_owned(),
            ));
        }
        let vouched = self.key.is_some_and(|key| line.is_vouched_for(&key));
        if !vouched {
            let note = "its signature is not by the key: somebody without the key wrote it, and maybe what is before it";
            return Err((Fault::Forged, note.to_owned()));
        }
        if let Some(Expected { hash: Some(hash), .. }) =
            self.known.expected.filter(|expected| expected.seq == seq)
            && hash != line.hash
        {
            let note =
                "it is not the one that was noted elsewhere: the trail was written anew from before here";
            return Err((Fault::Forged, note.to_owned()));
        }
        self.count(line, seq);
        Ok(())
    }

    fn head(&mut self, head: &Head, segment: &Segment) -> Result<(), (Fault, String)> {
        let changed = |note: &str| Err((Fault::Changed, note.to_owned()));
        if head.version != 1 {
            return changed("this version of the format is unknown");
        }
        let Ok(key) = head.key.parse::<PublicKey>() else {
            return changed("it names no key");
        };
        if self.key.is_some_and(|known| known != key) {
            return Err((
                Fault::WrongKey,
                format!("the segment is signed with another key, {key}"),
            ));
        }
        if head.segment != segment.number {
            let note = format!(
                "this is segment {}: files were swapped, renamed or copied",
                head.segment
            );
            return Err((Fault::Swapped, note));
        }
        if self.report.segments == 1 {
            self.report.first = head.seq;
        }
        if self.next.is_none() {
            self.prev = Hash::parse(&head.prev).ok_or((Fault::Changed, "it names no hash".to_owned()))?;
            self.next = Some(head.seq);
        }
        (self.key, self.report.key) = (Some(key), Some(key));
        Ok(())
    }

    /// Why another line stands here than the one that should.
    fn misplaced(&self, line: &Line, segment: &Segment) -> (Fault, String) {
        let (seq, next) = (line.body.seq(), self.next.unwrap_or(1));
        let renumbered = Line {
            body: line.body.clone().numbered(next),
            ..line.clone()
        };
        if renumbered.follows(self.prev) {
            return (Fault::Changed, format!("its number was changed to {seq}"));
        }
        if seq < next {
            return (Fault::Inserted, format!("entry {seq} stands here as well"));
        }
        if stands_later(segment, next) {
            return (Fault::Swapped, format!("entry {seq} stands in its place"));
        }
        (
            Fault::Removed,
            format!("entries {next} to {} are missing", seq - 1),
        )
    }

    fn count(&mut self, line: &Line, seq: u64) {
        let report = &mut self.report;
        (self.prev, self.next, report.last) = (line.hash, Some(seq.saturating_add(1)), seq);
        if line.body.is_signed() {
            (report.unsigned, report.signed) = (0, Some((seq, line.hash)));
        } else {
            report.unsigned += 1;
        }
        match &line.body {
            Body::Event(event) => {
                report.entries += 1;
                report.blotted += u64::from(line.is_blotted());
                report.gaps += u64::from(event.kind == EventJson::GAP);
                report.from.get_or_insert_with(|| event.at.clone());
                report.until = Some(event.at.clone());
            }
            Body::Retired(retired) => drop(self.retired.insert(retired.segment)),
            _ => {}
        }
    }

    /// What can only be told at the end.
    fn end(&self, segments: &[Segment], folder: bool) -> Option<Broken> {
        let (first, last) = (segments.first()?, segments.last()?);
        if folder && first.number > 1 && !self.retired.contains(&(first.number - 1)) {
            let note =
                "the segments before this one are missing, and no entry says that they were kept long enough";
            return Some(Broken {
                seq: self.report.first,
                ..self.broken(first.path.clone(), 1, Fault::Removed, note)
            });
        }
        let expected = self
            .known
            .expected
            .filter(|expected| expected.seq > self.report.last)?;
        let note = format!(
            "the trail ends here, and entry {} was noted elsewhere",
            expected.seq
        );
        Some(self.broken(last.path.clone(), 0, Fault::Truncated, note))
    }
}

/// Whether the line of this number stands anywhere in the file.
fn stands_later(segment: &Segment, seq: u64) -> bool {
    let Ok(mut lines) = segment.lines() else {
        return false;
    };
    while let Ok(Read::Line | Read::TooLong) = lines.read() {
        if Line::decode(&lines.line).is_ok_and(|line| line.body.seq() == seq) {
            return true;
        }
    }
    false
}
