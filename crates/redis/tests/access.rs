//! Who may do what, and through which door: users, passwords, TLS.

// A failed expectation is a test's way of speaking; helpers outside `#[test]` speak it, too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../outbox/tests/support/certificates.rs"]
mod certificates;
mod support;

use cloakroom_core::{CloseReason, Durability, Position, Slot, Store, StoreError};
use cloakroom_redis::{ConnectError, RedisStore};
use cloakroom_testkit::{START, Sample, after, cause};
use std::time::Duration;
use support::{Cluster, GROUP, Sentinel, Server, Settings, free_port, raw};

/// The rule on the crate's front page.
const RULE: &str = "~cr:* resetchannels -@all +get +getrange +set +setrange +del +exists +pexpire +pttl +hget +hset \
    +hdel +hexists +hgetall +hincrby +rpush +lpop +zadd +zrem +zrangebyscore +xadd +xread +xrange +xinfo +hmget +eval \
    +evalsha +script|load +info +time";

/// What a cluster needs as well, and who waits for replicas.
const IN_A_CLUSTER: &str = "+cluster|slots +cluster|nodes +asking +client|tracking";
const FOR_REPLICAS: &str = "+wait";
/// What a Sentinel's user needs.
const OF_SENTINELS: &str = "+sentinel|master +sentinel|get-master-addr-by-name +sentinel|replicas";

async fn add_user(server: &Server, name: &str, rule: &str) {
    let mut raw = raw(server).await;
    let mut add = redis::cmd("ACL");
    add.arg("SETUSER").arg(name).arg("on").arg(">hunter2");
    for word in rule.split_whitespace() {
        add.arg(word);
    }
    add.exec_async(&mut raw).await.unwrap();
}

fn url(server: &Server, user: &str, password: &str) -> String {
    format!("redis://{user}:{password}@127.0.0.1:{}/", server.port())
}

#[tokio::test]
async fn the_documented_rights_are_enough() {
    let page = include_str!("../src/lib.rs").replace("//!", "");
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words(&page).contains(&words(RULE)),
        "the rule on the front page is another one"
    );
    let server = Server::start();
    add_user(&server, "app", RULE).await;
    let store = RedisStore::connect_with(&url(&server, "app", "hunter2"), support::patient())
        .await
        .unwrap();
    let sample = Sample::new(1);
    let alice = "alice".parse().unwrap();
    let session = sample.session(&alice, START);
    let _ = store.open(&session.opening()).await.unwrap();
    assert!(store.load(&session.key).await.unwrap().is_some());
    assert!(store.find(&session.id()).await.unwrap().is_some());
    assert_eq!(store.list(&alice).await.unwrap().len(), 1);
    assert_eq!(store.scan(None, 10).await.unwrap().found.len(), 1);
    assert_eq!(store.touch(&[session.touch(after(60))]).await.unwrap(), [true]);
    let _ = store.swap(&session.swap(b"x")).await.unwrap();
    let _ = store.sweep(after(3600), 10).await.unwrap();
    let end = store.confirm().await.unwrap();
    assert!(end.reached(&store.journal_end().await.unwrap()));
    let second = Duration::from_secs(1);
    assert_eq!(store.lease(second, START).await.unwrap(), second);
    let _ = store
        .close_subject(&alice, None, CloseReason::Revoked, &cause(after(3601)))
        .await
        .unwrap();
    assert!(store.epoch(&alice).await.unwrap().0 > 0);
    let page = store
        .journal(&Position::start(), 10, Duration::from_millis(10))
        .await
        .unwrap();
    assert_eq!(page.entries.len(), 3);
    assert!(
        store.examine(support::now()).await.is_ok(),
        "also without the right to read the configuration"
    );
    assert_eq!(store.count().await.unwrap(), 0);
    let foreign = format!("{}?prefix=other", url(&server, "app", "hunter2"));
    let foreign = RedisStore::connect_with(&foreign, support::patient())
        .await
        .unwrap();
    assert!(
        matches!(foreign.load(&session.key).await, Err(StoreError::Refused(_))),
        "keys of others are closed"
    );
}

