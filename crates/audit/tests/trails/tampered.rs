//! Whatever is done to a trail, `verify` names the first entry that is not as it was.

use crate::support::{Folder, at, event, now};
use cloakroom_audit::{Expected, Fault, Sink as _, TrailOptions, Verify};
use sha2::{Digest as _, Sha256};

/// 1 head, 2 and 3 events, 4 mark, 5 and 6 events, 7 mark, 8 checkpoint.
const LINES: usize = 8;

fn trail() -> Folder {
    let folder = Folder::new().with_pages(2);
    assert_eq!(folder.lines().len(), LINES);
    let whole = folder.is_whole();
    assert_eq!(
        (whole.entries, whole.first, whole.last, whole.unsigned),
        (4, 1, 8, 0)
    );
    folder
}

#[test]
fn every_byte_that_is_flipped_is_found_in_its_entry() {
    let folder = trail();
    let whole = std::fs::read(folder.file(1)).unwrap();
    let key = folder.open().public_key();
    let known = Verify {
        key: Some(key),
        ..Verify::default()
    };
    let whole_again = std::fs::read(folder.file(1)).unwrap();
    assert_eq!(whole, whole_again, "opening changes nothing");
    let mut entry = 1;
    for place in 0..whole.len() {
        for bit in [0, 1, 5, 7] {
            let mut bytes = whole.clone();
            bytes[place] ^= 1 << bit;
            std::fs::write(folder.file(1), &bytes).unwrap();
            let broken = folder.is_broken(&known);
            // A line end that is gone makes one line of two.
            assert_eq!(broken.seq, entry, "byte {place}, bit {bit}: {broken}");
            assert_eq!(broken.line, entry, "{broken}");
            assert_eq!(broken.file, folder.file(1));
        }
        entry += u64::from(whole[place] == b'\n');
    }
    assert_eq!(entry, LINES as u64 + 1);
}

#[test]
fn lines_that_are_removed_swapped_inserted_or_cut_off_are_told_apart() {
    let folder = trail();
    let whole = folder.lines();
    let known = Verify::default();
    let is = |what: &str, lines: &[String], fault: Fault, seq: u64| {
        folder.put(lines);
        let broken = folder.is_broken(&known);
        assert_eq!((broken.fault, broken.seq), (fault, seq), "{what}: {broken}");
    };
    for gone in 0..LINES - 1 {
        let mut lines = whole.clone();
        lines.remove(gone);
        is(
            "removed",
            &lines,
            Fault::Removed,
            if gone == 0 { 1 } else { gone as u64 + 1 },
        );
    }
    for place in 1..LINES - 1 {
        let mut lines = whole.clone();
        lines.swap(place, place + 1);
        is("swapped", &lines, Fault::Swapped, place as u64 + 1);
        let mut lines = whole.clone();
        lines.insert(place + 1, whole[place].clone());
        is("said twice", &lines, Fault::Inserted, place as u64 + 2);
        let mut lines = whole.clone();
        lines.insert(place, "{\"event\":{}}".to_owned());
        is("foreign", &lines, Fault::Changed, place as u64 + 1);
    }
    let cut = whole.join("\n");
    std::fs::write(folder.file(1), &cut[..cut.len() - 10]).unwrap();
    let broken = folder.is_broken(&known);
    assert_eq!((broken.fault, broken.seq), (Fault::Truncated, 8), "{broken}");
    std::fs::write(folder.file(1), "").unwrap();
    assert_eq!(folder.is_broken(&known).fault, Fault::Truncated);
}

#[test]
fn an_end_that_is_cut_off_is_found_by_a_number_that_was_noted_elsewhere() {
    let folder = trail();
    let whole = folder.is_whole();
    let (seq, hash) = whole.signed.unwrap();
    let noted = Verify {
        expected: Some(Expected {
            seq,
            hash: Some(hash),
        }),
        ..Verify::default()
    };
    assert!(folder.verify(&noted).is_ok());
    folder.put(&folder.lines()[..4]);
    assert!(
        folder.verify(&Verify::default()).is_ok(),
        "the trail itself does not tell"
    );
    let broken = folder.is_broken(&noted);
    assert_eq!((broken.fault, broken.seq), (Fault::Truncated, 5), "{broken}");
    // Somebody who has the key writes on from there, as if nothing had been.
    let mut trail = folder.open();
    let other = [event(3, "mallory"), event(4, "mallory")];
    trail.write(&other, &at(4), now()).unwrap();
    trail.close(now()).unwrap();
    drop(trail);
    assert!(
        folder.verify(&Verify::default()).is_ok(),
        "the key vouches for it"
    );
    let broken = folder.is_broken(&noted);
    assert_eq!((broken.fault, broken.seq), (Fault::Forged, 8), "{broken}");
}

