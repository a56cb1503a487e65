//! What each fuzz target of the HTTP layer does with its input. The tests of `cloakroom-http` run them, too.

use cloakroom_http::{CookieConfig, ForwardedHeader, PeerAddress, Presented, TrustedProxies};
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

/// See [`chain`].
pub fn forwarded_for(bytes: &[u8]) {
    chain(ForwardedHeader::XForwardedFor, bytes, "192.0.2.7");
}

/// See [`chain`].
pub fn forwarded(bytes: &[u8]) {
    chain(
        ForwardedHeader::Forwarded,
        bytes,
        "for=\"192.0.2.7:80\";proto=https",
    );
}

/// A peer that nobody trusts speaks for itself alone, and what a trusted one adds counts, whatever stands before it.
fn chain(header: ForwardedHeader, bytes: &[u8], honest: &str) {
    let name = match header {
        ForwardedHeader::XForwardedFor => "x-forwarded-for",
        ForwardedHeader::Forwarded => "forwarded",
    };
    let mut headers = HeaderMap::new();
    for line in lines(bytes) {
        headers.append(name, line);
    }
    let peer = |last| IpAddr::V4(Ipv4Addr::new(10, 0, 0, last));
    let stranger = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    let mut extensions = Extensions::new();
    extensions.insert(PeerAddress(peer(1)));
    let nobody = TrustedProxies::default().writing(header);
    assert_eq!(nobody.client_address(&headers, &extensions), Some(peer(1)));
    let Ok(net) = "10.0.0.0/24".parse::<IpNet>() else {
        return;
    };
    let proxies = TrustedProxies::from_iter([net]).writing(header);
    assert!(proxies.client_address(&headers, &extensions).is_some());
    let mut added = headers.clone();
    if let Some(last) = lines(bytes).last() {
        let joined = [last.as_bytes(), b", ", honest.as_bytes()].concat();
        if let Ok(joined) = HeaderValue::from_bytes(&joined) {
            added.append(name, joined);
            assert_eq!(
                proxies.client_address(&added, &extensions),
                Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7))),
                "an honest hop was not found"
            );
        }
    }
    extensions.insert(PeerAddress(stranger));
    assert_eq!(proxies.client_address(&headers, &extensions), Some(stranger));
}
