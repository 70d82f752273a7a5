//! Finds the messages that will not count when a trace is run.

use std::collections::BTreeMap;

use afresh_core::{EventNumber, Name};
use serde::Serialize;
use serde_json::Value;

/// The most messages of one sort that a [`Tally`] names.
const NAMED_MAX: usize = 10;

/// The messages in that will not count when the trace is run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Uncounted {
    /// Messages that are the same as an earlier one.
    pub duplicates: Tally,
    /// Messages with the sender, id and revision of an earlier one, but another body.
    pub conflicts: Tally,
    /// Messages with a lower revision than an earlier one.
    pub stale: Tally,
    /// Messages that the system will reject.
    pub rejected: Tally,
    /// Messages whose bodies the system cannot read.
    pub unreadable: Tally,
}

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
    fn add(&mut self, named: Named) {
        self.count += 1;
        if self.first.len() < NAMED_MAX {
            self.first.push(named);
        }
    }
}

/// A message that will not count, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    /// The line of the file at which its row or its event begins, from 1.
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

/// The answer of a system to a message that it will not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The system cannot read the body, for this reason.
    Unreadable(String),
    /// The system rejects the message.
    Rejected {
        /// The reason.
        why: String,
        /// The body as the system writes it, if it does.
        body: Option<Value>,
    },
}

/// What a message in says.
#[derive(Clone, Copy, Debug)]
pub struct Fact<'m> {
    /// The sender.
    pub from: &'m Name,
    /// The id that the sender gave it.
    pub id: &'m Name,
    /// The revision, from 1.
    pub revision: u32,
    /// The body as JSON; `None` if the message withdraws the fact.
    pub body: Option<&'m str>,
}

/// The messages so far, and which of them will not count. A fact is known by its hash, so that a long export fits into
/// memory.
#[derive(Debug, Default)]
pub struct Facts {
    revisions: BTreeMap<(Hash, u32), Revision>,
    uncounted: Uncounted,
}

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
enum Filed {
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
    /// Files the message of event `event`, which begins at line `line` of its file.
    ///
    /// `admit` asks the system whether it takes a message in with this body. It also returns the body as the system
    /// writes it, if it does, with which other bodies are compared.
    pub fn file(
        &mut self,
        fact: Fact<'_>,
        event: EventNumber,
        line: u64,
        mut admit: impl FnMut(&str) -> Result<Option<Value>, Refusal>,
    ) {
        let named = Named { line, event, earlier: None, why: None };
        let (written, refusal) = match fact.body.map_or(Ok(None), &mut admit) {
            Ok(written) => (written, None),
            // A run does not know what such a message says, so no other can be the same or conflict with it.
            Err(Refusal::Unreadable(why)) => return self.uncounted.unreadable.add(Named { why: Some(why), ..named }),
            Err(Refusal::Rejected { why, body }) => (body, Some(why)),
        };
        let filed = self.relate(fact, written.as_ref(), event, refusal.is_some());
        let Uncounted { duplicates, conflicts, stale, rejected, .. } = &mut self.uncounted;
        match (filed, refusal) {
            (Filed::Duplicate(earlier), _) => duplicates.add(Named { earlier: Some(earlier), ..named }),
            (Filed::Conflict(earlier), _) => conflicts.add(Named { earlier: Some(earlier), ..named }),
            (_, Some(why)) => rejected.add(Named { why: Some(why), ..named }),
            (Filed::Stale(earlier), None) => stale.add(Named { earlier: Some(earlier), ..named }),
            (Filed::Counts, None) => {}
        }
    }

    /// Returns the messages that will not count.
    pub fn into_uncounted(self) -> Uncounted {
        self.uncounted
    }

    /// Relates a message to those before it. The system writes its body as `written`, and rejects it if `rejected`.
    fn relate(
        &mut self,
        Fact { from, id, revision, body }: Fact<'_>,
        written: Option<&Value>,
        event: EventNumber,
        rejected: bool,
    ) -> Filed {
        let fact = hash_of_fact(from, id);
        let body = BodyHash { exported: hash_of(body), written: written.map(hash_of_value) };
        if let Some(same) = self.revisions.get(&(fact, revision)) {
            return if same.body.is_same(&body) { Filed::Duplicate(same.event) } else { Filed::Conflict(same.event) };
        }
        let mut higher = self.revisions.range((fact, revision)..=(fact, u32::MAX)).rev();
        let stale = higher.find(|(_, revision)| !revision.rejected).map(|(_, revision)| revision.event);
        self.revisions.insert((fact, revision), Revision { event, body, rejected });
        stale.map_or(Filed::Counts, Filed::Stale)
    }
}

/// The number of revisions of each fact so far, for exports in which a later row replaces the earlier ones.
#[derive(Debug, Default)]
pub(super) struct Later(BTreeMap<Hash, u32>);

impl Later {
    /// Returns the next revision of the fact with these two names.
    pub(super) fn next(&mut self, first: &Name, second: &Name) -> u32 {
        let revision = self.0.entry(hash_of_fact(first, second)).or_default();
        *revision = revision.saturating_add(1);
        *revision
    }
}

fn hash_of_fact(from: &Name, id: &Name) -> Hash {
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
fn hash_of(body: Option<&str>) -> Hash {
    let Some(body) = body else { return first_half(&blake3::hash(b"")) };
    match serde_json::from_str(body) {
        Ok(value) => hash_of_value(&value),
        Err(_) => first_half(&blake3::hash(body.as_bytes())),
    }
}

/// Returns the hash of a value, whose fields are sorted.
fn hash_of_value(value: &Value) -> Hash {
    first_half(&blake3::hash(value.to_string().as_bytes()))
}

fn first_half(hash: &blake3::Hash) -> Hash {
    std::array::from_fn(|at| hash.as_bytes()[at])
}
