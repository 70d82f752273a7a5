//! Look-ahead: prefetches the data that the next messages need, to make taking them faster.

use core::hint::black_box;

use crate::engine::Engine;
use crate::index::hash;
use crate::message::Message;
use crate::name::Key;
use crate::system::System;

/// The smallest journal, in events, for which prefetching pays. A smaller one fits into the processor's cache.
const EVENTS_MIN: usize = 1 << 13;

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
}
