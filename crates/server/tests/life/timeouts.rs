//! What ends by itself.

use crate::common::{Setup, until};
use std::time::{Duration, Instant};

fn pause(millis: u64) {
    std::thread::sleep(Duration::from_millis(millis));
}

#[test]
fn req_34_an_idle_timeout_of_two_seconds_alone_works() {
    let server = Setup::default().set("policy.idle_timeout", "2s").start();
    let name = server.user(&[]);
    let (used, unused) = (server.logged_in(&name), server.logged_in(&name));
    let started = Instant::now();
    while started.elapsed() < Duration::from_millis(3500) {
        assert!(
            used.is_logged_in(),
            "used all the time, after {:?}",
            started.elapsed()
        );
        pause(300);
    }
    assert!(!unused.is_logged_in());
    assert!(server.kinds(&name).contains(&"closed:idle".to_owned()));
    pause(2100);
    assert!(!used.is_logged_in());
}

#[test]
fn req_35_the_absolute_timeout_is_not_moved_by_use() {
    let server = Setup::default()
        .set("policy.absolute_timeout", "3s")
        .set("policy.renew_after", "1s")
        .start();
    let name = server.user(&[]);
    let browser = server.logged_in(&name);
    let started = Instant::now();
    while browser.is_logged_in() {
        assert!(browser.get("/authz/forward-auth").status < 402);
        assert!(started.elapsed() < Duration::from_secs(6));
        pause(100);
    }
    assert!(
        started.elapsed() > Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
    assert!(server.kinds(&name).contains(&"closed:absolute".to_owned()));
}

#[test]
fn req_17_remembered_sessions_have_timeouts_of_their_own() {
    let server = Setup::default()
        .set("policy.idle_timeout", "1s")
        .set("policy.remember.idle_timeout", "1h")
        .set("policy.remember.absolute_timeout", "1h")
        .start();
    let name = server.user(&[]);
    let (plain, remembered) = (server.logged_in(&name), server.browser());
    let password = format!("pass phrase of {name}");
    let body = serde_json::json!({ "username": name, "password": password, "remember": true });
    let answer = remembered.post("/auth/login", &body).is(200);
    let cookie = answer.header("set-cookie").unwrap();
    assert!(
        cookie.contains("Max-Age=3600") || cookie.contains("Max-Age=3599"),
        "{cookie}"
    );
    pause(1200);
    assert!(!plain.is_logged_in());
    assert!(remembered.is_logged_in());
}

#[test]
fn req_38_being_seen_is_written_at_most_once_in_touch_every() {
    let server = Setup::default().set("policy.touch_every", "1s").start();
    let name = server.user(&[]);
    let browser = server.logged_in(&name);
    let seen = || {
        browser.get("/auth/whoami").json()["session"]["seen_at"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let first = seen();
    assert_eq!(seen(), first);
    pause(1100);
    let second = seen();
    assert!(second > first);
    assert_eq!(seen(), second);
    until("the list shows it", || {
        let list = browser.get("/auth/sessions").json();
        list["sessions"][0]["seen_at"] == second.as_str()
    });
}