#[test]
fn a_trail_that_somebody_without_the_key_wrote_anew_is_found() {
    let folder = trail();
    let key = folder.open().public_key();
    // The same events but one, all hashes right, by another key.
    let forged = Folder::new();
    let mut trail = forged.open();
    let other = trail.public_key();
    trail.write(&[event(1, "mallory")], &at(1), now()).unwrap();
    trail.close(now()).unwrap();
    let broken = forged.is_broken(&Verify {
        key: Some(key),
        ..Verify::default()
    });
    assert_eq!((broken.fault, broken.seq), (Fault::WrongKey, 1), "{broken}");
    // It names the right key, and can not sign with it.
    let lines: Vec<String> = forged
        .lines()
        .iter()
        .map(|line| line.replace(&other.to_string(), &key.to_string()))
        .collect();
    folder.put(&lines);
    assert_eq!(folder.is_broken(&Verify::default()).fault, Fault::Changed);
    // Everything after the head is anew, on the true head.
    let mut mixed = vec![forged_checkpoint(&folder)];
    mixed.insert(0, trail_head(&folder));
    folder.put(&mixed);
    let broken = folder.is_broken(&Verify {
        key: Some(key),
        ..Verify::default()
    });
    assert_eq!((broken.fault, broken.seq), (Fault::Forged, 2), "{broken}");
}

fn trail_head(folder: &Folder) -> String {
    // `put` has replaced the file: the head is made again, from the key that is still there.
    std::fs::remove_file(folder.file(1)).unwrap();
    drop(folder.open());
    folder.lines().remove(0)
}

/// A checkpoint after the head whose hash is right and whose signature is not.
fn forged_checkpoint(folder: &Folder) -> String {
    std::fs::remove_file(folder.file(1)).unwrap();
    let mut trail = folder.open();
    trail.write(&[], &at(0), now()).unwrap();
    drop(trail);
    let head: serde_json::Value = serde_json::from_str(&folder.lines()[0]).unwrap();
    let text = head["hash"].as_str().unwrap();
    let prev: Vec<u8> = (0..32)
        .map(|at| u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).unwrap())
        .collect();
    let member = r#""checkpoint":{"seq":2,"at":"2026-11-21T16:00:00.000Z"}"#;
    let hash = Sha256::new().chain_update(prev).chain_update(member).finalize();
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{{{member},\"hash\":\"{hash}\",\"sig\":\"{}\"}}", "5a".repeat(64))
}

#[test]
fn segments_that_are_missing_swapped_or_taken_off_the_front_are_found() {
    let mut folder = Folder::new();
    folder.options = TrailOptions {
        rotate: 1,
        ..folder.options
    };
    let folder = folder.with_pages(4);
    let whole = folder.is_whole();
    assert_eq!((whole.entries, whole.segments), (8, 5));
    let (second, aside) = (folder.file(2), folder.aside("aside"));
    std::fs::rename(&second, &aside).unwrap();
    let broken = folder.is_broken(&Verify::default());
    assert_eq!(
        (broken.fault, &broken.file),
        (Fault::Removed, &second),
        "{broken}"
    );
    std::fs::rename(folder.file(3), &second).unwrap();
    std::fs::rename(&aside, folder.file(3)).unwrap();
    assert_eq!(folder.is_broken(&Verify::default()).fault, Fault::Swapped);
    std::fs::rename(folder.file(3), &aside).unwrap();
    std::fs::rename(&second, folder.file(3)).unwrap();
    std::fs::rename(&aside, &second).unwrap();
    assert_eq!(folder.is_whole(), whole);
    std::fs::remove_file(folder.file(1)).unwrap();
    let broken = folder.is_broken(&Verify::default());
    assert_eq!(
        (broken.fault, &broken.file),
        (Fault::Removed, &second),
        "{broken}"
    );
    assert!(broken.note.contains("kept long enough"), "{broken}");
}
