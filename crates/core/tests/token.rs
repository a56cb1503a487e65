//! Tokens, requirements 1 to 6 and invariants 4 and 5.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is a test's way of speaking"
)]

mod support;

use cloakroom_core::{Bucket, MalformedToken, SessionId, Token};
use cloakroom_testkit::{NoRandom, SeededRandom};
use std::collections::HashSet;
use support::{subject, text};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn minted() -> Token {
    Token::mint(Bucket(9), &SeededRandom::new(1)).unwrap()
}

/// base64url, bit by bit, so that the test does not lean on what it tests.
fn decoded(text: &str) -> Vec<u8> {
    let mut bits = Vec::new();
    for character in text.bytes() {
        let value = ALPHABET.iter().position(|known| *known == character).unwrap();
        bits.extend((0..6).rev().map(|bit| value >> bit & 1));
    }
    bits.chunks_exact(8)
        .map(|byte| {
            byte.iter()
                .fold(0, |sum, bit| sum << 1 | u8::try_from(*bit).unwrap())
        })
        .collect()
}

#[test]
fn req_1_a_token_is_33_bytes_in_44_characters_of_base64url() {
    let text = text(&minted());
    assert_eq!(text.len(), 44);
    assert!(text.bytes().all(|byte| ALPHABET.contains(&byte)));
    assert_eq!(decoded(&text).len(), 33);
    assert_eq!((Token::LEN, Token::TEXT_LEN), (33, 44));
}

#[test]
fn req_6_every_other_length_is_refused() {
    for length in (0..=100).filter(|length| *length != 44) {
        assert_eq!(
            Token::parse("A".repeat(length)).unwrap_err(),
            MalformedToken,
            "length {length}"
        );
    }
    assert!(Token::parse("A".repeat(44)).is_ok());
    assert!(Token::parse(vec![b'A'; 8192]).is_err());
}

#[test]
fn req_6_every_byte_outside_the_alphabet_is_refused_in_every_place() {
    let good = text(&minted()).into_bytes();
    for place in 0..44 {
        for byte in 0..=255 {
            let mut bytes = good.clone();
            bytes[place] = byte;
            assert_eq!(
                Token::parse(&bytes).is_ok(),
                ALPHABET.contains(&byte),
                "{byte} at {place}"
            );
        }
    }
}

#[test]
fn invariant_5_there_is_one_spelling_of_a_token() {
    let good = text(&minted());
    for other in [
        good.replace(['-', '_'], "+"),
        format!("{good}="),
        format!("{}=", &good[..43]),
        format!(" {good}"),
        format!("{good}\n"),
        format!("\"{good}\""),
        good.replace(|c: char| c.is_ascii_alphanumeric(), "%41"),
    ] {
        if other != good {
            assert!(Token::parse(&other).is_err(), "{other:?}");
        }
    }
    assert_eq!(text(&Token::parse(&good).unwrap()), good);
}

#[test]
fn invariant_5_one_changed_character_is_another_token() {
    let good = text(&minted()).into_bytes();
    let key = Token::parse(&good).unwrap().key();
    for place in 0..44 {
        for byte in ALPHABET.iter().filter(|byte| **byte != good[place]) {
            let mut bytes = good.clone();
            bytes[place] = *byte;
            assert_ne!(
                Token::parse(&bytes).unwrap().key(),
                key,
                "{} at {place}",
                *byte as char
            );
        }
    }
}

#[test]
fn req_1_a_hundred_thousand_tokens_are_all_different_and_every_bit_is_fair() {
    const MINTS: u32 = 100_000;
    let random = SeededRandom::new(2);
    let mut ones = [0_u32; 264];
    let mut seen = HashSet::new();
    for turn in 0..MINTS {
        let token = Token::mint(Bucket(u8::try_from(turn % 256).unwrap()), &random).unwrap();
        let text = text(&token);
        for (byte, value) in decoded(&text).into_iter().enumerate() {
            for bit in 0..8 {
                ones[byte * 8 + bit] += u32::from(value >> bit & 1);
            }
        }
        assert!(seen.insert(text), "the same token twice");
    }
    for (bit, ones) in ones.into_iter().enumerate() {
        let share = f64::from(ones) / f64::from(MINTS);
        assert!(
            (share - 0.5).abs() < 0.01,
            "bit {bit} is set in {share} of all tokens"
        );
    }
}

#[test]
fn the_bucket_comes_out_as_it_went_in() {
    let random = SeededRandom::new(3);
    for bucket in 0..=255 {
        let token = Token::mint(Bucket(bucket), &random).unwrap();
        assert_eq!(token.key().bucket(), Bucket(bucket));
        assert_eq!(Token::parse(&*token.expose()).unwrap().key(), token.key());
    }
}

