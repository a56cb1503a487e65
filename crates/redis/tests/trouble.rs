//! A server that hangs, dies, is full, forgets its scripts or holds garbage.

// A failed expectation is a test's way of speaking; helpers outside `#[test]` speak it, too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use cloakroom_core::{CloseReason, Key, Position, Slot, Store, StoreError, WhenFull};
use cloakroom_redis::{ConnectError, Options, RedisStore};
use cloakroom_testkit::{START, Sample, after, cause};
use redis::AsyncCommands;
use std::time::{Duration, Instant};
use support::{Server, raw, store, store_with};

const SECOND: Duration = Duration::from_secs(1);

/// Where the server keeps what is under a key.
fn name(key: &Key) -> Vec<u8> {
    let mut name = format!("cr:{{{:02x}}}:s:", key.bucket().0).into_bytes();
    name.extend_from_slice(key.hash_bytes());
    name
}

/// Asks until the store answers again.
async fn wait_for(store: &RedisStore) {
    let asked = Instant::now();
    while store.count().await.is_err() {
        assert!(asked.elapsed() < 10 * SECOND, "it does not come back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_hung_server_is_unavailable_within_a_second_and_works_when_it_wakes_up() {
    let server = Server::start();
    let (store, sample) = (store_with(&server, Options::default()).await, Sample::new(1));
    let session = sample.session(&"alice".parse().unwrap(), START);
    let _ = store.open(&session.opening()).await.unwrap();
    server.freeze();
    for round in 0..5 {
        let asked = Instant::now();
        let answers = tokio::join!(
            store.load(&session.key),
            store.load(&session.key),
            store.touch(&[]),
            store.list(session.record.subject().unwrap())
        );
        assert!(
            matches!(answers.0, Err(StoreError::Unavailable(_))),
            "{:?}",
            answers.0
        );
        assert!(
            matches!(answers.1, Err(StoreError::Unavailable(_))),
            "{:?}",
            answers.1
        );
        assert!(
            matches!(answers.3, Err(StoreError::Unavailable(_))),
            "{:?}",
            answers.3
        );
        assert!(
            asked.elapsed() < SECOND,
            "round {round} took {:?}",
            asked.elapsed()
        );
    }
    // Once it is known to be away, nobody waits, and nothing is sent that would be done later.
    let asked = Instant::now();
    let late = sample.session(&"bob".parse().unwrap(), START);
    assert!(matches!(
        store.open(&late.opening()).await,
        Err(StoreError::Unavailable(_))
    ));
    assert!(
        asked.elapsed() < Duration::from_millis(300),
        "{:?}",
        asked.elapsed()
    );
    server.thaw();
    wait_for(&store).await;
    assert!(matches!(
        store.load(&session.key).await.unwrap(),
        Some(Slot::Live(_))
    ));
    assert_eq!(store.load(&late.key).await.unwrap(), None);
    assert_eq!(store.count().await.unwrap(), 1);
}

#[tokio::test]
async fn a_follower_of_a_hung_server_is_told() {
    let server = Server::start();
    let store = store_with(&server, Options::default()).await;
    let end = store.journal_end().await.unwrap();
    assert!(
        store
            .journal(&end, 10, Duration::from_millis(50))
            .await
            .unwrap()
            .entries
            .is_empty()
    );
    server.freeze();
    let asked = Instant::now();
    let answer = store.journal(&end, 10, Duration::from_millis(200)).await;
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
    assert!(asked.elapsed() < SECOND);
    server.thaw();
    wait_for(&store).await;
    assert!(
        !store
            .journal(&end, 10, Duration::from_millis(50))
            .await
            .unwrap()
            .gap
    );
}

#[tokio::test]
async fn a_waiting_follower_holds_up_nobody() {
    let server = Server::start();
    let (store, sample) = (store(&server).await, Sample::new(1));
    let follower = store.clone();
    let waiting = tokio::spawn(async move { follower.journal(&Position::start(), 10, 5 * SECOND).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let session = sample.session(&"alice".parse().unwrap(), START);
    let asked = Instant::now();
    let _ = store.open(&session.opening()).await.unwrap();
    assert!(asked.elapsed() < Duration::from_millis(300));
    assert_eq!(waiting.await.unwrap().unwrap().entries.len(), 1);
}

#[tokio::test]
async fn a_killed_server_is_unavailable_at_once_and_used_again_when_it_is_back() {
    let mut server = Server::start();
    let (store, sample) = (store_with(&server, Options::default()).await, Sample::new(1));
    let session = sample.session(&"alice".parse().unwrap(), START);
    let _ = store.open(&session.opening()).await.unwrap();
    // What was acknowledged a second ago is on the disk.
    tokio::time::sleep(Duration::from_millis(1200)).await;
    let end = store.journal_end().await.unwrap();
    server.kill();
    let asked = Instant::now();
    assert!(matches!(
        store.load(&session.key).await,
        Err(StoreError::Unavailable(_))
    ));
    assert!(asked.elapsed() < SECOND, "{:?}", asked.elapsed());
    server.restart();
    wait_for(&store).await;
    assert_eq!(
        store.load(&session.key).await.unwrap(),
        Some(Slot::Live(session.record.clone()))
    );
    assert!(!store.journal(&end, 10, Duration::ZERO).await.unwrap().gap);
    // Scripts do not survive a restart.
    assert!(
        store
            .close(&session.key, CloseReason::Logout, &cause(START))
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn a_connection_that_breaks_while_idle_is_replaced_before_it_is_needed() {
    let server = Server::start();
    let (store, mut raw) = (store(&server).await, raw(&server).await);
    for _ in 0..5 {
        let kill = redis::cmd("CLIENT").arg("KILL").arg("TYPE").arg("normal").take();
        kill.exec_async(&mut raw).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(store.count().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_journal_that_is_gone_is_a_gap() {
    let server = Server::start();
    let (store, mut raw, sample) = (store(&server).await, raw(&server).await, Sample::new(1));
    for _ in 0..3 {
        let _ = store
            .open(&sample.session(&"alice".parse().unwrap(), START).opening())
            .await
            .unwrap();
    }
    let end = store.journal_end().await.unwrap();
    redis::cmd("FLUSHALL").exec_async(&mut raw).await.unwrap();
    let page = store.journal(&end, 10, Duration::ZERO).await.unwrap();
    assert!(page.gap && page.entries.is_empty());
    // Ids are times: within a millisecond the other history could give out the same.
    tokio::time::sleep(Duration::from_millis(5)).await;
    let _ = store
        .open(&sample.session(&"bob".parse().unwrap(), START).opening())
        .await
        .unwrap();
    let page = store.journal(&end, 10, 5 * SECOND).await.unwrap();
    assert_eq!((page.gap, page.entries.len()), (true, 1));
}

#[tokio::test]
async fn a_follower_that_is_ahead_of_another_history_is_told_at_once() {
    let server = Server::start();
    let (store, sample) = (store(&server).await, Sample::new(1));
    let _ = store
        .open(&sample.session(&"alice".parse().unwrap(), START).opening())
        .await
        .unwrap();
    let ahead: Position = "9999999999999-0-7".parse().unwrap();
    let asked = Instant::now();
    let page = store.journal(&ahead, 10, 5 * SECOND).await.unwrap();
    assert_eq!((page.gap, page.entries.len()), (true, 1));
    assert!(asked.elapsed() < SECOND);
}

#[tokio::test]
async fn a_full_server_says_so_does_nothing_by_halves_and_lets_people_log_out() {
    let server = Server::with_arguments(&["--maxmemory-policy", "noeviction"]);
    let (store, mut raw, sample) = (store(&server).await, raw(&server).await, Sample::new(1));
    let alice = "alice".parse().unwrap();
    let [session, other] = [sample.session(&alice, START), sample.session(&alice, START)];
    let _ = store.open(&session.opening()).await.unwrap();
    let _ = store.open(&other.opening()).await.unwrap();
    let before = store.journal_end().await.unwrap();
    redis::cmd("CONFIG")
        .arg("SET")
        .arg("maxmemory")
        .arg("1mb")
        .exec_async(&mut raw)
        .await
        .unwrap();
    let third = sample.session(&alice, after(1));
    let opening = third.opening_within(1, WhenFull::EvictOldest);
    assert!(matches!(store.open(&opening).await, Err(StoreError::Full(_))));
    assert!(matches!(
        store.swap(&session.swap(b"x")).await,
        Err(StoreError::Full(_))
    ));
    let rotation = session.rotation(sample.key(session.key.bucket()));
    assert!(matches!(store.rotate(&rotation).await, Err(StoreError::Full(_))));
    assert_eq!(
        store.journal_end().await.unwrap(),
        before,
        "a refused step left a trace"
    );
    assert_eq!(
        store.load(&session.key).await.unwrap(),
        Some(Slot::Live(session.record.clone()))
    );
    assert_eq!(
        (
            store.count().await.unwrap(),
            store.list(&alice).await.unwrap().len()
        ),
        (2, 2)
    );
    // Being seen, logging out and lapsing need no room.
    assert_eq!(store.touch(&[session.touch(after(60))]).await.unwrap(), [true]);
    assert!(
        store
            .close(&session.key, CloseReason::Logout, &cause(after(61)))
            .await
            .unwrap()
            .is_some()
    );
    let all = store
        .close_subject(&alice, None, CloseReason::Revoked, &cause(after(62)))
        .await
        .unwrap();
    assert_eq!(all.ended.len(), 1);
    assert_eq!(store.count().await.unwrap(), 0);
}

#[tokio::test]
async fn scripts_that_were_flushed_are_loaded_again() {
    let server = Server::start();
    let (store, mut raw, sample) = (store(&server).await, raw(&server).await, Sample::new(1));
    let alice = "alice".parse().unwrap();
    for _ in 0..3 {
        redis::cmd("SCRIPT")
            .arg("FLUSH")
            .exec_async(&mut raw)
            .await
            .unwrap();
        let session = sample.session(&alice, START);
        let _ = store.open(&session.opening()).await.unwrap();
        redis::cmd("SCRIPT")
            .arg("FLUSH")
            .exec_async(&mut raw)
            .await
            .unwrap();
        assert_eq!(store.touch(&[session.touch(after(1))]).await.unwrap(), [true]);
        redis::cmd("SCRIPT")
            .arg("FLUSH")
            .exec_async(&mut raw)
            .await
            .unwrap();
        assert!(store.sweep(after(1), 10).await.is_ok());
    }
}

#[tokio::test]
async fn a_damaged_record_is_an_error_and_never_an_absent_session() {
    let server = Server::start();
    let (store, mut raw, sample) = (store(&server).await, raw(&server).await, Sample::new(1));
    let alice = "alice".parse().unwrap();
    let session = sample.session(&alice, START);
    let _ = store.open(&session.opening()).await.unwrap();
    let name = name(&session.key);
    let whole: Vec<u8> = raw.get(&name).await.unwrap();
    for (damage, head_too) in [
        (b"garbage".to_vec(), true),
        (whole[..40].to_vec(), true),
        ([&whole[..12], &[99], &whole[13..]].concat(), true),
        (whole[..whole.len() - 1].to_vec(), false),
    ] {
        let _: () = raw.set(&name, &damage).await.unwrap();
        let corrupt =
            |error: &StoreError| matches!(error, StoreError::Corrupt { key, .. } if **key == session.key);
        assert!(store.load(&session.key).await.is_err_and(|error| corrupt(&error)));
        assert!(
            store
                .find(&session.id())
                .await
                .is_err_and(|error| corrupt(&error))
        );
        if head_too {
            assert!(
                store
                    .swap(&session.swap(b"x"))
                    .await
                    .is_err_and(|error| corrupt(&error))
            );
        }
        // It stands in nobody's way.
        let next = sample.session(&alice, START);
        let _ = store
            .open(&next.opening_within(1, WhenFull::EvictOldest))
            .await
            .unwrap();
        store.sweep(after(1_000_000), 100).await.unwrap();
        if !head_too {
            assert_eq!(store.load(&session.key).await.unwrap(), None, "swept by its head");
        }
    }
}

#[tokio::test]
async fn a_damaged_record_is_left_out_of_lists_and_hides_no_other() {
    let server = Server::start();
    let (store, mut raw, sample) = (store(&server).await, raw(&server).await, Sample::new(1));
    let alice = "alice".parse().unwrap();
    let [damaged, whole] = [0; 2].map(|_| sample.session(&alice, START));
    for session in [&damaged, &whole] {
        let _ = store.open(&session.opening()).await.unwrap();
    }
    let name = name(&damaged.key);
    let bytes: Vec<u8> = raw.get(&name).await.unwrap();
    for damage in [&b"garbage"[..], &bytes[..40], &bytes[..bytes.len() - 1]] {
        let _: () = raw.set(&name, damage).await.unwrap();
        let listed = store.list(&alice).await.unwrap();
        let scanned = store.scan(None, 10).await.unwrap();
        assert_eq!((scanned.found.as_slice(), scanned.next), (&*listed, None));
        let ids: Vec<_> = listed.iter().map(|found| found.record.id).collect();
        assert_eq!(ids, [whole.id()]);
    }
}

#[tokio::test]
async fn a_key_of_another_kind_is_refused() {
    let server = Server::start();
    let (store, mut raw, sample) = (store(&server).await, raw(&server).await, Sample::new(1));
    let session = sample.session(&"alice".parse().unwrap(), START);
    let name = name(&session.key);
    let _: () = raw.rpush(&name, "x").await.unwrap();
    assert!(matches!(
        store.load(&session.key).await,
        Err(StoreError::Refused(_))
    ));
}

#[tokio::test]
async fn records_that_went_by_their_time_to_live_are_journaled_by_the_next_sweep() {
    let server = Server::start();
    let options = Options {
        grace: Duration::from_millis(200),
        ..support::patient()
    };
    let (store, sample) = (store_with(&server, options).await, Sample::new(1));
    let [alice, bob] = ["alice", "bob"].map(|name| name.parse().unwrap());
    let [of_alice, of_bob] = [&alice, &bob].map(|name| sample.session(name, START).idle(1));
    let _ = store.open(&of_alice.opening()).await.unwrap();
    let _ = store.open(&of_bob.opening()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1400)).await;
    assert_eq!(store.load(&of_alice.key).await.unwrap(), None);
    assert_eq!(store.count().await.unwrap(), 2);
    // Found by the next log-in of the same user, or by a sweep.
    let next = sample.session(&alice, after(2));
    let _ = store
        .open(&next.opening_within(1, WhenFull::Reject))
        .await
        .unwrap();
    assert_eq!(store.list(&alice).await.unwrap().len(), 1);
    assert_eq!(store.count().await.unwrap(), 2);
    assert_eq!(store.sweep(after(2), 100).await.unwrap().ended, 1);
    assert_eq!(store.count().await.unwrap(), 1);
    let page = store
        .journal(&Position::start(), 100, Duration::ZERO)
        .await
        .unwrap();
    let closed = page
        .entries
        .iter()
        .filter(|it| it.event.reason == Some(CloseReason::Idle));
    let closed: Vec<_> = closed.map(|it| it.event.session.unwrap()).collect();
    assert_eq!(closed, [of_alice.id(), of_bob.id()]);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_found_at_the_start() {
    let port = {
        std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port()
    };
    let asked = Instant::now();
    let error = RedisStore::connect(&format!("redis://app:hunter2@127.0.0.1:{port}/"))
        .await
        .unwrap_err();
    assert!(asked.elapsed() < SECOND);
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error:?}");
    let said = format!("{error} {error:?}");
    assert!(
        said.contains(&format!("127.0.0.1:{port}")) && !said.contains("hunter2"),
        "{said}"
    );
}
