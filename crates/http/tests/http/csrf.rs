//! Anti-forgery tokens, for those who have to show one (requirement 78).

use crate::shop::shop;
use crate::world::{Browser, SID, World, request};
use axum::Router;
use axum::body::Body;
use axum::routing::post;
use cloakroom_http::{CsrfToken, CsrfTokens, Origins};
use http::Request;
use std::collections::HashSet;

fn app(world: &World) -> Router {
    shop()
        .route(
            "/form",
            axum::routing::get(async |csrf: CsrfToken| csrf.hidden_field()),
        )
        .route(
            "/csrf",
            axum::routing::get(async |csrf: CsrfToken| csrf.value().to_owned()),
        )
        .route("/echo", post(async |body: String| body))
        .layer(CsrfTokens::new().largest_form(1000))
        .layer(world.layer())
}

/// A form or whatever else, with the browser's cookie.
fn post_to(browser: &Browser, path: &str, headers: &[(&str, &str)], body: &str) -> Request<Body> {
    let mut asking = request("POST", path, headers);
    asking
        .headers_mut()
        .insert("user-agent", browser.user_agent.parse().unwrap());
    if let Some(cookie) = &browser.cookie {
        asking.headers_mut().insert("cookie", cookie.parse().unwrap());
    }
    *asking.body_mut() = Body::from(body.to_owned());
    asking
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");

/// Somebody whose next requests carry a session.
async fn logged_in(app: &Router, name: &str) -> Browser {
    let mut browser = Browser::new(app.clone());
    browser.post(&format!("/login/{name}")).await.is(200, "");
    browser
}

async fn token(browser: &mut Browser) -> String {
    let token = browser.get("/csrf").await.body;
    assert_eq!(token.len(), 64);
    token
}

#[tokio::test]
async fn req_78_a_request_shows_its_token_in_the_header_or_in_the_form_and_the_handler_gets_all_of_it() {
    let world = World::new();
    let app = app(&world);
    let mut alice = logged_in(&app, "alice").await;
    let token = token(&mut alice).await;
    let header = ("x-csrf-token", token.as_str());
    let posted = post_to(&alice, "/echo", &[header], "anything");
    alice.raw(posted).await.is(200, "anything");

    for form in [
        format!("csrf_token={token}"),
        format!("a=b&csrf_token={token}&c=%26csrf_token%3D"),
        format!("csrf_token_={token}x&csrf_token={token}"),
    ] {
        let posted = post_to(&alice, "/echo", &[FORM], &form);
        alice.raw(posted).await.is(200, &form);
    }
}

/// What is wrong, the path, the headers, the body.
type Case<'a> = (&'a str, &'a str, Vec<(&'a str, &'a str)>, String);

#[tokio::test]
async fn req_78_without_its_own_genuine_token_nothing_happens() {
    let world = World::new();
    let app = app(&world);
    let mut alice = logged_in(&app, "alice").await;
    let mut bob = logged_in(&app, "bob").await;
    let (own, others) = (token(&mut alice).await, token(&mut bob).await);
    let (longer, session) = (format!("{own}A"), alice.token());
    let own = own.as_str();
    let cases: [Case<'_>; 14] = [
        ("nothing", "/echo", vec![], String::new()),
        (
            "that of another session",
            "/echo",
            vec![("x-csrf-token", &others)],
            String::new(),
        ),
        (
            "that of another session in a form",
            "/echo",
            vec![FORM],
            format!("csrf_token={others}"),
        ),
        (
            "in the query",
            &format!("/echo?csrf_token={own}"),
            vec![],
            String::new(),
        ),
        (
            "in the query of a form",
            &format!("/echo?csrf_token={own}"),
            vec![FORM],
            "a=b".to_owned(),
        ),
        (
            "twice",
            "/echo",
            vec![("x-csrf-token", own), ("x-csrf-token", own)],
            String::new(),
        ),
        (
            "twice in a form",
            "/echo",
            vec![FORM],
            format!("csrf_token={own}&csrf_token={own}"),
        ),
        (
            "a wrong header beside a good form",
            "/echo",
            vec![("x-csrf-token", "x"), FORM],
            format!("csrf_token={own}"),
        ),
        (
            "too long",
            "/echo",
            vec![("x-csrf-token", &longer)],
            String::new(),
        ),
        (
            "too short",
            "/echo",
            vec![("x-csrf-token", &own[..63])],
            String::new(),
        ),
        ("empty", "/echo", vec![("x-csrf-token", "")], String::new()),
        (
            "in plain text",
            "/echo",
            vec![("content-type", "text/plain")],
            format!("csrf_token={own}"),
        ),
        (
            "in a form with files",
            "/echo",
            vec![("content-type", "multipart/form-data; boundary=x")],
            format!("csrf_token={own}"),
        ),
        (
            "the session's own token",
            "/echo",
            vec![("x-csrf-token", &session)],
            String::new(),
        ),
    ];
    for (what, path, headers, body) in &cases {
        let posted = post_to(&alice, path, headers, body);
        let answer = alice.raw(posted).await;
        assert_eq!(answer.status, 403, "{what}: {}", answer.body);
        assert_eq!(answer.code(), "CSRF_REJECTED", "{what}");
    }
    for at in 0..own.len() {
        let mut bytes = own.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        let posted = post_to(&alice, "/echo", &[("x-csrf-token", &changed)], "");
        alice.raw(posted).await.refused(403, "CSRF_REJECTED");
    }
}

#[tokio::test]
async fn req_78_a_token_ends_with_the_session_token_that_it_was_made_for() {
    for act in [
        "/login/alice",
        "/step-up",
        "/rotate",
        "/logout-others",
        "/password",
    ] {
        let world = World::new();
        let app = app(&world);
        let mut alice = logged_in(&app, "alice").await;
        let before = token(&mut alice).await;
        let posted = post_to(&alice, act, &[("x-csrf-token", &before)], "");
        let answer = alice.raw(posted).await;
        assert_eq!(answer.status, 200, "{act}: {}", answer.body);
        alice.cookie = answer
            .set_cookie()
            .map(|set| set.split(';').next().unwrap().to_owned());
        let posted = post_to(&alice, "/echo", &[("x-csrf-token", &before)], "");
        let answer = alice.raw(posted).await;
        assert_eq!(answer.status, 403, "{act}");
        let after = token(&mut alice).await;
        let posted = post_to(&alice, "/echo", &[("x-csrf-token", &after)], "x");
        alice.raw(posted).await.is(200, "x");
    }
}

/// Whoever measures how well answers compress finds nothing that is the same in two of them (BREACH).
#[tokio::test]
async fn each_answer_has_a_token_that_looks_like_no_other_and_all_are_good() {
    let world = World::new();
    let app = app(&world);
    let mut alice = logged_in(&app, "alice").await;
    let mut tokens = HashSet::new();
    let mut columns = vec![HashSet::new(); 64];
    for _ in 0..50 {
        let token = token(&mut alice).await;
        for (column, byte) in columns.iter_mut().zip(token.bytes()) {
            column.insert(byte);
        }
        assert!(tokens.insert(token));
    }
    assert!(columns.iter().all(|column| column.len() > 10));
    for token in &tokens {
        let posted = post_to(&alice, "/echo", &[("x-csrf-token", token)], "");
        alice.raw(posted).await.is(200, "");
    }
}

#[tokio::test]
async fn who_has_no_session_to_abuse_needs_no_token() {
    let world = World::new();
    let app = app(&world);
    let visitor = Browser::new(app.clone());
    visitor
        .raw(post_to(&visitor, "/echo", &[], "x"))
        .await
        .is(200, "x");
    let bearer = post_to(&visitor, "/echo", &[("authorization", "Bearer abc")], "x");
    visitor.raw(bearer).await.is(200, "x");
    assert!(world.store.calls().is_empty());
    let mut visitor = visitor;
    visitor.get("/form").await.is(200, "");

    // A cart that nobody is logged in to; a session that has ended; a cookie that is none.
    visitor.post("/cart/coat").await.is(200, "");
    assert!(visitor.cookie.is_some());
    visitor.post("/cart/hat").await.is(200, "");
    let mut gone = logged_in(&app, "alice").await;
    let dead = gone.cookie.clone();
    let csrf = token(&mut gone).await;
    let posted = post_to(&gone, "/logout", &[("x-csrf-token", &csrf)], "");
    gone.raw(posted).await.is(200, "");
    gone.cookie = dead;
    gone.post("/login/alice").await.is(200, "");
    gone.cookie = Some(format!("{SID}=x"));
    gone.post("/login/alice").await.is(200, "");
}

#[tokio::test]
async fn a_genuine_token_costs_no_call_to_the_store_and_reading_asks_for_none() {
    let world = World::new();
    let app = app(&world);
    let mut alice = logged_in(&app, "alice").await;
    let csrf = token(&mut alice).await;
    world.store.calls();
    let posted = post_to(&alice, "/echo", &[("x-csrf-token", &csrf)], "x");
    alice.raw(posted).await.is(200, "x");
    alice.get("/").await.is(200, "welcome");
    assert!(world.store.calls().is_empty());
}

/// The page was made with the old token, and the browser sends both at the moment of renewal.
#[tokio::test]
async fn the_request_in_which_the_token_is_renewed_passes_with_the_page_as_it_was() {
    let world = World::new();
    let app = app(&world);
    let mut alice = logged_in(&app, "alice").await;
    let csrf = token(&mut alice).await;
    for _ in 0..2 {
        world.wind(1500);
        alice.get("/me").await.is(200, "alice");
    }
    world.wind(1500);
    let posted = post_to(&alice, "/visits", &[("x-csrf-token", &csrf)], "");
    let answer = alice.raw(posted).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.set_cookie().is_some(), "the token is renewed");
}

