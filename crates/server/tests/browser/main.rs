//! What people do in a browser: the real binary, a real Chromium, two of them where the story needs two.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::format_collect,
    reason = "a failed expectation is how a test speaks"
)]

mod chromium;
mod other_site;
mod server;

mod across_sites;
mod devices;
#[path = "../pages/gallery.rs"]
#[allow(dead_code, reason = "the tests of the pages use the rest")]
mod gallery;
mod keyboard;
mod log_in;
mod looks;
mod password;
mod restart;

use chromium::Chromium;
use server::Server;

/// The log-in form, filled in and sent.
async fn submit_log_in(browser: &Chromium, server: &Server, password: &str) {
    browser.goto(&server.url("/auth/login")).await;
    browser.type_into("#username", server.user()).await;
    browser.type_into("#password", password).await;
    browser
        .click("form[action='/auth/login'] button[type=submit]")
        .await;
}

/// Logged in as the demo user, on the account page.
async fn logged_in(server: &Server) -> Chromium {
    let browser = Chromium::start().await;
    submit_log_in(&browser, server, server.password()).await;
    assert_eq!(browser.at().await, "/account");
    browser
}

/// Whether the next click finds somebody logged in.
async fn is_logged_in(browser: &Chromium, server: &Server) -> bool {
    browser.goto(&server.url("/account")).await;
    let at = browser.at().await;
    assert!(at == "/account" || at.starts_with("/auth/login"), "{at}");
    at == "/account"
}

/// Nothing was said on the console, no policy was broken.
async fn was_quiet(browser: &Chromium) {
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{complaints:#?}");
}
