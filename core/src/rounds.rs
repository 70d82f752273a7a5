//! Rounds: brings the keys that a stimulus concerns up to date, and those that they send messages to, until none is
//! left.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use crate::cell::{Cell, Context, Mended, Shift};
use crate::engine::Engine;
use crate::history::{Entry, Sources};
use crate::keys::Keys;
use crate::name::{Key, Name, Slot};
use crate::outbox::SlotNumber;
use crate::system::System;
use crate::trace::{EventNumber, Healed, Quarantined};

/// What a knob does to a key before anything else happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fold {
    /// Fold from the first message, and say what was carried that differs.
    Heal,
    /// The same, without a look at the outputs: something else follows.
    HealFirst,
    /// Fold from the first message.
    Again,
    /// Go on with what is carried.
    Not,
}

/// What is to become of one key in a round.
#[derive(Clone, Copy)]
pub(crate) struct Work {
    pub(crate) cell: usize,
    pub(crate) shift: Shift,
}

/// What a stimulus comes to, before anything of it is journaled. The engine keeps one, to use its memory again.
#[derive(Clone)]
pub(crate) struct Outcome<S: System> {
    /// What is to be done in this round, and in the next.
    pub(crate) work: Vec<Work>,
    next: Vec<Work>,
    pub(crate) wanted: Vec<Wanted<S::Out>>,
    /// What each computation of a cell wanted, in order.
    spans: Vec<Span>,
    /// The slots that the cell under way can have changed.
    slots: Vec<Slot>,
    /// The messages to other keys among what is wanted, by their place there.
    routed: Vec<(usize, S::In)>,
    pub(crate) heals: Vec<Healed>,
    pub(crate) quarantines: Vec<Quarantined>,
    /// The cells that were computed.
    pub(crate) cells: Vec<usize>,
    /// Where routed messages have their place, in a system without positions.
    arrival: i64,
    /// In a dry run, the cells as they were.
    pub(crate) before: Option<Vec<(usize, Cell<S>)>>,
}

/// What one computation of a cell wanted: where that is in [`Outcome::wanted`].
#[derive(Clone)]
struct Span {
    places: Range<usize>,
    /// The number of the span of its computation before, for the same stimulus.
    before: Option<usize>,
}

/// What should be in a slot now.
#[derive(Clone)]
pub(crate) struct Wanted<O> {
    pub(crate) cell: usize,
    pub(crate) slot: Slot,
    /// The number of the slot, if anything was ever sent in it.
    pub(crate) number: Option<SlotNumber>,
    /// The receiver, where there is a body.
    pub(crate) to: Name,
    /// Nothing where the slot should be empty.
    pub(crate) body: Option<O>,
    pub(crate) routed: bool,
}

impl<S: System> Default for Outcome<S> {
    fn default() -> Self {
        Self {
            work: Vec::new(),
            next: Vec::new(),
            wanted: Vec::new(),
            spans: Vec::new(),
            slots: Vec::new(),
            routed: Vec::new(),
            heals: Vec::new(),
            quarantines: Vec::new(),
            cells: Vec::new(),
            arrival: 0,
            before: None,
        }
    }
}

impl<S: System> Engine<S> {
    /// Makes ready for what stimulus `number` will come to; `dry` if nothing of it is to stay.
    pub(crate) fn outcome(&mut self, number: EventNumber, dry: bool) -> Box<Outcome<S>> {
        let mut outcome = self.spare.take().unwrap_or_default();
        outcome.cells.clear();
        outcome.spans.clear();
        outcome.arrival = i64::from(number.get());
        outcome.before = dry.then(Vec::new);
        outcome
    }

    /// What was routed so far is to be done first.
    pub(crate) fn end_round(&self, outcome: &mut Outcome<S>) {
        let work = core::mem::take(&mut outcome.work);
        outcome.work = core::mem::take(&mut outcome.next);
        outcome.work.extend(work);
    }

    /// Runs rounds until no key has a message for another.
    pub(crate) fn run(&mut self, outcome: &mut Outcome<S>) {
        let mut rounds = 0;
        while !outcome.work.is_empty() {
            let mut work = core::mem::take(&mut outcome.work);
            if work.len() > 1 {
                work.sort_by(|a, b| self.cells[a.cell].key.cmp(&self.cells[b.cell].key));
            }
            let stop = rounds == self.options.rounds_max;
            for shifts in work.chunk_by(|a, b| a.cell == b.cell) {
                if stop { self.stop(shifts, outcome) } else { self.advance(shifts, outcome) }
            }
            work.clear();
            // The memory of this round serves the one after the next.
            outcome.work = core::mem::replace(&mut outcome.next, work);
            rounds += 1;
        }
    }

