//! Which slot of a cluster a bucket lives in, and what a server says of who serves which slots.

use crate::names::hex;
use crate::reply::Reply;
use cloakroom_core::Bucket;
use redis::Value;
use std::collections::HashMap;
use std::fmt;

/// How many slots a cluster has.
const SLOTS: u16 = 16384;

/// A server of a cluster, by the address that clients are to use.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Node {
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Node {
    /// From `host:port`, as redirections name it. Without a host it is that of whoever said so.
    pub(crate) fn parse(text: &str, teller: &Self) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let host = if host.is_empty() { &teller.host } else { host };
        Some(Self {
            host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port: port.parse().ok()?,
        })
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') {
            write!(f, "[{host}]:{port}")
        } else {
            write!(f, "{host}:{port}")
        }
    }
}

/// The slot of everything whose name has a bucket's hash tag: CRC-16 (XMODEM) of what is between the braces.
pub(crate) fn slot(bucket: Bucket) -> u16 {
    hex(bucket.0).iter().fold(0, |crc, byte| step(crc, *byte)) % SLOTS
}

fn step(crc: u16, byte: u8) -> u16 {
    (0..8).fold(crc ^ (u16::from(byte) << 8), |crc, _| {
        let shifted = crc << 1;
        if crc & 0x8000 == 0 {
            shifted
        } else {
            shifted ^ 0x1021
        }
    })
}

/// What a server says of who serves what.
pub(crate) struct Drawn {
    /// Who serves each bucket, in the order of the buckets; nobody may.
    pub(crate) owners: Vec<Option<Node>>,
    /// How many replicas each of them has that have not failed: any of those may take its place.
    pub(crate) heirs: HashMap<Node, u32>,
}

/// From what `teller` answered to `CLUSTER SLOTS`: first slot, last slot, then its servers, the primary first, each with
/// host, port and more. Replicas are left out that have failed by the word of most, and those that have nothing yet.
pub(crate) fn draw(answer: Value, teller: &Node) -> Option<Drawn> {
    let (mut ranges, mut heirs) = (Vec::new(), HashMap::new());
    for range in Reply::new("cluster slots", answer).many().ok()? {
        let mut parts = range.many().ok()?.into_iter();
        let (first, last) = (parts.next()?.number().ok()?, parts.next()?.number().ok()?);
        let mut primary = parts.next()?.many().ok()?.into_iter();
        let (host, port) = (primary.next()?, primary.next()?.number().ok()?);
        // A server that does not know its own address leaves it out.
        let host = host.bytes().ok()?.filter(|host| !host.is_empty());
        let host = host.map_or_else(|| Some(teller.host.clone()), |host| String::from_utf8(host).ok())?;
        let port = u16::try_from(port).ok()?;
        let node = Node { host, port };
        heirs.insert(node.clone(), u32::try_from(parts.len()).ok()?);
        ranges.push((first, last, node));
    }
    let owner = |bucket| {
        let slot = u64::from(slot(bucket));
        let mut serving = ranges
            .iter()
            .filter(|(first, last, _)| (*first..=*last).contains(&slot));
        serving.next().map(|(_, _, node)| node.clone())
    };
    Some(Drawn {
        owners: (0..=u8::MAX).map(|bucket| owner(Bucket(bucket))).collect(),
        heirs,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn teller() -> Node {
        Node {
            host: "10.0.0.1".to_owned(),
            port: 7000,
        }
    }

    #[test]
    fn slots_are_those_that_a_server_tells() {
        // As `CLUSTER KEYSLOT` of Redis 7.0.15 answered for `x:{00}:j` and so on.
        for (bucket, expected) in [(0, 13254), (0x3a, 11329), (0xff, 11756), (0x7f, 4194)] {
            assert_eq!(slot(Bucket(bucket)), expected, "{bucket:02x}");
        }
    }

    #[test]
    fn redirections_name_a_server() {
        let other = Node::parse("10.0.0.9:7001", &teller()).unwrap();
        assert_eq!((other.host.as_str(), other.port), ("10.0.0.9", 7001));
        assert_eq!(Node::parse(":7001", &teller()).unwrap().host, "10.0.0.1");
        assert_eq!(Node::parse("[::1]:7001", &teller()).unwrap().host, "::1");
        assert_eq!(Node::parse("nowhere", &teller()), None);
    }

    #[test]
    fn every_bucket_finds_its_server_and_may_have_none() {
        let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let node = |host: &str, port| {
            let more = Value::Array(vec![]);
            Value::Array(vec![text(host), Value::Int(port), text("id"), more])
        };
        let range = |first, last, servers: &[Value]| {
            let numbers = [Value::Int(first), Value::Int(last)];
            Value::Array([&numbers, servers].concat())
        };
        let with_two = [node("10.0.0.2", 7001), node("10.0.0.3", 7001), node("", 7002)];
        let answer = Value::Array(vec![
            range(0, 8191, &with_two),
            range(8192, 13000, &[node("", 7000)]),
        ]);
        let Drawn { owners, heirs } = draw(answer, &teller()).unwrap();
        let port = |bucket: usize| owners[bucket].as_ref().map(|node| node.port);
        assert_eq!((port(0x7f), port(0x3a), port(0)), (Some(7001), Some(7000), None));
        assert_eq!(owners[0x3a].as_ref().unwrap().host, "10.0.0.1");
        let heirs = |bucket: usize| heirs[owners[bucket].as_ref().unwrap()];
        assert_eq!((heirs(0x7f), heirs(0x3a)), (2, 0), "the replicas of each");
        assert!(draw(text("nonsense"), &teller()).is_none());
    }
}
