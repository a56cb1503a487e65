#![deny(unused_must_use)]

use cloakroom_core::{Client, Policy, Record, Timestamp};

fn check(record: &Record) {
    Policy::default().judge(record, &Client::default(), None, Timestamp::default());
}

fn main() {
    let _ = check;
}
