//! What happens is in every sink exactly once, in order, each on one line.

use crate::common::{Redis, until};
use crate::{agrees, everything, file, journal, log, sealed};
use serde_json::json;

#[test]
fn what_happens_is_in_every_sink_exactly_once_and_in_order() {
    let server = everything().start();
    let name = server.user(&[]);
    let browser = server.logged_in(&name);
    browser.post("/auth/logout", &json!({})).is(204);
    let other = server.logged_in(&name);
    let id = other.session_id();
    server
        .admin("DELETE", &format!("/admin/v1/sessions/{id}"))
        .send()
        .is(204);
    server.browser().try_log_in(&name, "wrong").is(401);
    assert!(agrees(&server) >= 5);
    let all = journal(&server);
    until("the file has it", || file(&server).len() >= all.len());
    assert_eq!(file(&server), all);
    until("the log has it", || log(&server).len() >= all.len());
    for (told, event) in log(&server).iter().zip(&all) {
        for (member, value) in event.as_object().unwrap() {
            assert_eq!(
                told.get(member).unwrap_or(&json!(null)),
                value,
                "{member}: {told:#}"
            );
        }
    }
    let kinds: Vec<String> = server.kinds(&name);
    assert_eq!(
        kinds,
        [
            "opened",
            "closed:logout",
            "opened",
            "closed:revoked",
            "login-failed"
        ]
    );
    let revoked = sealed(&server)
        .into_iter()
        .find(|event| event["reason"] == "revoked")
        .unwrap();
    assert!(
        revoked["actor"].as_str().unwrap().starts_with("operator:"),
        "{revoked:#}"
    );
    assert_eq!(revoked["session"], id);
    for sink in ["sealed", "file", "log"] {
        let metric = |what: &str| server.metric(&format!("cloakroom_audit_{sink}_{what}"));
        assert_eq!(metric("up"), Some(1.0));
        assert_eq!(metric("standing_by"), Some(0.0));
        assert_eq!(metric("events_total"), Some(5.0));
        assert_eq!(
            (metric("failures_total"), metric("gaps_total")),
            (Some(0.0), Some(0.0))
        );
    }
}

#[test]
fn whatever_a_client_calls_itself_one_line_is_one_entry() {
    let server = everything().start();
    let name = server.user(&[]);
    let mut browser = server.browser();
    browser.agent = "x\u{2028}\u{202e}{\"kind\":\"closed\"}\u{85}\t=cmd|'/C calc'!A0".to_owned();
    browser.log_in(&name).is(200);
    // The name is whatever somebody typed.
    server.browser().try_log_in("=1+1\u{202e}", "wrong").is(401);
    let count = agrees(&server);
    until("the file has it", || file(&server).len() >= count);
    let text = std::fs::read_to_string(server.data().join("data/audit.jsonl")).unwrap();
    assert_eq!(text.lines().count(), count);
    assert!(!text.contains(['\u{2028}', '\u{202e}', '\u{85}']), "{text}");
    until("the log has it", || log(&server).len() >= count);
    assert!(!server.log().contains(['\u{2028}', '\u{202e}', '\u{85}']));
    let table = server.do_run(&["audit", "export", "--format", "csv"]);
    assert_eq!(table.lines().count(), count + 1, "{table}");
    assert!(
        !table.contains(",=") && !table.contains(['\u{2028}', '\u{202e}']),
        "{table}"
    );
}

#[test]
fn a_journal_in_redis_is_kept_over_a_restart() {
    let redis = Redis::start();
    let server = everything().set("store", &redis.url()).start();
    let name = server.user(&[]);
    server.logged_in(&name).post("/auth/logout", &json!({})).is(204);
    let before = agrees(&server);
    let server = server.restart();
    server.logged_in(&name);
    assert_eq!(agrees(&server), before + 1);
    assert_eq!(server.metric("cloakroom_audit_sealed_gaps_total"), Some(0.0));
    server.do_run(&["audit", "forget", &name]);
    server.do_run(&["audit", "verify"]);
    let doctor = server.run(&["doctor"]);
    assert!(
        !String::from_utf8_lossy(&doctor.stdout).contains("audit trail"),
        "{doctor:?}"
    );
}
