//! What the benchmarks share: the servers that are measured, a Redis server of their own, processor time of a process, and
//! a small HTTP client.

pub mod client;
pub mod cores;
pub mod cpu;
pub mod figures;
pub mod jwt;
pub mod ours;
pub mod peers;
pub mod redis_server;
pub mod served;
pub mod shuffle;
pub mod visitor;
