//! Requests of other sites.

use crate::common::{ORIGIN, shared};
use serde_json::json;

/// Everything on the public listener that changes something.
const UNSAFE: [(&str, &str); 13] = [
    ("POST", "/auth/login"),
    ("POST", "/auth/logout"),
    ("POST", "/auth/logout-others"),
    ("POST", "/auth/logout-everywhere"),
    ("POST", "/auth/step-up"),
    ("POST", "/auth/password"),
    ("DELETE", "/auth/sessions/AAAAAAAAAAAAAAAAAAAAAA"),
    ("POST", "/account/sessions/AAAAAAAAAAAAAAAAAAAAAA/end"),
    ("POST", "/account/sessions/AAAAAAAAAAAAAAAAAAAAAA/disown"),
    ("POST", "/account/logout-others"),
    ("POST", "/account/logout-everywhere"),
    ("POST", "/account/password"),
    ("PATCH", "/nowhere"),
];

#[test]
fn req_72_to_75_the_matrix() {
    let server = shared();
    let name = server.user(&[]);
    let browser = server.logged_in(&name);
    for (method, path) in UNSAFE {
        for site in [
            None,
            Some("same-site"),
            Some("cross-site"),
            Some("none "),
            Some("garbage"),
            Some(""),
        ] {
            for origin in [
                None,
                Some(ORIGIN),
                Some("https://evil.example"),
                Some("null"),
                Some(""),
                Some("http://app.example.com"),
                Some("https://app.example.com:8443"),
                Some("https://app.example.com.evil.example"),
                Some("https://APP.example.com/"),
            ] {
                // Own Origin and no Fetch Metadata is an older browser of ours.
                if site.is_none() && origin == Some(ORIGIN) || site == Some("none ") {
                    continue;
                }
                let mut ask = browser
                    .ask(method, path)
                    .without("Origin")
                    .without("Sec-Fetch-Site");
                ask = site
                    .into_iter()
                    .fold(ask, |ask, site| ask.header("Sec-Fetch-Site", site));
                ask = origin
                    .into_iter()
                    .fold(ask, |ask, origin| ask.header("Origin", origin));
                // What Host says has no say.
                ask = ask
                    .header("X-Forwarded-Host", "evil.example")
                    .text("application/json", "{}");
                let answer = ask.send();
                assert_eq!(
                    answer.all("set-cookie"),
                    Vec::<&str>::new(),
                    "{method} {path} {site:?} {origin:?}"
                );
                answer.problem(403, "CSRF_REJECTED");
            }
        }
        // Fetch Metadata twice, or Origin twice, is nobody's browser.
        browser
            .ask(method, path)
            .header("Sec-Fetch-Site", "cross-site")
            .send()
            .problem(403, "CSRF_REJECTED");
    }
    assert!(browser.is_logged_in());
    assert_eq!(server.kinds(&name), ["opened"], "nothing happened");
}

#[test]
fn own_pages_pass_by_either_header() {
    let server = shared();
    let name = server.user(&[]);
    let password = format!("pass phrase of {name}");
    let body = json!({ "username": name, "password": password });
    for (site, origin) in [
        (Some("same-origin"), Some(ORIGIN)),
        (Some("same-origin"), None),
        (Some("none"), None),
        (None, Some(ORIGIN)),
    ] {
        let browser = server.logged_in(&name);
        let mut ask = browser
            .ask("POST", "/auth/login")
            .without("Origin")
            .without("Sec-Fetch-Site");
        ask = site
            .into_iter()
            .fold(ask, |ask, site| ask.header("Sec-Fetch-Site", site));
        ask = origin
            .into_iter()
            .fold(ask, |ask, origin| ask.header("Origin", origin));
        ask.json(&body).send().is(200);
    }
    // A program without a cookie has no ambient authority to abuse.
    let program = server.browser();
    let ask = program
        .ask("POST", "/auth/login")
        .without("Origin")
        .without("Sec-Fetch-Site");
    ask.json(&body).send().is(200);
}

#[test]
fn req_73_a_cookie_with_neither_header_is_refused() {
    let server = shared();
    let name = server.user(&[]);
    let browser = server.logged_in(&name);
    for cookie in [
        browser.token().unwrap(),
        "A".repeat(44),
        "x".to_owned(),
        String::new(),
    ] {
        browser
            .ask("POST", "/auth/logout")
            .without("Origin")
            .without("Sec-Fetch-Site")
            .replace("Cookie", format!("__Host-sid={cookie}"))
            .send()
            .problem(403, "CSRF_REJECTED");
    }
}

#[test]
fn req_77_a_log_in_from_another_site_is_refused_and_told() {
    let server = shared();
    let name = server.user(&[]);
    let browser = server.browser();
    let fields = [
        ("username", name.as_str()),
        ("password", &format!("pass phrase of {name}")),
    ];
    let ask = browser.ask("POST", "/auth/login").form(&fields);
    let ask = ask
        .replace("Origin", "https://evil.example")
        .replace("Sec-Fetch-Site", "cross-site");
    let answer = ask.send().problem(403, "CSRF_REJECTED");
    assert_eq!(answer.all("set-cookie"), Vec::<&str>::new());
    // A person sees a page.
    let answer = ask
        .header("Accept", "text/html")
        .header("Sec-Fetch-Mode", "navigate")
        .send()
        .is(403);
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    let events = server.admin("GET", "/admin/v1/events?limit=1000").send().json();
    let ours = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["ip"] == browser.ip);
    let ours: Vec<_> = ours.collect();
    assert_eq!(ours.len(), 2, "{ours:#?}");
    assert!(
        ours.iter().all(|event| event["kind"] == "csrf-rejected"),
        "{ours:#?}"
    );
    assert_eq!(server.count(&name), 0);
}

#[test]
fn req_80_no_other_origin_may_read_anything() {
    let server = shared();
    let name = server.user(&[]);
    let browser = server.logged_in(&name);
    for origin in ["https://evil.example", "null", ORIGIN] {
        for (method, path) in [
            ("GET", "/auth/whoami"),
            ("OPTIONS", "/auth/login"),
            ("OPTIONS", "/authz/forward-auth"),
        ] {
            let ask = browser.ask(method, path).header("Origin", origin);
            let answer = ask.header("Access-Control-Request-Method", "POST").send();
            assert!(
                !answer
                    .headers
                    .iter()
                    .any(|(name, _)| name.starts_with("access-control-")),
                "{answer:#?}"
            );
        }
    }
}
