//! Files line by line, in bounded memory.

use std::io::{self, BufRead};

/// A line of a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// A whole one; it is in the buffer, without its end.
    Line,
    /// It is longer than any that was written.
    TooLong,
    /// The file ends in the middle of it.
    Torn,
    /// The file ends.
    End,
}

/// Lines and where they stand.
#[derive(Debug)]
pub(crate) struct Reader<R> {
    from: R,
    longest: usize,
    /// The line's bytes.
    pub(crate) line: Vec<u8>,
    /// Where it begins.
    pub(crate) offset: u64,
    /// Its number, from 1.
    pub(crate) number: u64,
    next: u64,
}

impl<R: BufRead> Reader<R> {
    pub(crate) fn new(from: R, longest: usize) -> Self {
        Self {
            from,
            longest,
            line: Vec::new(),
            offset: 0,
            number: 0,
            next: 0,
        }
    }

    /// Where the line after this one begins.
    pub(crate) fn end(&self) -> u64 {
        self.next
    }

    pub(crate) fn read(&mut self) -> io::Result<Read> {
        self.line.clear();
        self.offset = self.next;
        self.number += 1;
        let mut too_long = false;
        loop {
            let bytes = self.from.fill_buf()?;
            if bytes.is_empty() {
                return Ok(if self.offset == self.next {
                    Read::End
                } else {
                    Read::Torn
                });
            }
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let taken = end.unwrap_or(bytes.len());
            too_long |= self.line.len() + taken > self.longest;
            if !too_long {
                self.line.extend_from_slice(&bytes[..taken]);
            }
            let used = end.map_or(taken, |end| end + 1);
            self.from.consume(used);
            self.next += used as u64;
            if end.is_some() {
                return Ok(if too_long { Read::TooLong } else { Read::Line });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_places_and_the_torn_and_the_endless_are_told_apart() {
        let bytes = format!("ab\n\n{}\ncd", "x".repeat(100));
        let mut reader = Reader::new(io::BufReader::with_capacity(3, bytes.as_bytes()), 10);
        let mut seen = Vec::new();
        loop {
            let read = reader.read().unwrap();
            let line = String::from_utf8_lossy(&reader.line).into_owned();
            if read == Read::End {
                break;
            }
            seen.push((read, line, reader.offset, reader.number));
        }
        assert_eq!(seen[0], (Read::Line, "ab".to_owned(), 0, 1));
        assert_eq!(seen[1], (Read::Line, String::new(), 3, 2));
        assert_eq!((&seen[2].0, seen[2].2), (&Read::TooLong, 4));
        assert_eq!(seen[3], (Read::Torn, "cd".to_owned(), 105, 4));
        assert_eq!(seen.len(), 4);
    }
}
