//! What the benchmarks share: a Redis server of their own, processor time of a process, and a small HTTP client.

pub mod client;
pub mod cpu;
pub mod jwt;
pub mod redis_server;
