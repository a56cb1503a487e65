//! Real proxies in front of the real server: whose word about the client counts, and whose does not.
//!
//! All run on this machine, each hop with a loopback address of its own: the client is 127.0.0.1, nginx comes from
//! 127.0.0.2 and HAProxy from 127.0.0.3.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)] // these are tests
#![allow(clippy::needless_for_each, clippy::format_collect)] // short beats fast here

#[path = "../common/mod.rs"]
mod common;

mod chains;
mod haproxy;
mod hostile;
mod nginx;
mod process;
mod proxy_protocol;

use common::{ADMIN_KEY, Ask, ORIGIN, Server, Setup};
use serde_json::json;
use std::net::SocketAddr;

const CLIENT: &str = "127.0.0.1";
const BOTH: &str = "127.0.0.2,127.0.0.3";

fn server(trusted: &str) -> Setup {
    assert!(!ADMIN_KEY.is_empty());
    Setup::default().set("trusted_proxies", trusted)
}

/// What a client says of itself that is not true.
type Lie<'a> = (&'a str, &'a str);

const LIES: [Lie<'_>; 8] = [
    ("X-Forwarded-For", "6.6.6.6"),
    ("X-Forwarded-For", "6.6.6.6, 127.0.0.2, 127.0.0.3"),
    ("X-Forwarded-For", "127.0.0.3"),
    ("X-Forwarded-For", "\"6.6.6.6, "),
    ("Forwarded", "for=6.6.6.6"),
    ("Forwarded", "for=6.6.6.6, for=127.0.0.2"),
    ("Forwarded", "for=6.6.6.6;host=\""),
    ("X-Real-IP", "6.6.6.6"),
];

/// The address that a log-in by way of `via` is written down with.
#[track_caller]
fn seen(server: &Server, via: SocketAddr, lies: &[Lie<'_>]) -> String {
    let name = server.user(&[]);
    let ask = Ask::new(via, "POST", "/auth/login")
        .header("Origin", ORIGIN)
        .header("Sec-Fetch-Site", "same-origin")
        .json(&json!({"username": name, "password": format!("pass phrase of {name}")}));
    let ask = lies
        .iter()
        .fold(ask, |ask, (name, value)| ask.header(name, value));
    let answer = ask.send().is(200);
    answer.json()["session"]["ip"]
        .as_str()
        .expect("an address")
        .to_owned()
}

/// The truth comes through, with and without lies.
#[track_caller]
fn is_not_fooled(server: &Server, via: SocketAddr) {
    assert_eq!(seen(server, via, &[]), CLIENT);
    for lie in LIES {
        assert_eq!(seen(server, via, &[lie]), CLIENT, "{lie:?}");
    }
    assert_eq!(seen(server, via, &LIES), CLIENT, "all at once");
}
