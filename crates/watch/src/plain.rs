//! Foreign text, made harmless.

/// Text of a bounded length (in characters of the original) that shows as what it is: control characters, those that turn
/// the direction of writing, and quotes are escaped.
pub(crate) fn plain(text: &str, most: usize) -> String {
    let mut out: String = text.chars().take(most).flat_map(char::escape_debug).collect();
    if text.chars().nth(most).is_some() {
        out.push('…');
    }
    out
}

/// The most characters that are shown of a subject.
pub(crate) const SUBJECT: usize = 128;
/// The most characters that are kept of a device's name.
pub(crate) const DEVICE: usize = 48;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_deceive_is_escaped_and_what_is_long_is_cut() {
        assert_eq!(plain("Zoë “at” home", 99), "Zoë “at” home");
        assert_eq!(plain("a\u{202e}b\n\"", 99), "a\\u{202e}b\\n\\\"");
        assert_eq!(plain("ääää", 3), "äää…");
    }
}
