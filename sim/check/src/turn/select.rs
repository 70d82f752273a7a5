//! Selections: the knob for everything that is rejected, quarantined or not settled.

use std::collections::BTreeSet;

use afresh_core::{At, Engine, Event, EventNumber, FactId, Key, Knob, Name, Observation, SlotId, Stimulus, What};

use crate::subject::Subject;

/// A kind of thing that waits for an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// Messages that the system rejects. A reflow processes them again.
    Rejected,
    /// Keys in quarantine. A trigger brings them back.
    Quarantined,
    /// Outputs that their receivers do not have, as far as is known. A reflow sends them again.
    Unsettled,
}

/// Selects the things of one kind that meet every condition. A condition that is absent is met.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The kind of thing.
    pub waiting: Waiting,
    /// The sender of a rejected message; no other kind of thing has one.
    pub from: Option<Name>,
    /// The receiver of an output; no other kind of thing has one.
    pub to: Option<Name>,
    /// Keys, one of which the thing must concern; all keys if empty.
    pub keys: BTreeSet<Key>,
    /// The earliest time at which the message arrived, the output was sent, or the key was quarantined.
    pub since: Option<At>,
    /// The latest such time.
    pub until: Option<At>,
}

impl Selection {
    /// Selects all things of a kind.
    pub fn all(waiting: Waiting) -> Self {
        Self { waiting, from: None, to: None, keys: BTreeSet::new(), since: None, until: None }
    }

    /// Returns the knob for the selected things, in the order of the journal.
    pub(super) fn knob<S: Subject>(&self, engine: &Engine<S>, by: Name, why: String) -> Knob {
        match self.waiting {
            Waiting::Rejected => Knob::ReflowIn { messages: self.messages(engine), by, why },
            Waiting::Quarantined => Knob::Trigger { keys: Some(self.quarantined(engine)), by, why },
            Waiting::Unsettled => Knob::ReflowOut { outputs: self.outputs(engine), by, why },
        }
    }

    /// The rejected messages that are selected.
    fn messages<S: Subject>(&self, engine: &Engine<S>) -> Vec<FactId> {
        let mut facts = Vec::new();
        for event in engine.journal().rejected().filter_map(|number| engine.journal().get(number)) {
            let What::Stimulus(Stimulus::In(message)) = &event.what else { continue };
            let is_from = self.from.as_ref().is_none_or(|from| *from == message.from);
            if self.to.is_some() || !is_from || !self.is_in_time(event) {
                continue;
            }
            let is_about = self.keys.is_empty()
                || message.body.as_ref().is_some_and(|body| {
                    let mut is_about = false;
                    // A body on which the system panics concerns no key.
                    let _ = (engine.options().guard)(&mut || {
                        is_about = engine.system().keys(body).into_iter().any(|key| self.keys.contains(&key));
                    });
                    is_about
                });
            if is_about && !facts.contains(&message.fact()) {
                facts.push(message.fact());
            }
        }
        facts
    }

    /// The quarantined keys that are selected.
    fn quarantined<S: Subject>(&self, engine: &Engine<S>) -> Vec<Key> {
        if self.from.is_some() || self.to.is_some() {
            return Vec::new();
        }
        let mut keys: BTreeSet<&Key> = engine.keys().into_iter().collect();
        keys.retain(|key| engine.quarantined(key).is_some() && (self.keys.is_empty() || self.keys.contains(*key)));
        if self.since.is_some() || self.until.is_some() {
            // The last quarantine of a key counts.
            let mut in_time = BTreeSet::new();
            for event in engine.journal().events() {
                if let What::Observation(Observation::Quarantined(quarantined)) = &event.what {
                    match self.is_in_time(event) {
                        true => in_time.insert(&quarantined.key),
                        false => in_time.remove(&quarantined.key),
                    };
                }
            }
            keys.retain(|key| in_time.contains(key));
        }
        keys.into_iter().cloned().collect()
    }

    /// The outputs that are not settled and are selected. Keys of the same system have those that are routed to them.
    fn outputs<S: Subject>(&self, engine: &Engine<S>) -> Vec<SlotId> {
        let journal = engine.journal();
        let unsettled = engine.unsettled_events().filter_map(|number: EventNumber| journal.get(number));
        let outputs = unsettled.filter_map(|event| match &event.what {
            What::Observation(Observation::Out(sent)) => {
                let is_selected = self.from.is_none()
                    && self.to.as_ref().is_none_or(|to| *to == sent.to)
                    && (self.keys.is_empty() || self.keys.contains(&sent.key))
                    && self.is_in_time(event)
                    && !engine.is_routed(&sent.key, &sent.slot);
                is_selected.then(|| SlotId { key: sent.key.clone(), slot: sent.slot.clone() })
            }
            _ => None,
        });
        outputs.collect()
    }

    /// Returns true if the event is in the range of times. An event without a time is in no range but the open one.
    fn is_in_time<I, O, V>(&self, event: &Event<I, O, V>) -> bool {
        let is_after = |since: At| event.at.is_some_and(|at| at >= since);
        let is_before = |until: At| event.at.is_some_and(|at| at <= until);
        self.since.is_none_or(is_after) && self.until.is_none_or(is_before)
    }
}
