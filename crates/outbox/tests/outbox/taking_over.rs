//! Several nodes on one store.

use crate::receiver::Receiver;
use crate::world::{details, happen, sending, soon, store, stubborn, within};
use cloakroom::Kind;
use cloakroom_outbox::{LEASE, Outbox};
use std::time::{Duration, Instant};

fn sends(outbox: &Outbox) -> bool {
    outbox.tallies().next().unwrap().1.sends()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_several_sends_and_each_event_leaves_once() {
    let (store, receiver) = (store(), Receiver::good());
    let mut nodes = Vec::new();
    for _ in 0..3 {
        nodes.push(sending(&store, &[&receiver], stubborn()).await);
    }
    for number in 0..200 {
        happen(
            &store,
            Kind::Closed,
            &format!("user-{}", number % 5),
            &number.to_string(),
        )
        .await;
    }
    soon("all arrive", || receiver.all().len() >= 200).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(receiver.all().len(), 200, "none twice");
    assert_eq!(nodes.iter().filter(|node| sends(node)).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_sender_falls_silent_another_takes_over_within_seconds_and_loses_nothing() {
    let (store, receiver) = (store(), Receiver::good());
    let first = sending(&store, &[&receiver], stubborn()).await;
    soon("the first sends", || sends(&first)).await;
    let second = sending(&store, &[&receiver], stubborn()).await;
    for number in 0..300 {
        happen(
            &store,
            Kind::Closed,
            &format!("user-{}", number % 3),
            &number.to_string(),
        )
        .await;
        if number == 150 {
            // Its tasks end wherever they are, as in a crash.
            soon("some arrive", || receiver.all().len() > 20).await;
        }
    }
    drop(first);
    let died = Instant::now();
    within(LEASE + Duration::from_secs(3), "the second sends", async || {
        sends(&second)
    })
    .await;
    assert!(
        died.elapsed() > Duration::from_secs(2),
        "not before the lease is over: {:?}",
        died.elapsed()
    );
    soon("all arrive", || receiver.first_seen().len() == 300).await;
    let first_seen = details(&receiver.first_seen());
    for user in 0..3_u32 {
        let numbers: Vec<u32> = first_seen
            .iter()
            .map(|it| it.parse().unwrap())
            .filter(|number| number % 3 == user)
            .collect();
        assert!(numbers.is_sorted(), "{numbers:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stops_in_good_order_hands_over_at_once_and_nothing_comes_twice() {
    let (store, receiver) = (store(), Receiver::good());
    let first = sending(&store, &[&receiver], stubborn()).await;
    soon("the first sends", || sends(&first)).await;
    let second = sending(&store, &[&receiver], stubborn()).await;
    for number in 0..50 {
        happen(&store, Kind::Closed, "ada", &number.to_string()).await;
    }
    soon("some arrive", || receiver.all().len() > 5).await;
    first.stop().await;
    let stopped = Instant::now();
    soon("all arrive", || receiver.first_seen().len() == 50).await;
    assert!(
        stopped.elapsed() < Duration::from_secs(4),
        "{:?}",
        stopped.elapsed()
    );
    assert_eq!(receiver.all().len(), 50);
    assert!(sends(&second));
}