#[tokio::test]
async fn the_documented_rights_are_enough_in_a_cluster() {
    let page = include_str!("../src/lib.rs").replace("//!", "");
    assert!(page.contains(&format!("`{IN_A_CLUSTER}`")) && page.contains(&format!("`{FOR_REPLICAS}`")));
    let cluster = Cluster::start(0);
    for server in &cluster.servers {
        add_user(server, "app", &format!("{RULE} {IN_A_CLUSTER} {FOR_REPLICAS}")).await;
    }
    let hosts = cluster
        .url()
        .replace("redis-cluster://", "redis-cluster://app:hunter2@");
    let store = RedisStore::connect(&format!("{hosts}?replicas=1")).await.unwrap();
    let sample = Sample::new(1);
    let (mut keys, mut owners) = (Vec::new(), Vec::new());
    for number in 0..20 {
        let subject: cloakroom_core::Subject = format!("user {number}").parse().unwrap();
        let session = sample.session(&subject, START);
        let _ = store.open(&session.opening()).await.unwrap();
        keys.push(session.key);
        owners.push(subject);
    }
    assert!(store.load(&keys[0]).await.unwrap().is_some());
    assert_eq!(store.count().await.unwrap(), 20);
    assert_eq!(store.scan(None, 100).await.unwrap().found.len(), 20);
    let end = store.confirm().await.unwrap();
    assert!(end.reached(&store.journal_end().await.unwrap()));
    let waiting = store.journal(&end, 10, Duration::from_secs(10));
    let ending = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        store
            .close(&keys[0], CloseReason::Revoked, &cause(after(1)))
            .await
            .unwrap()
    };
    let (page, ended) = tokio::join!(waiting, ending);
    assert_eq!((page.unwrap().entries.len(), ended.is_some()), (1, true));
    let all = store
        .close_subject(&owners[1], None, CloseReason::Revoked, &cause(after(1)))
        .await;
    assert_eq!(all.unwrap().ended.len(), 1);
    assert_eq!(
        store
            .durability(keys[0].bucket(), store.term(keys[0].bucket()))
            .await
            .unwrap(),
        Durability::PrimaryOnly,
        "there is no replica"
    );
    assert_eq!(
        store.lease(Duration::from_secs(1), START).await.unwrap(),
        Duration::from_secs(1)
    );
    assert!(store.sweep(after(100_000), 100).await.unwrap().ended > 0);
    assert!(store.examine(support::now()).await.is_ok());
    let stranger = cluster
        .url()
        .replace("redis-cluster://", "redis-cluster://app:wrong@");
    let refused = RedisStore::connect(&stranger).await.unwrap_err();
    assert!(matches!(refused, ConnectError::Refused { .. }), "{refused:?}");
}

#[tokio::test]
async fn who_lacks_a_right_or_has_a_wrong_password_is_refused_and_the_password_is_not_shown() {
    let server = Server::start();
    add_user(&server, "reader", "~cr:* -@all +get +info").await;
    for (user, password) in [("reader", "wr0ng"), ("nobody", "hunter2")] {
        let error = RedisStore::connect_with(&url(&server, user, password), support::patient())
            .await
            .unwrap_err();
        assert!(matches!(error, ConnectError::Refused { .. }), "{error:?}");
        let said = format!("{error} {error:?}");
        assert!(!said.contains(password), "{said}");
    }
    let store = RedisStore::connect_with(&url(&server, "reader", "hunter2"), support::patient())
        .await
        .unwrap();
    assert!(!format!("{store:?} {}", store.describe()).contains("hunter2"));
    let sample = Sample::new(1);
    let session = sample.session(&"alice".parse().unwrap(), START);
    let Err(StoreError::Refused(source)) = store.open(&session.opening()).await else {
        panic!("a right that is missing was not missed")
    };
    assert!(source.to_string().contains("may not do this"), "{source}");
}

#[tokio::test]
async fn tls_trusts_the_given_authority_and_no_other() {
    let files = tempfile::tempdir().unwrap();
    certificates::make(files.path());
    let server = Server::with(Settings {
        arguments: Vec::new(),
        tls: Some(files.path().to_owned()),
    });
    let url = format!("rediss://127.0.0.1:{}/1", server.port());
    let trusting = format!("{url}?ca={}", files.path().join("ca.crt").display());
    let store = RedisStore::connect_with(&trusting, support::patient())
        .await
        .unwrap();
    let session = Sample::new(1).session(&"alice".parse().unwrap(), START);
    let _ = store.open(&session.opening()).await.unwrap();
    assert!(matches!(
        store.load(&session.key).await.unwrap(),
        Some(Slot::Live(_))
    ));
    let page = store
        .journal(&Position::start(), 10, Duration::from_millis(10))
        .await
        .unwrap();
    assert_eq!(page.entries.len(), 1);
    let error = RedisStore::connect(&url).await.unwrap_err();
    assert!(!matches!(error, ConnectError::TooOld { .. }), "{error:?}");
    let plain = format!("redis://127.0.0.1:{}/1", server.port());
    assert!(
        RedisStore::connect(&plain).await.is_err(),
        "TLS is not optional on that port"
    );
}

#[tokio::test]
async fn databases_and_prefixes_know_nothing_of_each_other() {
    let server = Server::start();
    let session = Sample::new(1).session(&"alice".parse().unwrap(), START);
    let mut stores = Vec::new();
    for rest in ["0", "1", "0?prefix=a", "0?prefix=b"] {
        let store = RedisStore::connect_with(&format!("{}{rest}", server.url()), support::patient())
            .await
            .unwrap();
        assert_eq!(store.count().await.unwrap(), 0, "{rest}");
        let _ = store.open(&session.opening()).await.unwrap();
        stores.push(store);
    }
    for store in stores {
        assert_eq!(
            (
                store.count().await.unwrap(),
                store.scan(None, 10).await.unwrap().found.len()
            ),
            (1, 1)
        );
    }
}

