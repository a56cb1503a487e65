//! Reading the journal: exactly once, in order, from anywhere, as it grows.

use super::parallel::{Nodes, at_once};
use super::scene::{Scene, alice, subject};
use crate::clock::{START, after};
use crate::fixture::Trimming;
use crate::sample::cause;
use cloakroom_core::{CloseReason, Entry, Event, Kind, Position, Store, WhenFull};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// An event that can be told from others.
fn numbered(writer: usize, number: usize) -> Event {
    let mut event = Event::of(Kind::LoginFailed, cause(after(number as u64)));
    event.cause.detail = Some(format!("{writer}/{number}").into());
    event
}

pub(super) async fn pages_hold_at_most_so_many_and_join_without_a_seam(scene: Scene) {
    let events: Vec<_> = (0..25).map(|number| numbered(0, number)).collect();
    for event in &events {
        scene.store.append(event).await.unwrap();
    }
    for at_most in [1, 2, 7, 24, 25, 26, 1000] {
        let mut read = Vec::new();
        let mut after = Position::start();
        loop {
            let page = scene.page(&after, at_most).await;
            assert!(page.entries.len() <= at_most && !page.gap);
            let Some(last) = page.entries.last() else { break };
            if scene.fixture.one_log() {
                assert_eq!(
                    page.next, last.position,
                    "where to read on is after the last entry"
                );
            }
            read.extend(page.entries.into_iter().map(|entry| entry.event));
            after = page.next;
        }
        assert_eq!(read, events, "in pages of {at_most}");
    }
}

pub(super) async fn the_journal_can_be_read_on_from_every_entry(scene: Scene) {
    for number in 0..8 {
        scene.store.append(&numbered(0, number)).await.unwrap();
    }
    let all = scene.journal_after(&Position::start()).await;
    assert_eq!(
        all.iter()
            .map(|entry| entry.position.as_str())
            .collect::<HashSet<_>>()
            .len(),
        8
    );
    let places = scene.places().await;
    for (n, place) in places.iter().enumerate() {
        // Positions are kept as text by those who read on after a restart.
        let position: Position = place.as_str().parse().unwrap();
        assert_eq!(scene.journal_after(&position).await, all[n + 1..]);
    }
    assert_eq!(scene.store.journal_end().await.unwrap(), places[7]);
}

pub(super) async fn after_the_end_comes_what_happens_from_now_on(scene: Scene) {
    for number in 0..3 {
        let end = scene.store.journal_end().await.unwrap();
        assert_eq!(scene.journal_after(&end).await, []);
        scene.store.append(&numbered(0, number)).await.unwrap();
        let news = scene.journal_after(&end).await;
        assert_eq!(news.len(), 1);
        assert_eq!(news[0].event, numbered(0, number));
    }
}

pub(super) async fn a_heartbeat_comes_within_the_wait_and_can_be_read_on_from(scene: Scene) {
    for before in [false, true] {
        if before {
            scene.store.append(&numbered(0, 0)).await.unwrap();
        }
        let end = if before {
            scene.store.journal_end().await.unwrap()
        } else {
            Position::start()
        };
        let asked = Instant::now();
        let beat = scene
            .store
            .journal(&end, 10, Duration::from_millis(300))
            .await
            .unwrap();
        let waited = asked.elapsed();
        assert_eq!((beat.entries.len(), beat.gap), (0, false));
        assert!(
            waited >= Duration::from_millis(200),
            "it did not wait: {waited:?}"
        );
        assert!(
            waited < Duration::from_millis(1500),
            "it waited too long: {waited:?}"
        );
        scene.store.append(&numbered(0, 1)).await.unwrap();
        assert_eq!(scene.journal_after(&beat.next).await.len(), 1);
    }
}

pub(super) async fn what_is_there_already_is_not_waited_for(scene: Scene) {
    scene.store.append(&numbered(0, 0)).await.unwrap();
    let asked = Instant::now();
    let page = scene
        .store
        .journal(&Position::start(), 10, Duration::from_secs(20))
        .await
        .unwrap();
    assert_eq!(page.entries.len(), 1);
    assert!(
        asked.elapsed() < Duration::from_secs(5),
        "it waited for more than the first entry"
    );
}

pub(super) async fn an_entry_from_the_other_handle_wakes_who_waits(scene: Scene) {
    let (here, there) = (scene.again().await, scene.again().await);
    for number in 0..3 {
        let end = scene.store.journal_end().await.unwrap();
        let here = here.clone();
        let reader = tokio::spawn(async move {
            let page = here.journal(&end, 10, Duration::from_secs(30)).await.unwrap();
            (page, Instant::now())
        });
        tokio::time::sleep(Duration::from_millis(150)).await;
        there.append(&numbered(0, number)).await.unwrap();
        let written = Instant::now();
        let (page, woken) = reader.await.unwrap();
        assert_eq!(page.entries.len(), 1);
        assert_eq!(page.entries[0].event, numbered(0, number));
        let late = woken.saturating_duration_since(written);
        assert!(late < Duration::from_secs(2), "woken only after {late:?}");
    }
}

