//! The extractors: a handler only runs if what it asks for is there.

use crate::shop::shop;
use crate::world::{Browser, World, request};
use cloakroom_core::Policy;
use cloakroom_http::{Problem, Session, User};
use http::StatusCode;
use std::time::Duration;

#[tokio::test]
async fn a_user_is_somebody_who_is_logged_in() {
    let world = World::new();
    let mut browser = world.browser(shop());
    browser.get("/me").await.refused(401, "NO_SESSION");
    browser.post("/visits").await.is(200, "");
    browser.get("/me").await.refused(401, "NO_SESSION");
    browser.post("/login/alice").await.is(200, "");
    browser.get("/me").await.is(200, "alice");
}

#[tokio::test]
async fn an_optional_user_is_nobody_for_visitors() {
    let world = World::new();
    let mut browser = world.browser(shop());
    browser.get("/maybe").await.is(200, "nobody");
    browser.post("/visits").await.is(200, "");
    browser.get("/maybe").await.is(200, "nobody");
    browser.post("/login/alice").await.is(200, "");
    browser.get("/maybe").await.is(200, "alice");
}

#[tokio::test]
async fn fresh_wants_a_recent_authentication_and_says_how_recent() {
    let policy = Policy::builder()
        .step_up_within(Duration::from_mins(5))
        .renew_after(None);
    let world = World::with(policy.build().unwrap());
    let mut browser = world.browser(shop());
    browser.post("/pay").await.refused(401, "NO_SESSION");
    browser.post("/login/alice").await.is(200, "");
    world.wind(300);
    browser.post("/pay").await.is(200, "paid by alice");
    world.wind(1);
    let answer = browser.post("/pay").await;
    answer.refused(401, "STEP_UP_REQUIRED");
    let challenge = answer.header("www-authenticate").unwrap();
    assert!(
        challenge.contains("error=\"insufficient_user_authentication\""),
        "{challenge}"
    );
    assert!(challenge.ends_with("max_age=300"), "{challenge}");
    browser.get("/me").await.is(200, "alice");
    browser.post("/step-up").await.is(200, "");
    browser.post("/pay").await.is(200, "paid by alice");
}

#[tokio::test]
async fn a_role_is_asked_for_in_the_signature() {
    let world = World::new();
    let mut browser = world.browser(shop());
    browser.get("/admin").await.refused(401, "NO_SESSION");
    browser.post("/login/alice").await.is(200, "");
    browser.get("/admin").await.refused(403, "FORBIDDEN");
    browser.post("/roles/administrator").await.is(200, "");
    browser.get("/admin").await.refused(403, "FORBIDDEN");
    browser.post("/roles/admin").await.is(200, "");
    browser.get("/admin").await.is(200, "hello alice");
}

#[tokio::test]
async fn a_role_changed_from_outside_shows_at_the_next_request_under_a_new_token() {
    let world = World::new();
    let mut browser = world.browser(shop());
    browser.post("/login/alice").await.is(200, "");
    let changed = world
        .sessions
        .set_roles(
            &"alice".parse().unwrap(),
            ["admin".parse().unwrap()],
            cloakroom_core::Actor::System,
        )
        .await;
    assert_eq!(changed.unwrap(), 1);
    let answer = browser.get("/admin").await;
    answer.is(200, "hello alice");
    assert!(answer.set_cookie().is_some());
}

#[tokio::test]
async fn a_router_without_the_layer_answers_500_and_lets_nobody_in() {
    let browser = Browser::new(shop());
    for path in ["/me", "/maybe", "/visits", "/admin"] {
        let answer = browser
            .raw(request("GET", path, &[("cookie", "__Host-sid=x")]))
            .await;
        answer.refused(500, "INTERNAL");
    }
    browser.raw(request("GET", "/", &[])).await.is(200, "welcome");
}

#[tokio::test]
async fn a_handler_can_look_at_the_refusal_itself() {
    use axum::routing::get;
    let world = World::new();
    let handler = async |user: Result<User, Problem>| match user {
        Ok(user) => (StatusCode::OK, user.subject().to_string()),
        Err(problem) => (StatusCode::IM_A_TEAPOT, problem.code().as_str().to_owned()),
    };
    let mut browser = world.browser(shop().route("/look", get(handler)));
    browser.get("/look").await.is(418, "NO_SESSION");
}

/// D8.
#[tokio::test]
async fn debug_shows_the_public_handle_and_nothing_more() {
    use axum::routing::get;
    let world = World::new();
    let handler = async |session: Session, user: User| format!("{session:?} {user:?}");
    let mut browser = world.browser(shop().route("/debug", get(handler)));
    browser.post("/login/alice").await.is(200, "");
    browser.post("/note/secret-note").await.is(200, "");
    let id = browser.get("/id").await.body;
    let shown = browser.get("/debug").await.body;
    assert!(shown.contains(&id), "{shown}");
    assert!(
        !shown.contains(&browser.token()) && !shown.contains("secret-note"),
        "{shown}"
    );
}
