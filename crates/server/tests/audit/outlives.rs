//! The trail outlives crashes and servers.

use crate::common::{Setup, at_once, until};
use crate::{agrees, everything, file, journal, sealed};
use serde_json::{Value, json};
use std::time::Duration;

#[test]
fn a_server_that_is_killed_amid_traffic_loses_nothing_and_writes_nothing_twice() {
    let mut server = everything()
        .set("audit.rotate", "5kB")
        .set("audit.keep", "1000")
        // With alerts: they are the longest entries there are.
        .set("watch.enabled", "true")
        .start();
    let names: Vec<String> = (0..4).map(|_| server.user(&[])).collect();
    for round in 0..4_u64 {
        let end = std::sync::atomic::AtomicBool::new(false);
        let (here, end) = (&server, &end);
        std::thread::scope(|scope| {
            for name in &names {
                scope.spawn(move || {
                    while !end.load(std::sync::atomic::Ordering::Relaxed) {
                        let body = json!({ "subject": name, "auth": ["password"] });
                        let _ = here.admin("POST", "/admin/v1/sessions").json(&body).attempt();
                    }
                });
            }
            std::thread::sleep(Duration::from_millis(400 + round * 130));
            here.signal("KILL");
            end.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        server = server.restart();
    }
    let count = agrees(&server);
    assert!(count > 50, "{count}");
    until("the file has it", || file(&server) == journal(&server));
    let alerts = sealed(&server)
        .iter()
        .filter(|event| event["kind"] == "alert")
        .count();
    assert!(alerts > 0, "this test says nothing about alerts");
    let said = server.do_run(&["audit", "verify", "--json"]);
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (&said["verified"], &said["entries"]),
        (&json!(true), &json!(count))
    );
    assert!(said["segments"].as_u64().unwrap() > 1);
}

#[test]
fn a_server_that_is_told_to_stop_signs_what_it_wrote() {
    let mut server = everything().start();
    let name = server.user(&[]);
    server.logged_in(&name);
    server.signal("TERM");
    assert!(server.ended().success());
    let said: Value = serde_json::from_str(&server.do_run(&["audit", "verify", "--json"])).unwrap();
    assert_eq!(
        (&said["entries"], &said["unsigned"]),
        (&json!(1), &json!(0)),
        "{said:#}"
    );
}

#[test]
fn of_two_servers_on_one_folder_one_writes_and_the_other_takes_over() {
    let mut first = everything().start();
    let second = everything().in_folder_of(&first).start();
    let name = first.user(&[]);
    let standing_by = |server: &crate::Server| server.metric("cloakroom_audit_sealed_standing_by");
    until("the second stands by", || standing_by(&second) == Some(1.0));
    assert_eq!(standing_by(&first), Some(0.0));
    at_once(4, |number| {
        let server = if number % 2 == 0 { &first } else { &second };
        server.logged_in(&name);
    });
    agrees(&second);
    first.kill();
    second.logged_in(&name);
    until("the second writes", || standing_by(&second) == Some(0.0));
    let count = agrees(&second);
    until("the file has it", || file(&second).len() >= count);
    assert_eq!(file(&second), journal(&second));
    second.do_run(&["audit", "verify"]);
}

#[test]
fn a_journal_that_forgot_what_was_not_read_is_an_entry_itself() {
    let server = Setup::default().start();
    let name = server.user(&[]);
    server.logged_in(&name);
    agrees(&server);
    let mut server = server;
    server.kill();
    // What was not read, and what was, is gone.
    let database = rusqlite::Connection::open(server.database()).unwrap();
    server.do_run(&["session", "revoke-subject", &name]);
    let gone = database.execute("DELETE FROM journal", []).unwrap();
    assert!(gone > 0);
    let server = server.restart();
    server.logged_in(&name);
    until("the gap is told", || {
        sealed(&server).iter().any(|event| event["kind"] == "gap")
    });
    until("and what came after it", || {
        sealed(&server).last().unwrap()["kind"] == "opened"
    });
    assert_eq!(server.metric("cloakroom_audit_sealed_gaps_total"), Some(1.0));
    let said = server.do_run(&["audit", "verify"]);
    assert!(said.contains("the journal had a gap"), "{said}");
    assert!(server.log().contains("the journal has a gap"));
}

#[test]
fn a_journal_of_another_history_is_not_written_again() {
    let mut server = everything().start();
    let (alice, bob) = (server.user(&[]), server.user(&[]));
    server.logged_in(&alice).post("/auth/logout", &json!({})).is(204);
    server.logged_in(&bob);
    let before = agrees(&server);
    until("the file has it", || file(&server).len() == before);
    server.do_run(&["audit", "forget", &alice]);
    server.kill();
    // As if a copy of the file had been put in its place.
    let database = rusqlite::Connection::open(server.database()).unwrap();
    database
        .execute("UPDATE history SET id = '0123456789abcdef'", [])
        .unwrap();
    let server = server.restart();
    server.logged_in(&bob);
    for read in [sealed, file] {
        until("it goes on", || read(&server).len() >= before + 2);
        let events = read(&server);
        let kinds: Vec<&str> = events
            .iter()
            .map(|event| event["kind"].as_str().unwrap())
            .collect();
        assert_eq!(kinds, ["opened", "closed", "opened", "gap", "opened"]);
        assert!(
            events.iter().all(|event| event["subject"] != json!(alice)),
            "and nobody comes back who was forgotten"
        );
    }
    server.do_run(&["audit", "verify"]);
}
