//! Signatures of webhooks (Standard Webhooks 1.0, "Signature scheme": symmetric, `v1`).

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt;
use std::str::FromStr;
use zeroize::Zeroizing;

/// What a secret begins with.
const PREFIX: &str = "whsec_";

/// A signing secret that sender and receiver share: 24 to 64 bytes, written as `whsec_` and base64.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

/// A text that is no signing secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be whsec_ and the base64 of 24 to 64 random bytes; make one: echo whsec_$(head -c32 /dev/urandom | base64)"
)]
pub struct BadSecret;

impl FromStr for Secret {
    type Err = BadSecret;

    fn from_str(text: &str) -> Result<Self, BadSecret> {
        let encoded = text.strip_prefix(PREFIX).ok_or(BadSecret)?;
        let bytes = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| BadSecret)?);
        let repeated = bytes.iter().all(|byte| Some(byte) == bytes.first());
        if (24..=64).contains(&bytes.len()) && !repeated {
            Ok(Self(bytes))
        } else {
            Err(BadSecret)
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        aws_lc_rs::constant_time::verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl Eq for Secret {}

/// The value of `webhook-signature`: one signature for each secret, in their order, with spaces between them. `timestamp` is
/// the moment of the attempt in seconds since 1970.
#[must_use]
pub fn sign(secrets: &[Secret], id: &str, timestamp: u64, body: &[u8]) -> String {
    let signed: Vec<String> = secrets
        .iter()
        .map(|secret| one(secret, id, timestamp, body))
        .collect();
    signed.join(" ")
}

fn one(secret: &Secret, id: &str, timestamp: u64, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &secret.0);
    let mut context = hmac::Context::with_key(&key);
    context.update(format!("{id}.{timestamp}.").as_bytes());
    context.update(body);
    format!("v1,{}", STANDARD.encode(context.sign()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_the_base64_of_24_to_64_bytes() {
        let of = |bytes: &[u8]| format!("whsec_{}", STANDARD.encode(bytes));
        let bytes: Vec<u8> = (0..65).collect();
        for (text, good) in [
            (of(&bytes[..23]), false),
            (of(&bytes[..24]), true),
            (of(&bytes[..64]), true),
            (of(&bytes[..65]), false),
            (of(&[0; 32]), false),
            (STANDARD.encode(&bytes[..32]), false),
            ("whsec_***".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(text.parse::<Secret>().is_ok(), good, "{text}");
        }
    }

    #[test]
    fn each_secret_signs_for_itself() {
        let [old, new] = [1, 2].map(|first| {
            let bytes: Vec<u8> = (first..first + 32).collect();
            format!("whsec_{}", STANDARD.encode(bytes))
                .parse::<Secret>()
                .unwrap()
        });
        let both = sign(&[new.clone(), old.clone()], "evt_1", 7, b"{}");
        let (first, second) = both.split_once(' ').unwrap();
        assert_eq!(first, sign(&[new], "evt_1", 7, b"{}"));
        assert_eq!(second, sign(std::slice::from_ref(&old), "evt_1", 7, b"{}"));
        assert_ne!(second, sign(std::slice::from_ref(&old), "evt_2", 7, b"{}"));
        assert_ne!(second, sign(std::slice::from_ref(&old), "evt_1", 8, b"{}"));
        assert_ne!(second, sign(std::slice::from_ref(&old), "evt_1", 7, b"[]"));
        assert_eq!(format!("{old:?}"), "Secret(***)");
    }
}
