//! Sealing under a token's secret: the store holds what only the token's holder can open.
//!
//! AES-256-GCM with a random 96-bit nonce. The key is one HKDF-Expand (RFC 5869 §3.3: a uniformly random secret needs no
//! extract step) under a label that names the purpose; the session id is bound in as associated data.

use crate::id::SessionId;
use crate::random::{self, Random, RandomError};
use crate::token::Token;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Prk};
use aws_lc_rs::hmac::{self, HMAC_SHA256};

/// What a seal is for; seals of one purpose do not open as another.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    Data,
    Successor,
}

/// It does not open: damaged, or sealed for another session, purpose or token.
#[derive(Debug, thiserror::Error)]
#[error("sealed data does not open")]
pub(crate) struct Unopenable;

fn key(token: &Token, purpose: Purpose) -> Result<LessSafeKey, Unopenable> {
    let label: &[&[u8]] = match purpose {
        Purpose::Data => &[b"cloakroom/1/data"],
        Purpose::Successor => &[b"cloakroom/1/successor"],
    };
    let prk = Prk::new_less_safe(HKDF_SHA256, token.secret());
    let okm = prk.expand(label, &AES_256_GCM).map_err(|_| Unopenable)?;
    Ok(LessSafeKey::new(UnboundKey::from(okm)))
}

fn mac_key(token: &Token, purpose: &str) -> Option<hmac::Key> {
    let prk = Prk::new_less_safe(HKDF_SHA256, token.secret());
    let label: [&[u8]; 2] = [b"cloakroom/1/mac/", purpose.as_bytes()];
    let okm = prk.expand(&label, HMAC_SHA256).ok()?;
    Some(hmac::Key::from(okm))
}

impl Token {
    /// A code that only this token's holder can have been given: HMAC-SHA-256 over `message`, under a key that is derived
    /// from the secret for `purpose` (RFC 5869). Nothing of the token can be learnt from it, and it ends with the token.
    ///
    /// Nothing if the cryptographic library fails.
    #[must_use]
    pub fn mac(&self, purpose: &str, message: &[u8]) -> Option<[u8; 32]> {
        hmac::sign(&mac_key(self, purpose)?, message)
            .as_ref()
            .try_into()
            .ok()
    }

    /// Whether a code is what [`mac`](Self::mac) makes, compared in constant time.
    #[must_use]
    pub fn verifies(&self, purpose: &str, message: &[u8], code: &[u8]) -> bool {
        mac_key(self, purpose).is_some_and(|key| hmac::verify(&key, message, code).is_ok())
    }
}

pub(crate) fn seal(
    token: &Token,
    purpose: Purpose,
    id: SessionId,
    plain: &[u8],
    random: &dyn Random,
) -> Result<Box<[u8]>, RandomError> {
    let nonce: [u8; NONCE_LEN] = random::bytes(random)?;
    let mut sealed = Vec::with_capacity(NONCE_LEN + plain.len() + AES_256_GCM.tag_len());
    sealed.extend(nonce);
    sealed.extend(plain);
    let key = key(token, purpose).map_err(|_| RandomError)?;
    let tag = key
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(id.as_bytes()),
            &mut sealed[NONCE_LEN..],
        )
        .map_err(|_| RandomError)?;
    sealed.extend(tag.as_ref());
    Ok(sealed.into())
}

pub(crate) fn open(
    token: &Token,
    purpose: Purpose,
    id: SessionId,
    sealed: &[u8],
) -> Result<Vec<u8>, Unopenable> {
    let (nonce, rest) = sealed.split_at_checked(NONCE_LEN).ok_or(Unopenable)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Unopenable)?;
    let mut bytes = rest.to_vec();
    let length = key(token, purpose)?
        .open_in_place(nonce, Aad::from(id.as_bytes()), &mut bytes)
        .map_err(|_| Unopenable)?
        .len();
    bytes.truncate(length);
    Ok(bytes)
}
