//! What a user would pick instead of sessions: a signed token, verified on every request.

use anyhow::Result;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    exp: u64,
}

/// A token and what verifies it.
pub struct Jwt {
    token: String,
    key: DecodingKey,
    validation: Validation,
}

impl Jwt {
    /// A token of this subject, signed with HMAC-SHA256.
    pub fn hs256(subject: &str) -> Result<Self> {
        let secret = [7_u8; 32];
        let keys = (
            EncodingKey::from_secret(&secret),
            DecodingKey::from_secret(&secret),
        );
        Self::new(subject, Algorithm::HS256, keys)
    }

    /// A token of this subject, signed with ECDSA on P-256.
    pub fn es256(subject: &str) -> Result<Self> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
        let signing = EncodingKey::from_ec_der(pair.to_pkcs8v1()?.as_ref());
        let keys = (signing, DecodingKey::from_ec_der(pair.public_key().as_ref()));
        Self::new(subject, Algorithm::ES256, keys)
    }

    /// A token of this subject, signed with Ed25519.
    pub fn eddsa(subject: &str) -> Result<Self> {
        let pair = Ed25519KeyPair::generate()?;
        let signing = EncodingKey::from_ed_der(pair.to_pkcs8v1()?.as_ref());
        let keys = (signing, DecodingKey::from_ed_der(pair.public_key().as_ref()));
        Self::new(subject, Algorithm::EdDSA, keys)
    }

    fn new(subject: &str, algorithm: Algorithm, (signing, key): (EncodingKey, DecodingKey)) -> Result<Self> {
        let claims = Claims {
            sub: subject.to_owned(),
            exp: 4_102_444_800,
        };
        Ok(Self {
            token: encode(&Header::new(algorithm), &claims, &signing)?,
            key,
            validation: Validation::new(algorithm),
        })
    }

    /// The token as a client sends it.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Verifies a token: signature, time, claims.
    #[must_use]
    pub fn accepts(&self, token: &str) -> bool {
        decode::<Claims>(token, &self.key, &self.validation).is_ok_and(|data| !data.claims.sub.is_empty())
    }
}
