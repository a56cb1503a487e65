//! What a sink has already, for when the journal is read again from its beginning.
//!
//! Another primary that took over, or a restored file, tells much of what was told before, under the same numbers of another
//! history.

use crate::event::EventJson;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Entries that are known. Nothing personal tells them apart, so those that were blotted out are known, too.
#[derive(Debug, Default)]
pub struct Known(pub(crate) HashSet<u64>);

impl Known {
    /// As many as any store keeps in its journal.
    pub(crate) const MOST: usize = 110_000;

    pub(crate) fn key(event: &EventJson) -> u64 {
        let number = event.id.rsplit('.').next();
        let mut hasher = DefaultHasher::new();
        (
            number,
            &event.at,
            &event.kind,
            &event.session,
            &event.reason,
            &event.actor,
        )
            .hash(&mut hasher);
        hasher.finish()
    }

    /// Whether it is known; it is then known no more, so that it stands for one entry only.
    pub(crate) fn take(&mut self, event: &EventJson) -> bool {
        !self.0.is_empty() && self.0.remove(&Self::key(event))
    }
}
