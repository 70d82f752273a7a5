//! Chooses as a trace says. There is no generator in reach of it.

use std::collections::{BTreeMap, VecDeque};

use afresh_core::{At, Body, Event, Fault, Message, Name, Passage, Stimulus, What};

use super::{Act, Choice, Schedule};
use crate::world::{Impossible, Node, NodeId, Pending, PendingId, Posted, UnderWay, World};

/// Why an event of a trace does not fit the run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// No such message is under way.
    #[error("no such message is under way")]
    NoMessage,
    /// No such timer is set.
    #[error("no such timer is set")]
    NoTimer,
    /// There is no node of this name.
    #[error("there is no node `{0}`")]
    NoNode(Name),
    /// The event is of no kind that happens in a world.
    #[error("nothing of this kind happens in a world")]
    NotOfWorlds,
    /// It is a message of another link than the trace says.
    #[error("the message is another: from `{from}` to `{to}`, number {occurrence} between the two")]
    Another {
        /// Who sent it.
        from: Name,
        /// Whom it is for.
        to: Name,
        /// Which of the messages between the two it is.
        occurrence: u32,
    },
    /// The run was over before it.
    #[error("the run was over before it")]
    Over,
    /// The world refuses.
    #[error("{0}")]
    Refused(#[from] Impossible),
}

/// The stimuli of a trace, one after the other.
///
/// A message is the one that the event's cause sent; a timer, the one that it set under that name. Where there is none, since
/// the trace was edited or the code has moved on, a tolerant replay takes the one with the same place among those between
/// the same nodes, or the first timer of that name. What fits nothing is skipped, and counted. A strict replay ends with the
/// first event that does not fit.
#[derive(Debug)]
pub struct Replay<I> {
    steps: VecDeque<Step<I>>,
    strict: bool,
    messages: BTreeMap<(u32, u32), Vec<Flight>>,
    /// How many messages were sent from one node to another.
    sent: BTreeMap<(NodeId, NodeId), u32>,
    timers: BTreeMap<(NodeId, Name), Vec<Set>>,
    skipped: u64,
    first: Option<(u32, Unfit)>,
    current: u32,
    /// Told of each event before it happens, and of none when there are no more.
    tell: fn(Option<u64>),
}

/// An event of the trace.
#[derive(Clone, Debug)]
struct Step<I> {
    number: u32,
    cause: u32,
    at: i64,
    stimulus: Stimulus<Posted<I>, ()>,
}

/// A message under way.
#[derive(Clone, Copy, Debug)]
struct Flight {
    id: PendingId,
    from: NodeId,
    to: NodeId,
    occurrence: u32,
}

/// A timer that is set.
#[derive(Clone, Copy, Debug)]
struct Set {
    id: PendingId,
    cause: u32,
    due: i64,
}

