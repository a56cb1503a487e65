//! The fuzz targets of the HTTP layer, on a fixed walk of 20,000 inputs each.

#[path = "../../../fuzz/src/http_decoders.rs"]
mod decoders;
#[path = "../src/csrf/field.rs"]
mod field;
#[path = "../../../fuzz/src/form_decoders.rs"]
mod form_decoders;
#[path = "../../../fuzz/src/walk.rs"]
mod walk;

use walk::walk;

const INPUTS: usize = 20_000;

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

#[test]
fn cookies() {
    let token = "A".repeat(44);
    let corpus = texts(&[
        &format!("__Host-sid={token}"),
        &format!("a=b; __Host-sid={token}; c=\"d\""),
        &format!("__Host-sid={token}; __Host-sid={token}"),
        &format!("__Host-sid=\"{token}\"\n__Host-sid="),
        "sid=x; ;;; =; __Host-sid",
    ]);
    walk(INPUTS, &corpus, decoders::cookie);
}

#[test]
fn forwarded_addresses() {
    let corpus = texts(&[
        "192.0.2.1, 10.0.0.2",
        "\"[2001:db8::1]:4711\", 10.0.0.3",
        "unknown, ::ffff:10.0.0.9",
        "203.0.113.9:80\n10.0.0.7, 10.0.0.8",
        ",,,",
    ]);
    walk(INPUTS, &corpus, decoders::forwarded_for);
}

#[test]
fn forwarded_elements() {
    let corpus = texts(&[
        "for=192.0.2.1, for=10.0.0.2;proto=https;by=_me",
        "for=\"[2001:db8::1]:4711\";host=\"a,b;c\\\"d\", for=10.0.0.3",
        "For=unknown, for=\"_hidden:_port\"",
        "for=203.0.113.9\nfor=10.0.0.7, for=\"",
        "\"\\\"\\,;=,,,",
    ]);
    walk(INPUTS, &corpus, decoders::forwarded);
}

#[test]
fn forms_with_a_token() {
    let corpus = texts(&[
        "csrf_token=abc",
        "a=b&csrf_token=abc&c=d",
        "csrf_token=a&csrf_token=b",
        "csrf%5Ftoken=a&csrf_token=&csrf_token",
        "&&&=&=",
    ]);
    walk(INPUTS, &corpus, form_decoders::csrf_form);
}
