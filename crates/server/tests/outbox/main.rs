//! Webhooks and mails of the real server, taken by real receivers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::similar_names,
    missing_docs
)] // these are tests
#![allow(clippy::needless_for_each, clippy::format_collect)] // short beats fast here

#[path = "../../../outbox/tests/support/certificates.rs"]
mod certificates;
#[path = "../common/mod.rs"]
mod common;
#[path = "../../../outbox/tests/support/receiver.rs"]
mod receiver;
#[path = "../../../outbox/tests/support/smtp.rs"]
mod smtp;

mod commands;
mod mails;
mod nodes;
mod webhooks;

use common::{Server, Setup};
use receiver::Receiver;
use std::time::{Duration, Instant};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A server that sends to this receiver, with quick pauses.
fn sending_to(url: &str) -> Setup {
    Setup::default()
        .set("webhook.ops.url", url)
        .set("webhook.ops.secret", SECRET)
        .set("outbound.allow_networks", "127.0.0.0/8")
        .set("outbound.retry_first", "50ms")
        .set("outbound.retry_longest", "200ms")
        .set("outbound.attempts", "4")
}

#[track_caller]
fn within(seconds: u64, what: &str, mut is_true: impl FnMut() -> bool) {
    let asked = Instant::now();
    while !is_true() {
        assert!(
            asked.elapsed() < Duration::from_secs(seconds),
            "not within {seconds} s: {what}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// How the admin API shows the webhook.
#[track_caller]
fn state(server: &Server) -> serde_json::Value {
    let answer = server.admin("GET", "/admin/v1/webhooks").send().is(200);
    answer.json()["webhooks"][0].clone()
}

/// What came about a subject, without doubles, in the order in which it came first.
fn about(receiver: &Receiver, subject: &str) -> Vec<String> {
    let all = receiver.first_seen();
    let of = all.iter().filter(|it| it.json()["data"]["subject"] == subject);
    of.map(|it| it.json()["data"]["id"].as_str().unwrap().to_owned())
        .collect()
}
