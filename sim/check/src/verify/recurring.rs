//! The messages of a trace that come more than once, or are processed again.

use std::hash::BuildHasher;

use afresh_core::{Fault, Knob, Name, Stimulus, System, What};
use afresh_trace::format::EventOf;
use rustc_hash::{FxBuildHasher, FxHashSet};

/// The messages of a trace that come more than once, as the same revision or as another, or that a knob processes
/// again.
///
/// Most messages come once, and the verifier need not remember their revisions: a check is a sixth faster for it.
pub(crate) struct Recurring {
    /// The hashes of sender and id of the recurring messages. If two messages have the same hash, both count as
    /// recurring, which only costs time.
    messages: FxHashSet<u64>,
}

impl Recurring {
    /// Finds the messages that come more than once.
    ///
    /// Returns `None` if the trace deploys another version of the system. That version may assign any message to other
    /// keys, so the verifier then has to remember all messages.
    pub(crate) fn of<'e, S: System + 'e>(events: impl IntoIterator<Item = &'e EventOf<S>>) -> Option<Self> {
        let (mut seen, mut messages) = (FxHashSet::default(), FxHashSet::default());
        for event in events {
            match &event.what {
                What::Stimulus(Stimulus::In(message)) => {
                    let hash = hash(&message.from, &message.id);
                    if !seen.insert(hash) {
                        messages.insert(hash);
                    }
                }
                What::Stimulus(Stimulus::Knob(knob)) => {
                    if let Knob::ReflowIn { messages: again, .. } = &**knob {
                        messages.extend(again.iter().map(|message| hash(&message.from, &message.id)));
                    }
                }
                What::Stimulus(Stimulus::Fault(fault)) if matches!(**fault, Fault::Deploy { .. }) => return None,
                _ => {}
            }
        }
        Some(Self { messages })
    }

    /// Whether a message comes more than once.
    pub(super) fn contains(&self, from: &Name, id: &Name) -> bool {
        self.messages.contains(&hash(from, id))
    }
}

fn hash(from: &Name, id: &Name) -> u64 {
    FxBuildHasher.hash_one((from, id))
}
