//! The conformance suite, on a file of its own for each test.

#![allow(clippy::unwrap_used, reason = "a failed expectation is how a test speaks")]

use cloakroom_core::Store;
use cloakroom_sqlite::SqliteStore;
use cloakroom_testkit::{Fixture, Trimming, async_trait};
use std::path::PathBuf;
use std::sync::Arc;

struct OneFile {
    folder: tempfile::TempDir,
}

impl OneFile {
    #[allow(clippy::unused_async, reason = "the suite takes what can wait")]
    async fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("cloakroom.db")
    }
}

#[async_trait]
impl Fixture for OneFile {
    async fn store(&self) -> Arc<dyn Store> {
        self.again().await
    }

    /// With threads and connections of its own, as another process would have.
    async fn again(&self) -> Arc<dyn Store> {
        Arc::new(SqliteStore::open(self.path()).unwrap())
    }

    async fn trim_journal(&self, keep: usize) -> Trimming {
        let connection = rusqlite::Connection::open(self.path()).unwrap();
        let sql = "DELETE FROM journal WHERE seq <= (SELECT max(seq) FROM journal) - ?1";
        connection.execute(sql, [i64::try_from(keep).unwrap()]).unwrap();
        Trimming::Done
    }
}

cloakroom_testkit::conformance!(OneFile::new);
cloakroom_testkit::engine_suite!(OneFile::new);

#[test]
fn any_sequence_of_steps_does_what_the_model_does() {
    cloakroom_testkit::model::run(OneFile::new, 48);
}
