//! SHA-256 of exactly 32 bytes: with its padding that is one block, so there is nothing to buffer and nothing to count.
//!
//! `Sha256::digest` comes to the same a third slower, and every check pays for it.

use sha2::block_api::compress256;

/// What the state begins with (FIPS 180-4 §5.3.3).
const INITIAL: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// The hash of a secret.
pub(crate) fn of_32_bytes(secret: &[u8; 32]) -> [u8; 32] {
    // The padding (§5.1.1): a bit that is set, zeros, and the length, 256 bits, as a big-endian number at the end.
    let mut block = [0; 64];
    block[..32].copy_from_slice(secret);
    block[32] = 0x80;
    block[62] = 1;
    let mut state = INITIAL;
    compress256(&mut state, &[block]);
    let mut hash = [0; 32];
    for (bytes, word) in hash.as_chunks_mut().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sha2::{Digest as _, Sha256};

    proptest! {
        #[test]
        fn it_is_what_the_library_says(secret: [u8; 32]) {
            prop_assert_eq!(of_32_bytes(&secret), <[u8; 32]>::from(Sha256::digest(secret)));
        }
    }
}
