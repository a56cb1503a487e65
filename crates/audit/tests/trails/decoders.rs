//! The fuzz targets of the trail, on a fixed walk of 20,000 inputs each.

use crate::support::Folder;

#[path = "../../../../fuzz/src/audit_decoders.rs"]
mod targets;
#[path = "../../../../fuzz/src/walk.rs"]
mod walk;

const INPUTS: usize = 20_000;

#[test]
fn lines() {
    let folder = Folder::new().with_pages(1);
    cloakroom_audit::forget(Some(folder.path()), None, "alice").unwrap();
    let corpus: Vec<Vec<u8>> = folder.lines().into_iter().map(String::into_bytes).collect();
    walk::walk(INPUTS, &corpus, targets::line);
}

#[test]
fn notes() {
    let corpus = [
        br#"{"edits":[{"inode":1,"offset":2,"line":"x"}]}"#.to_vec(),
        br#"{"position":"h.7","length":12,"day":"2026-11-21"}"#.to_vec(),
        br#"{"edits":[]}"#.to_vec(),
    ];
    walk::walk(INPUTS, &corpus, targets::note);
}

#[test]
fn hostile_trails_of_whole_files() {
    let folder = Folder::new().with_pages(1);
    let whole = std::fs::read(folder.file(1)).unwrap();
    // Numbers at their ends, where sums would overflow.
    let text = String::from_utf8(whole.clone()).unwrap();
    for number in ["\"seq\":1,", "\"seq\":5,"] {
        let last = text.replace(number, "\"seq\":18446744073709551615,");
        assert_ne!(last, text);
        targets::trail(last.as_bytes());
    }
    // Each input is a file of its own on the disk, so they are fewer.
    walk::walk(400, &[whole], targets::trail);
}
