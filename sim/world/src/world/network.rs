//! The links of the network that are cut.

use std::collections::BTreeSet;

use super::node::NodeId;

/// The links that carry no messages at present. A link is from one node to another, in one direction.
#[derive(Clone, Debug, Default)]
pub(super) struct Cuts(BTreeSet<(NodeId, NodeId)>);

impl Cuts {
    #[inline]
    pub(super) fn is_cut(&self, from: NodeId, to: NodeId) -> bool {
        !self.0.is_empty() && self.0.contains(&(from, to))
    }

    pub(super) fn cut(&mut self, from: NodeId, to: NodeId) {
        self.0.insert((from, to));
    }

    pub(super) fn heal(&mut self, from: NodeId, to: NodeId) {
        self.0.remove(&(from, to));
    }

    pub(super) fn first(&self) -> Option<(NodeId, NodeId)> {
        self.0.first().copied()
    }
}
