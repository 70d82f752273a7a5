//! Worlds: nodes, the messages between them, and everything that can go wrong with both.
//!
//! A [`World`] holds the nodes, the simulated time, the messages in flight and the timers. It makes no choices itself.
//! A [schedule](Schedule) decides what happens next, one [`Choice`] at a time. Each choice that the world carries out
//! is an event, and the record of these events is enough to repeat the run.

mod ask;
mod assumption;
mod disk;
mod effects;
mod faults;
mod network;
mod node;
mod pending;
mod property;
mod record;
mod schedule;
mod trace;

use std::ops::ControlFlow;

use afresh_core::Name;

use disk::Disk;
use effects::Effect;
use network::Cuts;
use pending::{Slab, Slot};
use record::Record;

pub use assumption::{Assumption, Void};
pub use disk::Log;
pub use effects::{Effects, StorageError};
pub use node::{Node, NodeId};
pub use pending::{Pending, PendingId, UnderWay};
pub use property::WorldProperty;
pub(crate) use property::{View, Watch};
pub use record::{Happened, HappenedKind, digest_of};
pub use schedule::{Act, ByHand, Choice, Schedule};
pub use trace::{Posted, Vocabulary, WorldEvent, WorldTrace};

/// A simulated world: nodes, time, messages in flight, timers, network, storage, and the record of what happened.
pub struct World<N: Node> {
    names: Vec<Name>,
    build: Box<dyn Fn(NodeId) -> N>,
    machines: Vec<Machine<N>>,
    /// The messages in flight and the timers that are set.
    slab: Slab<N>,
    cuts: Cuts,
    effects: Effects<N>,
    now: i64,
    /// The number of the last event.
    number: u32,
    delivered: u64,
    /// The number of times that a fault began or ended, or that a node stopped itself.
    changes: u32,
    /// The number of the event that began the calm phase, if it has begun.
    calm_since: Option<u32>,
    record: Record<N>,
}

/// A node with the simulated machine that it runs on: its clock, its storage, and its current faults.
struct Machine<N: Node> {
    node: N,
    /// The reasons why nothing can happen to the node at present.
    blocked: Blocked,
    /// The error of the node's clock, in nanoseconds; positive if the clock is ahead.
    skew: i64,
    disk: Disk<N::Record>,
    /// The effects that wait until the slow storage of the node has synced.
    held: Vec<Effect<N>>,
}

/// The reasons why nothing can happen to a node at present. If none is set, the node works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Blocked {
    crashed: bool,
    paused: bool,
    syncing: bool,
}

impl Blocked {
    const NOT: Self = Self { crashed: false, paused: false, syncing: false };
}

/// The reason why the world refused a choice of the schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Impossible {
    /// The message is not in flight any more, or the timer is not set any more.
    #[error("the message is not in flight, or the timer is not set")]
    NotUnderWay,
    /// There is no node with this name or index.
    #[error("there is no such node")]
    NoSuchNode,
    /// The node has crashed, is paused, or waits for its storage.
    #[error("the node has crashed, is paused, or waits for its storage")]
    Blocked,
    /// The link from the sending node to the receiving node is cut.
    #[error("the link is cut")]
    Cut,
    /// The timer is not due at this time.
    #[error("the timer is not due yet")]
    NotDue,
    /// The fault would change nothing: it is already there, or the one that it would end is not there.
    #[error("this fault would change nothing")]
    NoChange,
    /// The fault is of a kind that does not exist in worlds of nodes.
    #[error("this kind of fault does not exist in a world of nodes")]
    NotOfWorlds,
}

impl<N: Node> World<N> {
    /// Creates a world of nodes with these names.
    ///
    /// `build` makes a node as it is before it starts. It is called for each node now, and again at every restart.
    pub fn new(names: impl IntoIterator<Item = Name>, build: impl Fn(NodeId) -> N + 'static) -> Self {
        let names: Vec<Name> = names.into_iter().collect();
        let machines = (0..names.len()).map(|place| Machine::new(build(NodeId::new(place)))).collect();
        Self {
            names,
            build: Box::new(build),
            machines,
            slab: Slab::new(),
            cuts: Cuts::default(),
            effects: Effects::new(),
            now: 0,
            number: 0,
            delivered: 0,
            changes: 0,
            calm_since: None,
            record: Record::new(),
        }
    }

    /// Makes the record of this world keep all messages that are delivered, lost or duplicated from now on.
    ///
    /// Then they are in its [trace](Self::trace). A run of a [`Cluster`](crate::Cluster) always keeps them. A world by
    /// itself does not, because this takes a clone of each message, and the memory for it.
    pub fn keep_messages(&mut self) {
        self.record.messages.get_or_insert_default();
    }

    /// Starts all nodes, in the order of their names in the list.
    pub fn start(&mut self, schedule: &mut (impl Schedule<N> + ?Sized)) {
        let mut ordinals = Ordinals::default();
        for place in 0..self.machines.len() {
            let id = NodeId::new(place);
            self.prepare(id);
            self.machines[place].node.start(&mut self.effects);
            self.drain(id, &mut ordinals, schedule);
        }
    }

