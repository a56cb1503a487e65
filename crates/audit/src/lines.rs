//! JSON lines in a file, rotated, for programs that read such files: each line is an event as the admin API tells it.
//!
//! Where to read on stands in a file beside it, with how long the lines were then. Bytes beyond that do not count: they
//! are taken off at the next start and read from the journal again.

use crate::blot;
use crate::disk::{self, Error, IoAt as _};
use crate::event::{EventJson, rfc3339};
use crate::known::Known;
use crate::lock::Lock;
use crate::text;
use crate::trail::Sink;
use cloakroom_core::{Position, Timestamp};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// How the file is kept.
#[derive(Clone, Debug)]
pub struct LinesOptions {
    /// The file.
    pub file: PathBuf,
    /// It is rotated beyond so many bytes, and with each day (UTC).
    pub rotate: u64,
    /// How many rotated files are kept.
    pub keep: usize,
}

/// Where to read on, and how long the file was then.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// In the journal.
    pub position: String,
    /// In bytes.
    pub length: u64,
    /// The day of its first line.
    pub day: String,
}

impl Place {
    /// Reads one; nothing if it is none.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// The one beside this file.
    pub(crate) fn beside(file: &Path) -> Result<Option<Self>, Error> {
        let path = beside(file, "state");
        let Some(bytes) = disk::read(&path)? else {
            return Ok(None);
        };
        let place = Self::decode(&bytes);
        if place.is_none() {
            tracing::error!(file = %path.display(), "where the audit file ended is unreadable; reading the journal from its beginning");
        }
        Ok(place)
    }
}

/// `audit.jsonl.state` beside `audit.jsonl`.
pub(crate) fn beside(file: &Path, what: &str) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(what);
    file.with_file_name(name)
}

/// The rotated files and their numbers, oldest first: `audit.jsonl.000001`.
pub(crate) fn rotated(file: &Path) -> Result<Vec<(u64, PathBuf)>, Error> {
    let folder = disk::parent(file);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).at(folder),
    };
    let start = file
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.at(folder)?.path();
        let number = path
            .file_name()
            .and_then(|name| name.to_str()?.strip_prefix(start)?.strip_prefix('.'))
            .filter(|digits| digits.len() >= 6 && digits.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|digits| digits.parse().ok());
        found.extend(number.map(|number| (number, path)));
    }
    found.sort();
    Ok(found)
}

/// All files, oldest first.
pub(crate) fn files(file: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut files: Vec<PathBuf> = rotated(file)?.into_iter().map(|(_, path)| path).collect();
    if file.exists() {
        files.push(file.into());
    }
    Ok(files)
}

/// A file that is being written.
#[derive(Debug)]
pub struct Lines {
    options: LinesOptions,
    file: File,
    place: Place,
    dirty: bool,
    _lock: Lock,
}

impl Lines {
    /// The longest line that is read.
    pub(crate) const LONGEST: usize = 128 * 1024;

    /// Takes the lock, mends what a crash left, and is ready to write.
    pub fn open(options: LinesOptions, now: Timestamp) -> Result<Self, Error> {
        let lock = Lock::take(&beside(&options.file, "lock"))?;
        blot::recover(&beside(&options.file, "forgetting"), &files(&options.file)?)?;
        let mut place = Place::beside(&options.file)?;
        let there = fs::metadata(&options.file).map_or(0, |about| about.len());
        let file = disk::writable(&options.file, true)?;
        if let Some(place) = &mut place {
            if there > place.length {
                tracing::warn!(
                    file = %options.file.display(),
                    bytes = there - place.length,
                    "the audit file ends in what was not finished; it is taken off and read from the journal again"
                );
                file.set_len(place.length).at(&options.file)?;
            } else if there < place.length && there > 0 {
                tracing::warn!(file = %options.file.display(), "the audit file is shorter than it was written");
            }
            place.length = place.length.min(there);
        }
        let place = place.unwrap_or_else(|| Place {
            position: String::new(),
            // Without a place nothing tells what counts; what is there stays.
            length: there,
            day: day(now),
        });
        Ok(Self {
            dirty: false,
            _lock: lock,
            options,
            file,
            place,
        })
    }

    fn note(&self, place: &Place) -> Result<(), Error> {
        disk::replace(&beside(&self.options.file, "state"), &text::json(place))
    }

    fn rotate(&mut self, now: Timestamp) -> Result<(), Error> {
        let full = self.place.length >= self.options.rotate || self.place.day != day(now);
        if self.place.length == 0 || !full {
            return Ok(());
        }
        let path = &self.options.file;
        let before = rotated(path)?;
        let number = before.last().map_or(1, |(number, _)| number.saturating_add(1));
        fs::rename(path, beside(path, &format!("{number:06}"))).at(path)?;
        self.file = disk::writable(path, true)?;
        self.place = Place {
            position: self.place.position.clone(),
            length: 0,
            day: day(now),
        };
        self.note(&self.place)?;
        let too_many = (before.len() + 1).saturating_sub(self.options.keep);
        for (_, old) in before.iter().take(too_many) {
            fs::remove_file(old).at(old)?;
        }
        Ok(())
    }

    fn append(&mut self, bytes: &[u8], place: &Place) -> Result<(), Error> {
        let path = &self.options.file;
        self.file.write_all_at(bytes, self.place.length).at(path)?;
        self.file.sync_data().at(path)?;
        self.note(place)
    }
}

impl Sink for Lines {
    fn position(&self) -> Position {
        self.place.position.parse().unwrap_or_default()
    }

    fn write(&mut self, events: &[EventJson], next: &Position, now: Timestamp) -> Result<(), Error> {
        if self.dirty {
            self.file.set_len(self.place.length).at(&self.options.file)?;
            self.dirty = false;
        }
        self.rotate(now)?;
        let mut bytes = Vec::new();
        for event in events {
            bytes.extend(text::json(&event.clone().bounded()));
            bytes.push(b'\n');
        }
        let fresh = self.place.length == 0;
        let place = Place {
            position: next.to_string(),
            length: self.place.length + bytes.len() as u64,
            day: if fresh { day(now) } else { self.place.day.clone() },
        };
        if let Err(error) = self.append(&bytes, &place) {
            self.dirty = true;
            let _ = self.file.set_len(self.place.length);
            return Err(error);
        }
        self.place = place;
        Ok(())
    }

    fn known(&self) -> Result<Known, Error> {
        crate::Source::Lines(self.options.file.clone()).known()
    }

    fn tend(&mut self, _: Timestamp) -> Result<(), Error> {
        Ok(())
    }

    fn close(&mut self, _: Timestamp) -> Result<(), Error> {
        Ok(())
    }
}

fn day(now: Timestamp) -> String {
    rfc3339(now).chars().take(10).collect()
}
