//! The index of a recorded trace: the messages of each key, and the earlier revision of each message.

use afresh_check::Subject;
use afresh_check::guard::guard;
use afresh_core::{Key, Message};
use indexmap::{IndexMap, IndexSet};

/// The index of the messages of a trace. A message has a place, counted from 0.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// For each key, the places of the messages that concern it, in ascending order.
    keys: IndexMap<Key, Vec<u32>>,
    /// The keys of all messages, one message after the other, by their index in `keys`.
    concerned: Vec<u32>,
    /// For each message, the end of its keys in `concerned`.
    ends: Vec<usize>,
    /// For each message, the message before it with the same sender and id.
    before: Vec<Option<u32>>,
}

impl Index {
    /// Builds the index of messages.
    ///
    /// A revision concerns the keys of its own body, and those of the body that it replaces. A message whose keys
    /// cannot be computed concerns none.
    pub(super) fn of<S: Subject>(system: &S, messages: &[Message<S::In>]) -> Self {
        let mut index = Self::default();
        let mut last = IndexMap::with_capacity(messages.len());
        for (place, message) in messages.iter().enumerate() {
            let before: Option<u32> = last.insert((&message.from, &message.id), place as u32);
            index.before.push(before);
            let mut keys = IndexSet::new();
            if let Some(body) = &message.body {
                let _ = guard(&mut || keys.extend(system.keys(body).into_iter().map(|key| index.number(key))));
            }
            if let Some(before) = before {
                keys.extend(index.keys_of(before as usize).iter().copied());
            }
            for key in &keys {
                index.keys[*key as usize].push(place as u32);
            }
            index.concerned.extend(keys);
            index.ends.push(index.concerned.len());
        }
        index
    }

    /// Returns the number of a key, which is new or known.
    fn number(&mut self, key: Key) -> u32 {
        let entry = self.keys.entry(key);
        let number = entry.index() as u32;
        entry.or_default();
        number
    }

    /// The number of keys.
    pub(super) fn keys(&self) -> usize {
        self.keys.len()
    }

    /// The keys of a message, by their number.
    pub(super) fn keys_of(&self, place: usize) -> &[u32] {
        let begin = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.concerned[begin..self.ends[place]]
    }

    /// The places of the messages that concern a key, in ascending order.
    pub(super) fn of_key(&self, number: u32) -> &[u32] {
        &self.keys[number as usize]
    }

    /// The message before this one with the same sender and id.
    pub(super) fn before(&self, place: usize) -> Option<usize> {
        self.before[place].map(|before| before as usize)
    }

    /// The message before this one that concerns the same key, which is given by its number.
    pub(super) fn before_in_key(&self, number: u32, place: usize) -> Option<usize> {
        let places = self.of_key(number);
        let count = places.partition_point(|other| (*other as usize) < place);
        Some(places[count.checked_sub(1)?] as usize)
    }

    /// The number of `key`, if any message concerns it.
    pub(super) fn find(&self, key: &Key) -> Option<u32> {
        self.keys.get_index_of(key).map(|number| number as u32)
    }
}
