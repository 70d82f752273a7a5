//! A look at the messages that come next, so that what is known of them is near when they come.

use core::hint::black_box;

use crate::engine::Engine;
use crate::index::hash;
use crate::message::Message;
use crate::name::Key;
use crate::system::System;

/// A journal with fewer events is near as a whole.
const EVENTS_MIN: usize = 1 << 13;

/// How many messages [`Engine::look_ahead`] looks at together: more would push each other out of what is nearest.
pub const AHEAD: usize = 16;

impl<S: System> Engine<S> {
    /// Looks at the messages that come next, [`AHEAD`] of them at most. Nothing changes but the time that it takes to
    /// [`take`](Self::take) them, once there is more than what is near a processor.
    ///
    /// What is needed for a message is scattered in memory, and each piece says where the next one is: a processor that takes
    /// one message after another mostly waits. Here each step is made for all messages before the next step is made for any, so
    /// that it waits for many pieces at a time (Chen, Ailamaki, Gibbons and Mowry, 2004: group prefetching).
    pub fn look_ahead<'m>(&self, messages: impl IntoIterator<Item = &'m Message<S::In>>)
    where
        S::In: 'm,
    {
        if self.journal.len() < EVENTS_MIN {
            return;
        }
        let mut hashes = [(0, None); AHEAD];
        for (message, hashed) in messages.into_iter().zip(&mut hashes) {
            *hashed = (hash([&message.from, &message.id]), self.first_key(message).map(|key| hash([&key])));
        }
        for (fact, key) in &hashes {
            self.journal.touch(*fact);
            key.map(|key| self.by_key.touch(key));
        }
        // A key of another name is as good: this looks, and nothing depends on it.
        let cells = hashes.map(|(_, key)| self.by_key.find(key?, |_| true).map(|number| &self.cells[number as usize]));
        let entries = cells.map(|cell| {
            let cell = cell?;
            black_box((cell.opening, cell.routes, cell.begun));
            Some((cell.history.entries().last(), cell.slots.first()))
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

    fn first_key(&self, message: &Message<S::In>) -> Option<Key> {
        let body = message.body.as_ref()?;
        let mut key = None;
        // Where this panics it does so again when the message is taken, and is reported then.
        let _ = (self.options.guard)(&mut || key = self.system.keys(body).into_iter().next());
        key
    }
}
