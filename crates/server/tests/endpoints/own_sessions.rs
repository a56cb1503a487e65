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

#[test]
fn that_was_not_me_ends_the_session_and_the_journal_says_so() {
    let server = shared();
    let name = server.user(&[]);
    let (browser, second, third) = (
        server.logged_in(&name),
        server.logged_in(&name),
        server.logged_in(&name),
    );
    let path = |id: &str| format!("/auth/sessions/{id}?disowned=true");
    let id = second.session_id();
    browser.delete(&path(&id)).is(204);
    browser.delete(&path(&id)).problem(404, "NOT_FOUND");
    let own = browser.session_id();
    browser.delete(&path(&own)).problem(404, "NOT_FOUND");
    browser
        .delete(&format!("/auth/sessions/{own}?disowned=perhaps"))
        .problem(400, "BAD_REQUEST");
    assert!(browser.is_logged_in() && !second.is_logged_in());
    // The same from the page.
    let id = third.session_id();
    let page = browser.visit("/account").is(200);
    assert!(
        page.body
            .contains(&format!("formaction=\"/account/sessions/{id}/disown\""))
    );
    let disown = |id: &str| browser.submit(&format!("/account/sessions/{id}/disown"), &[]);
    assert_eq!(disown(&id).see_other(), "/account?notice=disowned");
    assert_eq!(disown(&id).see_other(), "/account?notice=device-gone");
    assert_eq!(disown(&own).see_other(), "/account?notice=device-gone");
    assert!(browser.is_logged_in() && !third.is_logged_in());
    let said: Vec<_> = server
        .events(&name)
        .into_iter()
        .filter(|event| event["kind"] == "closed")
        .map(|event| (event["reason"].clone(), event["detail"].clone()))
        .collect();
    let disowned = "disowned: the user says that it was not them";
    assert_eq!(said, vec![("revoked".into(), disowned.into()); 2]);
}
