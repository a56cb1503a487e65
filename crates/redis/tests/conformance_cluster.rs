//! The conformance suite on a real cluster.

// A failed expectation is a test's way of speaking; helpers outside `#[test]` speak it, too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

cloakroom_testkit::conformance!(support::ClusterBench::new);
cloakroom_testkit::engine_suite!(support::ClusterBench::new);

#[test]
fn any_sequence_of_steps_does_what_the_model_does() {
    cloakroom_testkit::model::run(support::ClusterBench::new, 24);
}
