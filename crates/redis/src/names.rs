//! What the keys are called.

use cloakroom_core::{Bucket, Key, Label, SessionId, Subject};
use redis::{Cmd, RedisWrite as _};
use std::io::Write;

/// How many index hashes each bucket has. `index.lua` says the same number.
pub(crate) const SHARDS: u8 = 128;

/// Makes the names of keys. Every name of one bucket has the same hash tag, so that it lives in one cluster slot.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    prefix: String,
    /// The journal of all buckets, if they live on one server.
    journal: Option<String>,
}

impl Names {
    /// For one server.
    pub(crate) fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            journal: Some(format!("{prefix}:{{journal}}")),
        }
    }

    /// For the many of a cluster, where nothing but a bucket is sure to live in one place.
    pub(crate) fn of_cluster(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            journal: None,
        }
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// What all names of a bucket begin with: `cr:{3a}:`.
    pub(crate) fn base(&self, bucket: Bucket) -> Vec<u8> {
        self.name(bucket, b"")
    }

    /// Asks for a record, which is at `cr:{3a}:s:` and the 32 bytes of the hash.
    pub(crate) fn get_record(&self, key: &Key) -> Cmd {
        let mut command = Cmd::with_capacity(2, self.prefix.len() + 43);
        command.arg("GET");
        let rest = [b"s:", key.hash_bytes()];
        self.write(key.bucket(), rest, &mut command.writer_for_next_arg());
        command
    }

    /// The bookkeeping of a bucket: the number of its sessions.
    pub(crate) fn meta(&self, bucket: Bucket) -> Vec<u8> {
        self.name(bucket, b"m")
    }

    /// The times at which something in a bucket has to be looked at.
    pub(crate) fn wheel(&self, bucket: Bucket) -> Vec<u8> {
        self.name(bucket, b"w")
    }

    /// The index hash that a session of a bucket is in.
    pub(crate) fn home(&self, bucket: Bucket, id: &SessionId) -> Vec<u8> {
        let [first, ..] = id.as_bytes();
        let mut name = self.name(bucket, b"i:");
        name.extend_from_slice(&hex(first % SHARDS));
        name
    }

    /// Where a subject's epoch is.
    pub(crate) fn epoch(&self, subject: &Subject) -> Vec<u8> {
        let mut name = self.name(Bucket::of(subject), b"e:");
        name.extend_from_slice(subject.as_str().as_bytes());
        name
    }

    /// The log that a bucket's changes go into. On one server there is one for all.
    pub(crate) fn journal_of(&self, bucket: Bucket) -> Vec<u8> {
        match &self.journal {
            Some(journal) => journal.clone().into_bytes(),
            None => self.name(bucket, b"j"),
        }
    }

    /// What says that somebody confirms the journal on the server that has this bucket.
    pub(crate) fn alive(&self, bucket: Bucket) -> Vec<u8> {
        [&self.journal_of(bucket)[..], b":alive"].concat()
    }

    /// Where the lease is that the nodes agreed on, and the bucket of that place.
    pub(crate) fn lease(&self) -> (Bucket, Vec<u8>) {
        let bucket = Bucket(0);
        (bucket, [&self.journal_of(bucket)[..], b":lease"].concat())
    }

    /// Where a memo is.
    pub(crate) fn memo(&self, label: &Label) -> Vec<u8> {
        self.labelled(b"n:", label)
    }

    /// Where it stands how much of a limit is spent.
    pub(crate) fn limit(&self, label: &Label) -> Vec<u8> {
        self.labelled(b"l:", label)
    }

    fn labelled(&self, kind: &[u8], label: &Label) -> Vec<u8> {
        let mut name = self.name(label.bucket(), kind);
        name.extend_from_slice(label.as_str().as_bytes());
        name
    }

    fn name(&self, bucket: Bucket, rest: &[u8]) -> Vec<u8> {
        let mut name = Vec::with_capacity(self.prefix.len() + rest.len() + 40);
        self.write(bucket, [rest, b""], &mut name);
        name
    }

    fn write(&self, bucket: Bucket, rest: [&[u8]; 2], to: &mut impl Write) {
        let [first, second] = rest;
        let parts = [
            self.prefix.as_bytes(),
            b":{",
            &hex(bucket.0),
            b"}:",
            first,
            second,
        ];
        for part in parts {
            // Memory takes what it is given.
            let _ = to.write_all(part);
        }
    }
}

/// Two digits.
pub(crate) fn hex(byte: u8) -> [u8; 2] {
    let digit = |nibble: u8| {
        if nibble < 10 {
            b'0' + nibble
        } else {
            b'a' + nibble - 10
        }
    };
    [digit(byte >> 4), digit(byte & 15)]
}

/// The byte that two digits say.
pub(crate) fn unhex(digits: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(digits)
        .ok()
        .filter(|digits| digits.len() == 2)?;
    u8::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_a_bucket_has_its_hash_tag() {
        let names = Names::new("cr");
        let bucket = Bucket(0x3a);
        let key = Key::from_stored(&[0x3a; Key::LEN]).unwrap();
        let id = SessionId::from_stored(&[0xff; 16]).unwrap();
        let asking = names.get_record(&key);
        let record = [&b"cr:{3a}:s:"[..], key.hash_bytes()].concat();
        let asked: Vec<_> = asking.args_iter().collect();
        assert_eq!(
            asked,
            [redis::Arg::Simple(&b"GET"[..]), redis::Arg::Simple(&record)]
        );
        assert_eq!(names.meta(bucket), b"cr:{3a}:m");
        assert_eq!(names.home(bucket, &id), b"cr:{3a}:i:7f");
        assert_eq!(names.journal_of(bucket), b"cr:{journal}");
        assert_eq!(names.lease().1, b"cr:{journal}:lease");
        let names = Names::of_cluster("cr");
        assert_eq!(names.journal_of(bucket), b"cr:{3a}:j");
        assert_eq!(names.alive(bucket), b"cr:{3a}:j:alive");
    }
}
