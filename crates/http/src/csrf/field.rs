//! One field of a form.

/// The value of a field of an HTML form (`application/x-www-form-urlencoded`), if it is there once. Name and value stand
/// for themselves in this encoding, so what is written in another way was not written by our field.
pub fn field<'a>(form: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let mut values = form
        .split(|byte| *byte == b'&')
        .filter_map(|pair| pair.strip_prefix(name.as_bytes())?.strip_prefix(b"="));
    let first = values.next()?;
    values.next().is_none().then_some(first)
}
