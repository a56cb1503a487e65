//! `cloakroom audit …`, as an operator and an auditor meet it.

use crate::common::Setup;
use crate::{agrees, everything};
use serde_json::{Value, json};

#[test]
fn an_auditor_verifies_elsewhere_with_the_key_and_a_checkpoint() {
    let mut server = everything().start();
    let key = server.do_run(&["audit", "key"]).trim_end().to_owned();
    let (alice, bob) = (server.user(&[]), server.user(&[]));
    for name in [&alice, &bob] {
        server.logged_in(name);
    }
    server.signal("TERM");
    assert!(server.ended().success());
    let noted = server.do_run(&["audit", "checkpoint"]).trim_end().to_owned();
    let elsewhere = tempfile::tempdir().unwrap();
    let copy = elsewhere.path().join("trail-00000001.jsonl");
    let original = server.data().join("data/audit/trail-00000001.jsonl");
    std::fs::copy(&original, &copy).unwrap();
    let verify = |arguments: &[&str]| {
        let all = [&["audit", "verify"], arguments].concat();
        Setup::bare().command(elsewhere.path(), &all).output().unwrap()
    };
    let done = verify(&[".", "--key", &key, "--expect", &noted]);
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    let said = String::from_utf8(done.stdout).unwrap();
    assert!(
        said.contains("2 entries from 20") && said.contains(&noted),
        "{said}"
    );
    let done = verify(&[copy.to_str().unwrap()]);
    assert!(String::from_utf8(done.stdout).unwrap().contains("own word"));

    let broken = |arguments: &[&str], names: &[&str]| {
        let done = verify(arguments);
        assert_eq!(done.status.code(), Some(1), "{done:?}");
        let error = String::from_utf8(done.stderr).unwrap();
        names
            .iter()
            .for_each(|name| assert!(error.contains(name), "{name}: {error}"));
    };
    broken(
        &[".", "--key", &"0".repeat(64)],
        &["wrong-key", "entry 1", "trail-00000001.jsonl:1"],
    );
    broken(&[".", "--expect", "99"], &["truncated", "entry 99"]);
    let whole = std::fs::read_to_string(&copy).unwrap();
    std::fs::write(&copy, whole.replacen(&alice, "mallory", 1)).unwrap();
    broken(
        &[".", "--key", &key],
        &["changed", "entry 2", "trail-00000001.jsonl:2"],
    );
    let done = verify(&[".", "--json"]);
    let said: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(
        (&said["verified"], &said["broken"]["seq"]),
        (&json!(false), &json!(2))
    );
    for usage in [&["--key", "x"][..], &["--expect", "x"], &["--expect", "1:x"]] {
        assert_eq!(verify(usage).status.code(), Some(2));
    }
    broken(&["nothing-here"], &["nothing-here"]);
}

#[test]
fn export_filters_and_writes_a_file_for_its_owner() {
    use std::os::unix::fs::PermissionsExt as _;
    let server = everything().start();
    let (alice, bob) = (server.user(&[]), server.user(&[]));
    for name in [&alice, &bob, &alice] {
        server.logged_in(name).post("/auth/logout", &json!({})).is(204);
    }
    assert_eq!(agrees(&server), 6);
    let count = |arguments: &[&str]| {
        let text = server.do_run(&[&["audit", "export"], arguments].concat());
        text.lines().count()
    };
    assert_eq!(count(&["--subject", &alice]), 4);
    assert_eq!(count(&["--kind", "closed"]), 3);
    assert_eq!(
        count(&["--kind", "closed", "--kind", "opened", "--since", "1h"]),
        6
    );
    assert_eq!(count(&["--until", "1h"]), 0);
    assert_eq!(count(&["--since", "2100-01-01T00:00:00Z"]), 0);
    assert_eq!(count(&["--format", "csv", "--subject", &bob]), 3);
    assert_eq!(count(&["--output", "out.jsonl"]), 0);
    let out = server.data().join("out.jsonl");
    assert_eq!(
        std::fs::metadata(&out).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(std::fs::read_to_string(out).unwrap().lines().count(), 6);
    for usage in [
        &["--since", "yesterday"][..],
        &["--kind", "clsoed"],
        &["--format", "xml"],
    ] {
        let done = server.run(&[&["audit", "export"], usage].concat());
        assert_eq!(done.status.code(), Some(2), "{done:?}");
    }
    let done = Setup::default()
        .set("audit.sealed", "")
        .command(server.data(), &["audit", "export"])
        .output();
    assert_eq!(done.unwrap().status.code(), Some(2), "there is none");
}
