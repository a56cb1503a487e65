//! Log-in, step-up, change of roles and of credentials, devices: the token changes with every privilege.

use crate::shop::shop;
use crate::world::{CHROME, World};

#[tokio::test]
async fn every_change_of_privilege_replaces_the_token_and_the_old_one_is_dead_at_once() {
    for act in [
        "/login/alice",
        "/step-up",
        "/rotate",
        "/roles/admin",
        "/password",
        "/logout-others",
    ] {
        let world = World::new();
        let mut browser = world.browser(shop());
        browser.post("/login/alice").await.is(200, "");
        browser.post("/visits").await.is(200, "");
        let mut old = browser.clone();
        assert_eq!(browser.post(act).await.status, 200, "{act}");
        assert_ne!(browser.cookie, old.cookie, "{act}");
        old.get("/me").await.refused(401, "NO_SESSION");
        browser.get("/me").await.is(200, "alice");
        let visits = if act.starts_with("/login") { "0" } else { "1" };
        browser.get("/visits").await.is(200, visits);
        assert_eq!(world.sessions.count().await.unwrap(), 1);
    }
}

/// Story 5, requirement 26.
#[tokio::test]
async fn the_cart_of_a_visitor_survives_log_in_and_nothing_else_does() {
    let world = World::new();
    let mut browser = world.browser(shop());
    browser.post("/cart/umbrella").await.is(200, "");
    browser.post("/note/secret").await.is(200, "");
    let visitor = browser.clone();
    browser.post("/login/alice").await.is(200, "");
    browser.get("/cart").await.is(200, "umbrella");
    browser.get("/note").await.is(200, "");
    let mut visitor = visitor;
    visitor.get("/cart").await.is(200, "");
    assert_eq!(world.sessions.count().await.unwrap(), 1);
}

/// Requirement 33.
#[tokio::test]
async fn a_log_in_as_somebody_else_takes_nothing_along() {
    let world = World::new();
    let mut browser = world.browser(shop());
    browser.post("/login/alice").await.is(200, "");
    browser.post("/cart/umbrella").await.is(200, "");
    let mut alice = browser.clone();
    browser.post("/login/bob").await.is(200, "");
    browser.get("/me").await.is(200, "bob");
    browser.get("/cart").await.is(200, "");
    alice.get("/me").await.refused(401, "NO_SESSION");
}

#[tokio::test]
async fn changes_of_the_same_request_come_along_to_a_log_in_only_from_a_visitor() {
    use axum::routing::post;
    use cloakroom_http::{LogIn, Refused, Session};

    let world = World::new();
    let handler = async |session: Session| -> Result<(), Refused> {
        session.update(crate::shop::CART, |cart| cart.push("hat".to_owned()))?;
        session.set(crate::shop::NOTE, &"dropped".to_owned())?;
        Ok(session.log_in(LogIn::of("bob".parse()?)).await?)
    };
    let app = shop().route("/buy-and-enter", post(handler));
    let mut visitor = world.browser(app.clone());
    visitor.post("/cart/umbrella").await.is(200, "");
    visitor.post("/buy-and-enter").await.is(200, "");
    visitor.get("/cart").await.is(200, "umbrella,hat");
    visitor.get("/note").await.is(200, "");

    let mut alice = world.browser(app);
    alice.post("/login/alice").await.is(200, "");
    alice.post("/cart/umbrella").await.is(200, "");
    alice.post("/buy-and-enter").await.is(200, "");
    alice.get("/me").await.is(200, "bob");
    alice.get("/cart").await.is(200, "");
}

#[tokio::test]
async fn sessions_are_listed_and_ended_by_their_own_user_alone() {
    let world = World::new();
    let mut phone = world.browser(shop());
    phone.post("/login/alice").await.is(200, "");
    let mut laptop = world.browser(shop());
    laptop.post("/login/alice").await.is(200, "");
    let mut bob = world.browser(shop());
    bob.post("/login/bob").await.is(200, "");

    let phone_id = phone.get("/id").await.body;
    let listed = laptop.get("/sessions").await.body;
    assert_eq!(listed.lines().count(), 2);
    assert!(listed.contains(&phone_id));

    let end_phone = format!("/end/{phone_id}");
    bob.post(&end_phone).await.is(200, "not found");
    bob.post("/end/nonsense").await.is(200, "not found");
    phone.get("/me").await.is(200, "alice");
    laptop.post(&end_phone).await.is(200, "ended");
    laptop.post(&end_phone).await.is(200, "not found");
    phone.get("/me").await.refused(401, "NO_SESSION");

    let own = format!("/end/{}", laptop.get("/id").await.body);
    laptop.post(&own).await.is(200, "ended");
    assert_eq!(laptop.cookie, None, "ending oneself clears the cookie");
}

#[tokio::test]
async fn others_and_everywhere_say_how_many_ended() {
    let world = World::new();
    let mut devices = Vec::new();
    for _ in 0..4 {
        let mut device = world.browser(shop());
        device.post("/login/alice").await.is(200, "");
        devices.push(device);
    }
    devices[0].post("/logout-others").await.is(200, "3");
    devices[0].get("/me").await.is(200, "alice");
    devices[3].get("/me").await.refused(401, "NO_SESSION");
    devices[1].post("/login/alice").await.is(200, "");
    devices[0].post("/logout-everywhere").await.is(200, "2");
    assert_eq!(devices[0].cookie, None);
    devices[1].get("/me").await.refused(401, "NO_SESSION");
}

#[tokio::test]
async fn a_session_used_from_another_browser_is_nobodys_until_a_step_up() {
    let world = World::new();
    let mut browser = world.browser(shop());
    browser.post("/login/alice").await.is(200, "");
    browser.post("/roles/admin").await.is(200, "");
    browser.post("/note/private").await.is(200, "");
    let id = browser.get("/id").await.body;

    browser.user_agent = CHROME;
    for path in ["/me", "/maybe", "/admin", "/sessions"] {
        let answer = browser.get(path).await;
        answer.refused(401, "FINGERPRINT_MISMATCH");
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(challenge.contains("insufficient_user_authentication") && challenge.ends_with("max_age=0"));
    }
    browser.post("/pay").await.refused(401, "FINGERPRINT_MISMATCH");
    browser.get("/note").await.is(200, "");
    for act in ["/note/planted", "/rotate", "/roles/root"] {
        browser.post(act).await.refused(401, "NO_SESSION");
    }
    browser
        .post(&format!("/end/{id}"))
        .await
        .refused(401, "FINGERPRINT_MISMATCH");

    browser.post("/step-up").await.is(200, "");
    browser.get("/me").await.is(200, "alice");
    browser.get("/note").await.is(200, "private");
    browser.get("/admin").await.is(200, "hello alice");
}

#[tokio::test]
async fn a_thief_who_logs_in_with_a_stolen_cookie_takes_nothing_along() {
    let world = World::new();
    let mut victim = world.browser(shop());
    victim.post("/login/alice").await.is(200, "");
    victim.post("/cart/umbrella").await.is(200, "");
    let mut thief = victim.clone();
    thief.user_agent = CHROME;
    thief.post("/login/mallory").await.is(200, "");
    thief.get("/cart").await.is(200, "");
}

#[tokio::test]
async fn a_log_out_works_from_another_browser_too() {
    let world = World::new();
    let mut browser = world.browser(shop());
    browser.post("/login/alice").await.is(200, "");
    browser.user_agent = CHROME;
    browser.post("/logout").await.is(200, "");
    assert_eq!(world.sessions.count().await.unwrap(), 0);
}
