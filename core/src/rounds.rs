//! Rounds: brings the keys that a stimulus concerns up to date, and those that they send messages to, until none is
//! left; then says what is to be sent, all at once.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::cell::{Carried, Cell, Shift};
use crate::engine::Engine;
use crate::history::Entry;
use crate::message::Sent;
use crate::name::{Key, Name, Slot};
use crate::system::{System, Touched};
use crate::trace::{EventNumber, Healed, Observation, Quarantined, Viewed};

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

/// What a run of rounds comes to, before anything of it is journaled.
pub(crate) struct Outcome<S: System> {
    pub(crate) wanted: Vec<Wanted<S>>,
    pub(crate) heals: Vec<Healed>,
    pub(crate) quarantines: Vec<Quarantined>,
    /// The cells that were computed.
    pub(crate) cells: Vec<usize>,
    /// Where routed messages have their place, in a system without positions.
    pub(crate) arrival: i64,
    /// In a dry run, the cells as they were.
    pub(crate) before: Option<Vec<(usize, Cell<S>)>>,
}

/// What should be in a slot now.
pub(crate) struct Wanted<S: System> {
    cell: usize,
    slot: Slot,
    /// The receiver and the body; nothing where the slot should be empty.
    body: Option<(Name, S::Out)>,
    /// The message that it is to other keys, until that is on its way.
    routed: Option<S::In>,
    is_routed: bool,
}

impl<S: System> Outcome<S> {
    pub(crate) fn new(number: EventNumber, dry: bool) -> Self {
        Self {
            wanted: Vec::new(),
            heals: Vec::new(),
            quarantines: Vec::new(),
            cells: Vec::new(),
            arrival: i64::from(number.get()),
            before: dry.then(Vec::new),
        }
    }
}

impl<S: System> Engine<S> {
    /// Runs rounds until no key has a message for another.
    pub(crate) fn run(&mut self, mut work: Vec<Work>, outcome: &mut Outcome<S>) {
        let mut rounds = 0;
        while !work.is_empty() {
            if work.len() > 1 {
                work.sort_by(|a, b| self.cells[a.cell].key.cmp(&self.cells[b.cell].key));
            }
            if rounds == self.options.rounds_max {
                self.stop(&work, outcome);
                return;
            }
            rounds += 1;
            let mut next = Vec::new();
            for shifts in work.chunk_by(|a, b| a.cell == b.cell) {
                self.advance(shifts, outcome, &mut next);
            }
            work = next;
        }
    }

    /// Sets the keys apart that keep sending each other messages.
    fn stop(&mut self, work: &[Work], outcome: &mut Outcome<S>) {
        for shifts in work.chunk_by(|a, b| a.cell == b.cell) {
            let number = shifts[0].cell;
            let _ = self.begin(number, outcome);
            let mut cell = self.take_cell(number);
            for work in shifts {
                cell.record(&self.context(&cell.key), work.shift);
            }
            self.cells[number] = cell;
            let why =
                alloc::format!("messages between keys did not come to rest in {} rounds", self.options.rounds_max);
            self.set_apart(number, why, outcome);
        }
    }

    fn advance(&mut self, work: &[Work], outcome: &mut Outcome<S>, next: &mut Vec<Work>) {
        let number = work[0].cell;
        let earlier = self.begin(number, outcome);
        let mut cell = self.take_cell(number);
        let mut wanted = Vec::new();
        let mut rebuilt = false;
        let done = (self.options.guard)(&mut || {
            let context = self.context(&cell.key);
            let advanced = cell.advance(&context, work);
            rebuilt = advanced.rebuilt;
            self.want(number, &cell, &advanced.slots, &mut wanted);
            if advanced.slots == Touched::All {
                self.unwant(number, &cell, earlier, &mut wanted);
            }
        });
        if rebuilt {
            outcome.heals.push(Healed { key: cell.key.clone(), parts: Vec::from(["index".into()]) });
        }
        self.cells[number] = cell;
        match done {
            Err(why) => self.set_apart(number, why, outcome),
            Ok(()) => self.route(wanted, outcome, next),
        }
    }

