//! The real binary on free ports with data of its own, and a client that sends exactly what a test says.

#![allow(dead_code, unused_imports, unreachable_pub)] // each test binary uses its own part
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // these are tests, too
#![allow(clippy::must_use_candidate, clippy::return_self_not_must_use, missing_docs)]

mod browser;
mod http;
mod redis;
mod server;

pub use browser::Browser;
pub use http::{Answer, Ask};
pub use redis::{Cluster, Server as Redis, Watched};
pub use server::{ADMIN_KEY, ORIGIN, Server, Setup, kind, password_of, run, shared, signal};

use std::time::{Duration, Instant};

/// Asks until it is true; fails with the words after ten seconds.
pub fn until(what: &str, mut is_true: impl FnMut() -> bool) {
    let asked = Instant::now();
    while !is_true() {
        assert!(
            asked.elapsed() < Duration::from_secs(10),
            "not within 10 s: {what}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Asks until it is true. What is asked more than a second after the change, the lease that near caches have by default,
/// has to see it.
#[track_caller]
pub fn soon(what: &str, mut is_true: impl FnMut() -> bool) {
    let changed = Instant::now();
    loop {
        let asked = changed.elapsed();
        if is_true() {
            return;
        }
        assert!(asked < Duration::from_secs(1), "not within a second: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Does the same `count` times at once and collects what came out.
pub fn at_once<T: Send>(count: usize, act: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let barrier = std::sync::Barrier::new(count);
    let run = |number| {
        barrier.wait();
        act(number)
    };
    let run = &run;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|number| scope.spawn(move || run(number)))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}
