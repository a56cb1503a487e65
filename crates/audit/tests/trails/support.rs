//! A trail in a temporary folder, and events to put into it.

use cloakroom_audit::{Broken, EventJson, Sink as _, Trail, TrailOptions, Verified, Verify, verify};
use cloakroom_core::{Position, Random, RandomError, Timestamp};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;

/// 21 November 2026.
pub const NOW: u64 = 1_795_276_800_000;

/// Different bytes each time, the same in each run.
pub struct Dice(AtomicU64);

impl Random for Dice {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        for byte in bytes {
            let state = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            *byte = (state.wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 56).to_le_bytes()[0];
        }
        Ok(())
    }
}

/// Another one each time: two trails have two keys.
pub fn random() -> Arc<dyn Random> {
    static SEED: AtomicU64 = AtomicU64::new(1);
    Arc::new(Dice(AtomicU64::new(
        SEED.fetch_add(0x1234_5678_9abc, Ordering::Relaxed),
    )))
}

pub fn now() -> Timestamp {
    Timestamp::from_millis(NOW)
}

pub fn at(position: u64) -> Position {
    format!("h.{position}").parse().unwrap()
}

pub fn event(number: u64, subject: &str) -> EventJson {
    EventJson {
        id: format!("h.{number}"),
        at: cloakroom_audit::rfc3339(Timestamp::from_millis(NOW + number)),
        kind: "opened".into(),
        session: Some("AAAAAAAAAAAAAAAAAAAAAA".to_owned()),
        subject: Some(subject.to_owned()),
        reason: None,
        actor: "user".to_owned(),
        ip: Some("192.0.2.7".to_owned()),
        user_agent: Some("a browser".to_owned()),
        detail: None,
    }
}

/// A folder with a trail, and what is known of it.
pub struct Folder {
    dir: TempDir,
    pub options: TrailOptions,
}

impl Folder {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let options = TrailOptions::new(dir.path().join("audit"), dir.path().join("audit.key"));
        Self { dir, options }
    }

    pub fn path(&self) -> &Path {
        &self.options.folder
    }

    pub fn aside(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn open(&self) -> Trail {
        self.open_at(now())
    }

    pub fn open_at(&self, now: Timestamp) -> Trail {
        Trail::open(self.options.clone(), random(), now).unwrap()
    }

    /// Pages of two events each, the subjects in turn, then a checkpoint.
    pub fn with_pages(self, pages: u64) -> Self {
        let mut trail = self.open();
        for page in 0..pages {
            let events = [event(page * 2 + 1, "alice"), event(page * 2 + 2, "bob")];
            trail.write(&events, &at(page * 2 + 2), now()).unwrap();
        }
        trail.close(now()).unwrap();
        drop(trail);
        self
    }

    pub fn file(&self, number: u64) -> PathBuf {
        self.path().join(format!("trail-{number:08}.jsonl"))
    }

    pub fn lines(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.file(1)).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    pub fn put(&self, lines: &[String]) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        std::fs::write(self.file(1), text).unwrap();
    }

    pub fn verify(&self, known: &Verify) -> Result<Verified, Broken> {
        verify(self.path(), known, &mut |_| {}).unwrap()
    }

    #[track_caller]
    pub fn is_whole(&self) -> Verified {
        match self.verify(&Verify::default()) {
            Ok(verified) => verified,
            Err(broken) => panic!("{broken}"),
        }
    }

    #[track_caller]
    pub fn is_broken(&self, known: &Verify) -> Broken {
        self.verify(known).expect_err("it was tampered with")
    }
}
