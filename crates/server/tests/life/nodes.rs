//! Restarts, shutdowns, and two servers on one store.

use crate::common::{Answer, Redis, Setup, until};
use serde_json::json;
use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

#[test]
fn a_restart_keeps_everybody_logged_in() {
    let server = Setup::default().start();
    let name = server.user(&[]);
    let browser = server.logged_in(&name);
    let id = browser.session_id();
    let server = server.restart();
    let mut after = browser.copy();
    after.to = server.public;
    assert_eq!(after.session_id(), id);
}

#[test]
fn contract_two_servers_share_a_store_and_a_data_folder() {
    let first = Setup::default().start();
    let second = Setup::default().in_folder_of(&first).start();
    let name = first.user(&[]);
    let here = first.logged_in(&name);
    let mut there = here.copy();
    there.to = second.public;
    assert!(there.is_logged_in());
    let late = second.logged_in(&name);
    there.post("/auth/logout", &json!({})).is(204);
    assert!(!here.is_logged_in(), "dead everywhere at once");
    first.do_run(&["user", "disable", &name]);
    assert!(!late.is_logged_in());
    second.browser().log_in(&name).problem(401, "INVALID_CREDENTIALS");
    // Both journals are the same one.
    assert_eq!(first.events(&name), second.events(&name));
}

#[test]
fn two_servers_share_a_redis() {
    let redis = Redis::start();
    let setup = Setup::default()
        .set("store", &redis.url())
        .set("policy.renew_after", "1s");
    let first = setup.start();
    let second = setup.clone().in_folder_of(&first).start();
    let name = first.user(&[]);
    let here = first.logged_in(&name);
    std::thread::sleep(Duration::from_millis(1100));
    // Requirement 31, with two nodes.
    let answers = crate::common::at_once(40, |number| {
        let mut browser = here.copy();
        browser.to = if number % 2 == 0 {
            first.public
        } else {
            second.public
        };
        browser.ask("GET", "/auth/whoami").send().is(200)
    });
    let successors: std::collections::BTreeSet<_> = answers
        .iter()
        .flat_map(|answer| answer.all("set-cookie"))
        .collect();
    assert_eq!(successors.len(), 1);
    here.keep(&answers[0]);
    let mut there = here.copy();
    there.to = second.public;
    there.post("/auth/logout", &json!({})).is(204);
    assert!(!here.is_logged_in());
    let doctor = first.run(&["doctor"]);
    assert!(doctor.status.success(), "{doctor:?}");
}

#[test]
fn sigterm_lets_a_request_under_way_finish() {
    let mut server = Setup::default().start();
    let name = server.user(&[]);
    let body = json!({ "username": name, "password": format!("pass phrase of {name}") }).to_string();
    let (head, tail) = body.split_at(10);
    let mut stream = TcpStream::connect(server.public).unwrap();
    let start = format!(
        "POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{head}",
        body.len()
    );
    stream.write_all(start.as_bytes()).unwrap();
    // An idle connection holds nobody up.
    let _idle = TcpStream::connect(server.public).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    let asked = Instant::now();
    server.signal("TERM");
    until("no new connections", || {
        TcpStream::connect(server.public).is_err()
    });
    stream.write_all(tail.as_bytes()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(9))).unwrap();
    Answer::read(&mut stream).unwrap().is(200);
    let status = server.ended();
    assert!(status.success(), "{status}");
    assert!(asked.elapsed() < Duration::from_secs(8), "{:?}", asked.elapsed());
    assert!(server.log().contains("\"stopped\""));
}

#[test]
fn sigterm_loses_no_sight_of_anybody() {
    let mut server = Setup::default().set("policy.touch_every", "3s").start();
    let name = server.user(&[]);
    let browser = server.logged_in(&name);
    std::thread::sleep(Duration::from_millis(2500));
    server.hold(&browser);
    std::thread::sleep(Duration::from_millis(600));
    // Answered from memory; the store would be told within a second.
    let hits = server.metric("cloakroom_cache_hits_total");
    let seen = browser.get("/auth/whoami").json()["session"]["seen_at"].clone();
    assert!(server.metric("cloakroom_cache_hits_total") > hits);
    server.signal("TERM");
    assert!(server.ended().success());
    let list = server.do_run(&["session", "list", "--json", "--subject", &name]);
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list["sessions"][0]["session"]["seen_at"], seen);
}

#[test]
fn a_server_whose_log_nobody_reads_any_more_serves_on_and_ends_when_told() {
    use std::io::{BufRead as _, BufReader};
    let folder = tempfile::tempdir().unwrap();
    let mut child = Setup::default()
        .command(
            folder.path(),
            &[
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--admin-listen",
                "127.0.0.1:0",
            ],
        )
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    let public = loop {
        line.clear();
        assert!(log.read_line(&mut line).unwrap() > 0, "it ended");
        let said: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
        if let (Some("serving"), Some(public)) = (said["message"].as_str(), said["listen"].as_str()) {
            break public.to_owned();
        }
    };
    drop(log);
    let browser = crate::common::Browser::new(public.parse().unwrap(), crate::common::ORIGIN);
    for _ in 0..5 {
        browser.get("/auth/whoami").is(401);
    }
    crate::common::signal(child.id(), "TERM");
    let asked = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if asked.elapsed() > Duration::from_secs(10) {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(status.success(), "{status}");
}

#[test]
fn sigint_with_nothing_to_do_ends_at_once() {
    let mut server = Setup::default().start();
    server.browser().get("/healthz").is(200);
    let asked = Instant::now();
    server.signal("INT");
    assert!(server.ended().success());
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
}
