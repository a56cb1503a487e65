//! Which logs of a cluster have something new.
//!
//! No command waits for logs in several slots, but a server tells whoever has read a key that it has changed since (server-
//! assisted invalidation, `CLIENT TRACKING`). That is what wakes a follower; what has changed it then reads.

use crate::names::unhex;
use cloakroom_core::Bucket;
use parking_lot::Mutex;
use redis::aio::{AsyncPushSender, SendError};
use redis::{PushInfo, PushKind, Value};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;

/// Shared by a follower and the connections that tell it.
#[derive(Default)]
pub(super) struct News {
    changed: Mutex<BTreeSet<u8>>,
    broken: AtomicBool,
    wake: Notify,
}

impl News {
    /// The logs to be read. From now on changes are noted for the next time.
    pub(super) fn take(&self) -> BTreeSet<u8> {
        std::mem::take(&mut self.changed.lock())
    }

    /// These are to be read again.
    pub(super) fn add(&self, buckets: impl IntoIterator<Item = u8>) {
        self.changed.lock().extend(buckets);
        self.wake.notify_one();
    }

    /// Whether a connection is lost.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Acquire)
    }

    /// Waits until there is something to be read, or a connection is lost.
    pub(super) async fn come(&self) {
        while self.changed.lock().is_empty() && !self.is_broken() {
            self.wake.notified().await;
        }
    }

    fn hear(&self, push: &PushInfo) {
        match push.kind {
            PushKind::Invalidate => match push.data.first() {
                Some(Value::Array(names)) => {
                    self.add(names.iter().filter_map(bucket_of).map(|bucket| bucket.0));
                }
                // Everything was deleted.
                _ => self.add(0..=u8::MAX),
            },
            PushKind::Disconnection => {
                self.broken.store(true, Ordering::Release);
                self.wake.notify_one();
            }
            _ => {}
        }
    }
}

/// What a connection tells.
pub(super) struct Teller(pub(super) Arc<News>);

impl AsyncPushSender for Teller {
    fn send(&self, push: PushInfo) -> Result<(), SendError> {
        self.0.hear(&push);
        Ok(())
    }
}

/// The bucket in the hash tag of a name.
fn bucket_of(name: &Value) -> Option<Bucket> {
    let Value::BulkString(name) = name else {
        return None;
    };
    let brace = name.iter().position(|byte| *byte == b'{')?;
    unhex(name.get(brace + 1..brace + 3)?).map(Bucket)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invalidated(data: Vec<Value>) -> PushInfo {
        PushInfo {
            kind: PushKind::Invalidate,
            data,
        }
    }

    #[test]
    fn a_log_that_changed_is_to_be_read_once() {
        let news = News::default();
        let name = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        news.hear(&invalidated(vec![Value::Array(vec![
            name("cr:{3a}:j"),
            name("cr:{ff}:j"),
            name("odd"),
        ])]));
        assert_eq!(news.take(), BTreeSet::from([0x3a, 0xff]));
        assert!(news.take().is_empty());
        news.hear(&invalidated(vec![Value::Nil]));
        assert_eq!(news.take().len(), 256);
    }
}
