//! Where the sessions are kept, as a URL that may hold a password.

use std::fmt;
use std::str::FromStr;

use super::secret::is_secret_name;

/// The kinds of store, as their URLs name them.
const SCHEMES: [(&str, StoreKind); 17] = [
    ("memory", StoreKind::Memory),
    ("sqlite", StoreKind::Sqlite),
    ("redis", StoreKind::Redis),
    ("rediss", StoreKind::Redis),
    ("valkey", StoreKind::Redis),
    ("valkeys", StoreKind::Redis),
    ("redis-sentinel", StoreKind::RedisSentinel),
    ("rediss-sentinel", StoreKind::RedisSentinel),
    ("valkey-sentinel", StoreKind::RedisSentinel),
    ("valkeys-sentinel", StoreKind::RedisSentinel),
    ("redis-cluster", StoreKind::RedisCluster),
    ("rediss-cluster", StoreKind::RedisCluster),
    ("valkey-cluster", StoreKind::RedisCluster),
    ("valkeys-cluster", StoreKind::RedisCluster),
    ("postgres", StoreKind::Postgres),
    ("postgresql", StoreKind::Postgres),
    ("mysql", StoreKind::Mysql),
];

/// Which store a [`StoreUrl`] names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// `memory:`: nothing outlives the process.
    Memory,
    /// `sqlite:PATH`: one file, any number of processes on it.
    Sqlite,
    /// `redis://` or, over TLS, `rediss://`; `valkey` and `valkeys` mean the same, here and below.
    Redis,
    /// `redis-sentinel://h1:p,h2:p/MASTER`; `rediss-sentinel://` over TLS.
    RedisSentinel,
    /// `redis-cluster://h1:p,h2:p`; `rediss-cluster://` over TLS.
    RedisCluster,
    /// `postgres://`.
    Postgres,
    /// `mysql://`, for `MariaDB` too.
    Mysql,
}

/// A store URL. `Debug` and `Display` replace its passwords by `***`; only [`expose`](Self::expose) gives them out.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreUrl {
    kind: StoreKind,
    text: String,
}

/// Why a text is no store URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadStoreUrl {
    /// A scheme that no store has.
    #[error(
        "must be memory:, sqlite:PATH, redis://, rediss://, redis-sentinel://, redis-cluster://, postgres:// or mysql://"
    )]
    Scheme,
    /// `sqlite:` without a file.
    #[error("must name a file, as in sqlite:data/cloakroom.db")]
    NoPath,
    /// A network store without a host.
    #[error("must name a host, as in redis://127.0.0.1:6379")]
    NoHost,
    /// Something after `memory:`.
    #[error("must be memory: with nothing after it")]
    NotEmpty,
}

impl StoreUrl {
    /// The `sqlite:` URL of the file at `path`.
    #[must_use]
    pub fn sqlite(path: &std::path::Path) -> Self {
        Self {
            kind: StoreKind::Sqlite,
            text: format!("sqlite:{}", path.display()),
        }
    }

    /// Which store this is.
    #[must_use]
    pub fn kind(&self) -> StoreKind {
        self.kind
    }

    /// The URL with its passwords, for opening the store and for nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The file of a `sqlite:` URL.
    #[must_use]
    pub fn sqlite_path(&self) -> Option<&str> {
        self.text
            .strip_prefix("sqlite:")
            .filter(|_| self.kind == StoreKind::Sqlite)
    }

    /// Whether the URL holds a password.
    #[must_use]
    pub fn has_password(&self) -> bool {
        redacted(&self.text) != self.text
    }
}

impl FromStr for StoreUrl {
    type Err = BadStoreUrl;

    fn from_str(text: &str) -> Result<Self, BadStoreUrl> {
        let (scheme, rest) = text.split_once(':').ok_or(BadStoreUrl::Scheme)?;
        let known = SCHEMES.iter().find(|(name, _)| *name == scheme);
        let (_, kind) = *known.ok_or(BadStoreUrl::Scheme)?;
        match kind {
            StoreKind::Memory if !rest.is_empty() => return Err(BadStoreUrl::NotEmpty),
            StoreKind::Sqlite if rest.is_empty() => return Err(BadStoreUrl::NoPath),
            StoreKind::Memory | StoreKind::Sqlite => {}
            _ => {
                let authority = rest.strip_prefix("//").ok_or(BadStoreUrl::Scheme)?;
                let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
                if host.is_empty() || host.starts_with(['/', '?', ':']) {
                    return Err(BadStoreUrl::NoHost);
                }
            }
        }
        Ok(Self {
            kind,
            text: text.to_owned(),
        })
    }
}

