//! The conformance suite on a real server.

mod support;

cloakroom_testkit::conformance!(support::Bench::new);

#[test]
fn any_sequence_of_steps_does_what_the_model_does() {
    cloakroom_testkit::model::run(support::Bench::new, 48);
}
