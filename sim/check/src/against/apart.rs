//! The keys and slots on which two versions differ at the moment, to tell at the end what is equal again.

use std::collections::{BTreeMap, BTreeSet};

use afresh_core::{Engine, Key, Observation, Sent, SlotId, System, What};

use crate::compare::{Compared, Different, output_part, view_part};
use crate::ignore::{Ignored, same_body};

/// The differences that may still be there.
pub(super) struct Apart<S: System> {
    /// For each key whose views differed when they were last compared, the parts in which they did.
    views: BTreeMap<Key, Vec<&'static str>>,
    /// For each slot that ever differed, the last output of the old version.
    slots: BTreeMap<SlotId, Option<Sent<S::Out>>>,
    /// All parts of views and outputs that ever differed.
    parts: BTreeSet<String>,
}

impl<S: System> Apart<S> {
    pub(super) fn new() -> Self {
        Self { views: BTreeMap::new(), slots: BTreeMap::new(), parts: BTreeSet::new() }
    }

    /// Takes the result of comparing an observation of the old version.
    pub(super) fn compared(&mut self, old: &Observation<S::Out, S::View>, compared: &Compared<S>) {
        match (old, compared) {
            (Observation::View(viewed), Compared::Differs(Different::View { parts, .. })) => {
                self.parts.extend(parts.diverged().map(|part| view_part(part).into_owned()));
                self.views.insert(viewed.key.clone(), parts.diverged().collect());
            }
            (Observation::View(viewed), Compared::Same) => drop(self.views.remove(&viewed.key)),
            (Observation::Out(sent), compared) => {
                if matches!(compared, Compared::Differs(_)) {
                    self.parts.insert(part_of(sent));
                    self.slots.insert(sent.slot_id(), Some(sent.clone()));
                } else if let Some(last) = self.slots.get_mut(&sent.slot_id()) {
                    *last = Some(sent.clone());
                }
            }
            _ => {}
        }
    }

    /// Takes an observation that only the new version made.
    pub(super) fn only_new(&mut self, engine: &Engine<S>, different: &Different<S>) {
        match different {
            Different::NewOutput { sent, .. } => {
                self.parts.insert(part_of(sent));
                // Until now, both versions have sent the same from this slot.
                self.slots.entry(sent.slot_id()).or_insert_with(|| before(engine, sent));
            }
            Different::NewKey { key, .. } => {
                self.parts.insert("view".to_owned());
                self.views.insert(key.clone(), vec!["view"]);
            }
            _ => {}
        }
    }

    /// Returns the keys on which each part still differs. Parts that are equal again are there, without keys.
    pub(super) fn finish(self, engine: &Engine<S>, ignored: &[Ignored]) -> BTreeMap<String, BTreeSet<Key>> {
        let mut parts: BTreeMap<_, BTreeSet<_>> = self.parts.into_iter().map(|part| (part, BTreeSet::new())).collect();
        for (key, differing) in self.views {
            for part in differing {
                parts.entry(view_part(part).into_owned()).or_default().insert(key.clone());
            }
        }
        for (SlotId { key, slot }, old) in self.slots {
            let (old, new) = (old.as_ref(), engine.slot(&key, &slot));
            let is_same = match (old, new) {
                (Some(old), Some(new)) => same_body(engine.system(), ignored, old, new),
                (old, new) => old.or(new).is_none_or(|sent| sent.body.is_none()),
            };
            if !is_same {
                parts.entry(output_of(slot.as_str())).or_default().insert(key);
            }
        }
        parts
    }
}

/// The last output of the slot of `sent` before `sent` itself, which is the last one of the engine.
fn before<S: System>(engine: &Engine<S>, sent: &Sent<S::Out>) -> Option<Sent<S::Out>> {
    if sent.revision == 1 {
        return None;
    }
    let outputs = engine.journal().events().rev().filter_map(|event| match &event.what {
        What::Observation(Observation::Out(sent)) => Some(sent),
        _ => None,
    });
    outputs.filter(|other| other.slot == sent.slot && other.key == sent.key).nth(1).cloned()
}

/// The part in the signature of an output that differs.
fn part_of<O>(sent: &Sent<O>) -> String {
    output_of(sent.slot.as_str())
}

fn output_of(slot: &str) -> String {
    output_part(slot)
}
