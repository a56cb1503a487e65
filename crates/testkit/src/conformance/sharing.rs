//! What nodes share besides sessions: memos, and how much of a limit is spent.

use super::parallel::at_once;
use super::scene::{Scene, alice};
use crate::clock::{START, after};
use crate::sample::cause;
use cloakroom_core::{Event, Kind, Label, Memo, MemoWrite, Rate, Spend, Store, StoreError, Timestamp};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

fn write(label: &Label, expected: Option<u64>, bytes: &[u8], now: Timestamp) -> MemoWrite {
    MemoWrite {
        label: label.clone(),
        expected,
        bytes: bytes.to_vec(),
        until: now + Duration::from_hours(1),
        now,
        event: None,
    }
}

async fn keep(store: &dyn Store, write: MemoWrite) -> Option<u64> {
    store.shared().keep_memo(&write).await.unwrap()
}

async fn read(store: &dyn Store, label: &Label, now: Timestamp) -> Option<Memo> {
    store.shared().memo(label, now).await.unwrap()
}

async fn take(store: &dyn Store, label: &Label, rate: Rate, now: Timestamp) -> Option<Duration> {
    store.shared().spend(label, rate, Spend::Take, now).await.unwrap()
}

pub(super) async fn a_memo_is_written_on_its_version_alone_and_read_by_the_other_node(scene: Scene) {
    let (label, other) = (Label::new("who-sends"), scene.again().await);
    assert_eq!(read(&*other, &label, START).await, None);
    assert_eq!(
        keep(&*scene.store, write(&label, Some(7), b"?", START)).await,
        None
    );
    let all: Vec<u8> = (0..=255).collect();
    let first = keep(&*scene.store, write(&label, None, &all, START))
        .await
        .unwrap();
    assert_eq!(
        read(&*other, &label, START).await,
        Some(Memo {
            version: first,
            bytes: all
        })
    );
    assert_eq!(keep(&*other, write(&label, None, b"?", START)).await, None);
    let second = keep(&*other, write(&label, Some(first), b"", START))
        .await
        .unwrap();
    assert!(second > first);
    assert_eq!(
        keep(&*scene.store, write(&label, Some(first), b"?", START)).await,
        None
    );
    let read = read(&*scene.store, &label, START).await.unwrap();
    assert_eq!((read.version, &read.bytes[..]), (second, &b""[..]));
    assert_eq!(scene.journal().await, [], "no event, no entry");
}

pub(super) async fn memos_of_other_names_stay_apart(scene: Scene) {
    let long = |last: &str| format!("{}{last}", "x".repeat(300));
    let names = ["a", "A", "a ", "ä", "a:b", &long("1"), &long("2")];
    for name in names {
        let written = keep(
            &*scene.store,
            write(&Label::new(name), None, name.as_bytes(), START),
        )
        .await;
        assert!(written.is_some(), "{name}");
    }
    for name in names {
        let memo = read(&*scene.store, &Label::new(name), START).await.unwrap();
        assert_eq!(memo.bytes, name.as_bytes());
    }
}

pub(super) async fn a_memo_that_lapsed_is_gone_and_its_version_never_comes_again(scene: Scene) {
    let label = Label::new("lapsing");
    let short = MemoWrite {
        until: START + Duration::from_millis(40),
        ..write(&label, None, b"old", START)
    };
    let old = keep(&*scene.store, short).await.unwrap();
    tokio::time::sleep(Duration::from_millis(60)).await;
    let now = START + Duration::from_millis(60);
    assert_eq!(read(&*scene.store, &label, now).await, None);
    assert_eq!(
        keep(&*scene.store, write(&label, Some(old), b"?", now)).await,
        None
    );
    let new = keep(&*scene.store, write(&label, None, b"new", now))
        .await
        .unwrap();
    assert_ne!(new, old);
    assert_eq!(
        keep(&*scene.store, write(&label, Some(old), b"?", now)).await,
        None
    );
}

pub(super) async fn of_many_writers_of_a_memo_exactly_one_is_done(scene: Scene) {
    let (label, nodes) = (Label::new("contended"), scene.nodes().await);
    let tries = (0..40).map(|turn: u8| {
        let (store, write) = (nodes.of(turn.into()), write(&label, None, &[turn], START));
        async move { keep(&*store, write).await.is_some() }
    });
    let done = at_once(tries).await;
    assert_eq!(done.iter().filter(|done| **done).count(), 1);
    let winner = done.iter().position(|done| *done).unwrap();
    let memo = read(&*scene.store, &label, START).await.unwrap();
    assert_eq!(usize::from(memo.bytes[0]), winner);
}

