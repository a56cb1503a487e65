//! The conformance suite: what every store has to do, one property per test, one theme per file.
//!
//! [`conformance!`](crate::conformance!) makes a `#[test]` of each. [`run`] runs them all in one go.

mod basics;
mod closing;
mod entries;
mod journal;
mod lapse;
mod limit;
mod listing;
mod nearness;
mod parallel;
mod records;
mod rotation;
mod scene;
mod sharing;
mod touching;
mod writes;

use crate::fixture::Fixture;
use crate::suite::{self, properties};
use scene::Scene;

properties! { $
    /// Makes one `#[test]` per property of the conformance suite.
    ///
    /// The argument is a function (or a closure) that takes nothing and makes the [`Fixture`](crate::Fixture) for
    /// one test: `async fn() -> impl Fixture`.
    conformance! of conformance on Scene;
    basics:
        a_fresh_store_is_empty
        an_opened_session_is_found_by_key_id_subject_and_scan
        swap_writes_the_next_version
        swap_from_an_older_revision_is_a_conflict_and_changes_nothing
        swap_under_an_unknown_key_is_gone
        close_ends_a_session_once;
    records:
        every_field_of_a_record_comes_back
        a_record_of_64_kibibytes_comes_back
        subjects_of_255_bytes_and_odd_letters_stay_apart
        keys_that_differ_in_one_bit_are_two
        every_bucket_can_be_lived_in;
    writes:
        swap_keeps_a_seen_at_and_a_deadline_that_are_later
        swap_moves_seen_at_and_deadline_forward
        swap_moves_the_absolute_deadline_as_the_new_version_says
        invariant_2_no_write_brings_back_a_closed_session
        invariant_2_no_write_brings_back_a_session_ended_with_all
        invariant_2_no_write_brings_back_a_swept_session
        invariant_2_a_save_racing_with_a_log_out_leaves_nothing
        invariant_3_of_many_writers_on_one_revision_exactly_one_is_done
        invariant_3_writers_who_replay_on_conflict_lose_nothing;
    touching:
        touch_moves_seen_at_and_deadline_forward_alone
        touch_takes_seen_at_and_deadline_each_by_itself
        touch_makes_no_revision_and_no_entry
        touch_answers_for_each
        invariant_6_touch_never_moves_the_absolute_deadline;
    rotation:
        rotate_moves_the_session_and_leaves_the_way_there
        rotate_without_a_way_there_leaves_nothing
        invariant_7_a_renewed_token_is_not_a_second_session
        writes_under_the_old_key_of_a_renewed_token_change_nothing
        rotate_from_an_older_revision_is_a_conflict
        rotate_keeps_what_touches_have_noted
        a_session_is_itself_after_many_rotations
        end_all_finds_a_rotated_session
        of_a_hundred_rotations_from_one_revision_exactly_one_is_done
        invariant_3_of_writes_and_rotations_from_one_revision_exactly_one_is_done
        invariant_2_a_rotation_racing_with_end_all_leaves_nothing
        sweep_forgets_renewed_tokens_in_their_time;
    limit:
        invariant_7_fifty_log_ins_at_once_never_leave_six_sessions_when_evicting
        invariant_7_fifty_log_ins_at_once_never_leave_six_sessions_when_rejecting
        the_session_seen_least_recently_is_evicted
        being_seen_through_a_write_or_a_rotation_counts_for_eviction
        a_lower_limit_evicts_several_at_once
        a_limit_of_one_leaves_the_newest
        no_limit_holds_for_others_for_nobody_and_for_zero
        a_replaced_session_ends_and_does_not_count
        a_log_in_replaces_the_session_of_nobody
        replacing_what_is_gone_or_renewed_is_no_obstacle
        a_refusal_changes_nothing
        sessions_past_their_deadline_do_not_count_and_end
        a_touched_session_counts_until_its_new_deadline;
    closing:
        close_names_its_reason
        close_ends_a_session_of_nobody
        of_many_log_outs_at_once_exactly_one_ends_the_session
        invariant_1_end_all_ends_every_session_of_the_subject_alone
        end_all_but_one_spares_that_one
        end_all_raises_the_epoch_even_without_sessions
        end_all_spares_sessions_of_the_epoch_that_begins_with_it
        end_all_by_many_at_once_ends_each_session_once
        invariant_1_a_log_in_begun_before_end_all_is_refused
        invariant_1_log_ins_racing_with_end_all_do_not_survive_it;
    lapse:
        sweep_ends_what_lapsed_and_says_why
        sweep_ends_at_most_so_many_and_says_if_there_is_more
        sessions_that_lapsed_count_until_they_are_swept
        two_sweepers_end_each_session_once
        a_touch_racing_with_a_sweep_is_true_to_its_answer;
    listing:
        scan_meets_every_session_once_in_stretches_of_any_length
        scan_keeps_its_stretches_short
        scan_meets_every_session_that_stays_while_others_come_and_go
        what_one_handle_writes_the_other_reads_at_once
        count_without_a_scan_equals_a_scan_after_mixed_steps_at_once;
    entries:
        invariant_8_opening_writes_one_entry
        invariant_8_opening_writes_who_ended_for_it_first
        invariant_8_a_refused_opening_writes_whose_it_was
        invariant_8_a_swap_writes_its_kind
        invariant_8_a_rotation_writes_its_kind_and_the_old_key
        invariant_8_each_way_to_end_writes_one_entry_for_each_that_ended
        appended_events_come_back_whole_and_in_order
        invariant_8_nothing_is_in_the_journal_that_did_not_happen;
    journal:
        pages_hold_at_most_so_many_and_join_without_a_seam
        the_journal_can_be_read_on_from_every_entry
        after_the_end_comes_what_happens_from_now_on
        a_heartbeat_comes_within_the_wait_and_can_be_read_on_from
        what_is_there_already_is_not_waited_for
        an_entry_from_the_other_handle_wakes_who_waits
        many_can_wait_while_others_work
        a_trimmed_journal_tells_of_the_gap
        invariant_8_what_can_be_seen_is_in_the_journal_already
        invariant_8_what_is_in_the_journal_can_be_seen_already
        invariant_8_followers_read_every_entry_once_and_in_order_while_others_write
        invariant_8_the_journal_replayed_is_the_store;
    nearness:
        confirm_tells_the_end_of_the_journal
        positions_come_in_the_order_of_their_entries
        the_first_lease_holds_and_a_longer_one_changes_nothing
        a_lease_is_kept_while_somebody_relies_on_it
        a_shorter_lease_takes_over_when_nobody_relies_on_the_longer_one
        of_many_leases_at_once_one_is_agreed;
    sharing:
        a_memo_is_written_on_its_version_alone_and_read_by_the_other_node
        memos_of_other_names_stay_apart
        a_memo_that_lapsed_is_gone_and_its_version_never_comes_again
        of_many_writers_of_a_memo_exactly_one_is_done
        invariant_8_what_a_memo_says_in_the_journal_is_said_by_who_wrote_it_alone
        a_memo_too_long_or_beside_another_bucket_is_refused
        a_limit_lets_a_burst_pass_and_then_one_per_interval
        of_many_at_once_no_more_than_the_burst_are_granted
        a_limit_written_by_a_clock_gone_wrong_holds_for_one_burst;
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
