//! What the nodes on one store keep together besides sessions: small memos, and how much of a limit is spent.

use crate::event::Event;
use crate::key::Bucket;
use crate::rate::Rate;
use crate::store::StoreError;
use crate::time::Timestamp;
use async_trait::async_trait;
use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What a memo or a limit is called, and in which bucket it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Label {
    bucket: Bucket,
    name: Arc<str>,
}

impl Label {
    /// The longest name, in bytes. A longer one stands under its hash.
    pub const LONGEST: usize = 120;

    /// A label in a bucket that follows from its name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self::in_bucket(Bucket(Sha256::digest(name)[0]), name)
    }

    /// A label in the bucket in whose log an event is told, so that both can be written in one step.
    #[must_use]
    pub fn beside(event: &Event, name: &str) -> Self {
        Self::in_bucket(event.bucket(), name)
    }

    fn in_bucket(bucket: Bucket, name: &str) -> Self {
        let plain = name.len() <= Self::LONGEST && name.bytes().all(|byte| byte.is_ascii_graphic());
        let name = if plain {
            name.into()
        } else {
            hex(&Sha256::digest(name)).into()
        };
        Self { bucket, name }
    }

    /// The bucket.
    #[must_use]
    pub const fn bucket(&self) -> Bucket {
        self.bucket
    }

    /// The name: 1 to [`LONGEST`](Self::LONGEST) printable ASCII characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.name
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or('0');
    let digits = bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    digits.collect()
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// A few bytes that the nodes share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memo {
    /// Changes with every write, and is never the same again.
    pub version: u64,
    /// What it says.
    pub bytes: Vec<u8>,
}

impl Memo {
    /// The longest, in bytes.
    pub const LONGEST: usize = 256 * 1024;

    /// The version after `last`, at `now`. The time is in it, so that a memo which lapsed and was written anew is not taken
    /// for the old one.
    #[must_use]
    pub fn next_version(last: Option<u64>, now: Timestamp) -> u64 {
        now.as_millis().max(last.map_or(0, |last| last + 1))
    }
}

/// A new version of a memo.
#[derive(Clone, Debug)]
pub struct MemoWrite {
    /// Which.
    pub label: Label,
    /// The version that it was made from; nothing if there must be none.
    pub expected: Option<u64>,
    /// What it says from now on, at most [`Memo::LONGEST`].
    pub bytes: Vec<u8>,
    /// When it lapses: from then on it is as if it had never been there.
    pub until: Timestamp,
    /// The present moment.
    pub now: Timestamp,
    /// What the journal says of it, if anything; of the same bucket as the label.
    pub event: Option<Event>,
}

impl MemoWrite {
    /// Whether a store can take it at all: not too long, and its event beside it.
    pub fn check(&self) -> Result<(), StoreError> {
        let astray = |event: &Event| event.bucket() != self.label.bucket;
        if self.bytes.len() > Memo::LONGEST {
            Err(StoreError::Refused("a memo is too long".into()))
        } else if self.event.as_ref().is_some_and(astray) {
            Err(StoreError::Refused(
                "a memo and its event are of different buckets".into(),
            ))
        } else {
            Ok(())
        }
    }
}

/// What nodes share. Like sessions: each step is atomic, and times come from the caller.
///
/// None of it outlives a store that forgets: who relies on a memo or a limit says what happens without.
#[async_trait]
pub trait Shared: Send + Sync {
    /// A memo that has not lapsed at `now`.
    async fn memo(&self, label: &Label, now: Timestamp) -> Result<Option<Memo>, StoreError>;

    /// Writes a memo and, in the same step, its journal entry. Answers the new version ([`Memo::next_version`]), or nothing if
    /// it was not the expected one: then nothing changed.
    async fn keep_memo(&self, write: &MemoWrite) -> Result<Option<u64>, StoreError>;

    /// Takes one of what a limit allows ([`Rate::take`]), or only asks whether it could. Answers how long to wait if there is
    /// none left; then nothing changed.
    async fn spend(
        &self,
        label: &Label,
        rate: Rate,
        spend: Spend,
        now: Timestamp,
    ) -> Result<Option<Duration>, StoreError>;
}

/// Whether to take one of what a limit allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spend {
    /// Ask whether there is one.
    Look,
    /// Take it.
    Take,
}
