//! What makes it safe, one by one, so that each can be taken out.

/// A rule of the protocol without which something goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Safeguard {
    /// A change and its journal entry are one step.
    EntryWithTheChange,
    /// What is loaded is inserted only if the generation is what it was before.
    GenerationAtInsert,
    /// A hit counts only within the lease.
    LeaseOnHit,
    /// The lease counts from the moment of asking, not from that of the answer.
    LeaseFromAsking,
    /// An answer counts only once the reader has got to the end that it told.
    ReaderAtTheEnd,
    /// Only the present primary confirms.
    PresentPrimary,
    /// No node has a longer lease than the deployment's.
    NoLongerLease,
    /// The position is published after what is before it was applied.
    ApplyBeforePublishing,
    /// Entries that are gone before they were read are noticed.
    GapNoticed,
    /// Whoever begins anew forgets everything.
    ForgetOnGap,
    /// And does so after it has asked where to begin, not when the place is lost.
    ForgetAfterAsking,
    /// A touch writes to what is there, or not at all.
    TouchesCreateNothing,
    /// So does a change.
    ChangesCreateNothing,
    /// A change is made only to the revision that it is based on.
    ExpectedRevision,
    /// Another primary is noticed as such: forget everything, and let none of the old one's answers count. Without it,
    /// only a primary whose journal does not go on from what was read is noticed.
    NewPrimaryNoticed,
    /// Whoever finds another history says again what it saw revoked.
    SayAgain,
    /// And until the new primary has been told, refuses it all the same.
    WhatItSawEndIsRefused,
}
