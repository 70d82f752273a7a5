//! Holds what a trace recorded against what the engine does now, stimulus by stimulus.

use std::collections::BTreeSet;

use afresh_core::{Engine, EventNumber, Key, Observation, Parts, Sent, SlotId, System, What};

use crate::finding::{Versus, value};
use afresh_trace::format::EventOf;

/// A recorded observation that is not what the engine shows now.
#[derive(Clone, Debug)]
pub(crate) struct Difference<S: System> {
    /// The recorded event, or the stimulus after which something is missing from the record.
    pub(crate) event: EventNumber,
    pub(crate) line: u64,
    pub(crate) kind: Different<S>,
}

/// What differs.
#[derive(Clone, Debug)]
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
///
/// What the engine observed is looked up in its journal, and nothing of it is copied while all is as recorded.
#[derive(Clone)]
pub(crate) struct Comparer<S: System> {
    /// Whether the trace is the whole history. In a window revisions are counted from elsewhere, and what was sent before
    /// is not known.
    complete: bool,
    /// The stimulus under way: its event and its line in the trace, and its event in the journal.
    stimulus: Option<(EventNumber, u64, EventNumber)>,
    /// The events of the journal, since the stimulus, that a recorded observation was about.
    recorded: Vec<EventNumber>,
    /// The slots in which an output differed once. From there on revisions are counted apart.
    apart: BTreeSet<SlotId>,
    /// Whether the trace records outputs, and anything at all.
    records_outputs: bool,
    records: bool,
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
            recorded: Vec::new(),
            apart: BTreeSet::new(),
            records_outputs: false,
            records: false,
            unrecorded: Vec::new(),
            compared: 0,
        }
    }

    /// Begins with a stimulus that the engine has taken as event `taken` of its journal.
    pub(crate) fn begin(&mut self, engine: &Engine<S>, number: EventNumber, line: u64, taken: EventNumber) {
        self.end(engine, taken);
        self.stimulus = Some((number, line, taken));
    }

    /// Compares one recorded observation with what the engine shows now.
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
            // A window does not say what is in a slot that nothing of it touched.
            let now = engine.slot(&recorded.key, &recorded.slot)?;
            return (now.body != recorded.body || now.to != recorded.to)
                .then(|| Different::Output { recorded: recorded.clone(), now: Some(now.clone()) });
        }
        let now = self.find(engine, |now| matches!(now, Observation::Out(sent) if is_slot(sent)));
        let now = match now {
            Some(Observation::Out(now)) => Some(now),
            _ => None,
        };
        if now == Some(recorded) {
            return None;
        }
        let slot = SlotId { key: recorded.key.clone(), slot: recorded.slot.clone() };
        let known = !self.apart.insert(slot);
        let same = now.is_some_and(|now| now.body == recorded.body && now.to == recorded.to);
        (!(known && same)).then(|| Different::Output { recorded: recorded.clone(), now: now.cloned() })
    }

    /// The first observation of the stimulus under way that is `wanted`, and that no record was about yet.
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

    /// Ends the stimulus under way, before event `next` of the journal: whatever was not recorded of it is missing, if such
    /// things are recorded.
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

    /// What was missing from the record, once all of it is read.
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

/// What the engine observed because of event `taken` of its journal, and after it.
fn observed<S: System>(
    engine: &Engine<S>,
    taken: EventNumber,
) -> impl Iterator<Item = (EventNumber, &Observation<S::Out, S::View>)> {
    engine.journal().since(taken.get() as usize).map_while(|event| match &event.what {
        What::Observation(observation) => Some((event.number, observation)),
        What::Stimulus(_) => None,
    })
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
