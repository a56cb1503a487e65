//! The `cloakroom` command.

fn main() {}
