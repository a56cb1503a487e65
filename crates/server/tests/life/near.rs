//! The near caches of two servers on one store: what one of them does, the other knows.

use crate::common::{Redis, Server, Setup, soon, until};
use serde_json::json;
use std::time::{Duration, Instant};

/// A second node on the store and the data folder of a first one.
pub fn pair(setup: &Setup) -> (Server, Server) {
    let first = setup.start();
    let second = setup.clone().in_folder_of(&first).start();
    (first, second)
}

/// What one node, or the command line, changes is known to the other, which held the session, within a second.
fn news_arrives(setup: &Setup) {
    let (a, b) = pair(&setup.clone().set("policy.max_sessions", "0"));
    let name = a.user(&["admin"]);
    for _ in 0..10 {
        let browser = a.logged_in(&name).at(&b);
        b.hold(&browser);
        let path = format!("/admin/v1/sessions/{}", browser.session_id());
        a.admin("DELETE", &path).send().is(204);
        soon("ended by an operator", || !browser.is_logged_in());
    }
    let here = a.logged_in(&name);
    let there = here.at(&b);
    b.hold(&there);
    here.post("/auth/logout", &json!({})).is(204);
    soon("logged out", || !there.is_logged_in());

    let there = a.logged_in(&name).at(&b);
    b.hold(&there);
    there.get("/authz/forward-auth?role=admin").is(200);
    a.do_run(&["user", "roles", &name, "--role", "billing"]);
    soon("the old role is refused", || {
        there.get("/authz/forward-auth?role=admin").status == 403
    });
    there.get("/authz/forward-auth?role=billing").is(200);
}

#[test]
fn inv1_news_arrives_through_a_sqlite_file() {
    news_arrives(&Setup::default());
}

#[test]
fn inv1_news_arrives_through_redis() {
    let redis = Redis::start();
    news_arrives(&Setup::default().set("store", &redis.url()));
}

#[test]
fn inv1_a_node_that_is_cut_off_answers_from_memory_for_a_lease_and_then_503() {
    let lease = Duration::from_secs(2);
    let mut redis = Redis::start();
    let server = Setup::default()
        .set("store", &redis.url())
        .set("cache.lease", "2s")
        .start();
    let name = server.user(&[]);
    let browser = server.logged_in(&name);
    server.hold(&browser);
    redis.kill();
    let cut = Instant::now();
    let mut from_memory = 0;
    loop {
        let asked = cut.elapsed();
        let answer = browser.get("/auth/whoami");
        if answer.status == 503 {
            answer.problem(503, "STORE_UNAVAILABLE");
            break;
        }
        answer.is(200);
        assert!(asked < lease, "{asked:?} after the cut");
        from_memory += 1;
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(from_memory > 0, "a short break is nothing to those who are known");
    redis.restart();
    until("works again", || browser.is_logged_in());
}

#[test]
fn a_node_with_a_longer_lease_than_the_others_does_not_start() {
    let first = Setup::default().start();
    let another = |lease: &str| Setup::default().set("cache.lease", lease).in_folder_of(&first);
    let mut refused = another("2s").command(first.data(), &["serve"]);
    refused.env("CLOAKROOM_LISTEN", "127.0.0.1:0");
    let done = refused
        .env("CLOAKROOM_ADMIN_LISTEN", "127.0.0.1:0")
        .output()
        .unwrap();
    assert_eq!(done.status.code(), Some(1), "{done:?}");
    assert_eq!(
        String::from_utf8(done.stderr).unwrap().lines().last().unwrap(),
        "cloakroom: opening the session store sqlite:data/cloakroom.db: cache.lease = 2s: the nodes that run on this store \
         agreed on 1s; give this one no more, or stop all of them for three minutes to begin with another"
    );
    // What rests on less, or on nothing, breaks no promise.
    let name = first.user(&[]);
    for lease in ["500ms", "0s"] {
        another(lease).start().logged_in(&name);
    }
    // The command line caches nothing, whatever it is configured with.
    let list = another("2s")
        .command(first.data(), &["session", "list"])
        .output()
        .unwrap();
    assert!(list.status.success(), "{list:?}");
}
