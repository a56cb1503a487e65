//! `/auth/password` and its page.

use crate::common::shared;
use serde_json::json;

#[test]
fn req_50_a_new_password_ends_the_other_sessions_and_rotates_this_one() {
    let server = shared();
    let name = server.user(&[]);
    let (browser, other) = (server.logged_in(&name), server.logged_in(&name));
    let before = browser.copy();
    let answer = browser
        .post("/auth/password", &json!({ "new": "correct horse battery" }))
        .is(204);
    assert_eq!(answer.body, "");
    assert!(answer.header("set-cookie").is_some(), "a new token");
    assert!(browser.is_logged_in());
    assert!(!before.is_logged_in() && !other.is_logged_in());
    let kinds = server.kinds(&name);
    assert!(
        kinds.contains(&"closed:credential-change".to_owned()),
        "{kinds:?}"
    );
    server.browser().log_in(&name).problem(401, "INVALID_CREDENTIALS");
    server
        .browser()
        .try_log_in(&name, "correct horse battery")
        .is(200);
}

#[test]
fn a_password_that_does_not_fit_changes_nothing() {
    let server = shared();
    let name = server.user(&[]);
    let browser = server.logged_in(&name);
    for (new, why) in [("short", "8"), ("", "8"), (&*"x".repeat(1025), "1024")] {
        let answer = browser
            .post("/auth/password", &json!({ "new": new }))
            .problem(400, "BAD_REQUEST");
        assert!(
            answer.body.contains("`new`") && answer.body.contains(why),
            "{}",
            answer.body
        );
        let page = browser.submit("/account/password", &[("new", new)]).is(400);
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    }
    let answer = browser
        .post("/auth/password", &json!({}))
        .problem(400, "BAD_REQUEST");
    assert!(answer.body.contains("`new`"), "{}", answer.body);
    server.browser().log_in(&name).is(200);
    assert_eq!(server.kinds(&name), ["opened", "opened"]);
    server
        .browser()
        .post("/auth/password", &json!({ "new": "correct horse" }))
        .problem(401, "NO_SESSION");
}

#[test]
fn the_form_leads_back_to_the_account() {
    let server = shared();
    let name = server.user(&[]);
    let browser = server.logged_in(&name);
    browser.visit("/account/password").is(200);
    let to = browser.submit("/account/password", &[("new", "correct horse battery")]);
    assert_eq!(to.see_other(), "/account?notice=password-changed");
    browser.visit("/account?notice=password-changed").is(200);
    server
        .browser()
        .try_log_in(&name, "correct horse battery")
        .is(200);
}

#[test]
fn who_has_no_password_here_can_not_change_one() {
    let server = shared();
    let answer = server
        .admin("POST", "/admin/v1/sessions")
        .json(&json!({ "subject": "logged in elsewhere", "auth": ["webauthn"] }))
        .send()
        .is(201);
    let browser = server.browser();
    browser.set_cookie("__Host-sid", answer.json()["token"].as_str().unwrap());
    browser
        .post("/auth/password", &json!({ "new": "correct horse" }))
        .problem(404, "NOT_FOUND");
    assert!(browser.is_logged_in());
}