pub(super) async fn invariant_8_what_a_memo_says_in_the_journal_is_said_by_who_wrote_it_alone(scene: Scene) {
    let event = Event::of(Kind::Alert, cause(START)).about(Some(alice()));
    let (label, nodes) = (Label::beside(&event, "incident"), scene.nodes().await);
    let tries = (0..20).map(|turn| {
        let mut write = write(&label, None, b"", START);
        let mut event = event.clone();
        event.cause.detail = Some(turn.to_string().into());
        write.event = Some(event);
        let store = nodes.of(turn);
        async move { keep(&*store, write).await.is_some() }
    });
    let done = at_once(tries).await;
    let winner = done.iter().position(|done| *done).unwrap();
    let told = scene.journal().await;
    assert_eq!(told.len(), 1, "one incident, one alert");
    assert_eq!(told[0].cause.detail.as_deref(), Some(winner.to_string().as_str()));
}

pub(super) async fn a_memo_too_long_or_beside_another_bucket_is_refused(scene: Scene) {
    let refused = async |write: MemoWrite| {
        let outcome = scene.store.shared().keep_memo(&write).await;
        assert!(matches!(outcome, Err(StoreError::Refused(_))), "{outcome:?}");
    };
    let label = Label::new("long");
    refused(write(&label, None, &vec![b'x'; Memo::LONGEST + 1], START)).await;
    let event = Event::of(Kind::Alert, cause(START)).about(Some(alice()));
    let elsewhere = (0..).map(|n| Label::new(&n.to_string()));
    let astray = elsewhere
        .into_iter()
        .find(|label| label.bucket() != event.bucket());
    let mut write = write(&astray.unwrap(), None, b"", START);
    write.event = Some(event);
    refused(write).await;
    let longest = vec![b'x'; Memo::LONGEST];
    assert!(
        keep(&*scene.store, self::write(&label, None, &longest, START))
            .await
            .is_some()
    );
    assert_eq!(read(&*scene.store, &label, START).await.unwrap().bytes, longest);
}

pub(super) async fn a_limit_lets_a_burst_pass_and_then_one_per_interval(scene: Scene) {
    let (label, rate, other) = (
        Label::new("log-in"),
        Rate::new(3, 10 * SECOND),
        scene.again().await,
    );
    let spend = async |seconds| take(&*other, &label, rate, after(seconds)).await;
    for _ in 0..3 {
        assert_eq!(spend(0).await, None);
    }
    assert_eq!(spend(0).await, Some(10 * SECOND));
    assert_eq!(spend(4).await, Some(6 * SECOND), "who is refused pays nothing");
    for _ in 0..5 {
        let looked = scene
            .store
            .shared()
            .spend(&label, rate, Spend::Look, after(10))
            .await;
        assert_eq!(looked.unwrap(), None, "looking costs nothing");
    }
    assert_eq!(spend(10).await, None);
    assert_eq!(spend(10).await, Some(10 * SECOND));
    let apart = Label::new("log-out");
    assert_eq!(take(&*scene.store, &apart, rate, after(10)).await, None);
    assert_eq!(scene.journal().await, []);
}

pub(super) async fn of_many_at_once_no_more_than_the_burst_are_granted(scene: Scene) {
    let (rate, nodes) = (Rate::new(7, 60 * SECOND), scene.nodes().await);
    let tries = (0..60).map(|turn| {
        let store = nodes.of(turn);
        async move {
            let label = Label::new("guessing");
            take(&*store, &label, rate, START).await
        }
    });
    let waits = at_once(tries).await;
    assert_eq!(waits.iter().filter(|wait| wait.is_none()).count(), 7);
}

pub(super) async fn a_limit_written_by_a_clock_gone_wrong_holds_for_one_burst(scene: Scene) {
    let (label, rate) = (Label::new("log-in"), Rate::new(2, 10 * SECOND));
    assert_eq!(take(&*scene.store, &label, rate, after(86_400)).await, None);
    assert_eq!(take(&*scene.store, &label, rate, START).await, Some(10 * SECOND));
}
