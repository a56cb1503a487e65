//! Where in the file a session stands: an integer made of its key.

use cloakroom_core::Key;
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, Result};

/// The first eight bytes of a key, as a number that is ordered as keys are.
///
/// Keys are hashes of secrets that only the engine draws, so nobody can choose one, and of a million sessions a new one
/// meets another's place once in ten billion times at the very most (if they are all of one subject). It is refused then, as
/// one that meets another's whole key would be, and the next attempt draws another.
pub(crate) fn place(key: &Key) -> i64 {
    let mut first = [0; 8];
    first.copy_from_slice(&key.as_bytes()[..8]);
    u64::from_be_bytes(first).wrapping_sub(1 << 63).cast_signed()
}

/// Lets migrations use `place_of(key)`, which is NULL for what is no key.
pub(crate) fn teach(connection: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("place_of", 1, flags, |context| {
        let bytes = context.get_raw(0).as_blob().ok();
        Ok(bytes.and_then(Key::from_stored).as_ref().map(place))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_ordered_as_keys_are() {
        let ordered = [[0; 33], [1; 33], [0x7f; 33], [0x80; 33], [0xff; 33]];
        let places: Vec<_> = ordered
            .iter()
            .map(|bytes| place(&Key::from_stored(bytes).unwrap()))
            .collect();
        assert!(places.is_sorted_by(|a, b| a < b), "{places:?}");
        assert_eq!((places[0], places[4]), (i64::MIN, i64::MAX));
    }
}
