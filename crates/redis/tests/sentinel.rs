//! A primary that is replaced: by Sentinels, or behind the address that nodes know.

// A failed expectation is a test's way of speaking; helpers outside `#[test]` speak it, too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use cloakroom_core::{Activity, Bucket, Durability, Policy, Store};
use cloakroom_redis::RedisStore;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;
use support::{
    Node, Server, Watched, ask, client, comes_to_be_durable, deafen, durability, let_hear, now, until,
};
use tokio::net::{TcpListener, TcpStream};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invariants_1_and_2_a_durable_ending_holds_when_the_primary_dies_the_moment_after() {
    let mut watched = Watched::start();
    let url = format!("{}?replicas=1", watched.url());
    let (one, other) = (Node::on(&url).await, Node::on(&url).await);
    let stays = one.log_in("alice").await;
    let goes = one.log_in("bob").await;
    other.holds(stays.token()).await;
    other.holds(goes.token()).await;
    one.ends_for_good("bob").await;
    let dead = watched.primary();
    watched.servers[dead].kill();
    until("another server is the primary", || watched.primary() != dead);
    for node in [&one, &other] {
        node.comes_to("what was ended is refused", goes.token(), false)
            .await;
        node.comes_to("what was not is accepted", stays.token(), true)
            .await;
        node.holds(stays.token()).await;
        assert_eq!(node.accepts(goes.token()).await, Some(false));
    }
    // The old primary comes back, believes to be one, and is put right.
    watched.servers[dead].restart();
    for _ in 0..100 {
        assert_ne!(one.accepts(goes.token()).await, Some(true));
        assert_ne!(other.accepts(goes.token()).await, Some(true));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_is_replaced_while_it_is_well_is_left() {
    let watched = Watched::start();
    let node = Node::on(&watched.url()).await;
    let active = node.log_in("alice").await;
    node.holds(active.token()).await;
    let old = watched.primary();
    watched.fail_over();
    until("another server is the primary", || watched.primary() != old);
    // Nobody tells the node, and its connection is as good as ever.
    let asked = std::time::Instant::now();
    while node
        .sessions
        .log_in(cloakroom_core::LogIn::of("bob".parse().unwrap()), &client(), None)
        .await
        .is_err()
    {
        assert!(
            asked.elapsed() < Duration::from_secs(20),
            "it writes to the old primary still"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    node.holds(active.token()).await;
}

/// With one primary, any bucket is like the others.
const DONE: Bucket = Bucket(7);

/// What is said of something that was done just now.
async fn durable(store: &RedisStore) -> Durability {
    durability(store, DONE).await
}

/// A store whose endings wait for replicas.
async fn awaiting(watched: &Watched) -> RedisStore {
    let url = format!("{}?replicas=1", watched.url());
    RedisStore::connect_with(&url, support::patient()).await.unwrap()
}

#[tokio::test]
async fn without_replicas_to_wait_for_an_ending_is_on_the_primary_only() {
    let server = Server::start();
    let durability = async |query: &str| {
        let store = RedisStore::connect(&format!("{}?{query}", server.url()))
            .await
            .unwrap();
        durable(&store).await
    };
    assert_eq!(durability("prefix=a").await, Durability::PrimaryOnly);
    let asked = std::time::Instant::now();
    assert_eq!(
        durability("replicas=1").await,
        Durability::PrimaryOnly,
        "none is there"
    );
    assert!(asked.elapsed() < Duration::from_secs(2));
    let replica = Server::start();
    ask(
        replica.port(),
        &["REPLICAOF", "127.0.0.1", &server.port().to_string()],
    );
    until("the replica is fed", || {
        ask(replica.port(), &["INFO", "replication"]).contains("master_link_status:up")
    });
    until("the primary counts it", || {
        ask(server.port(), &["INFO", "replication"]).contains("state=online")
    });
    let url = format!("{}?replicas=1", server.url());
    let patient = RedisStore::connect_with(&url, support::patient()).await.unwrap();
    assert_eq!(durable(&patient).await, Durability::Durable);
    assert_eq!(
        durability("replicas=2").await,
        Durability::PrimaryOnly,
        "one is not enough"
    );
    let store = RedisStore::connect(&format!("{}?replicas=2", server.url()))
        .await
        .unwrap();
    let findings = store.examine(now()).await.unwrap();
    let mut found = findings.iter().map(|finding| &finding.what);
    assert!(found.any(|what| what.contains("wait for 2 replicas") && what.contains("1 are connected")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invariant_1_a_primary_that_may_not_write_any_more_is_not_read_from() {
    let old = Server::with_arguments(&["--min-replicas-to-write", "1", "--min-replicas-max-lag", "1"]);
    let new = Server::start();
    ask(new.port(), &["REPLICAOF", "127.0.0.1", &old.port().to_string()]);
    until("the replica is fed", || {
        ask(new.port(), &["INFO", "replication"]).contains("master_link_status:up")
    });
    until("the primary counts it", || {
        ask(old.port(), &["INFO", "replication"]).contains("min_slaves_good_slaves:1")
    });
    let left_behind = Node::on(&old.url()).await;
    let active = left_behind.log_in("alice").await;
    left_behind.holds(active.token()).await;
    until("the replica has it", || {
        ask(new.port(), &["KEYS", "*:s:*"]).contains(":s:")
    });
    // The two part; the one goes on as a primary, the other may not write, and does not know what the first one does.
    ask(new.port(), &["REPLICAOF", "NO", "ONE"]);
    let there = Node::on(&new.url()).await;
    there.sessions.log_out(&active, &client()).await.unwrap();
    there.sessions.settled().await.unwrap();
    let asked = std::time::Instant::now();
    while left_behind.accepts(active.token()).await.is_some() {
        assert!(
            asked.elapsed() < Duration::from_secs(5),
            "what was ended elsewhere is accepted here"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for _ in 0..200 {
        assert_eq!(
            left_behind.accepts(active.token()).await,
            None,
            "neither let in nor logged out"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A process that slept asks before it has looked whether anything has changed: here its one thread does.
#[tokio::test]
async fn invariant_1_who_slept_reads_from_no_primary_that_may_not_write_any_more() {
    let old = Server::with_arguments(&["--min-replicas-to-write", "1", "--min-replicas-max-lag", "1"]);
    let new = Server::start();
    ask(new.port(), &["REPLICAOF", "127.0.0.1", &old.port().to_string()]);
    until("the primary counts the replica", || {
        ask(old.port(), &["INFO", "replication"]).contains("min_slaves_good_slaves:1")
    });
    let sleeper = Node::on(&old.url()).await;
    let active = sleeper.log_in("alice").await;
    sleeper.holds(active.token()).await;
    until("the replica has it", || {
        ask(new.port(), &["KEYS", "*:s:*"]).contains(":s:")
    });
    for asleep in [Duration::from_millis(1500), Duration::from_secs(4)] {
        assert_eq!(sleeper.accepts(active.token()).await, Some(true));
        ask(new.port(), &["REPLICAOF", "NO", "ONE"]);
        until("the primary has noticed", || {
            ask(old.port(), &["SET", "x", "y"]).contains("NOREPLICAS")
        });
        std::thread::sleep(asleep);
        let (sessions, client) = (&sleeper.sessions, client());
        let answer = sessions.resolve_strictly(active.token(), &client, Activity::Background);
        assert!(
            answer.await.is_err(),
            "after {asleep:?}: neither let in nor logged out"
        );
        assert_eq!(sleeper.accepts(active.token()).await, None);
        ask(new.port(), &["REPLICAOF", "127.0.0.1", &old.port().to_string()]);
        until("the primary counts the replica again", || {
            ask(old.port(), &["INFO", "replication"]).contains("min_slaves_good_slaves:1")
        });
        sleeper
            .comes_to("it is accepted again", active.token(), true)
            .await;
        sleeper.holds(active.token()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_whose_disk_fails_is_read_from_as_long_as_it_is_one() {
    let server = Server::with_arguments(&["--enable-protected-configs", "yes", "--save", "3600 1"]);
    let replica = Server::start();
    ask(
        replica.port(),
        &["REPLICAOF", "127.0.0.1", &server.port().to_string()],
    );
    until("the primary counts the replica", || {
        ask(server.port(), &["INFO", "replication"]).contains("state=online")
    });
    let node = Node::on(&server.url()).await;
    let active = node.log_in("alice").await;
    node.holds(active.token()).await;
    // A place where no snapshot can be written.
    ask(server.port(), &["CONFIG", "SET", "dir", "/proc"]);
    ask(server.port(), &["BGSAVE"]);
    until("it refuses to write", || {
        ask(server.port(), &["SET", "x", "y"]).contains("MISCONF")
    });
    let asked = std::time::Instant::now();
    while asked.elapsed() < Duration::from_secs(5) {
        let client = client();
        let read = node
            .sessions
            .resolve_strictly(active.token(), &client, Activity::Background);
        assert!(read.await.unwrap().is_some(), "after {:?}", asked.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invariant_2_an_ending_is_durable_only_if_whoever_may_take_over_has_it() {
    let mut watched = Watched::start();
    let store = awaiting(&watched).await;
    assert_eq!(durable(&store).await, Durability::Durable, "both have it");
    // A fail-over that is ordered begins like this: one of two replicas has left, and the other one follows still.
    let primary = watched.primary();
    let leaves = (primary + 1) % 3;
    ask(watched.servers[leaves].port(), &["REPLICAOF", "NO", "ONE"]);
    assert_eq!(
        durable(&store).await,
        Durability::PrimaryOnly,
        "one that may take over has not"
    );
    watched.servers[leaves].kill();
    comes_to_be_durable(&store, DONE, "it is waited for one that is down").await;
}

/// The Sentinels would promote it all the same, if it had heard the primary a while ago.
#[tokio::test]
async fn invariant_2_an_ending_waits_for_a_replica_that_does_not_hear_the_primary_at_the_moment() {
    let watched = Watched::start();
    let store = awaiting(&watched).await;
    assert_eq!(durable(&store).await, Durability::Durable, "both have it");
    let deaf = watched.servers[(watched.primary() + 1) % 3].port();
    deafen(deaf);
    // Sentinels ask every ten seconds whether a replica hears its primary.
    let asked = std::time::Instant::now();
    while asked.elapsed() < Duration::from_secs(13) {
        assert_eq!(durable(&store).await, Durability::PrimaryOnly);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let_hear(deaf);
    comes_to_be_durable(&store, DONE, "it hears the primary again").await;
}

/// So it is where the primary and one replica are cut off from the Sentinels, shortly before those promote the other one.
#[tokio::test]
async fn invariant_2_a_replica_that_is_called_down_does_not_pass_for_one_that_is_up() {
    let watched = Watched::start();
    let url = format!("{}?replicas=1", watched.url());
    let store = RedisStore::connect(&url).await.unwrap();
    let primary = watched.primary();
    let (deaf, silent) = ((primary + 1) % 3, (primary + 2) % 3);
    let (deaf, silent) = (watched.servers[deaf].port(), watched.servers[silent].port());
    deafen(deaf);
    // Sentinels get no answer from it, and it goes on following.
    ask(silent, &["ACL", "SETUSER", "default", "-ping"]);
    let called_down = || watched.flags(silent).contains("s_down");
    let (mut seen, asked) = (0, std::time::Instant::now());
    while seen < 20 {
        assert_eq!(durable(&store).await, Durability::PrimaryOnly);
        seen += usize::from(called_down());
        assert!(asked.elapsed() < Duration::from_mins(1), "it is not called down");
    }
    ask(silent, &["ACL", "SETUSER", "default", "+ping"]);
    let_hear(deaf);
    comes_to_be_durable(&store, DONE, "both have it").await;
}

#[tokio::test]
async fn invariant_2_what_was_done_before_the_connection_broke_is_not_called_durable_after_it() {
    let watched = Watched::start();
    let store = awaiting(&watched).await;
    let before = store.term(DONE);
    ask(
        watched.servers[watched.primary()].port(),
        &["CLIENT", "KILL", "TYPE", "normal"],
    );
    let asked = std::time::Instant::now();
    while store.term(DONE) == before || store.count().await.is_err() {
        assert!(asked.elapsed() < Duration::from_secs(20), "it does not come back");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // It may have come back to another primary, which has never heard of it.
    let said = store.durability(DONE, before).await.unwrap();
    assert_eq!(said, Durability::PrimaryOnly);
    assert_eq!(durable(&store).await, Durability::Durable, "the present one");
}

/// An address behind which the server can be exchanged.
struct Switch {
    port: u16,
    target: Arc<AtomicU16>,
}

impl Switch {
    async fn to(server: &Server) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let target = Arc::new(AtomicU16::new(server.port()));
        let at = Arc::clone(&target);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let port = at.load(Ordering::Relaxed);
                tokio::spawn(async move {
                    if let Ok(mut far) = TcpStream::connect(("127.0.0.1", port)).await {
                        let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                    }
                });
            }
        });
        Self { port, target }
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invariant_2_what_a_node_saw_revoked_is_said_again_to_a_primary_that_had_not_heard_of_it() {
    let (mut old, new) = (Server::start(), Server::start());
    ask(new.port(), &["REPLICAOF", "127.0.0.1", &old.port().to_string()]);
    until("the replica is fed", || {
        ask(new.port(), &["INFO", "replication"]).contains("master_link_status:up")
    });
    let switch = Switch::to(&old).await;
    let (ends, hears) = (Node::on(&switch.url()).await, Node::on(&switch.url()).await);
    let stays = ends.log_in("alice").await;
    let (gone, rotated) = (ends.log_in("bob").await, ends.log_in("carol").await);
    hears.holds(gone.token()).await;
    until("the replica has everything", || {
        let offset = |server: &Server, name: &str| {
            let info = ask(server.port(), &["INFO", "replication"]);
            let line = info
                .lines()
                .find(|line| line.starts_with(name))
                .map(ToOwned::to_owned);
            line.and_then(|line| line.split_once(':').map(|(_, offset)| offset.trim().to_owned()))
        };
        offset(&old, "master_repl_offset") == offset(&new, "slave_repl_offset")
    });
    // From here on the replica hears nothing.
    ask(new.port(), &["REPLICAOF", "NO", "ONE"]);
    ends.sessions.log_out(&gone, &client()).await.unwrap();
    let rotated_to = ends.sessions.rotate(&rotated, &client()).await.unwrap();
    hears
        .comes_to("the other node hears of it", gone.token(), false)
        .await;
    // The new one is used already, by a node that renews tokens every second, and so it does with one that was ended.
    let policy = Policy::builder()
        .renew_after(Some(Duration::from_secs(1)))
        .build()
        .unwrap();
    let elsewhere = Node::under(&new.url(), policy).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let resolved = elsewhere
        .sessions
        .resolve(gone.token(), &client(), Activity::User)
        .await;
    let renewed = resolved
        .unwrap()
        .expect("the new primary has not heard of its end");
    assert_ne!(renewed.token().key(), gone.token().key(), "it was not renewed");
    // The node that ended them is gone too: the one that only heard of it has to say it.
    drop(ends);
    old.kill();
    switch.target.store(new.port(), Ordering::Relaxed);
    hears
        .comes_to("what nobody ended is accepted", stays.token(), true)
        .await;
    hears
        .comes_to("what was ended is refused once more", gone.token(), false)
        .await;
    hears
        .comes_to("so is a token that was exchanged", rotated.token(), false)
        .await;
    assert_eq!(
        hears.accepts(rotated_to.token()).await,
        Some(false),
        "the new primary never knew this one"
    );
    elsewhere
        .comes_to("so is the token that it was renewed to", renewed.token(), false)
        .await;
    // It is so in the store, not only here.
    let late = Node::on(&switch.url()).await;
    for token in [gone.token(), rotated.token()] {
        assert!(
            late.sessions
                .resolve(token, &client(), Activity::Background)
                .await
                .unwrap()
                .is_none()
        );
    }
}
