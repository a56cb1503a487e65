//! Taking events out of a trail: JSON lines or CSV, filtered, in bounded memory.

use crate::chain::Line;
use crate::disk::{Error, IoAt as _};
use crate::event::{self, EventJson};
use crate::known::Known;
use crate::lines::{self, Lines};
use crate::read::{Read, Reader};
use crate::{segments, text};
use cloakroom_core::Timestamp;
use std::fs::File;
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};

/// Where events are taken from.
#[derive(Clone, Debug)]
pub enum Source {
    /// The sealed trail in this folder.
    Trail(PathBuf),
    /// This JSON lines file and those that were rotated.
    Lines(PathBuf),
}

/// Which events are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Not before this moment.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// Of this subject alone. What was blotted out is nobody's.
    pub subject: Option<String>,
    /// Of these kinds alone; none is every kind.
    pub kinds: Vec<String>,
}

/// In which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object per line, as the admin API tells events.
    Jsonl,
    /// Comma-separated values (RFC 4180) with a heading, safe to open in a spreadsheet.
    Csv,
}

/// What was taken out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// Events that were written.
    pub entries: u64,
    /// Lines that are no entries: somebody changed them.
    pub unreadable: u64,
}

/// A page of the journal at most: events without a mark after them are held back no further.
const HELD: usize = 2000;

