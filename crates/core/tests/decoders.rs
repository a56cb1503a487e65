//! The fuzz targets of the engine, on a fixed walk of 20,000 inputs each. `fuzz/README.md` says how to let them run on.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is a test's way of speaking"
)]

#[path = "../../../fuzz/src/core_decoders.rs"]
mod decoders;
#[path = "../../../fuzz/src/walk.rs"]
mod walk;

use cloakroom_core::{Bucket, SessionId, Token};
use cloakroom_testkit::{START, SeededRandom, cause};
use std::path::Path;
use walk::walk;

const INPUTS: usize = 20_000;

fn goldens() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

#[test]
fn tokens() {
    let token = Token::mint(Bucket(1), &SeededRandom::new(1)).unwrap();
    walk(
        INPUTS,
        &[token.expose().as_bytes().to_vec(), vec![b'A'; 44]],
        decoders::token,
    );
}

#[test]
fn session_ids() {
    let id = SessionId::mint(&SeededRandom::new(1)).unwrap();
    let corpus = [
        id.to_string().into_bytes(),
        vec![b'A'; 22],
        vec![0; 16],
        vec![0; 33],
    ];
    walk(INPUTS, &corpus, decoders::session_id);
}

#[test]
fn slots() {
    walk(INPUTS, &goldens(), decoders::slot);
}

#[test]
fn heads() {
    walk(INPUTS, &goldens(), decoders::head);
}

#[test]
fn causes() {
    walk(INPUTS, &[cause(START).encode(), vec![0; 9]], decoders::cause);
}

#[test]
fn positions() {
    walk(
        INPUTS,
        &texts(&["", "0", "1234567", "1792592000000-17", "a-b-c"]),
        decoders::position,
    );
}

#[test]
fn names() {
    let corpus = texts(&[
        "alice",
        "zoë@example.org",
        "a,b",
        "Mozilla/5.0 (X11)",
        "\u{1}\u{85}",
        "\u{2028}",
    ]);
    walk(INPUTS, &corpus, decoders::names);
}
