//! The messages that come more than once.

use std::hash::BuildHasher;

use afresh_core::{Knob, Name, Stimulus, What};
use rustc_hash::{FxBuildHasher, FxHashSet};

use crate::format::EventOf;
use crate::subject::Subject;

/// The messages that more than one event of a trace is about: of every other there is but one revision, and nothing that
/// comes later says more of it.
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
        let mut recurring = FxHashSet::default();
        for event in events {
            match &event.what {
                What::Stimulus(Stimulus::In(message)) => {
                    let hash = hash(&message.from, &message.id);
                    if !seen.insert(hash) {
                        recurring.insert(hash);
                    }
                }
                What::Stimulus(Stimulus::Knob(knob)) => {
                    if let Knob::ReflowIn { messages, .. } = &**knob {
                        recurring.extend(messages.iter().map(|message| hash(&message.from, &message.id)));
                    }
                }
                _ => {}
            }
        }
        Self(recurring)
    }

    /// Whether a message is one of them.
    pub(super) fn has(&self, from: &Name, id: &Name) -> bool {
        self.0.contains(&hash(from, id))
    }
}

fn hash(from: &Name, id: &Name) -> u64 {
    FxBuildHasher.hash_one((from, id))
}
