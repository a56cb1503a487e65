//! Where a record is kept: a bucket and a hash, neither of which opens anything.

use crate::subject::Subject;
use sha2::{Digest, Sha256};
use std::fmt;
use std::hash::{Hash, Hasher};

/// A number from 0 to 255 that decides which shard of a cluster a session lives on.
///
/// All sessions of a subject share one, so that their list, their limit and their epoch stay in one atomic place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bucket(pub u8);

impl Bucket {
    /// The bucket of a subject's sessions.
    #[must_use]
    pub fn of(subject: &Subject) -> Self {
        Self(Sha256::digest(subject.as_str())[0])
    }
}

/// The name of a record in a store: the bucket, and SHA-256 of the token's secret.
///
/// Made by [`Token::key`](crate::Token::key) or read back from a store; a string can not become one. Two keys are
/// compared in constant time (ASVS 11.2.4).
#[derive(Clone, Copy)]
pub struct Key([u8; Key::LEN]);

impl Key {
    /// 1 byte of bucket, 32 bytes of hash.
    pub const LEN: usize = 33;

    pub(crate) fn new(bucket: Bucket, hash: &[u8; 32]) -> Self {
        let mut bytes = [0; Self::LEN];
        bytes[0] = bucket.0;
        bytes[1..].copy_from_slice(hash);
        Self(bytes)
    }

    /// A key that a store kept. Nothing if the length is wrong.
    #[must_use]
    pub fn from_stored(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Bucket and hash, 33 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// The hash alone, 32 bytes.
    #[must_use]
    pub fn hash_bytes(&self) -> &[u8] {
        &self.0[1..]
    }

    /// Eight bytes of the hash: enough to tell keys apart in a table, and nobody can choose them.
    pub(crate) fn word(&self) -> u64 {
        let mut word = [0; 8];
        word.copy_from_slice(&self.0[1..9]);
        u64::from_le_bytes(word)
    }

    /// One more byte of the hash, for a first guess whether a key is the one.
    pub(crate) fn tag(&self) -> u8 {
        self.0[9]
    }

    /// The shard this key belongs to.
    #[must_use]
    pub fn bucket(&self) -> Bucket {
        Bucket(self.0[0])
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        // All bytes, whatever the first ones are; the compiler makes a few wide steps of it.
        let differing = self.0.iter().zip(&other.0).fold(0, |sum, (a, b)| sum | (a ^ b));
        std::hint::black_box(differing) == 0
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.word());
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Key({:02x}:{:02x}{:02x}{:02x}{:02x}…)",
            self.0[0], self.0[1], self.0[2], self.0[3], self.0[4]
        )
    }
}
