//! Brings a process to the end of a trace.

use std::collections::BTreeMap;
use std::io::BufRead;

use afresh_core::{
    Engine, Event, EventNumber, Fault, Key, Knob, Observation, OutOfSequence, Policy, Sent, SlotId, Stimulus, Types,
    What,
};
use afresh_trace::format::{self, EventOf, Problem, Reader, messages};
use serde::Serialize;

use super::Options;
use super::numbers::Numbers;
use crate::guard::guard;
use crate::loaded::AHEAD;
use crate::loaded::observe;
use crate::subject::Subject;

/// The way in which a process was brought to the end of a trace before the knob was turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// The process ran the whole trace. Its outputs are the recorded ones, unless none were recorded or they are
    /// ignored.
    Run,
    /// The version that the trace names ran it, and then the other one was deployed. The trace recorded no outputs that
    /// would tell which of them has sent what.
    Deploy,
    /// The process was restarted with the trace as its journal.
    ///
    /// This happens if the code would have sent other outputs than the trace recorded, so it must be a later version.
    Journal,
}

/// A process that has reached the end of a trace.
pub(super) struct Started<S: Subject> {
    pub(super) engine: Engine<S>,
    pub(super) start: Start,
    pub(super) numbers: Numbers,
    pub(super) torn: Option<u64>,
}

/// The name of the node in a recorded deployment. The trace of a system has a single process.
const NODE: &str = "app";

/// The name of the system that was deployed last.
fn deployed<S: Subject>(events: &[EventOf<S>]) -> Option<String> {
    events.iter().rev().find_map(|event| match &event.what {
        What::Stimulus(Stimulus::Fault(fault)) => match &**fault {
            Fault::Deploy { system, .. } => Some(system.as_str().to_owned()),
            _ => None,
        },
        _ => None,
    })
}

impl<S: Subject> Started<S> {
    /// Reads a trace, and brings a process to its end.
    pub(super) fn read<R: BufRead>(system: &S, reader: Reader<R>, options: &Options) -> Result<Self, format::Error> {
        // Only under this policy can an incremental state be wrong, so that the knob has something to heal.
        let engine_options = afresh_core::Options {
            policy: Policy::Incremental,
            complete: reader.header().complete,
            guard,
            ..afresh_core::Options::default()
        };
        let name = reader.name().to_owned();
        let recorded_by = reader.header().system.clone();
        let mut events = Vec::new();
        let mut source = reader.events(system);
        for event in &mut source {
            events.push(event?);
        }
        let torn = source.torn();
        let running = deployed::<S>(&events).unwrap_or(recorded_by);
        let deploy = options.system.as_ref().filter(|system| **system != running);
        let deploy = deploy.map(|system| Fault::Deploy { node: NODE.into(), system: system.as_str().into() });

        if let Some(Fault::Deploy { system: deployed, .. }) = &deploy
            && !options.dry_run
        {
            // A trace that deploys an unknown version could not be read again.
            let unknown = |known: Vec<_>| Problem::unknown_version(deployed, &known);
            system.can_deploy(deployed).map_err(|known| format::Error::file("--system", unknown(known)))?;
        }

        let recorded = outputs(&events);
        // Without a record, the version that the trace names has run it, and the other one comes now.
        let before = deploy.as_ref().filter(|_| recorded.is_empty() && !options.rerun);
        let before = before.and_then(|_| system.variant(&running.as_str().into()));
        let ran = Self::run(before.as_ref().unwrap_or(system), engine_options, &events, torn);
        if options.rerun || recorded.is_empty() || recorded == ran.sent_since_recorded(&events) {
            let mut ran = ran;
            if before.is_some() {
                ran.start = Start::Deploy;
            }
            if let Some(fault) = deploy {
                ran.engine.take(None, Stimulus::Fault(Box::new(fault)));
            }
            return Ok(ran);
        }
        drop((recorded, ran));
        Self::restart(system, engine_options, events, deploy, torn)
            .map_err(|error| format::Error::file(name, Problem::Data(error.to_string())))
    }

