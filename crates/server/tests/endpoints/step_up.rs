//! `/auth/step-up`, and what wants it.

use crate::common::{Server, Setup};
use serde_json::json;
use std::sync::{Arc, LazyLock, Mutex, Weak};
use std::time::Duration;

/// A server on which freshness is over after a second.
fn quick() -> Arc<Server> {
    static SHARED: LazyLock<Mutex<Weak<Server>>> = LazyLock::new(Mutex::default);
    let mut shared = SHARED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(server) = shared.upgrade() {
        return server;
    }
    let server = Arc::new(Setup::default().set("policy.step_up_within", "1s").start());
    *shared = Arc::downgrade(&server);
    server
}

fn grow_stale() {
    std::thread::sleep(Duration::from_millis(1100));
}

#[test]
fn req_61_63_64_what_is_sensitive_wants_a_recent_log_in() {
    let server = quick();
    let name = server.user(&[]);
    let (browser, other) = (server.logged_in(&name), server.logged_in(&name));
    let theirs = other.session_id();
    grow_stale();
    let stale = |answer: crate::common::Answer| {
        let answer = answer.problem(401, "STEP_UP_REQUIRED");
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(
            challenge.contains("error=\"insufficient_user_authentication\""),
            "{challenge}"
        );
        assert!(challenge.contains("max_age=1"), "RFC 9470: {challenge}");
    };
    stale(browser.post("/auth/password", &json!({ "new": "another pass phrase" })));
    stale(browser.delete(&format!("/auth/sessions/{theirs}")));
    assert!(other.is_logged_in());
    // A person is led to the page that asks for the password.
    let to = browser.submit("/account/password", &[("new", "another pass phrase")]);
    assert_eq!(to.see_other(), "/auth/step-up?rd=/account");
    let to = browser.visit("/account/password");
    assert_eq!(
        to.see_other(),
        "/auth/step-up?reason=change-password&rd=/account/password"
    );

    let before = browser.copy();
    let answer = browser.step_up(&name).is(200);
    assert_eq!(answer.json()["subject"], name);
    crate::log_in::is_session(&answer.json()["session"]);
    assert_ne!(before.token(), browser.token(), "requirement 25: a new token");
    assert!(!before.is_logged_in(), "and the old one is dead at once");
    browser.delete(&format!("/auth/sessions/{theirs}")).is(204);
    assert!(!other.is_logged_in());
    assert!(server.kinds(&name).contains(&"elevated".to_owned()));
    // Requirement 66: it expires by itself.
    grow_stale();
    browser
        .post("/auth/password", &json!({ "new": "another pass phrase" }))
        .problem(401, "STEP_UP_REQUIRED");
}

#[test]
fn req_36_the_absolute_deadline_moves_with_authentication_and_nothing_else() {
    let server = quick();
    let name = server.user(&[]);
    let browser = server.logged_in(&name);
    let session = || browser.get("/auth/whoami").json()["session"].clone();
    let first = session();
    grow_stale();
    assert_eq!(session()["expires_at"], first["expires_at"], "invariant 6");
    browser.step_up(&name).is(200);
    let then = session();
    assert!(then["expires_at"].as_str() > first["expires_at"].as_str());
    assert!(then["authenticated_at"].as_str() > first["authenticated_at"].as_str());
    assert_eq!(then["created_at"], first["created_at"]);
    assert_eq!(then["id"], first["id"]);
}

#[test]
fn wrong_missing_and_nobodys_passwords() {
    let server = quick();
    let (name, other) = (server.user(&[]), server.user(&[]));
    let browser = server.logged_in(&name);
    let before = browser.token();
    browser
        .post("/auth/step-up", &json!({ "password": "wrong wrong" }))
        .problem(401, "INVALID_CREDENTIALS");
    // Requirement 65: nobody else's password raises this session.
    let theirs = format!("pass phrase of {other}");
    browser
        .post("/auth/step-up", &json!({ "password": theirs }))
        .problem(401, "INVALID_CREDENTIALS");
    let answer = browser
        .post("/auth/step-up", &json!({ "password": "" }))
        .problem(400, "BAD_REQUEST");
    assert!(answer.body.contains("`password`"), "{}", answer.body);
    let answer = browser
        .post("/auth/step-up", &json!({}))
        .problem(400, "BAD_REQUEST");
    assert!(answer.body.contains("`password`"), "{}", answer.body);
    assert_eq!(browser.token(), before, "the session stays as it was");
    assert!(browser.is_logged_in());
    server.browser().step_up(&name).problem(401, "NO_SESSION");
}

#[test]
fn forms_are_answered_with_redirects_and_pages() {
    let server = quick();
    let name = server.user(&[]);
    let browser = server.logged_in(&name);
    let page = browser
        .visit("/auth/step-up?rd=/account/password&reason=change-password")
        .is(200);
    assert!(page.body.contains("/account/password"), "{}", page.body);
    let wrong = browser
        .submit("/auth/step-up", &[("password", "wrong wrong"), ("rd", "/next")])
        .is(401);
    assert!(
        wrong.body.contains("/next") && !wrong.body.contains("wrong wrong"),
        "{}",
        wrong.body
    );
    browser.submit("/auth/step-up", &[("password", "")]).is(400);
    let password = format!("pass phrase of {name}");
    let to = browser.submit("/auth/step-up", &[("password", &password), ("rd", "/next")]);
    assert_eq!(to.see_other(), "/next");
    let to = browser.submit(
        "/auth/step-up",
        &[("password", &password), ("rd", "//evil.example")],
    );
    assert_eq!(to.see_other(), "/account?notice=confirmed");
    // Who is not logged in is led to the log-in.
    assert_eq!(
        server.browser().visit("/auth/step-up?rd=/x").see_other(),
        "/auth/login?rd=/auth/step-up%3Frd%3D/x"
    );
}
