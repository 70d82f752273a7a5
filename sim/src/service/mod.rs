//! A system as a service: upstreams that send until they are heard, a host with a journal, and receivers downstream.
//!
//! ```text
//! upstreams ──at least once──► engine on a host ──until settled──► receivers
//!                                  │ journal                        one idempotent, one naive
//!                                  ▼
//!                                trace
//! ```
//!
//! What the journal of the host says when a run is over is its trace, and there is no other record. So it holds what reached
//! the host: a message that is lost on its way, or with a crash before it was journaled, is nowhere in it until it is sent
//! again; one that is late or doubled simply comes in late or twice. Upstreams and receivers are the world around it, which
//! its record replaces when the trace is run again.
//!
//! A run has two phases. While faults last, messages are lost, doubled and overtaken, the host crashes, caches are damaged and
//! operators turn knobs. Then all of that ends, an operator has everything scrubbed, and the service must come to rest:
//! every upstream heard, every output settled, and the idempotent receiver holding what was sent last.

mod downstream;
mod rates;
mod run;

use std::collections::BTreeMap;

use afresh_core::{Engine, EventNumber, Message, Name, System};

use crate::explore;
use crate::format::EventOf;
pub(crate) use run::Service;

/// The name of the node that the engine runs on.
pub(crate) const NODE: &str = "app";

/// What is told of every stimulus before the host takes it.
pub(crate) type Tell<'t, S> = &'t mut dyn FnMut(&EventOf<S>);

/// What one run is given.
pub(crate) struct Given<'g, S: System> {
    /// The system that is deployed.
    pub(crate) system: &'g S,
    /// What the upstreams send, in order.
    pub(crate) messages: Vec<Message<S::In>>,
    /// The flows that operators may turn on.
    pub(crate) flows: &'g [Name],
    /// What all chance is drawn from.
    pub(crate) seed: u64,
}

/// A run that is over.
pub(crate) struct Ran<S: System> {
    /// The host, with its journal.
    pub(crate) engine: Engine<S>,
    /// The causes of what happened to outputs, which the journal does not say.
    pub(crate) causes: BTreeMap<EventNumber, EventNumber>,
    /// Where it did not come to rest: the part, and what was found.
    pub(crate) restless: Option<(&'static str, String)>,
    /// What was counted.
    pub(crate) counts: Counts,
}

/// What was counted in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Messages that upstreams had to send.
    pub(crate) messages: u64,
    /// Messages that reached the host, doubles included.
    pub(crate) arrived: u64,
    /// Outputs that reached a receiver.
    pub(crate) delivered: u64,
    /// Those of them that told an idempotent receiver nothing new, and that a naive one counts all the same.
    pub(crate) repeated: u64,
    /// Faults of all kinds.
    pub(crate) faults: u64,
    /// Knobs that operators turned.
    pub(crate) knobs: u64,
}

impl From<Counts> for explore::Counts {
    fn from(counts: Counts) -> Self {
        let Counts { messages, arrived, delivered, repeated, faults, knobs } = counts;
        Self::new([
            ("messages", messages),
            ("arrived", arrived),
            ("delivered", delivered),
            ("repeated", repeated),
            ("faults", faults),
            ("knobs", knobs),
        ])
    }
}

impl<S: System> Ran<S> {
    /// The trace of the run.
    pub(crate) fn events(&self) -> impl Iterator<Item = EventOf<S>> {
        self.engine.journal().events().map(|event| EventOf::<S> {
            cause: event.cause.or_else(|| self.causes.get(&event.number).copied()),
            ..event.clone()
        })
    }
}