    /// Sets a key apart that is still sent messages after all rounds.
    fn stop(&mut self, work: &[Work], outcome: &mut Outcome<S>) {
        let number = work[0].cell;
        self.begin(number, outcome);
        let (cells, context) = self.cells_and_context(number);
        for work in work {
            cells[number].record(&context, &work.shift);
        }
        let why = alloc::format!("messages between keys did not come to rest in {} rounds", self.options.rounds_max);
        self.set_apart(number, why, outcome);
    }

    fn advance(&mut self, work: &[Work], outcome: &mut Outcome<S>) {
        let number = work[0].cell;
        let again = self.begin(number, outcome);
        let guard = self.options.guard;
        let (cells, context) = self.cells_and_context(number);
        let cell = &mut cells[number];
        let mut rebuilt = false;
        let done = guard(&mut || {
            outcome.slots.clear();
            if cell.advance(&context, work, &mut outcome.slots, &mut rebuilt) {
                outcome.want_all(number, cell, &context, again);
            } else {
                outcome.want_named(number, cell, &context);
            }
        });
        if rebuilt {
            outcome.heals.push(Healed { key: cell.key.clone(), parts: Vec::from(["index".into()]) });
            outcome.forget_work(number);
        }
        self.end(number, done, outcome);
    }

    /// Computes a key again, whatever is carried, and says what should be in all of its slots.
    pub(crate) fn compute(&mut self, number: usize, fold: Fold, outcome: &mut Outcome<S>) {
        let again = self.begin(number, outcome);
        let guard = self.options.guard;
        let (cells, context) = self.cells_and_context(number);
        let cell = &mut cells[number];
        let mut mended = Mended { parts: Vec::new(), wrong: None };
        let mut rebuilt = false;
        let done = guard(&mut || {
            match fold {
                Fold::Heal | Fold::HealFirst => mended = cell.heal(&context, &mut rebuilt),
                Fold::Again => cell.refold(&context),
                // Of a key that is set apart there is nothing to go on with.
                Fold::Not if cell.is_quarantined() => cell.refold(&context),
                Fold::Not => {}
            }
            if fold != Fold::HealFirst {
                outcome.want_all(number, cell, &context, again);
            }
        });
        if rebuilt {
            outcome.forget_work(number);
        }
        if done.is_ok() {
            let Mended { mut parts, wrong } = mended;
            if let Some(wrong) = wrong {
                let mut differing = Vec::new();
                // What is damaged may be nothing that has a view.
                let _ = guard(&mut || differing = cell.differing(&context, &wrong));
                if differing.is_empty() {
                    differing.push("state".into());
                }
                parts.extend(differing);
            }
            if !parts.is_empty() {
                outcome.heals.push(Healed { key: cell.key.clone(), parts });
            }
            outcome.quarantines.retain(|apart| apart.key != cell.key);
        }
        self.end(number, done, outcome);
    }

    /// The cells, and what the code of the system is given for one of them.
    fn cells_and_context(&mut self, number: usize) -> (&mut [Cell<S>], Context<'_, S>) {
        let context = Context {
            system: &self.system,
            sources: Sources { journal: &self.journal, routed: &self.routed },
            outbox: &self.outbox,
            flows: self.flows.of(&self.cells[number].key),
            policy: self.options.policy,
            complete: self.options.complete,
        };
        (&mut self.cells, context)
    }

    /// Notes that a cell is computed; the span of its computation before, if there was one.
    fn begin(&mut self, number: usize, outcome: &mut Outcome<S>) -> Option<usize> {
        let cell = &mut self.cells[number];
        if cell.begun.is_none() {
            if let Some(before) = &mut outcome.before {
                before.push((number, cell.clone()));
            }
            outcome.cells.push(number);
        }
        let before = cell.begun.replace(outcome.spans.len());
        let place = outcome.wanted.len();
        outcome.spans.push(Span { places: place..place, before });
        before
    }

    /// Sends on what a cell wants that is for other keys; or sets it apart if its computation panicked, and forgets what it
    /// had begun to want.
    fn end(&mut self, number: usize, done: Result<(), String>, outcome: &mut Outcome<S>) {
        let Some(span) = outcome.spans.last_mut() else { return };
        let (first, again) = (span.places.start, span.before.is_some());
        if let Err(why) = done {
            outcome.wanted.truncate(first);
            outcome.routed.clear();
            return self.set_apart(number, why, outcome);
        }
        span.places.end = outcome.wanted.len();
        self.cells[number].routes |= !outcome.routed.is_empty();
        if !self.cells[number].routes {
            return;
        }
        let mut routed = core::mem::take(&mut outcome.routed).into_iter().peekable();
        for (place, wanted) in outcome.wanted.iter().enumerate().skip(first) {
            let body = routed.next_if(|(wanted, _)| *wanted == place).map(|(_, body)| body);
            let was_routed = wanted.number.is_some_and(|number| self.outbox.sending(number).routed);
            // What an earlier round of this stimulus routed is not in the outbox yet.
            if body.is_none() && !was_routed && !again {
                continue;
            }
            let key = &self.cells[number].key;
            if let Some(rerouted) = self.routed.set(key, &wanted.slot, outcome.arrival, body) {
                let entry = |source| self.sources().routed_entry(&self.system, source);
                let (before, after) = (rerouted.before.map(entry), rerouted.after.map(entry));
                let keys = after.map(|entry| self.keys_of(entry));
                self.shift(before, after, &keys.unwrap_or_default(), &mut outcome.next);
            }
        }
    }

