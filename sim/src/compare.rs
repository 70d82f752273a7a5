//! Holds what a trace recorded against what the engine does now, stimulus by stimulus.

use std::collections::BTreeMap;

use afresh_core::{Engine, EventNumber, Key, Observation, Parts, Sent, SlotId, System, What};

use crate::check::{Versus, value};
use crate::format::EventOf;

/// A recorded observation that is not what the engine shows now.
#[derive(Debug)]
pub(crate) struct Difference<S: System> {
    /// The recorded event, or the stimulus after which something is missing from the record.
    pub(crate) event: EventNumber,
    pub(crate) line: u64,
    pub(crate) kind: Different<S>,
}

/// What differs.
#[derive(Debug)]
pub(crate) enum Different<S: System> {
    /// An output was recorded, and is not sent now; or another one is.
    Output { recorded: Sent<S::Out>, now: Option<Sent<S::Out>> },
    /// An output is sent now that was not recorded.
    Unrecorded(Sent<S::Out>),
    /// A view is another now, in these parts; or there is no state to view.
    View { key: Key, recorded: S::View, now: Option<S::View>, parts: Parts },
    /// A message was rejected, and is taken now; or the other way about.
    Rejected { recorded: Option<String>, now: Option<String> },
    /// A key was set apart, and is not now; or the other way about.
    Quarantined { key: Key, recorded: Option<String>, now: Option<String> },
}

impl<S: System> Different<S> {
    /// The part of the system that differs, in words that hold no keys and no values.
    pub(crate) fn part(&self) -> String {
        match self {
            Self::Output { recorded: sent, .. } | Self::Unrecorded(sent) => {
                format!("output {}", kind(sent.slot.as_str()))
            }
            Self::View { parts, .. } => parts.diverged().next().unwrap_or("view").to_owned(),
            Self::Rejected { .. } => "rejected".to_owned(),
            Self::Quarantined { .. } => "quarantined".to_owned(),
        }
    }

    /// The key that it is about.
    pub(crate) fn key(&self) -> Option<&Key> {
        match self {
            Self::Output { recorded: sent, .. } | Self::Unrecorded(sent) => Some(&sent.key),
            Self::View { key, .. } | Self::Quarantined { key, .. } => Some(key),
            Self::Rejected { .. } => None,
        }
    }
}

impl<S: System> Different<S> {
    /// What differs, for people.
    pub(crate) fn in_words(&self) -> (String, Option<Versus>) {
        let versus = |left_value, right_value| Some(Versus { left: "recorded", left_value, right: "now", right_value });
        match self {
            Self::Output { recorded, now } => {
                let name = format!("output {}/{}", recorded.key, recorded.slot);
                match now {
                    None => (format!("{name} was recorded, and is not sent now"), None),
                    Some(now) if now.body == recorded.body => {
                        let side = |sent: &Sent<S::Out>| value(&format!("revision {} to {}", sent.revision, sent.to));
                        (format!("{name} is sent otherwise now"), versus(side(recorded), side(now)))
                    }
                    Some(now) => (format!("{name} is another now"), versus(value(&recorded.body), value(&now.body))),
                }
            }
            Self::Unrecorded(sent) => {
                let found = format!("output {}/{} is sent now, and was not recorded", sent.key, sent.slot);
                (found, versus(value(&()), value(&sent.body)))
            }
            Self::View { key, recorded, now, parts } => {
                let parts: Vec<_> = parts.diverged().collect();
                let found = format!("the view of {key} is another now, in {}", parts.join(", "));
                (found, versus(value(recorded), value(now)))
            }
            Self::Rejected { recorded: Some(why), .. } => {
                (format!("the message was rejected ({why}), and is taken now"), None)
            }
            Self::Rejected { now, .. } => {
                (format!("the message was taken, and is rejected now ({})", now.as_deref().unwrap_or_default()), None)
            }
            Self::Quarantined { key, recorded: Some(why), .. } => {
                (format!("the key {key} was set apart ({why}), and is not now"), None)
            }
            Self::Quarantined { key, now, .. } => {
                let why = now.as_deref().unwrap_or_default();
                (format!("the key {key} was not set apart, and is now ({why})"), None)
            }
        }
    }
}

/// What a slot holds, without what tells it apart from others of its kind: `receipt` of `receipt-p-17`.
pub(crate) fn kind(slot: &str) -> &str {
    let end = slot.find(|char: char| !char.is_alphabetic()).unwrap_or(slot.len());
    &slot[..end]
}

/// Compares one stimulus after another.
pub(crate) struct Comparer<S: System> {
    /// Whether the trace is the whole history. In a window revisions are counted from elsewhere, and what was sent before
    /// is not known.
    complete: bool,
    /// The stimulus under way: its event and its line.
    stimulus: Option<(EventNumber, u64)>,
    outputs: BTreeMap<SlotId, Vec<Sent<S::Out>>>,
    rejected: Option<String>,
    quarantined: BTreeMap<Key, String>,
    /// Whether the trace records outputs and rejections at all.
    records_outputs: bool,
    records_rejections: bool,
    /// What was not recorded, until it is known whether such things are recorded.
    unrecorded: Vec<Difference<S>>,
    /// How many observations were compared.
    pub(crate) compared: u64,
}

