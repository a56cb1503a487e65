//! Headers of both versions, and what is none.

#[path = "../../../../fuzz/src/server_decoders.rs"]
mod decoders;
#[path = "../../../../fuzz/src/walk.rs"]
mod walk;

use super::header::{self, Arrived, MOST, NoHeader, belonging, read};

fn v2(command: u8, family: u8, length: u16, rest: &[u8]) -> Vec<u8> {
    let mut bytes = b"\r\n\r\n\0\r\nQUIT\n".to_vec();
    bytes.extend([command, family]);
    bytes.extend(length.to_be_bytes());
    bytes.extend(rest);
    bytes
}

const IPV4: [u8; 12] = [192, 0, 2, 1, 10, 0, 0, 1, 0x12, 0x34, 0x01, 0xbb];

fn told(bytes: &[u8]) -> Result<Arrived, NoHeader> {
    read(&bytes[..belonging(bytes)])
}

#[test]
fn headers_of_both_versions_are_read_in_whatever_pieces_they_come() {
    let whole = |ip: &str| Arrived::Whole(Some(ip.parse().unwrap()));
    let mut v6 = vec![0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    v6.extend([0; 20]);
    let extra = [&IPV4[..], &[0x04, 0, 3, 1, 2, 3]].concat();
    for (bytes, expected) in [
        (
            b"PROXY TCP4 192.0.2.1 10.0.0.1 4711 443\r\n".to_vec(),
            whole("192.0.2.1"),
        ),
        (
            b"PROXY TCP6 2001:db8::1 ::1 4711 443\r\n".to_vec(),
            whole("2001:db8::1"),
        ),
        (
            b"PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n".to_vec(),
            whole("192.0.2.1"),
        ),
        (b"PROXY UNKNOWN\r\n".to_vec(), Arrived::Whole(None)),
        (
            b"PROXY UNKNOWN ff::1 ff::2 1 2\r\n".to_vec(),
            Arrived::Whole(None),
        ),
        (v2(0x21, 0x11, 12, &IPV4), whole("192.0.2.1")),
        (v2(0x21, 0x11, 18, &extra), whole("192.0.2.1")),
        (v2(0x21, 0x21, 36, &v6), whole("2001:db8::1")),
        (v2(0x20, 0x00, 0, &[]), Arrived::Whole(None)),
        (v2(0x20, 0x11, 12, &IPV4), Arrived::Whole(None)),
        (v2(0x21, 0x00, 0, &[]), Arrived::Whole(None)),
        (v2(0x21, 0x31, 216, &[7; 216]), Arrived::Whole(None)),
    ] {
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        assert_eq!(told(&bytes), Ok(expected), "{shown}");
        for end in 1..bytes.len() {
            assert_eq!(told(&bytes[..end]), Ok(Arrived::Part), "{shown}, {end} bytes");
        }
        let with_more = [&bytes[..], b"GET / HTTP/1.1\r\n\r\n"].concat();
        assert_eq!(belonging(&with_more), bytes.len(), "{shown}");
    }
}

#[test]
fn what_is_no_header_is_known_for_it_before_much_was_read() {
    for bytes in [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        b"POST / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.1 10.0.0.1 4711\r\n".to_vec(),
        b"PROXY TCP4 2001:db8::1 ::1 4711 443\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.1 10.0.0.1 4711 99999\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.1 10.0.0.1 4711 443\n\n".to_vec(),
        [b"PROXY UNKNOWN ".as_slice(), &[b'x'; 200]].concat(),
        b"\r\n\r\n\0\r\nQUIT\nxxxxxxxxxxxxxx".to_vec(),
        v2(0x31, 0x11, 12, &IPV4),
        v2(0x22, 0x11, 12, &IPV4),
        v2(0x21, 0x11, 4, &[192, 0, 2, 1]),
        v2(0x21, 0x21, 12, &IPV4),
        v2(0x21, 0x13, 12, &IPV4),
        v2(0x21, 0x11, u16::MAX, &[0; MOST]),
    ] {
        let mut bytes = bytes;
        bytes.truncate(MOST);
        assert_eq!(told(&bytes), Err(NoHeader), "{}", String::from_utf8_lossy(&bytes));
    }
}

/// Found by letting the target run: numbers may begin with zeros, and a header that is longer than the standard allows was
/// read if it came at once, and refused if it came in pieces.
#[test]
fn a_header_of_version_1_that_is_too_long_is_refused_however_it_comes() {
    let line = |zeros: usize| format!("PROXY TCP4 193.0.2.1 92.0.2.2 {}234 80\r\n", "0".repeat(zeros));
    let longest = line(107 - line(0).len());
    assert!(matches!(told(longest.as_bytes()), Ok(Arrived::Whole(_))));
    decoders::proxy_header(longest.as_bytes());
    let too_long = line(108 - line(0).len());
    assert_eq!(told(too_long.as_bytes()), Err(NoHeader));
    decoders::proxy_header(too_long.as_bytes());
}

/// The fuzz target, on a fixed walk.
#[test]
fn any_bytes_at_all() {
    let corpus = [
        b"PROXY TCP4 192.0.2.1 10.0.0.1 4711 443\r\nGET / HTTP/1.1\r\n\r\n".to_vec(),
        b"PROXY TCP6 2001:db8::1 ::1 4711 443\r\n".to_vec(),
        b"PROXY UNKNOWN\r\n".to_vec(),
        v2(0x21, 0x11, 12, &IPV4),
        v2(0x20, 0x00, 0, b"GET / HTTP/1.1\r\n"),
        v2(0x21, 0x21, 36, &[1; 40]),
    ];
    walk::walk(20_000, &corpus, decoders::proxy_header);
}
