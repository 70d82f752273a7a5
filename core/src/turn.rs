//! Turning knobs, and planning what a turn would do; also the faults that an engine suffers.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::cell::Carried;
use crate::engine::{Engine, Policy};
use crate::journal::FactNumber;
use crate::knob::{Knob, Plan, Refusal, Unknown};
use crate::message::SlotId;
use crate::name::Key;
use crate::outbox::{Sending, SlotNumber};
use crate::rounds::{Fold, Outcome};
use crate::system::{Beginning, System};
use crate::trace::{Damage, EventNumber, Fault, Observation};

impl<S: System> Engine<S> {
    /// Returns the effects that turning `knob` now would have, without turning it.
    ///
    /// Nothing is journaled, and every state is restored afterwards. The engine is borrowed mutably because it computes
    /// the affected keys in place.
    pub fn plan(&mut self, knob: &Knob) -> Plan<S::Out> {
        let number = self.journal.next();
        if let Knob::ReflowOut { outputs, .. } = knob {
            let (places, unknown) = self.stored_outputs(outputs);
            let sends = places.into_iter().map(|place| self.journal.sent(self.outbox.sending(place).event).clone());
            let sends = sends.collect();
            return Plan { sends, unknown, ..Plan::default() };
        }
        let flows = matches!(knob, Knob::Migrate { .. }).then(|| self.flows.clone());
        let mark = self.routed.mark();
        let mut outcome = self.outcome(number, true);
        let (mut facts, unknown) = self.compute_knob(knob, &mut outcome);
        let sends = self.changes(&mut outcome);
        let heals = core::mem::take(&mut outcome.heals);
        let quarantines = core::mem::take(&mut outcome.quarantines);
        let mut admissions: Vec<_> = facts.iter().flat_map(Reconsidered::admissions).collect();
        admissions.sort_unstable();
        let refusals = facts.iter_mut().flat_map(|fact| core::mem::take(&mut fact.refusals)).collect();
        let mut returns = Vec::new();
        let keys = outcome.cells.len();
        for (number, before) in outcome.before.take().into_iter().flatten() {
            let after = core::mem::replace(&mut self.cells[number], before);
            if self.cells[number].is_quarantined() && !after.is_quarantined() {
                returns.push(after.key);
            }
        }
        returns.sort_unstable();
        let switches = flows.as_ref().is_some_and(|before| *before != self.flows);
        let plan = Plan { keys, sends, heals, quarantines, refusals, returns, admissions, switches, unknown };
        outcome.cells.clear();
        self.spare = Some(outcome);
        self.routed.reset(&mark);
        self.flows = flows.unwrap_or_else(|| core::mem::take(&mut self.flows));
        for Reconsidered { fact, counting, rejected, .. } in facts {
            self.journal.count(fact, counting);
            self.journal.readmit(fact);
            for number in rejected {
                self.journal.reject(number);
            }
        }
        plan
    }

    /// Turns the knob of event `number`, and journals the effects.
    pub(crate) fn turn(&mut self, number: EventNumber, knob: &Knob) {
        if let Knob::ReflowOut { outputs, .. } = knob {
            for place in self.stored_outputs(outputs).0 {
                let Sending { event, routed, .. } = self.outbox.sending(place);
                let sent = self.journal.sent(event).clone();
                let event = self.observe(number, Observation::Out(sent));
                self.outbox.set(place, Sending::new(event, routed));
            }
            return;
        }
        let mut outcome = self.outcome(number, false);
        let (facts, _) = self.compute_knob(knob, &mut outcome);
        for Refusal { event, why } in facts.into_iter().flat_map(|fact| fact.refusals) {
            self.reject(event, why);
        }
        self.commit(number, outcome);
    }

    /// Looks up outputs by name. Returns those that were ever sent, and the names of the others.
    fn stored_outputs(&self, outputs: &[SlotId]) -> (Vec<SlotNumber>, Vec<Unknown>) {
        let (mut places, mut unknown) = (Vec::new(), Vec::new());
        for output in outputs {
            match self.outbox.find(&self.journal, &output.key, &output.slot) {
                Some(place) => places.push(place),
                None => unknown.push(Unknown::Output(output.clone())),
            }
        }
        (places, unknown)
    }

    /// Computes everything that a knob affects. Returns the facts that were reconsidered, and the names that the
    /// journal does not have.
    fn compute_knob(&mut self, knob: &Knob, outcome: &mut Outcome<S>) -> (Vec<Reconsidered>, Vec<Unknown>) {
        let heal = if self.options.policy == Policy::Unchecked { Fold::Not } else { Fold::Heal };
        let mut facts = Vec::new();
        let mut unknown = Vec::new();
        match knob {
            Knob::ReflowIn { messages, .. } => {
                let mut keys = BTreeSet::new();
                for message in messages {
                    match self.journal.find(&message.from, &message.id) {
                        Some(fact) if facts.iter().any(|other: &Reconsidered| other.fact == fact) => {}
                        Some(fact) => facts.push(self.reconsider(fact, &mut keys)),
                        None => unknown.push(Unknown::Message(message.clone())),
                    }
                }
                // Keys that the engine does not know yet have nothing to heal.
                for cell in self.known(keys.iter(), &mut Vec::new()) {
                    self.compute(cell, heal, outcome);
                }
                for Reconsidered { fact, .. } in &facts {
                    let highest = self.journal.highest(*fact);
                    let keys = highest.and_then(|number| self.admit(number).ok()).unwrap_or_default();
                    self.recount(*fact, highest, &keys, &mut outcome.work);
                }
            }
            Knob::Trigger { keys, .. } | Knob::Scrub { keys, .. } => {
                let cells = self.named(keys.as_deref(), &mut unknown);
                self.compute_all(&cells, heal, outcome);
            }
            Knob::Migrate { flow, keys, on, .. } => {
                let cells = self.named(keys.as_deref(), &mut Vec::new());
                if heal == Fold::Heal {
                    let whole = cells.iter().copied().filter(|cell| !self.cells[*cell].is_quarantined());
                    self.compute_all(&whole.collect::<Vec<_>>(), Fold::HealFirst, outcome);
                }
                match keys {
                    None => self.flows.set_every(flow, *on),
                    Some(keys) => keys.iter().for_each(|key| self.flows.set(key, flow, *on)),
                }
                self.compute_all(&cells, Fold::Again, outcome);
            }
            Knob::ReflowOut { .. } => {}
        }
        self.end_round(outcome);
        self.run(outcome);
        (facts, unknown)
    }

