//! A record as a Redis string: two times that change, the encoded record, and what only "log out everywhere" reads.
//!
//! | bytes | what |
//! | --- | --- |
//! | 0..6 | `seen_at`, milliseconds, big-endian |
//! | 6..12 | the deadline by inactivity, likewise |
//! | 12.. | [`Slot::encode`] |
//! | at the end | 0; or the epoch in which the log-in began (6 bytes, big-endian) and 1 |
//!
//! A touch overwrites the first twelve bytes in place and leaves the rest alone. Most subjects never were logged out
//! everywhere, so most records spend one byte on the epoch.

use cloakroom_core::{Epoch, Key, Moved, Record, Slot, StoreError, Timestamp, Undecodable};

const HEAD: usize = 12;
const EPOCH: usize = 6;

/// The value of a session.
pub(crate) fn live(record: &Record, deadline: Timestamp) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(320);
    bytes.extend(six(record.seen_at.as_millis()));
    bytes.extend(six(deadline.min(record.expires_at).as_millis()));
    bytes.extend(rest(record));
    bytes
}

/// The value of a session but for the two times.
pub(crate) fn rest(record: &Record) -> Vec<u8> {
    let mut bytes = record.encode();
    let epoch = epoch(record);
    if epoch > Epoch(0) {
        bytes.extend(six(epoch.0));
    }
    bytes.push(u8::from(epoch > Epoch(0)));
    bytes
}

/// The value of the trace of a renewed token.
pub(crate) fn moved(moved: &Moved) -> Vec<u8> {
    let mut bytes = vec![0; HEAD];
    bytes[6..].copy_from_slice(&six(moved.expires_at.as_millis()));
    bytes.extend(moved.encode());
    bytes.push(0);
    bytes
}

/// The epoch in which a record's log-in began.
pub(crate) fn epoch(record: &Record) -> Epoch {
    record.identity.as_ref().map_or(Epoch::default(), |who| who.epoch)
}

/// What a value holds.
pub(crate) fn decode(key: &Key, bytes: &[u8]) -> Result<Slot, StoreError> {
    let slot = match bytes.split_at_checked(HEAD) {
        Some((head, rest)) => {
            let seen_at = head[..6].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
            without_epoch(rest).and_then(|encoded| Slot::decode(encoded, Timestamp::from_millis(seen_at)))
        }
        None => Err(Undecodable::Damaged("too short")),
    };
    slot.map_err(|source| corrupt(key, source))
}

fn without_epoch(rest: &[u8]) -> Result<&[u8], Undecodable> {
    let encoded = match rest.split_last() {
        Some((0, encoded)) => Some(encoded),
        Some((1, more)) => more.len().checked_sub(EPOCH).and_then(|end| more.get(..end)),
        _ => None,
    };
    encoded.ok_or(Undecodable::Damaged("end"))
}

/// The error for a value whose head a script could not read.
pub(crate) fn unreadable(key: &Key, bytes: &[u8]) -> StoreError {
    match decode(key, bytes) {
        Err(error) => error,
        Ok(_) => corrupt(key, Undecodable::Damaged("head")),
    }
}

fn corrupt(key: &Key, source: Undecodable) -> StoreError {
    StoreError::Corrupt {
        key: Box::new(*key),
        source,
    }
}

/// Six bytes reach to the year 10889; epochs are times, too.
fn six(number: u64) -> [u8; 6] {
    let mut bytes = [0; 6];
    bytes.copy_from_slice(&number.min(Timestamp::MAX.as_millis()).to_be_bytes()[2..]);
    bytes
}
