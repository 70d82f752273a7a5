//! The law of the network: the messages that the network of a cluster has to deliver, and until when.
//!
//! A network that loses no messages delivers each of them within its longest latency. A trace that leaves a delivery
//! out, because it was edited, would be a loss that cannot happen. A network that loses messages may lose any, but the
//! others arrive in time. A replay knows what the network can do: the swarms that the cluster draws say so.
//!
//! Timers have no such law, because a process may be slow. If a candidate had to keep all timers that are due, hardly
//! any event of Chord could be removed: 442 of 453 would be left instead of 16.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::network::Network;
use crate::world::{Node, NodeId, Pending, PendingId, World};

/// The networks that a cluster can have, as far as samples show.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reach(Vec<Network>);

/// The most that can happen to a message on one link.
#[derive(Clone, Copy, Debug)]
struct Most {
    loses: bool,
    duplicates: bool,
    /// The shortest latency, in nanoseconds.
    latency_min: i64,
    /// The longest latency, in nanoseconds.
    latency_max: i64,
}

impl Reach {
    /// Creates the reach of a cluster that has been seen to have these networks. Without any, anything can happen.
    pub(crate) fn new(mut networks: Vec<Network>) -> Self {
        let mut known = Vec::new();
        networks.retain(|network| {
            let is_new = !known.contains(network);
            known.extend(is_new.then(|| network.clone()));
            is_new
        });
        Self(networks)
    }

    /// Returns whether anything can happen to a message, so that there is no law.
    fn is_any(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether one of the networks can lose a message, or anything can happen.
    pub(crate) fn loses(&self) -> bool {
        self.is_any() || self.0.iter().any(Network::loses)
    }

    fn link(&self, from: NodeId, to: NodeId) -> Most {
        let mut most = Most { loses: false, duplicates: false, latency_min: i64::MAX, latency_max: 0 };
        for link in self.0.iter().map(|network| network.link(from, to)) {
            most.loses |= link.lost > 0;
            most.duplicates |= link.duplicated > link.lost;
            let times = if link.late > link.duplicated { 10 } else { 1 };
            most.latency_min = most.latency_min.min(link.latency.min());
            most.latency_max = most.latency_max.max(link.latency.max().saturating_mul(times));
        }
        most
    }
}

/// The law of the network during one replay: which messages are still to be delivered, and until when.
#[derive(Clone, Debug)]
pub(crate) struct Law {
    reach: Arc<Reach>,
    /// Whether the replay itself delivers a message that is overdue. Otherwise the run is void.
    pub(super) completes: bool,
    links: BTreeMap<(NodeId, NodeId), Most>,
    /// The messages in flight that must be delivered, by the latest time of their delivery in nanoseconds.
    due: BTreeSet<(i64, PendingId)>,
    /// The earliest and the latest times at which the messages can be delivered, in nanoseconds.
    times: BTreeMap<PendingId, (i64, i64)>,
    /// The messages that were sent since the last step.
    new: Vec<PendingId>,
    /// The value of [`World::changes`] when the messages were last compared with the faults.
    changes: u32,
}

impl Law {
    /// Returns the law for a cluster with this reach, or `None` if anything can happen to a message.
    ///
    /// With `completes`, the replay delivers the messages that the trace leaves out, at the latest possible time.
    pub(crate) fn new(reach: &Arc<Reach>, completes: bool) -> Option<Self> {
        let reach = Arc::clone(reach);
        (!reach.is_any()).then(|| Self {
            reach,
            completes,
            links: BTreeMap::new(),
            due: BTreeSet::new(),
            times: BTreeMap::new(),
            new: Vec::new(),
            changes: 0,
        })
    }

    fn link(&mut self, from: NodeId, to: NodeId) -> Most {
        let Self { reach, links, .. } = self;
        *links.entry((from, to)).or_insert_with(|| reach.link(from, to))
    }

    /// Notes a message that was sent at the time `at`.
    pub(super) fn sent<N: Node>(&mut self, at: i64, message: &Pending<'_, N>) {
        let most = self.link(message.from, message.to);
        let [earliest, latest] = [most.latency_min, most.latency_max].map(|latency| at.saturating_add(latency));
        self.times.insert(message.id, (earliest, latest));
        self.new.push(message.id);
        if !most.loses {
            self.due.insert((latest, message.id));
        }
    }

    /// Returns the earliest and the latest time at which a message can be delivered that is about to be.
    pub(super) fn times(&mut self, message: PendingId) -> (i64, i64) {
        self.times.remove(&message).unwrap_or((0, i64::MAX))
    }

    /// Returns a message that should have been delivered before the time `at`, and the latest time of its delivery.
    ///
    /// A message whose receiver was down or blocked, or whose link was cut, while it was in flight may come at any
    /// later time, or never.
    pub(super) fn overdue<N: Node>(&mut self, world: &World<N>, at: i64) -> Option<(i64, PendingId)> {
        let arrives = |id| world.get(id).is_some_and(|pending| world.can_receive(pending.from, pending.to).is_ok());
        let new = std::mem::take(&mut self.new);
        if self.changes == world.changes() {
            new.into_iter().filter(|id| !arrives(*id)).for_each(|id| self.frees(id));
        } else {
            self.changes = world.changes();
            let blocked: Vec<_> = self.times.keys().copied().filter(|id| !arrives(*id)).collect();
            blocked.into_iter().for_each(|id| self.frees(id));
        }
        while let Some((due, id)) = self.due.first().copied().filter(|(due, _)| *due < at) {
            if arrives(id) {
                return Some((due, id));
            }
            // The node that waits for its storage is blocked too, and no fault says so.
            self.frees(id);
            self.due.remove(&(due, id));
        }
        None
    }

    /// Lets a message come at any time, or never.
    fn frees(&mut self, id: PendingId) {
        if let Some((_, latest)) = self.times.get_mut(&id) {
            self.due.remove(&(*latest, id));
            *latest = i64::MAX;
        }
    }

    /// Returns whether a message can be lost now, because of the network or of a fault.
    pub(super) fn can_lose<N: Node>(&mut self, world: &World<N>, from: NodeId, to: NodeId) -> bool {
        self.link(from, to).loses || world.has_crashed(to) || world.is_cut(from, to)
    }

    /// Returns whether the network can duplicate a message.
    pub(super) fn can_duplicate(&mut self, from: NodeId, to: NodeId) -> bool {
        self.link(from, to).duplicates
    }
}
