//! What is odd is told once, and answered as configured.

use crate::common::{Browser, Cluster, Redis, Server, Setup, Watched, password_of, until};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

/// Logs in and out again and again, as no person does.
fn cycle(browser: &Browser, name: &str) {
    for _ in 0..7 {
        browser.log_in(name).is(200);
        browser.post("/auth/logout", &json!({})).is(204);
    }
}

/// Logs in by the page, as people do.
fn fill_in(browser: &Browser, name: &str) {
    let password = password_of(name);
    let fields = [("username", name), ("password", &password)];
    assert_eq!(browser.submit("/auth/login", &fields).see_other(), "/account");
}

/// The alerts about somebody: what the event says besides.
fn alerts(server: &Server, name: &str) -> Vec<Value> {
    let events = server.events(name);
    let alerts = events.iter().filter(|event| event["kind"] == "alert");
    alerts
        .map(|event| serde_json::from_str(event["detail"].as_str().unwrap()).unwrap())
        .collect()
}

fn of_rule<'a>(alerts: &'a [Value], rule: &str) -> Vec<&'a Value> {
    alerts.iter().filter(|alert| alert["rule"] == rule).collect()
}

fn an_alert_is_told_once_for_all_servers_and_restarts(store: &str) {
    let setup = Setup::default().set("store", store);
    let first = setup.start();
    let second = setup.clone().in_folder_of(&first).start();
    let name = first.user(&[]);
    cycle(&first.browser(), &name);
    until("told", || {
        !of_rule(&alerts(&first, &name), "login-cycles").is_empty()
    });
    let all = alerts(&first, &name);
    let alert = of_rule(&all, "login-cycles")[0];
    for said in ["why", "advice", "severity", "incident", "response"] {
        assert!(!alert[said].as_str().unwrap().is_empty(), "{said}: {alert}");
    }
    assert!(alert["confidence"].as_u64().unwrap() > 0 && alert["evidence"].as_array().unwrap().len() >= 2);
    assert_eq!(
        (&alert["subject"], &alert["response"]),
        (&json!(name), &json!("notify"))
    );
    let sum = |server: &Server| server.metric("cloakroom_alerts_total").unwrap();
    assert!(sum(&first) + sum(&second) >= 1.0);
    // Both have watched; a restart watches everything once more.
    let second = second.restart();
    let marker = second.user(&[]);
    cycle(&second.browser(), &marker);
    until("watched", || {
        !of_rule(&alerts(&second, &marker), "login-cycles").is_empty()
    });
    for server in [&first, &second] {
        let all = alerts(server, &name);
        assert_eq!(of_rule(&all, "login-cycles").len(), 1, "{all:#?}");
    }
}

#[test]
fn an_alert_says_what_who_why_how_sure_and_what_to_do_once_for_all_servers_and_restarts() {
    an_alert_is_told_once_for_all_servers_and_restarts(&Redis::start().url());
}

#[test]
fn an_alert_is_told_once_for_all_servers_and_restarts_sentinel() {
    an_alert_is_told_once_for_all_servers_and_restarts(&Watched::start().url());
}

#[test]
fn an_alert_is_told_once_for_all_servers_and_restarts_cluster() {
    an_alert_is_told_once_for_all_servers_and_restarts(&Cluster::start(0).url());
}

#[test]
fn a_rule_can_demand_a_step_up_or_end_the_session_or_be_off() {
    // Any other device may use a session, so that nothing but the rule objects.
    let setup = Setup::default().set("binding.user_agent", "log");
    let stolen = |server: &Server, name: &str| {
        let owner = server.logged_in(name);
        let mut thief = owner.copy();
        thief.agent = CHROME.to_owned();
        thief.ip = "203.0.113.77".to_owned();
        thief.get("/auth/whoami").is(200);
        (owner, thief)
    };
    let told = |server: &Server, name: &str| !of_rule(&alerts(server, name), "device-change").is_empty();

    let server = setup.clone().set("watch.step_up", "device-change").start();
    let name = server.user(&[]);
    let (owner, thief) = stolen(&server, &name);
    until("told", || told(&server, &name));
    thief.get("/auth/whoami").problem(401, "STEP_UP_REQUIRED");
    owner.step_up(&name).is(200);
    assert!(owner.is_logged_in());
    thief.get("/auth/whoami").problem(401, "NO_SESSION");
    assert_eq!(alerts(&server, &name)[0]["response"], "step-up");

    let server = setup.clone().set("watch.end", "device-change").start();
    let name = server.user(&[]);
    let (owner, thief) = stolen(&server, &name);
    until("told", || told(&server, &name));
    for browser in [&owner, &thief] {
        browser.get("/auth/whoami").problem(401, "NO_SESSION");
    }

    let server = setup.set("watch.off", "device-change").start();
    let name = server.user(&[]);
    let (_, thief) = stolen(&server, &name);
    cycle(&server.browser(), &name);
    until("watched", || {
        !of_rule(&alerts(&server, &name), "login-cycles").is_empty()
    });
    assert!(!told(&server, &name));
    assert!(thief.is_logged_in());
}

