//! Compares the incremental, recomputed and restated results of a key after a step, and its slots. Also evaluates the
//! properties over all keys.

use std::collections::{BTreeMap, BTreeSet};

use afresh_core::{Comparison, Elsewhere, Expectation, Key, Slot, System};
use serde_json::{Value, json};

use super::determinism::DETERMINISM;
use super::history::History;
use super::verifier::Verifier;
use crate::compare::kind;
use crate::finding::{Findings, RESTATED, Versus, value};
use crate::fixed_order::debug_in_fixed_order;
use crate::guard::guard;

/// The most messages that are folded again where the states of a key differ, to tell a state that depends on more than
/// its messages, such as the order of a hash map.
const AGAIN_MAX: usize = 1000;

/// The most times that a history is folded again. Two folds may agree by chance.
const AGAIN_TIMES: usize = 10;

impl<S: System> Verifier<S> {
    /// Compares the results for one key after the current stimulus, unless it is quarantined or damaged. `is_current`
    /// is what [`catch_up`](Self::catch_up) returned for it.
    pub(super) fn verify(&mut self, key: &Key, is_current: Result<bool, String>) {
        if self.engine.quarantined(key).is_some() {
            self.seen.coverage.quarantined += 1;
            return;
        }
        if self.damage.states.contains(key) {
            self.seen.coverage.damaged += 1;
            return;
        }
        match is_current {
            Ok(is_current) => self.guarded(Some(key), |verifier, found| verifier.compare(key, is_current, found)),
            Err(why) => self.panicked(Some(key), &why),
        }
    }

    /// Runs `work`, which may call the system's code. Records its findings and, if it panics, the panic.
    pub(super) fn guarded(&mut self, key: Option<&Key>, mut work: impl FnMut(&mut Self, &mut Findings)) {
        let mut found = Findings::default();
        let done = guard(&mut || work(self, &mut found));
        self.seen.findings.merge(found);
        if let Err(why) = done {
            self.panicked(key, &why);
        }
    }

    fn compare(&mut self, key: &Key, is_current: bool, found: &mut Findings) {
        let Some(length) = self.facts.history(key).map(|history| history.len()) else { return };
        let from_first = self.look.depth.folds(length);
        if !from_first && !is_current {
            self.seen.coverage.beyond_budget += 1;
            return;
        }
        self.seen.coverage.out_of_time += u64::from(self.step.out_of_time);
        let folded = if from_first { self.facts.fold(key, length) } else { None };
        let recomputed = if from_first { folded.as_ref() } else { self.facts.newest(key) };
        let incremental = self.engine.state(key);
        // After a restart, the engine does not know a key any more whose messages were all withdrawn.
        if incremental.is_none() && self.facts.history(key).is_some_and(History::is_empty) {
            return;
        }
        if !self.tells(key, incremental) && !self.tells(key, recomputed) {
            self.seen.not_derivable.saw("state", self.step.place);
            return;
        }
        self.seen.coverage.steps += 1;
        self.seen.coverage.from_first += u64::from(from_first);
        self.seen.coverage.applications += if from_first { length as u64 } else { 1 };
        let is_equal = incremental == recomputed;
        if !is_equal {
            self.diverged(key, incremental, recomputed, found);
        }
        let Some(recomputed) = recomputed else { return };
        if let Some(incremental) = incremental.filter(|_| is_equal)
            && let Some(elsewhere) = self.engine.system().elsewhere()
        {
            match elsewhere.said_the_same(incremental, recomputed) {
                Some(true) => self.seen.confirmed += 1,
                Some(false) => self.looks_otherwise(key, [incremental, recomputed], found),
                None => {}
            }
        }
        // Code that runs elsewhere was asked about the incremental state already.
        let told = incremental.filter(|_| is_equal).unwrap_or(recomputed);
        for broken in self.engine.system().invariants(key, told) {
            found.saw((broken.invariant, ""), self.step.place, Some(key), || (broken.found.clone(), None));
        }
        if self.look.depth.restates(length) && self.restate(key, told, found) {
            self.seen.coverage.restated += 1;
        }
        if from_first && is_equal {
            self.folded.insert(key.clone(), folded);
        }
    }

    /// Returns `true` if anything of a state is derivable: in a window, a key may have a state with nothing in it.
    fn tells(&self, key: &Key, state: Option<&S::State>) -> bool {
        let system = self.engine.system();
        let parts = |state| system.compare(key, state, &system.view(key, state));
        state.is_some_and(|state| {
            self.engine.options().complete || parts(state).iter().any(|(_, part)| part != Comparison::NotDerivable)
        })
    }

    /// Recomputes the last state of each key from the first message, and restates it, unless its last step was one of
    /// those at which this was done.
    pub(super) fn last_states(&mut self) {
        let keys = self.facts.keys().enumerate().filter(|(place, key)| self.look.share.has_last(*place, key));
        for key in keys.map(|(_, key)| key.clone()).collect::<Vec<_>>() {
            if self.engine.quarantined(&key).is_none() && !self.damage.states.contains(&key) {
                self.guarded(Some(&key), |verifier, found| verifier.last_state(&key, found));
            }
        }
    }

