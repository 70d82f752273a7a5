//! Rounds: update the keys that a stimulus concerns, then the keys that these send messages to, until none is left.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use crate::cell::{Cell, Context, Mended, Shift};
use crate::engine::Engine;
use crate::history::{Entry, Sources, try_place};
use crate::keys::Keys;
use crate::name::{Key, Name, Slot};
use crate::outbox::SlotNumber;
use crate::system::{System, Updates};
use crate::trace::{EventNumber, Healed, Quarantined};

/// The way in which [`Engine::compute`] gets the state of a key before it computes the outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fold {
    /// Fold from the first message, compare with the carried state and the other caches, and report differences.
    Heal,
    /// Like `Heal`, but without computing the outputs, because another computation of the key follows.
    HealFirst,
    /// Fold from the first message, and report no differences.
    Again,
    /// Keep the carried state.
    Not,
}

/// The number of keys whose folds a system is told beforehand, if it wants to know.
const FORESEEN: usize = 256;

/// One change to make to the history of a key in a round.
#[derive(Clone, Copy)]
pub(crate) struct Work {
    pub(crate) cell: usize,
    pub(crate) shift: Shift,
}

/// Everything that a stimulus leads to, collected before any of it is journaled.
///
/// The engine keeps one outcome, to reuse its memory.
#[derive(Clone)]
pub(crate) struct Outcome<S: System> {
    /// The changes to make in this round.
    pub(crate) work: Vec<Work>,
    /// The changes to make in the next round.
    next: Vec<Work>,
    /// The content that slots should have, in the order in which the computations of cells stated it.
    pub(crate) wanted: Vec<Wanted<S::Out>>,
    /// The range in `wanted` of each computation of a cell, in the same order.
    spans: Vec<Span>,
    /// The slots that the current computation can have changed.
    slots: Vec<Slot>,
    /// The messages to other keys that the current computation wants to send, each with its index in `wanted`.
    routed: Vec<(usize, S::In)>,
    pub(crate) heals: Vec<Healed>,
    pub(crate) quarantines: Vec<Quarantined>,
    /// The calls of [`System::update`].
    pub(crate) updates: Updates,
    /// The cells that were computed, in the order of their first computation.
    pub(crate) cells: Vec<usize>,
    /// The number of the stimulus: the place of the messages that it routes, in a system without positions.
    arrival: i64,
    /// In a dry run, the computed cells as they were before, to restore them.
    pub(crate) before: Option<Vec<(usize, Cell<S>)>>,
}

/// The slots that one computation of a cell wanted to fill or empty, as a range in [`Outcome::wanted`].
#[derive(Clone)]
struct Span {
    places: Range<usize>,
    /// The index of the span of the cell's previous computation for the same stimulus.
    before: Option<usize>,
}

/// The content that a slot of a cell should have now.
#[derive(Clone)]
pub(crate) struct Wanted<O> {
    pub(crate) cell: usize,
    pub(crate) slot: Slot,
    /// The number of the slot, if an output was ever sent in it.
    pub(crate) number: Option<SlotNumber>,
    /// The receiver, if there is a body.
    pub(crate) to: Name,
    /// The body, or `None` if the slot should be empty.
    pub(crate) body: Option<O>,
    /// `true` if the body is a message to keys of the same system.
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
            updates: Updates::default(),
            cells: Vec::new(),
            arrival: 0,
            before: None,
        }
    }
}

impl<S: System> Engine<S> {
    /// Prepares an empty outcome for stimulus `number`. If `dry`, the outcome keeps copies to undo every change.
    pub(crate) fn outcome(&mut self, number: EventNumber, dry: bool) -> Box<Outcome<S>> {
        let mut outcome = self.spare.take().unwrap_or_default();
        outcome.cells.clear();
        outcome.spans.clear();
        outcome.updates = Updates::default();
        outcome.arrival = i64::from(number.get());
        outcome.before = dry.then(Vec::new);
        outcome
    }

    /// Puts the messages that were routed so far before the other work, so that one round handles both.
    pub(crate) fn end_round(&self, outcome: &mut Outcome<S>) {
        let work = core::mem::take(&mut outcome.work);
        outcome.work = core::mem::take(&mut outcome.next);
        outcome.work.extend(work);
    }

