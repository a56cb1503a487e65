//! Where a request comes from, believing only those hops that were named.

use cloakroom_core::Client;
use http::header::{ACCEPT_LANGUAGE, HeaderName, USER_AGENT};
use http::{Extensions, HeaderMap, HeaderValue};
use ipnet::IpNet;
use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

/// The address at the other end of the connection. Servers other than axum's put it into the request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddress(pub IpAddr);

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// A chain longer than this is not walked to its end.
const MOST_HOPS: usize = 32;

/// The proxies whose `X-Forwarded-*` headers are believed. By default nobody's.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl FromIterator<IpNet> for TrustedProxies {
    fn from_iter<I: IntoIterator<Item = IpNet>>(nets: I) -> Self {
        Self(nets.into_iter().collect())
    }
}

impl TrustedProxies {
    /// Whether this address is one of them.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|net| net.contains(&address))
    }

    /// Whether the peer of this request is one of them.
    #[must_use]
    pub fn sent(&self, extensions: &Extensions) -> bool {
        peer(extensions).is_some_and(|peer| self.contains(peer))
    }

    /// The client's address: the peer, or, if that is trusted, the last address in `X-Forwarded-For` that is not.
    #[must_use]
    pub fn client_address(&self, headers: &HeaderMap, extensions: &Extensions) -> Option<IpAddr> {
        let mut address = peer(extensions)?.to_canonical();
        if self.0.is_empty() || !self.contains(address) {
            return Some(address);
        }
        let lines = headers.get_all(FORWARDED_FOR).iter().rev();
        for hop in lines
            .flat_map(|line| line.to_str().unwrap_or("").rsplit(','))
            .take(MOST_HOPS)
        {
            // What is no address was not written by a trusted proxy: what came before it proves nothing either.
            let Some(hop) = parse(hop.trim()) else { break };
            address = hop;
            if !self.contains(hop) {
                break;
            }
        }
        Some(address)
    }

    /// Address, browser and languages of a request.
    #[must_use]
    pub fn client(&self, headers: &HeaderMap, extensions: &Extensions) -> Client {
        self.caller(headers, extensions).client()
    }

    pub(crate) fn caller(&self, headers: &HeaderMap, extensions: &Extensions) -> Caller {
        Caller {
            ip: self.client_address(headers, extensions),
            user_agent: headers.get(USER_AGENT).cloned(),
            language: headers.get(ACCEPT_LANGUAGE).cloned(),
        }
    }
}

/// What a [`Client`] is made of. Most requests never need one, and a header's value is cheap to share.
pub(crate) struct Caller {
    ip: Option<IpAddr>,
    user_agent: Option<HeaderValue>,
    language: Option<HeaderValue>,
}

impl Caller {
    pub(crate) fn client(&self) -> Client {
        let mut client = self.ip.map(Client::at).unwrap_or_default();
        if let Some(value) = &self.user_agent {
            client = client.with_user_agent(&text(value));
        }
        if let Some(value) = &self.language {
            client = client.with_language(&text(value));
        }
        client
    }
}

fn peer(extensions: &Extensions) -> Option<IpAddr> {
    if let Some(PeerAddress(address)) = extensions.get() {
        return Some(*address);
    }
    #[cfg(feature = "axum")]
    if let Some(axum::extract::ConnectInfo(address)) =
        extensions.get::<axum::extract::ConnectInfo<SocketAddr>>()
    {
        return Some(address.ip());
    }
    None
}

/// An address as proxies write it: bare, in brackets, with a port.
fn parse(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(text);
    let address = bare
        .parse::<IpAddr>()
        .or_else(|_| text.parse::<SocketAddr>().map(|with_port| with_port.ip()));
    Some(address.ok()?.to_canonical())
}

/// A header as text, whatever its bytes are.
fn text(value: &HeaderValue) -> Cow<'_, str> {
    let bytes = value.as_bytes();
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}
