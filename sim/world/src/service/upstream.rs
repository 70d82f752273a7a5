//! The upstream node of a simulated service, which sends each message until it is acknowledged.

use std::collections::VecDeque;
use std::fmt;

use afresh_check::Subject;
use afresh_core::{Message, System};

use super::{Alarm, HOST, Kept, MS, Mail, Party, RETRY, Record};
use crate::world::Effects;

/// The node of a simulated service that sends the messages to the host.
pub(super) struct Upstream<S: System> {
    /// The messages in the order in which they were posted, and whether each is acknowledged.
    messages: Vec<(Message<S::In>, bool)>,
    /// The indexes of the messages to send, in turn. There is a timer for each.
    queue: VecDeque<u32>,
}

impl<S: System> Default for Upstream<S> {
    fn default() -> Self {
        Self { messages: Vec::new(), queue: VecDeque::new() }
    }
}

impl<S: Subject> Upstream<S> {
    /// The messages that are acknowledged.
    pub(super) fn acknowledged(&self) -> impl Iterator<Item = &Message<S::In>> {
        self.messages.iter().filter(|(_, acknowledged)| *acknowledged).map(|(message, _)| message)
    }

    /// The number of messages that are not acknowledged.
    pub(super) fn unacknowledged(&self) -> usize {
        self.messages.iter().filter(|(_, acknowledged)| !acknowledged).count()
    }

    /// Takes a message to send, unless it cannot be made durable: then nobody has been promised anything.
    pub(super) fn post(&mut self, at_ms: u32, message: Message<S::In>, effects: &mut Effects<Party<S>>) {
        if effects.write(Record(Kept::Posted(at_ms, message.clone()))).is_ok() && effects.sync().is_ok() {
            self.add(at_ms, message, effects);
        } else {
            effects.stop();
        }
    }

    /// Adds a message, and sets the timer to send it. If its time has passed, that is at once.
    fn add(&mut self, at_ms: u32, message: Message<S::In>, effects: &mut Effects<Party<S>>) {
        effects.set_timer(i64::from(at_ms) * MS - effects.now(), Alarm::Send);
        self.queue.push_back(self.messages.len() as u32);
        self.messages.push((message, false));
    }

    /// Restarts the node from its records.
    pub(super) fn restart<'r>(&mut self, records: impl Iterator<Item = &'r Kept<S>>, effects: &mut Effects<Party<S>>)
    where
        S: 'r,
    {
        for record in records {
            match record {
                Kept::Posted(at_ms, message) => self.add(*at_ms, message.clone(), effects),
                Kept::Acknowledged(index) => self.messages[*index as usize].1 = true,
                _ => {}
            }
        }
    }

    /// Sends the next message, unless it is acknowledged, and sets a timer to send it again.
    pub(super) fn send(&mut self, effects: &mut Effects<Party<S>>) {
        let Some(index) = self.queue.pop_front() else { return };
        if let Some((message, false)) = self.messages.get(index as usize) {
            effects.send(HOST, Mail::Message(index, message.clone()));
            effects.set_timer(RETRY, Alarm::Send);
            self.queue.push_back(index);
        }
    }

    /// Records that a message is acknowledged.
    ///
    /// It does not sync. If a crash loses the record, the message is only sent once more.
    pub(super) fn acknowledge(&mut self, index: u32, effects: &mut Effects<Party<S>>) {
        if let Some((_, acknowledged)) = self.messages.get_mut(index as usize) {
            *acknowledged = true;
            let _ = effects.write(Record(Kept::Acknowledged(index)));
        }
    }
}

impl<S: System> fmt::Display for Upstream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (Message { from, id, revision, .. }, acknowledged) in &self.messages {
            let what = if *acknowledged { "acknowledged" } else { "not acknowledged" };
            writeln!(f, "{from} {id} r{revision}: {what}")?;
        }
        Ok(())
    }
}
