//! Text that others wrote, made fit to be shown: on one line, without control characters, not too long.

/// At most so many characters, what is left out marked by an ellipsis. Control characters, line breaks of every kind and
/// characters that turn the direction of writing become spaces.
pub(crate) fn line(text: &str, most: usize) -> String {
    let mut line: String = text.chars().take(most).map(plain).collect();
    if text.chars().nth(most).is_some() {
        line.push('…');
    }
    line
}

fn plain(c: char) -> char {
    let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if c.is_control() || turns || matches!(c, '\u{2028}' | '\u{2029}') {
        ' '
    } else {
        c
    }
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn nothing_breaks_out_of_its_line() {
        for (text, most, shown) in [
            ("plain", 9, "plain"),
            ("a\r\nBcc: b", 9, "a  Bcc: b"),
            ("x\u{202e}y\u{2028}z\u{85}\0", 9, "x y z  "),
            ("äöü", 3, "äöü"),
            ("äöüß", 3, "äöü…"),
            ("", 0, ""),
        ] {
            assert_eq!(line(text, most), shown, "{text:?}");
        }
    }
}
