//! The fuzz targets of the anomaly rules, on a fixed walk of thousands of inputs each.

#![allow(clippy::unwrap_used)]

#[path = "../../../fuzz/src/watch_decoders.rs"]
mod decoders;
mod support;
#[path = "../../../fuzz/src/walk.rs"]
mod walk;

use cloakroom_watch::{Places, Tells};
use support::mmdb;
use walk::walk;

#[test]
fn hostile_events() {
    let corpus = [
        vec![7; 240],
        (0..=255).collect::<Vec<u8>>(),
        "\u{7}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{30}eve\u{202e}\u{9d}<b>"
            .repeat(40)
            .into_bytes(),
        "\u{a}\u{2}\u{2}\u{2}\u{2}\u{2}\u{2}\u{30}Mozilla/5.0"
            .repeat(40)
            .into_bytes(),
        (0..40)
            .flat_map(|turn| [0, 2, turn, 2, turn * 6, 1, turn, 99, b'a', b'b'])
            .collect(),
    ];
    walk(5_000, &corpus, decoders::events);
}

#[test]
fn damaged_databases() {
    let cities = [
        ("5.1.0.0/24", mmdb::city("CH", 47.38, 8.54, 20)),
        ("2a00:1::/32", mmdb::city("DE", 48.14, 11.58, 20)),
    ];
    let corpus = [
        mmdb::write("Test-City", &cities),
        mmdb::write("Test-Country", &[("5.0.0.0/8", mmdb::country("US"))]),
        mmdb::write("Test-ASN", &[("5.2.9.0/24", mmdb::system(64_500))]),
    ];
    let whole = [Tells::City, Tells::Country, Tells::System];
    for (bytes, tells) in corpus.iter().zip(whole) {
        assert!(
            Places::none().read(tells, bytes.clone()).is_ok(),
            "what is not damaged is read"
        );
    }
    walk(20_000, &corpus, decoders::database);
}
