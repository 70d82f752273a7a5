//! Finds the messages of an export that will not count when the trace is run.

use std::collections::BTreeMap;

use afresh_core::{EventNumber, Message, Name};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// The most messages of one sort that a [`Tally`] names.
const NAMED_MAX: usize = 10;

/// How many messages of one sort there are, and the first of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// The number of messages.
    pub count: u64,
    /// The first ten messages.
    pub first: Vec<Named>,
}

impl Tally {
    /// Counts a message, and names it if it is one of the first.
    pub(super) fn add(&mut self, named: Named) {
        self.count += 1;
        if self.first.len() < NAMED_MAX {
            self.first.push(named);
        }
    }
}

/// A message that will not count, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    /// The line of the export at which its row begins, from 1.
    pub line: u64,
    /// The number of its event in the trace.
    pub event: EventNumber,
    /// The number of the earlier event with the same message, or with the revision that stands instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earlier: Option<EventNumber>,
    /// The reason that the system gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// The revisions of all facts so far. A fact is known by its hash, so that a long export fits into memory.
#[derive(Debug, Default)]
pub(super) struct Facts(BTreeMap<(Hash, u32), Revision>);

type Hash = [u8; 16];

/// The first message with this sender, id and revision.
#[derive(Debug)]
struct Revision {
    event: EventNumber,
    body: BodyHash,
    rejected: bool,
}

/// The hashes of a body as it is in the export, and as the system writes it.
#[derive(Debug)]
struct BodyHash {
    exported: Hash,
    written: Option<Hash>,
}

/// How a message relates to the messages before it.
pub(super) enum Filed {
    /// The message is new, and counts.
    Counts,
    /// The same message came with this event.
    Duplicate(EventNumber),
    /// This event has the same sender, id and revision, and another body.
    Conflict(EventNumber),
    /// This event has a higher revision.
    Stale(EventNumber),
}

impl Facts {
    /// Files the message of event `event`, whose body the system writes as `written`. The system rejects it if
    /// `rejected`.
    pub(super) fn file(
        &mut self,
        message: &Message<Box<RawValue>>,
        written: Option<&Value>,
        event: EventNumber,
        rejected: bool,
    ) -> Filed {
        let fact = fact(&message.from, &message.id);
        let body = BodyHash { exported: hash_of(message.body.as_deref()), written: written.map(hash_of_value) };
        if let Some(same) = self.0.get(&(fact, message.revision)) {
            return if same.body.is_same(&body) { Filed::Duplicate(same.event) } else { Filed::Conflict(same.event) };
        }
        let mut higher = self.0.range((fact, message.revision)..=(fact, u32::MAX)).rev();
        let stale = higher.find(|(_, revision)| !revision.rejected).map(|(_, revision)| revision.event);
        self.0.insert((fact, message.revision), Revision { event, body, rejected });
        stale.map_or(Filed::Counts, Filed::Stale)
    }
}

/// The number of revisions of each fact so far, for exports in which a later row replaces the earlier ones.
#[derive(Debug, Default)]
pub(super) struct Later(BTreeMap<Hash, u32>);

impl Later {
    /// Returns the next revision of the fact with these two names.
    pub(super) fn next(&mut self, first: &Name, second: &Name) -> u32 {
        let revision = self.0.entry(fact(first, second)).or_default();
        *revision = revision.saturating_add(1);
        *revision
    }
}

fn fact(from: &Name, id: &Name) -> Hash {
    let (from, id) = (from.as_str(), id.as_str());
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(from.len() as u64).to_le_bytes()).update(from.as_bytes()).update(id.as_bytes());
    first_half(&hasher.finalize())
}

impl BodyHash {
    /// Returns `true` if two bodies are equal for the system.
    ///
    /// The system may write one body in two ways, if it has a set without an order.
    fn is_same(&self, other: &Self) -> bool {
        self.exported == other.exported || self.written.is_some() && self.written == other.written
    }
}

/// Returns the hash of a body. The order of the fields of an object and the spelling of a text or a number do not
/// matter: they do not matter to a system either.
fn hash_of(body: Option<&RawValue>) -> Hash {
    let Some(body) = body else { return first_half(&blake3::hash(b"")) };
    match serde_json::from_str(body.get()) {
        Ok(value) => hash_of_value(&value),
        Err(_) => first_half(&blake3::hash(body.get().as_bytes())),
    }
}

/// Returns the hash of a value, whose fields are sorted.
fn hash_of_value(value: &Value) -> Hash {
    first_half(&blake3::hash(value.to_string().as_bytes()))
}

fn first_half(hash: &blake3::Hash) -> Hash {
    std::array::from_fn(|at| hash.as_bytes()[at])
}
