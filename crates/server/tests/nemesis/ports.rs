//! Ports that nobody else takes while their server is down.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the range from which the system hands out ports for outgoing connections: a server that is restarted finds its
/// own still free.
const RANGE: std::ops::Range<u16> = 20_000..32_000;

/// A port that is free at this moment, another one each time.
pub fn free() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Test binaries that run at the same time begin in different places.
    let start = u16::try_from(std::process::id() * 37 % 12_000).unwrap_or(0);
    for _ in RANGE {
        let step = start + NEXT.fetch_add(1, Ordering::Relaxed) % 12_000;
        let port = RANGE.start + step % 12_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port is free between {} and {}", RANGE.start, RANGE.end);
}
