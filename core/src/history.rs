//! Histories: the messages that count for a key, in canonical order.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::cmp::Ordering;

use crate::index::{Index, hash};
use crate::journal::Journal;
use crate::message::Input;
use crate::name::{Key, Slot};
use crate::system::System;
use crate::trace::EventNumber;

/// The place where the body of a message is stored: in the journal, or among the routed messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Source(u32);

/// The bit that marks a source as a routed message.
const ROUTED: u32 = 1 << 31;

impl Source {
    pub(crate) fn event(number: EventNumber) -> Self {
        assert!(number.get() < ROUTED, "a journal that is folded holds fewer than 2^31 events");
        Self(number.get())
    }

    fn routed(place: usize) -> Self {
        Self(
            u32::try_from(place).ok().filter(|place| *place < ROUTED).expect("fewer than 2^31 routed messages")
                | ROUTED,
        )
    }

    fn is_routed(self) -> bool {
        self.0 & ROUTED != 0
    }

    /// The event with which the message arrived, or `None` for a routed message.
    pub(crate) fn number(self) -> Option<EventNumber> {
        EventNumber::new(self.0).filter(|_| !self.is_routed())
    }
}

/// One message of a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The position of the message or, in a system without positions, the event number of its arrival.
    pub(crate) position: i64,
    /// The place where the body is stored.
    pub(crate) source: Source,
}

/// The messages that count for a key, in canonical order.
///
/// The order is by position and subposition. At the same place, routed messages come last. After that, sender and id
/// decide, with the numbers in them compared as numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    /// A late message moves only the entries on the shorter side of its place.
    entries: VecDeque<Entry>,
    /// The sum of the sources of all entries. If the entries add up to another sum, this index of the key is damaged.
    sum: u64,
}

