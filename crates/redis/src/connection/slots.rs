//! Which slot of a cluster a bucket lives in, and what a server says of who serves which slots and who follows it.

use crate::names::hex;
use crate::reply::Reply;
use cloakroom_core::Bucket;
use redis::Value;
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

/// Who serves each bucket, in the order of the buckets; nobody may. From what `teller` answered to `CLUSTER SLOTS`:
/// first slot, last slot, then its servers, the primary first, each with host, port and more.
pub(crate) fn owners(answer: Value, teller: &Node) -> Option<Vec<Option<Node>>> {
    let mut ranges = Vec::new();
    for range in Reply::new("cluster slots", answer).many().ok()? {
        let mut parts = range.many().ok()?.into_iter();
        let (first, last) = (parts.next()?.number().ok()?, parts.next()?.number().ok()?);
        let mut primary = parts.next()?.many().ok()?.into_iter();
        let (host, port) = (primary.next()?, primary.next()?.number().ok()?);
        // A server that does not know its own address leaves it out.
        let host = host.bytes().ok()?.filter(|host| !host.is_empty());
        let host = host.map_or_else(|| Some(teller.host.clone()), |host| String::from_utf8(host).ok())?;
        let port = u16::try_from(port).ok()?;
        ranges.push((first, last, Node { host, port }));
    }
    let owner = |bucket| {
        let slot = u64::from(slot(bucket));
        let mut serving = ranges
            .iter()
            .filter(|(first, last, _)| (*first..=*last).contains(&slot));
        serving.next().map(|(_, _, node)| node.clone())
    };
    Some((0..=u8::MAX).map(|bucket| owner(Bucket(bucket))).collect())
}

/// How many follow a server, and have not failed by the word of most, by what it answered to `CLUSTER NODES`. A line is of one
/// server: its id, address, flags, whom it follows, and more.
///
/// The server is asked itself: one that is cut off with some of its replicas is not told that they, or others, have failed.
pub(crate) fn count_replicas(nodes: &str) -> u32 {
    let servers = nodes.lines().filter_map(|line| {
        let mut fields = line.split(' ');
        let (id, flags) = (fields.next()?, fields.nth(1)?);
        Some((id, flags, fields.next()?))
    });
    let is = |flags: &str, flag: &str| flags.split(',').any(|it| it == flag);
    let mut selves = servers.clone().filter(|(_, flags, _)| is(flags, "myself"));
    let Some((own_id, _, _)) = selves.next() else {
        return u32::MAX;
    };
    let replicas = servers.filter(|(_, flags, follows)| *follows == own_id && !is(flags, "fail"));
    u32::try_from(replicas.count()).unwrap_or(u32::MAX)
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
    fn replicas_count_unless_they_have_failed() {
        let nodes = "\
            aa 10.0.0.2:7001@17001 master - 0 1764470000000 3 connected 0-8191\n\
            bb 10.0.0.1:7000@17000,host-b myself,master - 0 0 2 connected 8192-16383\n\
            cc 10.0.0.3:7001@17001 slave aa 0 1764470000000 3 connected\n\
            dd 10.0.0.4:7001@17001 slave bb 0 1764470000000 2 connected\n\
            ee 10.0.0.5:7001@17001 slave,fail? bb 1764470000000 1764470000000 2 disconnected\n\
            ff 10.0.0.6:7001@17001 slave,fail bb 1764470000000 1764470000000 2 disconnected\n\n";
        assert_eq!(count_replicas(nodes), 2);
        assert_eq!(
            count_replicas(&nodes.replace("myself,", "")),
            u32::MAX,
            "more than there are"
        );
    }

    #[test]
    fn every_bucket_finds_its_server_and_may_have_none() {
        let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let range = |first, last, host: &str, port| {
            let node = Value::Array(vec![
                text(host),
                Value::Int(port),
                text("id"),
                Value::Array(vec![]),
            ]);
            Value::Array(vec![Value::Int(first), Value::Int(last), node])
        };
        let answer = Value::Array(vec![
            range(0, 8191, "10.0.0.2", 7001),
            range(8192, 13000, "", 7000),
        ]);
        let owners = owners(answer, &teller()).unwrap();
        let port = |bucket: usize| owners[bucket].as_ref().map(|node| node.port);
        assert_eq!((port(0x7f), port(0x3a), port(0)), (Some(7001), Some(7000), None));
        assert_eq!(owners[0x3a].as_ref().unwrap().host, "10.0.0.1");
        assert!(super::owners(text("nonsense"), &teller()).is_none());
    }
}
