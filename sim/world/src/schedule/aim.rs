//! Faults that are aimed at particular messages.

use crate::world::{Node, NodeId, Pending, UnderWay};

/// The fault that hits a message which an [`Aim`] selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hit {
    /// The message is lost.
    Drop,
    /// The message is duplicated.
    Duplicate,
    /// The message takes this many nanoseconds longer, so that messages are reordered.
    Delay(i64),
}

/// A closure that decides whether an [`Aim`] selects a message.
type IsMeant<N> = Box<dyn FnMut(&<N as Node>::Message) -> bool>;

/// A fault that is aimed at particular messages, such as "drop the next `Charged` from bank to app".
pub struct Aim<N: Node> {
    pub(super) hit: Hit,
    from: Option<NodeId>,
    to: Option<NodeId>,
    is_meant: IsMeant<N>,
    /// The number of messages to which the fault is still to be applied.
    left: u32,
}

impl<N: Node> Aim<N> {
    /// Aims a fault at the next message for which `is_meant` returns true.
    pub fn next(hit: Hit, is_meant: impl FnMut(&N::Message) -> bool + 'static) -> Self {
        Self { hit, from: None, to: None, is_meant: Box::new(is_meant), left: 1 }
    }

    /// Restricts the aim to messages that this node sends.
    #[must_use]
    pub fn from(mut self, node: NodeId) -> Self {
        self.from = Some(node);
        self
    }

    /// Restricts the aim to messages that this node receives.
    #[must_use]
    pub fn to(mut self, node: NodeId) -> Self {
        self.to = Some(node);
        self
    }

    /// Sets the number of messages to hit, one after the other. Without this call it is one.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.left = times;
        self
    }

    /// Returns whether the aim selects this message, and if so, counts the message as hit.
    pub(super) fn hits(&mut self, pending: &Pending<'_, N>) -> bool {
        let UnderWay::Message(message) = pending.what else { return false };
        let on_link = self.from.is_none_or(|from| from == pending.from) && self.to.is_none_or(|to| to == pending.to);
        let hits = self.left > 0 && on_link && (self.is_meant)(message);
        self.left -= u32::from(hits);
        hits
    }
}
