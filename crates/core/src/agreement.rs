//! How long near caches on one store may answer unheard: what its nodes agreed on.

use crate::time::Timestamp;
use std::time::Duration;

/// How long a store remembers an agreed lease that nobody renews. More than the longest lease, so that a node which was
/// cut off has stopped answering before it is forgotten.
pub const LEASE_KEPT: Duration = Duration::from_mins(3);

/// A lease that a store keeps, and when a node last asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// The longest time for which a node may answer without having heard from the journal.
    pub lease: Duration,
    /// When a node last said that it relies on it.
    pub renewed_at: Timestamp,
}

impl Agreement {
    /// What holds when a node asks for `wanted` while `present` is kept: the lease, and what is to be kept from now on, if
    /// that changes.
    ///
    /// Who wants a longer lease than the others rely on changes nothing. Who wants a shorter one keeps to it alone, and
    /// does not prolong the other: once nobody relies on that any more, the shorter one takes its place. Zero only asks,
    /// and is told what was agreed last, however long ago: whoever waits for a lease to pass had better wait too long.
    ///
    /// ```
    /// use cloakroom_core::{Agreement, Timestamp};
    /// use std::time::Duration;
    ///
    /// let (now, second) = (Timestamp::from_millis(1_000_000), Duration::from_secs(1));
    /// let (lease, kept) = Agreement::next(None, second, now);
    /// assert_eq!((lease, kept.unwrap().lease), (second, second));
    /// assert_eq!(Agreement::next(kept, 2 * second, now), (second, None));
    /// assert_eq!(Agreement::next(kept, 2 * second, now + Duration::from_mins(4)).0, 2 * second);
    /// ```
    #[must_use]
    pub fn next(present: Option<Self>, wanted: Duration, now: Timestamp) -> (Duration, Option<Self>) {
        let lapsed = |it: &Self| now.since(it.renewed_at) >= LEASE_KEPT;
        let fresh = Self {
            lease: wanted,
            renewed_at: now,
        };
        match present {
            _ if wanted.is_zero() => (present.map_or(Duration::ZERO, |it| it.lease), None),
            Some(kept) if !lapsed(&kept) => {
                let renewed_at = kept.renewed_at.max(now);
                let renewed = Self { renewed_at, ..kept };
                (kept.lease, (wanted == kept.lease).then_some(renewed))
            }
            _ => (wanted, Some(fresh)),
        }
    }
}
