//! Failures of handlers, services and stores: nothing is lost, half written, or let in.

use crate::shop::{NOTE, VISITS, shop};
use crate::world::{Answer, Browser, World};
use axum::routing::post;
use axum::{Router, body::Body};
use cloakroom_core::LogIn;
use cloakroom_http::{Code, Problem, Refused, Session};
use futures_util::FutureExt as _;
use http::{Request, Response, StatusCode};
use std::panic::AssertUnwindSafe;
use tower::{BoxError, Service as _, ServiceBuilder, service_fn};

async fn act(session: &Session, what: &str) -> Result<(), Refused> {
    session.set(NOTE, &"half done".to_owned())?;
    match what {
        "log in" => session.log_in(LogIn::of("alice".parse()?)).await?,
        "rotate" => session.rotate().await?,
        "step up" => session.step_up("password".parse()?).await?,
        "roles" => session.change_roles(["admin".parse()?]).await?,
        "password" => drop(session.credentials_changed().await?),
        "log out" => session.log_out().await?,
        _ => {}
    }
    Ok(())
}

fn failing(what: &'static str, how: &'static str) -> Router {
    let handler = async move |session: Session| -> Result<StatusCode, Refused> {
        act(&session, what).await?;
        match how {
            "panic" => panic!("a bug"),
            "error" => Err(Problem::from(Code::Internal).into()),
            _ => Ok(StatusCode::BAD_GATEWAY),
        }
    };
    shop().route("/act", post(handler))
}

/// D5: the cookie of an act is sent even if its handler fails afterwards.
#[tokio::test]
async fn acts_stand_and_their_cookie_is_sent_however_the_handler_ends() {
    for how in ["panic", "error", "502"] {
        for what in ["log in", "rotate", "step up", "roles", "password"] {
            let world = World::new();
            let mut browser = world.browser(failing(what, how));
            browser.post("/login/alice").await.is(200, "");
            let before = browser.cookie.clone();
            let answer = browser.post("/act").await;
            assert!(answer.status.is_server_error(), "{what}, {how}");
            if how != "502" {
                answer.refused(500, "INTERNAL");
            }
            assert_ne!(browser.cookie, before, "{what}, {how}");
            browser.get("/me").await.is(200, "alice");
            browser.get("/note").await.is(200, "");
            let mut old = browser.clone();
            old.cookie = before;
            old.get("/me").await.refused(401, "NO_SESSION");
        }
    }
}

#[tokio::test]
async fn a_log_out_stands_however_the_handler_ends() {
    for how in ["panic", "error", "502"] {
        let world = World::new();
        let mut browser = world.browser(failing("log out", how));
        browser.post("/login/alice").await.is(200, "");
        let mut other_tab = browser.clone();
        assert!(browser.post("/act").await.status.is_server_error());
        assert_eq!(browser.cookie, None);
        other_tab.get("/me").await.refused(401, "NO_SESSION");
    }
}

/// Requirement 158.
#[tokio::test]
async fn a_panic_without_an_act_goes_on_to_whoever_catches_it_and_the_session_is_intact() {
    let world = World::new();
    let mut browser = world.browser(failing("nothing", "panic"));
    browser.post("/login/alice").await.is(200, "");
    browser.post("/note/first").await.is(200, "");
    let panicked = AssertUnwindSafe(browser.clone().post("/act"))
        .catch_unwind()
        .await;
    assert_eq!(*panicked.unwrap_err().downcast_ref::<&str>().unwrap(), "a bug");
    browser.get("/note").await.is(200, "first");
}

async fn call_a_service(world: &World, browser: &Browser, what: &'static str) -> Result<Answer, BoxError> {
    let inner = service_fn(async move |request: Request<Body>| {
        let session = Session::of(request.extensions()).await.unwrap();
        act(&session, what).await.unwrap();
        Err::<Response<Body>, BoxError>("the inner service broke".into())
    });
    let mut service = ServiceBuilder::new().layer(world.layer()).service(inner);
    let headers = [
        ("cookie", browser.cookie.as_deref().unwrap()),
        ("user-agent", browser.user_agent),
    ];
    let response = service.call(crate::world::request("POST", "/", &headers)).await?;
    Ok(Answer {
        status: response.status(),
        headers: response.headers().clone(),
        body: String::new(),
    })
}

