//! What is known of a trace before its first step.

use std::hash::BuildHasher;
use std::thread;

use afresh_core::{Fault, Key, Name, Stimulus, What};
use rustc_hash::{FxBuildHasher, FxHashSet};

use super::coverage::Depth;
use super::facts::Map;
use crate::format::{EventOf, messages};
use crate::host::guard;
use crate::subject::Subject;

/// What a look at all messages of a trace says, before the first of them is taken.
pub(crate) struct Survey {
    /// How many messages concern each key, at most.
    lengths: Map<Key, u64>,
    /// The messages that come more than once, as the same revision or as another. They are known by a hash: where two have the
    /// same, both are among them, which costs time and changes nothing.
    recurring: FxHashSet<u64>,
    /// Whether another version of the system comes.
    pub(super) deploys: bool,
}

impl Survey {
    /// Looks at these events.
    pub(crate) fn of<'e, S>(system: &S, events: impl ExactSizeIterator<Item = &'e EventOf<S>> + Clone + Send) -> Self
    where
        S: Subject + 'e,
    {
        thread::scope(|scope| {
            let others = events.clone();
            let other = scope.spawn(move || recurring_and_deploys::<S>(others));
            let lengths = lengths(system, events);
            let (recurring, deploys) = other.join().expect("it runs no code of the system");
            Self { lengths, recurring, deploys }
        })
    }

    /// How deep to look, so that at most `budget` messages are folded.
    pub(crate) fn depth(&self, budget: u64) -> Depth {
        Depth::new(self.lengths.values().copied(), budget)
    }

    /// How many messages concern `key`, at most.
    pub(super) fn length(&self, key: &Key) -> usize {
        self.lengths.get(key).map_or(0, |length| *length as usize)
    }

    /// Whether a message comes more than once.
    pub(super) fn recurs(&self, from: &Name, id: &Name) -> bool {
        self.recurring.contains(&hash(from, id))
    }
}

/// How many messages concern each key, at most.
pub(super) fn lengths<'e, S>(system: &S, events: impl IntoIterator<Item = &'e EventOf<S>>) -> Map<Key, u64>
where
    S: Subject + 'e,
{
    let mut lengths = Map::default();
    for message in messages::<S>(events) {
        let Some(body) = &message.body else { continue };
        // A message on which this panics is rejected when its turn comes.
        let _ = guard(&mut || {
            for key in system.keys(body) {
                *lengths.entry(key).or_default() += 1;
            }
        });
    }
    lengths
}

fn recurring_and_deploys<'e, S>(events: impl ExactSizeIterator<Item = &'e EventOf<S>>) -> (FxHashSet<u64>, bool)
where
    S: Subject + 'e,
{
    let mut seen = FxHashSet::with_capacity_and_hasher(events.len(), FxBuildHasher);
    let (mut recurring, mut deploys) = (FxHashSet::default(), false);
    for event in events {
        match &event.what {
            What::Stimulus(Stimulus::In(message)) => {
                let hash = hash(&message.from, &message.id);
                if !seen.insert(hash) {
                    recurring.insert(hash);
                }
            }
            What::Stimulus(Stimulus::Fault(fault)) => deploys |= matches!(**fault, Fault::Deploy { .. }),
            _ => {}
        }
    }
    (recurring, deploys)
}

fn hash(from: &Name, id: &Name) -> u64 {
    FxBuildHasher.hash_one((from, id))
}
