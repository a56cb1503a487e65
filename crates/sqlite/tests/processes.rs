//! Several processes on one file. The children are this very test binary.

#![allow(clippy::unwrap_used, reason = "a failed expectation is how a test speaks")]

mod common;

use cloakroom_core::{CloseReason, Opened, Store, WhenFull, Write};
use cloakroom_sqlite::SqliteStore;
use cloakroom_testkit::{START, Sample, cause};
use common::{agrees_with_itself, ended, fresh, journal, subject};
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

const PATH: &str = "CLOAKROOM_TEST_PATH";
const SEED: &str = "CLOAKROOM_TEST_SEED";
const ROUNDS: &str = "CLOAKROOM_TEST_ROUNDS";
const MOST: u32 = 5;

/// Not a test of its own: what the children do.
#[tokio::test]
async fn child() {
    let Ok(path) = std::env::var(PATH) else { return };
    let number = |name| std::env::var(name).unwrap().parse().unwrap();
    let (seed, rounds): (u64, u64) = (number(SEED), number(ROUNDS));
    let store = SqliteStore::open(path).unwrap();
    let sample = Sample::new(seed);
    for round in 0..rounds {
        let now = START + Duration::from_millis(round);
        let draft = sample.session(&subject("alice"), now);
        let opening = draft.opening_within(MOST, WhenFull::EvictOldest);
        assert!(matches!(store.open(&opening).await.unwrap(), Opened::Opened(_)));
        // Another process may have pushed it out by now.
        let swapped = store.swap(&draft.swap(b"more")).await.unwrap();
        assert!(matches!(swapped, Write::Done | Write::Gone));
        if round % 5 == 0 {
            let _ = store
                .close(&draft.key, CloseReason::Logout, &cause(now))
                .await
                .unwrap();
        }
    }
}

fn start_child(path: &Path, seed: u64, rounds: u64) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--quiet"]);
    command
        .env(PATH, path)
        .env(SEED, seed.to_string())
        .env(ROUNDS, rounds.to_string());
    command.stdout(std::process::Stdio::null()).spawn().unwrap()
}

#[tokio::test]
async fn invariants_7_and_8_processes_that_start_and_write_at_once_keep_limit_and_journal() {
    const ROUNDS: usize = 100;
    let (_folder, path) = fresh();
    // They make the file, too: one migrates, the others wait.
    let mut children: Vec<_> = (1..=4)
        .map(|seed| start_child(&path, seed, ROUNDS as u64))
        .collect();
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    let store = SqliteStore::open(&path).unwrap();
    let live = agrees_with_itself(&store).await;
    assert!(
        (1..=MOST as usize).contains(&live.len()),
        "{} sessions are left",
        live.len()
    );
    let entries = journal(&store).await;
    let closed = ended(CloseReason::Evicted, &entries) + ended(CloseReason::Logout, &entries);
    assert_eq!(closed + live.len(), 4 * ROUNDS);
    let mut open: usize = 0;
    for entry in &entries {
        match entry.event.kind.as_str() {
            "opened" => open += 1,
            "closed" => open -= 1,
            _ => {}
        }
        assert!(open <= MOST as usize, "the limit held at every moment");
    }
}

#[tokio::test]
async fn invariant_8_a_process_killed_in_the_middle_leaves_nothing_half_done() {
    let (_folder, path) = fresh();
    for seed in 1..=5 {
        let mut child = start_child(&path, seed, 1_000_000);
        tokio::time::sleep(Duration::from_millis(150)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        let store = SqliteStore::open(&path).unwrap();
        assert!(agrees_with_itself(&store).await.len() <= MOST as usize);
    }
    let store = SqliteStore::open(&path).unwrap();
    assert!(!journal(&store).await.is_empty(), "the children came to write");
}

#[tokio::test]
async fn who_follows_the_journal_hears_of_another_process_soon() {
    let (_folder, path) = fresh();
    let store = SqliteStore::open(&path).unwrap();
    let end = store.journal_end().await.unwrap();
    let mut child = start_child(&path, 1, 1);
    let page = store.journal(&end, 10, Duration::from_secs(20)).await.unwrap();
    assert!(!page.entries.is_empty());
    assert!(child.wait().unwrap().success());
}