#[tokio::test]
async fn the_error_of_an_inner_service_goes_on_unless_the_client_must_learn_of_its_new_token() {
    let world = World::new();
    let mut browser = world.browser(shop());
    browser.post("/login/alice").await.is(200, "");
    browser.post("/note/first").await.is(200, "");

    let error = call_a_service(&world, &browser, "nothing").await.unwrap_err();
    assert_eq!(error.to_string(), "the inner service broke");
    browser.get("/note").await.is(200, "first");

    let answer = call_a_service(&world, &browser, "rotate").await.unwrap();
    assert_eq!(answer.status, 500);
    assert!(answer.set_cookie().is_some());
}

/// Invariant 9, requirement 11.
#[tokio::test]
async fn a_store_that_can_not_answer_is_503_and_never_a_log_out_or_a_log_in() {
    let world = World::new();
    let mut browser = world.browser(shop());
    browser.post("/login/alice").await.is(200, "");
    let cookie = browser.cookie.clone();
    world.store.fail(&["load"]);
    for path in ["/me", "/maybe", "/visits", "/id"] {
        let answer = browser.get(path).await;
        answer.refused(503, "STORE_UNAVAILABLE");
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("vary"), Some("Cookie"));
        assert!(!answer.body.contains("hunter2"), "the cause is for the log");
        assert!(answer.set_cookie().is_none());
    }
    let log_out = browser.post("/logout").await;
    log_out.refused(503, "STORE_UNAVAILABLE");
    assert_eq!(browser.cookie, cookie);
    browser.get("/").await.is(200, "welcome");
    browser.cookie = None;
    browser.get("/me").await.refused(401, "NO_SESSION");

    world.store.fail(&[]);
    browser.cookie = cookie;
    browser.get("/me").await.is(200, "alice");
}

#[tokio::test]
async fn a_store_that_fails_at_the_commit_is_503_and_nothing_is_half_written() {
    let world = World::new();
    let mut browser = world.browser(shop());
    browser.post("/note/first").await.is(200, "");
    let cookie = browser.cookie.clone();
    world.store.fail(&["swap", "open", "close"]);
    let answer = browser.post("/note/second").await;
    answer.refused(503, "STORE_UNAVAILABLE");
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert!(answer.set_cookie().is_none());
    assert_eq!(browser.cookie, cookie);
    browser.post("/logout").await.refused(503, "STORE_UNAVAILABLE");
    assert_eq!(
        browser.cookie, cookie,
        "a log-out that did not happen keeps the cookie"
    );

    let mut stranger = browser.clone();
    stranger.cookie = None;
    let answer = stranger.post("/note/third").await;
    answer.refused(503, "STORE_UNAVAILABLE");
    assert!(answer.set_cookie().is_none());

    world.store.fail(&[]);
    browser.get("/note").await.is(200, "first");
}

#[tokio::test]
async fn an_act_keeps_its_cookie_when_the_commit_after_it_fails() {
    let world = World::new();
    let store = world.store.clone();
    let handler = async move |session: Session| -> Result<(), Refused> {
        session.rotate().await?;
        session.set(VISITS, &9)?;
        store.fail(&["swap"]);
        Ok(())
    };
    let mut browser = world.browser(shop().route("/act", post(handler)));
    browser.post("/login/alice").await.is(200, "");
    let before = browser.cookie.clone();
    browser.post("/act").await.refused(503, "STORE_UNAVAILABLE");
    assert_ne!(browser.cookie, before);
    world.store.fail(&[]);
    browser.get("/me").await.is(200, "alice");
    browser.get("/visits").await.is(200, "0");
}

#[tokio::test]
async fn a_swallowed_error_of_save_does_not_lose_the_change() {
    let world = World::new();
    let store = world.store.clone();
    let handler = async move |session: Session| -> Result<(), Refused> {
        session.update(VISITS, |visits| *visits += 1)?;
        store.fail(&["swap"]);
        assert!(session.save().await.is_err());
        session.update(VISITS, |visits| *visits += 10)?;
        assert_eq!(session.get(VISITS)?, Some(12));
        store.fail(&[]);
        Ok(())
    };
    let mut browser = world.browser(shop().route("/act", post(handler)));
    browser.post("/visits").await.is(200, "");
    browser.post("/act").await.is(200, "");
    browser.get("/visits").await.is(200, "12");
}
