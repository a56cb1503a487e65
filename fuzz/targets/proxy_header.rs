#![no_main]

#[path = "../src/server_decoders.rs"]
mod decoders;
#[path = "../../crates/server/src/proxy_protocol/header.rs"]
mod header;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| decoders::proxy_header(bytes));
