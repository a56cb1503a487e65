//! Logging in, with scripts and without.

use super::chromium::{Chromium, Setup};
use super::{Server, logged_in, submit_log_in, was_quiet};

#[tokio::test]
async fn a_wrong_password_is_told_beside_the_field_and_the_right_one_leads_to_the_account() {
    let server = Server::start();
    let browser = Chromium::start().await;
    submit_log_in(&browser, &server, "not the password").await;
    assert_eq!(browser.at().await, "/auth/login");
    assert!(
        browser
            .find("#password-error")
            .await
            .text()
            .await
            .unwrap()
            .contains("do not match")
    );
    assert_eq!(
        browser
            .attribute("#password", "aria-describedby")
            .await
            .as_deref(),
        Some("password-error")
    );
    // What was typed stays, but for the password, and that is where the cursor is.
    assert_eq!(
        browser.attribute("#username", "value").await.as_deref(),
        Some(server.user())
    );
    assert!(browser.has_focus("#password").await);

    browser.type_into("#password", server.password()).await;
    browser
        .click("form[action='/auth/login'] button[type=submit]")
        .await;
    assert_eq!(browser.at().await, "/account");
    let text = browser.text().await;
    assert!(
        text.contains("This device") && text.contains("nowhere else"),
        "{text}"
    );
    assert!(text.contains("Chrome on Linux"), "{text}");
    assert_eq!(browser.count("article.ticket").await, 1);
    was_quiet(&browser).await;
}

#[tokio::test]
async fn everything_works_with_scripts_turned_off() {
    let server = Server::start();
    let browser = Chromium::with(Setup {
        without_scripts: true,
    })
    .await;
    submit_log_in(&browser, &server, "not the password").await;
    assert_eq!(browser.count("#password-error").await, 1);
    assert_eq!(browser.count(".peek").await, 0, "that would be the script's");
    submit_log_in(&browser, &server, server.password()).await;
    assert_eq!(browser.at().await, "/account");

    let other = logged_in(&server).await;
    browser.goto(&server.url("/account")).await;
    browser.click("article form.end button").await;
    assert_eq!(browser.at().await, "/account?notice=device-ended");
    assert!(!super::is_logged_in(&other, &server).await);

    browser.goto(&server.url("/account/password")).await;
    browser.type_into("#new", "four words and a coat").await;
    browser
        .click("form[action='/account/password'] button[type=submit]")
        .await;
    assert_eq!(browser.at().await, "/account?notice=password-changed");
    browser.click("form[action='/auth/logout'] button").await;
    assert_eq!(browser.at().await, "/auth/login?notice=logged-out");
}

#[tokio::test]
async fn the_script_shows_the_password_on_request() {
    let server = Server::start();
    let browser = Chromium::start().await;
    browser.goto(&server.url("/auth/login")).await;
    browser.find(".peek").await.click().await.unwrap();
    assert_eq!(
        browser.attribute("#password", "type").await.as_deref(),
        Some("text")
    );
    browser.find(".peek").await.click().await.unwrap();
    assert_eq!(
        browser.attribute("#password", "type").await.as_deref(),
        Some("password")
    );
    was_quiet(&browser).await;
}

#[tokio::test]
async fn log_in_leads_to_where_one_was_going_and_nowhere_else() {
    let server = Server::start();
    let browser = Chromium::start().await;
    for (rd, leads_to) in [
        ("/account/password", "/account/password"),
        ("https://evil.example/", "/account"),
        ("//evil.example/", "/account"),
    ] {
        browser.goto(&server.url(&format!("/auth/login?rd={rd}"))).await;
        browser.type_into("#username", server.user()).await;
        browser.type_into("#password", server.password()).await;
        browser
            .click("form[action='/auth/login'] button[type=submit]")
            .await;
        assert_eq!(browser.at().await, leads_to, "{rd}");
        browser.goto(&server.url("/account")).await;
        browser.click("form[action='/auth/logout'] button").await;
        assert_eq!(browser.at().await, "/auth/login?notice=logged-out");
    }
    was_quiet(&browser).await;
}
