//! Header values in a third of their length: LZ4 against a dictionary of what browsers send.
//!
//! A Chrome on Linux names itself in 101 bytes, of which 15 are news. The dictionary is part of format version 1 and
//! must never change; a better one is a new version.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

const DICTIONARY: &[u8] = b"en-GB,en;q=0.9de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7fr-FR,fr;q=0.9,en-US;q=0.8,en;q=0.7\
es-ES,es;q=0.9en-US,en;q=0.5en-US,en;q=0.9Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X)Mozilla/5.0 (X11; CrOS x86_64 \
Mozilla/5.0 (Android 14; Mobile; rv:Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; \
rv:Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 \
like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1Mozilla/5.0 (Macintosh; Intel \
Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15 Edg/Mozilla/5.0 (Linux; Android 10; K) \
AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) \
AppleWebKit/537.36Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36Mozilla/5.0 (Windows NT 10.0; Win64; x64) \
AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

/// A packed value as it stands in a record: its length, and the bytes. As long as the value itself: not packed.
#[derive(Serialize, Deserialize)]
pub(crate) struct Packed<'a>(u16, &'a [u8]);

/// A packed value that owns its bytes.
pub(crate) struct PackedBuf(u16, Vec<u8>);

impl PackedBuf {
    pub(crate) fn borrow(&self) -> Packed<'_> {
        Packed(self.0, &self.1)
    }
}

/// Packs a value; what is longer than [`longest`] is cut to what a reader accepts.
pub(crate) fn pack(text: &str, most: usize) -> PackedBuf {
    let text = &text[..text.floor_char_boundary(longest(most))];
    let packed = lz4_flex::block::compress_with_dict(text.as_bytes(), DICTIONARY);
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    if packed.len() < text.len() {
        PackedBuf(length, packed)
    } else {
        PackedBuf(length, text.into())
    }
}

/// The longest value that is kept where `most` bytes of a header are: control characters grow when they are replaced.
const fn longest(most: usize) -> usize {
    most * 3
}

/// The value, if it is one and not longer than [`longest`].
pub(crate) fn unpack(packed: &Packed<'_>, most: usize) -> Option<Arc<str>> {
    let length = usize::from(packed.0);
    if length > longest(most) {
        return None;
    }
    if packed.1.len() == length {
        return text(packed.1);
    }
    let bytes = lz4_flex::block::decompress_with_dict(packed.1, length, DICTIONARY).ok()?;
    (bytes.len() == length).then(|| text(&bytes))?
}

fn text(bytes: &[u8]) -> Option<Arc<str>> {
    std::str::from_utf8(bytes).ok().map(Into::into)
}
