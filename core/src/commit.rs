//! Commits: journal everything that a stimulus caused, and send only the outputs that differ from those sent last.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::mem;

use crate::engine::Engine;
use crate::message::Sent;
use crate::name::Key;
use crate::outbox::Sending;
use crate::rounds::{Outcome, Wanted};
use crate::system::{System, Updates};
use crate::trace::{EventNumber, Observation, Viewed, What};

impl<S: System> Engine<S> {
    /// Journals everything that stimulus `number` caused, in a fixed order: heals, quarantines, outputs, views.
    pub(crate) fn commit(&mut self, number: EventNumber, mut outcome: Box<Outcome<S>>) {
        for healed in outcome.heals.drain(..) {
            self.observe(number, Observation::Healed(Box::new(healed)));
        }
        for quarantined in outcome.quarantines.drain(..) {
            self.observe(number, Observation::Quarantined(Box::new(quarantined)));
        }
        let Updates { calls, done, folded_again } = outcome.updates;
        self.updates.calls += calls;
        self.updates.done += done;
        self.updates.folded_again += folded_again;
        self.sort(&mut outcome);
        let at = self.journal.get(number).and_then(|event| event.at);
        for wanted in &mut outcome.wanted {
            let cell = &mut self.cells[wanted.cell];
            let before = wanted.number.map(|number| self.outbox.sending(number));
            let last = before.map(|before| self.journal.sent(before.event));
            let routed = if wanted.body.is_some() { wanted.routed } else { before.is_some_and(|before| before.routed) };
            let Some(revision) = next_revision(last, &wanted.body) else { continue };
            let sending = Sending::new(self.journal.next(), routed);
            match wanted.number {
                Some(number) => self.outbox.set(number, sending),
                None => cell.slots.push(self.outbox.add(&cell.key, &wanted.slot, sending)),
            }
            let sent = wanted.take(&cell.key, last, revision);
            self.journal.push(at, Some(number), What::Observation(Observation::Out(sent)));
        }
        outcome.wanted.clear();
        if self.options.views {
            outcome.cells.sort_by(|a, b| self.cells[*a].key.cmp(&self.cells[*b].key));
        }
        for cell in &outcome.cells {
            self.cells[*cell].begun = None;
            if self.options.views {
                self.show(number, *cell);
            }
        }
        self.spare = Some(outcome);
    }

    /// The outputs that a commit would send, in the same order.
    pub(crate) fn changes(&self, outcome: &mut Outcome<S>) -> Vec<Sent<S::Out>> {
        self.sort(outcome);
        let changes = outcome.wanted.iter_mut().filter_map(|wanted| {
            let last = wanted.number.map(|number| self.journal.sent(self.outbox.sending(number).event));
            let revision = next_revision(last, &wanted.body)?;
            Some(wanted.take(&self.cells[wanted.cell].key, last, revision))
        });
        let changes = changes.collect();
        outcome.wanted.clear();
        changes
    }

    /// Sorts the wanted contents of slots by key and slot, and keeps one for each slot.
    fn sort(&self, outcome: &mut Outcome<S>) {
        if outcome.wanted.len() < 2 {
            return;
        }
        let keys = |a: usize, b: usize| self.cells[a].key.cmp(&self.cells[b].key);
        // The sort is stable, so if several rounds wanted contents for a slot, the last one is kept.
        outcome.wanted.sort_by(|a, b| {
            let keys = if a.cell == b.cell { Ordering::Equal } else { keys(a.cell, b.cell) };
            keys.then_with(|| a.slot.cmp(&b.slot))
        });
        outcome.wanted.dedup_by(|later, earlier| {
            let same = later.cell == earlier.cell && later.slot == earlier.slot;
            if same {
                mem::swap(later, earlier);
            }
            same
        });
    }

    /// Journals the view of a cell, if it has one. A view with parts that are not derivable is omitted, because these
    /// parts would be taken for recorded values when the journal is read as a trace.
    fn show(&mut self, number: EventNumber, cell: usize) {
        let key = self.cells[cell].key.clone();
        let mut view = None;
        let complete = self.options.complete;
        // A panic here can be ignored: it happens again, and is reported, when a caller asks for the view of the key.
        let _ = (self.options.guard)(&mut || {
            let Some(state) = self.state(&key) else { return };
            let shown = self.system.view(&key, state);
            if complete || self.system.compare(&key, state, &shown).underivable().next().is_none() {
                view = Some(shown);
            }
        });
        if let Some(value) = view {
            self.observe(number, Observation::View(Box::new(Viewed { key, value })));
        }
    }
}

/// The revision to send so that a slot holds the wanted content, or `None` if it holds that already.
///
/// `last` is the last output that was sent in the slot.
#[inline]
fn next_revision<O: PartialEq>(last: Option<&Sent<O>>, wanted: &Option<O>) -> Option<u32> {
    match last {
        Some(last) => (last.body != *wanted).then(|| last.revision + 1),
        None => wanted.is_some().then_some(1),
    }
}

impl<O> Wanted<O> {
    /// Takes the wanted content, and returns it as the output to send, with this revision. A withdrawal goes to the
    /// receiver of `last`, the output that it withdraws.
    #[inline]
    fn take(&mut self, key: &Key, last: Option<&Sent<O>>, revision: u32) -> Sent<O> {
        let to = match last {
            Some(last) if self.body.is_none() => last.to.clone(),
            _ => mem::take(&mut self.to),
        };
        Sent { key: key.clone(), slot: mem::take(&mut self.slot), to, revision, body: self.body.take() }
    }
}
