//! What happens over time, at once, and when something breaks.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)] // these are tests
#![allow(clippy::needless_for_each, clippy::format_collect)] // short beats fast here

#[path = "../common/mod.rs"]
mod common;

mod alerts;
mod binding;
mod limits;
mod near;
mod nodes;
mod races;
mod secrets;
mod settled;
mod store_trouble;
mod throttle;
mod timeouts;
mod users;
