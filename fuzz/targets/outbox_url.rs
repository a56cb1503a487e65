#![no_main]

#[path = "../src/outbox_decoders.rs"]
#[allow(dead_code)]
mod decoders;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| decoders::url(bytes));
