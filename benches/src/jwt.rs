//! What a user would pick instead of sessions: a signed token, verified on every request.

use anyhow::Result;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};

/// What an access token must carry (RFC 9068 §2.2).
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    exp: u64,
    aud: String,
    sub: String,
    client_id: String,
    iat: u64,
    jti: String,
}

/// As little as a token can carry.
#[derive(Serialize, Deserialize)]
struct FewClaims {
    sub: String,
    exp: u64,
}

const ISSUER: &str = "https://login.example.com";
const AUDIENCE: &str = "https://app.example.com";
/// Of a token for access (RFC 9068 §2.1).
const TYPE: &str = "at+jwt";
const FAR_AHEAD: u64 = 4_102_444_800;

/// A token and what verifies it.
pub struct Jwt {
    token: String,
    key: DecodingKey,
    validation: Validation,
    few_claims: bool,
}

type Keys = (EncodingKey, DecodingKey);

impl Jwt {
    /// An access token of this subject, signed with HMAC-SHA256.
    pub fn hs256(subject: &str) -> Result<Self> {
        Self::access(subject, Algorithm::HS256, shared_secret())
    }

    /// A token signed with HMAC-SHA256 that says whose it is and how long it counts, and nothing else: not for which
    /// service it is, nor who made it.
    pub fn hs256_few_claims(subject: &str) -> Result<Self> {
        let (signing, key) = shared_secret();
        let claims = FewClaims {
            sub: subject.to_owned(),
            exp: FAR_AHEAD,
        };
        Ok(Self {
            token: encode(&Header::new(Algorithm::HS256), &claims, &signing)?,
            key,
            validation: Validation::new(Algorithm::HS256),
            few_claims: true,
        })
    }

    /// An access token of this subject, signed with ECDSA on P-256.
    pub fn es256(subject: &str) -> Result<Self> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
        let signing = EncodingKey::from_ec_der(pair.to_pkcs8v1()?.as_ref());
        let keys = (signing, DecodingKey::from_ec_der(pair.public_key().as_ref()));
        Self::access(subject, Algorithm::ES256, keys)
    }

    /// An access token of this subject, signed with Ed25519.
    pub fn eddsa(subject: &str) -> Result<Self> {
        let pair = Ed25519KeyPair::generate()?;
        let signing = EncodingKey::from_ed_der(pair.to_pkcs8v1()?.as_ref());
        let keys = (signing, DecodingKey::from_ed_der(pair.public_key().as_ref()));
        Self::access(subject, Algorithm::EdDSA, keys)
    }

    fn access(subject: &str, algorithm: Algorithm, (signing, key): Keys) -> Result<Self> {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            exp: FAR_AHEAD,
            aud: AUDIENCE.to_owned(),
            sub: subject.to_owned(),
            client_id: "s6BhdRkqt3".to_owned(),
            iat: FAR_AHEAD - 3_600,
            jti: "dbe39bf3a3ba4238a513f51d6e1691c4".to_owned(),
        };
        let mut header = Header::new(algorithm);
        header.typ = Some(TYPE.to_owned());
        let mut validation = Validation::new(algorithm);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["iss", "exp", "aud", "sub"]);
        Ok(Self {
            token: encode(&header, &claims, &signing)?,
            key,
            validation,
            few_claims: false,
        })
    }

    /// The token as a client sends it.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Verifies a token: signature, time, and, of an access token, its type, issuer and audience (RFC 9068 §4).
    #[must_use]
    pub fn accepts(&self, token: &str) -> bool {
        if self.few_claims {
            let data = decode::<FewClaims>(token, &self.key, &self.validation);
            return data.is_ok_and(|data| !data.claims.sub.is_empty());
        }
        let data = decode::<Claims>(token, &self.key, &self.validation);
        data.is_ok_and(|data| data.header.typ.as_deref() == Some(TYPE) && !data.claims.sub.is_empty())
    }
}

fn shared_secret() -> Keys {
    let secret = [7_u8; 32];
    (
        EncodingKey::from_secret(&secret),
        DecodingKey::from_secret(&secret),
    )
}
