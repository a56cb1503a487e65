//! Taking answers apart.

use crate::error::unexpected;
use crate::journal::entry;
use cloakroom_core::{Bucket, Ended, Key, SessionId, StoreError};
use redis::Value;

/// An answer, and the step it is an answer to.
pub(crate) struct Reply {
    pub(crate) step: &'static str,
    pub(crate) value: Value,
}

impl Reply {
    pub(crate) fn new(step: &'static str, value: Value) -> Self {
        Self { step, value }
    }

    /// Bytes, or nothing.
    pub(crate) fn bytes(self) -> Result<Option<Vec<u8>>, StoreError> {
        match self.value {
            Value::Nil => Ok(None),
            Value::BulkString(bytes) => Ok(Some(bytes)),
            Value::SimpleString(text) => Ok(Some(text.into_bytes())),
            _ => Err(unexpected(self.step)),
        }
    }

    /// A number, also one that is spelled out. Nothing counts as zero.
    pub(crate) fn number(self) -> Result<u64, StoreError> {
        let step = self.step;
        if let Value::Int(number) = self.value {
            // A count that eviction made negative is as good as none.
            return Ok(u64::try_from(number).unwrap_or(0));
        }
        let Some(bytes) = self.bytes()? else { return Ok(0) };
        let text = std::str::from_utf8(&bytes).map_err(|_| unexpected(step))?;
        match text.strip_prefix('-') {
            Some(_) => Ok(0),
            None => text.parse().map_err(|_| unexpected(step)),
        }
    }

    /// Several answers.
    pub(crate) fn many(self) -> Result<Vec<Reply>, StoreError> {
        let step = self.step;
        match self.value {
            Value::Array(values) => Ok(values.into_iter().map(|value| Self { step, value }).collect()),
            Value::Nil => Ok(Vec::new()),
            _ => Err(unexpected(step)),
        }
    }

    /// A number that says what became of it, and perhaps something more.
    pub(crate) fn outcome(self) -> Result<(u64, Option<Reply>), StoreError> {
        let step = self.step;
        let mut parts = self.many()?.into_iter();
        let code = parts.next().ok_or_else(|| unexpected(step))?.number()?;
        Ok((code, parts.next()))
    }

    /// Hashes and values, two by two.
    pub(crate) fn records(self, bucket: Bucket) -> Result<Vec<(Key, Vec<u8>)>, StoreError> {
        let step = self.step;
        let parts: Vec<_> = self
            .many()?
            .into_iter()
            .map(Reply::bytes)
            .collect::<Result<_, _>>()?;
        let pairs = parts.chunks_exact(2).map(|pair| match pair {
            [Some(hash), Some(value)] => Some((key(bucket, hash)?, value.clone())),
            _ => None,
        });
        pairs.collect::<Option<_>>().ok_or_else(|| unexpected(step))
    }

    /// Sessions that ended: id, hash, subject, reason.
    pub(crate) fn ended(self, bucket: Bucket) -> Result<Vec<Ended>, StoreError> {
        let step = self.step;
        let mut all = Vec::new();
        let mut parts = self.many()?.into_iter();
        while let Some(id) = parts.next() {
            let next = || parts.next().ok_or_else(|| unexpected(step));
            let ended = one_ended(bucket, id, next)?;
            all.push(ended.ok_or_else(|| unexpected(step))?);
        }
        Ok(all)
    }
}

fn one_ended(
    bucket: Bucket,
    id: Reply,
    mut next: impl FnMut() -> Result<Reply, StoreError>,
) -> Result<Option<Ended>, StoreError> {
    let (id, hash) = (
        id.bytes()?.unwrap_or_default(),
        next()?.bytes()?.unwrap_or_default(),
    );
    let (subject, reason) = (next()?.bytes()?.unwrap_or_default(), next()?.number()?);
    let subject = match subject.as_slice() {
        b"" => None,
        name => match std::str::from_utf8(name).ok().and_then(|name| name.parse().ok()) {
            None => return Ok(None),
            subject => subject,
        },
    };
    let reason = u8::try_from(reason).ok().and_then(entry::reason);
    Ok(match (SessionId::from_stored(&id), key(bucket, &hash), reason) {
        (Some(id), Some(key), Some(reason)) => Some(Ended {
            id,
            key,
            subject,
            reason,
        }),
        _ => None,
    })
}

/// The key of a hash in a bucket.
pub(crate) fn key(bucket: Bucket, hash: &[u8]) -> Option<Key> {
    let mut bytes = Vec::with_capacity(Key::LEN);
    bytes.push(bucket.0);
    bytes.extend_from_slice(hash);
    Key::from_stored(&bytes)
}
