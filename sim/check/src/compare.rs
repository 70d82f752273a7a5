//! Compares the recorded observations with those that the engine makes now, stimulus by stimulus.

use std::collections::BTreeSet;

use afresh_core::{Engine, EventNumber, Key, Observation, Parts, Sent, SlotId, Stimulus, System, What};
use afresh_trace::format::EventOf;

use crate::finding::{Versus, value};
use crate::ignore::{Ignore, same_body};

/// A difference between the recorded observations and those that the engine makes now.
#[derive(Clone, Debug)]
pub(crate) struct Difference<S: System> {
    /// The recorded event or, if an observation is missing from the record, the stimulus that caused it.
    pub(crate) event: EventNumber,
    pub(crate) line: u64,
    pub(crate) kind: Different<S>,
}

/// The kind of a [`Difference`].
#[derive(Clone, Debug)]
pub(crate) enum Different<S: System> {
    /// A recorded output is not sent now, or another output is sent from its slot.
    Output { recorded: Sent<S::Out>, now: Option<Sent<S::Out>> },
    /// An output is sent now but was not recorded.
    Unrecorded(Sent<S::Out>),
    /// A view differs in the diverged `parts`, or the key has no state now.
    View { key: Key, recorded: S::View, now: Option<S::View>, parts: Parts },
    /// A message was rejected only when recorded, or only now. The reasons are given.
    Rejected { recorded: Option<String>, now: Option<String> },
    /// A key was quarantined only when recorded, or only now. The reasons are given.
    Quarantined { key: Key, recorded: Option<String>, now: Option<String> },
}

impl<S: System> Different<S> {
    /// The part of the system that differs, without keys and values, as a signature needs it.
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

    /// The key that the difference is about.
    pub(crate) fn key(&self) -> Option<&Key> {
        match self {
            Self::Output { recorded: sent, .. } | Self::Unrecorded(sent) => Some(&sent.key),
            Self::View { key, .. } | Self::Quarantined { key, .. } => Some(key),
            Self::Rejected { .. } => None,
        }
    }
}

impl<S: System> Different<S> {
    /// Describes the difference for people, with both values if there are two.
    pub(crate) fn in_words(&self) -> (String, Option<Versus>) {
        let versus = |left_value, right_value| Some(Versus { left: "recorded", left_value, right: "now", right_value });
        match self {
            Self::Output { recorded, now } => {
                let name = format!("output {}/{}", recorded.key, recorded.slot);
                match now {
                    None => (format!("{name} was recorded but is not sent now"), None),
                    Some(now) if now.body == recorded.body => {
                        let side = |sent: &Sent<S::Out>| value(&format!("revision {} to {}", sent.revision, sent.to));
                        let found = format!("{name} has the recorded body but another revision or receiver");
                        (found, versus(side(recorded), side(now)))
                    }
                    Some(now) => {
                        let found = format!("{name} differs from the recorded one");
                        (found, versus(value(&recorded.body), value(&now.body)))
                    }
                }
            }
            Self::Unrecorded(sent) => {
                let found = format!("output {}/{} is sent now but was not recorded", sent.key, sent.slot);
                (found, versus(value(&()), value(&sent.body)))
            }
            Self::View { key, recorded, now, parts } => {
                let parts: Vec<_> = parts.diverged().collect();
                let found = format!("the view of {key} differs from the recorded one in {}", parts.join(", "));
                (found, versus(value(recorded), value(now)))
            }
            Self::Rejected { recorded: Some(why), .. } => {
                (format!("the message was rejected when recorded ({why}) but is accepted now"), None)
            }
            Self::Rejected { now, .. } => {
                let why = now.as_deref().unwrap_or_default();
                (format!("the message was accepted when recorded but is rejected now ({why})"), None)
            }
            Self::Quarantined { key, recorded: Some(why), .. } => {
                (format!("the key {key} was quarantined when recorded ({why}) but is not now"), None)
            }
            Self::Quarantined { key, now, .. } => {
                let why = now.as_deref().unwrap_or_default();
                (format!("the key {key} was not quarantined when recorded but is now ({why})"), None)
            }
        }
    }
}

