//! Faults that are aimed at certain messages.

use crate::world::{Node, NodeId, Pending, UnderWay};

/// What happens to a message that is aimed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hit {
    /// It is lost.
    Drop,
    /// It is there twice.
    Duplicate,
    /// It takes so many nanoseconds longer, so that others overtake it.
    Delay(i64),
}

/// Whether a message is meant.
type IsMeant<N> = Box<dyn FnMut(&<N as Node>::Message) -> bool>;

/// The messages that a fault is for: "drop the next `Charged` from bank to app".
pub struct Aim<N: Node> {
    pub(super) hit: Hit,
    from: Option<NodeId>,
    to: Option<NodeId>,
    is_meant: IsMeant<N>,
    /// How many are left to hit.
    left: u32,
}

impl<N: Node> Aim<N> {
    /// The next message for which `is_meant` is true.
    pub fn next(hit: Hit, is_meant: impl FnMut(&N::Message) -> bool + 'static) -> Self {
        Self { hit, from: None, to: None, is_meant: Box::new(is_meant), left: 1 }
    }

    /// Only a message of this node.
    #[must_use]
    pub fn from(mut self, node: NodeId) -> Self {
        self.from = Some(node);
        self
    }

    /// Only a message for this node.
    #[must_use]
    pub fn to(mut self, node: NodeId) -> Self {
        self.to = Some(node);
        self
    }

    /// So many messages, one after the other.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.left = times;
        self
    }

    /// Whether it is meant for this message; then one less is left.
    pub(super) fn hits(&mut self, pending: &Pending<'_, N>) -> bool {
        let UnderWay::Message(message) = pending.what else { return false };
        let on_link = self.from.is_none_or(|from| from == pending.from) && self.to.is_none_or(|to| to == pending.to);
        let hits = self.left > 0 && on_link && (self.is_meant)(message);
        self.left -= u32::from(hits);
        hits
    }
}
