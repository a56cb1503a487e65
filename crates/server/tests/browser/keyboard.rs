//! Nothing needs a mouse.

use super::chromium::Chromium;
use super::{Server, was_quiet};
use fantoccini::key::Key;
use serde_json::json;

#[tokio::test]
async fn log_in_look_around_and_log_out_by_keyboard_alone() {
    let server = Server::start();
    let browser = Chromium::start().await;
    browser.goto(&server.url("/auth/login")).await;
    assert!(browser.has_focus("#username").await, "one can type at once");
    browser.type_at_the_focus(server.user()).await;
    browser.tab_to("#password").await;
    browser.type_at_the_focus(server.password()).await;
    browser.tab_to("input[name=remember]").await;
    browser.press(&[Key::Space]).await;
    assert_eq!(
        browser
            .run("return document.querySelector('[name=remember]').checked")
            .await,
        json!(true)
    );
    browser
        .tab_to("form[action='/auth/login'] button[type=submit]")
        .await;
    browser.enter().await;
    assert_eq!(browser.at().await, "/account");
    assert!(browser.text().await.contains("Remembered"));

    // The first stop of a page leads past its header.
    browser.tab_to("a.skip").await;
    browser.press(&[Key::Enter]).await;
    browser.until("document.activeElement.id === 'main'").await;
    browser.tab_to("a[href='/account/password']").await;
    browser.enter().await;
    assert_eq!(browser.at().await, "/account/password");
    browser.tab_to("a[href='/account']").await;
    browser.enter().await;

    browser.tab_to("form[action='/auth/logout'] button").await;
    browser.enter().await;
    assert_eq!(browser.at().await, "/auth/login?notice=logged-out");
    was_quiet(&browser).await;
}
