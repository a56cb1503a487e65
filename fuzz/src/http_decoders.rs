//! What each fuzz target of the HTTP layer does with its input. The tests of `cloakroom-http` run them, too.

use cloakroom_http::{CookieConfig, PeerAddress, Presented, TrustedProxies};
use http::header::COOKIE;
use http::{Extensions, HeaderMap, HeaderValue};
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr};

/// One header value per line, as far as HTTP allows it.
fn lines(bytes: &[u8]) -> impl Iterator<Item = HeaderValue> {
    bytes
        .split(|byte| *byte == b'\n')
        .filter_map(|line| HeaderValue::from_bytes(line).ok())
}

/// Whatever is presented: a token is one that stands in the header, once.
pub fn cookie(bytes: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in lines(bytes) {
        headers.append(COOKIE, line);
    }
    let config = CookieConfig::default();
    if let Presented::Token(token) = config.read(&headers) {
        let value = token.expose();
        let holds = |header: &HeaderValue| {
            header
                .as_bytes()
                .windows(value.len())
                .any(|part| part == value.as_bytes())
        };
        assert!(headers.get_all(COOKIE).iter().any(holds), "a token from nowhere");
        headers.append(COOKIE, HeaderValue::from_static("__Host-sid=x"));
        assert!(
            !matches!(config.read(&headers), Presented::Token(_)),
            "one of two was believed"
        );
    }
}

/// A peer that nobody trusts speaks for itself alone.
pub fn forwarded_for(bytes: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in lines(bytes) {
        headers.append("x-forwarded-for", line);
    }
    let peer = |last| IpAddr::V4(Ipv4Addr::new(10, 0, 0, last));
    let mut extensions = Extensions::new();
    extensions.insert(PeerAddress(peer(1)));
    let nobody = TrustedProxies::default();
    assert_eq!(nobody.client_address(&headers, &extensions), Some(peer(1)));
    let Ok(net) = "10.0.0.0/24".parse::<IpNet>() else {
        return;
    };
    let proxies = TrustedProxies::from_iter([net]);
    assert!(proxies.client_address(&headers, &extensions).is_some());
    extensions.insert(PeerAddress(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))));
    assert_eq!(
        proxies.client_address(&headers, &extensions),
        Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)))
    );
}
