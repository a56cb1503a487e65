//! Looking at foreign text quickly.

/// Whether text is printable ASCII: so it is nearly always, and then nothing more has to be asked about it. No early
/// exit, so that the compiler looks at many bytes at once.
pub(crate) fn is_plain(text: &str) -> bool {
    text.bytes()
        .fold(true, |plain, byte| plain & matches!(byte, b' '..0x7f))
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    #[test]
    fn plain_is_what_is_printable_and_ascii() {
        assert!(is_plain(""));
        assert!(is_plain(" ~azAZ09"));
        for other in [
            "\n",
            "a\0b",
            "\u{7f}",
            "\u{85}",
            "ä",
            &"x".repeat(99).replacen("xx", "x\t", 40),
        ] {
            assert!(!is_plain(other), "{other:?}");
        }
    }
}
