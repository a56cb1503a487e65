//! A server that ends at any moment loses nothing and writes nothing twice.

use crate::support::{Folder, at, event, now};
use cloakroom_audit::{Error, EventJson, Filter, Format, Lines, LinesOptions, Sink, Source, Trail, export};
use cloakroom_core::Timestamp;
use std::time::Duration;

fn exported(source: &Source) -> Vec<String> {
    let mut out = Vec::new();
    let done = export(
        source,
        &Filter::default(),
        Format::Jsonl,
        &mut out,
        &mut |_, _| {},
    )
    .unwrap();
    assert_eq!(done.unreadable, 0);
    let ids = |line: &str| serde_json::from_str::<EventJson>(line).unwrap().id;
    String::from_utf8(out).unwrap().lines().map(ids).collect()
}

fn ids(up_to: u64) -> Vec<String> {
    (1..=up_to).map(|number| format!("h.{number}")).collect()
}

/// Writes what the journal has after the sink's position, in pages of two.
fn go_on(sink: &mut impl Sink, up_to: u64) {
    loop {
        let place = sink.position().to_string();
        let read: u64 = place
            .strip_prefix("h.")
            .map_or(0, |number| number.parse().unwrap());
        if read >= up_to {
            return;
        }
        let events = [event(read + 1, "alice"), event(read + 2, "bob")];
        sink.write(&events, &at(read + 2), now()).unwrap();
    }
}

#[test]
fn a_sealed_trail_that_is_torn_anywhere_goes_on_without_loss_or_repetition() {
    let folder = Folder::new().with_pages(2);
    let whole = std::fs::read(folder.file(1)).unwrap();
    let head = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for end in (head..=whole.len()).rev().step_by(5) {
        std::fs::write(folder.file(1), &whole[..end]).unwrap();
        let mut trail = folder.open();
        go_on(&mut trail, 8);
        trail.close(now()).unwrap();
        drop(trail);
        assert_eq!(exported(&Source::Trail(folder.path().into())), ids(8), "{end}");
        assert_eq!(folder.is_whole().entries, 8, "{end}");
    }
}

#[test]
fn json_lines_that_were_written_further_than_noted_go_on_without_loss_or_repetition() {
    let folder = Folder::new();
    let file = folder.aside("audit.jsonl");
    let options = LinesOptions {
        file: file.clone(),
        rotate: 1_000_000,
        keep: 3,
    };
    let mut lines = Lines::open(options.clone(), now()).unwrap();
    go_on(&mut lines, 4);
    drop(lines);
    let (state, early) = (
        folder.aside("audit.jsonl.state"),
        std::fs::read(folder.aside("audit.jsonl.state")).unwrap(),
    );
    let mut lines = Lines::open(options.clone(), now()).unwrap();
    go_on(&mut lines, 6);
    drop(lines);
    // The last note was not made, and the last line is torn anywhere.
    let whole = std::fs::read(&file).unwrap();
    let noted: serde_json::Value = serde_json::from_slice(&early).unwrap();
    let noted = usize::try_from(noted["length"].as_u64().unwrap()).unwrap();
    for end in (noted..=whole.len()).rev().step_by(5) {
        std::fs::write(&file, &whole[..end]).unwrap();
        std::fs::write(&state, &early).unwrap();
        let mut lines = Lines::open(options.clone(), now()).unwrap();
        go_on(&mut lines, 8);
        drop(lines);
        assert_eq!(exported(&Source::Lines(file.clone())), ids(8), "{end}");
    }
}

#[test]
fn a_rotation_that_was_interrupted_loses_nothing() {
    let folder = Folder::new();
    let file = folder.aside("audit.jsonl");
    let options = LinesOptions {
        file: file.clone(),
        rotate: 1,
        keep: 2,
    };
    let mut lines = Lines::open(options.clone(), now()).unwrap();
    go_on(&mut lines, 4);
    drop(lines);
    std::fs::rename(&file, folder.aside("audit.jsonl.000002")).unwrap();
    let mut lines = Lines::open(options.clone(), now()).unwrap();
    go_on(&mut lines, 6);
    assert_eq!(exported(&Source::Lines(file.clone())), ids(6));
    go_on(&mut lines, 8);
    let kept = exported(&Source::Lines(file.clone()));
    assert_eq!(
        kept,
        ids(8)[2..],
        "two rotated files and the present one are kept"
    );
}

