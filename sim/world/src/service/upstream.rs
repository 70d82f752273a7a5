//! The upstream node of a simulated service, which sends each message until it is acknowledged.

use afresh_check::Subject;

use super::{Alarm, HOST, Mail, PACE, Party, RETRY, Record};
use crate::world::Effects;

/// The node of a simulated service that sends the messages to the host.
pub(super) struct Upstream {
    /// True at the index of each message that is acknowledged.
    acknowledged: Vec<bool>,
}

impl Upstream {
    pub(super) fn new(messages: usize) -> Self {
        Self { acknowledged: vec![false; messages] }
    }

    /// The number of messages that are not acknowledged.
    pub(super) fn unacknowledged(&self) -> usize {
        self.acknowledged.iter().filter(|acknowledged| !**acknowledged).count()
    }

    /// Sets a timer for each message that is not acknowledged. Messages whose time has passed are sent at once.
    pub(super) fn begin<S: Subject>(&self, effects: &mut Effects<Party<S>>) {
        for (message, _) in (0..).zip(&self.acknowledged).filter(|(_, acknowledged)| !**acknowledged) {
            effects.set_timer(i64::from(message) * PACE - effects.now(), Alarm::Send(message));
        }
    }

    /// Restarts the node from its records.
    pub(super) fn restart<S: Subject>(&mut self, records: &[Record<S>], effects: &mut Effects<Party<S>>) {
        for record in records {
            if let Record::Acknowledged(message) = record {
                self.acknowledged[*message as usize] = true;
            }
        }
        self.begin(effects);
    }

    /// Sends a message, unless it is acknowledged, and sets a timer to send it again.
    pub(super) fn send<S: Subject>(&self, message: u32, effects: &mut Effects<Party<S>>) {
        if !self.acknowledged[message as usize] {
            effects.send(HOST, Mail::Message(message));
            effects.set_timer(RETRY, Alarm::Send(message));
        }
    }

    /// Records that a message is acknowledged.
    ///
    /// It does not sync. If a crash loses the record, the message is only sent once more.
    pub(super) fn acknowledged<S: Subject>(&mut self, message: u32, effects: &mut Effects<Party<S>>) {
        self.acknowledged[message as usize] = true;
        let _ = effects.write(Record::Acknowledged(message));
    }
}
