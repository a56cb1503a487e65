//! What each fuzz target of the server does with its input. The tests of `cloakroom-server` run them, too.

use super::header::{Arrived, MOST, belonging, read};

/// A connection's first bytes: however they are cut into pieces, the same is read, nothing of what follows is taken, and
/// an end comes within the bound.
pub fn proxy_header(bytes: &[u8]) {
    let whole = in_pieces(bytes, bytes.len().max(1));
    for size in [1, 2, 7, 16] {
        assert_eq!(in_pieces(bytes, size), whole, "in pieces of {size}");
    }
    if let Some((Some(Arrived::Whole(_)), taken)) = whole {
        let mut more = bytes[..taken].to_vec();
        more.extend(b"GET / HTTP/1.1\r\n\r\n");
        assert_eq!(belonging(&more), taken, "a header took of what follows it");
    }
}

/// What was read in the end and how many bytes that took; nothing if it was refused.
fn in_pieces(bytes: &[u8], size: usize) -> Option<(Option<Arrived>, usize)> {
    let mut taken = 0;
    for end in (size..bytes.len() + size).step_by(size) {
        let seen = &bytes[..end.min(bytes.len())];
        // More of what was seen may belong to it than was known at first.
        loop {
            let ours = belonging(seen).min(MOST);
            assert!(
                ours <= seen.len() && ours >= taken,
                "what was taken can not be given back"
            );
            if ours == taken {
                break;
            }
            taken = ours;
            match read(&seen[..taken]) {
                Ok(Arrived::Part) => {}
                Ok(whole @ Arrived::Whole(_)) => return Some((Some(whole), taken)),
                Err(_) => return None,
            }
        }
    }
    Some((None, taken))
}