impl History {
    pub(crate) fn entries(&self) -> &VecDeque<Entry> {
        &self.entries
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Adds an entry, and returns its place.
    pub(crate) fn add<S: System>(&mut self, sources: &Sources<'_, S>, entry: Entry) -> usize {
        self.sum = self.sum.wrapping_add(u64::from(entry.source.0));
        let newest = self.entries.back().is_none_or(|last| sources.order(last, &entry).is_lt());
        let place = if newest {
            self.entries.len()
        } else {
            self.entries.partition_point(|other| sources.order(other, &entry).is_lt())
        };
        if self.entries.len() == self.entries.capacity() {
            // Grow by a quarter instead of doubling: there is a history for every key, so spare capacity adds up.
            self.entries.reserve_exact(self.entries.len() / 4 + 8);
        }
        self.entries.insert(place, entry);
        place
    }

    /// Removes an entry, and returns the place that it had. Returns `None` if damage has lost the entry.
    pub(crate) fn remove<S: System>(&mut self, sources: &Sources<'_, S>, entry: Entry) -> Option<usize> {
        self.sum = self.sum.wrapping_sub(u64::from(entry.source.0));
        let place = self.entries.partition_point(|other| sources.order(other, &entry).is_lt());
        (self.entries.get(place) == Some(&entry)).then(|| {
            self.entries.remove(place);
            place
        })
    }

    /// Returns `true` if the history is undamaged: no entry was lost or changed since it was added.
    pub(crate) fn is_whole(&self) -> bool {
        self.sum == self.entries.iter().fold(0, |sum, entry| sum.wrapping_add(u64::from(entry.source.0)))
    }

    /// Builds the history of `key` from the facts of the journal and the routed messages, without any other index.
    pub(crate) fn from_facts<S: System>(system: &S, sources: Sources<'_, S>, key: &Key) -> Self {
        let mut entries: Vec<Entry> =
            sources.entries(system, |body| system.keys(body).into_iter().any(|other| other == *key)).collect();
        entries.sort_by(|a, b| sources.order(a, b));
        let sum = entries.iter().fold(0, |sum: u64, entry| sum.wrapping_add(u64::from(entry.source.0)));
        Self { entries: entries.into(), sum }
    }

    /// Removes the newest entry, to simulate damage: a fault that the engine must heal.
    pub(crate) fn damage(&mut self) {
        self.entries.pop_back();
    }
}

/// One revision of a message that a key sends to other keys of the same system.
#[derive(Clone)]
struct Routed<B> {
    from: Key,
    slot: Slot,
    /// The place of the message in a system without positions: the event number of the stimulus that first produced it.
    arrival: i64,
    body: B,
}

/// All routed messages, which are derived from the states. The journal holds them only as outputs.
#[derive(Clone)]
pub(crate) struct RoutedMessages<B> {
    /// All revisions, which never change.
    revisions: Vec<Routed<B>>,
    /// One entry for each output that was ever routed.
    slots: Vec<Routing>,
    by_slot: Index,
    /// During a dry run: the indices in `slots` of the changed entries, and the entries as they were before.
    changed: Option<Vec<(u32, Routing)>>,
}

/// The current routing of an output that was ever routed.
#[derive(Clone, Copy)]
struct Routing {
    /// The index in `revisions` of the revision from which the name and the arrival of the message are taken.
    first: u32,
    /// The index in `revisions` of the revision that counts, or `None` if the output is no longer routed.
    counting: Option<u32>,
    /// `true` if the stimulus that first routed the output withdrew it again in a later round.
    ///
    /// Such an output was never sent, and a restart does not know of it. If it is routed later, it therefore gets a new
    /// `first`, and with it a new arrival.
    unmade: bool,
}

impl<B> Default for RoutedMessages<B> {
    fn default() -> Self {
        Self { revisions: Vec::new(), slots: Vec::new(), by_slot: Index::default(), changed: None }
    }
}

/// The sizes of the lists of routed messages at the start of a dry run.
pub(crate) struct Mark {
    revisions: usize,
    slots: usize,
}

/// A change of a routed message: the revision that counted before, and the one that counts after it.
pub(crate) struct Rerouted {
    pub(crate) before: Option<Source>,
    pub(crate) after: Option<Source>,
}

impl<B: Clone + PartialEq> RoutedMessages<B> {
    /// Sets the message that an output routes. Returns `None` if it routed the same before.
    pub(crate) fn set(&mut self, key: &Key, slot: &Slot, arrival: i64, body: Option<B>) -> Option<Rerouted> {
        let found = if self.slots.is_empty() { None } else { self.find(key, slot) };
        let next = self.revisions.len() as u32;
        let Routing { mut first, counting, unmade } = match found {
            Some(number) => self.slots[number as usize],
            None if body.is_none() => return None,
            None => Routing { first: next, counting: None, unmade: true },
        };
        if counting.map(|place| &self.revisions[place as usize].body) == body.as_ref() {
            return None;
        }
        if unmade {
            first = next;
        }
        let since = self.revisions.get(first as usize).map_or(arrival, |revision| revision.arrival);
        let after = body.map(|body| {
            self.revisions.push(Routed { from: key.clone(), slot: slot.clone(), arrival: since, body });
            next
        });
        let routing = Routing { first, counting: after, unmade: after.is_none() && since == arrival };
        match found {
            Some(number) => {
                let before = core::mem::replace(&mut self.slots[number as usize], routing);
                if let Some(changed) = &mut self.changed {
                    changed.push((number, before));
                }
            }
            None => self.insert(key, slot, routing),
        }
        let source = |place: u32| Source::routed(place as usize);
        Some(Rerouted { before: counting.map(source), after: after.map(source) })
    }

    fn find(&self, key: &Key, slot: &Slot) -> Option<u32> {
        self.by_slot.find(hash([key, slot]), |number| {
            let routed = &self.revisions[self.slots[number as usize].first as usize];
            routed.slot == *slot && routed.from == *key
        })
    }

    fn insert(&mut self, key: &Key, slot: &Slot, routing: Routing) {
        self.slots.push(routing);
        self.by_slot.insert(hash([key, slot]), self.slots.len() as u32 - 1);
    }

