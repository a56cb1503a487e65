//! The header that a proxy sends ahead of a connection, as far as it has arrived (PROXY protocol 1 and 2).

use proxy_header::{Error, ParseConfig, ProxyHeader};
use std::net::IpAddr;

/// The longest header that is read, in bytes: version 2 has 52, and what proxies like to add.
pub const MOST: usize = 4096;
/// The longest of version 1, by the standard.
const MOST_V1: usize = 107;
/// Signature, command, family and length of version 2.
const FIXED: usize = 16;

/// What has arrived so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrived {
    /// Too little to tell.
    Part,
    /// The whole header: where the connection comes from, or nothing if the proxy speaks for itself (`LOCAL`, `UNKNOWN`).
    Whole(Option<IpAddr>),
}

/// It is no header, or too long for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no PROXY protocol header")]
pub struct NoHeader;

/// How many of these first bytes of a connection belong to the header: none of those that follow it.
#[must_use]
pub fn belonging(bytes: &[u8]) -> usize {
    let end = match bytes.first() {
        Some(b'P') => bytes
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(bytes.len(), |at| at + 1),
        _ => match bytes.get(FIXED - 2..FIXED) {
            Some(length) => FIXED + usize::from(u16::from_be_bytes([length[0], length[1]])),
            None => FIXED,
        },
    };
    end.min(bytes.len())
}

/// Reads what has arrived, which is no more than [`belonging`] says.
pub fn read(bytes: &[u8]) -> Result<Arrived, NoHeader> {
    if bytes.first() == Some(&b'P') && bytes.len() > MOST_V1 {
        return Err(NoHeader);
    }
    let config = ParseConfig {
        include_tlvs: false,
        ..ParseConfig::default()
    };
    match ProxyHeader::parse(bytes, config) {
        Ok((header, length)) if length == bytes.len() => {
            let source = header.proxied_address().map(|address| address.source.ip());
            Ok(Arrived::Whole(source.map(|ip| ip.to_canonical())))
        }
        Err(Error::BufferTooShort) if bytes.len() < MOST && !is_over(bytes) => Ok(Arrived::Part),
        _ => Err(NoHeader),
    }
}

/// Whether nothing more can come that belongs to it: then it is too short for the addresses that it promises.
fn is_over(bytes: &[u8]) -> bool {
    let longer = [bytes, b"?"].concat();
    belonging(&longer) == bytes.len()
}
