//! The messages that come more than once.

use std::hash::BuildHasher;

use afresh_core::Name;
use rustc_hash::{FxBuildHasher, FxHashSet};

use crate::format::{EventOf, messages};
use crate::subject::Subject;

/// The messages that come more than once in a trace, as the same revision or as another. Of every other there is but one
/// revision.
///
/// They are known by a hash. Where two have the same, both are among them, which costs time and changes nothing.
pub(super) struct Recurring(FxHashSet<u64>);

impl Recurring {
    /// Those of a trace with these events.
    pub(super) fn of<'e, S>(events: impl ExactSizeIterator<Item = &'e EventOf<S>>) -> Self
    where
        S: Subject + 'e,
    {
        let mut seen = FxHashSet::with_capacity_and_hasher(events.len(), FxBuildHasher);
        let hashes = messages::<S>(events).map(|message| hash(&message.from, &message.id));
        Self(hashes.filter(|hash| !seen.insert(*hash)).collect())
    }

    /// Whether a message is one of them.
    pub(super) fn has(&self, from: &Name, id: &Name) -> bool {
        self.0.contains(&hash(from, id))
    }
}

fn hash(from: &Name, id: &Name) -> u64 {
    FxBuildHasher.hash_one((from, id))
}
