//! Stores by their URL.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use cloakroom::{Client, LogIn, NearOptions, OpenError, Policy};
use std::time::Duration;

#[tokio::test]
async fn a_store_in_memory_opens_and_works() {
    let sessions = cloakroom::open("memory:", Policy::default()).await.unwrap();
    let log_in = LogIn::of("alice".parse().unwrap());
    let active = sessions.log_in(log_in, &Client::default(), None).await.unwrap();
    assert!(sessions.introspect(active.token()).await.unwrap().is_some());
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn a_sqlite_file_is_made_with_its_folder_and_opens_again() {
    let folder = tempfile::tempdir().unwrap();
    for url in ["data/sessions.db", "data/sessions.db", "//data/other.db"] {
        let (slashes, path) = url.strip_prefix("//").map_or(("", url), |path| ("//", path));
        let url = format!("sqlite:{slashes}{}", folder.path().join(path).display());
        let sessions = cloakroom::open(&url, Policy::default()).await.unwrap();
        assert_eq!(sessions.count().await.unwrap(), 0);
    }
    assert!(folder.path().join("data/sessions.db").exists());
}

#[tokio::test]
async fn there_is_a_near_cache_unless_none_is_wanted() {
    let usual = cloakroom::open("memory:", Policy::default()).await.unwrap();
    let lease = NearOptions::default().lease();
    assert_eq!(usual.near_stats().map(|stats| stats.lease), Some(lease));
    let without = cloakroom::open_with("memory:", Policy::default(), None);
    assert_eq!(without.await.unwrap().near_stats(), None);
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn who_wants_a_longer_lease_than_the_others_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("sessions.db").display());
    let with = |lease| {
        let options = NearOptions::new(10, Duration::from_secs(lease)).unwrap();
        cloakroom::open_with(&url, Policy::default(), Some(options))
    };
    let first = with(2).await.unwrap();
    let error = with(3).await.err().unwrap();
    assert!(matches!(error, OpenError::Near(_)), "{error}");
    assert!(error.to_string().starts_with("cache.lease = 3s: "), "{error}");
    let second = with(1).await.unwrap();
    assert!(first.near_stats().is_some() && second.near_stats().is_some());
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn a_file_that_can_not_be_a_store_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = cloakroom::open_store(&format!("sqlite:{}", folder.path().display()))
        .await
        .err();
    assert!(matches!(error, Some(OpenError::Store(_))));
}

#[tokio::test]
async fn urls_of_no_known_kind_are_refused_and_their_passwords_not_repeated() {
    for url in ["", "data.db", "postgress://user:hunter2@db/x", "admin:hunter2@db"] {
        let error = cloakroom::open_store(url).await.err().unwrap();
        assert!(matches!(error, OpenError::Unknown(_)));
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

#[cfg(feature = "redis")]
#[tokio::test]
async fn each_name_of_redis_and_valkey_reaches_the_store() {
    for server in ["redis", "rediss", "valkey", "valkeys"] {
        for kind in ["", "-sentinel", "-cluster"] {
            let database = if kind == "-sentinel" { "/main" } else { "" };
            let url = format!("{server}{kind}://user:hunter2@127.0.0.1:1{database}");
            let error = cloakroom::open_store(&url).await.err().unwrap();
            assert!(matches!(error, OpenError::Store(_)), "{server}{kind}: {error}");
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
    }
}

#[cfg(not(feature = "redis"))]
#[tokio::test]
async fn a_kind_that_was_not_compiled_in_names_its_feature() {
    let error = cloakroom::open_store("redis://user:hunter2@db")
        .await
        .err()
        .unwrap();
    assert!(matches!(error, OpenError::NotBuilt("redis")));
    assert!(error.to_string().contains("feature `redis`"));
}
