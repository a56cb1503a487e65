//! The secret that the client holds.

use crate::base64url;
use crate::key::{Bucket, Key};
use crate::random::{Random, RandomError};
use crate::sha256;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt;
use zeroize::{ZeroizeOnDrop, Zeroizing, optimization_barrier};

/// 33 random-looking bytes, 44 base64url characters: one byte of masked bucket, 32 bytes of secret.
///
/// The secret comes from the operating system (256 bits; ASVS 7.2.3 asks for 128). The bucket is masked with the hash
/// of the secret, so two tokens of one user look unrelated. A token cannot be printed: `Debug` is redacted, there is no
/// `Display`, and the memory is wiped when it is dropped.
///
/// ```
/// # use cloakroom_core::{Bucket, Random, RandomError, Token};
/// # struct Fixed;
/// # impl Random for Fixed { fn fill(&self, b: &mut [u8]) -> Result<(), RandomError> { b.fill(7); Ok(()) } }
/// let token = Token::mint(Bucket(3), &Fixed)?;
/// let cookie = token.expose();
/// assert_eq!(cookie.len(), Token::TEXT_LEN);
/// assert_eq!(Token::parse(&cookie)?.key(), token.key());
/// assert_eq!(format!("{token:?}"), "Token([redacted])");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Token([u8; Token::LEN]);

/// What was presented is not a token: wrong length or a character outside base64url. It never reaches a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a session token")]
pub struct MalformedToken;

impl Token {
    /// Length in bytes.
    pub const LEN: usize = 33;
    /// Length as text.
    pub const TEXT_LEN: usize = 44;

    /// A new token for a session that lives in `bucket`.
    pub fn mint(bucket: Bucket, random: &dyn Random) -> Result<Self, RandomError> {
        let mut token = Self([0; Self::LEN]);
        random.fill(&mut token.0[1..])?;
        token.0[0] = bucket.0 ^ mask(&token.hash());
        Ok(token)
    }

    /// Reads 44 base64url characters. There is one spelling of a token, so what differs in one character is another.
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Self, MalformedToken> {
        let text = text.as_ref().try_into().map_err(|_| MalformedToken)?;
        base64url::decode(text).map(Self).ok_or(MalformedToken)
    }

    /// The text that goes into the cookie, wiped when dropped. Call it where the secret leaves for the client, nowhere else.
    #[must_use]
    pub fn expose(&self) -> Zeroizing<String> {
        Zeroizing::new(URL_SAFE_NO_PAD.encode(self.0))
    }

    /// Where the record of this token is kept.
    #[must_use]
    pub fn key(&self) -> Key {
        let hash = self.hash();
        Key::new(Bucket(self.0[0] ^ mask(&hash)), &hash)
    }

    pub(crate) fn secret(&self) -> &[u8] {
        &self.0[1..]
    }

    pub(crate) fn bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    fn hash(&self) -> [u8; 32] {
        let [_, secret @ ..] = &self.0;
        sha256::of_32_bytes(secret)
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        // A few wide steps, that the compiler may not leave out; the derived form takes one for each byte, and every check drops
        // two tokens.
        self.0 = [0; Self::LEN];
        optimization_barrier(&self.0);
    }
}

impl ZeroizeOnDrop for Token {}

/// One byte of the hash hides the bucket from whoever sees tokens but no secrets.
fn mask(hash: &[u8; 32]) -> u8 {
    hash[31]
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token([redacted])")
    }
}
