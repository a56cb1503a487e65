//! Sizes as people write them: `500kB`, `100MB`, `2GB`.

use std::fmt;
use std::str::FromStr;

use super::units;

/// The units, largest first.
const UNITS: [(&str, u64); 5] = [
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

/// A number of bytes. Written as one whole number and one unit: `B`, `kB`, `MB`, `GB` or `TB`, each a thousand of the one
/// before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

/// The text is not a whole number followed by a unit, or is too large to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a whole number with a unit, as in 500kB, 100MB or 2GB")]
pub struct BadSize;

impl FromStr for Size {
    type Err = BadSize;

    fn from_str(text: &str) -> Result<Self, BadSize> {
        units::read(text, &UNITS).map(Self).ok_or(BadSize)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        units::write(f, self.0, &UNITS, "B")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_each_unit_and_prints_it_back() {
        for (text, bytes, printed) in [
            ("0B", 0, "0B"),
            ("1kB", 1_000, "1kB"),
            ("100MB", 100_000_000, "100MB"),
            ("1500MB", 1_500_000_000, "1500MB"),
            ("2000GB", 2_000_000_000_000, "2TB"),
        ] {
            let size: Size = text.parse().unwrap();
            assert_eq!((size.0, size.to_string().as_str()), (bytes, printed));
        }
        for text in [
            "",
            "1",
            "MB",
            "-1MB",
            "1.5MB",
            "1 MB",
            "1mb",
            "1MiB",
            "99999999999TB",
        ] {
            assert_eq!(text.parse::<Size>(), Err(BadSize), "{text:?}");
        }
    }
}