/// Writes what the filter wants, oldest first. `progress` hears how many of how many bytes were read.
pub fn export(
    source: &Source,
    filter: &Filter,
    format: Format,
    out: &mut dyn Write,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Exported, Error> {
    let (files, place) = (source.files()?, source.place());
    if files.is_empty() {
        return Err(Error::Nothing(place.into()));
    }
    let mut writer = Writer::new(format, out);
    let total = files
        .iter()
        .map(|path| path.metadata().map_or(0, |about| about.len()))
        .sum();
    let (mut before, mut exported) = (0, Exported::default());
    for path in &files {
        let mut write = |event: &EventJson| {
            if !filter.wants(event) {
                return Ok(());
            }
            exported.entries += 1;
            writer.write(event).at(place)
        };
        let (length, unreadable) = each(source, path, &mut write, &mut |read| {
            progress(before + read, total);
        })?;
        exported.unreadable += unreadable;
        before += length;
    }
    writer.end().at(place)?;
    Ok(exported)
}

/// The events of one file that count. Answers how long it is and how many lines are unreadable.
fn each(
    source: &Source,
    path: &Path,
    write: &mut dyn FnMut(&EventJson) -> Result<(), Error>,
    progress: &mut dyn FnMut(u64),
) -> Result<(u64, u64), Error> {
    let file = File::open(path).at(path)?;
    let mut reader = Reader::new(BufReader::with_capacity(1 << 16, file), Lines::LONGEST);
    let (mut held, mut unreadable) = (Vec::new(), 0);
    loop {
        let read = reader.read().at(path)?;
        if reader.number.is_multiple_of(1000) {
            progress(reader.end());
        }
        // Events of a sealed trail count when a mark stands after them.
        let counts = match read {
            Read::End | Read::Torn => return Ok((reader.end(), unreadable)),
            Read::TooLong => None,
            Read::Line => parse(source, &reader.line),
        };
        match counts {
            Some(Parsed::Event { event, counts }) => {
                held.push(event);
                if !counts && held.len() < HELD {
                    continue;
                }
            }
            Some(Parsed::Counts) => {}
            None => {
                unreadable += 1;
                continue;
            }
        }
        for event in held.drain(..) {
            write(&event)?;
        }
    }
}

enum Parsed {
    /// An event, and whether it counts by itself.
    Event { event: Box<EventJson>, counts: bool },
    /// A line that makes those before it count.
    Counts,
}

fn parse(source: &Source, line: &[u8]) -> Option<Parsed> {
    let event = |event, counts| Parsed::Event {
        event: Box::new(event),
        counts,
    };
    match source {
        Source::Lines(_) => serde_json::from_slice(line).ok().map(|it| event(it, true)),
        Source::Trail(_) => {
            let line = Line::decode(line).ok()?;
            Some(line.into_event().map_or(Parsed::Counts, |it| event(it, false)))
        }
    }
}

impl Source {
    /// Oldest first.
    fn files(&self) -> Result<Vec<PathBuf>, Error> {
        match self {
            Self::Trail(folder) => Ok(segments::list(folder)?.into_iter().map(|it| it.path).collect()),
            Self::Lines(file) => lines::files(file),
        }
    }

    fn place(&self) -> &Path {
        let (Self::Trail(place) | Self::Lines(place)) = self;
        place
    }

    /// What the newest files hold, back to the oldest entry that a journal may still have.
    pub(crate) fn known(&self) -> Result<Known, Error> {
        let mut known = Known::default();
        for path in self.files()?.iter().rev() {
            let mut take = |event: &EventJson| {
                known.0.insert(Known::key(event));
                Ok(())
            };
            each(self, path, &mut take, &mut |_| {})?;
            if known.0.len() > Known::MOST {
                break;
            }
        }
        Ok(known)
    }
}

impl Filter {
    fn wants(&self, event: &EventJson) -> bool {
        let at = event::parse(&event.at).unwrap_or_default();
        self.since.is_none_or(|since| at >= since)
            && self.until.is_none_or(|until| at < until)
            && (self.subject.is_none() || self.subject == event.subject)
            && (self.kinds.is_empty() || self.kinds.iter().any(|kind| *kind == event.kind))
    }
}

enum Writer<'a> {
    Jsonl(&'a mut dyn Write),
    Csv(Box<csv::Writer<&'a mut dyn Write>>),
}

const COLUMNS: [&str; 10] = [
    "id",
    "at",
    "kind",
    "session",
    "subject",
    "reason",
    "actor",
    "ip",
    "user_agent",
    "detail",
];

impl<'a> Writer<'a> {
    fn new(format: Format, out: &'a mut dyn Write) -> Self {
        match format {
            Format::Jsonl => Self::Jsonl(out),
            Format::Csv => {
                let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(out);
                // Into a buffer; an error shows at the first flush.
                let _ = writer.write_record(COLUMNS);
                Self::Csv(Box::new(writer))
            }
        }
    }

    fn write(&mut self, event: &EventJson) -> std::io::Result<()> {
        match self {
            Self::Jsonl(out) => {
                let mut line = text::json(event);
                line.push(b'\n');
                out.write_all(&line)
            }
            Self::Csv(out) => {
                let of = |text: &Option<String>| cell(text.as_deref().unwrap_or_default());
                let cells = [
                    cell(&event.id),
                    cell(&event.at),
                    cell(&event.kind),
                    of(&event.session),
                    of(&event.subject),
                    cell(event.reason.as_deref().unwrap_or_default()),
                    cell(&event.actor),
                    of(&event.ip),
                    of(&event.user_agent),
                    of(&event.detail),
                ];
                out.write_record(cells).map_err(std::io::Error::other)
            }
        }
    }

    fn end(self) -> std::io::Result<()> {
        match self {
            Self::Jsonl(out) => out.flush(),
            Self::Csv(mut out) => out.flush(),
        }
    }
}

/// What a spreadsheet would take for a formula gets an apostrophe before it, and what nobody sees is shown (CWE-1236).
fn cell(text: &str) -> String {
    let visible: String = text
        .chars()
        .map(|c| {
            if text::is_hidden(c) {
                c.escape_unicode().to_string()
            } else {
                c.to_string()
            }
        })
        .collect();
    let first = visible.trim_start().chars().next();
    let formula =
        first.is_some_and(|c| matches!(c, '=' | '+' | '-' | '@' | '|' | '%' | '＝' | '＋' | '－' | '＠'));
    if formula || text.starts_with(['\t', '\r', '\n']) {
        format!("'{visible}")
    } else {
        visible
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spreadsheet_computes_nothing() {
        for (text, written) in [
            ("plain", "plain"),
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("  =1", "'  =1"),
            ("+1", "'+1"),
            ("-x", "'-x"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\\u{9}=1"),
            ("\n=1", "'\\u{a}=1"),
            ("＝1", "'＝1"),
            ("a=b", "a=b"),
            ("", ""),
        ] {
            assert_eq!(cell(text), written);
        }
    }
}
