//! `/authz/…`: what proxies ask.

use crate::common::{Answer, Ask, Setup, shared};
use std::time::Duration;

const IDENTITY: [&str; 4] = ["remote-user", "remote-roles", "x-session-id", "authorization"];

#[track_caller]
fn uncached(answer: &Answer) {
    assert_eq!(
        answer.all("cache-control"),
        ["no-store"],
        "requirement 88: {answer:#?}"
    );
    let vary = answer.all("vary").join(", ").to_ascii_lowercase();
    assert!(
        vary.contains("cookie") && vary.contains("authorization"),
        "requirement 88: {vary}"
    );
}

#[track_caller]
fn denied(answer: Answer, status: u16) -> Answer {
    assert_eq!(answer.status, status, "{answer:#?}");
    for name in IDENTITY {
        assert_eq!(answer.header(name), None, "requirement 83: {answer:#?}");
    }
    uncached(&answer);
    answer
}

#[test]
fn who_is_logged_in_passes_with_their_identity() {
    let server = shared();
    let name = server.user(&["admin", "billing"]);
    let browser = server.logged_in(&name);
    let id = browser.session_id();
    for (method, path) in [
        ("GET", "/authz/auth-request"),
        ("HEAD", "/authz/auth-request"),
        ("GET", "/authz/forward-auth"),
        ("HEAD", "/authz/forward-auth"),
        ("POST", "/authz/forward-auth"),
        ("PUT", "/authz/forward-auth"),
        ("DELETE", "/authz/forward-auth"),
        ("PATCH", "/authz/forward-auth"),
        ("OPTIONS", "/authz/forward-auth"),
        ("PROPFIND", "/authz/forward-auth"),
    ] {
        // What the client itself calls these headers has no say.
        let ask = browser
            .ask(method, path)
            .header("Remote-User", "root")
            .header("Remote-Roles", "root");
        let answer = ask.header("Origin", "https://evil.example").send().is(200);
        assert_eq!(answer.all("remote-user"), [&name], "{method} {path}");
        assert_eq!(answer.all("remote-roles"), ["admin,billing"]);
        assert_eq!(answer.all("x-session-id"), [&id]);
        assert_eq!(answer.body, "");
        assert_eq!(answer.all("set-cookie"), Vec::<&str>::new());
        uncached(&answer);
    }
    // Requirement 86: a WebSocket's handshake is a request like others.
    let upgrade = |ask: Ask| ask.header("Connection", "Upgrade").header("Upgrade", "websocket");
    upgrade(browser.ask("GET", "/authz/forward-auth")).send().is(200);
    denied(
        upgrade(server.browser().ask("GET", "/authz/forward-auth")).send(),
        401,
    );
}

#[test]
fn names_beyond_ascii_go_as_utf_8() {
    let server = shared();
    server.add("zoë müller", &[]);
    let browser = server.logged_in("zoë müller");
    let answer = browser.get("/authz/forward-auth").is(200);
    assert_eq!(answer.header("remote-user"), Some("zoë müller"));
    assert_eq!(answer.header("remote-roles"), Some(""));
}

#[test]
fn auth_request_denies_with_401_and_the_way_in_and_never_redirects() {
    let server = shared();
    let browser = server.browser();
    for ask in [
        browser.ask("GET", "/authz/auth-request"),
        browser
            .ask("GET", "/authz/auth-request")
            .header("Accept", "text/html")
            .header("Sec-Fetch-Mode", "navigate"),
        browser
            .ask("GET", "/authz/auth-request")
            .header("Remote-User", "root")
            .header("X-Session-Id", "x"),
        browser.ask("HEAD", "/authz/auth-request"),
    ] {
        let answer = denied(ask.send(), 401);
        assert_eq!(
            answer.header("location"),
            Some("https://app.example.com/auth/login")
        );
        assert!(answer.header("www-authenticate").is_some());
    }
    for (headers, rd) in [
        (vec![("X-Original-URI", "/orders?page=2")], "/orders%3Fpage%3D2"),
        (
            vec![("X-Original-URL", "https://app.example.com/orders")],
            "/orders",
        ),
        (
            vec![
                ("X-Forwarded-Uri", "/a"),
                ("X-Forwarded-Proto", "https"),
                ("X-Forwarded-Host", "app.example.com"),
            ],
            "/a",
        ),
    ] {
        let ask = browser.ask("GET", "/authz/auth-request");
        let ask = headers
            .iter()
            .fold(ask, |ask, (name, value)| ask.header(name, value));
        let answer = denied(ask.send(), 401);
        assert_eq!(
            answer.header("location").unwrap(),
            format!("https://app.example.com/auth/login?rd={rd}")
        );
    }
    // A proxy that was told nonsense leads nobody astray.
    for (name, value) in [
        ("X-Original-URL", "https://evil.example/"),
        ("X-Original-URI", "//evil.example"),
        ("X-Forwarded-Uri", "/\\evil.example"),
    ] {
        let answer = denied(
            browser
                .ask("GET", "/authz/auth-request")
                .header(name, value)
                .send(),
            401,
        );
        assert_eq!(
            answer.header("location"),
            Some("https://app.example.com/auth/login")
        );
    }
}

