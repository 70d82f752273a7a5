//! A schedule that chooses as a trace says, and needs no random numbers.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use afresh_core::{At, Body, Event, EventNumber, Fault, Message, Name, Passage, Stimulus, What};

use super::{Act, Choice, Law, Schedule};
use crate::world::{Impossible, Node, NodeId, Pending, PendingId, Posted, UnderWay, Void, World};

/// The reason why an event of a trace cannot happen in a replay as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The message that the event names is not in flight.
    #[error("no such message is in flight")]
    NoMessage,
    /// The timer that the event names is not set.
    #[error("no such timer is set")]
    NoTimer,
    /// The world has no node with this name.
    #[error("there is no node `{0}`")]
    NoNode(Name),
    /// The event is of a kind that does not exist in worlds of nodes, such as a knob.
    #[error("this kind of event does not exist in a world of nodes")]
    NotOfWorlds,
    /// The cause sent a different message than recorded: between other nodes, or at another index between them.
    #[error("the message is a different one: from `{from}` to `{to}`, number {occurrence} between the two")]
    Another {
        /// The node that sent the message.
        from: Name,
        /// The node that receives the message.
        to: Name,
        /// The index of the message among all messages from the one node to the other.
        occurrence: u32,
    },
    /// The content of the message is not the one that was recorded.
    #[error("the content of the message is {0}")]
    Content(String),
    /// The run had ended before this event.
    #[error("the run ended before this event")]
    Over,
    /// The calm phase, which follows from the events before it, continues with another event.
    #[error("the calm phase continues in another way")]
    Calm,
    /// The world refused the event.
    #[error("{0}")]
    Refused(#[from] Impossible),
}

/// A schedule that repeats the stimuli of a trace, one after the other.
///
/// The trace names a message or a timer by its *cause*, which is the event that sent the message or set the timer. The
/// cause may be gone, because the trace was edited or the code has changed. Then a tolerant replay uses the message
/// with the same index among all messages between the same two nodes, or the first timer with the same name.
///
/// A tolerant replay skips and counts the events that still do not fit, and counts the messages whose content is
/// another than recorded. A strict replay ends at the first event that does not fit.
#[derive(Debug)]
pub struct Replay<I> {
    steps: VecDeque<Step<I>>,
    strict: bool,
    /// The messages in flight, by the event that sent them and the index among the messages of that event.
    ///
    /// A message that was duplicated has several entries.
    messages: BTreeMap<(u32, u32), Vec<Flight>>,
    /// The number of messages sent so far from one node to another.
    sent: BTreeMap<(NodeId, NodeId), u32>,
    /// The timers that are set, by their node and their name.
    timers: BTreeMap<(NodeId, Name), Vec<Set>>,
    /// The number of events that did not fit.
    skipped: u64,
    /// The number of messages that had another content than recorded, and were delivered or lost all the same.
    changed: u64,
    /// The number of the first event that did not fit, and the reason.
    first: Option<(u32, Unfit)>,
    /// The number of the current event of the trace.
    current: u32,
    /// Whether the next event is one that the trace does not have: the replay delivers a message that it leaves out.
    adds: bool,
    /// The law of the network, if the run has to keep one.
    law: Option<Law>,
    /// The reason why the run is void, if it has broken the law of the network.
    void: Option<Void>,
    /// Called with the number of each event before it happens, and with `None` when there are no more.
    tell: Listener,
}

/// A function that learns the number of each event. It exists because a function alone has no `Debug`.
struct Listener(Arc<dyn Fn(Option<u64>) + Send + Sync>);

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

/// An event of the trace that the replay has still to repeat.
#[derive(Clone, Debug)]
struct Step<I> {
    number: u32,
    cause: u32,
    at: i64,
    stimulus: Stimulus<Posted<I>, ()>,
}

/// A message in flight during a replay.
#[derive(Clone, Copy, Debug)]
struct Flight {
    id: PendingId,
    from: NodeId,
    to: NodeId,
    occurrence: u32,
}

/// A timer that is set during a replay.
#[derive(Clone, Copy, Debug)]
struct Set {
    id: PendingId,
    cause: u32,
    due: i64,
}