    /// The revisions of routed messages that count.
    pub(crate) fn counting(&self) -> impl Iterator<Item = Source> {
        self.slots.iter().filter_map(|routing| routing.counting.map(|place| Source::routed(place as usize)))
    }

    /// Begins a dry run, and returns the mark to which [`reset`](Self::reset) goes back.
    pub(crate) fn mark(&mut self) -> Mark {
        self.changed = Some(Vec::new());
        Mark { revisions: self.revisions.len(), slots: self.slots.len() }
    }

    /// Ends a dry run, and restores the routed messages as they were at its start.
    pub(crate) fn reset(&mut self, mark: &Mark) {
        for (number, routing) in self.changed.take().into_iter().flatten().rev() {
            self.slots[number as usize] = routing;
        }
        self.revisions.truncate(mark.revisions);
        if self.slots.len() > mark.slots {
            let slots = core::mem::take(&mut self.slots);
            self.by_slot = Index::default();
            for routing in slots.into_iter().take(mark.slots) {
                let Routed { from, slot, .. } = self.revisions[routing.first as usize].clone();
                self.insert(&from, &slot, routing);
            }
        }
    }
}

/// Asks the system for the place of a message, only to see whether its code panics.
pub(crate) fn try_place<S: System>(system: &S, body: &S::In) {
    system.position(body);
    system.subposition(body).into_iter().for_each(drop);
}

/// The two stores of message bodies: the journal and the routed messages.
pub(crate) struct Sources<'a, S: System> {
    pub(crate) system: &'a S,
    pub(crate) journal: &'a Journal<S>,
    pub(crate) routed: &'a RoutedMessages<S::In>,
}

impl<S: System> Clone for Sources<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: System> Copy for Sources<'_, S> {}

impl<'a, S: System> Sources<'a, S> {
    /// The message of a source, as the system sees it.
    pub(crate) fn input(self, source: Source) -> Input<'a, S::In> {
        if source.is_routed() {
            let routed = &self.routed.revisions[(source.0 & !ROUTED) as usize];
            return Input { from: &routed.from, id: &routed.slot, body: &routed.body };
        }
        let message = self.journal.message(EventNumber::new(source.0).expect("the number of an event"));
        let body = message.body.as_ref().expect("a withdrawal is in no history");
        Input { from: &message.from, id: &message.id, body }
    }

    /// Builds the history entry of a message. `arrival` is its place if the system has no positions.
    pub(crate) fn entry(self, system: &S, source: Source, arrival: i64) -> Entry {
        Entry { position: system.position(self.input(source).body).unwrap_or(arrival), source }
    }

    /// Builds the history entry of a routed message.
    pub(crate) fn routed_entry(self, system: &S, source: Source) -> Entry {
        self.entry(system, source, self.routed.revisions[(source.0 & !ROUTED) as usize].arrival)
    }

    /// Builds the entries of all messages that count and whose body is `wanted`, in no particular order.
    pub(crate) fn entries(
        self,
        system: &'a S,
        wanted: impl Fn(&S::In) -> bool + Clone + 'a,
    ) -> impl Iterator<Item = Entry> + 'a {
        let external = self.journal.facts().filter_map(move |(fact, number)| {
            self.journal.message(number).body.as_ref()?;
            Some(self.entry(system, Source::event(number), i64::from(self.journal.first(fact).get())))
        });
        let routed = self.routed.counting().map(move |source| self.routed_entry(system, source));
        external.chain(routed).filter(move |entry| wanted(self.input(entry.source).body))
    }

    /// Compares two entries by canonical order.
    fn order(self, a: &Entry, b: &Entry) -> Ordering {
        a.position.cmp(&b.position).then_with(|| {
            let (x, y) = (self.input(a.source), self.input(b.source));
            let within = self.system.subposition(x.body).into_iter().cmp(self.system.subposition(y.body));
            let routed = || a.source.is_routed().cmp(&b.source.is_routed());
            let named = || x.from.natural_cmp(y.from).then_with(|| x.id.natural_cmp(y.id));
            within.then_with(routed).then_with(named)
        })
    }
}
