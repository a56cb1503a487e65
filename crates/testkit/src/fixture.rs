//! How the tests get at a store.

use async_trait::async_trait;
use cloakroom_core::Store;
use std::sync::Arc;

/// A place where one test runs: made for it, thrown away after it.
#[async_trait]
pub trait Fixture: Send + Sync + 'static {
    /// A handle on a fresh, empty store made for this one test. Called once.
    async fn store(&self) -> Arc<dyn Store>;

    /// Another handle on the same data, as a second process would have. Called any number of times.
    async fn again(&self) -> Arc<dyn Store>;

    /// Forgets all entries of the journal but the newest `keep`, as age or size would in time. A store whose journal
    /// can not be trimmed says so; the tests that need it then say that they were skipped.
    async fn trim_journal(&self, keep: usize) -> Trimming;

    /// Whether the journal is one log, so that all its entries have one order. Otherwise those of each bucket have one.
    fn one_log(&self) -> bool {
        true
    }

    /// Whether traces of renewed tokens go by the wall clock alone, so that a sweep at a test's time leaves them.
    fn moved_lapse_by_themselves(&self) -> bool {
        false
    }
}

/// Whether a journal was trimmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trimming {
    /// It was.
    Done,
    /// This store can not, and why.
    Unsupported(&'static str),
}
