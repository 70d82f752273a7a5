//! The journal: the trace that an engine is writing, with an index by message id.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use crate::index::{Index, hash};
use crate::message::{FactId, Message};
use crate::name::Name;
use crate::system::{System, Types};
use crate::trace::{At, Event, EventNumber, Observation, Stimulus, What};

/// The event type of a system.
pub type EventOf<T> = Event<<T as Types>::In, <T as Types>::Out, <T as Types>::View>;

/// The trace that an engine is writing. It is append-only, indexed by message id, and numbers its events from 1.
#[derive(Clone)]
pub struct Journal<S: System> {
    /// The events. All chunks but the last are full, so events never move and growth never doubles the memory.
    chunks: Vec<Vec<EventOf<S>>>,
    length: u32,
    facts: Vec<Fact>,
    by_id: Index,
    /// The stored revisions of those facts that have more than one.
    revisions: BTreeMap<u32, Revisions>,
    /// The events of the messages that were rejected.
    rejected: BTreeSet<EventNumber>,
}

/// The journal's index entry for one fact.
#[derive(Clone, Copy)]
struct Fact {
    /// The event of the revision that arrived first. It orders the facts of a system without positions.
    first: EventNumber,
    /// The event of the highest admitted revision, which may be a withdrawal.
    counting: Option<EventNumber>,
}

/// The events of the stored revisions of a fact: in the order of arrival, and by revision.
#[derive(Clone, Default)]
struct Revisions {
    arrived: Vec<EventNumber>,
    by_revision: BTreeMap<u32, EventNumber>,
}

impl Revisions {
    fn push(&mut self, number: EventNumber, revision: u32) {
        self.arrived.push(number);
        self.by_revision.insert(revision, number);
    }
}

/// The index of a fact in a journal: cheaper to store and compare than its sender and id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FactNumber(u32);

/// The result of storing a message in the index of the journal.
pub(crate) enum Filed {
    /// Not stored, because the same revision with the same body is stored already.
    Duplicate,
    /// Not stored, because this event has the same revision with another body.
    Conflict(EventNumber),
    /// Stored as a new revision of this fact.
    Stored(FactNumber),
}

/// The number of events in a full chunk.
const CHUNK: usize = 256;

/// The number of events for which the first chunk has space at first.
const FEW: usize = 32;

impl<S: System> Default for Journal<S> {
    fn default() -> Self {
        Self {
            chunks: Vec::new(),
            length: 0,
            facts: Vec::new(),
            by_id: Index::default(),
            revisions: BTreeMap::new(),
            rejected: BTreeSet::new(),
        }
    }
}

impl<S: System> Journal<S> {
    /// The number of events in the journal.
    pub fn len(&self) -> usize {
        self.length as usize
    }

    /// Returns `true` if the journal has no events.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The event with this number, if there is one.
    pub fn get(&self, number: EventNumber) -> Option<&EventOf<S>> {
        let place = number.get() as usize - 1;
        self.chunks.get(place / CHUNK)?.get(place % CHUNK)
    }

    /// All events, in order.
    pub fn events(&self) -> impl DoubleEndedIterator<Item = &EventOf<S>> + Clone {
        self.chunks.iter().flatten()
    }

    pub(crate) fn into_events(self) -> impl Iterator<Item = EventOf<S>> {
        self.chunks.into_iter().flatten()
    }

    /// All events but the first `count`, in order.
    pub fn since(&self, count: usize) -> impl Iterator<Item = &EventOf<S>> + Clone {
        let (chunk, skip) = (count / CHUNK, count % CHUNK);
        self.chunks.iter().skip(chunk).enumerate().flat_map(move |(n, chunk)| {
            let skip = if n == 0 { skip.min(chunk.len()) } else { 0 };
            &chunk[skip..]
        })
    }

    /// The events of the stored revisions of a fact, rejected ones included, in the order of arrival.
    pub fn revisions(&self, fact: &FactId) -> Vec<EventNumber> {
        self.find(&fact.from, &fact.id).map(|fact| self.revisions_of(fact)).unwrap_or_default()
    }

