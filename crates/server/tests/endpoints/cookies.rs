//! What the cookie looks like, and what happens to hostile ones.

use crate::common::{Setup, shared};

fn sorted(cookie: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = cookie.split("; ").collect();
    parts.sort_unstable();
    parts
}

#[test]
fn req_12_the_cookie_is_this_hosts_alone() {
    let server = shared();
    let name = server.user(&[]);
    let browser = server.browser();
    let answer = browser.log_in(&name).is(200);
    assert_eq!(answer.all("set-cookie").len(), 1);
    let token = browser.token().unwrap();
    assert_eq!(token.len(), 44, "contract: 33 bytes as base64url");
    assert_eq!(
        sorted(answer.header("set-cookie").unwrap()),
        [
            "HttpOnly",
            "Path=/",
            "SameSite=Lax",
            "Secure",
            &format!("__Host-sid={token}")
        ]
    );
}

#[test]
fn req_13_a_domain_is_an_opt_in_with_a_warning_and_another_prefix() {
    let server = Setup::default()
        .set("cookie.domain", "example.com")
        .set("cookie.name", "ticket")
        .set("cookie.same_site", "strict")
        .start();
    let name = server.user(&[]);
    let browser = server.browser();
    let answer = browser.log_in(&name).is(200);
    let cookie = answer.header("set-cookie").unwrap();
    let value = sorted(cookie).pop().unwrap().to_owned();
    assert!(value.starts_with("__Secure-ticket="), "{cookie}");
    assert_eq!(
        sorted(cookie)[..5],
        [
            "Domain=example.com",
            "HttpOnly",
            "Path=/",
            "SameSite=Strict",
            "Secure"
        ]
    );
    assert!(browser.is_logged_in());
    let warnings = server
        .log()
        .lines()
        .filter(|line| line.contains("WARN") && line.contains("domain"))
        .count();
    assert_eq!(warnings, 1, "{}", server.log());
    let cleared = browser.go(&browser.ask("POST", "/auth/logout")).is(204);
    let cookie = cleared.header("set-cookie").unwrap();
    assert!(
        cookie.contains("Domain=example.com") && cookie.contains("Max-Age=0"),
        "{cookie}"
    );
}

#[test]
fn req_6_7_a_hostile_cookie_is_the_same_as_none() {
    let server = shared();
    let name = server.user(&[]);
    let browser = server.logged_in(&name);
    let (token, other) = (browser.token().unwrap(), server.logged_in(&name).token().unwrap());
    let good = format!("__Host-sid={token}");
    let stranger = server.browser();
    let none = stranger.get("/auth/whoami").problem(401, "NO_SESSION").timeless();
    let changed = {
        let last = if token.ends_with('A') { "B" } else { "A" };
        format!("__Host-sid={}{last}", &token[..43])
    };
    let table: Vec<Vec<u8>> = [
        "__Host-sid=".to_owned(),
        "__Host-sid".to_owned(),
        "__Host-sid=x".to_owned(),
        format!("__Host-sid={}", "A".repeat(44)),
        format!("__Host-sid={}", "A".repeat(43)),
        format!("__Host-sid={}", "A".repeat(45)),
        format!("__Host-sid={}", "A".repeat(8192)),
        format!("__Host-sid={}", "A".repeat(20_000)),
        "__Host-sid='; DROP TABLE sessions; --".to_owned(),
        format!("__Host-sid=\"{token}\""),
        format!("__Host-sid={token}="),
        format!("__Host-sid=%20{token}"),
        format!(
            "__Host-sid={}",
            token.replace(|c: char| c.is_ascii_alphabetic(), "+")
        ),
        changed,
        format!("__host-sid={token}"),
        format!("__Host-SID={token}"),
        format!("sid={token}"),
        format!("__Secure-sid={token}"),
        format!("__Host-sid2={token}"),
        format!("x__Host-sid={token}"),
        // Two of the same name, both orders, also the same value twice (cookie tossing).
        format!("{good}; __Host-sid={other}"),
        format!("__Host-sid={other}; {good}"),
        format!("{good}; {good}"),
        format!("{good}; __Host-sid="),
        format!("__Host-sid=x; {good}"),
        format!("__Host-sid={token}\u{a0}"),
    ]
    .into_iter()
    .map(String::into_bytes)
    .chain([
        b"__Host-sid=\xff\xfe".to_vec(),
        [good.as_bytes(), b"\xff"].concat(),
    ])
    .collect();
    for cookie in &table {
        let answer = stranger
            .ask("GET", "/auth/whoami")
            .header("Cookie", cookie)
            .send()
            .timeless();
        let mut answer = answer;
        // A browser that holds a useless cookie may be told to drop it; nothing else may differ.
        answer
            .headers
            .retain(|(name, value)| !(name == "set-cookie" && value.contains("Max-Age=0")));
        assert_eq!(answer, none, "{}", String::from_utf8_lossy(cookie));
    }
    let twice = stranger
        .ask("GET", "/auth/whoami")
        .header("Cookie", &good)
        .header("Cookie", &good);
    twice.send().problem(401, "NO_SESSION");
    for bytes in [&b"__Host-sid=a\0b"[..], b"__Host-sid=a\rb"] {
        let answer = stranger.ask("GET", "/auth/whoami").header("Cookie", bytes).send();
        assert!(matches!(answer.status, 400 | 401), "{answer:#?}");
    }
    // What others set beside ours does not matter.
    for cookie in [
        format!("a=b; {good}; c=d"),
        format!("a; {good}"),
        format!(" {good} ;"),
        format!(
            "{}; {good}",
            (0..100).map(|n| format!("c{n}=v")).collect::<Vec<_>>().join("; ")
        ),
    ] {
        stranger
            .ask("GET", "/auth/whoami")
            .header("Cookie", cookie)
            .send()
            .is(200);
    }
    let latin = [b"caf\xe9=\xe9; ", good.as_bytes()].concat();
    stranger
        .ask("GET", "/auth/whoami")
        .header("Cookie", latin)
        .send()
        .is(200);
    assert!(browser.is_logged_in(), "nothing of this did the session any harm");
}

#[test]
fn inv10_malformed_unknown_expired_and_revoked_look_the_same() {
    let server = Setup::default().set("policy.idle_timeout", "1s").start();
    let name = server.user(&[]);
    let (idle, gone) = (server.logged_in(&name), server.logged_in(&name));
    let id = gone.session_id();
    std::thread::sleep(std::time::Duration::from_millis(1100));
    server.admin("DELETE", &format!("/admin/v1/sessions/{id}")).send();
    let unknown = server.browser();
    unknown.set_cookie("__Host-sid", &"A".repeat(44));
    let malformed = server.browser();
    malformed.set_cookie("__Host-sid", "x");
    for path in [
        "/auth/whoami",
        "/authz/forward-auth",
        "/authz/auth-request",
        "/auth/sessions",
    ] {
        let answers: Vec<_> = [&idle, &gone, &unknown, &malformed]
            .map(|browser| {
                browser
                    .ask("GET", path)
                    .send()
                    .problem(401, "NO_SESSION")
                    .timeless()
            })
            .into();
        answers
            .iter()
            .for_each(|answer| assert_eq!(*answer, answers[0], "{path}"));
    }
}
