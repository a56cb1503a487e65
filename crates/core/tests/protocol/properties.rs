//! What must be true, by the numbers that `ARCHITECTURE.md` gives to what must never be untrue; and what has to happen at all,
//! or the rest would be true of nothing.

use crate::model::Protocol;
use crate::state::{KEYS, Node, State, keys_of};
use crate::store::Position;
use stateright::Property;

/// Counted from the journal's entry. An acknowledgement comes no earlier, and `settled` comes back one lease after it.
pub const REVOKED_IS_REFUSED: &str = "1: no cache answers later than a lease after the revocation";
pub const NOTHING_COMES_BACK: &str = "2: no touch and no write brings back what is gone";
pub const NO_CHANGE_IS_LOST: &str = "3: an acknowledged change is in the record";
pub const NO_ENTRY_IS_SKIPPED: &str = "8: who has read up to a place has heard of all before it";
pub const A_FAIL_OVER_LOSES_NOTHING: &str = "2, fail-over: what was acknowledged stays so";
pub const SAID_AGAIN: &str =
    "2, fail-over: what a node saw revoked is gone when the node has found its place";
pub const WHAT_IT_SAW_END: &str = "1 and 2, fail-over: no node accepts what it saw revoked";

pub const A_HIT: &str = "a cache answers";
pub const AT_THE_LAST_MOMENT: &str = "a cache answers for what is revoked, a whole lease later";
pub const A_REFUSED_FILL: &str = "what was loaded is out of date before it is inserted";
pub const A_PROMISE_WAITS: &str = "the primary has told an end that the reader has yet to get to";
pub const A_CAUGHT_UP_CACHE: &str = "a node that has read of a revocation has a lease";

pub fn all() -> Vec<Property<Protocol>> {
    vec![
        Property::always(REVOKED_IS_REFUSED, revoked_is_refused),
        Property::always(NOTHING_COMES_BACK, nothing_comes_back),
        Property::always(NO_CHANGE_IS_LOST, no_change_is_lost),
        Property::always(NO_ENTRY_IS_SKIPPED, no_entry_is_skipped),
        Property::always(A_FAIL_OVER_LOSES_NOTHING, a_fail_over_loses_nothing),
        Property::always(SAID_AGAIN, said_again),
        Property::always(WHAT_IT_SAW_END, what_it_saw_end_is_refused),
        Property::sometimes(A_HIT, |protocol, state| hits(protocol, state).next().is_some()),
        Property::sometimes(AT_THE_LAST_MOMENT, at_the_last_moment),
        Property::sometimes(A_REFUSED_FILL, |_, state| any(state, refuses_a_fill)),
        Property::sometimes(A_PROMISE_WAITS, |_, state| {
            any(state, |node| !node.lease.promises.is_empty())
        }),
        Property::sometimes(A_CAUGHT_UP_CACHE, a_caught_up_cache),
    ]
}

/// The tokens that some node accepts from its cache at this moment.
fn hits<'a>(protocol: &'a Protocol, state: &'a State) -> impl Iterator<Item = usize> + 'a {
    let nodes = state.nodes.iter().enumerate();
    nodes.flat_map(move |(at, node)| (0..KEYS).filter(move |key| protocol.accepts(at, node, *key)))
}

fn any(state: &State, is_so: impl Fn(&Node) -> bool) -> bool {
    state.nodes.iter().any(is_so)
}

fn revoked_is_refused(protocol: &Protocol, state: &State) -> bool {
    let late = |key: usize| state.truth.revoked[key].is_some_and(|age| age > protocol.bounds.lease);
    !hits(protocol, state).any(late)
}

fn nothing_comes_back(_: &Protocol, state: &State) -> bool {
    let back = |key: usize| state.truth.revoked[key].is_some() && state.primary.live(key).is_some();
    !(0..KEYS).any(back)
}

/// Each change raises the revision by one.
fn no_change_is_lost(_: &Protocol, state: &State) -> bool {
    let key = state.primary.live_of(keys_of(0));
    let revision = key.and_then(|key| state.primary.live(key));
    revision.is_none_or(|revision| revision == state.truth.changes)
}

/// A place that is none in the present history is about to be lost; what it has to do with that one, nobody can say.
fn no_entry_is_skipped(_: &Protocol, state: &State) -> bool {
    let skips = |node: &Node| {
        let place = node
            .reader
            .position
            .filter(|place| state.primary.has_place(*place));
        let before = place.map_or(0, |place| place.ordinal);
        let mut entries = state.primary.journal[..before].iter();
        entries.any(|entry| !node.reader.heard.contains(usize::from(entry.id)))
    };
    !any(state, skips)
}

fn a_fail_over_loses_nothing(_: &Protocol, state: &State) -> bool {
    state.truth.brought_back.is_empty() && !state.truth.changes_lost
}

fn said_again(protocol: &Protocol, state: &State) -> bool {
    let back = |key: usize| state.truth.brought_back.contains(key) && state.primary.live(key).is_some();
    let end = protocol.place(state.primary.end());
    let settled = |node: &Node| {
        let here = |place: Position| place.term == end.term && state.primary.has_place(place);
        node.reader.page.is_none() && node.reader.position.is_some_and(here) && !node.must_say_again
    };
    let silent =
        |node: &Node| settled(node) && (0..KEYS).any(|key| back(key) && node.saw_revoked.contains(key));
    !any(state, silent)
}

fn what_it_saw_end_is_refused(protocol: &Protocol, state: &State) -> bool {
    let mut nodes = state.nodes.iter().enumerate();
    nodes.all(|(at, node)| {
        let accepts = |key: usize| node.saw_revoked.contains(key) && protocol.accepts(at, node, key);
        !(0..KEYS).any(accepts)
    })
}

fn at_the_last_moment(protocol: &Protocol, state: &State) -> bool {
    hits(protocol, state).any(|key| state.truth.revoked[key] == Some(protocol.bounds.lease))
}

fn refuses_a_fill(node: &Node) -> bool {
    node.fill
        .is_some_and(|fill| fill.overtaken && fill.found.is_some())
}

fn a_caught_up_cache(_: &Protocol, state: &State) -> bool {
    let read = |node: &Node| node.reader.position.is_some_and(|place| place.ordinal > 0);
    any(state, |node| read(node) && node.lease.confirmed.is_some())
}
