//! The messages of recorded traces, as the workload of simulated runs.
//!
//! A run draws a part of one trace, of limited size: `part.rs` decides which messages. `disorder.rs` then makes some of
//! them late or sends them twice. Everything else that goes wrong is up to the simulated service, as in other runs.
//!
//! A drawn run is one that could have happened. A revision comes with the one before it and after it. Without
//! positions, the messages of a sender keep their order, because then the order says what they mean.

mod disorder;
mod index;
mod part;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::BufRead;

use afresh_check::Subject;
use afresh_check::guard::guard;
use afresh_core::{EventNumber, Fault, Knob, Message, Name, Opening, Stimulus, System, What};
use afresh_trace::format::{Error, Reader};

use crate::rng::Rng;
use index::Index;

/// The limit of the bodies in one run, in bytes of their text in the trace.
const BYTES_MAX: usize = 4 << 20;

/// The options for drawing runs from recorded traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The largest number of messages in a run.
    pub messages_max: usize,
    /// `true` if a run must begin with the first message of every key that it has, so that it may end early but not
    /// begin late. Otherwise, a run may begin in the middle of a trace.
    pub whole: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { messages_max: 200, whole: false }
    }
}

/// The messages of recorded traces, from which runs are drawn.
pub struct Recorded<S: System> {
    traces: Vec<Recording<S>>,
    options: Options,
    /// Whether the system has positions.
    positioned: bool,
    flows: BTreeSet<Name>,
    versions: BTreeSet<Name>,
}

/// The messages of one recorded trace.
struct Recording<S: System> {
    name: String,
    complete: bool,
    /// The messages, in the order of the trace.
    messages: Vec<Message<S::In>>,
    /// The event of each message.
    numbers: Vec<EventNumber>,
    /// The length of each message in the trace, in bytes.
    lengths: Vec<u32>,
    index: Index,
    /// The views with which keys of a window open, by the numbers of the keys in the index.
    openings: BTreeMap<u32, Opening<S::View>>,
}

/// The part of a recorded trace that a run is made of.
pub(crate) struct Part<S: System> {
    /// The messages, in the order in which the upstream sends them.
    pub(crate) messages: Vec<Message<S::In>>,
    /// The openings of the keys of these messages, for a window of a history.
    pub(crate) openings: Vec<Opening<S::View>>,
    /// Whether the trace holds the whole history of its keys.
    pub(crate) complete: bool,
    /// The place of the messages in the recorded traces.
    pub(crate) origin: Origin,
}

/// The place in a recorded trace that a run was drawn from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The name of the trace.
    pub trace: String,
    /// The events of the first and of the last message that was drawn.
    pub events: (EventNumber, EventNumber),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace, events: (first, last) } = self;
        if first == last { write!(f, "{trace}, event {first}") } else { write!(f, "{trace}, events {first} to {last}") }
    }
}

impl<S: System> fmt::Debug for Recorded<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let traces: Vec<_> = self.traces.iter().map(|trace| (&trace.name, trace.messages.len())).collect();
        f.debug_struct("Recorded").field("traces", &traces).field("options", &self.options).finish_non_exhaustive()
    }
}

impl<S: Subject> Recorded<S> {
    /// Reads traces. The runs depend on their content and their order, and not on their names.
    ///
    /// A message whose body the system cannot read is left out, if its reader takes it at all. So is a trace that has
    /// no messages.
    ///
    /// # Errors
    ///
    /// Fails at the first event that is not valid.
    pub fn read<R: BufRead>(
        system: &S,
        readers: impl IntoIterator<Item = Reader<R>>,
        options: Options,
    ) -> Result<Self, Error> {
        let (flows, versions) = (system.flows().into_iter().collect(), BTreeSet::new());
        let mut recorded = Self { traces: Vec::new(), options, positioned: false, flows, versions };
        for reader in readers {
            let trace = recorded.read_one(system, reader)?;
            if !trace.messages.is_empty() {
                recorded.traces.push(trace);
            }
        }
        let body = recorded.traces.iter().flat_map(|trace| &trace.messages).find_map(|message| message.body.as_ref());
        if let Some(body) = body {
            let _ = guard(&mut || recorded.positioned = system.position(body).is_some());
        }
        Ok(recorded)
    }

    fn read_one<R: BufRead>(&mut self, system: &S, reader: Reader<R>) -> Result<Recording<S>, Error> {
        let (name, complete) = (reader.name().to_owned(), reader.header().complete);
        let (messages, numbers, lengths, index) = (Vec::new(), Vec::new(), Vec::new(), Index::default());
        let mut openings = Vec::new();
        let mut trace = Recording { name, complete, messages, numbers, lengths, index, openings: BTreeMap::new() };
        reader.each_with_raw(system, |event, raw| match event.what {
            What::Stimulus(Stimulus::In(message)) => {
                trace.messages.push(message);
                trace.numbers.push(event.number);
                trace.lengths.push(u32::try_from(raw.content.get().len()).unwrap_or(u32::MAX));
            }
            What::Stimulus(Stimulus::Opening(opening)) => openings.push(*opening),
            What::Stimulus(Stimulus::Knob(knob)) => {
                if let Knob::Migrate { flow, .. } = *knob {
                    self.flows.insert(flow);
                }
            }
            What::Stimulus(Stimulus::Fault(fault)) => {
                if let Fault::Deploy { system, .. } = *fault {
                    self.versions.insert(system);
                }
            }
            _ => {}
        })?;
        trace.index = Index::of(system, &trace.messages);
        for opening in openings {
            if let Some(key) = trace.index.find(&opening.key) {
                trace.openings.entry(key).or_insert(opening);
            }
        }
        Ok(trace)
    }

    /// Returns whether none of the traces has a message.
    pub fn is_empty(&self) -> bool {
        self.traces.is_empty()
    }

    /// Returns whether the system has positions, so that a message may come late.
    pub(crate) fn is_positioned(&self) -> bool {
        self.positioned
    }

    /// The flows that the system names, and those that the traces migrate.
    pub(crate) fn flows(&self) -> impl Iterator<Item = &Name> {
        self.flows.iter()
    }

    /// The versions that the traces deploy.
    pub(crate) fn versions(&self) -> impl Iterator<Item = &Name> {
        self.versions.iter()
    }

    /// Draws the part of the traces that the run of a seed is made of.
    ///
    /// Returns `None` if no trace has a message.
    pub(crate) fn draw(&self, seed: u64) -> Option<Part<S>> {
        // The numbers come from a generator of their own: the schedule of the run draws from the seed itself.
        let mut rng = Rng::of_seed(!Rng::of_seed(!seed).bits());
        let trace = self.traces.get(rng.place(self.traces.len()))?;
        let places = part::draw(trace, self.options, &mut rng);
        let (first, last) = (*places.first()?, *places.last()?);
        let keys: BTreeSet<_> = places.iter().flat_map(|place| trace.index.keys_of(*place)).collect();
        Some(Part {
            openings: keys.into_iter().filter_map(|key| trace.openings.get(key)).cloned().collect(),
            complete: trace.complete,
            origin: Origin { trace: trace.name.clone(), events: (trace.numbers[first], trace.numbers[last]) },
            messages: disorder::draw(trace, &places, self.positioned, &mut rng),
        })
    }
}