    /// Runs rounds until no key has a message for another key, or the limit of rounds is reached.
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
            // The next round collects its messages in the memory of this one.
            outcome.work = core::mem::replace(&mut outcome.next, work);
            rounds += 1;
        }
    }

    /// Quarantines a key to which messages are still sent after the last round.
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

    /// Updates a key for changes of its history, and collects the content that its slots should have.
    fn advance(&mut self, work: &[Work], outcome: &mut Outcome<S>) {
        let number = work[0].cell;
        let again = self.begin(number, outcome);
        let guard = self.options.guard;
        let (cells, context) = self.cells_and_context(number);
        let cell = &mut cells[number];
        let mut rebuilt = false;
        let done = guard(&mut || {
            outcome.slots.clear();
            if cell.advance(&context, work, &mut outcome.slots, &mut rebuilt, &mut outcome.updates) {
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

    /// Computes a key whose history does not change, as `fold` says, and then all of its outputs.
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
                // A quarantined key has no state to continue from.
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
                // The view of a damaged state may panic. Then the whole state is reported as different.
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

    /// Computes several keys, as [`compute`](Self::compute) does.
    pub(crate) fn compute_all(&mut self, cells: &[usize], fold: Fold, outcome: &mut Outcome<S>) {
        for cells in cells.chunks(FORESEEN) {
            if fold != Fold::Not {
                self.foresee_cells(cells);
            }
            cells.iter().for_each(|cell| self.compute(*cell, fold, outcome));
        }
    }

    /// Borrows the cells mutably, together with the context of one of them.
    fn cells_and_context(&mut self, number: usize) -> (&mut [Cell<S>], Context<'_, S>) {
        let context = Context {
            system: &self.system,
            sources: Sources { system: &self.system, journal: &self.journal, routed: &self.routed },
            outbox: &self.outbox,
            flows: self.flows.of(&self.cells[number].key),
            policy: self.options.policy,
            complete: self.options.complete,
        };
        (&mut self.cells, context)
    }

    /// Begins a computation of a cell. Returns the span of its previous computation for the same stimulus, if any.
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

    /// Ends a computation of a cell: passes its messages to other keys on to the next round.
    ///
    /// If the computation panicked, quarantines the cell instead, and discards the outputs collected so far.
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
            // Skip slots that never routed a message. If the cell was computed in an earlier round of this stimulus,
            // the outbox does not know yet what that round routed.
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

    /// Quarantines a cell, and notes it in the outcome.
    fn set_apart(&mut self, number: usize, why: String, outcome: &mut Outcome<S>) {
        let cell = &mut self.cells[number];
        cell.quarantine(why.clone());
        outcome.quarantines.retain(|apart| apart.key != cell.key);
        outcome.quarantines.push(Quarantined { key: cell.key.clone(), why });
    }

    /// The keys that the message of an entry concerns.
    fn keys_of(&self, entry: Entry) -> Keys {
        self.system.keys(self.sources().input(entry.source).body).into_iter().collect()
    }

    /// Adds the work of replacing the message `before` by the message `after`, which concerns `keys`.
    ///
    /// Keys that only `before` concerns lose it.
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
    /// Discards the changes still to be made to the history of a cell.
    ///
    /// Call this after the history was rebuilt from the journal: the result includes these changes already.
    fn forget_work(&mut self, number: usize) {
        self.work.retain(|work| work.cell != number);
        self.next.retain(|work| work.cell != number);
    }

    /// Collects the content that the slots in `self.slots` should have.
    fn want_named(&mut self, number: usize, cell: &Cell<S>, context: &Context<'_, S>) {
        let mut slots = core::mem::take(&mut self.slots);
        for slot in &mut slots {
            let body = cell.output(context, slot);
            self.push(number, cell, context, core::mem::take(slot), body);
        }
        self.slots = slots;
    }

    /// Collects the content that every slot of a cell should have.
    ///
    /// `again` is the span of the cell's previous computation for the same stimulus, if any.
    fn want_all(&mut self, number: usize, cell: &Cell<S>, context: &Context<'_, S>, again: Option<usize>) {
        let Some(outputs) = cell.outputs(context) else { return };
        for slot in cell.slot_names(context) {
            if !outputs.contains_key(slot) {
                self.push(number, cell, context, slot.clone(), None);
            }
        }
        // An earlier round may have filled slots in which nothing was ever sent. They may have to be empty now.
        for slot in self.wanted_before(again) {
            if !outputs.contains_key(&slot) {
                self.push(number, cell, context, slot, None);
            }
        }
        for (slot, body) in outputs {
            self.push(number, cell, context, slot, Some(body));
        }
    }

    /// The slots that a cell wanted to fill or empty in the computation of this span and the ones before it.
    fn wanted_before(&self, span: Option<usize>) -> Vec<Slot> {
        let spans = core::iter::successors(span, |span| self.spans[*span].before);
        spans.flat_map(|span| &self.wanted[self.spans[span].places.clone()]).map(|wanted| wanted.slot.clone()).collect()
    }

    /// Adds the content that one slot should have to `wanted`.
    fn push(&mut self, number: usize, cell: &Cell<S>, context: &Context<'_, S>, slot: Slot, body: Option<S::Out>) {
        let mut to = Name::default();
        let mut routed = false;
        if let Some(body) = &body {
            if let Some(message) = context.system.route(&cell.key, &slot, body) {
                // Call the methods that see the message here, under the guard, because they may panic.
                try_place(context.system, &message);
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
