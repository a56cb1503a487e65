//! The outbox over a store in memory, with real receivers on real sockets.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::similar_names,
    missing_docs
)] // these are tests

#[path = "../support/certificates.rs"]
mod certificates;
#[path = "../support/receiver.rs"]
mod receiver;
#[path = "../support/smtp.rs"]
mod smtp;

mod addresses;
mod delivering;
mod mailing;
mod signing;
mod taking_over;
mod trouble;
mod world;
