//! The engine on a store: the races that only show when [`Sessions`](cloakroom_core::Sessions) of two nodes share one.
//!
//! [`engine_suite!`](crate::engine_suite!) makes a `#[test]` of each property. A store that passes the conformance suite
//! passes these; they are here to say what its steps are good for, in the words of a user.

mod endings;
mod house;
mod log_ins;
mod near;
mod renewals;
mod writes;

use crate::fixture::Fixture;
use crate::suite::{self, properties};
use house::House;

properties! { $
    /// Makes one `#[test]` per property of the engine on a store. The argument is as in
    /// [`conformance!`](crate::conformance!).
    engine_suite! of engine on House;
    renewals:
        req_31_a_hundred_requests_at_the_edge_on_two_nodes_make_one_successor
        req_29_a_lost_answer_logs_nobody_out
        req_30_a_replaced_token_ends_the_session_on_every_node
        invariant_2_renewal_racing_with_log_out_leaves_nothing
        invariant_6_renewal_moves_no_deadline;
    writes:
        invariant_3_fifty_updates_of_one_field_on_two_nodes_all_count
        invariant_3_two_requests_that_write_different_fields_both_win
        invariant_3_a_commit_across_a_renewal_is_not_lost
        invariant_2_a_commit_racing_with_log_out_brings_nothing_back
        data_fills_a_session_to_the_brim_and_survives_a_new_token;
    log_ins:
        invariant_7_fifty_parallel_log_ins_leave_as_many_as_the_policy_allows
        invariant_7_fifty_parallel_log_ins_are_refused_but_as_many_as_the_policy_allows
        req_46_log_ins_racing_with_log_out_everywhere_do_not_survive_it
        req_24_log_in_replaces_the_visitor_and_carries_the_cart
        req_33_log_in_as_somebody_else_merges_nothing;
    endings:
        invariant_1_what_one_node_ended_no_other_lets_in
        req_45_ending_the_others_keeps_exactly_one
        req_25_every_change_of_privilege_kills_the_old_token_on_every_node
        req_51_roles_from_outside_show_at_the_next_request
        req_10_lapsed_sessions_are_swept
        invariant_8_a_life_is_told_in_order_and_once;
    near:
        invariant_1_what_one_node_ends_the_other_forgets
        invariant_1_checks_racing_with_a_log_out_keep_nothing_of_it
        invariant_3_updates_on_two_near_nodes_all_count
        what_a_near_node_writes_its_next_request_sees;
}

/// The names of all properties.
pub fn names() -> impl Iterator<Item = &'static str> {
    suite::names(PROPERTIES)
}

/// Checks one property, by its name, on a runtime of its own.
///
/// Panics if the property does not hold.
pub fn check<F: Fixture>(make: impl AsyncFnOnce() -> F, name: &str) {
    suite::check(PROPERTIES, make, name);
}

/// Checks every property, each on a fixture of its own.
pub fn run<F: Fixture>(make: impl AsyncFn() -> F) {
    suite::run(PROPERTIES, make);
}