    /// The events of the messages that are rejected now, in order, without those that conflict with another message.
    ///
    /// Each of them can be admitted by a [`Knob::ReflowIn`](crate::Knob::ReflowIn), once the code admits it.
    pub fn rejected(&self) -> impl Iterator<Item = EventNumber> + '_ {
        self.rejected.iter().copied()
    }

    /// The number that the next event will have.
    pub(crate) fn next(&self) -> EventNumber {
        EventNumber::MIN.saturating_add(self.length)
    }

    /// Appends an event, and returns its number.
    ///
    /// Inlining builds the event in its final place. Events are large, so copying them is slow.
    #[inline(always)]
    pub(crate) fn push(
        &mut self,
        at: Option<At>,
        cause: Option<EventNumber>,
        what: What<S::In, S::Out, S::View>,
    ) -> EventNumber {
        let number = self.next();
        if (self.length as usize).is_multiple_of(CHUNK) {
            self.begin_chunk();
        }
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.push(Event { number, cause, at, what });
        }
        self.length += 1;
        number
    }

    #[cold]
    fn begin_chunk(&mut self) {
        assert!(self.length < u32::MAX - CHUNK as u32, "a journal holds fewer than 2^32 events");
        // The first chunk starts small and grows, because many engines see only a few events.
        let capacity = if self.length == 0 { FEW } else { CHUNK };
        self.chunks.push(Vec::with_capacity(capacity));
        self.facts.reserve(if self.length == 0 { FEW / 2 } else { 0 });
    }

    /// The message of the `in` event with this number.
    pub(crate) fn message(&self, number: EventNumber) -> &Message<S::In> {
        match self.get(number).map(|event| &event.what) {
            Some(What::Stimulus(Stimulus::In(message))) => message,
            _ => unreachable!("the index names messages that came in"),
        }
    }

    /// The output of the `out` event with this number.
    pub(crate) fn sent(&self, number: EventNumber) -> &crate::message::Sent<S::Out> {
        match self.get(number).map(|event| &event.what) {
            Some(What::Observation(Observation::Out(sent))) => sent,
            _ => unreachable!("the outbox names outputs that were sent"),
        }
    }

    pub(crate) fn find(&self, from: &Name, id: &Name) -> Option<FactNumber> {
        self.find_hashed(hash([from, id]), from, id)
    }

    fn find_hashed(&self, hashed: u64, from: &Name, id: &Name) -> Option<FactNumber> {
        let found = self.by_id.find(hashed, |fact| {
            let message = self.message(self.facts[fact as usize].first);
            message.id == *id && message.from == *from
        });
        found.map(FactNumber)
    }

    /// Prefetches the index entry where a search for a fact with this hash begins.
    pub(crate) fn touch(&self, hash: u64) {
        self.by_id.touch(hash);
    }

    /// Stores the message of event `number`, the newest event, in the index.
    pub(crate) fn file(&mut self, number: EventNumber) -> Filed {
        let message = self.message(number);
        let hashed = hash([&message.from, &message.id]);
        let Some(fact) = self.find_hashed(hashed, &message.from, &message.id) else {
            let fact = self.facts.len() as u32;
            self.facts.push(Fact { first: number, counting: None });
            self.by_id.insert(hashed, fact);
            return Filed::Stored(FactNumber(fact));
        };
        let first = self.facts[fact.0 as usize].first;
        let (revision, of_first) = (message.revision, self.message(first).revision);
        let same = match self.revisions.get(&fact.0) {
            Some(revisions) => revisions.by_revision.get(&revision).copied(),
            None => (of_first == revision).then_some(first),
        };
        if let Some(same) = same {
            let equal = self.message(same).body == message.body;
            return if equal { Filed::Duplicate } else { Filed::Conflict(same) };
        }
        let revisions = self.revisions.entry(fact.0).or_default();
        if revisions.arrived.is_empty() {
            revisions.push(first, of_first);
        }
        revisions.push(number, revision);
        Filed::Stored(fact)
    }

    pub(crate) fn revisions_of(&self, fact: FactNumber) -> Vec<EventNumber> {
        match self.revisions.get(&fact.0) {
            Some(revisions) => revisions.arrived.clone(),
            None => Vec::from([self.facts[fact.0 as usize].first]),
        }
    }

    /// Returns `true` if event `number` is a message that is stored, and no duplicate or conflict of another.
    pub(crate) fn stores(&self, number: EventNumber) -> bool {
        let Some(What::Stimulus(Stimulus::In(message))) = self.get(number).map(|event| &event.what) else {
            return false;
        };
        let fact = self.find(&message.from, &message.id);
        fact.is_some_and(|fact| self.revisions_of(fact).contains(&number))
    }

    pub(crate) fn reject(&mut self, number: EventNumber) {
        self.rejected.insert(number);
    }

    /// Marks every revision of a fact as admitted, until it is rejected again.
    pub(crate) fn readmit(&mut self, fact: FactNumber) {
        for revision in self.revisions_of(fact) {
            self.rejected.remove(&revision);
        }
    }

    /// Returns `true` if the message of event `number` is rejected now.
    pub fn is_rejected(&self, number: EventNumber) -> bool {
        self.rejected.contains(&number)
    }

    /// The event of the highest admitted revision of a fact.
    pub(crate) fn highest(&self, fact: FactNumber) -> Option<EventNumber> {
        let admitted = self.revisions_of(fact).into_iter().filter(|number| !self.is_rejected(*number));
        admitted.max_by_key(|number| self.message(*number).revision)
    }

    /// All facts, in the order in which their first revisions arrived.
    pub(crate) fn fact_numbers(&self) -> impl Iterator<Item = FactNumber> + use<S> {
        (0..self.facts.len() as u32).map(FactNumber)
    }

    /// The event of the revision of a fact that counts.
    pub(crate) fn counting(&self, fact: FactNumber) -> Option<EventNumber> {
        self.facts[fact.0 as usize].counting
    }

    /// Makes the revision of event `number` the one that counts for a fact.
    pub(crate) fn count(&mut self, fact: FactNumber, number: Option<EventNumber>) {
        self.facts[fact.0 as usize].counting = number;
    }

    /// The event of the revision of a fact that arrived first: its place in a system without positions.
    pub(crate) fn first(&self, fact: FactNumber) -> EventNumber {
        self.facts[fact.0 as usize].first
    }

    /// The facts that have a revision that counts, each with the event of that revision.
    pub(crate) fn facts(&self) -> impl Iterator<Item = (FactNumber, EventNumber)> {
        let facts = self.facts.iter().enumerate();
        facts.filter_map(|(number, fact)| Some((FactNumber(number as u32), fact.counting?)))
    }
}
