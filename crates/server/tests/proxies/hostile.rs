//! What a listener with `proxy_protocol` does with whatever else comes in.

use super::common::Server;
use super::{CLIENT, server};
use serde_json::json;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// The client is a trusted proxy itself.
fn listening() -> Server {
    server(CLIENT).set("proxy_protocol", "true").start()
}

/// What comes back after these bytes, and how long it took until the end.
fn answer(server: &Server, pieces: &[&[u8]], pause: Duration) -> (String, Duration) {
    let started = Instant::now();
    let mut stream = TcpStream::connect(server.public).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    for piece in pieces {
        // It may have been shut already.
        if stream.write_all(piece).is_err() {
            break;
        }
        std::thread::sleep(pause);
    }
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    (String::from_utf8_lossy(&bytes).into_owned(), started.elapsed())
}

fn log_in(server: &Server) -> Vec<u8> {
    let name = server.user(&[]);
    let body = json!({"username": name, "password": format!("pass phrase of {name}")}).to_string();
    format!(
        "POST /auth/login HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 6.6.6.6\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

#[test]
fn headers_are_taken_in_whatever_pieces_they_come_and_nothing_after_them_is_lost() {
    let server = listening();
    let v2 = [
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c".as_slice(),
        &[192, 0, 2, 9, 127, 0, 0, 1, 0x12, 0x34, 0, 80],
    ]
    .concat();
    for (header, ip) in [
        (
            b"PROXY TCP4 192.0.2.9 127.0.0.1 4711 80\r\n".to_vec(),
            "192.0.2.9",
        ),
        (b"PROXY TCP6 2001:db8::9 ::1 4711 80\r\n".to_vec(), "2001:db8::9"),
        (v2, "192.0.2.9"),
    ] {
        let request = log_in(&server);
        let shown = String::from_utf8_lossy(&header).into_owned();
        let whole = [&header[..], &request[..]].concat();
        let (told, _) = answer(&server, &[&whole], Duration::ZERO);
        assert!(told.contains(&format!("\"ip\":\"{ip}\"")), "{shown}: {told}");
        let whole = [&header[..], &log_in(&server)[..]].concat();
        let pieces: Vec<&[u8]> = whole.chunks(whole.len().div_ceil(20)).collect();
        let (told, _) = answer(&server, &pieces, Duration::from_millis(10));
        assert!(told.contains(&format!("\"ip\":\"{ip}\"")), "{shown}: {told}");
    }
}

#[test]
fn who_speaks_for_itself_is_the_peer() {
    let server = listening();
    for header in [
        b"PROXY UNKNOWN\r\n".to_vec(),
        b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n".to_vec(),
        b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0".to_vec(),
    ] {
        let whole = [&header[..], &log_in(&server)[..]].concat();
        let (told, _) = answer(&server, &[&whole], Duration::ZERO);
        // It is a trusted proxy, so its headers count as ever.
        assert!(told.contains("\"ip\":\"6.6.6.6\""), "{told}");
    }
}

#[test]
fn a_proxy_that_sends_no_header_gets_no_answer() {
    let server = listening();
    let endless = [b"PROXY TCP4 ".as_slice(), &vec![b'1'; 100_000]].concat();
    let too_long = [
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff".as_slice(),
        &vec![0; 70_000],
    ]
    .concat();
    let hostile: [&[u8]; 7] = [
        &log_in(&server),
        b"PROXY TCP4 192.0.2.9 127.0.0.1 4711\r\nGET / HTTP/1.1\r\n\r\n",
        b"PROXY TCP4 localhost 127.0.0.1 4711 80\r\nGET / HTTP/1.1\r\n\r\n",
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x01\x01GET / HTTP/1.1\r\n\r\n",
        b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        &endless,
        &too_long,
    ];
    for bytes in hostile {
        let (told, took) = answer(&server, &[bytes], Duration::ZERO);
        assert_eq!(told, "");
        assert!(took < Duration::from_secs(2), "{took:?}");
    }
    assert!(server.log().contains("without a PROXY protocol header"));
}

/// Nobody but a trusted proxy can say with such a header who it is.
#[test]
fn a_header_from_anybody_else_is_no_request() {
    let server = server("127.0.0.2").set("proxy_protocol", "true").start();
    let header = b"PROXY TCP4 192.0.2.9 127.0.0.1 4711 80\r\n";
    let whole = [header, &log_in(&server)[..]].concat();
    let (told, _) = answer(&server, &[&whole], Duration::ZERO);
    assert!(told.starts_with("HTTP/1.1 400"), "{told}");
}

#[test]
fn a_slow_header_is_not_waited_for() {
    let server = listening();
    std::thread::scope(|scope| {
        for pieces in [
            vec![b"PROXY ".as_slice()],
            vec![b"".as_slice()],
            b"PROXY TCP4 192.0.2.9".chunks(1).collect(),
        ] {
            let server = &server;
            scope.spawn(move || {
                let (told, took) = answer(server, &pieces, Duration::from_millis(400));
                assert_eq!(told, "");
                assert!(took < Duration::from_secs(9), "{took:?}");
            });
        }
        // Others are served meanwhile.
        let asked = Instant::now();
        let header = b"PROXY TCP4 192.0.2.9 127.0.0.1 1 2\r\nGET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        let (told, _) = answer(&server, &[header], Duration::ZERO);
        assert!(told.starts_with("HTTP/1.1 200"), "{told}");
        assert!(asked.elapsed() < Duration::from_secs(2));
    });
}
