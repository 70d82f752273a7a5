//! Assumptions: conditions that a cluster takes for granted. A run that breaks one says nothing about the cluster.

use std::fmt;

use afresh_core::EventNumber;

use super::World;
use super::node::{Node, NodeId};
use super::property::{Holds, last_event};

/// A condition with a name that a cluster takes for granted, such as "at most one node is down".
///
/// A run that breaks it is *void*: neither a pass nor a bug. The condition is a closure, which is evaluated after every
/// event. It lives as long as one run, so it may remember what it has seen.
pub struct Assumption<N: Node> {
    name: &'static str,
    holds: Holds<N>,
}

impl<N: Node> Assumption<N> {
    /// Creates an assumption that is evaluated after every event.
    ///
    /// The closure returns a description of what it found, for people, if the assumption does not hold.
    pub fn always(name: &'static str, holds: impl FnMut(&World<N>) -> Result<(), String> + 'static) -> Self {
        Self { name, holds: Box::new(holds) }
    }

    /// Creates the assumption that at most `most` nodes are down at the same time.
    #[must_use]
    pub fn at_most_down(most: usize) -> Self {
        Self::always("at-most-down", move |world| {
            let is_down = |(place, _): &(usize, _)| world.has_crashed(NodeId::new(*place));
            let down: Vec<_> =
                world.names().iter().enumerate().filter(is_down).map(|(_, name)| name.as_str()).collect();
            if down.len() <= most { Ok(()) } else { Err(format!("{} are down", down.join(", "))) }
        })
    }

    /// The name of the assumption.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Evaluates the assumption, and returns how it is broken.
    pub(super) fn broken(&mut self, world: &World<N>) -> Option<Void> {
        let found = (self.holds)(world).err()?;
        Some(Void { assumption: self.name, event: last_event(world), found })
    }
}

/// The reason why a run is void: the assumption that it broke, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Void {
    /// The name of the assumption.
    pub assumption: &'static str,
    /// The number of the event after which the assumption does not hold.
    pub event: EventNumber,
    /// A description for people of what was found.
    pub found: String,
}

impl fmt::Display for Void {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { assumption, event, found } = self;
        write!(f, "the assumption {assumption} does not hold at event {event}: {found}")
    }
}