/// The kind of a slot: the letters at the start of its name, such as `receipt` for `receipt-p-17`.
pub(crate) fn kind(slot: &str) -> &str {
    let end = slot.find(|char: char| !char.is_alphabetic()).unwrap_or(slot.len());
    &slot[..end]
}

/// Compares the recorded observations with the journal of the engine, one stimulus after another.
///
/// It copies observations only if they differ.
#[derive(Clone)]
pub(crate) struct Comparer<S: System> {
    /// `true` if the trace is the whole history. In a window, the outputs sent before it are unknown, so its revision
    /// numbers cannot be compared.
    complete: bool,
    /// The parts of outputs that are not compared.
    ignored: Vec<Ignore>,
    /// The current stimulus: its event and its line in the trace, and its event in the journal.
    stimulus: Option<(EventNumber, u64, EventNumber)>,
    /// The events of the journal, since the current stimulus, that matched a recorded observation.
    recorded: Vec<EventNumber>,
    /// The slots in which an output differed once. From then on, their revision numbers may differ too.
    apart: BTreeSet<SlotId>,
    /// `true` if the trace records outputs.
    records_outputs: bool,
    /// `true` if the trace records any observation that is compared.
    records: bool,
    /// The observations that are missing from the record. Only at the end is it known whether the trace records such
    /// observations at all.
    unrecorded: Vec<Difference<S>>,
    /// The number of observations compared.
    pub(crate) compared: u64,
}

/// The maximum number of unrecorded observations that are remembered. It bounds the memory for traces that record no
/// observations.
const UNRECORDED_MAX: usize = 1000;

impl<S: System> Comparer<S> {
    pub(crate) fn new(complete: bool, ignored: Vec<Ignore>) -> Self {
        Self {
            complete,
            ignored,
            stimulus: None,
            recorded: Vec::new(),
            apart: BTreeSet::new(),
            records_outputs: false,
            records: false,
            unrecorded: Vec::new(),
            compared: 0,
        }
    }

    /// Starts comparing the observations of a stimulus, which the engine took as event `taken` of its journal.
    pub(crate) fn begin(&mut self, engine: &Engine<S>, number: EventNumber, line: u64, taken: EventNumber) {
        self.end(engine, taken);
        self.stimulus = Some((number, line, taken));
    }

    /// Compares one recorded observation with those that the engine made for the current stimulus.
    pub(crate) fn recorded(&mut self, engine: &Engine<S>, event: &EventOf<S>, line: u64) -> Option<Difference<S>> {
        let What::Observation(observation) = &event.what else { return None };
        let kind = match observation {
            Observation::Out(recorded) => self.output(engine, recorded),
            Observation::View(recorded) => view(engine, &recorded.key, &recorded.value),
            Observation::Rejected(recorded) => {
                let now = self.find(engine, |now| matches!(now, Observation::Rejected(_)));
                let why = Some(recorded.why.clone());
                now.is_none().then(|| Different::Rejected { recorded: why, now: None })
            }
            Observation::Quarantined(recorded) => {
                let key = &recorded.key;
                let now = self.find(engine, |now| matches!(now, Observation::Quarantined(now) if now.key == *key));
                let why = Some(recorded.why.clone());
                now.is_none().then(|| Different::Quarantined { key: key.clone(), recorded: why, now: None })
            }
            Observation::Settled(_) | Observation::Healed(_) => return None,
        };
        self.records = true;
        self.compared += 1;
        kind.map(|kind| Difference { event: event.number, line, kind })
    }

    fn output(&mut self, engine: &Engine<S>, recorded: &Sent<S::Out>) -> Option<Different<S>> {
        self.records_outputs = true;
        let is_slot = |sent: &Sent<S::Out>| sent.slot == recorded.slot && sent.key == recorded.key;
        if !self.complete {
            // If no message of the window touched the slot, its content is unknown.
            let now = engine.slot(&recorded.key, &recorded.slot)?;
            return (!same_body(engine.system(), &self.ignored, recorded, now) || now.to != recorded.to)
                .then(|| Different::Output { recorded: recorded.clone(), now: Some(now.clone()) });
        }
        let now = self.find(engine, |now| matches!(now, Observation::Out(sent) if is_slot(sent)));
        let now = match now {
            Some(Observation::Out(now)) => Some(now),
            _ => None,
        };
        let same =
            now.is_some_and(|now| same_body(engine.system(), &self.ignored, recorded, now) && now.to == recorded.to);
        if same && now.is_some_and(|now| now.revision == recorded.revision) {
            return None;
        }
        let slot = SlotId { key: recorded.key.clone(), slot: recorded.slot.clone() };
        let known = !self.apart.insert(slot);
        (!(known && same)).then(|| Different::Output { recorded: recorded.clone(), now: now.cloned() })
    }

