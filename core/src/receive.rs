//! What becomes of a message that came in, and of a view that a key opens with.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::engine::Engine;
use crate::history::{Entry, Source};
use crate::journal::{FactNumber, Filed};
use crate::keys::Keys;
use crate::name::Key;
use crate::rounds::{Fold, Work};
use crate::system::System;
use crate::trace::{EventNumber, Observation, Rejected};

impl<S: System> Engine<S> {
    /// Takes the message of event `number`.
    pub(crate) fn receive(&mut self, number: EventNumber) {
        let fact = match self.journal.file(number) {
            Filed::Duplicate => return,
            Filed::Conflict(with) => {
                let why = alloc::format!("conflict: event {with} has this revision with another body");
                return self.reject(number, why);
            }
            Filed::Stored(fact) => fact,
        };
        let keys = match self.admit(number) {
            Ok(keys) => keys,
            Err(why) => {
                self.journal.reject(number);
                return self.reject(number, why);
            }
        };
        let counting = self.journal.counting(fact);
        let revision = self.journal.message(number).revision;
        if counting.is_some_and(|counting| self.journal.message(counting).revision > revision) {
            return;
        }
        let mut outcome = self.outcome(number, false);
        self.recount(fact, Some(number), &keys, &mut outcome.work);
        self.run(&mut outcome);
        self.commit(number, outcome);
    }

    /// Lets another revision of a fact count, which concerns `keys`, and notes the work of that.
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

    /// Where a revision of a fact stands in the histories of its keys; nowhere if it is a withdrawal.
    fn entry(&self, fact: FactNumber, number: Option<EventNumber>) -> Option<Entry> {
        let number = number.filter(|number| self.journal.message(*number).body.is_some())?;
        let arrival = i64::from(self.journal.first(fact).get());
        Some(self.sources().entry(&self.system, Source::event(number), arrival))
    }

    /// Asks the system whether it takes a message, and the keys that it then concerns. Whatever it says of a body is asked
    /// for once here, so that a body on which it panics is rejected before it is in any history.
    pub(crate) fn admit(&self, number: EventNumber) -> Result<Keys, String> {
        let Some(body) = &self.journal.message(number).body else { return Ok(Keys::default()) };
        let mut admitted = Ok(Keys::default());
        let done = (self.options.guard)(&mut || {
            admitted = self.system.admit(body).map(|()| {
                self.system.position(body);
                self.system.keys(body).into_iter().collect()
            });
        });
        done.map_err(|why| alloc::format!("panicked: {why}"))?;
        admitted
    }

    pub(crate) fn reject(&mut self, number: EventNumber, why: String) {
        self.observe(number, Observation::Rejected(Box::new(Rejected { why })));
    }

    /// Takes the view that a key opens with, from event `number`.
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
}
