//! Sessions over HTTP, from outside: each file holds one promise and the tests that would fail without it.

// A failed expectation is how a test speaks, and a string in one needs no speed.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::format_collect, clippy::format_push_string)]

mod address;
mod caching;
mod commit;
mod cookie;
mod csrf;
mod extractors;
mod failures;
mod guesses;
mod headers;
mod hostile;
mod json_only;
mod origins;
mod parallel;
mod privilege;
mod problems;
mod secrets;
mod services;
mod shop;
mod store_calls;
mod watched;
mod world;
