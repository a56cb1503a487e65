//! Tokens that open nothing.

use crate::shop::shop;
use crate::world::{Answer, FIREFOX, SID, World, request, send};
use axum::Router;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cloakroom_core::{Kind, Meter, Position, Rate, Store as _};
use cloakroom_http::{GuessLimit, TrustedProxies};
use std::sync::Arc;
use std::time::Duration;

const BURST: u32 = 5;

struct Gate {
    world: World,
    app: Router,
}

impl Gate {
    fn new() -> Self {
        let world = World::new();
        let rate = Rate::new(BURST, Duration::from_secs(10));
        let proxies: TrustedProxies = ["192.0.2.0/24".parse().unwrap()].into_iter().collect();
        let limit = GuessLimit::new(Arc::new(Meter::new(None)), rate);
        let app = shop().layer(world.layer().trusted_proxies(proxies).limit_guesses(limit));
        Self { world, app }
    }

    async fn show(&self, cookie: &str, from: &str) -> Answer {
        let mut request = request(
            "GET",
            "/me",
            &[
                ("cookie", cookie),
                ("x-forwarded-for", from),
                ("user-agent", FIREFOX),
            ],
        );
        let peer = cloakroom_http::PeerAddress([192, 0, 2, 1].into());
        request.extensions_mut().insert(peer);
        send(&self.app, request).await
    }

    async fn guesses(&self) -> usize {
        let page = self
            .world
            .store
            .journal(&Position::start(), 10_000, Duration::ZERO)
            .await;
        let entries = page.unwrap().entries;
        entries
            .iter()
            .filter(|entry| entry.event.kind == Kind::Guess)
            .count()
    }
}

fn made_up(number: u16) -> String {
    let [high, low] = number.to_be_bytes();
    let mut bytes = [high; 33];
    bytes[32] = low;
    format!("{SID}={}", URL_SAFE_NO_PAD.encode(bytes))
}

#[tokio::test]
async fn req_5_many_made_up_tokens_are_told_and_held_up_and_valid_users_go_on() {
    let gate = Gate::new();
    let mut alice = crate::world::Browser::new(gate.app.clone());
    alice.post("/login/alice").await.is(200, "");
    let cookie = alice.cookie.clone().unwrap();
    for number in 1..=5 {
        gate.show(&made_up(number), "198.51.100.7")
            .await
            .refused(401, "NO_SESSION");
    }
    let held_up = gate.show(&made_up(6), "198.51.100.7").await;
    held_up.refused(429, "RATE_LIMITED");
    assert_eq!(held_up.header("retry-after"), Some("10"));
    gate.show(&cookie, "198.51.100.7").await.is(200, "alice");
    gate.show(&made_up(7), "198.51.100.8")
        .await
        .refused(401, "NO_SESSION");
    // Whoever shows none at all is no guesser.
    gate.show("other=cookie", "198.51.100.7")
        .await
        .refused(401, "NO_SESSION");
    gate.world.wind(60);
    gate.show(&made_up(8), "198.51.100.7")
        .await
        .refused(401, "NO_SESSION");
    assert_eq!(gate.guesses().await, 8);
}

#[tokio::test]
async fn one_dead_token_shown_again_and_again_is_one() {
    let gate = Gate::new();
    for _ in 0..50 {
        gate.show(&made_up(1), "198.51.100.7")
            .await
            .refused(401, "NO_SESSION");
    }
    assert_eq!(gate.guesses().await, 1);
}

#[tokio::test]
async fn all_networks_together_are_held_up_at_a_hundred_times_the_rate() {
    let gate = Gate::new();
    for number in 0..500 {
        let from = format!("198.51.{}.{}", number / 250, number % 250);
        gate.show(&made_up(100 + number), &from)
            .await
            .refused(401, "NO_SESSION");
    }
    gate.show(&made_up(1), "203.0.113.1")
        .await
        .refused(429, "RATE_LIMITED");
}

#[tokio::test]
async fn req_6_what_can_be_no_token_costs_no_call_and_is_no_guess() {
    let gate = Gate::new();
    for _ in 0..20 {
        gate.show(&format!("{SID}=short"), "198.51.100.7")
            .await
            .refused(401, "NO_SESSION");
    }
    assert!(gate.world.store.calls().is_empty());
}
