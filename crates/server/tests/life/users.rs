//! What the command line does to users shows in the running server.
//!
//! The command line is a process of its own. What the server holds in its near cache it forgets when the journal says so,
//! a few milliseconds after the command: hence `soon`.

use crate::common::{Setup, shared, soon};
use serde_json::json;

#[test]
fn req_51_a_role_change_shows_at_the_next_request() {
    let server = shared();
    let name = server.user(&["admin"]);
    let browser = server.logged_in(&name);
    browser.get("/authz/forward-auth?role=admin").is(200);
    server.hold(&browser);
    let printed = server.do_run(&["user", "roles", &name, "--role", "billing", "--role", "staff"]);
    assert!(
        printed.contains(&name) && printed.contains("1 session"),
        "{printed}"
    );
    let before = browser.token();
    soon("the new role lets in", || {
        browser.get("/authz/forward-auth?role=billing").status == 200
    });
    let answer = browser.get("/authz/forward-auth?role=billing").is(200);
    assert_eq!(answer.header("remote-roles"), Some("billing,staff"));
    assert_ne!(browser.token(), before, "requirement 25: a new token with it");
    browser
        .get("/authz/forward-auth?role=admin")
        .problem(403, "FORBIDDEN");
    assert_eq!(
        browser.get("/auth/whoami").json()["roles"],
        json!(["billing", "staff"])
    );
    server.hold(&browser);
    server.do_run(&["user", "roles", &name]);
    soon("no role is left", || {
        browser.get("/auth/whoami").json()["roles"] == json!([])
    });
}

#[test]
fn req_49_a_disabled_account_is_out_at_once() {
    let server = shared();
    let name = server.user(&[]);
    let (one, two) = (server.logged_in(&name), server.logged_in(&name));
    server.hold(&one);
    let printed = server.do_run(&["user", "disable", &name]);
    assert!(printed.contains("2 sessions"), "{printed}");
    soon("both are out", || !one.is_logged_in() && !two.is_logged_in());
    server.browser().log_in(&name).problem(401, "INVALID_CREDENTIALS");
    assert!(server.do_run(&["user", "list"]).contains("disabled"));
    let reasons = server.kinds(&name);
    assert_eq!(
        reasons.iter().filter(|kind| *kind == "closed:disabled").count(),
        2,
        "{reasons:?}"
    );
    server.do_run(&["user", "enable", &name]);
    assert!(server.logged_in(&name).is_logged_in());
    assert!(!one.is_logged_in(), "the old sessions do not come back");
}

#[test]
fn req_50_a_password_set_by_an_operator_ends_all_sessions() {
    let server = shared();
    let name = server.user(&[]);
    let browser = server.logged_in(&name);
    server.hold(&browser);
    let done = server.run_with(
        &["user", "passwd", &name, "--password-stdin"],
        "another pass phrase\n",
    );
    assert!(done.status.success(), "{done:?}");
    soon("the session is out", || !browser.is_logged_in());
    server.browser().log_in(&name).problem(401, "INVALID_CREDENTIALS");
    server.browser().try_log_in(&name, "another pass phrase").is(200);
}

#[test]
fn sessions_are_listed_and_revoked_from_the_command_line() {
    let server = Setup::default().start();
    let (name, other) = (server.user(&[]), server.user(&[]));
    let (one, two, theirs) = (
        server.logged_in(&name),
        server.logged_in(&name),
        server.logged_in(&other),
    );
    let id = one.session_id();
    let table = server.do_run(&["session", "list"]);
    assert_eq!(table.lines().count(), 4, "{table}");
    assert!(table.contains(&id) && table.contains(&other), "{table}");
    let json: serde_json::Value =
        serde_json::from_str(&server.do_run(&["session", "list", "--json", "--subject", &name])).unwrap();
    assert_eq!(json["sessions"].as_array().unwrap().len(), 2, "{json}");
    assert_eq!(json["sessions"][0]["subject"], name);
    assert!(json["sessions"][0]["session"]["id"].is_string());
    server.do_run(&["session", "revoke", &id]);
    soon("the session is out", || !one.is_logged_in());
    assert!(two.is_logged_in());
    let again = server.run(&["session", "revoke", &id]);
    assert_eq!(again.status.code(), Some(1), "{again:?}");
    let printed = server.do_run(&["session", "revoke-subject", &name]);
    assert!(printed.contains('1'), "{printed}");
    soon("the other is out, too", || !two.is_logged_in());
    assert!(theirs.is_logged_in());
    let actor = server.events(&name).pop().unwrap()["actor"].clone();
    assert_eq!(actor, "operator:cli");
}
