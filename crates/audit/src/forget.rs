//! Blotting out what is personal about a subject (GDPR Art. 17).
//!
//! In a sealed trail the personal part goes, with its salt, and the chain holds. In JSON lines the same members become
//! empty texts. Nothing moves and no line goes, so a server may write the same files meanwhile.

use crate::blot::{self, Edit, Pending};
use crate::chain::{Body, Line};
use crate::disk::{self, Error, IoAt as _};
use crate::event::EventJson;
use crate::lines::{self, Lines, Place};
use crate::lock::Lock;
use crate::read::{Read, Reader};
use crate::{segments, text};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufReader};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// What is overwritten at once.
const AT_ONCE: usize = 500;

/// What was blotted out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Entries of the sealed trail.
    pub sealed: u64,
    /// Lines of the JSON lines files.
    pub lines: u64,
}

/// Where it is noted what is to be overwritten in a sealed trail.
pub(crate) fn note(folder: &Path) -> PathBuf {
    folder.join("forgetting")
}

/// Blots out a subject in the sealed trail in a folder and in the JSON lines of a file. What is written after the call
/// began is not covered.
pub fn forget(trail: Option<&Path>, file: Option<&Path>, subject: &str) -> Result<Forgotten, Error> {
    let mut forgotten = Forgotten::default();
    if let Some(folder) = trail.filter(|folder| folder.is_dir()) {
        let list = || {
            Ok(segments::list(folder)?
                .into_iter()
                .map(|segment| segment.path)
                .collect())
        };
        let blot = |line: &[u8]| blot_sealed(line, subject);
        let _lock = Lock::wait(&folder.join("forget.lock"))?;
        forgotten.sealed = each(&note(folder), &list, &|_, _| Ok(u64::MAX), &blot)?;
    }
    if let Some(file) = file.filter(|file| disk::parent(file).is_dir()) {
        let list = || lines::files(file);
        let blot = |line: &[u8]| blot_line(line, subject);
        let _lock = Lock::wait(&lines::beside(file, "forget.lock"))?;
        let end = |path: &Path, inode: u64| end_of(file, path, inode);
        forgotten.lines = each(&lines::beside(file, "forgetting"), &list, &end, &blot)?;
    }
    Ok(forgotten)
}

/// What is to be done about a line.
enum Blot {
    /// It stays.
    Keep,
    /// It stays, and everything before it counts.
    Counts,
    /// This is written in its place, as soon as it is known to count.
    Write { line: Vec<u8>, counts: bool },
}

fn blot_sealed(bytes: &[u8], subject: &str) -> Blot {
    match Line::decode(bytes) {
        Ok(line) if !matches!(line.body, Body::Event(_)) => Blot::Counts,
        Ok(line)
            if line
                .personal
                .as_ref()
                .is_some_and(|it| it.subject.as_deref() == Some(subject)) =>
        {
            let line = line.blotted(bytes.len());
            Blot::Write { line, counts: false }
        }
        _ => Blot::Keep,
    }
}

/// Empty texts are never longer than what they replace; `null` may be.
fn blot_line(bytes: &[u8], subject: &str) -> Blot {
    match serde_json::from_slice::<EventJson>(bytes) {
        Ok(event) if event.subject.as_deref() == Some(subject) => {
            let empty = |text: Option<String>| text.map(|_| String::new());
            let event = EventJson {
                subject: empty(event.subject),
                ip: empty(event.ip),
                user_agent: empty(event.user_agent),
                detail: empty(event.detail),
                ..event
            };
            let mut line = text::json(&event);
            if line.len() > bytes.len() {
                return Blot::Keep;
            }
            line.resize(bytes.len(), b' ');
            Blot::Write { line, counts: true }
        }
        _ => Blot::Counts,
    }
}

/// How much of a JSON lines file counts: what is noted, as long as it is the one that is being written.
fn end_of(file: &Path, path: &Path, inode: u64) -> Result<u64, Error> {
    if path != file {
        return Ok(u64::MAX);
    }
    let place = Place::beside(file)?;
    let still = fs::metadata(file).is_ok_and(|about| about.ino() == inode);
    Ok(place.filter(|_| still).map_or(u64::MAX, |place| place.length))
}

/// Goes through all files until there is none that was not seen. Answers how many lines were overwritten.
fn each(
    note: &Path,
    list: &dyn Fn() -> Result<Vec<PathBuf>, Error>,
    end: &dyn Fn(&Path, u64) -> Result<u64, Error>,
    blot: &dyn Fn(&[u8]) -> Blot,
) -> Result<u64, Error> {
    blot::recover(note, &list()?)?;
    let (mut seen, mut count) = (BTreeSet::new(), 0);
    loop {
        let before = seen.len();
        for path in list()? {
            let file = match File::open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error).at(&path),
            };
            let inode = file.metadata().at(&path)?.ino();
            if seen.insert(inode) {
                let end = end(&path, inode)?;
                count += one(&path, file, inode, end, blot, &|edits| {
                    Pending { edits }.carry_out(note, &list()?)
                })?;
            }
        }
        if seen.len() == before {
            return Ok(count);
        }
    }
}

fn one(
    path: &Path,
    file: File,
    inode: u64,
    end: u64,
    blot: &dyn Fn(&[u8]) -> Blot,
    carry_out: &dyn Fn(Vec<Edit>) -> Result<(), Error>,
) -> Result<u64, Error> {
    let mut reader = Reader::new(BufReader::with_capacity(1 << 16, file), Lines::LONGEST);
    let (mut found, mut counted, mut count) = (Vec::new(), Vec::new(), 0);
    loop {
        let read = reader.read().at(path)?;
        let over = reader.end() > end;
        match read {
            Read::End | Read::Torn => break,
            _ if over => break,
            Read::TooLong => continue,
            Read::Line => {}
        }
        match blot(&reader.line) {
            Blot::Keep => {}
            // A line that does not count yet may be taken off by whoever writes, and must not be written back.
            Blot::Counts => counted.append(&mut found),
            Blot::Write { line, counts } => {
                found.push(Edit {
                    inode,
                    offset: reader.offset,
                    line: String::from_utf8(line).unwrap_or_default(),
                });
                if counts {
                    counted.append(&mut found);
                }
            }
        }
        if counted.len() >= AT_ONCE {
            count += counted.len() as u64;
            carry_out(std::mem::take(&mut counted))?;
        }
    }
    count += counted.len() as u64;
    carry_out(counted)?;
    Ok(count)
}