    fn last_state(&mut self, key: &Key, found: &mut Findings) {
        let Some(history) = self.facts.history(key) else { return };
        let length = history.len();
        let (folds, restates) = (!self.look.depth.folds(length), !self.look.depth.restates(length));
        if !folds && !restates {
            return;
        }
        self.step.place = history.changed_by;
        let folded = self.facts.fold(key, length);
        if folds {
            self.seen.coverage.from_first += 1;
            self.seen.coverage.applications += length as u64;
            self.seen.caught_up += u64::from(self.facts.is_behind(key));
            // The state folded from checkpoints was compared at the last step, unless that was beyond the budget.
            let incremental = self.engine.state(key);
            if folded.as_ref() != self.facts.newest(key) && folded.as_ref() != incremental {
                self.diverged(key, incremental, folded.as_ref(), found);
            }
        }
        if let Some(folded) = folded
            && restates
            && self.restate(key, &folded, found)
        {
            self.seen.coverage.restated += 1;
        }
    }

    /// The differences between the restated and the recomputed view of a key after the current stimulus.
    pub(super) fn restated(&mut self, key: &Key) -> Findings {
        let mut found = Findings::default();
        if self.engine.quarantined(key).is_none() && !self.damage.states.contains(key) {
            let _ = guard(&mut || {
                let length = self.facts.history(key).map_or(0, |history| history.len());
                if let Some(folded) = self.facts.fold(key, length) {
                    self.restate(key, &folded, &mut found);
                }
            });
        }
        found
    }

    /// Reports an incremental state that differs from the recomputed state, part by part.
    fn diverged(&self, key: &Key, incremental: Option<&S::State>, recomputed: Option<&S::State>, found: &mut Findings) {
        if let Some(recomputed) = recomputed
            && let Some(again) = self.folded_otherwise(key, recomputed)
        {
            found.saw((DETERMINISM, ""), self.step.place, Some(key), || {
                let debug = |state: &S::State| value(&debug_in_fixed_order(state));
                let versus = versus("recomputed again", debug(&again), debug(recomputed));
                ("the same messages give another state each time".to_owned(), Some(versus))
            });
            return;
        }
        let system = self.engine.system();
        let view = |state: Option<&S::State>| state.map(|state| system.view(key, state));
        let (left, right) = (view(incremental), view(recomputed));
        let mut parts: Vec<_> = match (recomputed, &left) {
            (Some(recomputed), Some(left)) => system.compare(key, recomputed, left).diverged().collect(),
            _ => Vec::new(),
        };
        if parts.is_empty() {
            parts.push("state");
        }
        for part in parts {
            found.saw(("incremental", part), self.step.place, Some(key), || {
                let hidden = if part == "state" { " in a part that no view shows" } else { "" };
                let versus = if part == "state" {
                    let debug = |state: Option<&S::State>| value(&state.map(debug_in_fixed_order));
                    versus("incremental", debug(incremental), debug(recomputed))
                } else {
                    versus("incremental", value(&left), value(&right))
                };
                (format!("the incremental state differs from the recomputed state{hidden}"), Some(versus))
            });
        }
    }

    /// Reports that two processes said different things of the same state.
    fn looks_otherwise(&self, key: &Key, [one, other]: [&S::State; 2], found: &mut Findings) {
        let system = self.engine.system();
        let flows = self.facts.migrations.of(key);
        found.saw((DETERMINISM, ""), self.step.place, Some(key), || {
            let goes = |(slot, body): (Slot, S::Out)| {
                let message = system.route(key, &slot, &body);
                let receiver = message.is_none().then(|| system.receiver(key, &slot, &body));
                (slot, json!({ "body": value(&body), "to": receiver, "route": value(&message) }))
            };
            let look = |state| {
                let outputs: BTreeMap<_, _> = system.outputs(key, state, &flows).into_iter().map(goes).collect();
                let broken = system.invariants(key, state);
                let invariants: Vec<_> = broken.iter().map(|broken| [broken.invariant, &broken.found]).collect();
                json!({ "view": value(&system.view(key, state)), "outputs": outputs, "invariants": invariants })
            };
            let versus = versus("one process", look(one), look(other));
            ("two processes show the same state differently".to_owned(), Some(versus))
        });
    }

    /// Folds all messages of a key again, several times unless that takes long. Returns a state other than
    /// `recomputed`, if there is one.
    fn folded_otherwise(&self, key: &Key, recomputed: &S::State) -> Option<S::State> {
        let length = self.facts.history(key)?.len();
        let times = (AGAIN_MAX / length.max(1)).min(AGAIN_TIMES);
        let again = (0..times).filter_map(|_| self.facts.fold(key, length));
        // The process that ran the system may see another order of the same messages.
        let in_the_run = std::iter::once_with(|| self.facts.fold_with(self.engine.system(), key, length)).flatten();
        again.chain(in_the_run).find(|again| again != recomputed)
    }

