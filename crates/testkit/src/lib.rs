//! What proves a store: a conformance suite, a model-based test, and the hand-wound clock they run on.
//!
//! Whoever writes a [`Store`](cloakroom_core::Store) tells the suite how to get at a fresh one, and runs it whole:
//!
//! ```
//! use cloakroom_core::{MemoryStore, Store};
//! use cloakroom_testkit::{Fixture, Trimming, async_trait};
//! use std::sync::Arc;
//!
//! #[derive(Default)]
//! struct InMemory(Arc<MemoryStore>);
//!
//! #[async_trait]
//! impl Fixture for InMemory {
//!     async fn store(&self) -> Arc<dyn Store> {
//!         self.0.clone()
//!     }
//!
//!     async fn again(&self) -> Arc<dyn Store> {
//!         self.0.clone()
//!     }
//!
//!     async fn trim_journal(&self, keep: usize) -> Trimming {
//!         self.0.trim_journal(keep);
//!         Trimming::Done
//!     }
//! }
//!
//! // One #[test] per property.
//! cloakroom_testkit::conformance!(async || InMemory::default());
//! # cloakroom_testkit::model::run(async || InMemory::default(), 5);
//! ```
//!
//! and, in a test of its own, lets [`model::run`] try random steps on it.
//!
//! Times in the suite begin at [`START`], far ahead, so that a store which also gives its rows a time to live by the wall
//! clock loses none in the middle of a test.

// This is test code: a failed expectation is its way of speaking.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc
)]

mod clock;
pub mod conformance;
pub mod engine;
mod faulty;
mod fixture;
pub mod histories;
pub mod model;
mod order;
mod random;
mod sample;
mod suite;

pub use async_trait::async_trait;
pub use clock::{HandClock, START, after};
pub use faulty::{At, Fault, FaultyStore, Gate, Step};
pub use fixture::{Fixture, Trimming};
pub use random::{NoRandom, SeededRandom};
pub use sample::{Draft, Sample, cause};
