//! Trails on a real disk: written, torn, tampered with, forgotten, exported.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)] // these are tests
#![allow(clippy::needless_for_each, clippy::format_collect)] // short beats fast here

mod crash;
mod decoders;
mod exported;
mod forgotten;
mod kept;
mod support;
mod tampered;