    fn run(system: &S, options: afresh_core::Options, events: &[EventOf<S>], torn: Option<u64>) -> Self {
        let mut engine = Engine::new(system.clone(), options);
        let mut numbers = Numbers::default();
        for (place, event) in events.iter().enumerate() {
            if place % AHEAD == 0 {
                engine.look_ahead(messages::<S>(events[place..].iter().take(AHEAD)));
            }
            match &event.what {
                What::Stimulus(stimulus) => {
                    numbers.is(engine.take(event.at, stimulus.clone()).stimulus(), event.number);
                }
                What::Observation(observation) => observe(&mut engine, event.at, observation),
            }
        }
        numbers.end(engine.journal().len(), last::<S>(events));
        Self { engine, start: Start::Run, numbers, torn }
    }

    /// The last output that the run sent from each slot, from the stimulus on after which the trace has recorded the
    /// first output. Many traces record none before a knob writes some.
    fn sent_since_recorded(&self, events: &[EventOf<S>]) -> BTreeMap<SlotId, &Sent<S::Out>> {
        let is_output = |event: &EventOf<S>| matches!(event.what, What::Observation(Observation::Out(_)));
        let is_stimulus = |event: &&EventOf<S>| matches!(event.what, What::Stimulus(_));
        let first = events.iter().position(is_output).unwrap_or(events.len());
        let stimulus = events[..first].iter().rev().find(is_stimulus);
        let since = stimulus.and_then(|stimulus| self.numbers.journal(stimulus.number));
        outputs(self.engine.journal().since(since.map_or(0, |number| number.get() as usize)))
    }

    fn restart(
        system: &S,
        options: afresh_core::Options,
        events: Vec<EventOf<S>>,
        deploy: Option<Fault>,
        torn: Option<u64>,
    ) -> Result<Self, OutOfSequence> {
        let mut numbers = Numbers::default();
        let dense = || (1..).filter_map(EventNumber::new);
        events.iter().zip(dense()).for_each(|(event, number)| numbers.is(number, event.number));
        numbers.end(events.len(), last::<S>(&events));
        let deploy = deploy.map(|fault| EventOf::<S> {
            number: EventNumber::MIN,
            cause: None,
            at: None,
            what: What::Stimulus(Stimulus::Fault(Box::new(fault))),
        });
        let journaled = events.into_iter().chain(deploy).zip(dense());
        let journaled = journaled.map(|(event, number)| EventOf::<S> {
            number,
            cause: event.cause.and_then(|cause| numbers.journal(cause)),
            ..event
        });
        let engine = Engine::restart(system.clone(), options, journaled)?;
        Ok(Self { engine, start: Start::Journal, numbers, torn })
    }

    /// The events that happened after the end of the trace, with numbers that continue those of the trace.
    pub(super) fn appended(&self, name: &str) -> Result<Vec<EventOf<S>>, format::Error> {
        let events = self.engine.journal().since(self.numbers.journaled());
        let events = events.map(|event| self.numbers.renumbered::<S>(event));
        events.collect::<Option<_>>().ok_or_else(|| format::Error::file(name, Problem::Full))
    }

    /// The keys that a new event names.
    pub(super) fn keys_of(&self, event: &EventOf<S>) -> Vec<Key> {
        match &event.what {
            What::Observation(Observation::Out(sent)) => vec![sent.key.clone()],
            What::Observation(Observation::Healed(healed)) => vec![healed.key.clone()],
            What::Observation(Observation::Quarantined(quarantined)) => vec![quarantined.key.clone()],
            What::Stimulus(Stimulus::Knob(knob)) => match &**knob {
                Knob::Trigger { keys, .. } | Knob::Migrate { keys, .. } | Knob::Scrub { keys, .. } => {
                    keys.clone().unwrap_or_default()
                }
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }
}

fn last<S: Subject>(events: &[EventOf<S>]) -> u32 {
    events.last().map_or(0, |event| event.number.get())
}

/// The last output of each slot.
fn outputs<'e, I: 'e, O: 'e, V: 'e>(
    events: impl IntoIterator<Item = &'e Event<I, O, V>>,
) -> BTreeMap<SlotId, &'e Sent<O>> {
    let outputs = events.into_iter().filter_map(|event| match &event.what {
        What::Observation(Observation::Out(sent)) => Some(sent),
        _ => None,
    });
    outputs.map(|sent| (SlotId { key: sent.key.clone(), slot: sent.slot.clone() }, sent)).collect()
}
