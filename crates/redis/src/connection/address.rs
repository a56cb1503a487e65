//! Where the server is, read from a URL.

use crate::connection::access::Access;
use crate::connection::slots::Node;
use redis::{IntoConnectionInfo as _, ProtocolVersion};

/// The longest prefix, in bytes: it is part of every key.
const MAX_PREFIX: usize = 64;
/// More replicas than this nobody waits for.
const MAX_REPLICAS: u32 = 9;

/// Why there is no store at a URL. None of these shows the URL, because it may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL is not one of ours.
    #[error(
        "the store's URL {0}; it looks like redis://[user:password@]host[:6379][/0][?prefix=cr], redis-sentinel://host[:26379],host…/NAME or redis-cluster://host[:6379],host…, or rediss… for TLS"
    )]
    Url(&'static str),
    /// It names a setting that does not exist.
    #[error(
        "the store's URL has an unknown setting `{name}`; known are: ca, prefix, replicas; for Sentinels also sentinel_user, sentinel_password"
    )]
    UnknownSetting {
        /// The setting.
        name: String,
    },
    /// The prefix can not be part of a key.
    #[error("the prefix of the store's keys must be 1 to 64 letters, digits, `-`, `_`, `.` or `:`")]
    Prefix,
    /// The file with the certificate authority can not be read.
    #[error("the certificate authority's file {path} can not be used")]
    Ca {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Nobody answers.
    #[error(
        "no session store answers at {address}; is the server running there, and does `redis-cli -h HOST -p PORT ping` reach it?"
    )]
    Unreachable {
        /// Host and port.
        address: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It answers, but does not let us in or misses a right.
    #[error("the session store at {address} refuses: check user, password, database number and rights")]
    Refused {
        /// Host and port.
        address: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It is too old.
    #[error("the server at {address} has version {version}; Redis 7.0 or Valkey is needed")]
    TooOld {
        /// Host and port.
        address: String,
        /// Its version.
        version: String,
    },
}

/// What a URL names, and the settings that came with it.
pub(crate) struct Address {
    pub(crate) servers: Servers,
    pub(crate) access: Access,
    pub(crate) prefix: Option<String>,
    pub(crate) replicas: Option<u32>,
}

/// The servers of a URL.
pub(crate) enum Servers {
    One(Node),
    /// Where Sentinels are, how to get in there, and what they call the primary.
    Sentinels(Vec<Node>, Access, String),
    Cluster(Vec<Node>),
}

/// What comes after the `?`.
#[derive(Default)]
struct Extras {
    ca: Option<String>,
    prefix: Option<String>,
    replicas: Option<u32>,
    sentinel_user: Option<String>,
    sentinel_password: Option<String>,
}

impl Address {
    pub(crate) fn parse(url: &str) -> Result<Self, ConnectError> {
        let (scheme, rest) = url
            .split_once("://")
            .ok_or(ConnectError::Url("can not be read"))?;
        let (secure, kind) = match scheme {
            "redis" | "valkey" => (false, Scheme::One),
            "rediss" | "valkeys" => (true, Scheme::One),
            "redis-sentinel" | "valkey-sentinel" => (false, Scheme::Sentinel),
            "rediss-sentinel" | "valkeys-sentinel" => (true, Scheme::Sentinel),
            "redis-cluster" | "valkey-cluster" => (false, Scheme::Cluster),
            "rediss-cluster" | "valkeys-cluster" => (true, Scheme::Cluster),
            _ => return Err(ConnectError::Url("has another scheme")),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        let (user, hosts) = authority
            .rsplit_once('@')
            .map_or(("", authority), |(user, hosts)| (user, hosts));
        if kind == Scheme::One && hosts.contains(',') {
            return Err(ConnectError::Url(
                "names several servers; for those there are redis-sentinel:// and redis-cluster://",
            ));
        }
        let mut urls = Vec::new();
        for host in hosts.split(',') {
            let at = if user.is_empty() {
                String::new()
            } else {
                format!("{user}@")
            };
            let url = redis::parse_redis_url(&format!("redis://{at}{host}{tail}"));
            urls.push(url.ok_or(ConnectError::Url("can not be read"))?);
        }
        Self::of(urls, kind, secure)
    }

    /// From one URL for each server; they differ in nothing but the server.
    fn of(mut urls: Vec<url::Url>, kind: Scheme, secure: bool) -> Result<Self, ConnectError> {
        let mut nodes = Vec::new();
        for url in &urls {
            let host = url.host_str().filter(|host| !host.is_empty());
            let host = host.ok_or(ConnectError::Url("misses the host or has no such database"))?;
            let usual = if kind == Scheme::Sentinel { 26379 } else { 6379 };
            nodes.push(Node {
                host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
                port: url.port().unwrap_or(usual),
            });
        }
        let mut url = urls.swap_remove(0);
        if url.fragment().is_some() {
            return Err(ConnectError::Url("has a #; certificates are always verified"));
        }
        let extras = Extras::read(&url, kind, secure)?;
        url.set_query(None);
        let master = (kind == Scheme::Sentinel)
            .then(|| take_master(&mut url))
            .transpose()?;
        let access = access(url, secure, extras.ca.as_deref())?;
        if kind == Scheme::Cluster && access.settings.db() != 0 {
            return Err(ConnectError::Url("names a database; a cluster has none but 0"));
        }
        let servers = match master {
            Some(master) => Servers::Sentinels(nodes, extras.sentinel_access(&access), master),
            None if kind == Scheme::Cluster => Servers::Cluster(nodes),
            None => Servers::One(nodes.swap_remove(0)),
        };
        Ok(Self {
            servers,
            access,
            prefix: extras.prefix,
            replicas: extras.replicas,
        })
    }

    /// Hosts and ports, without anything secret.
    pub(crate) fn place(&self) -> String {
        let all = |nodes: &[Node]| nodes.iter().map(Node::to_string).collect::<Vec<_>>().join(", ");
        match &self.servers {
            Servers::One(node) => node.to_string(),
            Servers::Sentinels(nodes, _, master) => format!("{master} by the Sentinels {}", all(nodes)),
            Servers::Cluster(nodes) => format!("the cluster of {}", all(nodes)),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    One,
    Sentinel,
    Cluster,
}

impl Extras {
    fn read(url: &url::Url, kind: Scheme, secure: bool) -> Result<Self, ConnectError> {
        let mut extras = Self::default();
        for (name, value) in url.query_pairs() {
            let sentinel = kind == Scheme::Sentinel;
            match name.as_ref() {
                "ca" => extras.ca = Some(value.into_owned()),
                "prefix" => extras.prefix = Some(value.into_owned()),
                "replicas" => extras.replicas = Some(replicas(&value)?),
                "sentinel_user" if sentinel => extras.sentinel_user = Some(value.into_owned()),
                "sentinel_password" if sentinel => extras.sentinel_password = Some(value.into_owned()),
                _ => {
                    return Err(ConnectError::UnknownSetting {
                        name: name.into_owned(),
                    });
                }
            }
        }
        if extras.ca.is_some() && !secure {
            return Err(ConnectError::Url("has `ca`, which needs rediss://"));
        }
        if let Some(prefix) = &extras.prefix {
            check_prefix(prefix)?;
        }
        Ok(extras)
    }

    /// Sentinels have users of their own, or none; and no databases.
    fn sentinel_access(&self, servers: &Access) -> Access {
        let mut settings = redis::RedisConnectionInfo::default()
            .set_protocol(ProtocolVersion::RESP3)
            .set_skip_set_lib_name();
        if let Some(user) = &self.sentinel_user {
            settings = settings.set_username(user);
        }
        if let Some(password) = &self.sentinel_password {
            settings = settings.set_password(password);
        }
        Access {
            settings,
            ..servers.clone()
        }
    }
}

fn replicas(text: &str) -> Result<u32, ConnectError> {
    let number = text.parse().ok().filter(|number| *number <= MAX_REPLICAS);
    number.ok_or(ConnectError::Url(
        "has `replicas`, which must be a number from 0 to 9",
    ))
}

/// Takes the name of the primary out of `/NAME` or `/NAME/DATABASE`.
fn take_master(url: &mut url::Url) -> Result<String, ConnectError> {
    let path = url.path().trim_start_matches('/').to_owned();
    let (name, database) = path.split_once('/').unwrap_or((&path, ""));
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if name.is_empty() || !name.bytes().all(fits) {
        return Err(ConnectError::Url(
            "misses the name that the Sentinels have for the primary: redis-sentinel://host:26379,host:26379/NAME",
        ));
    }
    url.set_path(database);
    Ok(name.to_owned())
}

/// What a prefix may be made of: nothing that means something in a pattern, a hash tag or a terminal.
pub(crate) fn check_prefix(prefix: &str) -> Result<(), ConnectError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    if prefix.is_empty() || prefix.len() > MAX_PREFIX || !prefix.bytes().all(fits) {
        return Err(ConnectError::Prefix);
    }
    Ok(())
}

fn access(url: url::Url, secure: bool, ca: Option<&str>) -> Result<Access, ConnectError> {
    let info = url
        .into_connection_info()
        .map_err(|_| ConnectError::Url("misses the host or has no such database"))?;
    // RESP3: the library then says at once that a connection broke, also when nothing was asked.
    let settings = info
        .redis_settings()
        .clone()
        .set_protocol(ProtocolVersion::RESP3)
        .set_skip_set_lib_name();
    if secure {
        // One provider for the whole process; if the application chose one already, that one stays.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
    let unusable = |path: &str, source: Box<dyn std::error::Error + Send + Sync>| ConnectError::Ca {
        path: path.to_owned(),
        source,
    };
    let pem = ca.map(|path| std::fs::read(path).map_err(|error| unusable(path, error.into())));
    let access = Access {
        settings,
        secure,
        ca: pem.transpose()?,
    };
    // What can not be used is found here, and not when it is dialled.
    match (access.client("localhost", 6379), ca) {
        (Ok(_), _) => Ok(access),
        (Err(error), Some(path)) => Err(unusable(path, error.into())),
        (Err(_), None) => Err(ConnectError::Url("names a server that can not be connected to")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(url: &str) -> String {
        match Address::parse(url) {
            Err(error) => format!("{error} {error:?}"),
            Ok(_) => panic!("{url} was taken"),
        }
    }

    #[test]
    fn a_url_names_the_server_and_the_prefix() {
        let address = Address::parse("redis://user:p%40ss@localhost:7000/3?prefix=shop").unwrap();
        assert_eq!(address.access.settings.password(), Some("p@ss"));
        assert_eq!(address.access.settings.db(), 3);
        assert_eq!(address.prefix.as_deref(), Some("shop"));
        assert_eq!(address.place(), "localhost:7000");
    }

    #[test]
    fn a_url_names_sentinels_and_what_they_call_the_primary() {
        let url =
            "redis-sentinel://user:p%40ss@s1,s2:7001,[::1]:7002/main/2?replicas=1&sentinel_password=other";
        let address = Address::parse(url).unwrap();
        let place = "main by the Sentinels s1:26379, s2:7001, [::1]:7002";
        assert_eq!(address.place(), place);
        let settings = &address.access.settings;
        assert_eq!((settings.password(), settings.db()), (Some("p@ss"), 2));
        assert_eq!(address.replicas, Some(1));
        let Servers::Sentinels(_, access, _) = &address.servers else {
            panic!("no Sentinels")
        };
        assert_eq!(
            (access.settings.username(), access.settings.password()),
            (None, Some("other"))
        );
    }

    #[test]
    fn a_url_names_some_servers_of_a_cluster() {
        let address = Address::parse("rediss-cluster://c1:7001,c2?prefix=shop").unwrap();
        assert_eq!(address.place(), "the cluster of c1:7001, c2:6379");
        assert!(address.access.secure);
    }

    #[test]
    fn what_is_wrong_with_a_url_is_said_without_the_password() {
        for (url, says) in [
            (
                "redis://u:hunter2@localhost/?pool=3",
                "unknown setting `pool`; known are: ca, prefix, replicas; for Sentinels also sentinel_user, sentinel_password",
            ),
            (
                "redis://u:hunter2@localhost/#insecure",
                "certificates are always verified",
            ),
            ("redis://u:hunter2@a,b", "several servers"),
            ("redis-sentinel://u:hunter2@a,b", "misses the name"),
            ("redis-sentinel://u:hunter2@a,b/ma*in", "misses the name"),
            ("redis-cluster://u:hunter2@a,b/3", "a cluster has none but 0"),
            ("redis-cluster://u:hunter2@a,,b", "can not be read"),
            ("redis://u:hunter2@a/?replicas=many", "a number from 0 to 9"),
            ("redis://u:hunter2@a/?replicas=10", "a number from 0 to 9"),
            (
                "redis://u:hunter2@a/?sentinel_password=hunter2",
                "unknown setting `sentinel_password`",
            ),
            ("redis://u:hunter2@localhost/abc", "no such database"),
            ("redis://u:hunter2@localhost:99999", "can not be read"),
            (
                "redis://u:hunter2@localhost/?prefix={x}",
                "prefix of the store's keys",
            ),
            ("redis://u:hunter2@localhost/?ca=/x", "needs rediss://"),
            (
                "rediss://u:hunter2@localhost/?ca=/nowhere/ca.pem",
                "/nowhere/ca.pem can not be used",
            ),
            ("http://u:hunter2@localhost/", "another scheme"),
            ("unix:///tmp/redis.sock?pass=hunter2", "another scheme"),
        ] {
            let refusal = refusal(url);
            assert!(refusal.contains(says), "{url}: {refusal}");
            assert!(!refusal.contains("hunter2"), "{refusal}");
        }
    }
}
