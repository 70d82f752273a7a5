//! The conversion of the record of a world into a trace.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use afresh_core::{At, Body, Event, EventNumber, Fault, Header, Message, Name, Passage, Stimulus, Timer, Types, What};
use afresh_trace::format::{EventOf, TraceOf};
use serde::{Deserialize, Deserializer, Serialize};

use super::World;
use super::node::{Node, NodeId};
use super::record::{Happened, HappenedKind};

/// An input to a node from outside, in the form in which a trace records it: as the body of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "I: serde::de::DeserializeOwned"))]
pub struct Posted<I> {
    /// The node that receives the input.
    pub to: Name,
    /// The input itself.
    pub input: I,
}

/// The types that a trace of a world uses, where `I` is the input of its nodes. It is needed to read such a trace.
#[derive(Clone, Copy, Debug)]
pub struct Vocabulary<I>(PhantomData<fn() -> I>);

/// An event in a trace of a world of nodes of type `N`.
pub type WorldEvent<N> = EventOf<Vocabulary<<N as Node>::Input>>;

/// A trace of a world of nodes of type `N`.
pub type WorldTrace<N> = TraceOf<Vocabulary<<N as Node>::Input>>;

impl<I> Vocabulary<I> {
    /// Creates the vocabulary, which holds no data.
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<I> Default for Vocabulary<I> {
    fn default() -> Self {
        Self::new()
    }
}

impl<I: Body> Types for Vocabulary<I> {
    type In = Posted<I>;
    type Out = ();
    type View = ();

    fn read_in<'de, D: Deserializer<'de>>(&self, _: &str, body: D) -> Result<Posted<I>, D::Error> {
        Posted::deserialize(body)
    }
}

/// The sender that traces give for an input from outside.
const OUTSIDE: &str = "outside";

impl<N: Node> World<N> {
    /// Returns the events so far as a trace, with `system` as the name in its header.
    ///
    /// The trace ends where the calm phase begins. The events of the calm phase follow from those before it, so they do
    /// not have to be recorded.
    #[must_use]
    pub fn trace(&self, system: impl Into<String>) -> WorldTrace<N> {
        self.trace_until(system, self.calm_since.unwrap_or(u32::MAX))
    }

    /// Returns the events up to the one with the number `last` as a trace.
    pub(crate) fn trace_until(&self, system: impl Into<String>, last: u32) -> WorldTrace<N> {
        let occurrences = Occurrences::of(self);
        let mut timers = self.record.timers.iter();
        let chosen = self.record.events_and_messages().take_while(|(happened, _)| happened.number <= last);
        let events = chosen.filter_map(|(happened, message)| {
            let timer = if happened.kind == HappenedKind::Timer { timers.next() } else { None };
            self.event(happened, || occurrences.number(happened), timer, message)
        });
        WorldTrace::<N> { header: Header::complete(system), events: events.collect() }
    }

    /// Returns the events of the calm phase, which began with the event `since`, as events of a trace.
    pub(crate) fn events_of_calm(&self, since: u32) -> impl Iterator<Item = WorldEvent<N>> {
        let occurrences = Occurrences::of(self);
        let mut timers = self.record.timers.iter();
        self.record.events_and_messages().filter_map(move |(happened, message)| {
            let timer = if happened.kind == HappenedKind::Timer { timers.next() } else { None };
            (happened.number > since).then(|| self.event(happened, || occurrences.number(happened), timer, message))?
        })
    }

    /// Converts an entry of the record into an event of a trace.
    ///
    /// `occurrence` gives the index of the message among all those between its two nodes, and `message` is the message.
    /// `timer` is the purpose of the timer. Returns `None` if the entry names an input or a fault that the record does
    /// not have.
    pub(crate) fn event(
        &self,
        happened: &Happened,
        occurrence: impl Fn() -> u32,
        timer: Option<&N::Timer>,
        message: Option<&N::Message>,
    ) -> Option<WorldEvent<N>> {
        let Happened { at, number, cause, ordinal, from, to, kind } = *happened;
        let name = |id: NodeId| self.names.get(id.place()).cloned().unwrap_or_default();
        let passage = |message: Option<&N::Message>| {
            let content = message.map(|message| format!("{message:?}"));
            Passage { ordinal, from: name(from), to: name(to), occurrence: occurrence(), content }
        };
        let stimulus = match kind {
            HappenedKind::Deliver => Stimulus::Deliver(Box::new(passage(message))),
            HappenedKind::Drop => Stimulus::Drop(Box::new(passage(message))),
            // The copy is in the trace when it is delivered or lost.
            HappenedKind::Duplicate => Stimulus::Fault(Box::new(Fault::Duplicate(passage(None)))),
            HappenedKind::Timer => {
                let timer = timer.map(|timer| format!("{timer:?}").into()).unwrap_or_default();
                Stimulus::Timer(Box::new(Timer { node: name(to), name: timer }))
            }
            HappenedKind::Input => {
                let input = self.record.inputs.get(ordinal as usize)?.clone();
                let body = Posted { to: name(to), input };
                Stimulus::In(Message::new(OUTSIDE, format!("i-{}", ordinal + 1), body))
            }
            HappenedKind::Fault => Stimulus::Fault(Box::new(self.record.faults.get(ordinal as usize)?.clone())),
        };
        let number = EventNumber::new(number)?;
        let (cause, at) = (EventNumber::new(cause), Some(At::Offset(at)));
        Some(Event { number, cause, at, what: What::Stimulus(stimulus) })
    }

    /// The purpose of the timer that went off last.
    pub(crate) fn last_timer(&self) -> Option<&N::Timer> {
        self.record.timers.last()
    }

    /// The message that was delivered, lost or duplicated last, if messages are kept.
    pub(crate) fn last_message(&self) -> Option<&N::Message> {
        self.record.messages.as_ref()?.last()
    }
}

/// The index of each message among all the messages from one node to another, in the order in which they were sent.
///
/// Counting while the world runs would cost time in every run. Instead, the messages are collected afterwards, for a
/// trace: each message that was sent was delivered, was lost, or is still in flight.
struct Occurrences(BTreeMap<(NodeId, NodeId), Vec<(u32, u32)>>);

impl Occurrences {
    fn of<N: Node>(world: &World<N>) -> Self {
        let mut links: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let gone = world.record.events.iter().filter(|happened| happened.kind.is_passage());
        let gone = gone.map(|happened| (happened.from, happened.to, happened.cause, happened.ordinal));
        let under_way = world.slab.iter().filter(|pending| pending.is_message());
        let under_way = under_way.map(|pending| (pending.from, pending.to, pending.cause, pending.ordinal));
        for (from, to, cause, ordinal) in gone.chain(under_way) {
            links.entry((from, to)).or_default().push((cause, ordinal));
        }
        for messages in links.values_mut() {
            messages.sort_unstable();
            messages.dedup();
        }
        Self(links)
    }

    fn number(&self, happened: &Happened) -> u32 {
        let messages = self.0.get(&(happened.from, happened.to)).map(Vec::as_slice).unwrap_or_default();
        messages.partition_point(|message| *message < (happened.cause, happened.ordinal)) as u32
    }
}
