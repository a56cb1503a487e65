//! `doctor`.

use crate::common::{Redis, Setup, run};
use crate::text;
use serde_json::Value;
use std::path::Path;

fn doctor(setup: &Setup, folder: &Path) -> (i32, String, Value) {
    let plain = setup.command(folder, &["doctor"]).output().unwrap();
    let json = setup.command(folder, &["doctor", "--json"]).output().unwrap();
    assert_eq!(plain.status.code(), json.status.code());
    let findings = serde_json::from_slice(&json.stdout).unwrap_or_else(|error| panic!("{error}: {json:?}"));
    (plain.status.code().unwrap(), text(&plain), findings)
}

fn user(setup: &Setup, folder: &Path) {
    let done = run(
        setup.command(folder, &["user", "add", "alice", "--password-stdin"]),
        "a good pass phrase",
    );
    assert!(done.status.success(), "{done:?}");
}

#[test]
fn says_so_when_nothing_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::default();
    user(&setup, folder.path());
    let (status, text, json) = doctor(&setup, folder.path());
    assert_eq!(status, 0, "{text}");
    assert!(text.contains("Nothing is wrong."), "{text}");
    assert_eq!(json["findings"], serde_json::json!([]));
}

#[test]
fn each_finding_says_what_and_how_to_mend_it() {
    let folder = tempfile::tempdir().unwrap();
    let is = |setup: &Setup, grave: bool, word: &str| {
        let (status, text, json) = doctor(setup, folder.path());
        let findings = json["findings"].as_array().unwrap();
        let finding = findings
            .iter()
            .find(|finding| finding["what"].as_str().unwrap().contains(word));
        let finding = finding.unwrap_or_else(|| panic!("{word}: {json:#}"));
        assert_eq!(finding["grave"], grave, "{finding}");
        assert!(!finding["mend"].as_str().unwrap().is_empty());
        assert_eq!(
            status,
            i32::from(findings.iter().any(|finding| finding["grave"] == true)),
            "{text}"
        );
        assert!(text.contains(word), "{text}");
    };
    let fine = Setup::default();
    is(&fine, false, "no user");
    user(&fine, folder.path());
    is(&Setup::bare(), true, "public_url");
    is(
        &Setup::bare().set("public_url", "https://app.example.com"),
        false,
        "admin key",
    );
    is(
        &fine.clone().set("trusted_proxies", "0.0.0.0/0"),
        true,
        "trusted_proxies",
    );
    is(
        &fine.clone().set("cookie.domain", "example.com"),
        false,
        "cookie.domain",
    );
    is(
        &fine.clone().set("admin_listen", "0.0.0.0:9090"),
        false,
        "admin listener",
    );
    is(&fine.clone().set("store", "memory:"), false, "memory");
    is(
        &fine.clone().set("store", "redis://127.0.0.1:1/"),
        true,
        "does not answer",
    );
    is(
        &fine.clone().set("store", "sqlite:/proc/none/x.db"),
        true,
        "does not answer",
    );
    std::fs::write(
        folder.path().join("broken.db"),
        "this is no database at all, is it?".repeat(100),
    )
    .unwrap();
    is(
        &fine.clone().set("store", "sqlite:broken.db"),
        true,
        "does not answer",
    );
}

#[test]
fn an_evicting_redis_is_told_by_doctor_and_at_the_start() {
    let redis = Redis::with_arguments(&["--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru"]);
    let setup = Setup::default().set("store", &redis.url());
    let server = setup.start();
    let (status, text, json) = doctor(&setup, server.data());
    assert!(
        text.contains("maxmemory-policy") && text.contains("noeviction"),
        "{text}"
    );
    assert_eq!(status, 1, "sessions would vanish: {json:#}");
    crate::common::until("the warning at the start", || {
        let log = server.log();
        log.lines()
            .any(|line| line.contains("WARN") && line.contains("maxmemory-policy"))
    });
}
