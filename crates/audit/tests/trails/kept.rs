//! What is written, and for whose eyes.

use crate::support::{Folder, at, event, now, random};
use cloakroom_audit::{EventJson, Lines, LinesOptions, SigningKey, Sink as _};
use std::os::unix::fs::PermissionsExt as _;

#[test]
fn files_are_their_owners_alone_and_the_key_is_made_once() {
    let folder = Folder::new().with_pages(1);
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder.options.key), 0o600);
    assert_eq!(mode(&folder.file(1)), 0o600);
    assert_eq!(mode(folder.path()), 0o700);
    let key = folder.open().public_key();
    let again = SigningKey::load_or_make(&folder.options.key, &random()).unwrap();
    assert_eq!(again.public(), key);
    assert_eq!(format!("{again:?}"), format!("SigningKey({key})"));
    let printed = std::fs::read_to_string(folder.path().join("public.key")).unwrap();
    assert_eq!(printed, format!("{key}\n"));
    assert_eq!(folder.is_whole().key, Some(key));
}

#[test]
fn whatever_a_client_sends_one_line_is_one_entry() {
    let folder = Folder::new();
    let file = folder.aside("audit.jsonl");
    let evil = "\n{\"event\":{\"seq\":1}}\r\u{1b}[2J\u{85}\u{2028}\u{202e}\u{0}\"\\";
    let mut hostile = event(1, evil);
    hostile.user_agent = Some(evil.repeat(100));
    hostile.detail = Some("🙂".repeat(10_000));
    let mut trail = folder.open();
    trail
        .write(std::slice::from_ref(&hostile), &at(1), now())
        .unwrap();
    let mut lines = Lines::open(
        LinesOptions {
            file: file.clone(),
            rotate: 1_000_000,
            keep: 1,
        },
        now(),
    )
    .unwrap();
    lines
        .write(std::slice::from_ref(&hostile), &at(1), now())
        .unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    for (text, entries) in [(folder.lines().join("\n") + "\n", 3), (text, 1)] {
        assert_eq!(text.lines().count(), entries);
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
        assert!(!text.contains(['\u{2028}', '\u{202e}', '\u{85}']));
        assert!(text.len() < 20_000, "{}", text.len());
    }
    let kept: EventJson = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(
        kept.subject.as_deref(),
        Some(evil),
        "nothing is lost but what is too long"
    );
    assert_eq!(kept.detail.unwrap().len(), 8192);
    assert_eq!(folder.is_whole().entries, 1);
}

/// Prints a number; asserts only that it is no disaster.
#[test]
fn how_many_entries_a_second_go_into_the_sealed_trail() {
    let folder = Folder::new();
    let mut trail = folder.open();
    let events: Vec<EventJson> = (1..=1000).map(|number| event(number, "alice")).collect();
    let began = std::time::Instant::now();
    for page in 0..20 {
        trail.write(&events, &at(page), now()).unwrap();
    }
    let took = began.elapsed().as_secs_f64();
    println!("{:.0} entries per second, 1000 at once", 20_000.0 / took);
    assert!(took < 60.0);
}
