//! The chain of hops that a request came along, as proxies write it down: read from its end, because only the end was
//! written by somebody who is trusted.

use super::ForwardedHeader;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED: HeaderName = HeaderName::from_static("forwarded");
/// A chain longer than this is not walked to its end.
const MOST_HOPS: usize = 32;

/// Reads one hop.
type Read = fn(&[u8]) -> Option<IpAddr>;

/// The hops, the nearest first; nothing in place of one that names no address.
pub(super) fn hops(header: ForwardedHeader, headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    let (name, quotes, read) = match header {
        ForwardedHeader::XForwardedFor => (X_FORWARDED_FOR, false, plain as Read),
        ForwardedHeader::Forwarded => (FORWARDED, true, element as Read),
    };
    let lines = headers.get_all(name).into_iter().rev();
    lines
        .flat_map(move |line| from_the_end(line, quotes))
        .take(MOST_HOPS)
        .map(move |hop| hop.and_then(read))
}

/// The parts of a list, the last first. A quote that nobody opened leaves nothing that could be told apart before it.
fn from_the_end(line: &HeaderValue, quotes: bool) -> impl Iterator<Item = Option<&[u8]>> {
    let mut rest = Some(line.as_bytes());
    std::iter::from_fn(move || {
        let bytes = rest.take()?;
        match last_comma(bytes, quotes) {
            Ok(Some(comma)) => {
                rest = Some(&bytes[..comma]);
                Some(Some(&bytes[comma + 1..]))
            }
            Ok(None) => Some(Some(bytes)),
            Err(OpenQuote) => Some(None),
        }
    })
}

struct OpenQuote;

fn last_comma(bytes: &[u8], quotes: bool) -> Result<Option<usize>, OpenQuote> {
    if !quotes {
        return Ok(memchr::memrchr(b',', bytes));
    }
    let mut inside = false;
    for (at, byte) in bytes.iter().enumerate().rev() {
        match byte {
            b'"' if !inside || !is_escaped(&bytes[..at]) => inside = !inside,
            b',' if !inside => return Ok(Some(at)),
            _ => {}
        }
    }
    if inside { Err(OpenQuote) } else { Ok(None) }
}

fn is_escaped(before: &[u8]) -> bool {
    let backslashes = before.iter().rev().take_while(|byte| **byte == b'\\').count();
    backslashes % 2 == 1
}

/// One hop of `X-Forwarded-For`. No standard says how it is written; some proxies quote it.
fn plain(hop: &[u8]) -> Option<IpAddr> {
    let hop = hop.trim_ascii();
    let bare = hop.strip_prefix(b"\"").and_then(|hop| hop.strip_suffix(b"\""));
    node(bare.unwrap_or(hop))
}

/// The `for` of one element of `Forwarded` (RFC 7239 §4), which must be there once.
fn element(element: &[u8]) -> Option<IpAddr> {
    let mut found = None;
    let mut rest = Some(element);
    while let Some(pairs) = rest {
        let (pair, after) = match end_of_pair(pairs)? {
            Some(end) => (&pairs[..end], Some(&pairs[end + 1..])),
            None => (pairs, None),
        };
        rest = after;
        let pair = pair.trim_ascii();
        let Some(equals) = memchr::memchr(b'=', pair) else {
            // `for=192.0.2.1;` and nothing after it.
            if pair.is_empty() {
                continue;
            }
            return None;
        };
        let (name, value) = (&pair[..equals], &pair[equals + 1..]);
        if name.eq_ignore_ascii_case(b"for") && found.replace(unquoted(value)?).is_some() {
            return None;
        }
    }
    node(&found?)
}

/// Where the first pair ends, if others follow. Nothing if a quote stays open.
#[expect(
    clippy::option_option,
    reason = "unreadable and the last one are different answers here"
)]
fn end_of_pair(bytes: &[u8]) -> Option<Option<usize>> {
    let (mut inside, mut escaped) = (false, false);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if inside => escaped = true,
            b'"' => inside = !inside,
            b';' if !inside => return Some(Some(at)),
            _ => {}
        }
    }
    (!inside).then_some(None)
}

/// A token, or what stands in a quoted string (RFC 9110 §5.6.4).
fn unquoted(value: &[u8]) -> Option<Cow<'_, [u8]>> {
    let Some(inner) = value.strip_prefix(b"\"") else {
        return (!value.contains(&b'"')).then_some(Cow::Borrowed(value));
    };
    let inner = inner.strip_suffix(b"\"")?;
    if !inner.contains(&b'\\') {
        return (!inner.contains(&b'"')).then_some(Cow::Borrowed(inner));
    }
    let mut bytes = inner.iter();
    let mut text = Vec::with_capacity(inner.len());
    while let Some(byte) = bytes.next() {
        text.push(match byte {
            b'\\' => *bytes.next()?,
            b'"' => return None,
            other => *other,
        });
    }
    Some(Cow::Owned(text))
}

/// An address: bare, in brackets, with a port (a number, or `_hidden`, RFC 7239 §6) or a zone (RFC 4007 §11), which means
/// something only on the machine that wrote it.
fn node(bytes: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(bytes).ok()?;
    if let Some(inner) = text.strip_prefix('[') {
        let (inner, port) = inner.split_once(']')?;
        let good = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        return if good { version_6(inner) } else { None };
    }
    match text.split_once(':') {
        Some((host, port)) if !port.contains(':') => {
            let host = if is_port(port) {
                host.parse().ok()?
            } else {
                return None;
            };
            Some(IpAddr::V4(host))
        }
        Some(_) => version_6(text),
        None => Some(IpAddr::V4(text.parse().ok()?)),
    }
}

fn version_6(text: &str) -> Option<IpAddr> {
    let (address, zone) = match text.split_once('%') {
        Some((address, zone)) => (address, Some(zone)),
        None => (text, None),
    };
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte);
    if zone.is_some_and(|zone| zone.is_empty() || !zone.bytes().all(unreserved)) {
        return None;
    }
    let address: Ipv6Addr = address.parse().ok()?;
    Some(IpAddr::V6(address).to_canonical())
}

fn is_port(text: &str) -> bool {
    let hidden = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    match text.strip_prefix('_') {
        Some(name) => !name.is_empty() && name.bytes().all(hidden),
        None => text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok(),
    }
}
