//! Letters that could not be delivered: a bounded list in the store for each channel, and what operators want done with it.

use crate::channel::Letter;
use crate::place::KEPT;
use cloakroom_core::{Label, MemoWrite, Store, StoreError, Timestamp};
use serde::{Deserialize, Serialize};

/// How many are kept, and in how many bytes; the oldest make room, and are counted.
const MOST: usize = 200;
const BYTES: usize = 200_000;
/// A detail that is longer is not kept.
const LONGEST_DETAIL: usize = 16_000;
/// How often a write is tried again on what somebody else wrote.
const TRIES: usize = 10;

/// What `type` says of a stretch of the journal that was gone before it was sent.
pub(crate) const GAP: &str = "journal.gap";

/// A letter that could not be delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The letter. Its type is `journal.gap` if it stands for events that are no longer in the journal.
    #[serde(flatten)]
    pub letter: Letter,
    /// When it was given up: RFC 3339 in UTC.
    pub given_up_at: String,
    /// Why.
    pub why: String,
    /// Whether it is to be tried again.
    pub retry: bool,
}

/// All of a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dead {
    /// Oldest first.
    pub letters: Vec<DeadLetter>,
    /// How many had to make room.
    pub dropped: u64,
    /// Whether a channel that was gone is to be tried again.
    pub reopen: bool,
}

impl Dead {
    /// Adds letters, in place of those of the same ids.
    pub(crate) fn bury(&mut self, letters: &[Letter], why: &str, at: &str) {
        for letter in letters {
            self.forget(&letter.id);
            let mut letter = letter.clone();
            if letter
                .event
                .detail
                .as_ref()
                .is_some_and(|detail| detail.len() > LONGEST_DETAIL)
            {
                letter.event.detail = Some("(too long to be kept)".to_owned());
            }
            self.letters.push(DeadLetter {
                letter,
                given_up_at: at.to_owned(),
                why: why.to_owned(),
                retry: false,
            });
        }
        self.make_room();
    }

    /// Takes a letter off the list.
    pub(crate) fn forget(&mut self, id: &str) {
        self.letters.retain(|dead| dead.letter.id != id);
    }

    /// Has all tried again. What stands for a gap can not be, and is taken off: somebody has seen it.
    pub(crate) fn retry(&mut self) -> usize {
        self.letters.retain(|dead| dead.letter.r#type != GAP);
        self.letters.iter_mut().for_each(|dead| dead.retry = true);
        self.reopen = true;
        self.letters.len()
    }

    fn make_room(&mut self) {
        let size = |dead: &DeadLetter| serde_json::to_vec(dead).map_or(0, |bytes| bytes.len() + 1);
        let mut bytes: usize = self.letters.iter().map(size).sum();
        while self.letters.len() > MOST || bytes > BYTES {
            bytes -= size(&self.letters.remove(0));
            self.dropped += 1;
        }
    }
}

fn label(channel: &str) -> Label {
    Label::new(&format!("outbox:{channel}:dead"))
}

/// A channel's dead letters.
pub(crate) async fn read(store: &dyn Store, channel: &str, now: Timestamp) -> Result<Dead, StoreError> {
    let memo = store.shared().memo(&label(channel), now).await?;
    memo.map_or_else(|| Ok(Dead::default()), |memo| parse(&memo.bytes))
}

fn parse(bytes: &[u8]) -> Result<Dead, StoreError> {
    serde_json::from_slice(bytes).map_err(|error| StoreError::Refused(error.into()))
}

/// Changes them, on what others write at the same moment. Answers what the change answered.
pub(crate) async fn change<T>(
    store: &dyn Store,
    channel: &str,
    now: Timestamp,
    change: impl Fn(&mut Dead) -> T,
) -> Result<T, StoreError> {
    for _ in 0..TRIES {
        let memo = store.shared().memo(&label(channel), now).await?;
        let mut dead = match &memo {
            Some(memo) => parse(&memo.bytes)?,
            None => Dead::default(),
        };
        let before = dead.clone();
        let answer = change(&mut dead);
        if dead == before {
            return Ok(answer);
        }
        let write = MemoWrite {
            label: label(channel),
            expected: memo.map(|memo| memo.version),
            bytes: serde_json::to_vec(&dead).map_err(|error| StoreError::Refused(error.into()))?,
            until: now + KEPT,
            now,
            event: None,
        };
        if store.shared().keep_memo(&write).await?.is_some() {
            return Ok(answer);
        }
    }
    Err(StoreError::Unavailable(
        "others keep writing the dead letters".into(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloakroom_audit::EventJson;

    fn letter(number: usize, detail: usize) -> Letter {
        let event = EventJson {
            detail: Some("x".repeat(detail)),
            ..EventJson::default()
        };
        Letter {
            id: format!("evt_{number}"),
            r#type: "alert.raised".to_owned(),
            event,
        }
    }

    #[test]
    fn the_oldest_make_room_and_are_counted() {
        let mut dead = Dead::default();
        let letters: Vec<_> = (0..MOST + 7).map(|number| letter(number, 10)).collect();
        dead.bury(&letters, "no", "now");
        assert_eq!((dead.letters.len(), dead.dropped), (MOST, 7));
        assert_eq!(dead.letters[0].letter.id, "evt_7");
        let long: Vec<_> = (1000..1050)
            .map(|number| letter(number, LONGEST_DETAIL))
            .collect();
        dead.bury(&long, "no", "now");
        let bytes = serde_json::to_vec(&dead).unwrap().len();
        assert!(bytes < cloakroom_core::Memo::LONGEST, "{bytes}");
        assert_eq!(dead.letters.len() as u64 + dead.dropped, (MOST + 7 + 50) as u64);
        dead.bury(&[letter(2000, LONGEST_DETAIL + 1)], "no", "now");
        let last = dead.letters.last().unwrap();
        assert_eq!(last.letter.event.detail.as_deref(), Some("(too long to be kept)"));
    }

    #[test]
    fn a_letter_dies_once_however_often_it_is_buried() {
        let mut dead = Dead::default();
        dead.bury(&[letter(1, 1), letter(2, 1)], "first", "then");
        assert_eq!(dead.retry(), 2);
        dead.bury(&[letter(1, 1)], "again", "now");
        let of = |number: usize| &dead.letters[number];
        assert_eq!((of(0).letter.id.as_str(), of(0).retry), ("evt_2", true));
        assert_eq!(
            (of(1).why.as_str(), of(1).retry, dead.letters.len()),
            ("again", false, 2)
        );
    }
}