impl<I: Body> Replay<I> {
    /// Creates a replay that ends at the first event that does not fit the run.
    pub fn strict<'e>(events: impl IntoIterator<Item = &'e Event<Posted<I>, (), ()>>) -> Self
    where
        I: 'e,
    {
        Self::new(events, true)
    }

    /// Creates a replay that skips the events that do not fit the run.
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
            changed: 0,
            first: None,
            current: 0,
            adds: false,
            law: None,
            void: None,
            tell: Listener(Arc::new(|_| ())),
        }
    }

    /// Makes the replay keep the law of the network: a run that breaks it ends there, and is void.
    pub(crate) fn under(self, law: Option<Law>) -> Self {
        Self { law, ..self }
    }

    /// Returns the reason why the run is void, if it has broken the law of the network.
    pub(crate) fn void(&self) -> Option<&Void> {
        self.void.as_ref()
    }

    /// The number that the trace gives to the event that happens now; `None` if the trace does not have it.
    pub(crate) fn current(&self) -> Option<u32> {
        (!self.adds).then_some(self.current)
    }

    /// Makes the replay call `tell` with the number of each event before it happens, and with `None` at the end.
    pub(crate) fn telling(self, tell: Arc<dyn Fn(Option<u64>) + Send + Sync>) -> Self {
        Self { tell: Listener(tell), ..self }
    }

    /// The number of events that did not fit the run so far.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// The number of messages so far that had another content than recorded.
    #[must_use]
    pub fn changed(&self) -> u64 {
        self.changed
    }

    /// The number of the first event that did not fit the run, and the reason, if there is one.
    ///
    /// If the run ended before the trace did, this is the first event that is left.
    #[must_use]
    pub fn first_unfit(&self) -> Option<(u32, Unfit)> {
        let left = self.steps.front().map(|step| (step.number, Unfit::Over));
        self.first.clone().or(left)
    }

    fn does_not_fit(&mut self, why: Unfit) {
        self.skipped += 1;
        self.first.get_or_insert((self.current, why));
    }

    /// Returns the act that repeats an event of the trace, or the reason why there is none.
    fn act<N: Node<Input = I>>(&mut self, world: &World<N>, step: &Step<I>) -> Result<Act<I>, Unfit> {
        match &step.stimulus {
            Stimulus::In(Message { body: Some(Posted { to, input }), .. }) => {
                Ok(Act::Input(Box::new((node(world, to)?, input.clone()))))
            }
            Stimulus::Deliver(passage) => self.arrival(world, step.cause, passage).map(Act::Deliver),
            Stimulus::Drop(passage) => self.arrival(world, step.cause, passage).map(Act::Drop),
            Stimulus::Timer(timer) => {
                let node = node(world, &timer.node)?;
                self.timer(world, step.cause, node, &timer.name).map(Act::Fire).ok_or(Unfit::NoTimer)
            }
            Stimulus::Fault(fault) => match &**fault {
                Fault::Duplicate(passage) => self.message(world, step.cause, passage, false).map(Act::Duplicate),
                fault => Ok(Act::Fault(Box::new(fault.clone()))),
            },
            Stimulus::In(_) | Stimulus::Unreadable(_) | Stimulus::Opening(_) | Stimulus::Knob(_) => {
                Err(Unfit::NotOfWorlds)
            }
        }
    }

    /// Finds the message that is about to be delivered or lost, and compares its content with the recorded one.
    fn arrival<N: Node>(&mut self, world: &World<N>, cause: u32, passage: &Passage) -> Result<PendingId, Unfit> {
        let id = self.message(world, cause, passage, true)?;
        if let (Some(recorded), Some(UnderWay::Message(message))) =
            (&passage.content, world.get(id).map(|pending| pending.what))
        {
            let now = format!("{message:?}");
            if now != *recorded {
                if self.strict {
                    return Err(Unfit::Content(now));
                }
                self.changed += 1;
                self.first.get_or_insert((self.current, Unfit::Content(now)));
            }
        }
        Ok(id)
    }

    /// Finds the message in flight that `passage` names.
    ///
    /// With `take`, the message is about to be delivered or lost, so the replay forgets it.
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

    /// Finds the timer with this name that `cause` has set.
    ///
    /// If there is none, a tolerant replay uses the timer with this name that is due first.
    fn timer<N: Node>(&mut self, world: &World<N>, cause: u32, node: NodeId, name: &Name) -> Option<PendingId> {
        let set = self.timers.get_mut(&(node, name.clone()))?;
        // A crash of its node removes a timer from the world, but not from this list.
        set.retain(|timer| world.get(timer.id).is_some());
        let strict = self.strict;
        let place = (0..set.len()).filter(|place| set[*place].cause == cause || !strict);
        let place = place.min_by_key(|place| (set[*place].cause != cause, set[*place].due, set[*place].id))?;
        Some(set.remove(place).id)
    }
}

