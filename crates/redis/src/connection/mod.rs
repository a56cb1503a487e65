//! How commands reach the servers.

pub(crate) mod access;
pub(crate) mod address;
pub(crate) mod cluster;
mod errands;
pub(crate) mod fence;
pub(crate) mod link;
mod replicas;
pub(crate) mod routes;
pub(crate) mod sentinel;
pub(crate) mod slots;
mod spares;
pub(crate) mod target;