#[tokio::test]
async fn what_an_operator_should_know_is_found() {
    let arguments = [
        "--maxmemory",
        "100mb",
        "--maxmemory-policy",
        "allkeys-lru",
        "--appendonly",
        "no",
    ];
    let careless = Server::with_arguments(&arguments);
    let findings = support::store(&careless)
        .await
        .examine(support::now())
        .await
        .unwrap();
    let grave: Vec<_> = findings
        .iter()
        .filter(|it| it.grave)
        .map(|it| it.what.as_str())
        .collect();
    assert!(grave.iter().any(|what| what.contains("allkeys-lru")), "{grave:?}");
    assert!(
        findings.iter().any(|it| it.what.contains("nothing on disk")),
        "{findings:?}"
    );
    let careful = support::store(&Server::start()).await;
    assert!(careful.describe().starts_with("Redis 7.") || careful.describe().starts_with("Valkey"));
}

#[tokio::test]
async fn all_servers_of_a_cluster_are_reached_by_tls() {
    let files = tempfile::tempdir().unwrap();
    certificates::make(files.path());
    let file = |name: &str| files.path().join(name).display().to_string();
    let ports = std::cell::RefCell::new(Vec::new());
    let cluster = Cluster::with(0, || {
        let port = free_port();
        ports.borrow_mut().push(port);
        let arguments = [
            ("--tls-port", port.to_string()),
            ("--tls-cert-file", file("server.crt")),
            ("--tls-key-file", file("server.key")),
            ("--tls-ca-cert-file", file("ca.crt")),
            ("--tls-auth-clients", "no".to_owned()),
            ("--tls-cluster", "yes".to_owned()),
        ];
        arguments
            .into_iter()
            .flat_map(|(name, value)| [name.to_owned(), value])
            .collect()
    });
    let one = ports.borrow()[0];
    let url = format!("rediss-cluster://127.0.0.1:{one}?ca={}", file("ca.crt"));
    let store = RedisStore::connect_with(&url, support::patient()).await.unwrap();
    let sample = Sample::new(1);
    for number in 0..12 {
        let session = sample.session(&format!("user {number}").parse().unwrap(), START);
        let _ = store.open(&session.opening()).await.unwrap();
        assert!(store.load(&session.key).await.unwrap().is_some());
    }
    let page = store
        .journal(&Position::start(), 100, Duration::ZERO)
        .await
        .unwrap();
    assert_eq!(page.entries.len(), 12);
    let plain = |server| cluster.ask(server, &["CLIENT", "LIST"]);
    let ours = (0..3).all(|server| plain(server).lines().count() > 1);
    assert!(ours, "every server has a connection of ours");
    let error = RedisStore::connect(&format!("rediss-cluster://127.0.0.1:{one}")).await;
    assert!(error.is_err(), "an authority that nobody named is not trusted");
}

#[tokio::test]
async fn sentinels_and_the_primary_they_name_are_reached_by_tls_and_with_a_user_each() {
    let page = include_str!("../src/lib.rs");
    assert!(page.contains(&format!("`{OF_SENTINELS}`")));
    let files = tempfile::tempdir().unwrap();
    certificates::make(files.path());
    let file = |name: &str| files.path().join(name).display().to_string();
    let server = Server::with(Settings {
        arguments: format!("--user app on >hunter2 {RULE}")
            .split_whitespace()
            .map(str::to_owned)
            .collect(),
        tls: Some(files.path().to_owned()),
    });
    let door = free_port();
    let more = format!(
        "tls-port {door}\ntls-cert-file {}\ntls-key-file {}\ntls-ca-cert-file {}\ntls-auth-clients no\n\
         tls-replication yes\nuser asker on >hunter3 {OF_SENTINELS}\n",
        file("server.crt"),
        file("server.key"),
        file("ca.crt")
    );
    let _sentinel = Sentinel::start(server.port(), 1, &more);
    let url = |user: &str, ca: &str| {
        format!(
            "rediss-sentinel://app:hunter2@127.0.0.1:{door}/{GROUP}?sentinel_user={user}&sentinel_password=hunter3{ca}"
        )
    };
    let trusted = format!("&ca={}", file("ca.crt"));
    let store = RedisStore::connect_with(&url("asker", &trusted), support::patient())
        .await
        .unwrap();
    let session = Sample::new(1).session(&"alice".parse().unwrap(), START);
    let _ = store.open(&session.opening()).await.unwrap();
    assert!(store.load(&session.key).await.unwrap().is_some());
    for wrong in [url("stranger", &trusted), url("asker", "")] {
        let refused = RedisStore::connect(&wrong).await;
        assert!(refused.is_err(), "{wrong}");
    }
}
