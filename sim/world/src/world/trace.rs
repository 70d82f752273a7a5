//! A world's record as a trace, in the one vocabulary that all traces have.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use afresh_core::{At, Body, Event, EventNumber, Fault, Header, Message, Name, Passage, Stimulus, Timer, Types, What};
use serde::{Deserialize, Deserializer, Serialize};

use super::World;
use super::node::{Node, NodeId};
use super::record::{Happened, HappenedKind};
use afresh_trace::format::{EventOf, TraceOf};

/// What comes into a world from outside, as the body of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "I: serde::de::DeserializeOwned"))]
pub struct Posted<I> {
    /// The node that it is for.
    pub to: Name,
    /// What it is.
    pub input: I,
}

/// The types of the traces of worlds whose nodes have this input.
#[derive(Clone, Copy, Debug)]
pub struct Vocabulary<I>(PhantomData<fn() -> I>);

/// An event of a trace of a world of such nodes.
pub type WorldEvent<N> = EventOf<Vocabulary<<N as Node>::Input>>;

/// A trace of a world of such nodes.
pub type WorldTrace<N> = TraceOf<Vocabulary<<N as Node>::Input>>;

impl<I> Vocabulary<I> {
    /// Its only value.
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

/// The sender of what comes from outside.
const OUTSIDE: &str = "outside";

impl<N: Node> World<N> {
    /// What happened so far, as a trace of a system of this name. What happens in calm is not in it: it follows.
    #[must_use]
    pub fn trace(&self, system: impl Into<String>) -> WorldTrace<N> {
        let occurrences = Occurrences::of(self);
        let mut timers = self.record.timers.iter();
        let last = self.calm_since.unwrap_or(u32::MAX);
        let chosen = self.record.events.iter().take_while(|happened| happened.number <= last);
        let events = chosen.filter_map(|happened| {
            let timer = if happened.kind == HappenedKind::Timer { timers.next() } else { None };
            self.event(happened, || occurrences.number(happened), timer)
        });
        WorldTrace::<N> { header: Header::complete(system), events: events.collect() }
    }

    /// What happened, as an event of a trace: with which of the messages between its nodes it is about, or what the timer was
    /// for.
    pub(crate) fn event(
        &self,
        happened: &Happened,
        occurrence: impl Fn() -> u32,
        timer: Option<&N::Timer>,
    ) -> Option<WorldEvent<N>> {
        let Happened { at, number, cause, ordinal, from, to, kind } = *happened;
        let name = |id: NodeId| self.names.get(id.place()).cloned().unwrap_or_default();
        let passage = || Passage { ordinal, from: name(from), to: name(to), occurrence: occurrence() };
        let stimulus = match kind {
            HappenedKind::Deliver => Stimulus::Deliver(Box::new(passage())),
            HappenedKind::Drop => Stimulus::Drop(Box::new(passage())),
            HappenedKind::Duplicate => Stimulus::Fault(Box::new(Fault::Duplicate(passage()))),
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

    /// What the timer was for that went off last.
    pub(crate) fn last_timer(&self) -> Option<&N::Timer> {
        self.record.timers.last()
    }
}

/// Which of the messages between two nodes each message is. Nothing counts them while the world runs: every message that
/// was sent has arrived, was lost, or is still under way.
struct Occurrences(BTreeMap<(NodeId, NodeId), Vec<(u32, u32)>>);

impl Occurrences {
    fn of<N: Node>(world: &World<N>) -> Self {
        let mut links: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let gone = world.record.events.iter().filter(|happened| is_passage(happened.kind));
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

fn is_passage(kind: HappenedKind) -> bool {
    matches!(kind, HappenedKind::Deliver | HappenedKind::Drop | HappenedKind::Duplicate)
}
