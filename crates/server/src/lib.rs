//! The parts of the `cloakroom` server: its configuration, its user directory and its pages.

pub mod config;
pub mod pages;
pub mod users;
