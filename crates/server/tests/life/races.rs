//! Requests at the same time.

use crate::common::{Setup, at_once, shared};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

#[test]
fn inv2_who_logs_out_amid_parallel_requests_stays_logged_out() {
    let server = Setup::default()
        .set("policy.renew_after", "1s")
        .set("policy.touch_every", "100ms")
        .start();
    let name = server.user(&[]);
    for pause in [0, 1100] {
        let browser = server.logged_in(&name);
        // Due for renewal in the second round: also its writes bring nobody back.
        std::thread::sleep(Duration::from_millis(pause));
        let answers = at_once(51, |number| {
            if number == 25 {
                browser.ask("POST", "/auth/logout").send().is(204)
            } else {
                browser.ask("GET", "/auth/whoami").send()
            }
        });
        assert!(
            answers
                .iter()
                .all(|answer| [200, 204, 401].contains(&answer.status)),
            "{answers:#?}"
        );
        assert!(!browser.is_logged_in());
        // Neither does any token that was handed out meanwhile.
        for answer in &answers {
            let other = server.browser();
            other.keep(answer);
            assert!(!other.is_logged_in());
        }
        assert_eq!(server.count(&name), 0);
    }
}

#[test]
fn req_31_a_hundred_requests_at_the_edge_make_one_successor() {
    let server = Setup::default().set("policy.renew_after", "1s").start();
    let name = server.user(&[]);
    let browser = server.logged_in(&name);
    std::thread::sleep(Duration::from_millis(1100));
    let answers = at_once(100, |_| browser.ask("GET", "/auth/whoami").send());
    assert!(
        answers.iter().all(|answer| answer.status == 200),
        "nobody is logged out"
    );
    let successors: BTreeSet<_> = answers
        .iter()
        .flat_map(|answer| answer.all("set-cookie"))
        .collect();
    assert_eq!(successors.len(), 1, "{successors:?}");
    assert!(
        answers.iter().all(|answer| answer.all("set-cookie").len() == 1),
        "everyone is offered it"
    );
    // A lost answer logs nobody out: the old one is good until the new one was used.
    browser.ask("GET", "/auth/whoami").send().is(200);
    browser.keep(&answers[99]);
    let answers = at_once(20, |_| browser.ask("GET", "/auth/whoami").send());
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(server.count(&name), 1);
    let kinds = server.kinds(&name);
    assert_eq!(
        kinds.iter().filter(|kind| *kind == "renewed").count(),
        1,
        "{kinds:?}"
    );
    assert_eq!(
        kinds.iter().filter(|kind| *kind == "updated").count(),
        1,
        "{kinds:?}"
    );
}

#[test]
fn req_29_30_an_old_token_is_good_for_the_overlap_and_then_ends_the_session() {
    let server = Setup::default()
        .set("policy.renew_after", "1s")
        .set("policy.renew_overlap", "900ms")
        .start();
    let name = server.user(&[]);
    let browser = server.logged_in(&name);
    let deadline = browser.get("/auth/whoami").json()["session"]["expires_at"].clone();
    std::thread::sleep(Duration::from_millis(1100));
    let old = browser.copy();
    browser.get("/auth/whoami").is(200);
    assert_ne!(old.token(), browser.token());
    let after = browser.get("/auth/whoami").is(200);
    assert_eq!(after.json()["session"]["expires_at"], deadline, "invariant 6");
    let answer = old.ask("GET", "/auth/whoami").send().is(200);
    let other = server.browser();
    other.keep(&answer);
    assert_eq!(other.token(), browser.token(), "the same successor");
    std::thread::sleep(Duration::from_secs(1));
    old.ask("GET", "/auth/whoami").send().problem(401, "NO_SESSION");
    browser.get("/auth/whoami").problem(401, "NO_SESSION");
    let events = server.events(&name);
    let ended = events.iter().rfind(|event| event["kind"] != "alert").unwrap();
    assert_eq!(crate::common::kind(ended), "closed:token-reuse");
    assert_eq!(server.count(&name), 0);
}

#[test]
fn req_46_a_log_in_that_began_before_log_out_everywhere_does_not_survive_it() {
    let server = Setup::default().set("policy.max_sessions", "0").start();
    let name = server.user(&[]);
    let browsers: Vec<_> = (0..12).map(|_| server.browser()).collect();
    let answers = at_once(13, |number| {
        if number == 12 {
            std::thread::sleep(Duration::from_millis(100));
            server
                .admin("DELETE", &format!("/admin/v1/subjects/{name}/sessions"))
                .send()
                .is(200)
        } else {
            browsers[number].log_in(&name)
        }
    });
    // Whoever was told of success after the call began its log-in after it, or lives no more.
    for (browser, answer) in browsers.iter().zip(&answers) {
        match answer.status {
            200 => {
                let began = answer.json()["session"]["created_at"]
                    .as_str()
                    .unwrap()
                    .to_owned();
                let alive = browser.is_logged_in();
                let cut = server.events(&name).iter().any(|event| {
                    event["kind"] == "closed" && event["session"] == answer.json()["session"]["id"]
                });
                assert_ne!(alive, cut, "opened {began}");
            }
            401 => assert!(!browser.is_logged_in()),
            _ => panic!("{answer:#?}"),
        }
    }
    let refused = answers.iter().filter(|answer| answer.status == 401).count();
    assert!(
        refused > 0,
        "at least those whose password was being checked are refused"
    );
}

#[test]
fn step_ups_and_password_changes_at_once_leave_one_session() {
    let server = shared();
    let name = server.user(&[]);
    let browser = server.logged_in(&name);
    let answers = at_once(8, |number| {
        if number % 2 == 0 {
            browser
                .ask("POST", "/auth/step-up")
                .json(&json!({ "password": format!("pass phrase of {name}") }))
                .send()
        } else {
            browser.ask("GET", "/auth/whoami").send()
        }
    });
    assert!(
        answers.iter().all(|answer| [200, 401].contains(&answer.status)),
        "{answers:#?}"
    );
    assert_eq!(server.count(&name), 1);
    // The one who got the last token is still in.
    let alive = answers.iter().filter(|answer| {
        let other = server.browser();
        other.keep(answer);
        other.is_logged_in()
    });
    assert_eq!(alive.count(), 1);
}
