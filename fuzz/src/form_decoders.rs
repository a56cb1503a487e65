//! What the fuzz target of forms does with its input. The tests of `cloakroom-http` run it, too.

use super::field::field;

/// A value is one that stands in the form, whole and once.
pub fn csrf_form(bytes: &[u8]) {
    let Some(value) = field(bytes, "csrf_token") else {
        return;
    };
    assert!(!value.contains(&b'&'), "more than the field");
    let own = [b"csrf_token=", value].concat();
    let pairs = || bytes.split(|byte| *byte == b'&');
    assert_eq!(
        pairs().filter(|pair| *pair == own).count(),
        1,
        "a value from nowhere"
    );
    let twice = [bytes, b"&csrf_token=".as_slice()].concat();
    assert_eq!(field(&twice, "csrf_token"), None, "one of two was believed");
}
