//! `/admin/v1/events`: the journal.

use crate::common::{Server, Setup, shared, until};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

fn events(server: &Server, query: &str) -> (Vec<Value>, String) {
    let json = server
        .admin("GET", &format!("/admin/v1/events?{query}"))
        .send()
        .is(200)
        .json();
    (
        json["events"].as_array().unwrap().clone(),
        json["next"].as_str().unwrap().to_owned(),
    )
}

#[test]
fn contract_an_event_has_these_members() {
    let server = shared();
    let name = server.user(&[]);
    let browser = server.logged_in(&name);
    let event = server.events(&name).remove(0);
    let members: BTreeSet<&str> = event.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "id",
        "at",
        "kind",
        "session",
        "subject",
        "reason",
        "actor",
        "ip",
        "user_agent",
        "detail",
    ];
    assert_eq!(members, BTreeSet::from(expected));
    assert_eq!(event["kind"], "opened");
    assert_eq!(event["session"], browser.session_id());
    assert_eq!(event["subject"], name);
    assert_eq!(event["reason"], Value::Null);
    assert_eq!(event["actor"], "user");
    assert_eq!(event["ip"], browser.ip);
    assert_eq!(event["user_agent"], browser.agent);
    assert!(event["at"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
}

#[test]
fn pages_follow_each_other_without_gap_or_repetition() {
    let server = Setup::default().start();
    let names: Vec<String> = (0..2).map(|_| server.user(&[])).collect();
    for _ in 0..3 {
        for name in &names {
            let browser = server.logged_in(name);
            browser.go(&browser.ask("POST", "/auth/logout")).is(204);
        }
    }
    let (all, next) = events(&server, "");
    assert_eq!(all.len(), 12);
    let ids: BTreeSet<&str> = all.iter().map(|event| event["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 12, "ids are unique");
    let moments: Vec<&str> = all.iter().map(|event| event["at"].as_str().unwrap()).collect();
    assert!(moments.is_sorted(), "oldest first");
    let follow = |filter: &str, limit: usize| {
        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let (page, next) = events(&server, &format!("after={after}&limit={limit}{filter}"));
            assert!(page.len() <= limit);
            after = next;
            if page.is_empty() {
                return seen;
            }
            seen.extend(page);
        }
    };
    for limit in [1, 5, 12, 1000] {
        assert_eq!(follow("", limit), all, "{limit}");
        let mine: Vec<Value> = all
            .iter()
            .filter(|event| event["subject"] == names[1])
            .cloned()
            .collect();
        assert_eq!(follow(&format!("&subject={}", names[1]), limit), mine, "{limit}");
    }
    assert_eq!(follow("&subject=nobody", 5), Vec::<Value>::new());
    // An id serves as a position, too.
    let (rest, _) = events(&server, &format!("after={}", all[9]["id"].as_str().unwrap()));
    assert_eq!(rest, all[10..]);
    // At the end, `next` stays good for what comes.
    let (none, again) = events(&server, &format!("after={next}"));
    assert!(none.is_empty());
    server.logged_in(&names[0]);
    let (new, _) = events(&server, &format!("after={again}"));
    assert_eq!(new.len(), 1);
    // A place that this journal does not know is told apart from having read everything.
    let answer = server
        .admin("GET", "/admin/v1/events?after=zzz")
        .send()
        .is(200)
        .json();
    assert_eq!(answer["gap"], true, "{answer:#}");
    for query in [
        "limit=0",
        "limit=1001",
        "limit=x",
        "limit=-1",
        "after=%20",
        "after=';--",
        "limit=1&limit=2",
        "subject=a%0Ab",
    ] {
        let answer = server.admin("GET", &format!("/admin/v1/events?{query}")).send();
        let answer = answer.problem(400, "BAD_REQUEST");
        let name = query.split('=').next().unwrap();
        assert!(
            answer.json()["detail"].as_str().unwrap().contains(name),
            "{query}: {}",
            answer.body
        );
    }
}

/// Every kind and reason that this version can bring about, by what brings it about.
#[test]
fn contract_every_kind_and_reason_happens() {
    let server = Setup::default()
        .set("policy.renew_after", "1s")
        .set("policy.renew_overlap", "0s")
        .set("policy.idle_timeout", "3s")
        .set("policy.max_sessions", "1")
        .start();
    let name = server.user(&[]);
    let happened = |kind: &str| {
        let kinds = server.kinds(&name);
        assert!(kinds.contains(&kind.to_owned()), "{kind} is not in {kinds:?}");
    };
    let pause = || std::thread::sleep(Duration::from_millis(1100));

    let first = server.logged_in(&name);
    let second = server.logged_in(&name);
    happened("opened");
    happened("closed:evicted");
    assert!(!first.is_logged_in());
    pause();
    let old = second.copy();
    second.get("/auth/whoami").is(200);
    happened("renewed");
    second.get("/auth/whoami").is(200);
    happened("updated");
    std::thread::sleep(Duration::from_millis(50));
    assert!(!old.is_logged_in());
    happened("closed:token-reuse");
    assert!(!second.is_logged_in(), "requirement 30: the whole session");

    let browser = server.logged_in(&name);
    browser.step_up(&name).is(200);
    happened("elevated");
    browser
        .post(
            "/auth/password",
            &json!({ "new": format!("pass phrase of {name}") }),
        )
        .is(204);
    happened("rotated");
    browser.log_in(&name).is(200);
    happened("closed:replaced");
    browser.post("/auth/logout", &json!({})).is(204);
    happened("closed:logout");
    let browser = server.logged_in(&name);
    let path = format!("/admin/v1/sessions/{}", browser.session_id());
    server.admin("DELETE", &path).send().is(204);
    happened("closed:revoked");
    server.browser().try_log_in(&name, "wrong wrong").is(401);
    happened("login-failed");
    let mut browser = server.logged_in(&name);
    browser.ip = "203.0.113.77".to_owned();
    browser.get("/auth/whoami").is(200);
    happened("binding-changed");
    server.do_run(&["user", "roles", &name, "--role", "x"]);
    happened("updated");
    // Nobody looks; the sweeper finds it within the minute.
    std::thread::sleep(Duration::from_secs(3));
    browser.get("/auth/whoami").is(401);
    happened("closed:idle");
    server.logged_in(&name);
    let done = server.run_with(
        &["user", "passwd", &name, "--password-stdin"],
        &format!("pass phrase of {name}"),
    );
    assert!(done.status.success(), "{done:?}");
    happened("closed:credential-change");
    server.logged_in(&name);
    server.do_run(&["user", "disable", &name]);
    happened("closed:disabled");
}

#[test]
fn a_session_that_nobody_looks_at_ends_in_the_journal_within_a_minute() {
    let server = Setup::default().set("policy.absolute_timeout", "2s").start();
    let name = server.user(&[]);
    let _browser = server.logged_in(&name);
    let asked = std::time::Instant::now();
    while !server.kinds(&name).contains(&"closed:absolute".to_owned()) {
        assert!(
            asked.elapsed() < Duration::from_mins(1),
            "{:?}",
            server.kinds(&name)
        );
        std::thread::sleep(Duration::from_millis(200));
    }
    until("the number of live sessions follows", || server.count(&name) == 0);
}
