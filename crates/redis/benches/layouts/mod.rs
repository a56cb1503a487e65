//! How others keep the same session in Redis.

mod express;
mod spring;
mod tower_sessions;

use redis::Pipeline;

/// What a session is about: whose it is, and when they came.
pub struct Visit {
    pub number: usize,
    /// Milliseconds since 1970.
    pub at: u64,
}

impl Visit {
    pub fn user(&self) -> String {
        format!("user-{:08}", self.number)
    }

    pub fn cart(&self) -> [usize; 3] {
        [self.number, self.number + 1, self.number + 2]
    }

    pub fn return_to(&self) -> String {
        format!("/orders/{}", self.number)
    }
}

/// The texts among the values that are alike in all sessions.
pub const TEXTS: [(&str, &str); 3] = [("name", "Ada Lovelace"), ("locale", "en-GB"), ("theme", "dark")];

/// Seconds after which a session that nobody uses ends.
const IDLE: u64 = 1800;

/// Adds the commands that write a session under an id.
pub type Write = fn(&mut Pipeline, u128, &Visit);

pub const LAYOUTS: [(&str, Write); 3] = [
    ("express-session, JSON", express::write),
    ("tower-sessions, MessagePack", tower_sessions::write),
    ("Spring Session, indexed", spring::write),
];
