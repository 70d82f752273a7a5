//! Upstream: sends each of its messages until it is acknowledged.

use super::{Alarm, HOST, Mail, PACE, Party, RETRY, Record};
use crate::world::Effects;
use afresh_check::Subject;

pub(super) struct Upstream {
    /// Of each message, whether it is acknowledged.
    acknowledged: Vec<bool>,
}

impl Upstream {
    pub(super) fn new(messages: usize) -> Self {
        Self { acknowledged: vec![false; messages] }
    }

    /// How many messages are not acknowledged.
    pub(super) fn unacknowledged(&self) -> usize {
        self.acknowledged.iter().filter(|acknowledged| !**acknowledged).count()
    }

    pub(super) fn begin<S: Subject>(&self, effects: &mut Effects<Party<S>>) {
        for (message, _) in (0..).zip(&self.acknowledged).filter(|(_, acknowledged)| !**acknowledged) {
            effects.set_timer(i64::from(message) * PACE - effects.now(), Alarm::Send(message));
        }
    }

    pub(super) fn restart<S: Subject>(&mut self, records: &[Record<S>], effects: &mut Effects<Party<S>>) {
        for record in records {
            if let Record::Acknowledged(message) = record {
                self.acknowledged[*message as usize] = true;
            }
        }
        self.begin(effects);
    }

    pub(super) fn send<S: Subject>(&self, message: u32, effects: &mut Effects<Party<S>>) {
        if !self.acknowledged[message as usize] {
            effects.send(HOST, Mail::Message(message));
            effects.set_timer(RETRY, Alarm::Send(message));
        }
    }

    /// An acknowledgement that is forgotten costs no more than that the message is sent again, so nothing waits for it to be
    /// durable.
    pub(super) fn acknowledged<S: Subject>(&mut self, message: u32, effects: &mut Effects<Party<S>>) {
        self.acknowledged[message as usize] = true;
        let _ = effects.write(Record::Acknowledged(message));
    }
}