    /// Carries out the choices of `schedule`, until it has none left, or `each` returns `Break` after an event.
    ///
    /// A choice that is impossible is skipped, and [`Schedule::refused`] tells the schedule the reason.
    pub fn run(&mut self, schedule: &mut (impl Schedule<N> + ?Sized), mut each: impl FnMut(&Self) -> ControlFlow<()>) {
        while let Some(choice) = schedule.next(self) {
            match self.perform(choice, schedule) {
                Ok(()) if each(self).is_break() => break,
                Ok(()) => {}
                Err(why) => schedule.refused(why),
            }
        }
    }

    /// Carries out one choice, which becomes an event, and tells `schedule` which messages were sent and timers set.
    ///
    /// # Errors
    ///
    /// Returns the reason if the choice is impossible. The world has not changed in this case.
    #[inline]
    pub fn perform(
        &mut self,
        choice: Choice<N::Input>,
        schedule: &mut (impl Schedule<N> + ?Sized),
    ) -> Result<(), Impossible> {
        let Choice { at, number, act } = choice;
        let when = When { at: at.max(self.now), number: number.max(self.number + 1) };
        match act {
            Act::Deliver(id) => self.deliver(when, id, schedule),
            Act::Fire(id) => self.fire(when, id, schedule),
            Act::Drop(id) => self.lose(when, id, schedule),
            Act::Duplicate(id) => self.duplicate(when, id, schedule),
            Act::Input(input) => self.input(when, input.0, input.1, schedule),
            Act::Fault(fault) => self.fault(when, *fault, schedule),
        }
    }

    #[inline]
    fn deliver(
        &mut self,
        when: When,
        id: PendingId,
        schedule: &mut (impl Schedule<N> + ?Sized),
    ) -> Result<(), Impossible> {
        let slot = self.slab.get(id).filter(|slot| slot.is_message()).ok_or(Impossible::NotUnderWay)?;
        let (from, to) = (slot.from, slot.to);
        let event = slot.happened(when, HappenedKind::Deliver);
        self.can_receive(from, to)?;
        let Some(UnderWay::Message(message)) = self.slab.take(id) else { return Err(Impossible::NotUnderWay) };
        self.delivered += 1;
        self.record.keep(&message);
        self.begin(event, schedule);
        self.call(to, schedule, |node, effects| node.message(from, message, effects));
        Ok(())
    }

    #[inline]
    fn fire(
        &mut self,
        when: When,
        id: PendingId,
        schedule: &mut (impl Schedule<N> + ?Sized),
    ) -> Result<(), Impossible> {
        let slot = self.slab.get(id).ok_or(Impossible::NotUnderWay)?;
        let (Some(UnderWay::Timer { due, .. }), to) = (slot.what(), slot.to) else {
            return Err(Impossible::NotUnderWay);
        };
        if when.at < *due {
            return Err(Impossible::NotDue);
        }
        let event = slot.happened(when, HappenedKind::Timer);
        self.can_act(to)?;
        let Some(UnderWay::Timer { timer, .. }) = self.slab.take(id) else { return Err(Impossible::NotUnderWay) };
        self.record.timers.push(timer);
        self.begin(event, schedule);
        self.call(to, schedule, |node, effects| node.timer(timer, effects));
        Ok(())
    }

    #[cold]
    fn lose(
        &mut self,
        when: When,
        id: PendingId,
        schedule: &mut (impl Schedule<N> + ?Sized),
    ) -> Result<(), Impossible> {
        let slot = self.slab.get(id).filter(|slot| slot.is_message()).ok_or(Impossible::NotUnderWay)?;
        let event = slot.happened(when, HappenedKind::Drop);
        let Some(UnderWay::Message(message)) = self.slab.take(id) else { return Err(Impossible::NotUnderWay) };
        self.record.keep(&message);
        self.begin(event, schedule);
        Ok(())
    }

    #[cold]
    fn duplicate(
        &mut self,
        when: When,
        id: PendingId,
        schedule: &mut (impl Schedule<N> + ?Sized),
    ) -> Result<(), Impossible> {
        let slot = self.slab.get(id).ok_or(Impossible::NotUnderWay)?;
        let Some(UnderWay::Message(message)) = slot.what() else { return Err(Impossible::NotUnderWay) };
        let event = slot.happened(when, HappenedKind::Duplicate);
        let copy = Slot::new(slot.from, slot.to, slot.cause, slot.ordinal, UnderWay::Message(message.clone()));
        self.record.keep(message);
        self.begin(event, schedule);
        let id = self.slab.put(copy);
        if let Some(pending) = self.slab.pending(id) {
            schedule.copied(when.at, pending);
        }
        Ok(())
    }

    fn input(
        &mut self,
        when: When,
        to: NodeId,
        input: N::Input,
        schedule: &mut (impl Schedule<N> + ?Sized),
    ) -> Result<(), Impossible> {
        self.can_act(to)?;
        let ordinal = self.record.inputs.len() as u32;
        self.record.inputs.push(input.clone());
        self.begin(when.happens_to(to, ordinal, HappenedKind::Input), schedule);
        self.call(to, schedule, |node, effects| node.input(input, effects));
        Ok(())
    }

