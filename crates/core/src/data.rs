//! Application data: typed fields, and changes that can be replayed on a conflict.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// A named, typed place in a session's data. Declare each once, as a constant.
///
/// ```
/// use cloakroom_core::Field;
///
/// const CART: Field<Vec<String>> = Field::new("cart").survives_log_in();
/// const THEME: Field<String> = Field::new("theme");
/// # assert_eq!((CART.name(), THEME.name()), ("cart", "theme"));
/// ```
pub struct Field<T> {
    name: &'static str,
    survives_log_in: bool,
    kind: PhantomData<fn() -> T>,
}

impl<T> Field<T> {
    /// A field of this name, 1 to 64 bytes. What it holds before log-in is dropped at log-in.
    ///
    /// # Panics
    ///
    /// If the name is empty or too long; in a constant, that is an error of the compiler.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        assert!(
            !name.is_empty() && name.len() <= Data::MAX_NAME,
            "a field's name has 1 to 64 bytes"
        );
        Self {
            name,
            survives_log_in: false,
            kind: PhantomData,
        }
    }

    /// The same field, carried over when an anonymous visitor logs in. Never put anything here that says who they are.
    #[must_use]
    pub const fn survives_log_in(mut self) -> Self {
        self.survives_log_in = true;
        self
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Whether log-in carries it over.
    #[must_use]
    pub const fn is_carried(&self) -> bool {
        self.survives_log_in
    }
}

impl<T> Clone for Field<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Field<T> {}

/// Data that could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The value in the session is of another type than the field's.
    #[error("the session's field `{name}` does not hold what was asked for")]
    WrongType {
        /// The field.
        name: String,
        /// What the decoder said.
        #[source]
        source: rmp_serde::decode::Error,
    },
    /// The value can not be serialized.
    #[error("the session's field `{name}` can not be stored")]
    Unstorable {
        /// The field.
        name: String,
        /// What the encoder said.
        #[source]
        source: rmp_serde::encode::Error,
    },
    /// A field's name is empty or too long.
    #[error("a field's name has 1 to {} bytes", Data::MAX_NAME)]
    BadName,
    /// The session would hold more than is sensible; keep a reference and store the rest elsewhere.
    #[error("the session would hold {size} bytes of data, at most {} fit", Data::MAX_SIZE)]
    TooLarge {
        /// What it would have come to, in bytes.
        size: usize,
    },
    /// What is sealed in the record does not open or does not parse.
    #[error("the session's data is damaged")]
    Damaged,
}

/// The application data of one session: names and values, each value a `MessagePack` document.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Data(BTreeMap<Box<str>, Value>);

#[derive(Clone, PartialEq, Eq)]
struct Value {
    carried: bool,
    bytes: Box<[u8]>,
}

impl Data {
    /// The longest name of a field, in bytes.
    pub const MAX_NAME: usize = 64;
    /// The most that one session may hold, in bytes.
    pub const MAX_SIZE: usize = 64 * 1024;

    /// The value of a field.
    pub fn get<T: DeserializeOwned>(&self, field: Field<T>) -> Result<Option<T>, DataError> {
        self.get_named(field.name)
    }

    /// The value under a name that is known only at run time.
    pub fn get_named<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, DataError> {
        self.0
            .get(name)
            .map(|value| from_bytes(name, &value.bytes))
            .transpose()
    }

