//! How the pages look: narrow and wide, and the picture for the README.

use super::chromium::Chromium;
use super::gallery::gallery;
use super::{Server, logged_in, was_quiet};
use cloakroom_server::pages::assets;
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;

/// WCAG 2.2 §1.4.10, and the largest screens.
const WIDTHS: [(u32, u32); 4] = [(320, 640), (768, 1024), (1280, 800), (3840, 2160)];

const FITS: &str = "return document.documentElement.scrollWidth <= window.innerWidth";

#[tokio::test]
async fn no_page_is_wider_than_the_window() {
    let server = Server::start();
    let browser = Chromium::start().await;
    browser.size(320, 640, 1).await;
    let mut pages = vec!["/auth/login", "/no-such-page"];
    fits(&browser, &server, &pages).await;
    super::submit_log_in(&browser, &server, server.password()).await;
    pages = vec!["/account", "/account/password", "/auth/step-up", "/no-such-page"];
    fits(&browser, &server, &pages).await;
    was_quiet(&browser).await;
}

async fn fits(browser: &Chromium, server: &Server, pages: &[&str]) {
    for page in pages {
        browser.goto(&server.url(page)).await;
        assert_eq!(browser.at().await, *page);
        assert_eq!(browser.run(FITS).await, json!(true), "{page}");
    }
}

/// Every page in every state, from a folder. To look at them yourself, name one in `PAGES_OUT`.
#[tokio::test]
async fn no_state_of_a_page_is_wider_than_the_window() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = std::env::var_os("PAGES_OUT").map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    for asset in assets::all() {
        std::fs::write(folder.join(&asset.name), asset.bytes).unwrap();
    }
    let browser = Chromium::start().await;
    for (name, html) in gallery() {
        let html = [assets::PUBLIC_BASE, assets::CONSOLE_BASE]
            .iter()
            .fold(html, |html, base| html.replace(&format!("\"{base}/"), "\""));
        let file = folder.join(format!("{name}.html"));
        std::fs::write(&file, html).unwrap();
        browser.goto(&format!("file://{}", file.display())).await;
        for (width, height) in WIDTHS {
            browser.size(width, height, 1).await;
            assert_eq!(browser.run(FITS).await, json!(true), "{name} at {width}");
        }
        was_quiet(&browser).await;
    }
}

#[tokio::test]
async fn the_console_fits_too() {
    let server = Server::start();
    let _somebody = logged_in(&server).await;
    let browser = Chromium::start().await;
    browser.size(320, 640, 1).await;
    browser.goto(server.console()).await;
    assert_eq!(browser.run(FITS).await, json!(true));
    browser
        .type_into("input[type=password]", server.admin_key())
        .await;
    browser.click("main form button[type=submit]").await;
    assert!(
        browser.text().await.contains("Sessions of a subject"),
        "{}",
        browser.text().await
    );
    assert_eq!(browser.run(FITS).await, json!(true));
    browser.type_into("#subject", server.user()).await;
    browser.click("form.search button").await;
    assert!(browser.text().await.contains("Chrome on Linux"));
    assert_eq!(browser.run(FITS).await, json!(true));
    was_quiet(&browser).await;
}

/// The picture in the README: `SCREENSHOT_OUT=docs/account.png cargo test -p cloakroom-server --test browser
/// screenshot`. Without the variable the same is done in a hurry, and the picture thrown away.
#[tokio::test]
async fn screenshot_of_the_account_page() {
    let wanted = std::env::var_os("SCREENSHOT_OUT");
    let server = Server::with(&[("CLOAKROOM_TRUSTED_PROXIES", "127.0.0.1/32")]);
    let pause = async |seconds| {
        if wanted.is_some() {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
        }
    };
    server.log_in_from(
        "203.0.113.86",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 \
         Mobile/15E148 Safari/604.1",
    );
    pause(190).await;
    server.log_in_from(
        "198.51.100.23",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0",
    );
    pause(65).await;
    let browser = Chromium::start().await;
    browser
        .call_itself(
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 \
             Safari/537.36",
        )
        .await;
    browser
        .send_headers(json!({ "X-Forwarded-For": "198.51.100.23" }))
        .await;
    browser.size(1280, 800, 1).await;
    browser.dark(false).await;
    super::submit_log_in(&browser, &server, server.password()).await;
    assert_eq!(browser.at().await, "/account");
    let text = browser.text().await;
    for device in ["Chrome on Mac", "Firefox on Windows", "Safari on iPhone"] {
        assert!(text.contains(device), "{device} in {text}");
    }
    // As high as the page, so that nothing of it is cut off.
    let height = browser.run("return document.documentElement.scrollHeight").await;
    browser
        .size(1280, u32::try_from(height.as_u64().unwrap()).unwrap(), 1)
        .await;
    let picture = browser.picture().await;
    assert!(picture.starts_with(b"\x89PNG"));
    if let Some(path) = wanted {
        // Tests run in the folder of their crate; people name files from where they are, the root.
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
        std::fs::write(root.join(path), picture).unwrap();
    }
}
