//! One rule per file. Each is a function of its settings, what is remembered, and the event at hand.

pub(crate) mod countries;
pub(crate) mod cycles;
pub(crate) mod device_change;
pub(crate) mod disowned;
pub(crate) mod failures;
pub(crate) mod guessing;
pub(crate) mod new_country;
pub(crate) mod new_device;
pub(crate) mod reuse;
pub(crate) mod rise;
pub(crate) mod spraying;
pub(crate) mod travel;

use std::time::Duration;

/// A notice, or a pair of places, is not said again for 30 days.
const MONTH: Duration = Duration::from_hours(30 * 24);
/// What comes from everywhere is said again after 6 hours.
const SHIFT: Duration = Duration::from_hours(6);
const DAY: Duration = Duration::from_hours(24);