#[test]
fn only_one_writes_and_the_next_takes_over() {
    let folder = Folder::new();
    let mut first = folder.open();
    go_on(&mut first, 2);
    let second = Trail::open(folder.options.clone(), crate::support::random(), now());
    assert!(matches!(second, Err(Error::Busy(_))), "{second:?}");
    drop(first);
    let mut second = folder.open();
    go_on(&mut second, 4);
    drop(second);
    assert_eq!(folder.is_whole().entries, 4);
}

#[test]
fn a_trail_that_was_tampered_with_is_left_as_evidence_and_gone_on_with() {
    let folder = Folder::new().with_pages(2);
    let mut lines = folder.lines();
    lines[2] = lines[2].replace("opened", "closed");
    folder.put(&lines);
    let evidence = std::fs::read(folder.file(1)).unwrap();
    let mut trail = folder.open();
    go_on(&mut trail, 8);
    drop(trail);
    assert_eq!(std::fs::read(folder.file(1)).unwrap(), evidence);
    let broken = folder.is_broken(&cloakroom_audit::Verify::default());
    assert_eq!(broken.seq, 3, "{broken}");
    assert_eq!(exported(&Source::Trail(folder.path().into())), ids(8));
}

#[test]
fn a_checkpoint_comes_after_its_time_and_after_so_many_lines() {
    let mut folder = Folder::new();
    folder.options.checkpoint_lines = 10;
    let mut trail = folder.open();
    go_on(&mut trail, 2);
    trail.tend(now() + Duration::from_secs(59)).unwrap();
    assert_eq!(folder.is_whole().unsigned, 3);
    trail.tend(now() + Duration::from_mins(1)).unwrap();
    assert_eq!(folder.is_whole().unsigned, 0);
    trail.tend(now() + Duration::from_hours(1)).unwrap();
    assert_eq!(folder.is_whole().last, 5, "nothing new, nothing to sign");
    go_on(&mut trail, 20);
    assert!(folder.is_whole().unsigned < 10);
}

#[test]
fn another_key_does_not_write_on() {
    let folder = Folder::new().with_pages(1);
    std::fs::remove_file(&folder.options.key).unwrap();
    let opened = Trail::open(folder.options.clone(), std::sync::Arc::new(Other), now());
    assert!(matches!(opened, Err(Error::OtherKey { .. })), "{opened:?}");
    std::fs::write(&folder.options.key, "no key").unwrap();
    let opened = Trail::open(folder.options.clone(), crate::support::random(), now());
    assert!(matches!(opened, Err(Error::Key(_))), "{opened:?}");
}

struct Other;

impl cloakroom_core::Random for Other {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), cloakroom_core::RandomError> {
        bytes.fill(7);
        Ok(())
    }
}

#[test]
fn days_begin_segments_and_old_ones_go_with_a_word_about_it() {
    let mut folder = Folder::new();
    folder.options.retain = Some(Duration::from_hours(72));
    let day = |number: u64| Timestamp::from_millis(crate::support::NOW + number * 86_400_000);
    let mut trail = folder.open();
    for number in 0..6 {
        trail
            .write(&[event(number + 1, "alice")], &at(number + 1), day(number))
            .unwrap();
        trail.tend(day(number)).unwrap();
    }
    trail.close(day(5)).unwrap();
    let verified = folder.is_whole();
    assert_eq!(
        verified.segments, 4,
        "days 2 to 5: the second ended with day 2, three days ago"
    );
    assert!(verified.first > 1);
    assert_eq!(
        exported(&Source::Trail(folder.path().into())),
        ["h.3", "h.4", "h.5", "h.6"]
    );
    // What should still be there is not taken off unnoticed.
    std::fs::remove_file(folder.file(3)).unwrap();
    let broken = folder.is_broken(&cloakroom_audit::Verify::default());
    assert_eq!(broken.fault, cloakroom_audit::Fault::Removed, "{broken}");
}