/// How many differences that may be none are kept in mind.
const UNRECORDED_MAX: usize = 1000;

impl<S: System> Comparer<S> {
    pub(crate) fn new(complete: bool) -> Self {
        Self {
            complete,
            stimulus: None,
            outputs: BTreeMap::new(),
            rejected: None,
            quarantined: BTreeMap::new(),
            records_outputs: false,
            records_rejections: false,
            unrecorded: Vec::new(),
            compared: 0,
        }
    }

    /// Begins with a stimulus, whose effects are `observed`.
    pub(crate) fn begin<'e>(&mut self, number: EventNumber, line: u64, observed: impl Iterator<Item = &'e EventOf<S>>)
    where
        S: 'e,
    {
        self.end();
        self.stimulus = Some((number, line));
        for event in observed {
            let What::Observation(observation) = &event.what else { continue };
            match observation {
                Observation::Out(sent) if self.complete => {
                    let id = SlotId { key: sent.key.clone(), slot: sent.slot.clone() };
                    self.outputs.entry(id).or_default().insert(0, sent.clone());
                }
                Observation::Rejected(rejected) => self.rejected = Some(rejected.why.clone()),
                Observation::Quarantined(quarantined) => {
                    self.quarantined.insert(quarantined.key.clone(), quarantined.why.clone());
                }
                _ => {}
            }
        }
    }

    /// Compares one recorded observation with what the engine shows now.
    pub(crate) fn recorded(&mut self, engine: &Engine<S>, event: &EventOf<S>, line: u64) -> Option<Difference<S>> {
        let What::Observation(observation) = &event.what else { return None };
        let kind = match observation {
            Observation::Out(recorded) => self.output(engine, recorded),
            Observation::View(recorded) => {
                let now = engine.state(&recorded.key);
                let parts = match now {
                    Some(state) => engine.system().compare(&recorded.key, state, &recorded.value),
                    None if engine.options().complete => Parts::whole(false),
                    None => Parts::not_derivable("view"),
                };
                let now = || now.map(|state| engine.system().view(&recorded.key, state));
                let (key, value) = (&recorded.key, &recorded.value);
                (!parts.agree()).then(|| Different::View {
                    key: key.clone(),
                    recorded: value.clone(),
                    now: now(),
                    parts,
                })
            }
            Observation::Rejected(recorded) => {
                self.records_rejections = true;
                let now = self.rejected.take();
                now.is_none().then(|| Different::Rejected { recorded: Some(recorded.why.clone()), now: None })
            }
            Observation::Quarantined(recorded) => {
                let now = self.quarantined.remove(&recorded.key);
                let (key, why) = (recorded.key.clone(), recorded.why.clone());
                now.is_none().then(|| Different::Quarantined { key, recorded: Some(why), now: None })
            }
            Observation::Settled(_) | Observation::Healed(_) => return None,
        };
        self.compared += 1;
        kind.map(|kind| Difference { event: event.number, line, kind })
    }

    fn output(&mut self, engine: &Engine<S>, recorded: &Sent<S::Out>) -> Option<Different<S>> {
        self.records_outputs = true;
        if !self.complete {
            let now = engine.slots(&recorded.key).find(|(slot, _)| **slot == recorded.slot).map(|(_, sent)| sent);
            // A window does not say what is in a slot that nothing of it touched.
            let now = now.filter(|now| now.body != recorded.body || now.to != recorded.to)?;
            return Some(Different::Output { recorded: recorded.clone(), now: Some(now.clone()) });
        }
        let id = SlotId { key: recorded.key.clone(), slot: recorded.slot.clone() };
        let now = self.outputs.get_mut(&id).and_then(Vec::pop);
        (now.as_ref() != Some(recorded)).then(|| Different::Output { recorded: recorded.clone(), now })
    }

    /// Ends the stimulus under way: whatever was not recorded of it is missing, if such things are recorded.
    fn end(&mut self) {
        let Some((event, line)) = self.stimulus.take() else { return };
        let outputs = std::mem::take(&mut self.outputs).into_values().flatten();
        let mut missing: Vec<_> = outputs.map(Different::Unrecorded).collect();
        if let Some(now) = self.rejected.take() {
            missing.push(Different::Rejected { recorded: None, now: Some(now) });
        }
        for (key, now) in std::mem::take(&mut self.quarantined) {
            missing.push(Different::Quarantined { key, recorded: None, now: Some(now) });
        }
        let room = UNRECORDED_MAX.saturating_sub(self.unrecorded.len());
        self.unrecorded.extend(missing.into_iter().take(room).map(|kind| Difference { event, line, kind }));
    }

    /// What was missing from the record, once all of it is read.
    pub(crate) fn finish(mut self) -> Vec<Difference<S>> {
        self.end();
        let (outputs, rejections) = (self.records_outputs, self.records_rejections);
        self.unrecorded.retain(|difference| match difference.kind {
            Different::Unrecorded(_) => outputs,
            Different::Rejected { .. } => rejections,
            Different::Quarantined { .. } | Different::Output { .. } | Different::View { .. } => true,
        });
        self.unrecorded
    }
}