    /// Finds the first observation of the current stimulus that is `wanted` and was not matched before, and marks it as
    /// matched.
    fn find<'e>(
        &mut self,
        engine: &'e Engine<S>,
        wanted: impl Fn(&Observation<S::Out, S::View>) -> bool,
    ) -> Option<&'e Observation<S::Out, S::View>> {
        let (.., taken) = self.stimulus?;
        let (number, found) =
            observed(engine, taken).find(|(number, now)| !self.recorded.contains(number) && wanted(now))?;
        self.recorded.push(number);
        Some(found)
    }

    /// Ends the current stimulus, whose observations precede event `next` of the journal. Those that matched no
    /// recorded observation become `unrecorded`.
    fn end(&mut self, engine: &Engine<S>, next: EventNumber) {
        let recorded = std::mem::take(&mut self.recorded);
        let Some((event, line, taken)) = self.stimulus.take() else { return };
        for (number, now) in observed(engine, taken).take_while(|(number, _)| *number < next) {
            if self.unrecorded.len() >= UNRECORDED_MAX {
                break;
            }
            if recorded.contains(&number) {
                continue;
            }
            let kind = match now {
                Observation::Out(sent) if self.complete => Different::Unrecorded(sent.clone()),
                // The user has asked for this rejection.
                Observation::Rejected(_) if is_unreadable(engine, taken) => continue,
                Observation::Rejected(now) => Different::Rejected { recorded: None, now: Some(now.why.clone()) },
                Observation::Quarantined(now) => {
                    Different::Quarantined { key: now.key.clone(), recorded: None, now: Some(now.why.clone()) }
                }
                _ => continue,
            };
            self.unrecorded.push(Difference { event, line, kind });
        }
        self.recorded = recorded;
        self.recorded.clear();
    }

    /// Returns the observations that are missing from the record, after all events were read.
    pub(crate) fn finish(mut self, engine: &Engine<S>) -> Vec<Difference<S>> {
        self.end(engine, EventNumber::MAX);
        let (outputs, anything) = (self.records_outputs, self.records);
        self.unrecorded.retain(|difference| match difference.kind {
            Different::Unrecorded(_) => outputs,
            _ => anything,
        });
        self.unrecorded
    }
}

/// The observations that the engine journaled right after event `taken`, and because of it.
fn observed<S: System>(
    engine: &Engine<S>,
    taken: EventNumber,
) -> impl Iterator<Item = (EventNumber, &Observation<S::Out, S::View>)> {
    engine.journal().since(taken.get() as usize).map_while(|event| match &event.what {
        What::Observation(observation) => Some((event.number, observation)),
        What::Stimulus(_) => None,
    })
}

/// Returns `true` if event `taken` of the journal is a message whose body the system cannot read.
fn is_unreadable<S: System>(engine: &Engine<S>, taken: EventNumber) -> bool {
    let taken = engine.journal().get(taken);
    taken.is_some_and(|event| matches!(event.what, What::Stimulus(Stimulus::Unreadable(_))))
}

fn view<S: System>(engine: &Engine<S>, key: &Key, recorded: &S::View) -> Option<Different<S>> {
    let state = engine.state(key);
    let parts = match state {
        Some(state) => engine.system().compare(key, state, recorded),
        None if engine.options().complete => Parts::whole(false),
        None => Parts::not_derivable("view"),
    };
    let now = || state.map(|state| engine.system().view(key, state));
    (!parts.agree()).then(|| Different::View { key: key.clone(), recorded: recorded.clone(), now: now(), parts })
}
