//! Every endpoint as the contract describes it, asked from outside.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)] // these are tests
#![allow(clippy::needless_for_each, clippy::format_collect)] // short beats fast here

#[path = "../common/mod.rs"]
mod common;

mod admin;
mod bodies;
mod console;
mod cookies;
mod csrf;
mod events;
mod forward_auth;
mod headers;
mod log_in;
mod log_out;
mod near;
mod own_sessions;
mod pages;
mod password;
mod step_up;
