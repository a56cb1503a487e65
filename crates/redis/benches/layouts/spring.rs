//! Spring Session with its indexed Redis repository and all as it comes: what can find the sessions of a user.
//!
//! By "Storage Details" of `RedisIndexedSessionRepository`
//! (<https://docs.spring.io/spring-session/docs/current/api/org/springframework/session/data/redis/RedisIndexedSessionRepository.html>)
//! and the source of that class and of `RedisSessionExpirationPolicy`, version 3:
//!
//! - a hash `spring:session:sessions:ID` with `creationTime`, `maxInactiveInterval`, `lastAccessedTime` and a field
//!   `sessionAttr:NAME` for each attribute; it lives five minutes longer than the session;
//! - an empty string `spring:session:sessions:expires:ID` that lives as long as the session, for its notification;
//! - a set `spring:session:expirations:TIME` of what expires within that minute;
//! - a set `spring:session:index:…PRINCIPAL_NAME_INDEX_NAME:USER` of ids, which has no time to live.
//!
//! All values and members of sets are serialized by Java. The user's name stands in the attribute which the index is made
//! from; with Spring Security, its whole context would stand there, which is larger.

use super::{IDLE, TEXTS, Visit};
use redis::Pipeline;

const MINUTE: u64 = 60_000;
const PRINCIPAL: &str =
    "org.springframework.session.FindByIndexNameSessionRepository.PRINCIPAL_NAME_INDEX_NAME";

pub fn write(pipe: &mut Pipeline, id: u128, visit: &Visit) {
    let id = uuid(id);
    let user = visit.user();
    let hash = format!("spring:session:sessions:{id}");
    let session = pipe.cmd("HMSET").arg(&hash);
    session.arg("creationTime").arg(long(visit.at));
    session.arg("maxInactiveInterval").arg(integer(IDLE));
    session.arg("lastAccessedTime").arg(long(visit.at));
    let mut attribute = |name: &str, value: Vec<u8>| {
        session.arg(format!("sessionAttr:{name}")).arg(value);
    };
    attribute(PRINCIPAL, string(&user));
    for (name, text) in TEXTS {
        attribute(name, string(text));
    }
    attribute("cart", integers(&visit.cart()));
    attribute("returnTo", string(&visit.return_to()));
    session.ignore();

    let index = format!("spring:session:index:{PRINCIPAL}:{user}");
    pipe.cmd("SADD").arg(index).arg(string(&id)).ignore();
    let minute = ((visit.at + IDLE * 1000) / MINUTE + 1) * MINUTE;
    let expirations = format!("spring:session:expirations:{minute}");
    let member = string(&format!("expires:{id}"));
    pipe.cmd("SADD").arg(&expirations).arg(member).ignore();
    pipe.cmd("EXPIRE").arg(&expirations).arg(IDLE + 300).ignore();
    let expires = format!("spring:session:sessions:expires:{id}");
    pipe.cmd("APPEND").arg(&expires).arg("").ignore();
    pipe.cmd("EXPIRE").arg(&expires).arg(IDLE).ignore();
    pipe.cmd("EXPIRE").arg(&hash).arg(IDLE + 300).ignore();
}

fn uuid(id: u128) -> String {
    let mut text = format!("{id:032x}");
    for at in [20, 16, 12, 8] {
        text.insert(at, '-');
    }
    text
}

// Java Object Serialization Specification, §6.4: a stream's head, then a string, or an object behind the description of its
// class.
const HEAD: &[u8] = b"\xac\xed\x00\x05";
const NUMBER: &[u8] = b"xr\x00\x10java.lang.Number\x86\xac\x95\x1d\x0b\x94\xe0\x8b\x02\x00\x00xp";

fn string(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap();
    [HEAD, b"t", &length.to_be_bytes(), text.as_bytes()].concat()
}

fn long(value: u64) -> Vec<u8> {
    let class = b"sr\x00\x0ejava.lang.Long;\x8b\xe4\x90\xcc\x8f#\xdf\x02\x00\x01J\x00\x05value";
    [HEAD, class, NUMBER, &value.to_be_bytes()].concat()
}

fn integer(value: u64) -> Vec<u8> {
    let class = b"sr\x00\x11java.lang.Integer\x12\xe2\xa0\xa4\xf7\x81\x878\x02\x00\x01I\x00\x05value";
    let value = u32::try_from(value).unwrap();
    [HEAD, class, NUMBER, &value.to_be_bytes()].concat()
}

/// An `int[]`, the smallest form that a list of numbers has there.
fn integers(values: &[usize]) -> Vec<u8> {
    let class = b"ur\x00\x02[IM\xba`&v\xea\xb2\xa5\x02\x00\x00xp";
    let mut bytes = [HEAD, class].concat();
    for value in std::iter::once(&values.len()).chain(values) {
        bytes.extend(u32::try_from(*value).unwrap().to_be_bytes());
    }
    bytes
}
