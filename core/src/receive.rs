//! Receiving: how the engine takes an incoming message, or a recorded view that a key opens with or learns from.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::cell::Cell;
use crate::engine::Engine;
use crate::history::{Entry, Source, try_place};
use crate::journal::{FactNumber, Filed};
use crate::keys::Keys;
use crate::name::Key;
use crate::rounds::{Fold, Work};
use crate::system::System;
use crate::trace::{At, EventNumber, Observation, Rejected, Viewed, What};

/// The result of receiving a message: whether its revision counts now and, if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// The revision counts from now on.
    Counts,
    /// The same revision with the same body is in the journal already. Nothing changes.
    Duplicate,
    /// A higher revision, that of this event, counts already. The message is journaled, and nothing else changes.
    Stale(EventNumber),
    /// The message is rejected, because this event has the same revision with another body.
    Conflict(EventNumber),
    /// The system rejects the message, or its code panicked on it.
    Rejected,
}

/// The reason for which a message is rejected that conflicts with the message of event `with`.
pub fn conflict(with: EventNumber) -> String {
    alloc::format!("conflict: event {with} has this revision with another body")
}

impl<S: System> Engine<S> {
    /// Receives the message of event `number`: stores it, asks the system to admit it, and updates its keys.
    pub(crate) fn receive(&mut self, number: EventNumber) -> Receipt {
        let fact = match self.journal.file(number) {
            Filed::Duplicate => return Receipt::Duplicate,
            Filed::Conflict(with) => {
                self.reject(number, conflict(with));
                return Receipt::Conflict(with);
            }
            Filed::Stored(fact) => fact,
        };
        let keys = match self.admit(number) {
            Ok(keys) => keys,
            Err(why) => {
                self.journal.reject(number);
                self.reject(number, why);
                return Receipt::Rejected;
            }
        };
        let revision = self.journal.message(number).revision;
        let counting = self.journal.counting(fact);
        if let Some(counting) = counting.filter(|counting| self.journal.message(*counting).revision > revision) {
            return Receipt::Stale(counting);
        }
        let mut outcome = self.outcome(number, false);
        self.recount(fact, Some(number), &keys, &mut outcome.work);
        self.run(&mut outcome);
        self.commit(number, outcome);
        Receipt::Counts
    }

    /// Makes the revision of event `number` the one that counts for a fact, and adds the resulting work to `work`.
    ///
    /// `keys` are the keys that this revision concerns.
    pub(crate) fn recount(
        &mut self,
        fact: FactNumber,
        number: Option<EventNumber>,
        keys: &[Key],
        work: &mut Vec<Work>,
    ) {
        let before = self.journal.counting(fact);
        if before == number {
            return;
        }
        let (before, after) = (self.entry(fact, before), self.entry(fact, number));
        self.journal.count(fact, number);
        self.shift(before, after, keys, work);
    }

    /// The entry of a revision of a fact in the histories of its keys, or `None` for a withdrawal.
    fn entry(&self, fact: FactNumber, number: Option<EventNumber>) -> Option<Entry> {
        let number = number.filter(|number| self.journal.message(*number).body.is_some())?;
        let arrival = i64::from(self.journal.first(fact).get());
        Some(self.sources().entry(&self.system, Source::event(number), arrival))
    }

    /// Asks the system whether it admits a message, and returns the keys that the message concerns.
    ///
    /// Calls `admit`, `keys` and the methods of the canonical order once, so that a body on which one of them panics is
    /// rejected before it enters any history.
    ///
    /// # Errors
    ///
    /// Returns the reason why the system rejects the message, or the message of the panic.
    pub(crate) fn admit(&self, number: EventNumber) -> Result<Keys, String> {
        let Some(body) = &self.journal.message(number).body else { return Ok(Keys::default()) };
        let mut admitted = Ok(Keys::default());
        let done = (self.options.guard)(&mut || {
            admitted = self.system.admit(body).map(|()| {
                try_place(&self.system, body);
                self.system.keys(body).into_iter().collect()
            });
        });
        done.map_err(|why| alloc::format!("panicked: {why}"))?;
        admitted
    }

    /// Journals that the message of event `number` was rejected, at the time of the last event: a knob or a start may
    /// reject a message that came long before.
    pub(crate) fn reject(&mut self, number: EventNumber, why: String) {
        let at = self.journal.events().last().and_then(|event| event.at);
        self.journal.push(at, Some(number), What::Observation(Observation::Rejected(Box::new(Rejected { why }))));
    }

    /// Opens a key with the recorded view of event `number`. A second opening of the same key is rejected.
    pub(crate) fn open(&mut self, number: EventNumber, key: &Key) {
        let cell = self.cell(key);
        if self.cells[cell].opening.is_some() {
            return self.reject(number, "the key is open already".into());
        }
        self.cells[cell].opening = Some(number);
        let mut outcome = self.outcome(number, false);
        self.compute(cell, Fold::Again, &mut outcome);
        self.end_round(&mut outcome);
        self.run(&mut outcome);
        self.commit(number, outcome);
    }

    /// Lets a key of a window learn from a view that its trace recorded at this moment.
    ///
    /// If the view tells something that the window left unknown, journals the view and everything that follows from it,
    /// and returns `true`. A later change of an earlier message makes the key forget it again, and so does a restart.
    pub fn learn(&mut self, at: Option<At>, viewed: &Viewed<S::View>) -> bool {
        if self.options.complete {
            return false;
        }
        let known = self.cell_number(&viewed.key);
        let new = known.is_none().then(|| Cell::new(viewed.key.clone()));
        let context = self.context(&viewed.key);
        let mut taught = None;
        // A panic here can be ignored: the key then learns nothing.
        let _ = (self.options.guard)(&mut || {
            let cell = known.map(|number| &self.cells[number]).or(new.as_ref());
            taught = cell.and_then(|cell| cell.taught(&context, &viewed.value));
        });
        let Some(state) = taught else { return false };
        let number = self.journal.push(at, None, What::Observation(Observation::View(Box::new(viewed.clone()))));
        let cell = self.cell(&viewed.key);
        self.cells[cell].learned(state, number);
        let mut outcome = self.outcome(number, false);
        self.compute(cell, Fold::Not, &mut outcome);
        self.end_round(&mut outcome);
        self.run(&mut outcome);
        self.commit(number, outcome);
        true
    }
}