#[test]
fn a_copied_cookie_is_told_also_where_the_binding_has_stopped_it_already() {
    let server = Setup::default().start();
    let name = server.user(&[]);
    let mut thief = server.logged_in(&name).copy();
    CHROME.clone_into(&mut thief.agent);
    thief.get("/auth/whoami").problem(401, "FINGERPRINT_MISMATCH");
    until("told", || {
        !of_rule(&alerts(&server, &name), "device-change").is_empty()
    });
}

#[test]
fn a_database_that_is_missing_or_broken_is_said_at_the_start() {
    let server = Setup::default().start();
    let broken = server.data().join("broken.mmdb");
    std::fs::write(&broken, b"not a database").unwrap();
    for file in [broken.to_str().unwrap(), "/nowhere/countries.mmdb"] {
        let output = Setup::default()
            .set("watch.countries", file)
            .command(server.data(), &["serve"])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && said.contains("watch.countries") && said.contains(file),
            "{said}"
        );
    }
}

/// The database of countries that the rules' own tests use, too.
fn countries() -> String {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(here, PathBuf::from);
    let files = std::fs::read_dir(target.join("country-database"))
        .into_iter()
        .flatten();
    let mut paths = files.flatten().map(|file| file.path());
    let found = paths.find(|path| path.extension().is_some_and(|end| end == "mmdb"));
    let found = found.expect("no database of countries: run crates/watch/country-database first");
    found.canonicalize().unwrap().display().to_string()
}

#[test]
fn two_places_too_far_apart_are_told_and_sessions_show_their_country() {
    let server = Setup::default()
        .set("watch.countries", &countries())
        .set("watch.step_up", "impossible-travel")
        .start();
    let name = server.user(&[]);
    let mut at_home = server.browser();
    at_home.ip = "193.99.144.85".to_owned();
    at_home.log_in(&name).is(200);
    assert_eq!(at_home.get("/auth/whoami").json()["session"]["country"], "DE");
    let mut far_away = server.browser();
    far_away.ip = "133.11.0.1".to_owned();
    far_away.agent = CHROME.to_owned();
    far_away.log_in(&name).is(200);
    until("told", || {
        !of_rule(&alerts(&server, &name), "impossible-travel").is_empty()
    });
    let all = alerts(&server, &name);
    let alert = of_rule(&all, "impossible-travel")[0];
    let countries: Vec<_> = alert["evidence"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["country"])
        .collect();
    assert_eq!(countries, ["DE", "JP"]);
    assert!(alert["why"].as_str().unwrap().contains("km"), "{alert}");
    for browser in [&at_home, &far_away] {
        browser.get("/auth/whoami").problem(401, "STEP_UP_REQUIRED");
        browser.step_up(&name).is(200);
    }
}

#[test]
fn a_stranger_who_has_the_password_and_the_same_browser_is_told_and_the_users_answer_is_an_alert() {
    let server = Setup::default().start();
    let name = server.user(&[]);
    let owner = server.browser();
    fill_in(&owner, &name);
    owner.submit("/auth/logout", &[]);
    fill_in(&owner, &name);
    let stranger = server.browser();
    fill_in(&stranger, &name);
    let said: Vec<_> = server
        .events(&name)
        .into_iter()
        .filter(|event| event["kind"] == "opened")
        .map(|event| event["detail"].clone())
        .collect();
    assert_eq!(said, ["new browser", "known browser", "new browser"]);
    until("asked", || {
        !of_rule(&alerts(&server, &name), "new-device").is_empty()
    });
    assert_eq!(of_rule(&alerts(&server, &name), "new-device").len(), 1);

    let id = stranger.session_id();
    let to = owner.submit(&format!("/account/sessions/{id}/disown"), &[]);
    assert_eq!(to.see_other(), "/account?notice=disowned");
    assert!(!stranger.is_logged_in());
    until("told", || {
        !of_rule(&alerts(&server, &name), "disowned-session").is_empty()
    });
    let all = alerts(&server, &name);
    let alert = of_rule(&all, "disowned-session")[0];
    assert_eq!(
        (&alert["audience"], &alert["severity"]),
        (&json!("operator"), &json!("critical"))
    );
    assert_eq!(alert["evidence"].as_array().unwrap().len(), 2);
}
