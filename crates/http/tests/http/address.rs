//! Where a request comes from: only those hops are believed that were named.

use cloakroom_http::{PeerAddress, TrustedProxies};
use http::{Extensions, HeaderMap, HeaderValue};
use std::net::IpAddr;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn proxies() -> TrustedProxies {
    ["10.0.0.0/8", "fd00::/8", "127.0.0.1/32"]
        .iter()
        .map(|net| net.parse().unwrap())
        .collect()
}

fn address(proxies: &TrustedProxies, peer: &str, lines: &[&[u8]]) -> Option<IpAddr> {
    let mut extensions = Extensions::new();
    extensions.insert(PeerAddress(ip(peer)));
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append("x-forwarded-for", HeaderValue::from_bytes(line).unwrap());
    }
    proxies.client_address(&headers, &extensions)
}

#[test]
fn nobody_is_believed_by_default() {
    for peer in ["10.0.0.1", "127.0.0.1", "203.0.113.9", "::1"] {
        assert_eq!(
            address(&TrustedProxies::default(), peer, &[b"192.0.2.1"]),
            Some(ip(peer))
        );
    }
}

#[test]
fn a_corpus_of_chains() {
    let cases: [(&str, &str, &[&[u8]], &str); 24] = [
        (
            "an untrusted peer's header is its own invention",
            "203.0.113.9",
            &[b"192.0.2.1"],
            "203.0.113.9",
        ),
        ("one hop", "10.0.0.1", &[b"192.0.2.1"], "192.0.2.1"),
        ("no header", "10.0.0.1", &[], "10.0.0.1"),
        ("empty header", "10.0.0.1", &[b""], "10.0.0.1"),
        (
            "two trusted hops",
            "10.0.0.1",
            &[b"192.0.2.1, 10.0.0.2"],
            "192.0.2.1",
        ),
        (
            "what the client wrote itself is not reached",
            "10.0.0.1",
            &[b"1.1.1.1, 192.0.2.1, 10.0.0.2"],
            "192.0.2.1",
        ),
        (
            "a client that pretends to be a proxy",
            "10.0.0.1",
            &[b"10.9.9.9, 192.0.2.1"],
            "192.0.2.1",
        ),
        ("all trusted", "10.0.0.1", &[b"10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        (
            "several lines are one list",
            "10.0.0.1",
            &[b"1.1.1.1", b"192.0.2.1", b"10.0.0.2"],
            "192.0.2.1",
        ),
        ("port", "10.0.0.1", &[b"192.0.2.1:4711"], "192.0.2.1"),
        ("bare IPv6", "10.0.0.1", &[b"2001:db8::1"], "2001:db8::1"),
        ("brackets", "10.0.0.1", &[b"[2001:db8::1]"], "2001:db8::1"),
        (
            "brackets and port",
            "10.0.0.1",
            &[b"[2001:db8::1]:443"],
            "2001:db8::1",
        ),
        ("trusted IPv6 peer", "fd00::1", &[b"192.0.2.1"], "192.0.2.1"),
        ("mapped peer", "::ffff:10.0.0.1", &[b"192.0.2.1"], "192.0.2.1"),
        (
            "mapped hop",
            "10.0.0.1",
            &[b"192.0.2.1, ::ffff:10.0.0.2"],
            "192.0.2.1",
        ),
        ("mapped client", "10.0.0.1", &[b"::ffff:192.0.2.1"], "192.0.2.1"),
        (
            "mapped peer that is not trusted",
            "::ffff:203.0.113.9",
            &[b"192.0.2.1"],
            "203.0.113.9",
        ),
        (
            "blanks and tabs",
            "10.0.0.1",
            &[b" \t192.0.2.1 ,\t10.0.0.2 "],
            "192.0.2.1",
        ),
        (
            "garbage ends the chain",
            "10.0.0.1",
            &[b"192.0.2.1, unknown, 10.0.0.2"],
            "10.0.0.2",
        ),
        ("garbage last", "10.0.0.1", &[b"192.0.2.1, _hidden"], "10.0.0.1"),
        ("empty hop", "10.0.0.1", &[b"192.0.2.1,,10.0.0.2"], "10.0.0.2"),
        ("half a bracket", "10.0.0.1", &[b"[2001:db8::1"], "10.0.0.1"),
        (
            "not text",
            "10.0.0.1",
            &[b"192.0.2.1", b"\xff10.0.0.2"],
            "10.0.0.1",
        ),
    ];
    for (what, peer, lines, expected) in cases {
        assert_eq!(address(&proxies(), peer, lines), Some(ip(expected)), "{what}");
    }
}

#[test]
fn ten_thousand_hops_are_not_walked_to_the_end() {
    let endless = vec!["10.0.0.2"; 10_000].join(",");
    assert_eq!(
        address(&proxies(), "10.0.0.1", &[b"192.0.2.1", endless.as_bytes()]),
        Some(ip("10.0.0.2"))
    );
    let lines = vec![b"10.0.0.3".as_slice(); 10_000];
    assert_eq!(address(&proxies(), "10.0.0.1", &lines), Some(ip("10.0.0.3")));
}

#[test]
fn without_a_peer_nothing_is_known() {
    let mut headers = HeaderMap::new();
    headers.insert("x-forwarded-for", HeaderValue::from_static("192.0.2.1"));
    assert_eq!(proxies().client_address(&headers, &Extensions::new()), None);
    assert!(!proxies().sent(&Extensions::new()));
}

#[test]
fn axum_tells_the_peer_too() {
    let mut extensions = Extensions::new();
    let peer: std::net::SocketAddr = "[::ffff:10.0.0.1]:5000".parse().unwrap();
    extensions.insert(axum::extract::ConnectInfo(peer));
    assert_eq!(
        proxies().client_address(&HeaderMap::new(), &extensions),
        Some(ip("10.0.0.1"))
    );
    assert!(proxies().sent(&extensions));
}

#[test]
fn what_a_client_says_of_itself_is_cut_and_tamed() {
    let mut headers = HeaderMap::new();
    let agent = [b"\xff".as_slice(), &[b'x'; 5000]].concat();
    headers.insert("user-agent", HeaderValue::from_bytes(&agent).unwrap());
    headers.insert("accept-language", HeaderValue::from_bytes(&[b'd'; 5000]).unwrap());
    let client = proxies().client(&headers, &Extensions::new());
    let agent = client.user_agent.unwrap();
    assert!(agent.len() <= cloakroom_core::Client::MAX_USER_AGENT && !agent.chars().any(char::is_control));
    assert_eq!(
        client.accept_language.unwrap().len(),
        cloakroom_core::Client::MAX_LANGUAGE
    );
}
