//! The upstream node of a simulated service, which sends each message until it is acknowledged.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use afresh_check::Subject;
use afresh_core::{Message, Name, System};

use super::{Alarm, HOST, Kept, MS, Mail, PACE_MS, Party, RETRY, Record};
use crate::world::Effects;

/// The messages that the upstream sends one after the other: each only when the one before is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lanes {
    /// None: no message waits for another one.
    None,
    /// Those of one fact, so that no revision overtakes another one.
    Facts,
    /// Those of one sender, so that the host gets them in the order in which they were sent.
    Senders,
}

impl Lanes {
    /// The time from one message to the next, in milliseconds.
    ///
    /// It leaves a sender whose messages wait for each other the time to get most answers, so that they are spread over
    /// the phase in which faults happen.
    pub(super) fn pace_ms(self) -> u32 {
        match self {
            Self::None | Self::Facts => PACE_MS,
            Self::Senders => 3 * PACE_MS,
        }
    }

    /// The lane of a message, by its name.
    fn of<I>(self, message: &Message<I>) -> Option<(Name, Option<Name>)> {
        match self {
            Self::None => None,
            Self::Facts => Some((message.from.clone(), Some(message.id.clone()))),
            Self::Senders => Some((message.from.clone(), None)),
        }
    }
}

/// The node of a simulated service that sends the messages to the host.
pub(super) struct Upstream<S: System> {
    /// The messages in the order in which they were posted.
    messages: Vec<Posted<S::In>>,
    /// The indexes of the messages to send, in turn. There is a timer for each.
    queue: VecDeque<u32>,
    lanes: Lanes,
    /// The last message of each lane.
    last: BTreeMap<(Name, Option<Name>), u32>,
}

/// A message that was posted.
struct Posted<I> {
    message: Arc<Message<I>>,
    is_acknowledged: bool,
    /// The message before it in its lane.
    before: Option<u32>,
    /// The message after it in its lane.
    after: Option<u32>,
    /// Whether it was due before the one before it was acknowledged.
    waits: bool,
}

impl<S: Subject> Upstream<S> {
    pub(super) fn new(lanes: Lanes) -> Self {
        Self { messages: Vec::new(), queue: VecDeque::new(), lanes, last: BTreeMap::new() }
    }

    /// The messages that are acknowledged.
    pub(super) fn acknowledged(&self) -> impl Iterator<Item = &Message<S::In>> {
        self.messages.iter().filter(|posted| posted.is_acknowledged).map(|posted| &*posted.message)
    }

    /// The number of messages that are not acknowledged.
    pub(super) fn unacknowledged(&self) -> usize {
        self.messages.iter().filter(|posted| !posted.is_acknowledged).count()
    }

    /// Takes a message to send, unless it cannot be made durable: then nobody has been promised anything.
    pub(super) fn post(&mut self, at_ms: u32, message: Arc<Message<S::In>>, effects: &mut Effects<Party<S>>) {
        if effects.write(Record(Kept::Posted(at_ms, Arc::clone(&message)))).is_ok() && effects.sync().is_ok() {
            self.add(at_ms, message, effects);
        } else {
            effects.stop();
        }
    }

    /// Adds a message, and sets the timer to send it. If its time has passed, that is at once.
    fn add(&mut self, at_ms: u32, message: Arc<Message<S::In>>, effects: &mut Effects<Party<S>>) {
        effects.set_timer(i64::from(at_ms) * MS - effects.now(), Alarm::Send);
        let index = self.messages.len() as u32;
        self.queue.push_back(index);
        let before = self.lanes.of(&message).and_then(|lane| self.last.insert(lane, index));
        if let Some(before) = before {
            self.messages[before as usize].after = Some(index);
        }
        self.messages.push(Posted { message, is_acknowledged: false, before, after: None, waits: false });
    }

    /// Restarts the node from its records.
    pub(super) fn restart<'r>(&mut self, records: impl Iterator<Item = &'r Kept<S>>, effects: &mut Effects<Party<S>>)
    where
        S: 'r,
    {
        for record in records {
            match record {
                Kept::Posted(at_ms, message) => self.add(*at_ms, Arc::clone(message), effects),
                Kept::Acknowledged(index) => self.messages[*index as usize].is_acknowledged = true,
                _ => {}
            }
        }
    }

    /// Sends the next message, unless it is acknowledged, and sets a timer to send it again.
    ///
    /// A message that has to wait for another one is sent when that is acknowledged.
    pub(super) fn send(&mut self, effects: &mut Effects<Party<S>>) {
        let Some(index) = self.queue.pop_front() else { return };
        let Some(Posted { is_acknowledged: false, before, .. }) = self.messages.get(index as usize) else { return };
        if before.is_some_and(|before| !self.messages[before as usize].is_acknowledged) {
            self.messages[index as usize].waits = true;
        } else {
            self.send_now(index, effects);
        }
    }

    fn send_now(&mut self, index: u32, effects: &mut Effects<Party<S>>) {
        effects.send(HOST, Mail::Message(index, Arc::clone(&self.messages[index as usize].message)));
        effects.set_timer(RETRY, Alarm::Send);
        self.queue.push_back(index);
    }

    /// Records that a message is acknowledged, and sends the one that has waited for it.
    ///
    /// It does not sync. If a crash loses the record, the message is only sent once more.
    pub(super) fn acknowledge(&mut self, index: u32, effects: &mut Effects<Party<S>>) {
        let Some(posted) = self.messages.get_mut(index as usize) else { return };
        posted.is_acknowledged = true;
        let after = posted.after;
        let _ = effects.write(Record(Kept::Acknowledged(index)));
        let waits = |after: &u32| std::mem::take(&mut self.messages[*after as usize].waits);
        if let Some(after) = after.filter(waits) {
            self.send_now(after, effects);
        }
    }
}

impl<S: System> fmt::Display for Upstream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Posted { message, is_acknowledged, .. } in &self.messages {
            let Message { from, id, revision, .. } = &**message;
            let what = if *is_acknowledged { "acknowledged" } else { "not acknowledged" };
            writeln!(f, "{from} {id} r{revision}: {what}")?;
        }
        Ok(())
    }
}
