//! The pages for people, and what load balancers ask.

use crate::common::{Ask, shared};

#[test]
fn the_account_page_is_for_who_is_logged_in() {
    let server = shared();
    let name = server.user(&[]);
    assert_eq!(
        server.browser().visit("/account").see_other(),
        "/auth/login?rd=/account"
    );
    assert_eq!(server.browser().visit("/").see_other(), "/account");
    let (browser, second) = (server.logged_in(&name), server.logged_in(&name));
    let page = browser.visit("/account").is(200);
    assert!(
        page.body.contains(&name) && page.body.contains(&second.session_id()),
        "{}",
        page.body
    );
    let to = browser.submit(&format!("/account/sessions/{}/end", second.session_id()), &[]);
    assert_eq!(to.see_other(), "/account?notice=device-ended");
    assert!(!second.is_logged_in());
    let to = browser.submit("/account/sessions/nonsense/end", &[]);
    assert_eq!(to.see_other(), "/account?notice=device-gone");
    let third = server.logged_in(&name);
    assert_eq!(
        browser.submit("/account/logout-others", &[]).see_other(),
        "/account?notice=others-ended"
    );
    assert!(!third.is_logged_in() && browser.is_logged_in());
    let to = browser.submit("/account/logout-everywhere", &[]);
    assert_eq!(to.see_other(), "/auth/login?notice=logged-out-everywhere");
    assert!(!browser.is_logged_in());
}

#[test]
fn errors_are_pages_for_people_and_problems_for_programs() {
    let server = shared();
    let browser = server.browser();
    browser.get("/nowhere").problem(404, "NOT_FOUND");
    let page = browser.visit("/nowhere").is(404);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    for (method, path) in [
        ("GET", "/auth/logout"),
        ("PUT", "/auth/login"),
        ("POST", "/auth/whoami"),
        ("GET", "/auth/sessions/x"),
        ("POST", "/healthz"),
        ("POST", "/readyz"),
        ("PUT", "/authz/auth-request"),
        ("POST", "/account"),
    ] {
        let answer = browser.go(&browser.ask(method, path));
        assert!(answer.header("allow").is_some(), "{method} {path}: {answer:#?}");
        answer.problem(405, "METHOD_NOT_ALLOWED");
    }
    // The page says the same code.
    let ask = browser.ask("DELETE", "/account").header("Accept", "text/html");
    let answer = browser.go(&ask.header("Sec-Fetch-Mode", "navigate")).is(405);
    assert!(answer.body.contains("METHOD_NOT_ALLOWED"), "{}", answer.body);
    // A query that can not be read is no reason to leave the format.
    let answer = browser.get("/auth/login?rd=/a&rd=/b");
    assert!(answer.status == 200 || answer.header("content-type") == Some("application/problem+json"));
    browser.get("/auth/login?rd=%ff").is(200);
}

#[test]
fn health_is_told_without_a_cookie() {
    let server = shared();
    for path in ["/healthz", "/readyz"] {
        let answer = Ask::new(server.public, "GET", path).send().is(200);
        assert!(answer.body.len() < 50, "nothing is given away: {}", answer.body);
        assert_eq!(answer.all("set-cookie"), Vec::<&str>::new());
        Ask::new(server.public, "HEAD", path).send().is(200);
    }
    Ask::new(server.admin, "GET", "/healthz").send().is(200);
}
