//! `/auth/sessions`.

use crate::common::shared;

#[test]
fn req_60_the_list_holds_ones_own_sessions_and_no_secret() {
    let server = shared();
    let (name, other) = (server.user(&[]), server.user(&[]));
    let (browser, second, _theirs) = (
        server.logged_in(&name),
        server.logged_in(&name),
        server.logged_in(&other),
    );
    let answer = browser.get("/auth/sessions").is(200);
    let json = answer.json();
    let sessions = json["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 2, "{json:#}");
    sessions.iter().for_each(crate::log_in::is_session);
    let current: Vec<_> = sessions
        .iter()
        .filter(|session| session["current"] == true)
        .collect();
    assert_eq!(current.len(), 1);
    assert_eq!(current[0]["id"], browser.session_id());
    for token in [browser.token(), second.token()].into_iter().flatten() {
        assert!(!answer.body.contains(&token));
    }
    server.browser().get("/auth/sessions").problem(401, "NO_SESSION");
}

#[test]
fn req_61_ends_ones_own_and_nobody_elses() {
    let server = shared();
    let (name, other) = (server.user(&[]), server.user(&[]));
    let (browser, second, theirs) = (
        server.logged_in(&name),
        server.logged_in(&name),
        server.logged_in(&other),
    );
    let end = |id: &str| browser.delete(&format!("/auth/sessions/{id}"));
    let not_found: Vec<_> = [
        theirs.session_id().as_str(),
        "AAAAAAAAAAAAAAAAAAAAAA",
        "x",
        "%ff",
        "a%2fb",
        &"x".repeat(3000),
    ]
    .into_iter()
    .map(|id| end(id).problem(404, "NOT_FOUND").timeless())
    .collect();
    not_found
        .iter()
        .for_each(|answer| assert_eq!(*answer, not_found[0]));
    assert!(theirs.is_logged_in());
    let id = second.session_id();
    end(&id).is(204);
    assert!(!second.is_logged_in());
    end(&id).problem(404, "NOT_FOUND");
    // One's own, too: and then the cookie is of no use.
    end(&browser.session_id()).is(204);
    browser.get("/auth/whoami").problem(401, "NO_SESSION");
    let kinds = server.kinds(&name);
    assert_eq!(
        kinds.iter().filter(|kind| *kind == "closed:revoked").count(),
        2,
        "{kinds:?}"
    );
    server
        .browser()
        .delete(&format!("/auth/sessions/{id}"))
        .problem(401, "NO_SESSION");
}
