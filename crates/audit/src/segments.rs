//! The files of a sealed trail: `trail-00000001.jsonl` and so on.

use crate::chain::{Body, Head, Line};
use crate::disk::{Error, IoAt as _};
use crate::read::{Read, Reader};
use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

/// One of the files.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Segment {
    pub(crate) number: u64,
    pub(crate) path: PathBuf,
}

impl Segment {
    pub(crate) fn of(folder: &Path, number: u64) -> Self {
        Self {
            number,
            path: folder.join(format!("trail-{number:08}.jsonl")),
        }
    }

    fn named(path: PathBuf) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let number: u64 = name
            .strip_prefix("trail-")?
            .strip_suffix(".jsonl")?
            .parse()
            .ok()?;
        let segment = Self { number, path };
        let folder = segment.path.parent()?;
        // `trail-1.jsonl` is not a second name of the first one.
        (Self::of(folder, number) == segment).then_some(segment)
    }

    /// The lines.
    pub(crate) fn lines(&self) -> Result<Reader<BufReader<File>>, Error> {
        let file = File::open(&self.path).at(&self.path)?;
        Ok(Reader::new(
            BufReader::with_capacity(1 << 16, file),
            Line::LONGEST,
        ))
    }

    /// The first line, if it is what it must be.
    pub(crate) fn head(&self) -> Result<Option<Head>, Error> {
        let mut lines = self.lines()?;
        let whole = lines.read().at(&self.path)? == Read::Line;
        let line = whole.then(|| Line::decode(&lines.line).ok()).flatten();
        Ok(match line.map(|line| line.body) {
            Some(Body::Head(head)) => Some(head),
            _ => None,
        })
    }
}

/// All of a folder, oldest first; none if the folder is not there.
pub(crate) fn list(folder: &Path) -> Result<Vec<Segment>, Error> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).at(folder),
    };
    let mut segments = Vec::new();
    for entry in entries {
        segments.extend(Segment::named(entry.at(folder)?.path()));
    }
    segments.sort();
    Ok(segments)
}
