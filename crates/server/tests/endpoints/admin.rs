//! The admin API, and that nothing of it is where browsers come in.

use crate::common::{ADMIN_KEY, Ask, Setup, shared};
use serde_json::json;

const REQUESTS: [(&str, &str); 10] = [
    ("POST", "/admin/v1/sessions"),
    ("POST", "/admin/v1/introspect"),
    ("GET", "/admin/v1/sessions?subject=x"),
    ("DELETE", "/admin/v1/sessions/AAAAAAAAAAAAAAAAAAAAAA"),
    ("DELETE", "/admin/v1/subjects/x/sessions"),
    ("GET", "/admin/v1/events"),
    ("GET", "/admin/v1/stats"),
    ("GET", "/admin/v1/policy"),
    ("GET", "/metrics"),
    ("GET", "/console"),
];

#[test]
fn req_48_nothing_of_it_is_on_the_public_listener() {
    let server = shared();
    for (method, path) in REQUESTS {
        let ask =
            Ask::new(server.public, method, path).header("Authorization", format!("Bearer {ADMIN_KEY}"));
        ask.json(&json!({ "token": "x", "subject": "x", "auth": ["password"] }))
            .send()
            .problem(404, "NOT_FOUND");
    }
    for path in [
        "/admin",
        "/admin/",
        "/admin/v1",
        "/console/",
        "/console/login",
        "//admin/v1/stats",
        "/./metrics",
        "/metrics/",
    ] {
        Ask::new(server.public, "GET", path)
            .header("Authorization", format!("Bearer {ADMIN_KEY}"))
            .send()
            .problem(404, "NOT_FOUND");
    }
    // Nor the other way round.
    for path in ["/auth/login", "/auth/whoami", "/account", "/authz/forward-auth"] {
        Ask::new(server.admin, "GET", path)
            .send()
            .problem(404, "NOT_FOUND");
    }
}

#[test]
fn req_48_a_key_is_needed_for_everything_but_the_consoles_own_log_in() {
    let server = shared();
    for (method, path) in REQUESTS.into_iter().filter(|(_, path)| *path != "/console") {
        for header in [
            None,
            Some(""),
            Some("Bearer"),
            Some("Bearer "),
            Some(ADMIN_KEY),
            Some("Basic eDp5"),
        ] {
            let mut ask = Ask::new(server.admin, method, path).text("application/json", "{}");
            if let Some(header) = header {
                ask = ask.header("Authorization", header);
            }
            let answer = ask.send().problem(401, "INVALID_CREDENTIALS");
            assert!(
                answer.header("www-authenticate").unwrap().starts_with("Bearer"),
                "{answer:#?}"
            );
        }
    }
    for header in [
        format!("bearer {ADMIN_KEY}"),
        format!("Bearer {ADMIN_KEY}"),
        format!("Bearer  {ADMIN_KEY} "),
    ] {
        Ask::new(server.admin, "GET", "/admin/v1/stats")
            .header("Authorization", header)
            .send()
            .is(200);
    }
    // Requirement 104: never in the URL, where logs keep it.
    Ask::new(
        server.admin,
        "GET",
        &format!("/admin/v1/stats?access_token={}", ADMIN_KEY.replace(' ', "%20")),
    )
    .send()
    .problem(401, "INVALID_CREDENTIALS");
}

#[test]
fn wrong_keys_are_throttled_by_address_and_good_ones_elsewhere_are_not() {
    let server = Setup::default().start();
    let wrong = |ip: &str, key: &str| {
        Ask::new(server.admin, "GET", "/admin/v1/stats")
            .header("Authorization", format!("Bearer {key}"))
            .header("X-Forwarded-For", ip)
            .send()
    };
    let answers: Vec<u16> = (0..30)
        .map(|n| wrong("203.0.113.9", &format!("guess {n}")).status)
        .collect();
    assert!(answers[..5].iter().all(|status| *status == 401), "{answers:?}");
    assert!(answers[20..].iter().all(|status| *status == 429), "{answers:?}");
    wrong("203.0.113.9", "one more").problem(429, "RATE_LIMITED");
    wrong("203.0.113.10", ADMIN_KEY).is(200);
    // Who sends no key at all is not guessing.
    for _ in 0..30 {
        let ask = Ask::new(server.admin, "GET", "/admin/v1/stats").header("X-Forwarded-For", "203.0.113.11");
        ask.send().problem(401, "INVALID_CREDENTIALS");
    }
}

