//! The journal: the trace that an engine is writing, and its index by id.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use crate::index::{Index, hash};
use crate::message::{FactId, Message};
use crate::name::Name;
use crate::system::{System, Types};
use crate::trace::{At, Event, EventNumber, Observation, Stimulus, What};

/// The event type of a system.
pub type EventOf<T> = Event<<T as Types>::In, <T as Types>::Out, <T as Types>::View>;

/// The trace that an engine is writing: append-only, indexed by message id. The number of an event is its place in it.
#[derive(Clone)]
pub struct Journal<S: System> {
    /// Full chunks and a last one that fills: what is written is never moved, and no space is kept for twice as much.
    chunks: Vec<Vec<EventOf<S>>>,
    length: u32,
    facts: Vec<Fact>,
    by_id: Index,
    /// All stored revisions of the facts that have more than one, as the numbers of their events.
    revisions: BTreeMap<u32, Vec<EventNumber>>,
    /// The messages that were not admitted.
    rejected: BTreeSet<EventNumber>,
}

/// What is known of one fact.
#[derive(Clone, Copy)]
struct Fact {
    /// The event of the revision that arrived first: where the fact has its place, if it has no position.
    first: EventNumber,
    /// The event of the highest admitted revision, which may be a withdrawal.
    counting: Option<EventNumber>,
}

/// Names a fact of a journal, fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FactNumber(u32);

/// How a message stands to what is stored.
pub(crate) enum Filed {
    /// Its revision is stored already, with the same body.
    Duplicate,
    /// Its revision is stored already, with another body.
    Conflict(EventNumber),
    /// It is stored now.
    Stored(FactNumber),
}

const CHUNK: usize = 256;

/// How many events there is space for at first.
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
    /// How many events there are.
    pub fn len(&self) -> usize {
        self.length as usize
    }

    /// Whether there is no event.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The event with this number.
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

    /// The events after the first `count`.
    pub fn since(&self, count: usize) -> impl Iterator<Item = &EventOf<S>> + Clone {
        let (chunk, skip) = (count / CHUNK, count % CHUNK);
        self.chunks.iter().skip(chunk).enumerate().flat_map(move |(n, chunk)| {
            let skip = if n == 0 { skip.min(chunk.len()) } else { 0 };
            &chunk[skip..]
        })
    }

    /// The stored revisions of a fact, as the numbers of their events, in the order of arrival.
    pub fn revisions(&self, fact: &FactId) -> Vec<EventNumber> {
        self.find(&fact.from, &fact.id).map(|fact| self.revisions_of(fact)).unwrap_or_default()
    }

    /// The number that the next event will have.
    pub(crate) fn next(&self) -> EventNumber {
        EventNumber::MIN.saturating_add(self.length)
    }

    /// Inlined, an event is made where it stays: it is too large to be handed from one place to the next.
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
        // The first chunk grows as it fills, for the many engines that are small.
        let capacity = if self.length == 0 { FEW } else { CHUNK };
        self.chunks.push(Vec::with_capacity(capacity));
        self.facts.reserve(if self.length == 0 { FEW / 2 } else { 0 });
    }

    /// The message of an `in` event.
    pub(crate) fn message(&self, number: EventNumber) -> &Message<S::In> {
        match self.get(number).map(|event| &event.what) {
            Some(What::Stimulus(Stimulus::In(message))) => message,
            _ => unreachable!("the index names messages that came in"),
        }
    }

    /// The output of an `out` event.
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

    /// Reads where a search for a fact of this hash begins, so that it is near.
    pub(crate) fn touch(&self, hash: u64) {
        self.by_id.touch(hash);
    }

    /// Stores the message of event `number`, which was just pushed.
    pub(crate) fn file(&mut self, number: EventNumber) -> Filed {
        let message = self.message(number);
        let hashed = hash([&message.from, &message.id]);
        let Some(fact) = self.find_hashed(hashed, &message.from, &message.id) else {
            let fact = self.facts.len() as u32;
            self.facts.push(Fact { first: number, counting: None });
            self.by_id.insert(hashed, fact);
            return Filed::Stored(FactNumber(fact));
        };
        let stored = self.revisions_of(fact);
        if let Some(same) = stored.iter().find(|stored| self.message(**stored).revision == message.revision) {
            let equal = self.message(*same).body == message.body;
            return if equal { Filed::Duplicate } else { Filed::Conflict(*same) };
        }
        self.revisions.entry(fact.0).or_insert(stored).push(number);
        Filed::Stored(fact)
    }

    pub(crate) fn revisions_of(&self, fact: FactNumber) -> Vec<EventNumber> {
        match self.revisions.get(&fact.0) {
            Some(revisions) => revisions.clone(),
            None => Vec::from([self.facts[fact.0 as usize].first]),
        }
    }

    pub(crate) fn reject(&mut self, number: EventNumber) {
        self.rejected.insert(number);
    }

    /// Takes every revision of a fact as admitted, until it is rejected again.
    pub(crate) fn readmit(&mut self, fact: FactNumber) {
        for revision in self.revisions_of(fact) {
            self.rejected.remove(&revision);
        }
    }

    pub(crate) fn is_rejected(&self, number: EventNumber) -> bool {
        self.rejected.contains(&number)
    }

    /// The event of the highest admitted revision.
    pub(crate) fn highest(&self, fact: FactNumber) -> Option<EventNumber> {
        let admitted = self.revisions_of(fact).into_iter().filter(|number| !self.is_rejected(*number));
        admitted.max_by_key(|number| self.message(*number).revision)
    }

    /// Every fact, in the order of arrival.
    pub(crate) fn fact_numbers(&self) -> impl Iterator<Item = FactNumber> + use<S> {
        (0..self.facts.len() as u32).map(FactNumber)
    }

    pub(crate) fn counting(&self, fact: FactNumber) -> Option<EventNumber> {
        self.facts[fact.0 as usize].counting
    }

    pub(crate) fn count(&mut self, fact: FactNumber, number: Option<EventNumber>) {
        self.facts[fact.0 as usize].counting = number;
    }

    /// Where a fact stands if it has no position: the number of the event of its first revision.
    pub(crate) fn first(&self, fact: FactNumber) -> EventNumber {
        self.facts[fact.0 as usize].first
    }

    /// The facts and the events of their highest admitted revisions.
    pub(crate) fn facts(&self) -> impl Iterator<Item = (FactNumber, EventNumber)> {
        let facts = self.facts.iter().enumerate();
        facts.filter_map(|(number, fact)| Some((FactNumber(number as u32), fact.counting?)))
    }
}
