//! What is remembered, all of it bounded.

mod known;
mod person;
mod source;
mod table;
mod tally;
mod tide;

pub(crate) use person::{Person, Stay};
pub(crate) use source::Source;
pub(crate) use table::Table;
pub(crate) use tally::Tally;
pub(crate) use tide::Tide;

/// A count as it stands beside settings.
pub(crate) fn count(many: usize) -> u32 {
    u32::try_from(many).unwrap_or(u32::MAX)
}
