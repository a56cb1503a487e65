//! Sessions that are used from elsewhere.

use crate::common::{Answer, Browser, Setup, shared};
use serde_json::json;

const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36";

fn elsewhere(browser: &Browser) -> Browser {
    let mut other = browser.copy();
    CHROME.clone_into(&mut other.agent);
    other
}

#[track_caller]
fn mismatch(answer: Answer) -> Answer {
    let answer = answer.problem(401, "FINGERPRINT_MISMATCH");
    let challenge = answer.header("www-authenticate").unwrap();
    assert!(
        challenge.contains("insufficient_user_authentication"),
        "{challenge}"
    );
    answer
}

#[test]
fn req_68_another_browser_has_to_prove_anew_who_it_is() {
    let server = shared();
    let name = server.user(&[]);
    let browser = server.logged_in(&name);
    let other = elsewhere(&browser);
    mismatch(other.get("/auth/whoami"));
    mismatch(other.get("/auth/sessions"));
    mismatch(other.delete("/auth/sessions/AAAAAAAAAAAAAAAAAAAAAA"));
    mismatch(other.post("/auth/password", &json!({ "new": "correct horse" })));
    mismatch(other.post("/auth/logout-everywhere", &json!({})));
    for path in ["/authz/auth-request", "/authz/forward-auth"] {
        let answer = mismatch(other.get(path));
        assert_eq!(answer.header("remote-user"), None);
    }
    let to = other.visit("/account");
    assert_eq!(to.see_other(), "/auth/step-up?reason=client-changed&rd=/account");
    other.visit("/auth/step-up").is(200);
    assert!(browser.is_logged_in(), "the rightful one goes on");
    let events = server.events(&name);
    let told: Vec<_> = events
        .iter()
        .filter(|event| event["kind"] == "binding-changed")
        .collect();
    assert_eq!(told.len(), 1, "once, not with every request: {events:#?}");
    assert!(told[0]["user_agent"].as_str().unwrap().contains("Chrome/141"));
    other
        .post("/auth/step-up", &json!({ "password": "wrong wrong" }))
        .problem(401, "INVALID_CREDENTIALS");
    other.step_up(&name).is(200);
    assert!(other.is_logged_in());
    assert!(!browser.is_logged_in(), "the old token is dead");
}

#[test]
fn a_new_version_of_the_same_browser_is_none() {
    let server = shared();
    let name = server.user(&[]);
    let mut browser = server.logged_in(&name);
    browser.agent = browser.agent.replace("143", "144");
    assert!(browser.is_logged_in());
}

#[test]
fn somebody_elsewhere_may_log_out() {
    let server = shared();
    let name = server.user(&[]);
    let browser = server.logged_in(&name);
    elsewhere(&browser).post("/auth/logout", &json!({})).is(204);
    assert!(!browser.is_logged_in(), "whoever holds it may throw it away");
}

#[test]
fn another_address_is_noted_once_and_goes_on() {
    let server = shared();
    let name = server.user(&[]);
    let mut browser = server.logged_in(&name);
    let near = browser.ip.replace(".7", ".8");
    browser.ip = near;
    browser.get("/auth/whoami").is(200);
    assert_eq!(server.kinds(&name), ["opened"], "within /24");
    browser.ip = "2001:db8::1".to_owned();
    let answer = browser.get("/auth/whoami").is(200);
    assert_eq!(answer.json()["session"]["ip"], "2001:db8::1");
    browser.get("/auth/whoami").is(200);
    let events = server.events(&name);
    assert_eq!(events.len(), 2, "{events:#?}");
    assert_eq!(events[1]["kind"], "binding-changed");
    assert_eq!(events[1]["ip"], "2001:db8::1");
}

#[test]
fn each_reaction_does_what_it_says() {
    for (ip, agent, language, status, closed) in [
        ("ignore", "ignore", "ignore", 200, false),
        ("log", "log", "log", 200, false),
        ("step-up", "ignore", "ignore", 401, false),
        ("ignore", "ignore", "step-up", 401, false),
        ("end", "ignore", "ignore", 401, true),
        ("ignore", "end", "ignore", 401, true),
        ("ignore", "ignore", "end", 401, true),
    ] {
        let server = Setup::default()
            .set("binding.ip", ip)
            .set("binding.user_agent", agent)
            .set("binding.accept_language", language)
            .start();
        let name = server.user(&[]);
        let browser = server.browser();
        let body = json!({ "username": name, "password": format!("pass phrase of {name}") });
        browser
            .go(&browser
                .ask("POST", "/auth/login")
                .header("Accept-Language", "de")
                .json(&body))
            .is(200);
        let same = browser
            .ask("GET", "/auth/whoami")
            .header("Accept-Language", "de")
            .send();
        same.is(200);
        let mut other = elsewhere(&browser);
        other.ip = "203.0.113.5".to_owned();
        let ask = other.ask("GET", "/auth/whoami").header("Accept-Language", "fr");
        let answer = ask.send().is(status);
        if status == 401 {
            answer.problem(
                401,
                if closed {
                    "NO_SESSION"
                } else {
                    "FINGERPRINT_MISMATCH"
                },
            );
        }
        let kinds = server.kinds(&name);
        assert_eq!(kinds.contains(&"closed:binding".to_owned()), closed, "{kinds:?}");
        assert_eq!(
            kinds.contains(&"binding-changed".to_owned()),
            ip == "log" || (status == 401 && !closed),
            "{kinds:?}"
        );
        let same = browser
            .ask("GET", "/auth/whoami")
            .header("Accept-Language", "de")
            .send();
        assert_eq!(same.status == 200, !closed, "{same:#?}");
    }
}