#[tokio::test]
async fn a_form_is_held_up_to_a_bound_and_a_body_that_breaks_off_is_400() {
    let world = World::new();
    let app = app(&world);
    let mut alice = logged_in(&app, "alice").await;
    let csrf = token(&mut alice).await;
    let fits = format!("csrf_token={csrf}&x={}", "x".repeat(1000 - 78));
    assert_eq!(fits.len(), 1000);
    let posted = post_to(&alice, "/echo", &[FORM], &fits);
    alice.raw(posted).await.is(200, &fits);
    let posted = post_to(&alice, "/echo", &[FORM], &format!("{fits}x"));
    alice.raw(posted).await.refused(413, "TOO_LARGE");

    let mut broken = post_to(&alice, "/echo", &[FORM], "");
    let pieces = [Ok("csrf_"), Err(std::io::Error::other("broken"))];
    *broken.body_mut() = Body::from_stream(futures_util::stream::iter(pieces));
    alice.raw(broken).await.refused(400, "BAD_REQUEST");
    // With a header nothing is held.
    let posted = post_to(
        &alice,
        "/echo",
        &[FORM, ("x-csrf-token", &csrf)],
        &"x".repeat(5000),
    );
    assert_eq!(alice.raw(posted).await.body.len(), 5000);
}

