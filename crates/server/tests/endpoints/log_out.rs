//! `/auth/logout`, `/auth/logout-others`, `/auth/logout-everywhere`.

use crate::common::{Setup, shared};
use serde_json::json;

#[test]
fn req_42_43_44_a_log_out_ends_the_session_and_clears_the_browser() {
    let server = shared();
    let name = server.user(&[]);
    let browser = server.logged_in(&name);
    let before = browser.copy();
    let answer = browser.go(&browser.ask("POST", "/auth/logout")).is(204);
    assert_eq!(answer.body, "");
    assert_eq!(answer.header("clear-site-data"), Some("\"cache\", \"storage\""));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let cleared = answer.header("set-cookie").unwrap();
    let mut parts: Vec<&str> = cleared.split("; ").collect();
    parts.sort_unstable();
    // Requirement 19: the same name, path and prefix as when it was written.
    assert_eq!(
        parts,
        [
            "HttpOnly",
            "Max-Age=0",
            "Path=/",
            "SameSite=Lax",
            "Secure",
            "__Host-sid="
        ]
    );
    assert_eq!(browser.token(), None);
    assert!(!before.is_logged_in());
    assert_eq!(server.count(&name), 0);
    assert_eq!(server.kinds(&name), ["opened", "closed:logout"]);
    // "The same without a session", with a dead cookie and with nothing.
    before.go(&before.ask("POST", "/auth/logout")).is(204);
    assert_eq!(before.token(), None, "the dead cookie is taken away");
    browser.go(&browser.ask("POST", "/auth/logout")).is(204);
    assert_eq!(server.kinds(&name).len(), 2, "nothing more happened");
}

#[test]
fn a_log_out_takes_json_and_forms_and_no_body_at_all() {
    let server = shared();
    let name = server.user(&[]);
    for (kind, body) in [
        (None, ""),
        (Some("application/json"), ""),
        (Some("application/json"), "{}"),
    ] {
        let browser = server.logged_in(&name);
        let mut ask = browser.ask("POST", "/auth/logout").body(body);
        if let Some(kind) = kind {
            ask = ask.header("Content-Type", kind);
        }
        browser.go(&ask).is(204);
        assert_eq!(browser.token(), None);
    }
    let browser = server.logged_in(&name);
    assert_eq!(
        browser.submit("/auth/logout", &[]).see_other(),
        "/auth/login?notice=logged-out"
    );
    assert_eq!(browser.token(), None);
    browser.visit("/auth/login?notice=logged-out").is(200);
    // The same without a session.
    assert_eq!(
        browser.submit("/auth/logout", &[]).see_other(),
        "/auth/login?notice=logged-out"
    );
}

#[test]
fn req_76_nobody_is_logged_out_by_a_get() {
    let server = shared();
    let name = server.user(&[]);
    let browser = server.logged_in(&name);
    for path in [
        "/auth/logout",
        "/auth/logout-others",
        "/auth/logout-everywhere",
        "/auth/password",
        "/",
        "/auth/login",
        "/account",
        "/account/logout-others",
        "/account/logout-everywhere",
        "/auth/sessions",
        "/auth/step-up",
        "/account/password",
        "/healthz",
        "/readyz",
        "/authz/forward-auth",
        "/authz/auth-request",
    ] {
        for method in ["GET", "HEAD", "OPTIONS"] {
            let answer = browser.go(&browser.ask(method, path));
            assert!(answer.status < 500, "{method} {path}: {answer:#?}");
        }
    }
    assert!(browser.is_logged_in());
    assert_eq!(server.kinds(&name), ["opened"]);
}

#[test]
fn others_end_and_this_one_gets_a_new_token() {
    let server = shared();
    let name = server.user(&[]);
    let browsers: Vec<_> = (0..3).map(|_| server.logged_in(&name)).collect();
    let before = browsers[0].copy();
    let answer = browsers[0]
        .go(&browsers[0].ask("POST", "/auth/logout-others"))
        .is(200);
    assert_eq!(answer.json(), json!({ "ended": 2 }));
    assert!(browsers[0].is_logged_in());
    assert!(!browsers[1].is_logged_in() && !browsers[2].is_logged_in());
    assert!(
        !before.is_logged_in(),
        "requirement 45: the one that stays has a rotated token"
    );
    let kinds = server.kinds(&name);
    assert_eq!(
        kinds.iter().filter(|kind| *kind == "closed:revoked").count(),
        2,
        "{kinds:?}"
    );
    assert!(kinds.contains(&"rotated".to_owned()), "{kinds:?}");
    server
        .browser()
        .post("/auth/logout-others", &json!({}))
        .problem(401, "NO_SESSION");
}

#[test]
fn everywhere_is_everywhere() {
    let server = shared();
    let name = server.user(&[]);
    let browsers: Vec<_> = (0..3).map(|_| server.logged_in(&name)).collect();
    let answer = browsers[0].post("/auth/logout-everywhere", &json!({})).is(200);
    assert_eq!(answer.json(), json!({ "ended": 3 }));
    assert_eq!(browsers[0].token(), None, "the cookie is cleared");
    assert!(answer.header("clear-site-data").is_some());
    browsers
        .iter()
        .for_each(|browser| assert!(!browser.is_logged_in()));
    server
        .browser()
        .post("/auth/logout-everywhere", &json!({}))
        .problem(401, "NO_SESSION");
    // The log-in after it counts.
    assert!(server.logged_in(&name).is_logged_in());
}

#[test]
fn req_44_clear_site_data_is_for_https_and_this_machine() {
    let server = Setup::default()
        .set("public_url", "http://localhost:8080")
        .start();
    let name = server.user(&[]);
    let browser = server.logged_in(&name);
    let answer = browser.post("/auth/logout", &json!({})).is(204);
    assert_eq!(answer.header("clear-site-data"), Some("\"cache\", \"storage\""));
    assert_eq!(answer.header("strict-transport-security"), None);
}

#[test]
fn req_22_44_what_reaches_beyond_the_own_host_has_to_be_chosen() {
    let server = Setup::default()
        .set("headers.hsts_subdomains", "true")
        .set("headers.clear_cookies", "true")
        .start();
    let name = server.user(&[]);
    let answer = server.logged_in(&name).post("/auth/logout", &json!({})).is(204);
    assert_eq!(
        answer.header("clear-site-data"),
        Some("\"cache\", \"cookies\", \"storage\"")
    );
    assert_eq!(
        answer.header("strict-transport-security"),
        Some("max-age=31536000; includeSubDomains")
    );
}
