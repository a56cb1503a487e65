//! The operators' console.

use crate::common::{ADMIN_KEY, Ask, Browser, Server, Setup, shared};

fn operator(server: &Server) -> Browser {
    Browser::new(server.admin, &format!("http://{}", server.admin))
}

fn log_in(server: &Server) -> Browser {
    let operator = operator(server);
    assert_eq!(
        operator
            .submit("/console/login", &[("key", ADMIN_KEY)])
            .see_other(),
        "/console"
    );
    operator
}

#[test]
fn an_operator_logs_in_with_a_key_finds_a_user_and_ends_their_sessions() {
    let server = shared();
    let name = server.user(&[]);
    let (one, two, three) = (
        server.logged_in(&name),
        server.logged_in(&name),
        server.logged_in(&name),
    );
    let operator = log_in(&server);
    let page = operator.visit(&format!("/console?subject={name}")).is(200);
    let ids = [one.session_id(), two.session_id()];
    ids.iter()
        .for_each(|id| assert!(page.body.contains(id.as_str()), "{}", page.body));
    assert!(!page.body.contains(&one.token().unwrap()) && !page.body.contains(ADMIN_KEY));
    let to = operator.submit(
        &format!("/console/sessions/{}/end", ids[0]),
        &[("subject", &name)],
    );
    assert!(
        to.see_other()
            .starts_with(&format!("/console?subject={name}&notice=")),
        "{to:#?}"
    );
    operator.visit(to.see_other()).is(200);
    assert!(!one.is_logged_in() && two.is_logged_in());
    operator
        .submit("/console/subjects/end", &[("subject", &name)])
        .is(303);
    assert!(!two.is_logged_in() && !three.is_logged_in());
    operator
        .submit("/console/sessions/nonsense/end", &[("subject", &name)])
        .is(303);
    let events = server.events(&name);
    assert!(
        events
            .iter()
            .any(|event| event["actor"].as_str().unwrap().starts_with("operator:"))
    );
    assert_eq!(
        operator.submit("/console/logout", &[]).see_other(),
        "/console?logged-out=1"
    );
    let page = operator.visit("/console").is(200);
    assert!(!page.body.contains("/console/logout"), "the log-in page again");
}

#[test]
fn without_a_key_there_is_a_log_in_page_and_nothing_else() {
    let server = shared();
    let name = server.user(&[]);
    let browser = server.logged_in(&name);
    let stranger = operator(&server);
    let page = stranger.visit(&format!("/console?subject={name}")).is(200);
    assert!(!page.body.contains(&browser.session_id()), "{}", page.body);
    for (path, fields) in [
        (format!("/console/sessions/{}/end", browser.session_id()), vec![]),
        (
            "/console/subjects/end".to_owned(),
            vec![("subject", name.as_str())],
        ),
    ] {
        let answer = stranger.submit(&path, &fields);
        assert!(answer.status == 401 || answer.status == 303, "{answer:#?}");
        assert!(
            answer
                .header("location")
                .is_none_or(|to| to.starts_with("/console")),
            "{answer:#?}"
        );
    }
    assert!(browser.is_logged_in());
    for key in ["", "wrong", " "] {
        let page = stranger.submit("/console/login", &[("key", key)]).is(401);
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        assert!(!page.body.contains("wrong\""), "no key in a page");
    }
    // A user's session is no operator's.
    let thief = operator(&server);
    thief.set_cookie("console", &browser.token().unwrap());
    let page = thief.visit(&format!("/console?subject={name}")).is(200);
    assert!(!page.body.contains(&browser.session_id()));
}

#[test]
fn another_site_can_not_use_an_operators_cookie() {
    let server = shared();
    let name = server.user(&[]);
    let browser = server.logged_in(&name);
    let operator = log_in(&server);
    for (site, origin) in [
        ("cross-site", "https://evil.example"),
        ("same-site", "https://evil.example"),
    ] {
        let ask = operator
            .ask("POST", "/console/subjects/end")
            .form(&[("subject", &name)]);
        let answer = ask
            .replace("Origin", origin)
            .replace("Sec-Fetch-Site", site)
            .send();
        assert_eq!(answer.status, 403, "{answer:#?}");
    }
    assert!(browser.is_logged_in());
}

#[test]
fn the_consoles_cookie_is_strict_and_its_pages_are_not_cached() {
    let server = shared();
    let operator = operator(&server);
    let answer = operator.submit("/console/login", &[("key", ADMIN_KEY)]);
    let cookie = answer.header("set-cookie").unwrap();
    assert!(
        cookie.contains("SameSite=Strict") && cookie.contains("HttpOnly"),
        "{cookie}"
    );
    let page = operator.visit("/console").is(200);
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert_eq!(page.header("x-frame-options"), Some("DENY"));
}

#[test]
fn without_keys_the_console_says_how_to_get_one() {
    let server = Setup::bare().set("public_url", "https://app.example.com").start();
    let operator = operator(&server);
    let page = operator.submit("/console/login", &[("key", "x")]).is(401);
    assert!(page.body.contains("admin"), "{}", page.body);
    Ask::new(server.admin, "GET", "/console/assets/none.css")
        .send()
        .is(404);
}

#[test]
fn an_operator_is_logged_in_on_every_server_that_knows_their_key_and_logs_out_everywhere() {
    let one = Setup::default().start();
    let other = Setup::default().in_folder_of(&one).start();
    // Another key, as after this one was taken away.
    let stricter = Setup::default()
        .set(
            "admin.keys",
            "a7d7e5f0bcd8f1bcf2fe23c98aad7829f84602257ee19ffe276fcfcfed18e833",
        )
        .in_folder_of(&one)
        .start();
    let operator = log_in(&one);
    let at = |server: &Server| {
        let mut there = operator.copy();
        (there.to, there.origin) = (server.admin, format!("http://{}", server.admin));
        there.visit("/console").is(200).body.contains("/console/logout")
    };
    assert!(at(&one) && at(&other), "whichever server answers");
    assert!(!at(&stricter), "the key is not known there");
    let answer = other.admin("GET", "/admin/v1/sessions").send().is(200);
    assert_eq!(
        answer.json()["sessions"],
        serde_json::json!([]),
        "no user's session"
    );
    operator.submit("/console/logout", &[]).is(303);
    assert!(!at(&one) && !at(&other));
}
