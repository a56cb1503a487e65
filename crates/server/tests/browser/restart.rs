//! The server dies and comes back.

use super::{Server, is_logged_in, logged_in, was_quiet};

#[tokio::test]
async fn after_a_restart_everybody_is_still_logged_in() {
    let mut server = Server::start();
    let first = logged_in(&server).await;
    let second = logged_in(&server).await;
    server.kill_and_start_again();
    assert!(is_logged_in(&first, &server).await);
    assert!(is_logged_in(&second, &server).await);
    assert!(
        first.text().await.contains("Other devices 1"),
        "{}",
        first.text().await
    );
    was_quiet(&first).await;
    was_quiet(&second).await;
}
