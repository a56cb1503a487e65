//! tower-sessions 0.14 and its Redis store 0.16: one string of `MessagePack` for each session, under its id alone.

use super::{IDLE, TEXTS, Visit};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use redis::Pipeline;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// The fields of its `Record`, in their order. The third is what `time::OffsetDateTime` becomes: year, day of the year,
/// hour, minute, second, nanosecond, and the three parts of the offset.
#[derive(Serialize)]
struct Record {
    id: i128,
    data: Map<String, Value>,
    expiry_date: (i32, u16, u8, u8, u8, u32, i8, i8, i8),
}

pub fn write(pipe: &mut Pipeline, id: u128, visit: &Visit) {
    let mut data = Map::new();
    data.insert("user".to_owned(), visit.user().into());
    data.insert("cart".to_owned(), json!(visit.cart()));
    data.insert("returnTo".to_owned(), visit.return_to().into());
    for (name, text) in TEXTS {
        data.insert(name.to_owned(), text.into());
    }
    let record = Record {
        id: id.cast_signed(),
        data,
        expiry_date: (2026, 325, 3, 30, 0, 123_456_789, 0, 0, 0),
    };
    pipe.cmd("SET")
        .arg(URL_SAFE_NO_PAD.encode(id.to_le_bytes()))
        .arg(rmp_serde::to_vec(&record).unwrap())
        .arg("EX")
        .arg(IDLE)
        .ignore();
}