pub(super) async fn many_can_wait_while_others_work(scene: Scene) {
    let end = scene.store.journal_end().await.unwrap();
    let waiting: Vec<_> = (0..32)
        .map(|_| {
            let (store, end) = (scene.store.clone(), end.clone());
            tokio::spawn(async move { store.journal(&end, 10, Duration::from_secs(30)).await.unwrap() })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let asked = Instant::now();
    scene.opened(&alice(), START).await;
    assert!(
        asked.elapsed() < Duration::from_secs(2),
        "readers of the journal keep others from working"
    );
    for reader in waiting {
        assert_eq!(reader.await.unwrap().entries.len(), 1);
    }
}

pub(super) async fn a_trimmed_journal_tells_of_the_gap(scene: Scene) {
    let empty = scene.store.journal_end().await.unwrap();
    for number in 0..10 {
        scene.store.append(&numbered(0, number)).await.unwrap();
    }
    let all = scene.journal_after(&Position::start()).await;
    let places = scene.places().await;
    if let Trimming::Unsupported(why) = scene.fixture.trim_journal(4).await {
        eprintln!("SKIPPED a_trimmed_journal_tells_of_the_gap: {why}");
        return;
    }
    for (n, position) in [&empty].into_iter().chain(&places).enumerate() {
        let page = scene.store.journal(position, 100, Duration::ZERO).await.unwrap();
        assert_eq!(page.gap, n < 6, "after entry {n} of 10, of which 6 are gone");
        assert_eq!(page.entries, all[n.max(6)..], "after entry {n}");
    }
    // Who reads from the start asked for what is kept, and misses nothing.
    let start = scene
        .store
        .journal(&Position::start(), 100, Duration::ZERO)
        .await
        .unwrap();
    assert_eq!((start.gap, start.entries.as_slice()), (false, &all[6..]));
    // A gap is told at once, not after the wait.
    let asked = Instant::now();
    assert!(
        scene
            .store
            .journal(&places[1], 1, Duration::from_secs(20))
            .await
            .unwrap()
            .gap
    );
    assert!(asked.elapsed() < Duration::from_secs(5));
    scene.store.append(&numbered(0, 10)).await.unwrap();
    assert_eq!(scene.journal_after(&places[9]).await.len(), 1);
}

pub(super) async fn invariant_8_what_can_be_seen_is_in_the_journal_already(scene: Scene) {
    let nodes = scene.nodes().await;
    for turn in 0..40 {
        let session = scene.opened(&alice(), START).await;
        let before = scene.store.journal_end().await.unwrap();
        let (closing, key) = (nodes.of(turn), session.key);
        let close = tokio::spawn(async move {
            closing
                .close(&key, CloseReason::Logout, &cause(after(1)))
                .await
                .unwrap()
        });
        let watching = nodes.of(turn + 1);
        while watching.load(&key).await.unwrap().is_some() {
            tokio::task::yield_now().await;
        }
        let told = watching
            .journal(&before, 10, Duration::ZERO)
            .await
            .unwrap()
            .entries;
        assert_eq!(
            told.len(),
            1,
            "the session is gone, and the journal does not know it yet"
        );
        assert!(close.await.unwrap().is_some());
    }
}

pub(super) async fn invariant_8_what_is_in_the_journal_can_be_seen_already(scene: Scene) {
    let nodes = scene.nodes().await;
    for turn in 0..40 {
        let session = scene.opened(&alice(), START).await;
        let before = scene.store.journal_end().await.unwrap();
        let (closing, key) = (nodes.of(turn), session.key);
        let close = tokio::spawn(async move {
            closing
                .close(&key, CloseReason::Logout, &cause(after(1)))
                .await
                .unwrap()
        });
        let watching = nodes.of(turn + 1);
        let told = watching
            .journal(&before, 10, Duration::from_secs(10))
            .await
            .unwrap()
            .entries;
        assert_eq!(told.len(), 1);
        // A cache that reads again because of the entry must not find the session once more.
        assert_eq!(watching.load(&key).await.unwrap(), None);
        assert!(close.await.unwrap().is_some());
    }
}

const WRITERS: usize = 6;
const ROUNDS: usize = 20;

/// What one writer does: sessions that come, change and go, and between them events with numbers.
async fn write(scene: &Scene, store: &dyn Store, writer: usize) {
    let user = subject(&format!("user {}", writer % 3));
    for number in 0..ROUNDS {
        let session = scene.sample.session(&user, after(number as u64));
        let _ = store
            .open(&session.opening_within(3, WhenFull::EvictOldest))
            .await
            .unwrap();
        store.append(&numbered(writer, number)).await.unwrap();
        let _ = store.swap(&session.swap(b"data")).await.unwrap();
        if number % 3 == 0 {
            let _ = store
                .rotate(&session.rotation(scene.sample.key(session.key.bucket())))
                .await
                .unwrap();
        } else if number % 3 == 1 {
            store
                .close(&session.key, CloseReason::Logout, &cause(START))
                .await
                .unwrap();
        }
    }
}

/// Reads until nothing has come for a while after `done`. Each page over a new handle, if `restless`.
async fn follow(
    scene: &Scene,
    nodes: &Nodes,
    follower: usize,
    done: &tokio::sync::watch::Receiver<bool>,
) -> Vec<Entry> {
    let mut read = Vec::new();
    let mut position = Position::start();
    for turn in 0.. {
        let restless = follower % 2 == 1;
        let store = if restless && turn % 8 == 7 {
            scene.again().await
        } else {
            nodes.of(follower)
        };
        let over = *done.borrow();
        let at_most = [3, 100, 1, 10][follower % 4];
        let page = store
            .journal(&position, at_most, Duration::from_millis(20))
            .await
            .unwrap();
        assert!(!page.gap);
        if page.entries.is_empty() && over {
            break;
        }
        read.extend(page.entries);
        position = page.next;
    }
    read
}

/// Each writer's numbers come in its own order, none twice, none missing.
fn assert_numbers_in_order(entries: &[Entry]) {
    let mut next: HashMap<String, usize> = HashMap::new();
    for entry in entries
        .iter()
        .filter(|entry| entry.event.kind == Kind::LoginFailed)
    {
        let detail = entry.event.cause.detail.as_deref().unwrap();
        let (writer, number) = detail.split_once('/').unwrap();
        let expected = next.entry(writer.to_owned()).or_default();
        assert_eq!(number.parse(), Ok(*expected), "writer {writer}");
        *expected += 1;
    }
    assert_eq!(next.len(), WRITERS);
    assert!(next.values().all(|count| *count == ROUNDS));
}

pub(super) async fn invariant_8_followers_read_every_entry_once_and_in_order_while_others_write(
    scene: Scene,
) {
    let nodes = Arc::new(scene.nodes().await);
    let scene = Arc::new(scene);
    let (tell, done) = tokio::sync::watch::channel(false);
    let followers: Vec<_> = (0..4)
        .map(|follower| {
            let (scene, nodes, done) = (scene.clone(), nodes.clone(), done.clone());
            tokio::spawn(async move { follow(&scene, &nodes, follower, &done).await })
        })
        .collect();
    at_once((0..WRITERS).map(|writer| {
        let (scene, store) = (scene.clone(), nodes.of(writer));
        async move { write(&scene, &*store, writer).await }
    }))
    .await;
    tell.send_replace(true);
    let whole = scene.journal_after(&Position::start()).await;
    assert_numbers_in_order(&whole);
    let whole = scene.entries_in_order(whole);
    for follower in followers {
        let read = scene.entries_in_order(follower.await.unwrap());
        let first_difference = read.iter().zip(&whole).position(|(read, kept)| read != kept);
        assert_eq!(
            first_difference, None,
            "a follower read something else than is kept"
        );
        assert_eq!(read.len(), whole.len(), "a follower skipped entries");
    }
    assert_eq!(
        whole
            .iter()
            .map(|entry| entry.position.as_str())
            .collect::<HashSet<_>>()
            .len(),
        whole.len()
    );
}

pub(super) async fn invariant_8_the_journal_replayed_is_the_store(scene: Scene) {
    let nodes = scene.nodes().await;
    let scene = Arc::new(scene);
    at_once((0..WRITERS).map(|writer| {
        let (scene, store) = (scene.clone(), nodes.of(writer));
        async move { write(&scene, &*store, writer).await }
    }))
    .await;
    let mut open = HashMap::new();
    for event in scene.journal().await {
        match (event.kind, event.session) {
            (Kind::Opened, Some(id)) => assert_eq!(open.insert(id, 1), None, "opened twice"),
            (Kind::Closed, Some(id)) => assert!(open.remove(&id).is_some(), "closed without being open"),
            (Kind::Updated | Kind::Renewed, Some(id)) => {
                *open.get_mut(&id).expect("a write to a session that is not open") += 1;
            }
            _ => {}
        }
    }
    let kept: HashMap<_, _> = scene
        .scan(10)
        .await
        .into_iter()
        .map(|it| (it.record.id, it.record.revision.0))
        .collect();
    assert_eq!(
        open, kept,
        "sessions and their revisions, as the journal and as the store has them"
    );
    assert_eq!(scene.count().await, open.len() as u64);
    assert!(scene.store.list(&subject("user 0")).await.unwrap().len() <= 3);
}