    /// Returns the reason why no message from one node can now arrive at the other, as an error.
    #[inline]
    pub(crate) fn can_receive(&self, from: NodeId, to: NodeId) -> Result<(), Impossible> {
        self.can_act(to)?;
        if self.cuts.is_cut(from, to) { Err(Impossible::Cut) } else { Ok(()) }
    }

    /// Returns the reason why nothing can happen to a node at present, as an error.
    #[inline]
    pub(crate) fn can_act(&self, node: NodeId) -> Result<(), Impossible> {
        let machine = self.machines.get(node.place()).ok_or(Impossible::NoSuchNode)?;
        if machine.blocked == Blocked::NOT { Ok(()) } else { Err(Impossible::Blocked) }
    }

    /// Begins an event: sets the time, records the event, and tells `schedule`.
    #[inline]
    fn begin(&mut self, event: Happened, schedule: &mut (impl Schedule<N> + ?Sized)) {
        self.now = event.at;
        self.number = event.number;
        self.record.add(event);
        schedule.begins(self, &event);
    }

    /// Calls `node` with something that happened to it, and carries out the effects that it asks for.
    #[inline]
    fn call(
        &mut self,
        node: NodeId,
        schedule: &mut (impl Schedule<N> + ?Sized),
        happens: impl FnOnce(&mut N, &mut Effects<N>),
    ) {
        self.prepare(node);
        happens(&mut self.machines[node.place()].node, &mut self.effects);
        self.drain(node, &mut Ordinals::default(), schedule);
    }

    /// Prepares the effects for a call of `node`, with its clock, the condition of its storage, and the current event.
    #[inline]
    fn prepare(&mut self, node: NodeId) {
        let Machine { skew, disk, .. } = &self.machines[node.place()];
        self.effects.me = node;
        self.effects.now = self.now.saturating_add(*skew);
        self.effects.disk = disk.condition;
        self.effects.event = self.number;
        self.effects.at = self.now;
        self.effects.drawn = 0;
    }

    /// Carries out the effects that a node has asked for, in their order.
    ///
    /// At a sync of slow storage the remaining effects wait, and when the node stops itself they are lost.
    #[inline]
    fn drain(&mut self, from: NodeId, ordinals: &mut Ordinals, schedule: &mut (impl Schedule<N> + ?Sized)) {
        let Self { effects, slab, machines, number, now, names, .. } = self;
        let (cause, now) = (*number, *now);
        let mut list = effects.list.drain(..);
        while let Some(effect) = list.next() {
            match effect {
                Effect::Send { to, message } => {
                    let ordinal = ordinals.messages;
                    ordinals.messages += 1;
                    let id = slab.put(Slot::new(from, to, cause, ordinal, UnderWay::Message(message)));
                    if let Some(pending) = slab.pending(id) {
                        schedule.sent(now, pending);
                    }
                }
                Effect::Timer { after, timer } => {
                    let ordinal = ordinals.timers;
                    ordinals.timers += 1;
                    let due = now.saturating_add(after.max(0));
                    let id = slab.put(Slot::new(from, from, cause, ordinal, UnderWay::Timer { timer, due }));
                    if let Some(pending) = slab.pending(id) {
                        schedule.set(due, pending);
                    }
                }
                Effect::Write(record) => machines[from.place()].disk.write(record),
                Effect::Sync => {
                    let machine = &mut machines[from.place()];
                    if machine.disk.slow {
                        machine.blocked.syncing = true;
                        machine.held.extend(list);
                        if let Some(name) = names.get(from.place()) {
                            schedule.syncing(now, name);
                        }
                        return;
                    }
                    machine.disk.sync();
                }
                Effect::Stop => {
                    drop(list);
                    return self.stop(from, schedule);
                }
            }
        }
    }
}

/// The numbers of messages sent and timers set so far while one event is being handled.
#[derive(Default)]
struct Ordinals {
    messages: u32,
    timers: u32,
}

/// The time of an event and its number.
#[derive(Clone, Copy)]
struct When {
    at: i64,
    number: u32,
}

impl When {
    /// Returns the event that is the input or the fault with this index among all of the run.
    fn happens_to(self, node: NodeId, ordinal: u32, kind: HappenedKind) -> Happened {
        let Self { at, number } = self;
        Happened { at, number, cause: 0, ordinal, from: node, to: node, kind }
    }
}

impl<N: Node> Slot<N> {
    #[inline]
    fn happened(&self, When { at, number }: When, kind: HappenedKind) -> Happened {
        Happened { at, number, cause: self.cause, ordinal: self.ordinal, from: self.from, to: self.to, kind }
    }
}

impl<N: Node> Machine<N> {
    fn new(node: N) -> Self {
        Self { node, blocked: Blocked::NOT, skew: 0, disk: Disk::default(), held: Vec::new() }
    }
}
