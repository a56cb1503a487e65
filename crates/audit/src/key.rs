//! The key that signs checkpoints (Ed25519, RFC 8032).

use crate::disk::{Error, IoAt as _};
use crate::hex;
use crate::random::Source;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use cloakroom_core::Random;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

/// What is signed beside the hash, so that a signature serves here alone.
const CONTEXT: &[u8] = b"cloakroom audit trail v1\n";

/// Signs. Never shown.
pub struct SigningKey(Ed25519KeyPair);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public())
    }
}

/// Verifies: 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

/// The text is no public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a public key is 64 hexadecimal digits, as `cloakroom audit key` prints it")]
pub struct MalformedKey;

impl SigningKey {
    /// The key in this file, made if there is none: 64 hexadecimal digits, for its owner alone (mode 0600).
    pub fn load_or_make(path: &Path, random: &Arc<dyn Random>) -> Result<Self, Error> {
        if let Some(key) = Self::load(path)? {
            return Ok(key);
        }
        let (mut seed, mut name) = ([0; 32], [0; 8]);
        let source = Source(random.clone());
        source.0.fill(&mut seed).map_err(|_| Error::Random)?;
        source.0.fill(&mut name).map_err(|_| Error::Random)?;
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).at(folder)?;
        }
        // Whole or not at all, and never over another one that somebody made at the same moment.
        let whole = path.with_extension(hex::encode(&name));
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&whole)
            .at(&whole)?;
        writeln!(file, "{}", hex::encode(&seed)).at(&whole)?;
        file.sync_all().at(&whole)?;
        let linked = fs::hard_link(&whole, path);
        fs::remove_file(&whole).at(&whole)?;
        match linked {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error).at(path)?,
            _ => Self::load(path)?.ok_or_else(|| Error::Key(path.into())),
        }
    }

    /// The key in this file, if there is one.
    pub fn load(path: &Path) -> Result<Option<Self>, Error> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).at(path)?,
        };
        let seed: Option<[u8; 32]> = hex::decode(text.trim_end());
        let pair = seed.and_then(|seed| Ed25519KeyPair::from_seed_unchecked(&seed).ok());
        pair.map(|pair| Some(Self(pair)))
            .ok_or_else(|| Error::Key(path.into()))
    }

    /// The half that verifies.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.0.public_key().as_ref());
        PublicKey(bytes)
    }

    pub(crate) fn sign(&self, hash: &[u8; 32]) -> [u8; 64] {
        let mut signature = [0; 64];
        signature.copy_from_slice(self.0.sign(&[CONTEXT, hash].concat()).as_ref());
        signature
    }
}

impl PublicKey {
    pub(crate) fn verifies(&self, hash: &[u8; 32], signature: &[u8; 64]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0)
            .verify(&[CONTEXT, hash].concat(), signature)
            .is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl FromStr for PublicKey {
    type Err = MalformedKey;

    fn from_str(text: &str) -> Result<Self, MalformedKey> {
        hex::decode(text).map(Self).ok_or(MalformedKey)
    }
}
