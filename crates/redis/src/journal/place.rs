//! A place in a log: `6f1ab3c90d22.1760000000000-0-42`.
//!
//! That is the history that the server had, the id of the last entry that was read, and which one it was of all that were
//! ever written. It holds while that entry is still there: then nothing after it can have been trimmed, and everything up
//! to it is in the server's present history as well. If the entry was trimmed, the place holds if it was the last one that
//! was: of the same history, because a count alone says nothing about another one.

use crate::error::unexpected;
use crate::reply::Reply;
use cloakroom_core::{Position, StoreError};

/// The id before all others.
const ORIGIN: &str = "0-0";

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The beginning of the server's replication id. Nothing if it is not known.
    pub(crate) history: String,
    pub(crate) id: String,
    /// How many entries were ever written up to here.
    pub(crate) ordinal: u64,
}

impl Place {
    /// Nothing if it is no place of ours.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (history, numbers) = text.split_once('.')?;
        let (id, ordinal) = numbers.rsplit_once('-')?;
        let (time, count) = id.split_once('-')?;
        let all_digits = [time, count].iter().all(|part| part.parse::<u64>().is_ok());
        let ordinal = ordinal.parse().ok()?;
        all_digits.then(|| Self {
            history: history.to_owned(),
            id: id.to_owned(),
            ordinal,
        })
    }

    /// Before the first entry of a history that nobody has.
    pub(crate) fn nowhere() -> Self {
        Self {
            history: String::new(),
            id: ORIGIN.to_owned(),
            ordinal: 0,
        }
    }

    /// Whether no entry is before it, or none that is kept.
    pub(crate) fn is_origin(&self) -> bool {
        self.id == ORIGIN
    }

    /// The id as numbers: about the time, and a count within a millisecond.
    pub(crate) fn order(&self) -> (u64, u64) {
        let (time, count) = self.id.split_once('-').unwrap_or((&self.id, ""));
        (time.parse().unwrap_or(0), count.parse().unwrap_or(0))
    }

    pub(crate) fn text(&self) -> String {
        format!("{}.{}-{}", self.history, self.id, self.ordinal)
    }

    /// As the position of a journal that has one log.
    pub(crate) fn position(&self) -> Position {
        // Letters, digits, a dot and dashes, which positions may hold.
        self.text().parse().unwrap_or_default()
    }
}

/// How far a log reaches, as `extent.lua` tells it.
pub(crate) struct Extent {
    /// The end.
    pub(crate) last: Place,
    kept: u64,
}

impl Extent {
    /// From `history, last id, entries ever added, entries kept`.
    pub(crate) fn read(reply: Reply) -> Result<Self, StoreError> {
        let step = reply.step;
        let mut parts = reply.many()?.into_iter();
        let mut next = || parts.next().ok_or_else(|| unexpected(step));
        let last = Place {
            history: text(next()?)?,
            id: text(next()?)?,
            ordinal: next()?.number()?,
        };
        let kept = next()?.number()?;
        Ok(Self { last, kept })
    }

    /// Just before the oldest entry that is kept.
    pub(crate) fn oldest(self) -> Place {
        Place {
            ordinal: self.trimmed(),
            id: ORIGIN.to_owned(),
            history: self.last.history,
        }
    }

    /// Whether everything that was written after a place is kept, though its own entry is not.
    pub(crate) fn follows(&self, place: &Place) -> bool {
        // Before the first entry there is only one place, whatever came then.
        let comparable = place.history == self.last.history || place.ordinal == 0;
        comparable && self.trimmed() == place.ordinal
    }

    fn trimmed(&self) -> u64 {
        self.last.ordinal.saturating_sub(self.kept)
    }
}

/// Text that is there.
pub(crate) fn text(reply: Reply) -> Result<String, StoreError> {
    let step = reply.step;
    let bytes = reply.bytes()?.ok_or_else(|| unexpected(step))?;
    String::from_utf8(bytes).map_err(|_| unexpected(step))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent(history: &str, added: u64, kept: u64) -> Extent {
        let last = Place {
            history: history.to_owned(),
            id: format!("{added}-0"),
            ordinal: added,
        };
        Extent { last, kept }
    }

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let place = Place::parse("6f1a.1760000000000-0-42").unwrap();
        assert_eq!((place.history.as_str(), place.ordinal), ("6f1a", 42));
        assert_eq!(place.text(), "6f1a.1760000000000-0-42");
        for other in ["", "5", "5-5", "x.5-5", "x.5-a-5", "1760000000000-0-42"] {
            assert_eq!(Place::parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_place_whose_entry_was_the_last_to_be_trimmed_holds_in_its_own_history_only() {
        let place = Place::parse("aa.6-0-6").unwrap();
        assert!(extent("aa", 10, 4).follows(&place));
        assert!(!extent("aa", 10, 3).follows(&place), "one more is gone");
        assert!(
            !extent("bb", 10, 4).follows(&place),
            "as many, but of another history"
        );
        let origin = Place::parse("aa.0-0-0").unwrap();
        assert!(extent("bb", 3, 3).follows(&origin));
        assert!(!extent("bb", 3, 2).follows(&origin));
    }
}
