//! The conformance suite on a real server.

mod support;

cloakroom_testkit::conformance!(support::Bench::new);