    /// Computes a key again from its first message, whatever is carried, and says what should be in all of its slots.
    pub(crate) fn compute(&mut self, number: usize, fold: Fold, outcome: &mut Outcome<S>, next: &mut Vec<Work>) {
        let earlier = self.begin(number, outcome);
        let mut cell = self.take_cell(number);
        let mut wanted = Vec::new();
        let mut parts = Vec::new();
        let done = (self.options.guard)(&mut || {
            let context = self.context(&cell.key);
            match fold {
                Fold::Heal | Fold::HealFirst => parts = cell.heal(&context),
                Fold::Again => cell.refold(&context),
                Fold::Not => {}
            }
            if fold != Fold::HealFirst {
                self.want(number, &cell, &Touched::All, &mut wanted);
                self.unwant(number, &cell, earlier, &mut wanted);
            }
        });
        self.cells[number] = cell;
        match done {
            Err(why) => self.set_apart(number, why, outcome),
            Ok(()) => {
                if !parts.is_empty() {
                    outcome.heals.push(Healed { key: self.cells[number].key.clone(), parts });
                }
                self.route(wanted, outcome, next);
            }
        }
    }

    /// Takes a cell out, so that it can change while the rest of the engine is looked at.
    fn take_cell(&mut self, number: usize) -> Cell<S> {
        let key = self.cells[number].key.clone();
        core::mem::replace(&mut self.cells[number], Cell::empty(key))
    }

