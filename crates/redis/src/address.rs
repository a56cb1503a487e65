//! Where the server is, read from a URL.

use redis::{Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion, TlsCertificates};
use std::fmt;

/// The longest prefix, in bytes: it is part of every key.
const MAX_PREFIX: usize = 32;

/// Why there is no store at a URL. None of these shows the URL, because it may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL is not one of ours.
    #[error(
        "the store's URL {0}; it looks like redis://[user:password@]host[:6379][/0][?prefix=cr], or rediss://… for TLS"
    )]
    Url(&'static str),
    /// It names a setting that does not exist.
    #[error("the store's URL has an unknown setting `{name}`; known are: ca, prefix")]
    UnknownSetting {
        /// The setting.
        name: String,
    },
    /// The prefix can not be part of a key.
    #[error("the prefix of the store's keys must be 1 to 32 letters, digits, `-`, `_`, `.` or `:`")]
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

/// A server, and the settings that came with its URL.
pub(crate) struct Address {
    pub(crate) client: Client,
    pub(crate) prefix: Option<String>,
}

impl Address {
    pub(crate) fn parse(url: &str) -> Result<Self, ConnectError> {
        let mut url = redis::parse_redis_url(url).ok_or(ConnectError::Url("can not be read"))?;
        let secure = match url.scheme() {
            "redis" | "valkey" => false,
            "rediss" | "valkeys" => true,
            _ => return Err(ConnectError::Url("has another scheme")),
        };
        if url.fragment().is_some() {
            return Err(ConnectError::Url("has a #; certificates are always verified"));
        }
        let (mut ca, mut prefix) = (None, None);
        for (name, value) in url.query_pairs() {
            match name.as_ref() {
                "ca" => ca = Some(value.into_owned()),
                "prefix" => prefix = Some(value.into_owned()),
                _ => {
                    return Err(ConnectError::UnknownSetting {
                        name: name.into_owned(),
                    });
                }
            }
        }
        url.set_query(None);
        if ca.is_some() && !secure {
            return Err(ConnectError::Url("has `ca`, which needs rediss://"));
        }
        if let Some(prefix) = &prefix {
            check_prefix(prefix)?;
        }
        let info = url
            .into_connection_info()
            .map_err(|_| ConnectError::Url("misses the host or has no such database"))?;
        Ok(Self {
            client: client(info, secure, ca)?,
            prefix,
        })
    }

    /// Host and port, without anything secret.
    pub(crate) fn place(&self) -> Place<'_> {
        Place(self.client.get_connection_info().addr())
    }
}

/// What a prefix may be made of: nothing that means something in a pattern, a hash tag or a terminal.
pub(crate) fn check_prefix(prefix: &str) -> Result<(), ConnectError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    if prefix.is_empty() || prefix.len() > MAX_PREFIX || !prefix.bytes().all(fits) {
        return Err(ConnectError::Prefix);
    }
    Ok(())
}

fn client(info: ConnectionInfo, secure: bool, ca: Option<String>) -> Result<Client, ConnectError> {
    // RESP3: the library then says at once that a connection broke, also when nothing was asked.
    let settings = info
        .redis_settings()
        .clone()
        .set_protocol(ProtocolVersion::RESP3)
        .set_skip_set_lib_name();
    let info = info.set_redis_settings(settings);
    if secure {
        // One provider for the whole process; if the application chose one already, that one stays.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
    let Some(path) = ca else {
        return Client::open(info)
            .map_err(|_| ConnectError::Url("names a server that can not be connected to"));
    };
    let root_cert = match std::fs::read(&path) {
        Ok(pem) => Some(pem),
        Err(error) => {
            return Err(ConnectError::Ca {
                path,
                source: Box::new(error),
            });
        }
    };
    let certificates = TlsCertificates {
        client_tls: None,
        root_cert,
    };
    Client::build_with_tls(info, certificates).map_err(|error| ConnectError::Ca {
        path,
        source: Box::new(error),
    })
}

/// Host and port of a server.
pub(crate) struct Place<'a>(&'a ConnectionAddr);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
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
        let info = address.client.get_connection_info();
        assert_eq!(info.redis_settings().password(), Some("p@ss"));
        assert_eq!(info.redis_settings().db(), 3);
        assert_eq!(address.prefix.as_deref(), Some("shop"));
        assert_eq!(address.place().to_string(), "localhost:7000");
    }

    #[test]
    fn what_is_wrong_with_a_url_is_said_without_the_password() {
        for (url, says) in [
            (
                "redis://u:hunter2@localhost/?pool=3",
                "unknown setting `pool`; known are: ca, prefix",
            ),
            (
                "redis://u:hunter2@localhost/#insecure",
                "certificates are always verified",
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
            ("http://u:hunter2@localhost/", "can not be read"),
            ("unix:///tmp/redis.sock?pass=hunter2", "another scheme"),
        ] {
            let refusal = refusal(url);
            assert!(refusal.contains(says), "{url}: {refusal}");
            assert!(!refusal.contains("hunter2"), "{refusal}");
        }
    }
}
