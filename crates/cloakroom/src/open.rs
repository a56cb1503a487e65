//! A store by its URL.

use crate::{OsRandom, SystemClock};
use cloakroom_core::{MemoryStore, NearError, NearOptions, Policy, Sessions, Store};
use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How often lapsed sessions are looked for: well within the minute in which they have to end in the journal.
const SWEEP_EVERY: Duration = Duration::from_secs(15);

/// A store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is of no kind that is known here.
    #[error(
        "the store URL {0:?} is none of memory:, sqlite:PATH, redis://HOST, redis-sentinel://HOST,HOST/NAME and redis-cluster://HOST,HOST (with rediss instead of redis for TLS)"
    )]
    Unknown(String),
    /// Support for this kind was not compiled in.
    #[error("the store URL wants the feature `{0}` of the crate `cloakroom`; add it in Cargo.toml")]
    NotBuilt(&'static str),
    /// The store itself said no.
    #[error(transparent)]
    Store(Box<dyn std::error::Error + Send + Sync>),
    /// The near cache could not be put in front of it.
    #[error(transparent)]
    Near(#[from] NearError),
}

/// Opens sessions on a store, with the system's clock and random source, behind a near cache of the default size and
/// lease. What keeps cache and store in order runs on the present tokio runtime, and stops when the last clone of the
/// sessions is gone.
pub async fn open(url: &str, policy: Policy) -> Result<Sessions, OpenError> {
    open_with(url, policy, Some(NearOptions::default())).await
}

/// As [`open`], with another near cache, or with none: then every check asks the store.
pub async fn open_with(url: &str, policy: Policy, near: Option<NearOptions>) -> Result<Sessions, OpenError> {
    let mut sessions = Sessions::new(open_store(url).await?, policy, SystemClock, OsRandom);
    if let Some(options) = near {
        let (nearer, following) = sessions.near(options).await?;
        tokio::spawn(following);
        sessions = nearer;
    }
    tokio::spawn(sessions.keep_swept(SWEEP_EVERY));
    Ok(sessions)
}

/// Opens a store by its URL: `memory:`, `sqlite:PATH`, `redis://…`, `redis-sentinel://…`, `redis-cluster://…`,
/// each of these with `rediss` for TLS, and `valkey` and `valkeys` for the same.
pub async fn open_store(url: &str) -> Result<Arc<dyn Store>, OpenError> {
    // A password may stand in the URL, so errors name no more than its scheme.
    match url.split_once(':') {
        Some(("memory", _)) => Ok(Arc::new(MemoryStore::new())),
        Some(("sqlite", path)) => sqlite(path.strip_prefix("//").unwrap_or(path)).await,
        Some((scheme, _)) if is_redis(scheme) => redis(url).await,
        Some((scheme, _)) => Err(OpenError::Unknown(format!("{scheme}:…"))),
        None => Err(OpenError::Unknown("…".to_owned())),
    }
}

/// Opens a store beside the one of a URL, on the same server or in the same folder, that knows nothing of it: for sessions
/// of another kind, such as those of operators. `name` tells it from others there.
///
/// In Redis it goes by the prefix of the keys, `cr:NAME` or what the URL says with `:NAME` behind it; SQLite has a file
/// of its own, `sessions-NAME.db` beside `sessions.db`.
pub async fn open_store_beside(url: &str, name: &str) -> Result<Arc<dyn Store>, OpenError> {
    open_store(&beside(url, name)).await
}

fn beside(url: &str, name: &str) -> String {
    match url.split_once(':') {
        Some(("sqlite", path)) => {
            let path = Path::new(path);
            let part = |part: Option<&OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
            let ending = path
                .extension()
                .map_or_else(String::new, |ending| format!(".{}", part(Some(ending))));
            let file = format!("{}-{name}{ending}", part(path.file_stem()));
            format!("sqlite:{}", path.with_file_name(file).display())
        }
        Some((scheme, _)) if is_redis(scheme) => {
            let (place, query) = url.split_once('?').unwrap_or((url, ""));
            let (prefix, mut rest): (Vec<_>, Vec<_>) = query
                .split('&')
                .filter(|pair| !pair.is_empty())
                .partition(|pair| pair.starts_with("prefix="));
            let prefix = format!("{}:{name}", prefix.first().unwrap_or(&"prefix=cr"));
            rest.push(&prefix);
            format!("{place}?{}", rest.join("&"))
        }
        _ => url.to_owned(),
    }
}

/// Whether a scheme is one of Redis and Valkey: with `s` for TLS, with `-sentinel` or `-cluster`. Which of them there are,
/// the store knows.
fn is_redis(scheme: &str) -> bool {
    let server = scheme.split('-').next();
    server.is_some_and(|server| matches!(server, "redis" | "rediss" | "valkey" | "valkeys"))
}

#[cfg(feature = "sqlite")]
async fn sqlite(path: &str) -> Result<Arc<dyn Store>, OpenError> {
    // Opening may have to migrate the file, which takes the disk's time.
    let path = path.to_owned();
    let opened = tokio::task::spawn_blocking(move || cloakroom_sqlite::SqliteStore::open(path)).await;
    let store = opened.map_err(|error| OpenError::Store(error.into()))?;
    Ok(Arc::new(store.map_err(|error| OpenError::Store(error.into()))?))
}

#[cfg(not(feature = "sqlite"))]
#[expect(clippy::unused_async, reason = "the other one waits")]
async fn sqlite(_: &str) -> Result<Arc<dyn Store>, OpenError> {
    Err(OpenError::NotBuilt("sqlite"))
}

#[cfg(feature = "redis")]
async fn redis(url: &str) -> Result<Arc<dyn Store>, OpenError> {
    let store = cloakroom_redis::RedisStore::connect(url).await;
    Ok(Arc::new(store.map_err(|error| OpenError::Store(error.into()))?))
}

#[cfg(not(feature = "redis"))]
#[expect(clippy::unused_async, reason = "the other one waits")]
async fn redis(_: &str) -> Result<Arc<dyn Store>, OpenError> {
    Err(OpenError::NotBuilt("redis"))
}

#[cfg(test)]
mod tests {
    use super::beside;

    #[test]
    fn a_store_beside_another_has_a_name_of_its_own_and_the_rest_in_common() {
        for (url, expected) in [
            ("memory:", "memory:"),
            ("sqlite:data/cloakroom.db", "sqlite:data/cloakroom-console.db"),
            (
                "sqlite:/var/lib/x.y/sessions",
                "sqlite:/var/lib/x.y/sessions-console",
            ),
            ("sqlite://data/a.db", "sqlite://data/a-console.db"),
            ("redis://h:1/2", "redis://h:1/2?prefix=cr:console"),
            (
                "rediss://u:p%3F@h/0?prefix=shop&ca=/ca.pem",
                "rediss://u:p%3F@h/0?ca=/ca.pem&prefix=shop:console",
            ),
            (
                "redis-sentinel://a,b/NAME?replicas=1",
                "redis-sentinel://a,b/NAME?replicas=1&prefix=cr:console",
            ),
            ("valkey-cluster://a,b", "valkey-cluster://a,b?prefix=cr:console"),
        ] {
            assert_eq!(beside(url, "console"), expected);
        }
    }
}