#[test]
fn req_87_forward_auth_redirects_people_and_tells_programs() {
    let server = shared();
    let browser = server.browser();
    let ask = |method: &str| {
        browser
            .ask(method, "/authz/forward-auth")
            .header("X-Forwarded-Method", "GET")
            .header("X-Forwarded-Proto", "https")
            .header("X-Forwarded-Host", "app.example.com")
            .header("X-Forwarded-Uri", "/orders?page=2&x=%2F")
    };
    let rd = "https://app.example.com/auth/login?rd=/orders%3Fpage%3D2%26x%3D%252F";
    for person in [
        ask("GET").header("Sec-Fetch-Mode", "navigate"),
        ask("GET").header("Accept", "text/html,application/xhtml+xml"),
    ] {
        let answer = denied(person.send(), 303);
        assert_eq!(answer.see_other(), rd);
    }
    for program in [
        ask("GET"),
        ask("GET").header("Accept", "application/json"),
        ask("GET")
            .header("Sec-Fetch-Mode", "cors")
            .header("Accept", "text/html"),
        ask("OPTIONS"),
        ask("POST"),
    ] {
        denied(program.send(), 401).problem(401, "NO_SESSION");
    }
}

#[test]
fn req_84_what_is_forwarded_is_believed_only_from_trusted_proxies() {
    let server = Setup::default().set("trusted_proxies", "192.0.2.0/24").start();
    let name = server.user(&[]);
    let browser = server.browser();
    let answer = browser.log_in(&name).is(200);
    assert_eq!(answer.json()["session"]["ip"], "127.0.0.1", "requirement 69");
    for (name, value) in [
        ("X-Original-URI", "/orders"),
        ("X-Original-URL", "https://app.example.com/orders"),
        ("X-Forwarded-Uri", "/orders"),
    ] {
        let answer = server
            .browser()
            .ask("GET", "/authz/auth-request")
            .header(name, value)
            .send();
        let answer = denied(answer, 401);
        assert_eq!(
            answer.header("location"),
            Some("https://app.example.com/auth/login"),
            "{name}"
        );
    }
}

#[test]
fn freshness_and_roles_can_be_asked_for() {
    let server = shared();
    let name = server.user(&["billing", "staff"]);
    let browser = server.logged_in(&name);
    for path in ["/authz/auth-request", "/authz/forward-auth"] {
        let ask = |query: &str| browser.ask("GET", &format!("{path}?{query}")).send();
        for query in [
            "role=billing",
            "role=billing&role=staff",
            "max_age=300",
            "max_age=300&role=staff",
            "",
        ] {
            ask(query).is(200);
        }
        for query in [
            "role=admin",
            "role=billing&role=admin",
            "max_age=300&role=admin",
            "role=Billing",
            "role=billing,staff",
        ] {
            denied(ask(query), 403).problem(403, "FORBIDDEN");
        }
        // A misspelt condition must not let everybody in.
        for query in [
            "roles=billing",
            "role",
            "role=",
            "max_age=",
            "max_age=5m",
            "max_age=-1",
            "max-age=300",
            "MAX_AGE=300",
            "x=y",
            "max_age=99999999999999999999999",
            "role=billing&",
            "=",
        ] {
            let answer = ask(query);
            if query == "role=billing&" {
                answer.is(200);
                continue;
            }
            let nginx = path.ends_with("auth-request");
            let (status, code) = if nginx {
                (403, "FORBIDDEN")
            } else {
                (400, "BAD_REQUEST")
            };
            let answer = denied(answer, status).problem(status, code);
            assert!(
                answer.json()["detail"]
                    .as_str()
                    .unwrap()
                    .contains("max_age and role"),
                "{answer:#?}"
            );
        }
    }
    std::thread::sleep(Duration::from_millis(1100));
    let answer = denied(browser.ask("GET", "/authz/auth-request?max_age=1").send(), 401);
    assert_eq!(
        answer.header("location"),
        Some("https://app.example.com/auth/step-up")
    );
    let challenge = answer.header("www-authenticate").unwrap().to_owned();
    assert!(
        challenge.contains("insufficient_user_authentication") && challenge.contains("max_age=1"),
        "{challenge}"
    );
    let answer = denied(browser.ask("GET", "/authz/forward-auth?max_age=1").send(), 401);
    answer.problem(401, "STEP_UP_REQUIRED");
    let person = browser
        .ask("GET", "/authz/forward-auth?max_age=1")
        .header("Sec-Fetch-Mode", "navigate");
    assert_eq!(
        denied(person.send(), 303).see_other(),
        "https://app.example.com/auth/step-up"
    );
    browser.step_up(&name).is(200);
    browser.get("/authz/auth-request?max_age=1").is(200);
}

#[test]
fn req_88_each_answer_is_of_its_own_cookie() {
    let server = shared();
    let (one, other) = (server.user(&[]), server.user(&["admin"]));
    let (a, b) = (server.logged_in(&one), server.logged_in(&other));
    for _ in 0..3 {
        assert_eq!(
            a.get("/authz/forward-auth").header("remote-user"),
            Some(one.as_str())
        );
        assert_eq!(
            b.get("/authz/forward-auth").header("remote-user"),
            Some(other.as_str())
        );
        denied(server.browser().get("/authz/forward-auth"), 401);
    }
    a.post("/auth/logout", &serde_json::json!({})).is(204);
    denied(a.get("/authz/forward-auth"), 401);
}

#[test]
fn req_90_a_renewed_token_reaches_the_browser_through_the_proxy() {
    let server = Setup::default().set("policy.renew_after", "1s").start();
    let name = server.user(&[]);
    for path in ["/authz/auth-request", "/authz/forward-auth"] {
        let browser = server.logged_in(&name);
        let before = browser.token();
        std::thread::sleep(Duration::from_millis(1100));
        let answer = browser.get(path).is(200);
        assert_eq!(
            answer.all("set-cookie").len(),
            1,
            "nginx copies only the first one"
        );
        assert_ne!(browser.token(), before);
        browser.get(path).is(200);
    }
}
