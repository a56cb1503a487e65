//! What arrives, in which order, and what happens when it does not.

use crate::receiver::{Act, Receiver};
use crate::world::{details, happen, hook, quick, sending, soon, start, status, store, stubborn, within};
use cloakroom::{Kind, MemoryStore};
use std::sync::Arc;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_tried_again_under_the_same_id_until_it_arrives() {
    let store = store();
    let receiver = Receiver::start(|_, before| Act::Status(if before < 2 { 500 } else { 200 }));
    let outbox = sending(&store, &[&receiver], quick()).await;
    happen(&store, Kind::Closed, "ada", "1").await;
    soon("three attempts", || receiver.all().len() == 3).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let all = receiver.all();
    assert_eq!(all.len(), 3, "none after it was taken");
    assert!(
        all.iter()
            .all(|it| it.id() == all[0].id() && it.body == all[0].body)
    );
    let status = status(&outbox, "webhook.a").await;
    assert!(status.dead.letters.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_subjects_events_keep_their_order_and_hold_up_nobody_elses() {
    let store = store();
    // Ada's first one fails for long.
    let receiver = Receiver::start(|request, before| {
        let first = request.body.contains("\"detail\":\"ada-0\"");
        Act::Status(if first && before < 25 { 500 } else { 200 })
    });
    let _outbox = sending(&store, &[&receiver], stubborn()).await;
    for number in 0..10 {
        for subject in ["ada", "bob", "-"] {
            happen(&store, Kind::Closed, subject, &format!("{subject}-{number}")).await;
        }
    }
    soon("all arrive", || receiver.first_seen().len() == 30).await;
    let all = details(&receiver.all());
    let of = |subject: &str| {
        all.iter()
            .filter(|it| it.starts_with(subject))
            .cloned()
            .collect::<Vec<_>>()
    };
    let in_order = |subject: &str| {
        (0..10)
            .map(|number| format!("{subject}-{number}"))
            .collect::<Vec<_>>()
    };
    assert_eq!(of("bob"), in_order("bob"));
    assert_eq!(of("-"), in_order("-"));
    let mut ada = of("ada");
    ada.dedup();
    assert_eq!(ada, in_order("ada"));
    let last_of_bob = all.iter().position(|it| it == "bob-9").unwrap();
    let second_of_ada = all.iter().position(|it| it == "ada-1").unwrap();
    assert!(last_of_bob < second_of_ada, "{all:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_kinds_that_are_wanted_are_sent() {
    let store = store();
    let (some, most) = (Receiver::good(), Receiver::good());
    let some_hook = hook("some", &some.url()).only([Kind::Closed, Kind::Alert]);
    let most_hook = hook("most", &most.url());
    let _outbox = start(&store, vec![Arc::new(some_hook), Arc::new(most_hook)], quick()).await;
    for kind in Kind::ALL {
        happen(&store, *kind, "ada", "x").await;
    }
    soon("all but `updated`", || most.all().len() == Kind::ALL.len() - 1).await;
    soon("the two", || some.all().len() == 2).await;
    assert_eq!(some.whats(), ["session.closed ada", "alert.raised ada"]);
    assert!(!most.whats().contains(&"session.updated ada".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_last_attempt_it_is_a_dead_letter_that_an_operator_can_send_again() {
    let store = store();
    let receiver = Receiver::start(|request, before| {
        let poison = request.body.contains("poison");
        Act::Status(if poison && before < 8 { 422 } else { 200 })
    });
    let outbox = sending(&store, &[&receiver], quick()).await;
    happen(&store, Kind::Closed, "ada", "poison").await;
    happen(&store, Kind::Closed, "ada", "after it").await;
    soon("the next one gets its turn", || {
        details(&receiver.all()).contains(&"after it".to_owned())
    })
    .await;
    let attempts = details(&receiver.all())
        .iter()
        .filter(|it| *it == "poison")
        .count();
    assert_eq!(attempts, 4);
    let dead = status(&outbox, "webhook.a").await.dead;
    assert_eq!((dead.letters.len(), dead.dropped), (1, 0));
    assert!(dead.letters[0].why.contains("422"), "{dead:?}");
    assert_eq!(dead.letters[0].letter.id, receiver.all()[0].id());
    within(Duration::from_secs(5), "the place moves past it", async || {
        status(&outbox, "webhook.a").await.behind == 0
    })
    .await;
    // Still not: it dies again, and stays on the list once.
    assert_eq!(outbox.retry("webhook.a").await.unwrap(), Some(1));
    soon("it is tried again", || receiver.all().len() == 9).await;
    within(Duration::from_secs(5), "off the list", async || {
        status(&outbox, "webhook.a").await.dead.letters.is_empty()
    })
    .await;
    assert_eq!(outbox.retry("webhook.nobody").await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_down_for_long_gets_everything_in_order_when_it_is_back() {
    let store = Arc::new(MemoryStore::with_journal_capacity(100_000));
    let up = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let is_up = up.clone();
    let receiver = Receiver::start(move |_, _| {
        Act::Status(if is_up.load(std::sync::atomic::Ordering::SeqCst) {
            200
        } else {
            503
        })
    });
    let outbox = sending(&store, &[&receiver], stubborn()).await;
    for number in 0..3000 {
        happen(
            &store,
            Kind::Closed,
            &format!("user-{}", number % 7),
            &number.to_string(),
        )
        .await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let attempts = receiver.all().len();
    assert!(
        attempts < 40,
        "one is tried at a time, not all of them: {attempts}"
    );
    let seen = status(&outbox, "webhook.a").await;
    assert_eq!((seen.behind, seen.dead.letters.len()), (3000, 0));
    assert!(seen.failing >= 5 && seen.last_error.is_some());
    up.store(true, std::sync::atomic::Ordering::SeqCst);
    within(Duration::from_mins(1), "all of it", async || {
        receiver.first_seen().len() == 3000
    })
    .await;
    let after = receiver.all().split_off(attempts);
    for user in 0..7_u32 {
        let numbers = details(&after)
            .iter()
            .map(|it| it.parse::<u32>().unwrap())
            .filter(|number| number % 7 == user)
            .collect::<Vec<_>>();
        assert!(numbers.is_sorted(), "{numbers:?}");
    }
    within(Duration::from_secs(5), "nothing is behind", async || {
        status(&outbox, "webhook.a").await.behind == 0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_wants_nothing_any_more_gets_nothing_until_an_operator_says_so() {
    let store = store();
    let receiver = Receiver::start(|_, before| Act::Status(if before == 0 { 410 } else { 200 }));
    let outbox = sending(&store, &[&receiver], quick()).await;
    happen(&store, Kind::Closed, "ada", "1").await;
    within(Duration::from_secs(5), "gone", async || {
        status(&outbox, "webhook.a").await.gone
    })
    .await;
    happen(&store, Kind::Closed, "bob", "2").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(receiver.all().len(), 1);
    assert_eq!(outbox.retry("webhook.a").await.unwrap(), Some(0));
    soon("both arrive", || receiver.all().len() == 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_asks_for_time_is_given_it() {
    let store = store();
    let receiver = Receiver::start(|_, before| match before {
        0 => Act::Raw("HTTP/1.1 429 x\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n".to_owned()),
        _ => Act::Status(200),
    });
    let options = cloakroom_outbox::Options {
        backoff: cloakroom_outbox::Backoff::new(Duration::from_millis(40), Duration::from_mins(1), 4),
    };
    let _outbox = sending(&store, &[&receiver], options).await;
    happen(&store, Kind::Closed, "ada", "1").await;
    soon("the first", || receiver.all().len() == 1).await;
    happen(&store, Kind::Closed, "bob", "2").await;
    soon("both", || receiver.first_seen().len() == 2).await;
    let all = receiver.all();
    assert!(
        all[1].at - all[0].at >= Duration::from_millis(1990),
        "{:?}",
        all[1].at - all[0].at
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_was_trimmed_meanwhile_is_told_as_a_gap() {
    let store = Arc::new(MemoryStore::with_journal_capacity(50));
    let receiver = Receiver::good();
    let first = sending(&store, &[&receiver], quick()).await;
    happen(&store, Kind::Closed, "ada", "before").await;
    soon("it arrives", || receiver.all().len() == 1).await;
    first.stop().await;
    for number in 0..80 {
        happen(&store, Kind::Closed, "ada", &number.to_string()).await;
    }
    let second = sending(&store, &[&receiver], quick()).await;
    soon("what is left arrives", || receiver.all().len() == 51).await;
    assert_eq!(details(&receiver.all())[1], "30");
    let dead = status(&second, "webhook.a").await.dead.letters;
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].letter.r#type, "journal.gap");
    assert_eq!(
        second.retry("webhook.a").await.unwrap(),
        Some(0),
        "it can not be sent, and is off the list"
    );
}
