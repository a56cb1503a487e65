//! What a request costs in calls to the store.

use crate::shop::shop;
use crate::world::World;
use axum::Router;
use axum::routing::get;
use cloakroom_core::Policy;
use cloakroom_http::{Session, User};
use std::time::Duration;

#[tokio::test]
async fn a_request_without_a_cookie_costs_none() {
    let world = World::new();
    let mut browser = world.browser(shop());
    for path in ["/", "/me", "/maybe", "/visits", "/cart", "/id", "/nowhere"] {
        browser.get(path).await;
        browser.post("/logout").await;
    }
    assert!(world.store.calls().is_empty());
}

#[tokio::test]
async fn a_request_that_never_asks_for_its_session_costs_none() {
    let world = World::new();
    let mut browser = world.browser(shop());
    browser.post("/login/alice").await.is(200, "");
    world.wind(2 * 3600);
    world.store.calls();
    browser.get("/").await.is(200, "welcome");
    assert_eq!(browser.get("/nowhere").await.status, 404);
    assert!(world.store.calls().is_empty());
}

#[tokio::test]
async fn a_session_is_read_once_however_many_ask_for_it() {
    let world = World::new();
    let many = async |_: Session, _: User, _: Option<User>, session: Session| {
        let _ = (
            session.subject(),
            session.active(),
            session.get(crate::shop::VISITS),
        );
        "seen"
    };
    let mut browser = world.browser(shop().route("/many", get(many)));
    browser.post("/login/alice").await.is(200, "");
    world.store.calls();
    browser.get("/many").await.is(200, "seen");
    assert_eq!(world.store.calls(), ["load"]);
}

#[tokio::test]
async fn a_session_is_touched_at_most_once_in_touch_every() {
    let policy = Policy::builder()
        .touch_every(Duration::from_mins(1))
        .renew_after(None);
    let world = World::with(policy.build().unwrap());
    let mut browser = world.browser(shop());
    browser.post("/login/alice").await.is(200, "");
    world.store.calls();
    let mut touches = 0;
    for _ in 0..60 {
        world.wind(10);
        browser.get("/me").await.is(200, "alice");
        let calls = world.store.calls();
        touches += calls.iter().filter(|call| **call == "touch").count();
        assert!(calls == ["load"] || calls == ["load", "touch"], "{calls:?}");
    }
    assert_eq!(touches, 10, "600 seconds, one in 60");
}

#[tokio::test]
async fn changes_of_one_request_are_one_write_and_none_if_nothing_differs() {
    let world = World::new();
    let handler = async |session: Session| -> Result<(), cloakroom_http::Refused> {
        session.set(crate::shop::NOTE, &"a".to_owned())?;
        session.update(crate::shop::VISITS, |visits| *visits = 7)?;
        session.remove(crate::shop::CART)?;
        Ok(())
    };
    let mut browser = world.browser(Router::new().route("/", get(handler)));
    browser.get("/").await.is(200, "");
    assert_eq!(world.store.calls(), ["open"]);
    browser.get("/").await.is(200, "");
    assert_eq!(world.store.calls(), ["load"], "the same values again");
}

/// D7: reading keeps a session alive.
#[tokio::test]
async fn reads_slide_the_idle_timeout_and_polling_in_the_background_does_not() {
    let policy = Policy::builder()
        .idle_timeout(Duration::from_secs(20))
        .renew_after(None);
    let world = World::with(policy.build().unwrap());
    let app = shop().layer(
        world
            .layer()
            .background(|parts| parts.headers.contains_key("x-poll")),
    );
    let mut browser = crate::world::Browser::new(app);
    browser.post("/login/alice").await.is(200, "");
    for _ in 0..20 {
        world.wind(7);
        browser.get("/me").await.is(200, "alice");
    }
    let cookie = browser.cookie.clone().unwrap();
    let poll = async || {
        let polling = [
            ("cookie", cookie.as_str()),
            ("x-poll", "1"),
            ("user-agent", browser.user_agent),
        ];
        browser.raw(crate::world::request("GET", "/me", &polling)).await
    };
    world.store.calls();
    for _ in 0..2 {
        world.wind(7);
        poll().await.is(200, "alice");
    }
    assert_eq!(world.store.calls(), ["load", "load"], "nothing is written for it");
    world.wind(7);
    poll().await.refused(401, "NO_SESSION");
}