    fn set_apart(&mut self, number: usize, why: String, outcome: &mut Outcome<S>) {
        let cell = &mut self.cells[number];
        cell.quarantine(why.clone());
        outcome.quarantines.retain(|apart| apart.key != cell.key);
        outcome.quarantines.push(Quarantined { key: cell.key.clone(), why });
    }

    fn keys_of(&self, entry: Entry) -> Keys {
        self.system.keys(self.sources().input(entry.source).body).into_iter().collect()
    }

    /// The work of a message that counted and one that counts in its place, which concerns `keys`.
    pub(crate) fn shift(&mut self, before: Option<Entry>, after: Option<Entry>, keys: &[Key], work: &mut Vec<Work>) {
        if before.is_none()
            && let [key] = keys
        {
            return work.push(Work { cell: self.cell(key), shift: Shift { remove: None, add: after } });
        }
        let old = before.map(|entry| self.keys_of(entry)).unwrap_or_default();
        for (place, key) in keys.iter().enumerate() {
            if !keys[..place].contains(key) {
                let remove = before.filter(|_| old.contains(key));
                work.push(Work { cell: self.cell(key), shift: Shift { remove, add: after } });
            }
        }
        for (place, key) in old.iter().enumerate() {
            if !old[..place].contains(key) && !keys.contains(key) {
                work.push(Work { cell: self.cell(key), shift: Shift { remove: before, add: None } });
            }
        }
    }
}

impl<S: System> Outcome<S> {
    /// Forgets what was still to be changed in the history of a cell: it was built anew, of all that counts now.
    fn forget_work(&mut self, number: usize) {
        self.work.retain(|work| work.cell != number);
        self.next.retain(|work| work.cell != number);
    }

    /// Says what should be in the slots that were named.
    fn want_named(&mut self, number: usize, cell: &Cell<S>, context: &Context<'_, S>) {
        let mut slots = core::mem::take(&mut self.slots);
        for slot in &mut slots {
            let body = cell.output(context, slot);
            self.push(number, cell, context, core::mem::take(slot), body);
        }
        self.slots = slots;
    }

    /// Says what should be in every slot. `again` is the span of the cell's computation before, if there was one.
    fn want_all(&mut self, number: usize, cell: &Cell<S>, context: &Context<'_, S>, again: Option<usize>) {
        let Some(outputs) = cell.outputs(context) else { return };
        for slot in cell.slot_names(context) {
            if !outputs.contains_key(slot) {
                self.push(number, cell, context, slot.clone(), None);
            }
        }
        // What it wanted in an earlier round, in slots that nothing was ever sent in, it may want no longer.
        for slot in self.wanted_before(again) {
            if !outputs.contains_key(&slot) {
                self.push(number, cell, context, slot, None);
            }
        }
        for (slot, body) in outputs {
            self.push(number, cell, context, slot, Some(body));
        }
    }

    /// The slots in which a cell wanted something in the computation of this span and those before it.
    fn wanted_before(&self, span: Option<usize>) -> Vec<Slot> {
        let spans = core::iter::successors(span, |span| self.spans[*span].before);
        spans.flat_map(|span| &self.wanted[self.spans[span].places.clone()]).map(|wanted| wanted.slot.clone()).collect()
    }

    fn push(&mut self, number: usize, cell: &Cell<S>, context: &Context<'_, S>, slot: Slot, body: Option<S::Out>) {
        let mut to = Name::default();
        let mut routed = false;
        if let Some(body) = &body {
            if let Some(message) = context.system.route(&cell.key, &slot, body) {
                // Whatever the system says of the message is asked for here, where it may panic.
                context.system.position(&message);
                let keys: Keys = context.system.keys(&message).into_iter().collect();
                to = keys.first().cloned().unwrap_or_default();
                self.routed.push((self.wanted.len(), message));
                routed = true;
            } else {
                to = context.system.receiver(&cell.key, &slot, body);
            }
        }
        let found = context.outbox.find(context.sources.journal, &cell.key, &slot);
        self.wanted.push(Wanted { cell: number, slot, number: found, to, body, routed });
    }
}
