//! Headers of every answer, and too many of them in requests.

use crate::common::{Ask, Setup, shared};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

#[test]
fn req_22_81_every_answer_is_kept_from_frames_caches_and_other_origins() {
    let server = shared();
    let name = server.user(&[]);
    let browser = server.logged_in(&name);
    for (method, path) in [
        ("GET", "/auth/login"),
        ("GET", "/auth/whoami"),
        ("GET", "/auth/sessions"),
        ("GET", "/account"),
        ("GET", "/nowhere"),
        ("GET", "/auth/step-up"),
        ("GET", "/account/password"),
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("PUT", "/auth/login"),
        ("GET", "/authz/forward-auth"),
        ("GET", "/authz/auth-request"),
        ("POST", "/auth/logout"),
        ("GET", "/auth/whoami"),
    ] {
        let answer = browser.ask(method, path).header("Accept", "text/html").send();
        let is =
            |name: &str, value: &str| assert_eq!(answer.header(name), Some(value), "{path}: {answer:#?}");
        is("x-content-type-options", "nosniff");
        is("x-frame-options", "DENY");
        is("cache-control", "no-store");
        is("cross-origin-resource-policy", "same-origin");
        is("cross-origin-opener-policy", "same-origin");
        is("strict-transport-security", "max-age=31536000");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
        let referrer = answer.header("referrer-policy").unwrap();
        assert!(["same-origin", "no-referrer"].contains(&referrer), "{referrer}");
        assert_eq!(answer.header("server"), None, "requirement 23: no names");
        // A header twice is a header that nobody knows the value of.
        for name in [
            "cache-control",
            "content-security-policy",
            "content-type",
            "x-frame-options",
        ] {
            assert!(answer.all(name).len() <= 1, "{path}: {answer:#?}");
        }
    }
}

#[test]
fn no_hsts_over_plain_http() {
    let server = Setup::bare().flag("--dev").start();
    let answer = Ask::new(server.public, "GET", "/auth/login").send().is(200);
    assert_eq!(answer.header("strict-transport-security"), None);
}

#[test]
fn a_hundred_cookies_are_fine_and_64_kilobytes_are_431() {
    let server = shared();
    let name = server.user(&[]);
    let browser = server.logged_in(&name);
    let token = browser.token().unwrap();
    let many: Vec<String> = (0..100).map(|n| format!("cookie{n}=value")).collect();
    let cookie = format!("{}; __Host-sid={token}", many.join("; "));
    browser
        .ask("GET", "/auth/whoami")
        .replace("Cookie", cookie)
        .send()
        .is(200);
    browser
        .ask("GET", "/auth/whoami")
        .header("X-Large", "x".repeat(30_000))
        .send()
        .is(200);
    for ask in [
        Ask::new(server.public, "GET", "/auth/whoami").header("X-Large", "x".repeat(64 * 1024)),
        Ask::new(server.public, "GET", "/auth/whoami").header("X-Large", "x".repeat(1024 * 1024)),
        (0..200).fold(Ask::new(server.public, "GET", "/auth/whoami"), |ask, n| {
            ask.header(&format!("X-{n}"), "x")
        }),
        Ask::new(server.admin, "GET", "/metrics").header("X-Large", "x".repeat(64 * 1024)),
    ] {
        ask.send().is(431);
    }
    let long = format!("/auth/whoami?{}", "x".repeat(80_000));
    let answer = Ask::new(server.public, "GET", &long).send();
    assert!(matches!(answer.status, 414 | 431), "{answer:#?}");
    assert!(browser.is_logged_in());
}

#[test]
fn who_does_not_finish_a_request_is_not_waited_for() {
    let server = shared();
    let mut slow: Vec<TcpStream> = [
        "GET /auth/whoami HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        "POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n{",
    ]
    .iter()
    .map(|start| {
        let mut stream = TcpStream::connect(server.public).unwrap();
        stream.write_all(start.as_bytes()).unwrap();
        stream
    })
    .collect();
    let asked = Instant::now();
    server.browser().get("/auth/whoami").problem(401, "NO_SESSION");
    assert!(
        asked.elapsed() < Duration::from_secs(2),
        "others are served meanwhile"
    );
    for stream in &mut slow {
        // A byte now and then buys no time.
        stream.set_read_timeout(Some(Duration::from_secs(25))).unwrap();
        let _ = stream.write_all(b"a");
        let mut rest = Vec::new();
        stream
            .read_to_end(&mut rest)
            .expect("the server ends the connection");
        assert!(asked.elapsed() < Duration::from_secs(25));
        let text = String::from_utf8_lossy(&rest);
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 4"), "{text}");
    }
}