impl<I: Body> Replay<I> {
    /// A replay of these events, every one of which must fit.
    pub fn strict<'e>(events: impl IntoIterator<Item = &'e Event<Posted<I>, (), ()>>) -> Self
    where
        I: 'e,
    {
        Self::new(events, true)
    }

    /// A replay of those of these events that fit.
    pub fn tolerant<'e>(events: impl IntoIterator<Item = &'e Event<Posted<I>, (), ()>>) -> Self
    where
        I: 'e,
    {
        Self::new(events, false)
    }

    fn new<'e>(events: impl IntoIterator<Item = &'e Event<Posted<I>, (), ()>>, strict: bool) -> Self
    where
        I: 'e,
    {
        let steps = events.into_iter().filter_map(|event| {
            let What::Stimulus(stimulus) = &event.what else { return None };
            let at = if let Some(At::Offset(at)) = event.at { at } else { 0 };
            let cause = event.cause.map_or(0, |cause| cause.get());
            Some(Step { number: event.number.get(), cause, at, stimulus: stimulus.clone() })
        });
        Self {
            steps: steps.collect(),
            strict,
            messages: BTreeMap::new(),
            sent: BTreeMap::new(),
            timers: BTreeMap::new(),
            skipped: 0,
            first: None,
            current: 0,
            tell: |_| (),
        }
    }

    /// The same, which tells `tell` of each event before it happens, and of none when there are no more.
    pub(crate) fn telling(self, tell: fn(Option<u64>)) -> Self {
        Self { tell, ..self }
    }

    /// How many events did not fit.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// The number of the first event that did not fit, and why.
    #[must_use]
    pub fn first_unfit(&self) -> Option<(u32, Unfit)> {
        let left = self.steps.front().map(|step| (step.number, Unfit::Over));
        self.first.clone().or(left)
    }

    fn does_not_fit(&mut self, why: Unfit) {
        self.skipped += 1;
        self.first.get_or_insert((self.current, why));
    }

    fn act<N: Node<Input = I>>(&mut self, world: &World<N>, step: &Step<I>) -> Result<Act<I>, Unfit> {
        match &step.stimulus {
            Stimulus::In(Message { body: Some(Posted { to, input }), .. }) => {
                Ok(Act::Input(Box::new((node(world, to)?, input.clone()))))
            }
            Stimulus::Deliver(passage) => self.message(world, step.cause, passage, true).map(Act::Deliver),
            Stimulus::Drop(passage) => self.message(world, step.cause, passage, true).map(Act::Drop),
            Stimulus::Timer(timer) => {
                let node = node(world, &timer.node)?;
                self.timer(world, step.cause, node, &timer.name).map(Act::Fire).ok_or(Unfit::NoTimer)
            }
            Stimulus::Fault(fault) => match &**fault {
                Fault::Duplicate(passage) => self.message(world, step.cause, passage, false).map(Act::Duplicate),
                fault => Ok(Act::Fault(Box::new(fault.clone()))),
            },
            Stimulus::In(_) | Stimulus::Opening(_) | Stimulus::Knob(_) => Err(Unfit::NotOfWorlds),
        }
    }

    /// The message of `passage`, which is not under way any more where it is to be taken.
    fn message<N: Node>(
        &mut self,
        world: &World<N>,
        cause: u32,
        passage: &Passage,
        take: bool,
    ) -> Result<PendingId, Unfit> {
        let (from, to) = (node(world, &passage.from)?, node(world, &passage.to)?);
        let key = (cause, passage.ordinal);
        let named = self.messages.get(&key).and_then(|copies| copies.first());
        let is_it = |flight: &Flight| (flight.from, flight.to) == (from, to);
        let key = match named {
            Some(flight) if is_it(flight) && (!self.strict || flight.occurrence == passage.occurrence) => key,
            Some(flight) if self.strict => {
                let name = |id: NodeId| world.names().get(id.place()).cloned().unwrap_or_default();
                let occurrence = flight.occurrence;
                return Err(Unfit::Another { from: name(flight.from), to: name(flight.to), occurrence });
            }
            None if self.strict => return Err(Unfit::NoMessage),
            _ => {
                let same = |copies: &Vec<Flight>| {
                    copies.first().is_some_and(|flight| is_it(flight) && flight.occurrence == passage.occurrence)
                };
                *self.messages.iter().find(|(_, copies)| same(copies)).ok_or(Unfit::NoMessage)?.0
            }
        };
        let Some(copies) = self.messages.get_mut(&key) else { return Err(Unfit::NoMessage) };
        let id = copies[0].id;
        if take {
            copies.remove(0);
            if copies.is_empty() {
                self.messages.remove(&key);
            }
        }
        Ok(id)
    }

    /// The timer of this name that the cause has set; else the first of this name.
    fn timer<N: Node>(&mut self, world: &World<N>, cause: u32, node: NodeId, name: &Name) -> Option<PendingId> {
        let set = self.timers.get_mut(&(node, name.clone()))?;
        // Those of a node that crashed are gone.
        set.retain(|timer| world.get(timer.id).is_some());
        let strict = self.strict;
        let place = (0..set.len()).filter(|place| set[*place].cause == cause || !strict);
        let place = place.min_by_key(|place| (set[*place].cause != cause, set[*place].due, set[*place].id))?;
        Some(set.remove(place).id)
    }
}

fn node<N: Node>(world: &World<N>, name: &Name) -> Result<NodeId, Unfit> {
    world.id(name).ok_or_else(|| Unfit::NoNode(name.clone()))
}

impl<N: Node> Schedule<N> for Replay<N::Input> {
    fn next(&mut self, world: &World<N>) -> Option<Choice<N::Input>> {
        while !(self.strict && self.first.is_some())
            && let Some(step) = self.steps.pop_front()
        {
            self.current = step.number;
            match self.act(world, &step) {
                Ok(act) => {
                    (self.tell)(Some(step.number.into()));
                    return Some(Choice { at: step.at, number: step.number, act });
                }
                Err(why) => self.does_not_fit(why),
            }
        }
        (self.tell)(None);
        None
    }

    fn refused(&mut self, why: Impossible) {
        self.does_not_fit(why.into());
    }

    fn sent(&mut self, _: i64, message: Pending<'_, N>) {
        let Pending { id, from, to, cause, ordinal, .. } = message;
        let copies = self.messages.entry((cause, ordinal)).or_default();
        let occurrence = copies.first().map(|copy| copy.occurrence).unwrap_or_else(|| {
            let sent = self.sent.entry((from, to)).or_default();
            *sent += 1;
            *sent - 1
        });
        copies.push(Flight { id, from, to, occurrence });
    }

    fn set(&mut self, due: i64, timer: Pending<'_, N>) {
        let UnderWay::Timer { timer: what, .. } = timer.what else { return };
        let name = format!("{what:?}").into();
        let set = Set { id: timer.id, cause: timer.cause, due };
        self.timers.entry((timer.to, name)).or_default().push(set);
    }
}