/// `text` with the password of a URL, and query values whose names speak of secrets, replaced by `***`.
pub(super) fn redacted(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        let harmless = text.starts_with("sqlite:") || !text.contains('@');
        return if harmless {
            text.to_owned()
        } else {
            "***".to_owned()
        };
    };
    if rest.rsplit_once('@').is_some_and(|(user, _)| user.contains('?')) {
        // Which side of such an `@` the password is on cannot be told.
        return format!("{scheme}://***");
    }
    // The last `@` ends the password, even one that was not percent-encoded: rather too much hidden than too little.
    let (user, rest) = match rest.rsplit_once('@') {
        Some((user, rest)) => (Some(user), rest),
        None => (None, rest),
    };
    let mut shown = format!("{scheme}://");
    if let Some(user) = user {
        match user.split_once(':') {
            Some((name, _)) => shown.extend([name, ":***@"]),
            None => shown.extend([user, "@"]),
        }
    }
    let (place, query) = rest
        .split_once('?')
        .map_or((rest, None), |(place, query)| (place, Some(query)));
    shown.push_str(place);
    if let Some(query) = query {
        let parts: Vec<String> = query.split('&').map(redacted_pair).collect();
        shown.push('?');
        shown.push_str(&parts.join("&"));
    }
    shown
}

/// One `name=value` of a query, the value hidden when the name speaks of a secret.
fn redacted_pair(pair: &str) -> String {
    match pair.split_once('=') {
        Some((name, value)) if !value.is_empty() && is_secret_name(name) => format!("{name}=***"),
        _ => pair.to_owned(),
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redacted(&self.text))
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_every_store() {
        for (text, kind) in [
            ("memory:", StoreKind::Memory),
            ("sqlite:data/cloakroom.db", StoreKind::Sqlite),
            ("sqlite:/var/lib/x.db", StoreKind::Sqlite),
            ("redis://127.0.0.1:6379/1", StoreKind::Redis),
            ("rediss://u:p@h", StoreKind::Redis),
            ("redis-sentinel://h1:1,h2:2/MASTER", StoreKind::RedisSentinel),
            ("redis-cluster://h1:1,h2:2", StoreKind::RedisCluster),
            ("valkey://h", StoreKind::Redis),
            ("valkeys-sentinel://h1,h2/MASTER", StoreKind::RedisSentinel),
            ("valkey-cluster://h1,h2", StoreKind::RedisCluster),
            ("postgres://h/db", StoreKind::Postgres),
            ("mysql://h/db", StoreKind::Mysql),
        ] {
            assert_eq!(text.parse::<StoreUrl>().unwrap().kind(), kind, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_store() {
        for (text, why) in [
            ("", BadStoreUrl::Scheme),
            ("data/x.db", BadStoreUrl::Scheme),
            ("mongodb://h", BadStoreUrl::Scheme),
            ("redis:h", BadStoreUrl::Scheme),
            ("sqlite:", BadStoreUrl::NoPath),
            ("redis://", BadStoreUrl::NoHost),
            ("redis:///1", BadStoreUrl::NoHost),
            ("redis://:pw@", BadStoreUrl::NoHost),
            ("redis://:6379", BadStoreUrl::NoHost),
            ("memory:x", BadStoreUrl::NotEmpty),
        ] {
            assert_eq!(text.parse::<StoreUrl>(), Err(why), "{text}");
        }
    }

    #[test]
    fn inv4_never_shows_a_password() {
        for (text, shown) in [
            ("redis://h:1", "redis://h:1"),
            ("redis://user@h", "redis://user@h"),
            ("redis://:hunter2@h:1/0", "redis://:***@h:1/0"),
            ("rediss://user:hunter2@h", "rediss://user:***@h"),
            ("redis://:p/hunter2@h", "redis://:***@h"),
            ("redis://:p@hunter2@h", "redis://:***@h"),
            ("redis://:p?hunter2@h", "redis://***"),
            ("postgres://h:1/db?password=x@hunter2", "postgres://***"),
            (
                "postgres://h/db?user=u&password=hunter2&x=1",
                "postgres://h/db?user=u&password=***&x=1",
            ),
            (
                "postgres://h/db?sslpassword=hunter2",
                "postgres://h/db?sslpassword=***",
            ),
            ("sqlite:data/x@y.db", "sqlite:data/x@y.db"),
        ] {
            let url: StoreUrl = text.parse().unwrap();
            assert_eq!(url.to_string(), shown);
            assert_eq!(format!("{url:?}"), format!("StoreUrl({shown})"));
            assert_eq!(url.has_password(), text != shown, "{text}");
            assert_eq!(url.expose(), text);
        }
        assert_eq!(redacted("redis:user:hunter2@h"), "***");
    }
}
