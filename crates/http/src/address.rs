//! Where a request comes from, believing only those hops that were named.

mod chain;

use chain::hops;
use cloakroom_core::Client;
use http::header::{ACCEPT_LANGUAGE, USER_AGENT};
use http::{Extensions, HeaderMap, HeaderValue};
use ipnet::IpNet;
use std::borrow::Cow;
use std::net::IpAddr;

/// The address at the other end of the connection. Servers other than axum's put it into the request's extensions; it
/// wins over axum's `ConnectInfo`, so that whoever read a PROXY protocol header can say what stood there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddress(pub IpAddr);

/// Which header the proxies write. Never both are believed: a proxy that adds to one lets the other through as the
/// client sent it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`, which nearly all proxies write.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239), of which `for` is read.
    Forwarded,
}

/// The proxies whose `X-Forwarded-*` headers are believed. By default nobody's.
///
/// ```
/// use cloakroom_http::{ForwardedHeader, PeerAddress, TrustedProxies};
/// use http::{Extensions, HeaderMap};
///
/// let proxies = TrustedProxies::from_iter(["10.0.0.0/8".parse()?]).writing(ForwardedHeader::Forwarded);
/// let (mut headers, mut extensions) = (HeaderMap::new(), Extensions::new());
/// headers.insert("forwarded", r#"for=6.6.6.6, for="[2001:db8::1]:4711";proto=https, for=10.0.0.7"#.parse()?);
/// extensions.insert(PeerAddress("10.0.0.1".parse()?));
/// assert_eq!(proxies.client_address(&headers, &extensions), Some("2001:db8::1".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies {
    networks: Vec<IpNet>,
    header: ForwardedHeader,
}

impl FromIterator<IpNet> for TrustedProxies {
    fn from_iter<I: IntoIterator<Item = IpNet>>(networks: I) -> Self {
        Self {
            networks: networks.into_iter().collect(),
            header: ForwardedHeader::default(),
        }
    }
}

impl TrustedProxies {
    /// With the header that they write. What else says where a request comes from is not looked at.
    #[must_use]
    pub fn writing(mut self, header: ForwardedHeader) -> Self {
        self.header = header;
        self
    }

    /// Whether this address is one of them.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.contains(&address))
    }

    /// Whether the peer of this request is one of them.
    #[must_use]
    pub fn sent(&self, extensions: &Extensions) -> bool {
        peer(extensions).is_some_and(|peer| self.contains(peer))
    }

    /// The client's address: the peer, or, if that is trusted, the last address in the header that is not (RFC 7239 §8.1).
    /// At most 32 hops are walked. A hop that names no address (`unknown`, `_hidden`, garbage) ends the walk.
    #[must_use]
    pub fn client_address(&self, headers: &HeaderMap, extensions: &Extensions) -> Option<IpAddr> {
        let mut address = peer(extensions)?.to_canonical();
        if self.networks.is_empty() || !self.contains(address) {
            return Some(address);
        }
        for hop in hops(self.header, headers) {
            // What is no address was not written by a trusted proxy: what came before it proves nothing either.
            let Some(hop) = hop else { break };
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
        extensions.get::<axum::extract::ConnectInfo<std::net::SocketAddr>>()
    {
        return Some(address.ip());
    }
    None
}

/// A header as text, whatever its bytes are.
fn text(value: &HeaderValue) -> Cow<'_, str> {
    let bytes = value.as_bytes();
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}
