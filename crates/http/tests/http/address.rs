//! Where a request comes from: only those hops are believed that were named.

use cloakroom_http::{ForwardedHeader, PeerAddress, TrustedProxies};
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
    said(proxies, peer, "x-forwarded-for", lines)
}

/// What proxies that write `Forwarded` make of these lines.
fn forwarded(peer: &str, lines: &[&[u8]]) -> Option<IpAddr> {
    said(
        &proxies().writing(ForwardedHeader::Forwarded),
        peer,
        "forwarded",
        lines,
    )
}

fn said(proxies: &TrustedProxies, peer: &str, name: &'static str, lines: &[&[u8]]) -> Option<IpAddr> {
    let mut extensions = Extensions::new();
    extensions.insert(PeerAddress(ip(peer)));
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(name, HeaderValue::from_bytes(line).unwrap());
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

/// What it shows, the peer, the lines, and whose address they tell.
type Chain = (&'static str, &'static str, &'static [&'static [u8]], &'static str);

const CHAINS: [Chain; 38] = [
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
    ("quoted", "10.0.0.1", &[b"\"[2001:db8::1]:4711\""], "2001:db8::1"),
    ("half a quote", "10.0.0.1", &[b"\"192.0.2.1"], "10.0.0.1"),
    (
        "a quote that swallows the proxy's own hop does not",
        "10.0.0.1",
        &[b"6.6.6.6, \"x, 192.0.2.1"],
        "192.0.2.1",
    ),
    ("zone", "10.0.0.1", &[b"fe80::1%eth0"], "fe80::1"),
    (
        "zone in brackets",
        "10.0.0.1",
        &[b"[fe80::1%25eth0]:80"],
        "fe80::1",
    ),
    ("no zone after all", "10.0.0.1", &[b"fe80::1%"], "10.0.0.1"),
    ("a zone of IPv4", "10.0.0.1", &[b"192.0.2.1%eth0"], "10.0.0.1"),
    ("a port too large", "10.0.0.1", &[b"192.0.2.1:65536"], "10.0.0.1"),
    ("a port with a sign", "10.0.0.1", &[b"192.0.2.1:+80"], "10.0.0.1"),
    ("a port and no number", "10.0.0.1", &[b"192.0.2.1:"], "10.0.0.1"),
    ("octal", "10.0.0.1", &[b"0300.0.2.1"], "10.0.0.1"),
    ("a name", "10.0.0.1", &[b"localhost"], "10.0.0.1"),
    (
        "digits of another script",
        "10.0.0.1",
        &["１９２.0.2.1".as_bytes()],
        "10.0.0.1",
    ),
    (
        "bytes before an honest hop do not hide it",
        "10.0.0.1",
        &[b"\xff\xfe, 192.0.2.1, 10.0.0.2"],
        "192.0.2.1",
    ),
    (
        "not text",
        "10.0.0.1",
        &[b"192.0.2.1", b"\xff10.0.0.2"],
        "10.0.0.1",
    ),
];

#[test]
fn a_corpus_of_chains() {
    for (what, peer, lines, expected) in CHAINS {
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

/// What it shows, the lines of `Forwarded` from a trusted proxy, and whose address they tell.
type Elements = (&'static str, &'static [&'static [u8]], &'static str);

const ELEMENTS: [Elements; 34] = [
    ("one", &[b"for=192.0.2.1"], "192.0.2.1"),
    ("names in any case", &[b"FOR=192.0.2.1;Proto=http"], "192.0.2.1"),
    (
        "by and host are not it",
        &[b"by=10.0.0.9;host=a;for=192.0.2.1"],
        "192.0.2.1",
    ),
    (
        "a chain",
        &[b"for=1.1.1.1, for=192.0.2.1, for=10.0.0.2"],
        "192.0.2.1",
    ),
    (
        "lines",
        &[b"for=1.1.1.1", b"for=192.0.2.1", b"for=10.0.0.2"],
        "192.0.2.1",
    ),
    ("port", &[b"for=\"192.0.2.1:4711\""], "192.0.2.1"),
    ("port without quotes", &[b"for=192.0.2.1:4711"], "192.0.2.1"),
    ("hidden port", &[b"for=\"192.0.2.1:_gazonk\""], "192.0.2.1"),
    ("IPv6", &[b"for=\"[2001:db8::1]\""], "2001:db8::1"),
    (
        "IPv6, port, more",
        &[b"for=\"[2001:db8::1]:80\";by=\"[::1]:1\""],
        "2001:db8::1",
    ),
    ("zone", &[b"for=\"[fe80::1%eth0]\""], "fe80::1"),
    ("mapped", &[b"for=\"[::ffff:192.0.2.1]\""], "192.0.2.1"),
    ("escaped", &[b"for=\"192\\.0.2.1\""], "192.0.2.1"),
    (
        "a comma in quotes",
        &[b"for=192.0.2.1;host=\"a,b\", for=10.0.0.2"],
        "192.0.2.1",
    ),
    (
        "a semicolon in quotes",
        &[b"host=\"a;for=6.6.6.6\";for=192.0.2.1"],
        "192.0.2.1",
    ),
    (
        "an escaped quote",
        &[b"host=\"a\\\",for=6.6.6.6\";for=192.0.2.1"],
        "192.0.2.1",
    ),
    (
        "blanks",
        &[b" for=192.0.2.1 ; proto=http ,\tfor=10.0.0.2 "],
        "192.0.2.1",
    ),
    ("a semicolon too many", &[b"for=192.0.2.1;"], "192.0.2.1"),
    (
        "unknown",
        &[b"for=192.0.2.1, for=unknown, for=10.0.0.2"],
        "10.0.0.2",
    ),
    ("hidden", &[b"for=192.0.2.1, for=_hidden"], "10.0.0.1"),
    (
        "hidden, quoted",
        &[b"for=192.0.2.1, for=\"_SEVKISEK\""],
        "10.0.0.1",
    ),
    ("no for", &[b"for=192.0.2.1, proto=https"], "10.0.0.1"),
    ("for twice", &[b"for=192.0.2.1;for=192.0.2.2"], "10.0.0.1"),
    ("empty for", &[b"for="], "10.0.0.1"),
    ("empty", &[b""], "10.0.0.1"),
    ("only commas", &[b",,,"], "10.0.0.1"),
    ("no pair", &[b"192.0.2.1"], "10.0.0.1"),
    (
        "an open quote does not swallow the proxy's own hop",
        &[b"for=6.6.6.6;host=\", for=192.0.2.1"],
        "192.0.2.1",
    ),
    (
        "nor do quotes of the proxy close it",
        &[b"for=6.6.6.6;host=\", for=\"[2001:db8::1]\";by=\"[::1]\""],
        "2001:db8::1",
    ),
    (
        "an open quote at the end",
        &[b"for=192.0.2.1, for=\"192.0.2.2"],
        "10.0.0.1",
    ),
    ("an escape at the end", &[b"for=\"192.0.2.1\\\""], "10.0.0.1"),
    ("a quote within a token", &[b"for=192.0.2.1\""], "10.0.0.1"),
    ("brackets left open", &[b"for=\"[2001:db8::1\""], "10.0.0.1"),
    ("bytes", &[b"for=\xff, for=192.0.2.1, for=10.0.0.2"], "192.0.2.1"),
];

#[test]
fn a_corpus_of_forwarded_elements() {
    for (what, lines, expected) in ELEMENTS {
        assert_eq!(forwarded("10.0.0.1", lines), Some(ip(expected)), "{what}");
        assert_eq!(
            forwarded("203.0.113.9", lines),
            Some(ip("203.0.113.9")),
            "{what}, from a stranger"
        );
    }
    let endless = vec!["for=10.0.0.2"; 10_000].join(",");
    assert_eq!(
        forwarded("10.0.0.1", &[b"for=192.0.2.1", endless.as_bytes()]),
        Some(ip("10.0.0.2"))
    );
}

/// A proxy that adds to one of the two lets the other through as the client sent it.
#[test]
fn one_of_the_two_headers_is_believed_and_never_both() {
    let mut headers = HeaderMap::new();
    headers.insert("x-forwarded-for", HeaderValue::from_static("192.0.2.1"));
    headers.insert("forwarded", HeaderValue::from_static("for=192.0.2.2"));
    let mut extensions = Extensions::new();
    extensions.insert(PeerAddress(ip("10.0.0.1")));
    let address = |proxies: TrustedProxies, headers: &HeaderMap| proxies.client_address(headers, &extensions);
    let other = || proxies().writing(ForwardedHeader::Forwarded);
    assert_eq!(address(proxies(), &headers), Some(ip("192.0.2.1")));
    assert_eq!(address(other(), &headers), Some(ip("192.0.2.2")));
    headers.remove("forwarded");
    assert_eq!(address(other(), &headers), Some(ip("10.0.0.1")));
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
