//! Sessions over HTTP, from outside: each file holds one promise and the tests that would fail without it.

#![allow(missing_docs)]

mod address;
mod caching;
mod commit;
mod cookie;
mod extractors;
mod failures;
mod hostile;
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
