//! Two browsers of one person.

use super::{Server, is_logged_in, logged_in, was_quiet};
use std::time::Duration;

#[tokio::test]
async fn one_browser_confirms_its_password_ends_the_other_and_that_one_is_logged_out() {
    // Short, so that the wait is; long enough for a slow machine to click within it.
    let window = Duration::from_secs(4);
    let server = Server::with(&[("CLOAKROOM_POLICY__STEP_UP_WITHIN", "4s")]);
    let first = logged_in(&server).await;
    let second = logged_in(&server).await;
    assert!(is_logged_in(&second, &server).await);
    tokio::time::sleep(window).await;

    first.goto(&server.url("/account")).await;
    assert!(first.text().await.contains("asks for your password first"));
    assert_eq!(first.count("article form.end").await, 1);
    first.click("article form.end button").await;
    assert!(first.at().await.starts_with("/auth/step-up?reason=end-device"));
    assert!(
        is_logged_in(&second, &server).await,
        "nothing ends before the password is confirmed"
    );

    first.type_into("#password", "not the password").await;
    first
        .click("form[action='/auth/step-up'] button[type=submit]")
        .await;
    assert!(
        first
            .find("#password-error")
            .await
            .text()
            .await
            .unwrap()
            .contains("not")
    );
    first.type_into("#password", server.password()).await;
    first
        .click("form[action='/auth/step-up'] button[type=submit]")
        .await;
    assert_eq!(first.at().await, "/account");
    first.click("article form.end button").await;
    assert_eq!(first.at().await, "/account?notice=device-ended");
    assert_eq!(first.count("article form.end").await, 0);

    // The next click of the other, without any wait.
    second.click("a[href='/account/password']").await;
    let at = second.at().await;
    assert!(at.starts_with("/auth/login?"), "{at}");
    assert!(is_logged_in(&first, &server).await);
    was_quiet(&first).await;
    was_quiet(&second).await;
}

#[tokio::test]
async fn log_out_everywhere_ends_both() {
    let server = Server::start();
    let first = logged_in(&server).await;
    let second = logged_in(&server).await;
    first.goto(&server.url("/account")).await;
    first
        .click("form[action='/account/logout-everywhere'] button")
        .await;
    assert_eq!(first.at().await, "/auth/login?notice=logged-out-everywhere");
    assert!(!is_logged_in(&second, &server).await);
    assert!(!is_logged_in(&first, &server).await);
    was_quiet(&first).await;
    was_quiet(&second).await;
}

#[tokio::test]
async fn log_out_other_devices_keeps_this_one() {
    let server = Server::start();
    let first = logged_in(&server).await;
    let second = logged_in(&server).await;
    first.goto(&server.url("/account")).await;
    first.click("form[action='/account/logout-others'] button").await;
    assert_eq!(first.at().await, "/account?notice=others-ended");
    assert!(!is_logged_in(&second, &server).await);
    assert!(is_logged_in(&first, &server).await);
}