    /// Asks the system again whether it admits each stored revision of a fact. Adds to `keys` the keys of those that it
    /// admits.
    fn reconsider(&mut self, fact: FactNumber, keys: &mut BTreeSet<Key>) -> Reconsidered {
        let counting = self.journal.counting(fact);
        let revisions = self.journal.revisions_of(fact);
        let rejected = revisions.iter().copied().filter(|number| self.journal.is_rejected(*number)).collect();
        self.journal.readmit(fact);
        let mut refusals = Vec::new();
        for event in revisions {
            match self.admit(event) {
                Ok(concerned) => keys.extend(concerned.iter().cloned()),
                Err(why) => {
                    self.journal.reject(event);
                    refusals.push(Refusal { event, why });
                }
            }
        }
        Reconsidered { fact, counting, rejected, refusals }
    }

    /// The cells of those keys that are known. Adds the other keys to `unknown`.
    fn known<'k>(&self, keys: impl Iterator<Item = &'k Key>, unknown: &mut Vec<Unknown>) -> Vec<usize> {
        let mut cells = Vec::new();
        for key in keys {
            match self.cell_number(key).filter(|cell| self.cells[*cell].is_known()) {
                Some(cell) => cells.push(cell),
                None => unknown.push(Unknown::Key(key.clone())),
            }
        }
        cells
    }

    /// The cells of these keys, or of all known keys if `None`, in the order of the keys.
    fn named(&self, keys: Option<&[Key]>, unknown: &mut Vec<Unknown>) -> Vec<usize> {
        match keys {
            None => self.known(self.keys().into_iter(), unknown),
            Some(keys) => self.known(keys.iter().collect::<BTreeSet<_>>().into_iter(), unknown),
        }
    }

    /// Carries out a fault of the engine's own process or caches. Other faults are simulated elsewhere.
    pub(crate) fn suffer(&mut self, fault: &Fault) {
        match fault {
            Fault::Damage { key, what } => self.damage(key, what),
            Fault::Restart { .. } => self.start_again(self.system.clone()),
            Fault::Deploy { system, .. } => {
                if let Some(system) = self.system.variant(system) {
                    self.start_again(system);
                }
            }
            _ => {}
        }
    }

    /// Damages a cache of a key.
    fn damage(&mut self, key: &Key, what: &Damage) {
        let Some(number) = self.cell_number(key) else { return };
        let mut state = None;
        // If the system panics, there is no wrong state, and the key stays undamaged.
        let _ = (self.options.guard)(&mut || state = self.wrong_state(number, what));
        let cell = &mut self.cells[number];
        match (what, state) {
            (Damage::Index, _) => cell.history.damage(),
            (Damage::Checkpoints, Some(state)) => cell.damage_checkpoints(&state),
            (_, Some(state)) => {
                if let Carried::State(carried) = &mut cell.carried {
                    *carried = state;
                }
            }
            (_, None) => {}
        }
    }

    /// Computes the wrong state that this damage puts in the place of a right one.
    fn wrong_state(&self, number: usize, what: &Damage) -> Option<S::State> {
        let cell = &self.cells[number];
        match what {
            Damage::Default | Damage::Checkpoints => {
                Some(self.system.initial(&cell.key, Beginning::Birth).unwrap_or_default())
            }
            Damage::Stale(messages) => {
                let length = cell.history.len().saturating_sub(*messages as usize);
                cell.fold_first(&self.context(&cell.key), length)
            }
            Damage::Missing(newer) => cell.fold_without(&self.context(&cell.key), *newer as usize),
            Damage::Field(field) => {
                let mut state = self.state(&cell.key)?.clone();
                self.system.change_field(&cell.key, &mut state, *field).then_some(state)
            }
            Damage::Other(other) => self.state(other).cloned(),
            Damage::Index => None,
        }
    }
}

/// A fact whose revisions were admitted or rejected again, with its earlier status, so that a plan can restore it.
struct Reconsidered {
    fact: FactNumber,
    /// The revision that counted before.
    counting: Option<EventNumber>,
    /// The revisions that were rejected before.
    rejected: Vec<EventNumber>,
    /// The revisions that are rejected this time.
    refusals: Vec<Refusal>,
}

impl Reconsidered {
    /// The revisions that were rejected before and are admitted now.
    fn admissions(&self) -> impl Iterator<Item = EventNumber> {
        let is_refused = |number: &EventNumber| self.refusals.iter().any(|refusal| refusal.event == *number);
        self.rejected.iter().copied().filter(move |number| !is_refused(number))
    }
}
