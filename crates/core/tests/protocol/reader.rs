//! How a node follows the journal.

use crate::model::Protocol;
use crate::safeguards::Safeguard;
use crate::state::{Finding, Node, Page};
use crate::store::{Position, Store};

impl Protocol {
    /// Asks for the end of the journal: from there on it will read.
    pub fn ask_where_to_begin(&self, node: &mut Node, primary: &Store) {
        node.reader.finding = Some(Finding {
            end: self.place(primary.end()),
            covers: primary.ids(),
        });
    }

    /// Begins there, with nothing in the cache.
    pub fn begin_there(&self, node: &mut Node) {
        let Some(finding) = node.reader.finding.take() else {
            return;
        };
        if self.has(Safeguard::ForgetAfterAsking) && self.has(Safeguard::ForgetOnGap) {
            node.forget_all();
        }
        if self.has(Safeguard::ForgetOnGap) {
            node.reader.heard = finding.covers;
        }
        node.must_say_again = self.has(Safeguard::SayAgain) && !node.saw_revoked.is_empty();
        node.advance(finding.end);
    }

    /// Reads what is after its position. A gap loses the place, and what was promised to it.
    pub fn read(&self, node: &mut Node, primary: &Store) {
        let Some(from) = node.reader.position else { return };
        let same = from.term == self.place(primary.end()).term;
        let gap = !same || !primary.follows(from);
        if gap && self.has(Safeguard::GapNoticed) {
            node.lose_place();
            if !self.has(Safeguard::ForgetAfterAsking) {
                node.forget_all();
            }
            return;
        }
        let after = primary.kept().iter().filter(|entry| entry.id > from.id);
        let rest: Vec<_> = after.copied().collect();
        let before = if gap { primary.trimmed } else { from.ordinal };
        let next = Position {
            term: from.term,
            id: rest.last().map_or(from.id, |entry| entry.id),
            ordinal: before + rest.len(),
        };
        node.reader.page = Some(Page {
            from,
            rest,
            next,
            published: false,
        });
    }

    /// The next entry of what was read.
    pub fn apply(&self, node: &mut Node) {
        let Some(page) = &mut node.reader.page else { return };
        let entry = page.rest.remove(0);
        if page.rest.is_empty() && page.published {
            node.reader.page = None;
        }
        node.reader.heard.insert(usize::from(entry.id));
        if entry.revokes && self.bounds.fail_overs > 0 {
            node.saw_revoked.insert(entry.key);
        }
        node.forget(entry.key);
    }
}

impl Node {
    /// Says that what is up to there was read, unless the place was lost meanwhile.
    pub fn publish(&mut self) {
        let Some(page) = &mut self.reader.page else { return };
        let (from, next) = (page.from, page.next);
        let first = !std::mem::replace(&mut page.published, true);
        if page.rest.is_empty() {
            self.reader.page = None;
        }
        if first && self.reader.position == Some(from) {
            self.advance(next);
        }
    }

    /// What was confirmed stays so: it was true when it was.
    pub fn lose_place(&mut self) {
        self.reader.position = None;
        self.lease.promises.clear();
    }
}
