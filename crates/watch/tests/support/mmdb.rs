//! Writes small databases in the format `.mmdb` (version 2.0), so that tests need no foreign ones.

use ipnet::IpNet;
use std::net::IpAddr;

/// A value of the data section.
pub enum Value {
    Text(&'static str),
    Double(f64),
    U16(u16),
    U32(u32),
    U64(u64),
    Map(Vec<(&'static str, Value)>),
    List(Vec<Value>),
}

pub fn country(code: &'static str) -> Value {
    Value::Map(vec![(
        "country",
        Value::Map(vec![("iso_code", Value::Text(code))]),
    )])
}

pub fn city(code: &'static str, latitude: f64, longitude: f64, radius: u16) -> Value {
    let location = vec![
        ("accuracy_radius", Value::U16(radius)),
        ("latitude", Value::Double(latitude)),
        ("longitude", Value::Double(longitude)),
    ];
    Value::Map(vec![
        ("country", Value::Map(vec![("iso_code", Value::Text(code))])),
        ("location", Value::Map(location)),
    ])
}

pub fn system(number: u32) -> Value {
    Value::Map(vec![("autonomous_system_number", Value::U32(number))])
}

/// The bytes of a database that tells these things of these networks.
pub fn write(kind: &'static str, networks: &[(&str, Value)]) -> Vec<u8> {
    let mut tree: Vec<[Branch; 2]> = vec![[Branch::None; 2]];
    let mut data = Vec::new();
    for (net, value) in networks {
        let net: IpNet = net.parse().unwrap();
        let (bits, length) = match net.network() {
            IpAddr::V4(ip) => (u128::from(ip.to_bits()), 96 + net.prefix_len()),
            IpAddr::V6(ip) => (ip.to_bits(), net.prefix_len()),
        };
        insert(&mut tree, bits, length, data.len());
        encode(value, &mut data);
    }
    let count = u32::try_from(tree.len()).unwrap();
    let mut bytes = Vec::new();
    for branch in tree.iter().flatten() {
        let record = match branch {
            Branch::None => count,
            Branch::Node(node) => u32::try_from(*node).unwrap(),
            Branch::Data(offset) => count + 16 + u32::try_from(*offset).unwrap(),
        };
        bytes.extend(record.to_be_bytes());
    }
    bytes.extend([0; 16]);
    bytes.extend(data);
    bytes.extend(b"\xab\xcd\xefMaxMind.com");
    let metadata = vec![
        ("binary_format_major_version", Value::U16(2)),
        ("binary_format_minor_version", Value::U16(0)),
        ("build_epoch", Value::U64(1_780_000_000)),
        ("database_type", Value::Text(kind)),
        ("description", Value::Map(vec![("en", Value::Text("a test"))])),
        ("ip_version", Value::U16(6)),
        ("languages", Value::List(vec![Value::Text("en")])),
        ("node_count", Value::U32(count)),
        ("record_size", Value::U16(32)),
    ];
    encode(&Value::Map(metadata), &mut bytes);
    bytes
}

#[derive(Clone, Copy)]
enum Branch {
    None,
    Node(usize),
    Data(usize),
}

fn insert(tree: &mut Vec<[Branch; 2]>, bits: u128, length: u8, offset: usize) {
    let mut node = 0;
    for depth in 0..length {
        let side = usize::from(bits >> (127 - depth) & 1 == 1);
        if depth + 1 == length {
            tree[node][side] = Branch::Data(offset);
        } else if let Branch::Node(next) = tree[node][side] {
            node = next;
        } else {
            // What held the wider network is handed down.
            let wider = tree[node][side];
            tree.push([wider; 2]);
            tree[node][side] = Branch::Node(tree.len() - 1);
            node = tree.len() - 1;
        }
    }
}

fn encode(value: &Value, out: &mut Vec<u8>) {
    let short = |kind: u8, size: usize| {
        assert!(size < 29);
        kind << 5 | u8::try_from(size).unwrap()
    };
    match value {
        Value::Text(text) => {
            out.push(short(2, text.len()));
            out.extend(text.as_bytes());
        }
        Value::Double(number) => {
            out.push(short(3, 8));
            out.extend(number.to_be_bytes());
        }
        Value::U16(number) => {
            out.push(short(5, 2));
            out.extend(number.to_be_bytes());
        }
        Value::U32(number) => {
            out.push(short(6, 4));
            out.extend(number.to_be_bytes());
        }
        Value::U64(number) => {
            out.extend([short(0, 8), 2]);
            out.extend(number.to_be_bytes());
        }
        Value::List(values) => {
            out.extend([short(0, values.len()), 4]);
            for value in values {
                encode(value, out);
            }
        }
        Value::Map(pairs) => {
            out.push(short(7, pairs.len()));
            for (key, value) in pairs {
                encode(&Value::Text(key), out);
                encode(value, out);
            }
        }
    }
}
