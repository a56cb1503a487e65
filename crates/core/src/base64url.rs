//! Base64url of exactly 33 bytes: 44 characters, no padding and no bits left over, so there is one spelling of each.
//!
//! The library takes more than twice as long, and every check pays for it.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// What is in no alphabet: a bit above the 24 of four values.
const NONE: u32 = 1 << 31;
/// What a character stands for, where each of four together have it.
static VALUES: [[u32; 256]; 4] = [values(18), values(12), values(6), values(0)];

#[allow(clippy::cast_possible_truncation, reason = "there are 64 values")]
const fn values(shift: u32) -> [u32; 256] {
    let mut values = [NONE; 256];
    let mut value = 0;
    while value < ALPHABET.len() {
        values[ALPHABET[value] as usize] = (value as u32) << shift;
        value += 1;
    }
    values
}

/// The bytes; nothing if a character is none of the alphabet.
pub(crate) fn decode(text: &[u8; 44]) -> Option<[u8; 33]> {
    let mut bytes = [0; 33];
    let mut seen = 0;
    let threes = bytes.as_chunks_mut::<3>().0;
    for (four, three) in text.as_chunks::<4>().0.iter().zip(threes) {
        let value = |at: usize| VALUES[at][usize::from(four[at])];
        let bits = value(0) | value(1) | value(2) | value(3);
        seen |= bits;
        [_, three[0], three[1], three[2]] = bits.to_be_bytes();
    }
    (seen & NONE == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::decode;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    /// Mostly good, with one byte that may be any.
    fn texts() -> impl Strategy<Value = [u8; 44]> {
        (
            any::<[u8; 32]>(),
            any::<u8>(),
            0..44_usize,
            any::<u8>(),
            any::<bool>(),
        )
            .prop_map(|(secret, first, at, byte, spoil)| {
                let mut text = [0; 44];
                let bytes = [&[first], &secret[..]].concat();
                text.copy_from_slice(URL_SAFE_NO_PAD.encode(bytes).as_bytes());
                if spoil {
                    text[at] = byte;
                }
                text
            })
    }

    proptest! {
        #[test]
        fn it_agrees_with_the_library(text in texts()) {
            let expected = URL_SAFE_NO_PAD.decode(text).ok();
            prop_assert_eq!(decode(&text).map(|bytes| bytes.to_vec()), expected);
        }
    }

    #[test]
    fn each_character_that_is_in_no_alphabet_is_refused_at_each_place() {
        for byte in 0..=u8::MAX {
            for at in 0..44 {
                let mut text = [b'A'; 44];
                text[at] = byte;
                let good = byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
                assert_eq!(decode(&text).is_some(), good, "{byte} at {at}");
            }
        }
    }
}
