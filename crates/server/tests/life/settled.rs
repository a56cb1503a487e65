//! Endings that are answered only when no node accepts what was ended.

use super::near::pair;
use crate::common::{Browser, Redis, Server, Setup};
use std::time::{Duration, Instant};

const LEASE: Duration = Duration::from_millis(300);

fn setup() -> Setup {
    Setup::default()
        .set("cache.lease", "300ms")
        .set("policy.max_sessions", "0")
}

/// Ends a session that `node` holds by `end`, and shows it there at once. A node that is asleep meanwhile hears nothing
/// from the journal; only its lease keeps it from accepting.
fn refused_at_once(node: &Server, browser: &Browser, asleep: bool, end: impl FnOnce()) {
    node.hold(browser);
    if asleep {
        node.signal("STOP");
    }
    let asked = Instant::now();
    end();
    assert!(asked.elapsed() >= LEASE, "{:?}", asked.elapsed());
    if asleep {
        node.signal("CONT");
    }
    browser.get("/auth/whoami").problem(401, "NO_SESSION");
}

fn settled_is_settled(setup: &Setup) {
    let (a, b) = pair(setup);
    let name = a.user(&[]);
    for round in 0..10 {
        let browser = a.logged_in(&name).at(&b);
        let path = if round % 3 == 2 {
            format!("/admin/v1/subjects/{name}/sessions?settled=true")
        } else {
            format!("/admin/v1/sessions/{}?settled=true", browser.session_id())
        };
        refused_at_once(&b, &browser, round % 2 == 1, || {
            let answer = a.admin("DELETE", &path).send();
            assert!([200, 204].contains(&answer.status), "{answer:#?}");
        });
    }
}

#[test]
fn inv1_settled_is_settled_on_a_sqlite_file() {
    settled_is_settled(&setup());
}

#[test]
fn inv1_settled_is_settled_on_redis() {
    let redis = Redis::start();
    settled_is_settled(&setup().set("store", &redis.url()));
}

#[test]
fn inv1_the_command_line_waits_as_well() {
    let server = setup().start();
    let name = server.user(&[]);
    let (one, two) = (server.logged_in(&name), server.logged_in(&name));
    let id = one.session_id();
    refused_at_once(&server, &one, true, || {
        server.do_run(&["session", "revoke", &id, "--settled"]);
    });
    refused_at_once(&server, &two, true, || {
        server.do_run(&["session", "revoke-subject", &name, "--settled"]);
    });
}

#[test]
fn what_may_be_lost_with_the_primary_is_told_on_the_command_line_and_in_the_log() {
    let revoked = |server: &Server| {
        let name = server.user(&[]);
        let id = server.logged_in(&name).session_id();
        server.do_run(&["session", "revoke", &id]);
        server.do_run(&["session", "revoke-subject", &name])
    };
    assert!(
        !revoked(&setup().start()).contains("primary"),
        "there is one file"
    );
    let redis = Redis::start();
    let url = format!("{}?replicas=1", redis.url());
    let server = setup().set("store", &url).start();
    let printed = revoked(&server);
    assert!(
        printed.contains("Only the store's primary") && printed.contains("doctor"),
        "{printed}"
    );
    let name = server.user(&[]);
    for _ in 0..3 {
        let path = format!("/admin/v1/sessions/{}", server.logged_in(&name).session_id());
        server.admin("DELETE", &path).send().is(204);
    }
    let log = server.log();
    let lines = log
        .lines()
        .filter(|line| line.contains("in time, or are too few"));
    assert_eq!(lines.count(), 1, "once, not at each ending: {log}");
}

#[test]
fn what_somebody_else_ended_just_now_is_waited_for_as_well() {
    let (a, b) = pair(&setup());
    let name = a.user(&[]);
    let browser = a.logged_in(&name).at(&b);
    let path = format!("/admin/v1/sessions/{}", browser.session_id());
    refused_at_once(&b, &browser, true, || {
        a.admin("DELETE", &path).send().is(204);
        let again = a.admin("DELETE", &format!("{path}?settled=true")).send();
        again.problem(404, "NOT_FOUND");
    });
}

#[test]
fn where_nobody_caches_there_is_nothing_to_wait_for() {
    let server = Setup::default().set("cache.lease", "0s").start();
    let name = server.user(&[]);
    let browser = server.logged_in(&name);
    let path = format!("/admin/v1/sessions/{}?settled=true", browser.session_id());
    let asked = Instant::now();
    server.admin("DELETE", &path).send().is(204);
    assert!(
        asked.elapsed() < Duration::from_millis(900),
        "{:?}",
        asked.elapsed()
    );
    browser.get("/auth/whoami").problem(401, "NO_SESSION");
}
