//! JSON on one line, whatever is in it.
//!
//! Foreign text may hold what ends a line, moves a terminal's cursor or turns the direction of writing. All of it is
//! escaped, so one line is one entry to every reader (ASVS 16.4.1).

use serde::Serialize;
use serde_json::ser::Formatter;
use std::io::{self, Write};

/// Escapes what JSON lets stand and people do not see.
struct Plain;

impl Formatter for Plain {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, hidden)) = rest.char_indices().find(|(_, c)| is_hidden(*c)) {
            writer.write_all(&rest.as_bytes()[..at])?;
            for unit in hidden.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = &rest[at + hidden.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }
}

/// Controls (JSON escapes those below a space itself), line and paragraph separators, and formats that show nothing:
/// bidirectional controls, joiners, tags (Unicode categories Cc, Zl, Zp, Cf).
pub(crate) fn is_hidden(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    matches!(c,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}'
        | '\u{8e2}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e007f}')
}

/// The value as JSON without a line end.
pub(crate) fn json(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512);
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, Plain);
    // Structs of texts and numbers, into memory: nothing can fail.
    let _ = value.serialize(&mut serializer);
    bytes
}

/// At most so many bytes of a text, cut between two characters.
pub(crate) fn cut(mut text: String, most: usize) -> String {
    text.truncate(text.floor_char_boundary(most));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_is_one_entry_and_nothing_hides_in_it() {
        for (text, written) in [
            ("plain – ünïcode 🙂", "\"plain – ünïcode 🙂\""),
            ("a\nb\r\u{b}\u{c}", r#""a\nb\r\u000b\f""#),
            ("\u{7f}\u{85}\u{9b}31m", r#""\u007f\u0085\u009b31m""#),
            ("\u{2028}\u{2029}", r#""\u2028\u2029""#),
            ("evil\u{202e}gpj\u{2066}", r#""evil\u202egpj\u2066""#),
            ("\u{feff}\u{200d}\u{e0041}", r#""\ufeff\u200d\udb40\udc41""#),
            ("\"\\\u{1b}[2J", r#""\"\\\u001b[2J""#),
        ] {
            let json = json(&text);
            assert_eq!(std::str::from_utf8(&json).unwrap(), written);
            assert_eq!(
                serde_json::from_slice::<String>(&json).unwrap(),
                text,
                "nothing is lost"
            );
        }
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut("aé".to_owned(), 2), "a");
        assert_eq!(cut("aé".to_owned(), 3), "aé");
    }
}
