//! What a user would pick instead of sessions: a signed token, verified on every request.

use anyhow::Result;
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
        let claims = Claims {
            sub: subject.to_owned(),
            exp: 4_102_444_800,
        };
        Ok(Self {
            token: encode(&Header::default(), &claims, &EncodingKey::from_secret(&secret))?,
            key: DecodingKey::from_secret(&secret),
            validation: Validation::new(Algorithm::HS256),
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
