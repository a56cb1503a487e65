//! The last bit of shrinking: proptest tries to leave out each step once, and many become needless only after that.

use super::step::Step;

/// Leaves out single steps as long as `still_fails` answers why it fails without them.
pub(super) fn shorten(
    mut reason: String,
    mut steps: Vec<Step>,
    still_fails: impl Fn(&[Step]) -> Option<String>,
) -> (String, Vec<Step>) {
    let mut at = 0;
    while at < steps.len() {
        let mut without = steps.clone();
        without.remove(at);
        if let Some(now) = still_fails(&without) {
            // What comes before may be needless now.
            (reason, steps, at) = (now, without, 0);
        } else {
            at += 1;
        }
    }
    (reason, steps)
}
