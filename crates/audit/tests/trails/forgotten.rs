//! Forgetting a subject leaves the chain whole, whoever writes meanwhile and whatever happens.

use crate::support::{Folder, at, event, now};
use cloakroom_audit::{Lines, LinesOptions, Sink as _, forget};
use std::path::Path;

fn holds(folder: &Path, text: &str) -> bool {
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    files.filter(|path| path.is_file()).any(|path| {
        let bytes = std::fs::read(path).unwrap();
        bytes.windows(text.len()).any(|part| part == text.as_bytes())
    })
}

#[test]
fn what_is_forgotten_is_gone_and_the_rest_verifies() {
    let folder = Folder::new().with_pages(3);
    let before = folder.lines();
    let forgotten = forget(Some(folder.path()), None, "alice").unwrap();
    assert_eq!((forgotten.sealed, forgotten.lines), (3, 0));
    assert!(!holds(folder.path(), "alice") && holds(folder.path(), "bob"));
    let verified = folder.is_whole();
    assert_eq!((verified.entries, verified.blotted), (6, 3));
    let after = folder.lines();
    let lengths = |lines: &[String]| lines.iter().map(String::len).collect::<Vec<_>>();
    assert_eq!(lengths(&before), lengths(&after), "nothing moves");
    let salt = serde_json::from_str::<serde_json::Value>(&before[1]).unwrap()["personal"]["salt"].to_string();
    assert!(
        !after.concat().contains(&salt),
        "without the salt nobody can try who it was"
    );
    assert_eq!(forget(Some(folder.path()), None, "alice").unwrap().sealed, 0);
    // Another name is not put in its place.
    let forged = after[1].replace(
        "\"personal\":null",
        "\"personal\":{\"salt\":\"00\",\"subject\":\"eve\",\"ip\":null,\"user_agent\":null,\"detail\":null}",
    );
    let mut lines = after.clone();
    lines[1] = forged.trim_end().to_owned();
    folder.put(&lines);
    assert_eq!(folder.is_broken(&cloakroom_audit::Verify::default()).seq, 2);
}

#[test]
fn it_works_while_somebody_writes() {
    let mut folder = Folder::new();
    folder.options.rotate = 20_000;
    let (path, rounds) = (folder.path().to_owned(), 200);
    let mut trail = folder.open();
    let done = std::sync::atomic::AtomicBool::new(false);
    let done = &done;
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for page in 0..rounds {
                let events = [event(page * 2 + 1, "alice"), event(page * 2 + 2, "bob")];
                trail.write(&events, &at(page * 2 + 2), now()).unwrap();
            }
            done.store(true, std::sync::atomic::Ordering::SeqCst);
        });
        while !done.load(std::sync::atomic::Ordering::SeqCst) {
            forget(Some(&path), None, "alice").unwrap();
        }
    });
    forget(Some(&path), None, "alice").unwrap();
    let verified = folder.is_whole();
    assert_eq!((verified.entries, verified.blotted), (rounds * 2, rounds));
    assert!(verified.segments > 3);
    assert!(!holds(folder.path(), "alice"));
}

#[test]
fn a_note_of_what_was_not_finished_is_finished() {
    use std::os::unix::fs::MetadataExt as _;
    let folder = Folder::new().with_pages(1);
    let whole = std::fs::read_to_string(folder.file(1)).unwrap();
    forget(Some(folder.path()), None, "alice").unwrap();
    let blotted = folder.lines()[1].clone();
    let offset = whole.find('\n').unwrap() + 1;
    let inode = std::fs::metadata(folder.file(1)).unwrap().ino();
    let edit = serde_json::json!({ "inode": inode, "offset": offset, "line": blotted });
    // It ended with the line half overwritten.
    let half = offset + blotted.len() / 2;
    let torn = [&whole[..offset], &blotted[..half - offset], &whole[half..]].concat();
    std::fs::write(folder.file(1), torn).unwrap();
    assert_eq!(std::fs::metadata(folder.file(1)).unwrap().ino(), inode);
    std::fs::write(
        folder.path().join("forgetting"),
        serde_json::json!({ "edits": [edit] }).to_string(),
    )
    .unwrap();
    drop(folder.open());
    let verified = folder.is_whole();
    assert_eq!((verified.entries, verified.blotted), (2, 1));
    assert!(!folder.path().join("forgetting").exists());
    // A note that is nonsense stops nobody.
    std::fs::write(folder.path().join("forgetting"), "nonsense").unwrap();
    drop(folder.open());
    assert_eq!(folder.is_whole(), verified);
}

#[test]
fn json_lines_are_redacted_in_place_rotated_ones_too() {
    let folder = Folder::new();
    let file = folder.aside("audit.jsonl");
    let options = LinesOptions {
        file: file.clone(),
        rotate: 300,
        keep: 9,
    };
    let mut lines = Lines::open(options, now()).unwrap();
    for page in 0..3 {
        let mut tiny = event(page * 2 + 1, "a");
        (tiny.ip, tiny.user_agent) = (None, Some("x".to_owned()));
        lines
            .write(&[tiny, event(page * 2 + 2, "bob")], &at(page * 2 + 2), now())
            .unwrap();
    }
    let forgotten = forget(None, Some(&file), "a").unwrap();
    assert_eq!((forgotten.sealed, forgotten.lines), (0, 3));
    // It goes on as before.
    lines.write(&[event(7, "bob")], &at(7), now()).unwrap();
    let all: String = [
        "audit.jsonl.000001",
        "audit.jsonl.000002",
        "audit.jsonl.000003",
        "audit.jsonl",
    ]
    .iter()
    .map(|name| std::fs::read_to_string(folder.aside(name)).unwrap())
    .collect();
    let subjects: Vec<_> = all
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["subject"].clone())
        .collect();
    assert_eq!(subjects, ["", "bob", "", "bob", "", "bob", "bob"]);
}
