//! `/auth/login` and `/auth/whoami`.

use crate::common::{Ask, Setup, shared};
use serde_json::{Value, json};

/// Contract: "A session in JSON".
#[track_caller]
pub fn is_session(session: &Value) {
    let fields: Vec<&str> = session.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = [
        "id",
        "created_at",
        "seen_at",
        "authenticated_at",
        "expires_at",
        "idle_expires_at",
        "ip",
        "user_agent",
        "device",
        "country",
        "auth",
        "remember",
        "bound",
        "current",
    ];
    expected.sort_unstable();
    assert_eq!(fields, expected, "{session:#}");
    for moment in [
        "created_at",
        "seen_at",
        "authenticated_at",
        "expires_at",
        "idle_expires_at",
    ] {
        let text = session[moment].as_str().unwrap();
        assert!(
            text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok(),
            "RFC 3339 in UTC: {text}"
        );
    }
}

#[test]
fn a_log_in_answers_who_and_with_which_session_and_sets_the_cookie() {
    let server = shared();
    let name = server.user(&["billing", "admin"]);
    let browser = server.browser();
    let answer = browser.log_in(&name).is(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let json = answer.json();
    assert_eq!(json["subject"], name);
    let session = &json["session"];
    is_session(session);
    assert_eq!(session["ip"], browser.ip);
    assert_eq!(session["user_agent"], browser.agent);
    assert_eq!(session["auth"], json!(["password"]));
    assert_eq!(session["current"], true);
    assert_eq!(session["remember"], false);
    assert_eq!(session["bound"], false);
    assert!(
        session["device"].as_str().unwrap().contains("Firefox"),
        "{session}"
    );
    // Requirement 20: the secret is nowhere but in Set-Cookie.
    assert!(!answer.body.contains(&browser.token().unwrap()));

    let whoami = browser.get("/auth/whoami").is(200);
    assert_eq!(
        whoami.all("set-cookie"),
        Vec::<&str>::new(),
        "a cookie is written only when it changes"
    );
    let json = whoami.json();
    assert_eq!(json["subject"], name);
    assert_eq!(json["roles"], json!(["admin", "billing"]));
    assert_eq!(json["session"]["id"], session["id"]);
    is_session(&json["session"]);
}

#[test]
fn nobody_is_nobody() {
    let server = shared();
    let answer = server.browser().get("/auth/whoami");
    assert_eq!(answer.all("set-cookie"), Vec::<&str>::new());
    answer.problem(401, "NO_SESSION");
}

#[test]
fn a_form_is_answered_with_a_redirect_and_mistakes_with_the_page() {
    let server = shared();
    let name = server.user(&[]);
    let password = format!("pass phrase of {name}");
    for (rd, to) in [
        (None, "/account"),
        (Some("/orders?page=2"), "/orders?page=2"),
        (Some("https://app.example.com/x"), "/x"),
        (Some("https://evil.example/"), "/account"),
        (Some("//evil.example"), "/account"),
    ] {
        let browser = server.browser();
        let mut fields = vec![("username", name.as_str()), ("password", password.as_str())];
        fields.extend(rd.map(|rd| ("rd", rd)));
        let answer = browser.submit("/auth/login", &fields);
        assert_eq!(answer.see_other(), to, "{rd:?}");
        assert!(browser.is_logged_in());
    }
    let browser = server.browser();
    for (user, secret, status) in [
        (name.as_str(), "wrong wrong", 401),
        ("", "x", 400),
        (name.as_str(), "", 400),
        ("<script>alert(1)</script>", "wrong", 401),
    ] {
        let answer = browser
            .submit(
                "/auth/login",
                &[("username", user), ("password", secret), ("rd", "/next")],
            )
            .is(status);
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
        assert!(
            answer.body.contains("/next"),
            "the way on is kept: {}",
            answer.body
        );
        assert!(!answer.body.contains("<script>alert"), "escaped");
        assert!(
            secret.is_empty() || !answer.body.contains("wrong wrong"),
            "no password in a page"
        );
        assert_eq!(browser.token(), None);
    }
    // A form without a field is a mistake of the page, not of the person, but it is answered all the same.
    browser.submit("/auth/login", &[("username", "x")]).is(400);
}

#[test]
fn req_17_remember_is_a_choice_and_persists() {
    let server = shared();
    let name = server.user(&[]);
    let password = format!("pass phrase of {name}");
    let json = |remember: &Value| json!({ "username": name, "password": password, "remember": remember });
    for (remember, persists) in [(json!(false), false), (json!(true), true), (Value::Null, false)] {
        let browser = server.browser();
        let mut body = json(&remember);
        if remember.is_null() {
            body.as_object_mut().unwrap().remove("remember");
        }
        let answer = browser.post("/auth/login", &body).is(200);
        let cookie = answer.header("set-cookie").unwrap();
        assert_eq!(cookie.contains("Max-Age="), persists, "{cookie}");
        assert_eq!(answer.json()["session"]["remember"], persists);
    }
    for bad in [json!("maybe"), json!(1), json!([])] {
        let answer = server
            .browser()
            .post("/auth/login", &json(&bad))
            .problem(400, "BAD_REQUEST");
        assert!(
            answer.body.contains("remember") || answer.body.contains("true or false"),
            "{}",
            answer.body
        );
    }
    let browser = server.browser();
    let fields = [
        ("username", name.as_str()),
        ("password", &password),
        ("remember", "on"),
    ];
    let answer = browser.submit("/auth/login", &fields).is(303);
    let cookie = answer.header("set-cookie").unwrap();
    let age: u32 = cookie.split("Max-Age=").nth(1).unwrap().parse().unwrap();
    assert!(
        (2_591_990..=2_592_000).contains(&age),
        "requirement 16, 30 days at most: {cookie}"
    );
}

#[test]
fn contract_known_unknown_and_disabled_users_get_the_same_answer() {
    let server = shared();
    let (name, disabled) = (server.user(&[]), server.user(&[]));
    server.do_run(&["user", "disable", &disabled]);
    let answers: Vec<_> = [
        (name.as_str(), "not the pass phrase"),
        ("nobody-of-this-name", "not the pass phrase"),
        (&disabled, &format!("pass phrase of {disabled}")),
        (&"x".repeat(300), "not the pass phrase"),
        ("with\u{0}control", "not the pass phrase"),
        (&name, &"p".repeat(2000)),
    ]
    .iter()
    .map(|(name, password)| {
        let answer = server.browser().try_log_in(name, password);
        answer.problem(401, "INVALID_CREDENTIALS").timeless()
    })
    .collect();
    answers.iter().for_each(|answer| assert_eq!(*answer, answers[0]));
}

#[test]
fn contract_known_and_unknown_users_take_equally_long() {
    let server = Setup::default().start();
    let name = server.user(&[]);
    let time = |name: &str| {
        let mut spans: Vec<_> = (0..9)
            .map(|_| {
                let asked = std::time::Instant::now();
                server.browser().try_log_in(name, "wrong password").is(401);
                asked.elapsed()
            })
            .collect();
        spans.sort();
        spans[2]
    };
    // The hash is what takes long; without the dummy, an unknown name would be answered in a tenth of the time.
    let (known, unknown) = (time(&name), time("nobody"));
    let ratio = known.as_secs_f64() / unknown.as_secs_f64();
    assert!((0.4..2.5).contains(&ratio), "{known:?} and {unknown:?}");
    assert!(
        unknown.as_millis() >= 5,
        "an unknown name costs a hash, too: {unknown:?}"
    );
}

#[test]
fn names_are_trimmed_and_passwords_are_not() {
    let server = shared();
    let name = server.user(&[]);
    let password = format!("pass phrase of {name}");
    server
        .browser()
        .try_log_in(&format!(" {name} "), &password)
        .is(200);
    server
        .browser()
        .try_log_in(&name, &format!("{password} "))
        .is(401);
}

#[test]
fn contract_a_log_in_over_a_live_session_ends_that_one() {
    let server = Setup::default()
        .set("policy.max_sessions", "2")
        .set("policy.when_full", "reject")
        .start();
    let (name, other) = (server.user(&[]), server.user(&[]));
    let browser = server.logged_in(&name);
    let _second = server.logged_in(&name);
    // Full for a browser without a session, and it stays out.
    let third = server.browser();
    third.log_in(&name).problem(409, "SESSION_LIMIT");
    assert_eq!(third.token(), None);
    let answer = third.submit(
        "/auth/login",
        &[
            ("username", &name),
            ("password", &format!("pass phrase of {name}")),
        ],
    );
    assert_eq!(
        answer.is(409).header("content-type"),
        Some("text/html; charset=utf-8")
    );
    // Not for one that brings a session along.
    let old = browser.copy();
    browser.log_in(&name).is(200);
    assert_ne!(old.token(), browser.token(), "requirement 24");
    assert!(!old.is_logged_in());
    assert!(browser.is_logged_in());
    assert_eq!(server.count(&name), 2);
    // Requirement 33: also as somebody else; nothing is merged.
    let old = browser.copy();
    browser.log_in(&other).is(200);
    assert!(!old.is_logged_in());
    assert_eq!(server.count(&name), 1);
    assert_eq!(browser.get("/auth/whoami").json()["subject"], other);
    let kinds = server.kinds(&name);
    assert_eq!(
        kinds.iter().filter(|kind| *kind == "closed:replaced").count(),
        2,
        "{kinds:?}"
    );
    assert_eq!(
        kinds.iter().filter(|kind| *kind == "limit-refused").count(),
        2,
        "{kinds:?}"
    );
}

#[test]
fn req_5_a_presented_token_never_becomes_a_session() {
    let server = shared();
    let name = server.user(&[]);
    let browser = server.browser();
    let planted = "A".repeat(44);
    browser.set_cookie("__Host-sid", &planted);
    browser.log_in(&name).is(200);
    assert_ne!(browser.token().unwrap(), planted);
    let thief = server.browser();
    thief.set_cookie("__Host-sid", &planted);
    assert!(!thief.is_logged_in());
}

#[test]
fn req_8_the_public_id_is_no_credential() {
    let server = shared();
    let name = server.user(&[]);
    let browser = server.logged_in(&name);
    let id = browser.session_id();
    let thief = server.browser();
    thief.set_cookie("__Host-sid", &id);
    thief.get("/auth/whoami").problem(401, "NO_SESSION");
    Ask::new(server.public, "GET", "/auth/whoami")
        .header("Authorization", format!("Bearer {id}"))
        .send()
        .problem(401, "NO_SESSION");
    let answer = server
        .admin("POST", "/admin/v1/introspect")
        .json(&json!({ "token": id }))
        .send()
        .is(200);
    assert_eq!(answer.json(), json!({ "active": false }));
}

#[test]
fn the_log_in_page_sends_on_who_is_logged_in_already() {
    let server = shared();
    let name = server.user(&[]);
    let browser = server.browser();
    let page = browser.visit("/auth/login?rd=/orders").is(200);
    assert!(page.body.contains("value=\"/orders\""), "{}", page.body);
    browser.log_in(&name).is(200);
    assert_eq!(browser.visit("/auth/login?rd=/orders").see_other(), "/orders");
    assert_eq!(browser.visit("/auth/login").see_other(), "/account");
    // Requirement 82.
    for rd in [
        "//evil.example",
        "/%5Cevil.example",
        "https:evil.example",
        "/%09/evil.example",
        "%2F%2Fevil.example",
        "https://app.example.com.evil.example",
        "https://app.example.com@evil.example",
        "javascript:alert(1)",
        "http://app.example.com/",
        "/%0d%0aSet-Cookie:x=y",
        "data:text/html,x",
        "https://app.example.com:8443/",
    ] {
        let answer = browser.visit(&format!("/auth/login?rd={rd}"));
        assert_eq!(answer.see_other(), "/account", "{rd}");
        let page = server.browser().visit(&format!("/auth/login?rd={rd}")).is(200);
        assert!(!page.body.contains("evil.example"), "{rd}: {}", page.body);
    }
}

#[test]
fn an_allow_listed_origin_may_be_gone_back_to() {
    let server = Setup::default()
        .set("allowed_redirects", "https://shop.example.com")
        .start();
    let browser = server.browser();
    let name = server.user(&[]);
    browser.log_in(&name).is(200);
    let to = browser.visit("/auth/login?rd=https%3A%2F%2Fshop.example.com%2Fcart%3Fa%3D1");
    assert_eq!(to.see_other(), "https://shop.example.com/cart?a=1");
    let to = browser.visit("/auth/login?rd=https://shop.example.com.evil.example/");
    assert_eq!(to.see_other(), "/account");
}
