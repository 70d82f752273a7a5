//! Messages: one revision of a fact, incoming or outgoing.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::name::{Key, Name, Slot};

/// An incoming message: one revision of a fact, with a body or as a withdrawal.
///
/// Among the revisions of a fact that the system admits, only the highest one counts. A lower revision is stale. The
/// same revision again is a duplicate if it has the same body, and a conflict if it has another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message<B> {
    /// The sender of the fact.
    pub from: Name,
    /// The id of the fact, unique for its sender.
    pub id: Name,
    /// The revision of the fact, counted from 1.
    pub revision: u32,
    /// The body, or `None` if this revision withdraws the fact.
    pub body: Option<B>,
}

impl<B> Message<B> {
    /// Builds the first revision of the fact `id` from the sender `from`.
    pub fn new(from: impl Into<Name>, id: impl Into<Name>, body: B) -> Self {
        Self { from: from.into(), id: id.into(), revision: 1, body: Some(body) }
    }

    /// The sender and id of the fact. All revisions of a fact share them.
    pub fn fact(&self) -> FactId {
        FactId { from: self.from.clone(), id: self.id.clone() }
    }
}

/// An outgoing message: one revision of the output in a slot of a key, with a body or as a withdrawal.
///
/// The receiver sees an ordinary [`Message`], whose id names the key and the slot. A receiver that keeps only the
/// highest revision of each id is idempotent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent<B> {
    /// The key that the output belongs to.
    pub key: Key,
    /// The slot of that key which the output fills.
    pub slot: Slot,
    /// The receiver of the output.
    pub to: Name,
    /// The revision of the output, counted from 1 in each slot.
    pub revision: u32,
    /// The body, or `None` if this revision withdraws the output.
    pub body: Option<B>,
}

impl<B> Sent<B> {
    /// The name of the output.
    pub fn slot_id(&self) -> SlotId {
        SlotId { key: self.key.clone(), slot: self.slot.clone() }
    }
}

/// The name of a fact: its sender and its id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactId {
    /// The sender of the fact.
    pub from: Name,
    /// The id that the sender gave to the fact.
    pub id: Name,
}

impl fmt::Display for FactId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from {}", self.id, self.from)
    }
}

/// The name of an output: its key and its slot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlotId {
    /// The key that the output belongs to.
    pub key: Key,
    /// The slot of that key which the output fills.
    pub slot: Slot,
}

impl fmt::Display for SlotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.key, self.slot)
    }
}

/// A message as the system sees it in a fold: sender, id and body.
///
/// The revision, the event number and the arrival time are hidden, so that no state can depend on them.
#[derive(Debug)]
pub struct Input<'a, B> {
    /// The sender of the fact.
    pub from: &'a Name,
    /// The id of the fact.
    pub id: &'a Name,
    /// The body of the message.
    pub body: &'a B,
}

impl<B> Clone for Input<'_, B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B> Copy for Input<'_, B> {}
