//! Commits what a stimulus came to: the outputs that differ from what was sent last, and all that is to be journaled.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::engine::Engine;
use crate::message::Sent;
use crate::name::Key;
use crate::outbox::Sending;
use crate::rounds::{Outcome, Wanted};
use crate::system::System;
use crate::trace::{EventNumber, Observation, Viewed, What};

impl<S: System> Engine<S> {
    /// Journals all that came of stimulus `number`, in a fixed order: what was healed, set apart, sent, and seen.
    pub(crate) fn commit(&mut self, number: EventNumber, mut outcome: Outcome<S>) {
        for healed in outcome.heals.drain(..) {
            self.observe(number, Observation::Healed(Box::new(healed)));
        }
        for quarantined in outcome.quarantines.drain(..) {
            self.observe(number, Observation::Quarantined(Box::new(quarantined)));
        }
        self.sort(&mut outcome);
        let at = self.journal.get(number).and_then(|event| event.at);
        for wanted in outcome.wanted.drain(..) {
            let cell = &mut self.cells[wanted.cell];
            let place = self.outbox.find(&self.journal, &cell.key, &wanted.slot);
            let before = place.map(|place| self.journal.sent(self.outbox.sending(place).event));
            let was_routed = place.is_some_and(|place| self.outbox.sending(place).routed);
            let routed = if wanted.body.is_some() { wanted.routed } else { was_routed };
            let Some(sent) = change(&cell.key, before, wanted) else { continue };
            let sending = Sending::new(self.journal.next(), routed);
            match place {
                Some(place) => self.outbox.set(place, sending),
                None => cell.slots.push(self.outbox.add(&cell.key, &sent.slot, sending)),
            }
            self.journal.push(at, Some(number), What::Observation(Observation::Out(sent)));
        }
        if self.options.views {
            outcome.cells.sort_by(|a, b| self.cells[*a].key.cmp(&self.cells[*b].key));
        }
        for cell in &outcome.cells {
            self.cells[*cell].begun = false;
            if self.options.views {
                self.show(number, *cell);
            }
        }
        self.spare = outcome;
    }

    /// What a commit would send, in the same order.
    pub(crate) fn changes(&self, outcome: &mut Outcome<S>) -> Vec<Sent<S::Out>> {
        self.sort(outcome);
        let wanted = outcome.wanted.drain(..);
        wanted
            .filter_map(|wanted| {
                let cell = &self.cells[wanted.cell];
                let sending = self.outbox.get(&self.journal, &cell.key, &wanted.slot);
                change(&cell.key, sending.map(|sending| self.journal.sent(sending.event)), wanted)
            })
            .collect()
    }

    /// Puts what is wanted into the order of keys and slots, one for each slot.
    fn sort(&self, outcome: &mut Outcome<S>) {
        if outcome.wanted.len() < 2 {
            return;
        }
        let key = |wanted: &Wanted<S::Out>| &self.cells[wanted.cell].key;
        // The sort is stable: of what several rounds wanted in a slot, the last is what is wanted.
        outcome.wanted.sort_by(|a, b| key(a).cmp(key(b)).then_with(|| a.slot.cmp(&b.slot)));
        outcome.wanted.dedup_by(|later, earlier| {
            let same = later.cell == earlier.cell && later.slot == earlier.slot;
            if same {
                core::mem::swap(later, earlier);
            }
            same
        });
    }

    fn show(&mut self, number: EventNumber, cell: usize) {
        let key = self.cells[cell].key.clone();
        let mut view = None;
        // A view that panics is seen again, and reported, by whoever looks at the key.
        let _ = (self.options.guard)(&mut || view = self.view(&key));
        if let Some(value) = view {
            self.observe(number, Observation::View(Box::new(Viewed { key, value })));
        }
    }
}

/// What to send so that a slot holds what is wanted; nothing if it does. `before` is what was sent last.
fn change<O: Clone + PartialEq>(key: &Key, before: Option<&Sent<O>>, wanted: Wanted<O>) -> Option<Sent<O>> {
    let (to, revision) = match before {
        Some(before) if before.body == wanted.body => return None,
        Some(before) if wanted.body.is_none() => (before.to.clone(), before.revision + 1),
        Some(before) => (wanted.to, before.revision + 1),
        None if wanted.body.is_none() => return None,
        None => (wanted.to, 1),
    };
    Some(Sent { key: key.clone(), slot: wanted.slot, to, revision, body: wanted.body })
}