    /// Compares the restated view with the recomputed state. Returns `false` if the system does not restate this key.
    fn restate(&self, key: &Key, recomputed: &S::State, found: &mut Findings) -> bool {
        let complete = self.engine.options().complete;
        let Some(history) = self.facts.history(key).filter(|_| complete) else { return false };
        // The facts have told this system which histories it will have to restate.
        let system = self.facts.system();
        let inputs: Vec<_> = history.inputs(0..history.len()).collect();
        let Some(restated) = system.restate(key, &inputs, &self.facts.migrations.of(key)) else { return false };
        // Code that runs elsewhere takes long to compare two views that are the same.
        if system.elsewhere().is_some() && system.view(key, recomputed) == restated {
            return true;
        }
        for part in system.compare(key, recomputed, &restated).within(true).diverged() {
            found.saw((RESTATED, part), self.step.place, Some(key), || {
                let versus = versus("restated", value(&restated), value(&system.view(key, recomputed)));
                ("the restated view differs from the recomputed view".to_owned(), Some(versus))
            });
        }
        true
    }

    /// Compares the outputs that were sent from the slots of a key with those that its state calls for.
    pub(super) fn slots(&mut self, key: &Key) {
        if self.damage.states.contains(key) || self.damage.slots.contains(key) {
            return;
        }
        self.guarded(Some(key), |verifier, found| {
            let Some(mut outputs) = verifier.outputs(key) else { return };
            let slots = || verifier.engine.slots(key);
            if slots().filter_map(|(slot, sent)| Some((slot, sent.body.as_ref()?))).eq(&outputs) {
                return;
            }
            let mut sent: BTreeMap<_, _> = slots().map(|(slot, sent)| (slot.clone(), sent.body.clone())).collect();
            for slot in outputs.keys().chain(sent.keys()).cloned().collect::<BTreeSet<_>>() {
                let (wanted, sent) = (outputs.remove(&slot), sent.remove(&slot).flatten());
                if wanted != sent {
                    found.saw(("outputs", kind(slot.as_str())), verifier.step.place, Some(key), || {
                        let versus = versus("sent", value(&sent), value(&wanted));
                        (format!("slot {slot} does not hold the output that the state calls for"), Some(versus))
                    });
                }
            }
        });
    }

    /// Returns whether the slots of a key hold what its carried state calls for.
    pub(super) fn slots_are_right(&self, key: &Key) -> bool {
        let mut are_right = false;
        let _ = guard(&mut || {
            let Some(outputs) = self.outputs(key) else { return };
            let sent = self.engine.slots(key).filter_map(|(slot, sent)| Some((slot, sent.body.as_ref()?)));
            are_right = sent.eq(&outputs);
        });
        are_right
    }

    /// The outputs that the slots of a key should hold, given its carried state; `None` if it has none.
    fn outputs(&self, key: &Key) -> Option<BTreeMap<Slot, S::Out>> {
        let state = self.engine.state(key).filter(|_| self.engine.quarantined(key).is_none())?;
        // A key without messages and without an opening has no outputs, whatever the system says of its first state.
        let is_known = self.facts.history(key).is_some_and(|history| !history.is_empty());
        let outputs = || self.engine.system().outputs(key, state, &self.facts.migrations.of(key));
        Some(if is_known { outputs() } else { BTreeMap::new() })
    }

    /// Evaluates the properties over all keys. With `end`, also those that need to hold only at the end of the trace.
    pub(super) fn properties(&mut self, end: bool) {
        let properties = self.engine.system().properties();
        if properties.is_empty() {
            return;
        }
        self.guarded(None, |verifier, found| {
            let keys = verifier.engine.keys();
            let states: Vec<_> = keys.iter().filter_map(|key| Some((*key, verifier.engine.state(key)?))).collect();
            let is_damaged = !verifier.damage.states.is_empty() || !verifier.damage.slots.is_empty();
            if !verifier.engine.options().complete || states.len() < keys.len() || is_damaged {
                return;
            }
            *verifier.seen.coverage.properties.get_or_insert(0) += u64::from(!end);
            for property in &properties {
                let holds = || (property.holds)(verifier.engine.system(), &states);
                match property.expectation {
                    Expectation::Sometimes => {
                        let reached = verifier.seen.reached.entry(property.name).or_default();
                        *reached = *reached || holds().is_ok();
                    }
                    Expectation::Eventually if !end => {}
                    Expectation::Always | Expectation::Eventually => {
                        if let Err(why) = holds() {
                            found.saw((property.name, ""), verifier.step.place, None, || (why, None));
                        }
                    }
                }
            }
        });
    }
}

/// Pairs a value called `left` with the recomputed value that it differs from.
pub(super) fn versus(left: &'static str, left_value: Value, right_value: Value) -> Versus {
    Versus { left, left_value, right: "recomputed", right_value, not_derivable: Vec::new() }
}
