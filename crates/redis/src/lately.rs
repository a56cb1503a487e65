//! Sessions that were decoded of late: one that has not changed since is not taken apart again.
//!
//! Nothing is answered from here. The value has just been read from Redis, and only if it is what it was last time, byte
//! for byte, is what came of it then what comes of it now.

use crate::value;
use cloakroom_core::{Key, Record, Slot, StoreError};
use parking_lot::Mutex;

/// So many are kept, one for each place; about 3 MB when all are taken.
const PLACES: usize = 4096;

/// What was decoded of late, by a part of the key's hash. The newest has the place.
pub(crate) struct Lately(Box<[Mutex<Option<Box<Decoded>>>]>);

struct Decoded {
    value: Vec<u8>,
    record: Record,
    /// Since it was last looked whether anybody still asks for it.
    asked_for: bool,
}

impl Default for Lately {
    fn default() -> Self {
        Self((0..PLACES).map(|_| Mutex::default()).collect())
    }
}

impl Lately {
    /// What a value holds that was just read.
    pub(crate) fn decode(&self, key: &Key, value: Vec<u8>) -> Result<Slot, StoreError> {
        if let Some(known) = &mut *self.place(key).lock()
            && known.value == value
        {
            known.asked_for = true;
            return Ok(Slot::Live(known.record.clone()));
        }
        let slot = value::decode(key, &value)?;
        if let Slot::Live(record) = &slot {
            let decoded = Decoded {
                value,
                record: record.clone(),
                asked_for: true,
            };
            *self.place(key).lock() = Some(Box::new(decoded));
        }
        Ok(slot)
    }

    /// Forgets what nobody has asked for since this was last called: what has ended must not stay in memory.
    pub(crate) fn tidy(&self) {
        for place in &self.0 {
            let mut place = place.lock();
            if let Some(known) = &mut *place
                && !std::mem::take(&mut known.asked_for)
            {
                *place = None;
            }
        }
    }

    fn place(&self, key: &Key) -> &Mutex<Option<Box<Decoded>>> {
        let [first, second, ..] = key.hash_bytes() else {
            return &self.0[0];
        };
        let place = usize::from(u16::from_be_bytes([*first, *second]));
        &self.0[place % PLACES]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloakroom_core::Timestamp;
    use cloakroom_testkit::{Draft, START, Sample, after};

    fn session() -> Draft {
        Sample::new(1).session(&"alice".parse().unwrap(), START)
    }

    fn value(session: &Draft) -> Vec<u8> {
        value::live(&session.record, Timestamp::MAX)
    }

    fn kept(lately: &Lately) -> usize {
        lately.0.iter().filter(|place| place.lock().is_some()).count()
    }

    #[test]
    fn what_is_the_same_comes_to_the_same_and_what_changed_is_decoded_anew() {
        let lately = Lately::default();
        let session = session();
        for _ in 0..3 {
            let slot = lately.decode(&session.key, value(&session)).unwrap();
            assert_eq!(slot, Slot::Live(session.record.clone()));
        }
        let later = session.clone().seen(after(60));
        let slot = lately.decode(&session.key, value(&later)).unwrap();
        assert_eq!(slot, Slot::Live(later.record));
        assert_eq!(kept(&lately), 1);
    }

    #[test]
    fn each_byte_of_a_value_counts() {
        let lately = Lately::default();
        let session = session();
        let good = value(&session);
        for at in 0..good.len() {
            let _ = lately.decode(&session.key, good.clone()).unwrap();
            let mut other = good.clone();
            other[at] ^= 1;
            let expected = value::decode(&session.key, &other);
            let found = lately.decode(&session.key, other);
            assert_eq!(format!("{found:?}"), format!("{expected:?}"), "byte {at}");
        }
    }

    #[test]
    fn what_nobody_asks_for_is_forgotten() {
        let lately = Lately::default();
        let session = session();
        let _ = lately.decode(&session.key, value(&session)).unwrap();
        lately.tidy();
        assert_eq!(kept(&lately), 1, "it was asked for just before");
        let _ = lately.decode(&session.key, value(&session)).unwrap();
        lately.tidy();
        assert_eq!(kept(&lately), 1, "and again");
        lately.tidy();
        assert_eq!(kept(&lately), 0);
    }
}
