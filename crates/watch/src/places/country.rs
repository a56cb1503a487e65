//! Countries, and where on the globe they are.

use super::spot::Spot;
use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

/// A country by its code of two letters (ISO 3166-1 alpha-2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

impl Country {
    /// The country of this code; nothing unless it is two ASCII letters.
    #[must_use]
    pub fn of(code: &str) -> Option<Self> {
        match code.as_bytes() {
            [a, b] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => {
                Some(Self([a.to_ascii_uppercase(), b.to_ascii_uppercase()]))
            }
            _ => None,
        }
    }

    /// The two letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("??")
    }

    /// Circles that hold all of it. None for a code that no map knows.
    pub(crate) fn circles(self) -> &'static [Spot] {
        CIRCLES.get(&self).map_or(&[], Vec::as_slice)
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

static CIRCLES: LazyLock<HashMap<Country, Vec<Spot>>> = LazyLock::new(|| {
    let lines = include_str!("countries.txt").lines();
    lines
        .filter(|line| !line.starts_with('#'))
        .filter_map(line)
        .collect()
});

fn line(text: &str) -> Option<(Country, Vec<Spot>)> {
    let (code, circles) = text.split_once(' ')?;
    let circle = |text: &str| {
        let mut numbers = text.split_whitespace().map(str::parse);
        Spot::new(
            numbers.next()?.ok()?,
            numbers.next()?.ok()?,
            numbers.next()?.ok()?,
        )
    };
    Some((
        Country::of(code)?,
        circles.split(',').filter_map(circle).collect(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read() {
        let lines = include_str!("countries.txt")
            .lines()
            .filter(|line| !line.starts_with('#'));
        assert_eq!(CIRCLES.len(), lines.clone().count());
        for text in lines {
            let (country, circles) = line(text).unwrap();
            assert_eq!(circles.len(), text.split(',').count(), "{country}");
        }
    }
}
