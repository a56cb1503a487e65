//! express-session and connect-redis: one string of JSON for each session.

use super::{IDLE, TEXTS, Visit};
use redis::Pipeline;
use serde_json::json;

pub fn write(pipe: &mut Pipeline, id: u128, visit: &Visit) {
    let mut session = json!({
        "cookie": {
            "originalMaxAge": IDLE * 1000, "expires": "2026-11-21T03:30:00.000Z",
            "secure": true, "httpOnly": true, "path": "/", "sameSite": "lax",
        },
        "user": visit.user(),
        "cart": visit.cart(),
        "returnTo": visit.return_to(),
    });
    for (name, text) in TEXTS {
        session[name] = text.into();
    }
    pipe.cmd("SET")
        .arg(format!("sess:{id:032x}"))
        .arg(session.to_string())
        .arg("EX")
        .arg(IDLE)
        .ignore();
}