#[test]
fn req_2_two_tokens_of_one_subject_have_nothing_in_common() {
    let random = SeededRandom::new(4);
    let bucket = Bucket::of(&subject("alice"));
    let mut same = [0_u32; 33];
    for _ in 0..10_000 {
        let pair = [(); 2].map(|()| decoded(&text(&Token::mint(bucket, &random).unwrap())));
        for place in 0..33 {
            same[place] += u32::from(pair[0][place] == pair[1][place]);
        }
    }
    // One in 256 is chance: 39 of 10,000.
    for (place, same) in same.into_iter().enumerate() {
        assert!(
            (10..90).contains(&same),
            "byte {place} is the same in {same} of 10,000 pairs"
        );
    }
}

#[test]
fn invariant_4_the_key_is_no_part_of_the_token() {
    let token = minted();
    let bytes = decoded(&text(&token));
    let key = token.key();
    assert!(
        !bytes
            .windows(8)
            .any(|part| key.as_bytes().windows(8).any(|other| other == part))
    );
    assert_eq!(key.as_bytes().len(), 33);
    assert_eq!(key.hash_bytes(), &key.as_bytes()[1..]);
}

#[test]
fn req_3_a_stored_key_shown_as_a_token_is_another_key() {
    let key = minted().key();
    let mut text = String::new();
    for bytes in key.as_bytes().chunks(3) {
        let word = u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]);
        for shift in [18, 12, 6, 0] {
            text.push(ALPHABET[(word >> shift & 63) as usize] as char);
        }
    }
    assert_ne!(Token::parse(&text).unwrap().key(), key);
}

#[test]
fn req_1_no_token_without_randomness() {
    assert!(Token::mint(Bucket(0), &NoRandom).is_err());
    assert!(SessionId::mint(&NoRandom).is_err());
}

#[test]
fn session_ids_have_one_spelling() {
    let id = SessionId::mint(&SeededRandom::new(5)).unwrap();
    let text = id.to_string();
    assert_eq!(text.len(), 22);
    assert_eq!(text.parse(), Ok(id));
    let others = ALPHABET
        .iter()
        .map(|last| format!("{}{}", &text[..21], *last as char));
    // 22 characters hold 132 bits, four more than an id: they must be zero, or an id would have sixteen spellings.
    let read: Vec<_> = others
        .filter_map(|other| other.parse::<SessionId>().ok())
        .collect();
    assert_eq!(read.len(), 4);
    for length in (0..60).filter(|length| *length != 22) {
        assert!("A".repeat(length).parse::<SessionId>().is_err());
    }
    assert!("ä".repeat(11).parse::<SessionId>().is_err());
}

#[test]
fn a_code_belongs_to_one_token_one_purpose_and_one_message() {
    let random = SeededRandom::new(5);
    let [token, other] = [(); 2].map(|()| Token::mint(Bucket(1), &random).unwrap());
    let code = token.mac("csrf", b"message").unwrap();
    assert!(token.verifies("csrf", b"message", &code));
    assert_eq!(token.mac("csrf", b"message"), Some(code));
    for (token, purpose, message) in [
        (&other, "csrf", b"message".as_slice()),
        (&token, "csrg", b"message"),
        (&token, "", b"csrfmessage"),
        (&token, "csrf", b"massage"),
        (&token, "csrf", b""),
    ] {
        assert_ne!(token.mac(purpose, message), Some(code));
        assert!(!token.verifies(purpose, message, &code));
    }
    for cut in 0..32 {
        assert!(!token.verifies("csrf", b"message", &code[..cut]));
    }
    let longer = [&code[..], &[0]].concat();
    assert!(!token.verifies("csrf", b"message", &longer));
}

/// What Python's hmac makes of it, as RFC 5869 §2.3 and RFC 2104 write it down.
#[test]
fn a_code_is_made_as_it_was_at_first() {
    let token = Token::parse("A".repeat(44)).unwrap();
    let code = token.mac("csrf", b"salt").unwrap();
    assert_eq!(
        code,
        [
            0x53, 0xda, 0xa9, 0x25, 0xd4, 0xa6, 0x0f, 0xd9, 0x83, 0x24, 0x20, 0xfb, 0x0c, 0x93, 0x64, 0x50,
            0x12, 0x4d, 0x26, 0x67, 0x8f, 0xff, 0xad, 0x75, 0x1c, 0x49, 0x6a, 0x94, 0x31, 0xef, 0x97, 0x62
        ]
    );
}
