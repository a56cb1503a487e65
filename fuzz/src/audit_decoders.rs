//! What each fuzz target of the audit trail does with its input. The tests of `cloakroom-audit` run them, too.

use cloakroom_audit::decoders::{Pending, Place};
use cloakroom_audit::{
    EventJson, Expected, Filter, Format, Line, PublicKey, Sink as _, Source, Trail, TrailOptions, Verify,
    export, forget, verify,
};
use cloakroom_core::{Position, Random, RandomError, Timestamp};
use std::sync::Arc;

/// A line has one spelling: what is read is what would be written, spaces after a blotted one aside.
pub fn line(bytes: &[u8]) {
    if let Ok(line) = Line::decode(bytes) {
        let text = line.encode();
        assert!(bytes.starts_with(&text), "another spelling was read");
        assert!(
            bytes[text.len()..]
                .iter()
                .all(|byte| *byte == b' ' || byte.is_ascii_whitespace())
        );
        assert!(bytes.len() == text.len() || line.is_blotted());
    }
}

/// Notes and arguments are read or refused.
pub fn note(bytes: &[u8]) {
    let _ = Pending::decode(bytes);
    let _ = Place::decode(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = text.parse::<Expected>();
        let _ = text.parse::<PublicKey>();
    }
}

struct Zeros;

impl Random for Zeros {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        bytes.fill(0);
        Ok(())
    }
}

/// A file in place of a segment is verified, exported, forgotten in and gone on with, or refused, in so many words.
pub fn trail(bytes: &[u8]) {
    let name = format!("cloakroom-trail-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let written = std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(folder.join("trail-00000001.jsonl"), bytes));
    if written.is_ok() {
        let _ = verify(
            &folder.join("trail-00000001.jsonl"),
            &Verify::default(),
            &mut |_| {},
        );
        let _ = forget(Some(&folder), None, "alice");
        let options = TrailOptions::new(&folder, folder.join("key"));
        let now = Timestamp::from_millis(1_795_276_800_000);
        if let Ok(mut trail) = Trail::open(options, Arc::new(Zeros), now) {
            let event = EventJson::gap(&Position::start(), now);
            let written = trail.write(&[event], &Position::start(), now);
            assert!(written.is_ok(), "{written:?}");
        }
        let _ = verify(&folder, &Verify::default(), &mut |_| {});
        let source = Source::Trail(folder.clone());
        let _ = export(
            &source,
            &Filter::default(),
            Format::Csv,
            &mut std::io::sink(),
            &mut |_, _| {},
        );
    }
    let _ = std::fs::remove_dir_all(&folder);
}
