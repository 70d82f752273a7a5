//! A schedule that chooses as another one does, and reports each event before any node handles it.
//!
//! If a node hangs or ends the process while it handles an event, the reported events say which event that was.

use std::collections::BTreeMap;

use afresh_core::Name;

use super::{Choice, Schedule};
use crate::world::{Happened, Impossible, Node, NodeId, Pending, World, WorldEvent};

/// A function that is called with each event, before any node handles the event.
pub(crate) type Tell<'t, N> = &'t mut dyn FnMut(&WorldEvent<N>);

/// A schedule that chooses as another one does, and reports each event before any node handles it.
pub(crate) struct Told<'t, N: Node, S>
where
    N::Input: 't,
{
    schedule: S,
    tell: Tell<'t, N>,
    /// The number of messages sent so far from one node to another.
    sent: BTreeMap<(NodeId, NodeId), u32>,
    /// The index of each message among all messages from its sender to its receiver.
    ///
    /// The map key is the number of the event that sent the message, and the index among the messages of that event.
    occurrences: BTreeMap<(u32, u32), u32>,
}

impl<'t, N: Node, S: Schedule<N>> Told<'t, N, S>
where
    N::Input: 't,
{
    pub(crate) fn new(schedule: S, tell: Tell<'t, N>) -> Self {
        Self { schedule, tell, sent: BTreeMap::new(), occurrences: BTreeMap::new() }
    }
}

impl<'t, N: Node, S: Schedule<N>> Schedule<N> for Told<'t, N, S>
where
    N::Input: 't,
{
    fn next(&mut self, world: &World<N>) -> Option<Choice<N::Input>> {
        self.schedule.next(world)
    }

    fn refused(&mut self, why: Impossible) {
        self.schedule.refused(why);
    }

    fn begins(&mut self, world: &World<N>, event: &Happened) {
        let occurrence = self.occurrences.get(&(event.cause, event.ordinal)).copied().unwrap_or_default();
        if let Some(event) = world.event(event, || occurrence, world.last_timer(), world.last_message()) {
            (self.tell)(&event);
        }
        self.schedule.begins(world, event);
    }

    fn sent(&mut self, at: i64, message: Pending<'_, N>) {
        let sent = self.sent.entry((message.from, message.to)).or_default();
        self.occurrences.insert((message.cause, message.ordinal), *sent);
        *sent += 1;
        self.schedule.sent(at, message);
    }

    fn copied(&mut self, at: i64, copy: Pending<'_, N>) {
        self.schedule.copied(at, copy);
    }

    fn syncing(&mut self, at: i64, node: &Name) {
        self.schedule.syncing(at, node);
    }

    fn stopped(&mut self, at: i64, node: &Name) {
        self.schedule.stopped(at, node);
    }

    fn set(&mut self, due: i64, timer: Pending<'_, N>) {
        self.schedule.set(due, timer);
    }
}
