//! What happens over time, at once, and when something breaks.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)] // these are tests

#[path = "../common/mod.rs"]
mod common;

mod binding;
mod limits;
mod nodes;
mod races;
mod secrets;
mod store_trouble;
mod throttle;
mod timeouts;
mod users;
