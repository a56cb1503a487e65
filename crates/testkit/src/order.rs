//! The order of a journal that may have one for each bucket.

use cloakroom_core::Event;

/// Sorted by bucket, each bucket's in their order, unless there is one order for all.
pub(crate) fn in_order<T>(one_log: bool, mut all: Vec<T>, event: impl Fn(&T) -> &Event) -> Vec<T> {
    if !one_log {
        all.sort_by_key(|it| event(it).bucket().0);
    }
    all
}