    /// Puts a value under a name that is known only at run time.
    pub fn set_named<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), DataError> {
        if name.is_empty() || name.len() > Self::MAX_NAME {
            return Err(DataError::BadName);
        }
        let value = Value {
            carried: false,
            bytes: to_bytes(name, value)?.into(),
        };
        let before = self.0.insert(name.into(), value);
        let fits = self.check();
        if fits.is_err() {
            match before {
                Some(before) => self.0.insert(name.into(), before),
                None => self.0.remove(name),
            };
        }
        fits
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names of the fields.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(|name| &**name)
    }

    /// Only the fields that were declared to survive log-in.
    #[must_use]
    pub fn carried(&self) -> Self {
        let kept = self.0.iter().filter(|(_, value)| value.carried);
        Self(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    /// Takes over all fields of another session's data.
    pub(crate) fn absorb(&mut self, other: Self) -> Result<(), DataError> {
        self.0.extend(other.0);
        self.check()
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let fields: Vec<(&str, bool, &[u8])> = self
            .0
            .iter()
            .map(|(name, value)| (&**name, value.carried, &*value.bytes))
            .collect();
        postcard::to_allocvec(&fields).unwrap_or_default()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, DataError> {
        let fields: Vec<(&str, bool, &[u8])> = postcard::from_bytes(bytes).map_err(|_| DataError::Damaged)?;
        let value = |(name, carried, bytes): (&str, bool, &[u8])| {
            (
                name.into(),
                Value {
                    carried,
                    bytes: bytes.into(),
                },
            )
        };
        Ok(Self(fields.into_iter().map(value).collect()))
    }

    fn check(&self) -> Result<(), DataError> {
        let size = self
            .0
            .iter()
            .map(|(name, value)| name.len() + value.bytes.len() + 5)
            .sum();
        if size > Self::MAX_SIZE {
            Err(DataError::TooLarge { size })
        } else {
            Ok(())
        }
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

fn from_bytes<T: DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<T, DataError> {
    rmp_serde::from_slice(bytes).map_err(|source| DataError::WrongType {
        name: name.to_owned(),
        source,
    })
}

fn to_bytes<T: Serialize + ?Sized>(name: &str, value: &T) -> Result<Vec<u8>, DataError> {
    rmp_serde::to_vec_named(value).map_err(|source| DataError::Unstorable {
        name: name.to_owned(),
        source,
    })
}

type Edit = Arc<dyn Fn(Option<&[u8]>) -> Result<Option<Vec<u8>>, DataError> + Send + Sync>;

#[derive(Clone)]
enum Change {
    Set(Box<[u8]>),
    Remove,
    Update(Edit),
}

/// What one request wants changed. On a conflict the record is read again and the changes are applied anew, so requests
/// that write different fields both win, and requests that update one field both count.
#[derive(Clone, Default)]
pub struct Changes(Vec<(&'static str, bool, Change)>);

impl Changes {
    /// No change.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Whether there is anything to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts a value into a field, whatever was there.
    pub fn set<T: Serialize>(&mut self, field: Field<T>, value: &T) -> Result<(), DataError> {
        let bytes = to_bytes(field.name, value)?;
        self.0
            .push((field.name, field.survives_log_in, Change::Set(bytes.into())));
        Ok(())
    }

    /// Empties a field.
    pub fn remove<T>(&mut self, field: Field<T>) {
        self.0.push((field.name, field.survives_log_in, Change::Remove));
    }

    /// Changes a field from what it holds, or from the type's default. The function may run more than once: on a conflict
    /// it runs again on what the other request wrote, so it should do nothing but change the value.
    pub fn update<T>(&mut self, field: Field<T>, change: impl Fn(&mut T) + Send + Sync + 'static)
    where
        T: Serialize + DeserializeOwned + Default + 'static,
    {
        let name = field.name;
        let edit: Edit = Arc::new(move |bytes| {
            let mut value = bytes
                .map(|bytes| from_bytes(name, bytes))
                .transpose()?
                .unwrap_or_default();
            change(&mut value);
            to_bytes(name, &value).map(Some)
        });
        self.0.push((name, field.survives_log_in, Change::Update(edit)));
    }

    /// Only the changes of fields that survive log-in.
    #[must_use]
    pub fn carried(&self) -> Self {
        Self(
            self.0
                .iter()
                .filter(|(_, carried, _)| *carried)
                .cloned()
                .collect(),
        )
    }

    /// Applies all changes in order.
    pub fn apply(&self, data: &mut Data) -> Result<(), DataError> {
        for (name, carried, change) in &self.0 {
            let value = match change {
                Change::Set(bytes) => Some(bytes.clone()),
                Change::Remove => None,
                Change::Update(edit) => edit(data.0.get(*name).map(|value| &*value.bytes))?.map(Into::into),
            };
            match value {
                Some(bytes) => data.0.insert(
                    (*name).into(),
                    Value {
                        carried: *carried,
                        bytes,
                    },
                ),
                None => data.0.remove(*name),
            };
        }
        data.check()
    }

    /// Applies the last change alone, to a copy that already has the others.
    pub fn apply_last(&self, data: &mut Data) -> Result<(), DataError> {
        match self.0.last() {
            Some(last) => Self(vec![last.clone()]).apply(data),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.0.iter().map(|(name, ..)| name))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_bytes_make_decoding_panic_and_what_it_reads_it_can_write() {
        let mut data = Data::default();
        for name in ["cart", "note", "a"] {
            data.set_named(name, &vec![name; 9]).unwrap();
        }
        let good = data.encode();
        assert_eq!(Data::decode(&good).unwrap(), data);
        // A fixed walk through damaged inputs (xorshift), so that a failure can be seen again.
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        for turn in 0..20_000_usize {
            let mut bytes = good.clone();
            for _ in 0..=turn % 7 {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                let place = usize::try_from(state % good.len() as u64).unwrap();
                bytes[place] = state.to_le_bytes()[6];
            }
            bytes.truncate(good.len() - turn % good.len());
            if let Ok(read) = Data::decode(&bytes) {
                assert_eq!(Data::decode(&read.encode()).unwrap(), read);
            }
        }
    }
}