#[test]
fn without_a_configured_key_nobody_gets_in() {
    let server = Setup::bare().set("public_url", "https://app.example.com").start();
    for key in ["", "x", ADMIN_KEY] {
        Ask::new(server.admin, "GET", "/admin/v1/stats")
            .header("Authorization", format!("Bearer {key}"))
            .send()
            .problem(401, "INVALID_CREDENTIALS");
    }
}

#[test]
fn an_application_opens_a_session_for_somebody_it_has_checked_itself() {
    let server = shared();
    let answer = server
        .admin("POST", "/admin/v1/sessions")
        .json(&json!({
            "subject": "carol of elsewhere",
            "auth": ["password", "otp"],
            "roles": ["buyer"],
            "client": { "ip": "2001:db8::7", "user_agent": crate::common::Browser::new(server.public, "").agent },
            "data": { "cart": [1, 2, 3] },
        }))
        .send()
        .is(201);
    let json = answer.json();
    let token = json["token"].as_str().unwrap();
    crate::log_in::is_session(&json["session"]);
    assert_eq!(json["session"]["ip"], "2001:db8::7");
    assert_eq!(json["session"]["auth"], json!(["otp", "password"]));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.all("set-cookie"), Vec::<&str>::new());
    let browser = server.browser();
    browser.set_cookie("__Host-sid", token);
    let whoami = browser.get("/auth/whoami").is(200).json();
    assert_eq!(whoami["subject"], "carol of elsewhere");
    assert_eq!(whoami["roles"], json!(["buyer"]));

    let introspect = |token: &str| {
        let ask = server
            .admin("POST", "/admin/v1/introspect")
            .json(&json!({ "token": token }));
        ask.send().is(200)
    };
    let json = introspect(token).json();
    assert_eq!(json["active"], true);
    assert_eq!(json["subject"], "carol of elsewhere");
    assert_eq!(json["data"], json!({ "cart": [1, 2, 3] }));
    crate::log_in::is_session(&json["session"]);
    // Requirement 57: everything else is exactly the same.
    browser.go(&browser.ask("POST", "/auth/logout")).is(204);
    for dead in [
        token,
        "",
        "x",
        &"A".repeat(44),
        &"A".repeat(5000),
        "\u{0}",
        "'; --",
    ] {
        let answer = introspect(dead);
        assert_eq!(answer.body, r#"{"active":false}"#);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

#[test]
fn introspection_is_no_use_of_the_session() {
    let server = Setup::default().set("policy.idle_timeout", "2s").start();
    let name = server.user(&[]);
    let browser = server.logged_in(&name);
    let token = browser.token().unwrap();
    let introspect = || {
        let ask = server
            .admin("POST", "/admin/v1/introspect")
            .json(&json!({ "token": token }));
        ask.send().is(200).json()["active"] == true
    };
    assert!(introspect());
    crate::common::until("requirement 37: polling keeps nobody logged in", || !introspect());
    assert!(!browser.is_logged_in());
}

#[test]
fn req_47_operators_see_and_end_sessions() {
    let server = shared();
    let (name, other) = (server.user(&[]), server.user(&[]));
    let browsers: Vec<_> = (0..3).map(|_| server.logged_in(&name)).collect();
    let control = server.logged_in(&other);
    let answer = server
        .admin("GET", &format!("/admin/v1/sessions?subject={name}"))
        .send()
        .is(200);
    let json = answer.json();
    let sessions = json["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 3);
    sessions.iter().for_each(crate::log_in::is_session);
    browsers
        .iter()
        .for_each(|browser| assert!(!answer.body.contains(&browser.token().unwrap())));

    let id = browsers[0].session_id();
    let end = |path: &str| server.admin("DELETE", path).send();
    assert_eq!(
        end(&format!("/admin/v1/sessions/{id}?settled=true")).is(204).body,
        ""
    );
    assert!(!browsers[0].is_logged_in());
    for gone in [&id, "nonsense", "AAAAAAAAAAAAAAAAAAAAAA", "%ff", "%00"] {
        end(&format!("/admin/v1/sessions/{gone}")).problem(404, "NOT_FOUND");
    }
    let answer = end(&format!("/admin/v1/subjects/{name}/sessions?settled=true")).is(200);
    assert_eq!(answer.json(), json!({ "ended": 2 }));
    browsers
        .iter()
        .for_each(|browser| assert!(!browser.is_logged_in()));
    assert_eq!(
        end("/admin/v1/subjects/nobody/sessions").is(200).json(),
        json!({ "ended": 0 })
    );
    end("/admin/v1/subjects/a%0Ab/sessions").problem(400, "BAD_REQUEST");
    assert!(control.is_logged_in());
    let ended: Vec<_> = server
        .events(&name)
        .into_iter()
        .filter(|event| event["kind"] == "closed")
        .collect();
    assert_eq!(ended.len(), 3);
    for event in ended {
        assert_eq!(event["reason"], "revoked");
        assert!(
            event["actor"].as_str().unwrap().starts_with("operator:"),
            "{event}"
        );
        assert!(!event.to_string().contains(ADMIN_KEY));
    }
    // All sessions, a stretch at a time.
    let all = server.admin("GET", "/admin/v1/sessions").send().is(200).json();
    assert!(
        all["sessions"]
            .as_array()
            .unwrap()
            .iter()
            .any(|row| row["subject"] == other),
        "{all:#}"
    );
}

#[test]
fn what_settled_does_not_understand_ends_nothing() {
    let server = shared();
    let name = server.user(&[]);
    let browser = server.logged_in(&name);
    let one = format!("/admin/v1/sessions/{}", browser.session_id());
    let all = format!("/admin/v1/subjects/{name}/sessions");
    for path in [&one, &all] {
        for query in [
            "settled=yes",
            "settled=1",
            "settled=",
            "settled",
            "settled=true&settled=true",
        ] {
            let answer = server.admin("DELETE", &format!("{path}?{query}")).send();
            let answer = answer.problem(400, "BAD_REQUEST");
            assert!(
                answer.json()["detail"].as_str().unwrap().contains("settled"),
                "{answer:#?}"
            );
        }
    }
    assert!(browser.is_logged_in());
    server
        .admin("DELETE", &format!("{one}?settled=false"))
        .send()
        .is(204);
    assert!(!browser.is_logged_in());
}

#[test]
fn numbers_about_the_whole() {
    let server = Setup::default().set("policy.idle_timeout", "7m").start();
    let name = server.user(&[]);
    let _browsers: Vec<_> = (0..2).map(|_| server.logged_in(&name)).collect();
    server.browser().try_log_in(&name, "wrong wrong").is(401);
    let stats = server.admin("GET", "/admin/v1/stats").send().is(200).json();
    assert_eq!(stats["sessions"], 2, "{stats}");
    assert!(stats["store"].as_str().unwrap().starts_with("sqlite"), "{stats}");
    assert_eq!(stats["version"], env!("CARGO_PKG_VERSION"));
    let policy = server.admin("GET", "/admin/v1/policy").send().is(200).json();
    assert_eq!(policy["idle_timeout"], "7m", "requirement 40: {policy}");
    assert_eq!(policy["absolute_timeout"], "8h");

    let metrics = server.admin("GET", "/metrics").send().is(200);
    assert_eq!(
        metrics.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    let mut values = std::collections::BTreeMap::new();
    let mut typed = std::collections::BTreeSet::new();
    assert!(metrics.body.ends_with('\n'));
    for line in metrics.body.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let mut words = comment.splitn(3, ' ');
            let (kind, name, rest) = (
                words.next().unwrap(),
                words.next().unwrap(),
                words.next().unwrap(),
            );
            match kind {
                "HELP" => assert!(!rest.is_empty()),
                "TYPE" => {
                    assert!(["counter", "gauge"].contains(&rest), "{line}");
                    assert!(typed.insert(name.to_owned()), "declared twice: {name}");
                }
                _ => panic!("{line}"),
            }
            continue;
        }
        let (name, value) = line.split_once(' ').unwrap();
        assert!(typed.contains(name), "no TYPE before {name}");
        assert!(
            name.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'),
            "{name}"
        );
        values.insert(name.to_owned(), value.parse::<f64>().unwrap());
    }
    let is =
        |name: &str, value: u32| assert_eq!(values.get(name), Some(&f64::from(value)), "{name}: {values:#?}");
    is("cloakroom_sessions", 2);
    is("cloakroom_store_up", 1);
    is("cloakroom_logins_total", 2);
    is("cloakroom_login_failures_total", 1);
    is("cloakroom_requests_total", 3);
}
