#![no_main]

#[path = "../../crates/http/src/csrf/field.rs"]
mod field;
#[path = "../src/form_decoders.rs"]
mod decoders;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| decoders::csrf_form(bytes));
