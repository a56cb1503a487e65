//! A new password.

use super::{Server, is_logged_in, logged_in, submit_log_in, was_quiet};
use serde_json::json;

#[tokio::test]
async fn a_new_password_ends_the_other_browser_and_keeps_this_one() {
    let server = Server::start();
    let first = logged_in(&server).await;
    let second = logged_in(&server).await;
    first.click("a[href='/account/password']").await;
    assert_eq!(first.at().await, "/account/password");

    // The browser itself refuses what is too short; past it, the page says why.
    first.type_into("#new", "short").await;
    first
        .run("document.querySelector('form[action=\"/account/password\"]').noValidate = true")
        .await;
    first
        .click("form[action='/account/password'] button[type=submit]")
        .await;
    assert!(
        first
            .find("#new-error")
            .await
            .text()
            .await
            .unwrap()
            .contains("characters")
    );
    assert_eq!(
        first.run("return document.querySelector('#new').value").await,
        json!("")
    );
    assert!(is_logged_in(&second, &server).await);

    first.type_into("#new", "four words and a coat").await;
    first
        .click("form[action='/account/password'] button[type=submit]")
        .await;
    assert_eq!(first.at().await, "/account?notice=password-changed");
    assert!(!is_logged_in(&second, &server).await);
    assert!(is_logged_in(&first, &server).await);

    submit_log_in(&second, &server, server.password()).await;
    assert_eq!(
        second.count("#password-error").await,
        1,
        "the old one is no good any more"
    );
    submit_log_in(&second, &server, "four words and a coat").await;
    assert_eq!(second.at().await, "/account");
    was_quiet(&first).await;
    was_quiet(&second).await;
}
