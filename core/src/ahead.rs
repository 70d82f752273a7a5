//! Look-ahead: prefetches the data that the next messages need, to make taking them faster.
//!
//! For a system whose code runs in another process, it also says which folds the messages will need.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;
use core::hint::black_box;

use crate::cell::Carried;
use crate::elsewhere::{Elsewhere, Folds, Foreseen};
use crate::engine::{Engine, Policy};
use crate::index::hash;
use crate::message::Message;
use crate::name::{Key, Name};
use crate::system::{Beginning, System};

/// The smallest journal, in events, for which prefetching pays. A smaller one fits into the processor's cache.
const EVENTS_MIN: usize = 1 << 13;

/// The longest history that is told again with each message that folds it.
const HISTORY_MAX: usize = 1000;

/// How many messages are looked at together. More would evict each other from the nearest cache.
const GROUP: usize = 16;

impl<S: System> Engine<S> {
    /// Prefetches the data that the next messages need, so that it is faster to [`take`](Self::take) them.
    ///
    /// This changes no result, only the time, and does nothing while the journal is small. Pass up to a few hundred
    /// messages: the data for more does not fit into the processor's caches together.
    ///
    /// The data for a message is scattered in memory, and each piece points to the next. A processor that takes one
    /// message after another therefore mostly waits for memory. This method makes each step for all messages before it
    /// makes the next step, so that the waits overlap. (Group prefetching: Chen, Ailamaki, Gibbons and Mowry, 2004.)
    pub fn look_ahead<'m>(&self, messages: impl IntoIterator<Item = &'m Message<S::In>>)
    where
        S::In: 'm,
    {
        if let Some(elsewhere) = self.system.elsewhere() {
            return self.foresee(&elsewhere, messages.into_iter().collect());
        }
        if self.journal.len() < EVENTS_MIN {
            return;
        }
        let mut messages = messages.into_iter().peekable();
        while messages.peek().is_some() {
            self.look_at(messages.by_ref().take(GROUP));
        }
    }

    /// Looks at one group.
    fn look_at<'m>(&self, messages: impl Iterator<Item = &'m Message<S::In>>)
    where
        S::In: 'm,
    {
        let mut hashes = [(0, None); GROUP];
        for (message, hashed) in messages.zip(&mut hashes) {
            *hashed = (hash([&message.from, &message.id]), self.first_key(message).map(|key| hash([&key])));
        }
        for (fact, key) in &hashes {
            self.journal.touch(*fact);
            key.map(|key| self.by_key.touch(key));
        }
        // Accept the first entry with this hash: a collision only prefetches the wrong cell, and changes no result.
        let cells = hashes.map(|(_, key)| self.by_key.find(key?, |_| true).map(|number| &self.cells[number as usize]));
        let entries = cells.map(|cell| {
            let cell = cell?;
            black_box((cell.opening, cell.routes, cell.begun));
            Some((cell.history.entries().back(), cell.slots.first()))
        });
        let sendings = entries.map(|entries| {
            let (newest, slot) = entries?;
            black_box(newest.copied());
            Some(self.outbox.sending(*slot?))
        });
        for sending in sendings.into_iter().flatten() {
            let sent = self.journal.sent(sending.event);
            self.outbox.touch(&sent.key, &sent.slot);
        }
    }

    /// The first key that a message concerns, if any.
    fn first_key(&self, message: &Message<S::In>) -> Option<Key> {
        let body = message.body.as_ref()?;
        let mut key = None;
        // A panic here can be ignored: it happens again, and is reported, when the message is taken.
        let _ = (self.options.guard)(&mut || key = self.system.keys(body).into_iter().next());
        key
    }

    /// Tells the system which folds these messages will need if all of them count and come in order.
    ///
    /// A mistake costs only time: what was not foreseen is asked for when it is needed.
    fn foresee(&self, elsewhere: &impl Elsewhere<S>, messages: Vec<&Message<S::In>>) {
        let bodies: Vec<_> = messages.iter().filter_map(|message| message.body.as_ref()).collect();
        elsewhere.foresee_bodies(&bodies);
        let mut by_key: BTreeMap<Key, Option<Future<S>>> = BTreeMap::new();
        for message in messages {
            let Some(body) = message.body.as_ref().filter(|_| self.journal.find(&message.from, &message.id).is_none())
            else {
                continue;
            };
            let mut keys = Vec::new();
            let mut place = None;
            let done = (self.options.guard)(&mut || {
                if self.system.admit(body).is_ok() {
                    keys = self.system.keys(body).into_iter().collect();
                    place = self.system.position(body);
                }
            });
            for key in keys.iter().filter(|_| done.is_ok()) {
                let future = by_key.entry(key.clone()).or_insert_with(|| self.future(key));
                // A late message changes the history in another way, and the states after it are not foreseen.
                let is_late = future.as_ref().is_some_and(|future| place < future.last);
                if is_late {
                    *future = None;
                }
                if let Some(future) = future {
                    future.last = place;
                    future.inputs.push((message.from.clone(), message.id.clone(), body.clone()));
                }
            }
        }
        let mut folds = Vec::new();
        for (key, future) in by_key {
            let Some(Future { state, inputs, known, .. }) = future else { continue };
            let flows = self.flows.of(&key).clone();
            let needed = if self.options.policy == Policy::FirstPrinciples {
                // Each message folds the whole history again.
                Folds::Prefixes((known + 1..=inputs.len()).collect())
            } else {
                Folds::Steps
            };
            folds.push(Foreseen { key, state, inputs, flows, folds: needed, looks: true, restates: Vec::new() });
        }
        elsewhere.foresee_folds(folds);
    }

    /// Tells a system whose code runs elsewhere that these keys will be folded from their first messages.
    pub(crate) fn foresee_cells(&self, cells: &[usize]) {
        let Some(elsewhere) = self.system.elsewhere() else { return };
        let fold = |number: &usize| {
            let (cell, sources) = (&self.cells[*number], self.sources());
            // A longer history has checkpoints, at which the fold stops.
            let is_plain = self.options.complete && !cell.opens() && cell.checkpoints.is_empty();
            let inputs = cell.history.entries().iter().map(|entry| sources.input(entry.source));
            (is_plain && cell.history.len() > 0).then(|| Foreseen {
                key: cell.key.clone(),
                state: self.system.initial(&cell.key, Beginning::Birth).unwrap_or_default(),
                inputs: inputs.map(|input| (input.from.clone(), input.id.clone(), input.body.clone())).collect(),
                flows: self.flows.of(&cell.key).clone(),
                folds: Folds::Prefixes(vec![cell.history.len()]),
                looks: true,
                restates: Vec::new(),
            })
        };
        elsewhere.foresee_folds(cells.iter().filter_map(fold).collect());
    }

    /// Returns the folds that are to come for a key; `None` if they are not foreseen.
    fn future(&self, key: &Key) -> Option<Future<S>> {
        let start = || self.system.initial(key, Beginning::Birth).unwrap_or_default();
        let number = self.cell_number(key).filter(|number| !self.cells[*number].is_quarantined());
        let Some(number) = number else {
            return self.options.complete.then(|| Future { state: start(), inputs: Vec::new(), known: 0, last: None });
        };
        let (cell, sources) = (&self.cells[number], self.sources());
        let last = cell.history.entries().back();
        let last = last.and_then(|last| self.system.position(sources.input(last.source).body));
        if self.options.policy != Policy::FirstPrinciples {
            let Carried::State(state) = &cell.carried else { return None };
            return Some(Future { state: state.clone(), inputs: Vec::new(), known: 0, last });
        }
        let plain = self.options.complete && !cell.opens() && cell.history.len() < HISTORY_MAX;
        plain.then(|| {
            let entries = cell.history.entries().iter().map(|entry| sources.input(entry.source));
            let inputs = entries.map(|input| (input.from.clone(), input.id.clone(), input.body.clone()));
            Future { state: start(), inputs: inputs.collect(), known: cell.history.len(), last }
        })
    }
}

/// The folds that the next messages of a key will need.
struct Future<S: System> {
    /// The state before the inputs.
    state: S::State,
    /// The messages that will be folded.
    inputs: Vec<(Name, Name, S::In)>,
    /// The number of inputs that are in the history already.
    known: usize,
    /// The position of the last input.
    last: Option<i64>,
}