    /// Notes that a cell is computed; what it wanted before, if this is not the first time.
    fn begin<'o>(&mut self, number: usize, outcome: &'o mut Outcome<S>) -> &'o [Wanted<S>] {
        if self.cells[number].begun {
            return &outcome.wanted;
        }
        if let Some(before) = &mut outcome.before {
            before.push((number, self.cells[number].clone()));
        }
        self.cells[number].begun = true;
        outcome.cells.push(number);
        &[]
    }

    /// Takes back what the cell wanted in an earlier round, in slots that nothing was ever sent in.
    fn unwant(&self, number: usize, cell: &Cell<S>, earlier: &[Wanted<S>], wanted: &mut Vec<Wanted<S>>) {
        for earlier in earlier.iter().filter(|earlier| earlier.cell == number) {
            if !wanted.iter().any(|wanted| wanted.slot == earlier.slot) {
                wanted.push(self.wanted(number, &cell.key, earlier.slot.clone(), None));
            }
        }
    }

    fn set_apart(&mut self, number: usize, why: String, outcome: &mut Outcome<S>) {
        let cell = &mut self.cells[number];
        cell.quarantine(why.clone());
        outcome.quarantines.push(Quarantined { key: cell.key.clone(), why });
    }

    /// Says what should be in the slots that a change can have touched.
    fn want(&self, number: usize, cell: &Cell<S>, slots: &Touched, wanted: &mut Vec<Wanted<S>>) {
        wanted.clear();
        let context = self.context(&cell.key);
        match slots {
            Touched::Slots(slots) if matches!(cell.carried, Carried::State(_)) => {
                for slot in slots {
                    let body = cell.output(&context, slot);
                    wanted.push(self.wanted(number, &cell.key, slot.clone(), body));
                }
            }
            Touched::Slots(_) => {}
            Touched::All => {
                let Some(outputs) = cell.outputs(&context) else { return };
                for (slot, _) in cell.outbox.slots() {
                    if !outputs.contains_key(slot) {
                        wanted.push(self.wanted(number, &cell.key, slot.clone(), None));
                    }
                }
                for (slot, body) in outputs {
                    wanted.push(self.wanted(number, &cell.key, slot, Some(body)));
                }
            }
        }
    }

    fn wanted(&self, cell: usize, key: &Key, slot: Slot, body: Option<S::Out>) -> Wanted<S> {
        let Some(body) = body else { return Wanted { cell, slot, body: None, routed: None, is_routed: false } };
        let routed = self.system.route(key, &slot, &body);
        let to = match &routed {
            Some(message) => self.system.keys(message).into_iter().next().unwrap_or_default(),
            None => self.system.receiver(key, &slot, &body),
        };
        Wanted { cell, slot, body: Some((to, body)), routed, is_routed: false }
    }

    /// Notes what is wanted, and finds the messages to other keys among it.
    pub(crate) fn route(&mut self, wanted: Vec<Wanted<S>>, outcome: &mut Outcome<S>, next: &mut Vec<Work>) {
        for mut wanted in wanted {
            let body = wanted.routed.take();
            let is_routed = body.is_some();
            let key = &self.cells[wanted.cell].key;
            if let Some(rerouted) = self.routed.set(key, &wanted.slot, outcome.arrival, body) {
                let entry = |source| self.sources().routed_entry(&self.system, source);
                let (before, after) = (rerouted.before.map(entry), rerouted.after.map(entry));
                self.shift(before, after, next);
            }
            wanted.is_routed = is_routed;
            outcome.wanted.push(wanted);
        }
    }

    /// The work of a message that counted and one that counts in its place, for every key of either.
    pub(crate) fn shift(&mut self, before: Option<Entry>, after: Option<Entry>, work: &mut Vec<Work>) {
        let keys = |entry: Option<Entry>| match entry {
            Some(entry) => self.system.keys(self.sources().input(entry.source).body),
            None => Vec::new(),
        };
        let (old, new) = (keys(before), keys(after));
        for (place, key) in new.iter().enumerate() {
            if !new[..place].contains(key) {
                let remove = before.filter(|_| old.contains(key));
                work.push(Work { cell: self.cell(key), shift: Shift { remove, add: after } });
            }
        }
        for (place, key) in old.iter().enumerate() {
            if !old[..place].contains(key) && !new.contains(key) {
                work.push(Work { cell: self.cell(key), shift: Shift { remove: before, add: None } });
            }
        }
    }

    /// The outputs that differ from what was sent last, in the order of keys and slots.
    pub(crate) fn changed(&self, outcome: &mut Outcome<S>) -> Vec<Changed<S::Out>> {
        let mut wanted = core::mem::take(&mut outcome.wanted);
        if wanted.len() > 1 {
            // The sort is stable: of what several rounds wanted in a slot, the last is what is wanted.
            let key = |wanted: &Wanted<S>| &self.cells[wanted.cell].key;
            wanted.sort_by(|a, b| key(a).cmp(key(b)).then_with(|| a.slot.cmp(&b.slot)));
        }
        let mut changed = Vec::with_capacity(wanted.len());
        let mut wanted = wanted.into_iter().peekable();
        while let Some(last) = wanted.next() {
            if wanted.peek().is_some_and(|next| next.cell == last.cell && next.slot == last.slot) {
                continue;
            }
            let sending = self.cells[last.cell].outbox.get(&last.slot);
            let before = sending.map(|sending| self.journal.sent(sending.event));
            let same = match (&before, &last.body) {
                (Some(before), Some((_, body))) => before.body.as_ref() == Some(body),
                (Some(before), None) => before.body.is_none(),
                (None, body) => body.is_none(),
            };
            if same {
                continue;
            }
            let (to, body) = match last.body {
                Some((to, body)) => (to, Some(body)),
                None => (before.map(|before| before.to.clone()).unwrap_or_default(), None),
            };
            let revision = before.map_or(1, |before| before.revision + 1);
            let key = self.cells[last.cell].key.clone();
            let sent = Sent { key, slot: last.slot, to, revision, body };
            changed.push(Changed { cell: last.cell, routed: last.is_routed, sent });
        }
        changed
    }

    /// Journals all that came of a stimulus, in a fixed order: what was healed, set apart, sent, and seen.
    pub(crate) fn commit(&mut self, number: EventNumber, mut outcome: Outcome<S>) {
        for healed in core::mem::take(&mut outcome.heals) {
            self.observe(number, Observation::Healed(Box::new(healed)));
        }
        for quarantined in core::mem::take(&mut outcome.quarantines) {
            self.observe(number, Observation::Quarantined(Box::new(quarantined)));
        }
        for changed in self.changed(&mut outcome) {
            let slot = changed.sent.slot.clone();
            let event = self.observe(number, Observation::Out(changed.sent));
            self.cells[changed.cell].outbox.sent(slot, event, changed.routed);
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
        self.computed = outcome.cells;
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

/// An output that differs from what was sent last.
pub(crate) struct Changed<O> {
    cell: usize,
    routed: bool,
    pub(crate) sent: Sent<O>,
}
