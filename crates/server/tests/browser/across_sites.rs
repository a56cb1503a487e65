//! A page of somebody else that posts forms here.

use super::chromium::Chromium;
use super::other_site::OtherSite;
use super::{Server, is_logged_in, logged_in};
use serde_json::Value;

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

/// The server under a name of its own, with a sibling beside it: `SameSite` cookies go along from there.
const OWN_HOST: &str = "app.shop.localhost";
const SIBLING: &str = "blog.shop.localhost";

fn at(server: &Server, path: &str) -> String {
    server.url(path).replacen("127.0.0.1", OWN_HOST, 1)
}

/// Who is logged in and in which session, as the site itself answers it.
async fn whoami(browser: &Chromium, server: &Server) -> (Value, Value) {
    browser.goto(&at(server, "/auth/whoami")).await;
    if browser.at().await.starts_with("/auth/login") {
        return (Value::Null, Value::Null);
    }
    let who: Value = serde_json::from_str(&browser.text().await).unwrap();
    (who["subject"].clone(), who["session"]["id"].clone())
}

async fn log_in_at_own_host(browser: &Chromium, server: &Server) {
    browser.goto(&at(server, "/auth/login")).await;
    browser.type_into("#username", server.user()).await;
    browser.type_into("#password", server.password()).await;
    browser
        .click("form[action='/auth/login'] button[type=submit]")
        .await;
}

/// A page that tries whatever a page can: images, frames, scripts with and without asking first, forms in frames, beacons.
/// Its title tells how many of its requests could change something once all have come to an end.
fn hostile(server: &Server) -> OtherSite {
    let page = r#"<!doctype html><title>at it</title><body><script>
const base = "BASE", form = "application/x-www-form-urlencoded", json = "application/json";
const login = new URLSearchParams({username: "mallory", password: "the password of mallory"}).toString();
const asJson = JSON.stringify({username: "mallory", password: "the password of mallory"});
const ended = [];
let unsafe = 0;
const settle = (element, act) => ended.push(new Promise(done => {
  element.onload = element.onerror = done;
  act(element);
  setTimeout(done, 5000);
}));
for (const path of ["/auth/logout", "/account/logout-everywhere", "/auth/login?" + login, "/auth/whoami"]) {
  settle(new Image(), image => { image.src = base + path; });
}
for (const path of ["/account", "/auth/login"]) {
  const frame = document.body.appendChild(document.createElement("iframe"));
  settle(frame, frame => { frame.src = base + path; });
}
const bodies = [["/auth/logout", ""], ["/auth/logout-everywhere", "{}"], ["/account/logout-everywhere", ""],
  ["/auth/logout-others", "{}"], ["/auth/login", login], ["/auth/login", asJson], ["/auth/password", '{"new":"x"}']];
for (const [path, body] of bodies) {
  for (const type of [form, "text/plain", "multipart/form-data", json]) {
    const asked = {method: "POST", credentials: "include", body, headers: {"Content-Type": type}};
    ended.push(fetch(base + path, {...asked, mode: "no-cors"}).catch(() => 0));
    ended.push(fetch(base + path, asked).then(answer => { document.body.dataset.read = path; }, () => 0));
    unsafe += type === json ? 0 : 1;
  }
  ended.push(fetch(base + path, {method: "DELETE", credentials: "include"}).catch(() => 0));
  navigator.sendBeacon(base + path, new Blob([body], {type: form}));
}
for (const [path, fields] of [["/auth/logout", []], ["/auth/login", [...new URLSearchParams(login)]]]) {
  const frame = document.body.appendChild(document.createElement("iframe"));
  frame.name = path;
  const sent = document.body.appendChild(document.createElement("form"));
  Object.assign(sent, {method: "post", action: base + path, target: path});
  for (const [name, value] of fields) {
    sent.appendChild(Object.assign(document.createElement("input"), {name, value}));
  }
  settle(frame, () => sent.submit());
  unsafe += 1;
}
Promise.allSettled(ended).then(() => { document.title = "done " + unsafe; });
</script>"#;
    OtherSite::with(page.replace("BASE", at(server, "").trim_end_matches('/')))
}

/// Opens it and lets it do its worst. Answers what the console said.
async fn visit(browser: &Chromium, site: &str, server: &Server) -> Vec<String> {
    let before = server.refused();
    browser.complaints().await;
    browser.goto(site).await;
    browser.until("document.title.startsWith('done')").await;
    let read = browser.run("return document.body.dataset.read ?? null").await;
    assert_eq!(read, Value::Null, "{site} read an answer");
    let title = browser.run("return Number(document.title.slice(5))").await;
    let sent = title.as_u64().unwrap();
    let refused = server.refused() - before;
    assert!(
        sent > 20 && refused >= sent,
        "{site}: {refused} of {sent} were refused"
    );
    browser.complaints().await
}

/// By any means, from another site and from a sibling host: not out, not in, and not over to somebody else.
#[tokio::test]
async fn req_72_to_77_no_page_elsewhere_changes_who_is_logged_in() {
    let server = Server::start();
    server.add_user("mallory", "the password of mallory");
    let hostile = hostile(&server);
    for site in [hostile.elsewhere(), hostile.on(SIBLING)] {
        let browser = Chromium::start().await;
        let nobody = whoami(&browser, &server).await;
        assert_eq!(nobody, (Value::Null, Value::Null));
        visit(&browser, &site, &server).await;
        assert_eq!(whoami(&browser, &server).await, nobody, "logged in from {site}");

        log_in_at_own_host(&browser, &server).await;
        let victim = whoami(&browser, &server).await;
        assert_eq!(victim.0, server.user());
        let said = visit(&browser, &site, &server).await;
        assert_eq!(
            whoami(&browser, &server).await,
            victim,
            "logged out or over from {site}"
        );
        assert!(
            said.iter()
                .any(|line| line.contains("frame-ancestors") || line.contains("X-Frame-Options")),
            "{site} could frame a page: {said:#?}"
        );
    }
}