impl<I: Body> Replay<I> {
    /// Ends the run because it breaks the law of the network: the assumption with this name.
    fn breaks<N: Node>(&mut self, world: &World<N>, assumption: &'static str, id: PendingId, what: &str) {
        let Some(pending) = world.get(id) else { return };
        let name = |id: NodeId| world.names().get(id.place()).cloned().unwrap_or_default();
        let found = format!("a message from {} to {} {what}", name(pending.from), name(pending.to));
        let event = EventNumber::new(self.current).unwrap_or(EventNumber::MIN);
        self.void = Some(Void { assumption, event, found });
    }

    /// Returns the delivery of a message that must have arrived before the event of `step`, or ends the run.
    fn overdue<N: Node<Input = I>>(&mut self, world: &World<N>, step: &Step<I>) -> Option<Choice<I>> {
        let law = self.law.as_mut()?;
        let (due, id) = law.overdue(world, step.at.max(world.now()))?;
        if !law.completes {
            self.breaks(world, DELIVERS, id, "is not delivered in time");
            return None;
        }
        for copies in self.messages.values_mut() {
            copies.retain(|flight| flight.id != id);
        }
        self.messages.retain(|_, copies| !copies.is_empty());
        Some(Act::Deliver(id).at(due.max(world.now())))
    }

    /// Returns the time at which `act` happens, at `at` or later, and ends the run if the network cannot do what `act`
    /// says.
    fn look_at<N: Node<Input = I>>(&mut self, world: &World<N>, act: &Act<I>, at: i64) -> i64 {
        let (Act::Deliver(id) | Act::Drop(id) | Act::Duplicate(id)) = act else { return at };
        let (Some(law), Some(pending)) = (&mut self.law, world.get(*id)) else { return at };
        match act {
            Act::Deliver(_) => {
                // A simplified trace may say no time, or one that is too early.
                let (earliest, latest) = law.times(*id);
                let at = at.max(earliest);
                if at.max(world.now()) > latest && !law.completes {
                    self.breaks(world, DELIVERS, *id, "is delivered too late");
                }
                return at;
            }
            Act::Drop(id) if !law.can_lose(world, pending.from, pending.to) => {
                self.breaks(world, DELIVERS, *id, "is lost");
            }
            Act::Duplicate(id) if !law.can_duplicate(pending.from, pending.to) => {
                self.breaks(world, "network-duplicates-nothing", *id, "is duplicated");
            }
            _ => {}
        }
        at
    }
}

/// The assumption of a world whose network loses no messages.
const DELIVERS: &str = "network-delivers";

fn node<N: Node>(world: &World<N>, name: &Name) -> Result<NodeId, Unfit> {
    world.id(name).ok_or_else(|| Unfit::NoNode(name.clone()))
}

impl<N: Node> Schedule<N> for Replay<N::Input> {
    fn next(&mut self, world: &World<N>) -> Option<Choice<N::Input>> {
        while !(self.strict && self.first.is_some())
            && let Some(step) = self.steps.pop_front()
        {
            self.current = step.number;
            self.adds = false;
            if let Some(choice) = self.overdue(world, &step) {
                self.adds = true;
                self.steps.push_front(step);
                return Some(choice);
            }
            let act = if self.void.is_none() { self.act(world, &step) } else { break };
            let at = act.as_ref().map_or(step.at, |act| self.look_at(world, act, step.at));
            if matches!(&act, Ok(Act::Fault(fault)) if **fault == Fault::Calm) {
                // What follows in the trace is the calm phase, which no trace chooses.
                self.steps.clear();
            }
            match act {
                _ if self.void.is_some() => break,
                Ok(act) => {
                    (self.tell.0)(Some(step.number.into()));
                    return Some(Choice { at, number: step.number, act });
                }
                Err(why) => self.does_not_fit(why),
            }
        }
        (self.tell.0)(None);
        None
    }

    fn refused(&mut self, why: Impossible) {
        self.does_not_fit(why.into());
    }

    fn sent(&mut self, at: i64, message: Pending<'_, N>) {
        if let Some(law) = &mut self.law {
            law.sent(at, &message);
        }
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
