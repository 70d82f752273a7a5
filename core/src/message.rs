//! Messages: one revision of a fact, in or out.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::name::{Key, Name, Slot};

/// One revision of a fact that came in: who says it, which fact it is, which revision, and a body or a withdrawal.
///
/// The revision of an id with the highest number counts. The same revision again is a duplicate; with another body it
/// is a conflict; a lower one is stale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message<B> {
    /// The sender.
    pub from: Name,
    /// The id of the fact, unique for its sender.
    pub id: Name,
    /// Counts from 1.
    pub revision: u32,
    /// The body, or nothing where the fact is withdrawn.
    pub body: Option<B>,
}

impl<B> Message<B> {
    /// The first revision of fact `id` from `from`.
    pub fn new(from: impl Into<Name>, id: impl Into<Name>, body: B) -> Self {
        Self { from: from.into(), id: id.into(), revision: 1, body: Some(body) }
    }

    /// The name of the fact, whatever its revision.
    pub fn fact(&self) -> FactId {
        FactId { from: self.from.clone(), id: self.id.clone() }
    }
}

/// One revision of an output: what should be, or no longer be, in a slot of a key.
///
/// It is the same message seen from the other end: its id is its key and slot. A receiver that keeps the highest
/// revision of each id is idempotent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent<B> {
    /// The key that the output belongs to.
    pub key: Key,
    /// The slot of that key.
    pub slot: Slot,
    /// The receiver.
    pub to: Name,
    /// Counts from 1, for each slot.
    pub revision: u32,
    /// The body, or nothing where the output is withdrawn.
    pub body: Option<B>,
}

/// The name of a fact: sender and id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactId {
    /// The sender.
    pub from: Name,
    /// The id that the sender gave.
    pub id: Name,
}

impl fmt::Display for FactId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from {}", self.id, self.from)
    }
}

/// The name of an output: key and slot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlotId {
    /// The key.
    pub key: Key,
    /// The slot of that key.
    pub slot: Slot,
}

impl fmt::Display for SlotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.key, self.slot)
    }
}

/// What a system sees of a message when it folds it: never its revision, its number or the time it arrived.
#[derive(Debug)]
pub struct Input<'a, B> {
    /// The sender.
    pub from: &'a Name,
    /// The id of the fact.
    pub id: &'a Name,
    /// The body.
    pub body: &'a B,
}

impl<B> Clone for Input<'_, B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B> Copy for Input<'_, B> {}
