#![no_main]

#[path = "../src/form_decoders.rs"]
mod decoders;
#[path = "../../crates/http/src/csrf/field.rs"]
mod field;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| decoders::csrf_form(bytes));
