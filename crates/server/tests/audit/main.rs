//! The audit trail of the real server: what it holds, and what it outlives.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)] // these are tests
#![allow(clippy::needless_for_each, clippy::format_collect)] // short beats fast here

#[path = "../common/mod.rs"]
mod common;

mod commands;
mod fail_over;
mod forgotten;
mod full;
mod outlives;
mod sinks;

use common::{Server, Setup};
use serde_json::Value;

/// With every sink.
fn everything() -> Setup {
    Setup::default()
        // What tests do looks odd; alerts would come in at any time.
        .set("watch.enabled", "false")
        .set("audit.file", "data/audit.jsonl")
        .set("audit.log", "true")
}

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// What the sealed trail holds.
fn sealed(server: &Server) -> Vec<Value> {
    let done = server.run(&["audit", "export"]);
    // Before the first entry there is no trail.
    if done.status.success() {
        lines(&String::from_utf8(done.stdout).unwrap())
    } else {
        Vec::new()
    }
}

/// What the JSON lines hold, rotated files first.
fn file(server: &Server) -> Vec<Value> {
    let folder = server.data().join("data");
    let names = std::fs::read_dir(&folder)
        .unwrap()
        .map(|it| it.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.starts_with("audit.jsonl.0")).collect();
    names.sort();
    names.push("audit.jsonl".to_owned());
    let text = |name: &String| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
    names.iter().map(text).flat_map(|text| lines(&text)).collect()
}

/// What the log tells, in the members of events.
fn log(server: &Server) -> Vec<Value> {
    let entries = lines(&server.log());
    entries
        .into_iter()
        .filter(|entry| entry["target"] == "audit" && entry["message"] == "event")
        .collect()
}

/// Everything in the journal.
fn journal(server: &Server) -> Vec<Value> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let path = format!("/admin/v1/events?limit=1000&after={after}");
        let answer = server.admin("GET", &path).send().is(200).json();
        assert_eq!(answer["gap"], Value::Null);
        let events = answer["events"].as_array().unwrap();
        if events.is_empty() {
            return all;
        }
        all.extend(events.iter().cloned());
        answer["next"].as_str().unwrap().clone_into(&mut after);
    }
}

/// Waits until the sealed trail holds as much as the journal; both are then equal. Answers how many there are.
#[track_caller]
fn agrees(server: &Server) -> usize {
    // Alerts may still come in, about what the test did; so both are read until they have come to rest.
    common::until(
        "the trail has what the journal has, exactly once and in order",
        || sealed(server) == journal(server),
    );
    journal(server).len()
}
