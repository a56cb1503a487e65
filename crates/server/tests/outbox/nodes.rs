//! Two servers on one store.

use crate::common::{Cluster, Redis, Server, Setup, Watched, password_of};
use crate::receiver::{Act, Receiver};
use crate::{about, sending_to, within};
use std::time::{Duration, Instant};

fn sends(server: &Server) -> bool {
    server.metric("cloakroom_delivers{channel=\"webhook.ops\"}") == Some(1.0)
}

fn ids(server: &Server, subject: &str) -> Vec<String> {
    let events = server.events(subject);
    events
        .iter()
        .map(|event| event["id"].as_str().unwrap().to_owned())
        .collect()
}

fn when_the_sender_is_killed(setup: &Setup) {
    let receiver = Receiver::start(|_, _| {
        std::thread::sleep(Duration::from_millis(20));
        Act::Status(200)
    });
    let setup = setup.clone().set("webhook.ops.url", &receiver.url());
    let first = setup.start();
    let second = setup.clone().in_folder_of(&first).start();
    within(15, "one sends", || sends(&first) || sends(&second));
    assert!(!(sends(&first) && sends(&second)), "one sends, not both");
    let (mut sender, other) = if sends(&first) {
        (first, second)
    } else {
        (second, first)
    };
    let names: Vec<_> = (0..3).map(|_| sender.user(&[])).collect();
    for round in 0..8 {
        for name in &names {
            let server = if round % 2 == 0 { &sender } else { &other };
            server.logged_in(name);
        }
        if round == 4 {
            within(10, "some came", || receiver.all().len() > 6);
        }
    }
    sender.kill();
    let killed = Instant::now();
    let name = names[0].clone();
    other.logged_in(&name);
    within(9, "the other takes over", || sends(&other));
    assert!(
        killed.elapsed() < Duration::from_secs(9),
        "{:?}",
        killed.elapsed()
    );
    for name in &names {
        let expected = ids(&other, name);
        within(15, "all of one's events", || {
            about(&receiver, name).len() == expected.len()
        });
        assert_eq!(about(&receiver, name), expected, "each, in order");
    }
    let doubles = receiver.all().len() - receiver.first_seen().len();
    assert!(doubles <= 60, "{doubles}");
}

#[test]
fn when_the_sender_is_killed_the_other_takes_over_within_seconds_sqlite() {
    when_the_sender_is_killed(&sending_to("http://127.0.0.1:1/"));
}

#[test]
fn when_the_sender_is_killed_the_other_takes_over_within_seconds_redis() {
    let redis = Redis::start();
    when_the_sender_is_killed(&sending_to("http://127.0.0.1:1/").set("store", &redis.url()));
}

#[test]
fn when_the_sender_is_killed_the_other_takes_over_within_seconds_sentinel() {
    let watched = Watched::start();
    when_the_sender_is_killed(&sending_to("http://127.0.0.1:1/").set("store", &watched.url()));
}

#[test]
fn when_the_sender_is_killed_the_other_takes_over_within_seconds_cluster() {
    let cluster = Cluster::start(0);
    when_the_sender_is_killed(&sending_to("http://127.0.0.1:1/").set("store", &cluster.url()));
}

#[test]
fn when_the_stores_primary_is_replaced_everything_is_sent_all_the_same() {
    let watched = Watched::start();
    let receiver = Receiver::start(|_, _| Act::Status(200));
    let store = format!("{}?replicas=1", watched.url());
    let server = sending_to(&receiver.url()).set("store", &store).start();
    within(15, "it sends", || sends(&server));
    let names: Vec<_> = (0..3).map(|_| server.user(&[])).collect();
    let all_came = |names: &[String]| {
        let mut missing = names
            .iter()
            .filter(|name| about(&receiver, name) != ids(&server, name));
        missing.next().is_none()
    };
    names.iter().for_each(|name| drop(server.logged_in(name)));
    within(10, "what came before", || all_came(&names));

    let before = watched.primary();
    watched.fail_over();
    within(20, "another one is the primary", || watched.primary() != before);
    for name in &names {
        within(10, "it takes log-ins again", || {
            let browser = server.browser();
            browser.try_log_in(name, &password_of(name)).status == 200
        });
    }
    within(20, "what came after", || all_came(&names));
}
