//! A page of somebody else that posts forms here.

use super::chromium::Chromium;
use super::other_site::OtherSite;
use super::{Server, is_logged_in, logged_in};

/// A page that sends a form as soon as it is opened.
fn trap(action: &str, enctype: &str, fields: &[(&str, &str)]) -> OtherSite {
    let fields: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("<input name='{name}' value='{value}'>"))
        .collect();
    let fields = fields.concat();
    OtherSite::with(format!(
        "<!doctype html><title>Win a coat</title><form method=post action='{action}' enctype='{enctype}'>{fields}</form>\
         <script>document.forms[0].submit()</script>"
    ))
}

async fn fall_into(trap: &str, browser: &Chromium, server: &Server) {
    browser.goto(trap).await;
    let arrived = format!(
        "location.href.startsWith('{}') && document.readyState === 'complete'",
        server.url("/")
    );
    browser.until(&arrived).await;
}

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn another_site_cannot_log_anybody_out() {
    let server = Server::start();
    let victim = logged_in(&server).await;
    for path in [
        "/auth/logout",
        "/account/logout-everywhere",
        "/auth/logout-everywhere",
    ] {
        let trap = trap(&server.url(path), FORM, &[]);
        for site in [trap.elsewhere(), trap.next_door()] {
            fall_into(&site, &victim, &server).await;
            assert!(
                victim.text().await.contains("CSRF_REJECTED"),
                "{path} from {site}: {}",
                victim.text().await
            );
            assert!(is_logged_in(&victim, &server).await, "{path} from {site}");
        }
    }
}

#[tokio::test]
async fn another_site_cannot_log_anybody_in() {
    let server = Server::start();
    let victim = Chromium::start().await;
    let (user, password) = (server.user(), server.password());
    let json = format!(r#"{{"username":"{user}","password":"{password}","x":""#);
    for (enctype, fields) in [
        (FORM, vec![("username", user), ("password", password)]),
        ("text/plain", vec![(json.as_str(), "\"}")]),
    ] {
        let trap = trap(&server.url("/auth/login"), enctype, &fields);
        for site in [trap.elsewhere(), trap.next_door()] {
            fall_into(&site, &victim, &server).await;
            assert!(!is_logged_in(&victim, &server).await, "{enctype} from {site}");
        }
    }
}