#[tokio::test]
async fn it_works_beside_the_check_of_origins_which_comes_first() {
    let world = World::new();
    let own = "https://app.example.com";
    let app = shop()
        .route(
            "/csrf",
            axum::routing::get(async |csrf: CsrfToken| csrf.value().to_owned()),
        )
        .layer(CsrfTokens::new())
        .layer(world.layer().same_origin(Origins::own(own)));
    let mut alice = Browser::new(app.clone());
    let log_in = request("POST", "/login/alice", &[("origin", own)]);
    let answer = alice.raw(log_in).await;
    alice.cookie = answer
        .set_cookie()
        .map(|set| set.split(';').next().unwrap().to_owned());
    let csrf = token(&mut alice).await;
    let ask = async |headers: &[(&str, &str)]| {
        let posted = post_to(&alice, "/logout-others", headers, "");
        alice.raw(posted).await.status.as_u16()
    };
    let token = ("x-csrf-token", csrf.as_str());
    assert_eq!(ask(&[token, ("origin", "https://evil.example")]).await, 403);
    assert_eq!(ask(&[token, ("sec-fetch-site", "same-site")]).await, 403);
    assert_eq!(ask(&[token]).await, 403);
    assert_eq!(ask(&[("origin", own)]).await, 403);
    assert_eq!(ask(&[token, ("origin", own)]).await, 200);
}

#[tokio::test]
async fn the_hidden_field_is_html_and_holds_the_value() {
    let world = World::new();
    let mut alice = logged_in(&app(&world), "alice").await;
    let field = alice.get("/form").await.body;
    let value = field
        .strip_prefix(r#"<input type="hidden" name="csrf_token" value=""#)
        .and_then(|rest| rest.strip_suffix(r#"">"#))
        .unwrap()
        .to_owned();
    let posted = post_to(&alice, "/echo", &[FORM], &format!("csrf_token={value}"));
    alice.raw(posted).await.is(200, &format!("csrf_token={value}"));
}

#[tokio::test]
async fn without_a_session_layer_around_it_everything_is_refused() {
    let app = shop().layer(CsrfTokens::new());
    Browser::new(app).post("/logout").await.refused(500, "INTERNAL");
}
