//! Opening a session.

use crate::call::Call;
use crate::error::unexpected;
use crate::scripts::OPEN;
use crate::store::RedisStore;
use crate::value;
use cloakroom_core::{Opened, Opening, StoreError, WhenFull};

impl RedisStore {
    pub(crate) async fn admit(&self, opening: &Opening) -> Result<Opened, StoreError> {
        let Opening { key, record, .. } = opening;
        let bucket = key.bucket();
        // One step can not span two places of a cluster.
        if opening
            .replaces
            .is_some_and(|replaced| replaced.bucket() != bucket)
        {
            return Err(StoreError::Refused(
                "a session can replace only one of its own bucket".into(),
            ));
        }
        let mut call = Call::caused(&OPEN, &self.names, &self.options, bucket, &opening.cause);
        call.arg(key.hash_bytes())
            .arg(value::live(record, opening.deadline));
        call.arg(record.id.as_bytes())
            .arg(record.subject().map_or("", |subject| subject.as_str()));
        call.arg(value::epoch(record).0)
            .arg(opening.deadline.min(record.expires_at).as_millis());
        call.arg(record.expires_at.as_millis()).arg(opening.max_sessions);
        call.arg(u8::from(opening.when_full == WhenFull::Reject));
        call.arg(
            opening
                .replaces
                .as_ref()
                .map_or(&[][..], |replaced| replaced.hash_bytes()),
        );
        match self.run("open", &call).await?.outcome()? {
            (0, Some(ended)) => Ok(Opened::Opened(ended.ended(bucket)?)),
            (1, _) => Ok(Opened::Full),
            (2, _) => Ok(Opened::StaleEpoch),
            (3, _) => Err(StoreError::Refused(
                "a session is to be opened under a key or id that is in use".into(),
            )),
            _ => Err(unexpected("open")),
        }
    }
}
