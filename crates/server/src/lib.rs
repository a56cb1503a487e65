//! The parts of the `cloakroom` server: its configuration, its user directory, its pages and its routes.

pub mod admin;
pub mod alerts;
pub mod app;
pub mod authz;
pub mod cli;
pub mod config;
pub mod pages;
pub mod proxy_protocol;
pub mod public;
pub mod serve;
pub mod throttle;
pub mod users;
