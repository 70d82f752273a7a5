//! The messages of a trace that do not count, and the keys that are quarantined: part of every verdict.

use std::collections::BTreeMap;

use afresh_core::{Engine, EventNumber, FactId, Key, Knob, Observation, Receipt, Stimulus, System, What};
use serde::Serialize;

use crate::compare::Places;

/// The reason why a message or a key does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exclusion {
    /// The system rejected the message, or its code panicked on it; or the message opens a key that is open already.
    Rejected,
    /// Another message has the same sender, id and revision, but another body.
    Conflict,
    /// A higher revision of the message came before.
    Stale,
    /// The key is quarantined.
    Quarantined,
}

/// A message or a key that does not count at the end of a trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Excluded {
    /// The reason, as a kind.
    pub kind: Exclusion,
    /// The event of the message or, for a key, the event at which the key was quarantined.
    pub event: EventNumber,
    /// The line of that event in the file of the trace.
    pub line: u64,
    /// The message, if it is one.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub message: Option<FactId>,
    /// The key that is quarantined, or that was opened twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Key>,
    /// The reason, as text for people.
    pub why: String,
    /// The event whose message counts instead, or stands against this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other: Option<EventNumber>,
}

impl Exclusion {
    /// All kinds, in the order of the documentation.
    pub const ALL: [Self; 4] = [Self::Rejected, Self::Conflict, Self::Stale, Self::Quarantined];

    /// The name of the kind, which is also the check in the signature of a finding.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::Conflict => "conflict",
            Self::Stale => "stale",
            Self::Quarantined => "quarantined",
        }
    }

    /// The adjective for what is excluded, as in `2 conflicting`.
    pub fn adjective(self) -> &'static str {
        match self {
            Self::Conflict => "conflicting",
            Self::Rejected | Self::Stale | Self::Quarantined => self.name(),
        }
    }
}

impl Excluded {
    /// Describes the exclusion for people.
    pub fn in_words(&self) -> String {
        match (&self.message, &self.key) {
            (Some(message), _) => format!("message {message} does not count: {}", self.why),
            (None, Some(key)) if self.kind == Exclusion::Quarantined => {
                format!("key {key} is quarantined: {}", self.why)
            }
            (None, _) => self.why.clone(),
        }
    }
}

/// Follows a run, and keeps everything in it that does not count.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exclusions {
    /// Messages and openings, by their event in the trace.
    messages: BTreeMap<EventNumber, Excluded>,
    /// Keys that were quarantined, with their last quarantine.
    keys: BTreeMap<Key, Excluded>,
}

impl Exclusions {
    /// Takes a stimulus, which the engine took as event `taken` of its journal, with this `receipt` if it is a message.
    /// `places` are those of the stimuli so far.
    pub(crate) fn took<S: System>(
        &mut self,
        engine: &Engine<S>,
        (number, line): (EventNumber, u64),
        taken: EventNumber,
        receipt: Option<Receipt>,
        places: &Places,
    ) {
        let Some(What::Stimulus(stimulus)) = engine.journal().get(taken).map(|event| &event.what) else { return };
        match (stimulus, receipt) {
            (Stimulus::In(taken), Some(Receipt::Stale(other))) => {
                let other = places.of(other).map(|(number, _)| number);
                let why = format!("event {} has a higher revision", other.unwrap_or(number));
                let excluded = Excluded {
                    kind: Exclusion::Stale,
                    event: number,
                    line,
                    message: Some(taken.fact()),
                    key: None,
                    why,
                    other,
                };
                self.messages.insert(number, excluded);
            }
            (Stimulus::Knob(knob), _) => {
                if let Knob::ReflowIn { messages, .. } = &**knob {
                    // The messages that are rejected again are among the observations.
                    let again = |excluded: &Excluded| {
                        excluded.kind == Exclusion::Rejected
                            && excluded.message.as_ref().is_some_and(|message| messages.contains(message))
                    };
                    self.messages.retain(|_, excluded| !again(excluded));
                }
            }
            _ => {}
        }
        for event in engine.journal().since(taken.get() as usize) {
            match &event.what {
                What::Observation(Observation::Rejected(rejected)) => {
                    let Some((number, line)) = event.cause.and_then(|cause| places.of(cause)) else { continue };
                    let (kind, why, other) = match receipt {
                        Some(Receipt::Conflict(other)) => {
                            let other = places.of(other).map_or(number, |(number, _)| number);
                            let why = format!("event {other} has this revision with another body");
                            (Exclusion::Conflict, why, Some(other))
                        }
                        _ => (Exclusion::Rejected, rejected.why.clone(), None),
                    };
                    let cause = event.cause.and_then(|cause| engine.journal().get(cause)).map(|event| &event.what);
                    let (message, key) = match cause {
                        Some(What::Stimulus(Stimulus::In(message))) => (Some(message.fact()), None),
                        Some(What::Stimulus(Stimulus::Opening(opening))) => (None, Some(opening.key.clone())),
                        _ => (None, None),
                    };
                    self.messages.insert(number, Excluded { kind, event: number, line, message, key, why, other });
                }
                What::Observation(Observation::Quarantined(quarantined)) => {
                    let (key, why) = (quarantined.key.clone(), quarantined.why.clone());
                    let excluded = Excluded {
                        kind: Exclusion::Quarantined,
                        event: number,
                        line,
                        message: None,
                        key: Some(key.clone()),
                        why,
                        other: None,
                    };
                    self.keys.insert(key, excluded);
                }
                _ => {}
            }
        }
    }

    /// Returns everything that does not count at the end of the run, in the order of the trace.
    pub(crate) fn finish<S: System>(self, engine: &Engine<S>) -> Vec<Excluded> {
        let keys = self
            .keys
            .into_values()
            .filter(|excluded| excluded.key.as_ref().is_some_and(|key| engine.quarantined(key).is_some()));
        let mut excluded: Vec<_> = self.messages.into_values().chain(keys).collect();
        excluded.sort_by(|a, b| (a.event, &a.key).cmp(&(b.event, &b.key)));
        excluded
    }
}
