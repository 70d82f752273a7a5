//! One pass over a trace: runs it, and compares the incremental states with the facts of the trace at every step.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use afresh_core::{Engine, EventNumber, Fault, Key, Knob, Observation, Stimulus, System, Updates, Viewed, What};
use afresh_trace::format::{EventOf, messages};

use super::along::Shown;
use super::coverage::Coverage;
use super::facts::{Facts, Map, kind_of};
use super::look::{Cadence, Look, Share};
use super::recorded::Record;
use super::recurring::Recurring;
use crate::excluded::{Excluded, Exclusions};
use crate::finding::{Findings, Sighting};
use crate::guard::{guard, signature_of_panic};
use crate::notes::NotDerivable;

/// The name of the check that the engine takes each message for what it is: a duplicate, a conflict, and so on.
const RECEIPT: &str = "receipt";

/// A pass over a trace, in progress. A clone continues from the same event.
#[derive(Clone)]
pub(crate) struct Verifier<S: System> {
    pub(super) look: Look,
    /// The run: the system's code as production runs it.
    pub(super) engine: Engine<S>,
    /// The verifier's own histories.
    pub(super) facts: Facts<S>,
    pub(super) step: Step,
    pub(super) damage: Damage,
    /// The recorded observations so far.
    pub(super) record: Record<S>,
    exclusions: Exclusions,
    /// The keys that were folded from their first message after the current stimulus, and their states, which are equal
    /// to the carried ones.
    pub(super) folded: Map<Key, Option<S::State>>,
    pub(super) seen: Seen,
}

/// The stimulus that the pass is at.
#[derive(Clone)]
pub(super) struct Step {
    /// The number of stimuli so far, including this one.
    pub(super) number: u64,
    /// The event of the stimulus, and its line.
    pub(super) place: (EventNumber, u64),
    /// The keys that the stimulus concerned.
    pub(super) changed: Vec<Key>,
    /// If steps are recomputed from checkpoints, for each of the keys: `true` if its newest state is up to date, or the
    /// panic of the code that folded it.
    pub(super) current: Vec<Result<bool, String>>,
    /// `true` if the time for more than the least depth was over before the stimulus.
    pub(super) out_of_time: bool,
    /// `true` if the properties are evaluated after the stimulus.
    evaluates: bool,
    /// The number of the next stimulus after which they are.
    due: u64,
}

/// The keys that cannot be compared because of a simulated fault.
#[derive(Clone, Default)]
pub(super) struct Damage {
    /// Keys whose caches are damaged and not healed yet.
    pub(super) states: BTreeSet<Key>,
    /// Keys whose slots may hold outputs of a damaged state or of another version. A restart sends nothing, so these
    /// outputs stay wrong until a knob corrects them.
    pub(super) slots: BTreeSet<Key>,
}

/// The results of a pass.
#[derive(Clone, Default)]
pub(crate) struct Seen {
    pub(crate) findings: Findings,
    pub(crate) coverage: Coverage,
    /// The number of steps after which another process said the same of the recomputed state.
    pub(crate) confirmed: u64,
    /// The keys whose last step was beyond the budget, and whose last state was compared at the end all the same.
    pub(crate) caught_up: u64,
    pub(crate) not_derivable: NotDerivable,
    pub(crate) not_recorded_yet: Vec<Sighting>,
    /// The recorded views of a window from which their keys could not learn, because they were damaged or quarantined.
    pub(crate) unlearned: BTreeSet<EventNumber>,
    /// Everything that does not count at the end of the pass.
    pub(crate) excluded: Vec<Excluded>,
    /// For each property that must hold at some time, `true` if it did.
    pub(crate) reached: BTreeMap<&'static str, bool>,
}

impl<S: System> Verifier<S> {
    /// Creates a pass that has taken no event yet.
    pub(crate) fn new(engine: Engine<S>, look: Look, recurring: Option<Arc<Recurring>>) -> Self {
        let complete = engine.options().complete;
        // A pass that compares one key needs the history of that key alone, unless another version of the system comes,
        // which may give any message to that key.
        let only = match &look.share {
            Share::Key(key) if recurring.is_some() => Some(key.clone()),
            _ => None,
        };
        let record = Record::new(complete, &look.ignored);
        Self {
            look,
            facts: Facts::new(engine.system().clone(), complete, recurring, only),
            engine,
            step: Step {
                number: 0,
                place: (EventNumber::MIN, 0),
                changed: Vec::new(),
                current: Vec::new(),
                out_of_time: false,
                evaluates: false,
                due: 0,
            },
            damage: Damage::default(),
            record,
            exclusions: Exclusions::default(),
            folded: Map::default(),
            seen: Seen::default(),
        }
    }

    /// Recomputes with `system`, which is the same as the one that runs, but answers in another process. The pass then
    /// counts the steps at which both said the same.
    pub(crate) fn beside(mut self, system: S) -> Self {
        self.facts.recompute_with(system);
        self
    }

    /// Prepares for the next events, which changes no result; see [`Engine::look_ahead`].
    pub(crate) fn look_ahead<'e>(&self, events: impl Iterator<Item = &'e EventOf<S>> + Clone)
    where
        S: 'e,
    {
        self.engine.look_ahead(messages::<S>(events.clone()));
        self.facts.foresee(&self.look, self.step.number, events);
    }

    /// Takes the next event of the trace, which is on `line`.
    pub(crate) fn event(&mut self, event: &EventOf<S>, line: u64) {
        match &event.what {
            What::Stimulus(stimulus) => self.stimulus(event, stimulus, line),
            What::Observation(observation) => self.observation(event, observation, line),
        }
    }

    /// Returns `true` if this pass compares anything after the current stimulus.
    pub(super) fn is_ours(&self) -> bool {
        self.look.share.has_step(self.step.number)
    }

    fn stimulus(&mut self, event: &EventOf<S>, stimulus: &Stimulus<S::In, S::View>, line: u64) {
        self.step.number += 1;
        self.step.place = (event.number, line);
        self.folded.clear();
        self.look.work.stimulus();
        let mut changed = std::mem::take(&mut self.step.changed);
        changed.clear();
        let mut expected = None;
        match stimulus {
            Stimulus::In(message) => expected = Some(self.facts.message(event.number, message, &mut changed)),
            Stimulus::Opening(opening) => self.facts.open(event.number, opening, &mut changed),
            Stimulus::Knob(knob) => changed.extend(self.knob(knob)),
            Stimulus::Fault(fault) => changed.extend(self.fault(fault)),
            Stimulus::Unreadable(_) | Stimulus::Deliver(_) | Stimulus::Drop(_) | Stimulus::Timer(_) => {}
        }
        let effects = self.engine.take(event.at, stimulus.clone());
        let (taken, receipt) = (effects.stimulus(), effects.receipt());
        self.record.comparer.begin(&self.engine, self.step.place, taken);
        let places = &self.record.comparer.places;
        self.exclusions.took(&self.engine, self.step.place, taken, receipt, places);
        if let (Some(expected), Some(receipt)) = (expected, receipt)
            && expected != kind_of(receipt)
        {
            self.received(expected, kind_of(receipt));
        }
        let panics = self.effects(event.number, taken.get() as usize, &mut changed);
        self.changed(&mut changed);
        self.mend_slots(stimulus, &changed);
        self.step.out_of_time = self.look.is_out_of_time();
        self.step.current.clear();
        if self.look.depth.from_checkpoints {
            // A pass must keep its newest states up to date even at steps that it does not compare.
            self.step.current = changed.iter().map(|key| self.catch_up(key)).collect();
        }
        self.step.changed = changed;
        self.step.evaluates = self.is_due();
        if self.is_ours() {
            self.compare_step(panics);
        }
    }

    /// Returns `true` if the properties are to be evaluated after the current stimulus. All passes decide alike.
    fn is_due(&mut self) -> bool {
        if self.step.number < self.step.due || self.look.cadence == Cadence::AtEnd {
            return false;
        }
        let pause = self.look.cadence.pause(self.engine.keys().len()).unwrap_or(u64::MAX);
        self.step.due = self.step.number.saturating_add(pause);
        true
    }

    /// Folds the remaining messages of a key into its newest state, if the budget allows that. Returns whether the
    /// state is up to date then, or the panic of the system's code.
    ///
    /// All passes over a trace do the same here, so that their results do not depend on the number of passes.
    pub(super) fn catch_up(&mut self, key: &Key) -> Result<bool, String> {
        let mut is_current = false;
        guard(&mut || is_current = self.facts.advance_within(key, &mut self.look.work)).map(|()| is_current)
    }

    /// Takes everything that the engine journaled after the first `journaled` events because of event `number`. Adds
    /// the keys whose histories it changes to `changed`. Returns the panics that the engine caught.
    fn effects(&mut self, number: EventNumber, journaled: usize, changed: &mut Vec<Key>) -> Vec<(Option<Key>, String)> {
        let mut panics = Vec::new();
        for observed in self.engine.journal().since(journaled) {
            match &observed.what {
                What::Observation(Observation::Out(sent)) => self.facts.output(number, sent, changed),
                What::Observation(Observation::Quarantined(quarantined)) => {
                    panics.push((Some(quarantined.key.clone()), quarantined.why.clone()));
                }
                What::Observation(Observation::Rejected(rejected)) => {
                    if let Some(why) = rejected.why.strip_prefix("panicked: ") {
                        panics.push((None, why.to_owned()));
                    }
                }
                _ => {}
            }
        }
        panics
    }

    /// Notes that the histories of some keys have changed.
    fn changed(&mut self, changed: &mut Vec<Key>) {
        changed.sort_unstable();
        changed.dedup();
        for key in changed {
            self.record.changed(key, &self.facts);
            self.facts.changed_by(key, self.step.place);
        }
    }

    /// Lets the key of a window learn from a recorded view, in the run and in the facts.
    pub(super) fn learn(&mut self, event: &EventOf<S>, viewed: &Viewed<S::View>) {
        // A damaged key would learn from a view what its damaged caches then contradict.
        let is_damaged = self.damage.states.contains(&viewed.key);
        if self.engine.options().complete {
            return;
        }
        if is_damaged || self.engine.quarantined(&viewed.key).is_some() {
            self.seen.unlearned.insert(event.number);
            return;
        }
        self.folded.clear();
        let _ = guard(&mut || self.facts.learn(&viewed.key, &viewed.value));
        let journaled = self.engine.journal().len();
        if self.engine.learn(event.at, viewed) {
            self.record.comparer.learned(&viewed.key, event.number);
            let mut changed = Vec::new();
            let panics = self.effects(event.number, journaled, &mut changed);
            self.changed(&mut changed);
            if self.is_ours() {
                panics.iter().for_each(|(key, why)| self.panicked(key.as_ref(), why));
            }
        }
    }

    /// Compares the keys that the current stimulus concerned. `panics` are the panics that the engine caught.
    fn compare_step(&mut self, panics: Vec<(Option<Key>, String)>) {
        for (key, why) in panics {
            // Given a state that was damaged on purpose, a panic of the code is no bug.
            let is_damaged = key.as_ref().is_some_and(|key| self.damage.states.contains(key));
            if !is_damaged && self.look.share.has(key.as_ref()) {
                self.panicked(key.as_ref(), &why);
            }
        }
        for place in 0..self.step.changed.len() {
            let key = self.step.changed[place].clone();
            if self.look.share.has(Some(&key)) {
                let is_current = self.step.current.get(place).cloned().unwrap_or(Ok(false));
                self.verify(&key, is_current);
                if self.look.cadence != Cadence::AtEnd {
                    self.slots(&key);
                }
            }
        }
        if self.step.evaluates && self.look.share.has(None) {
            self.properties(false);
        }
    }

    /// Applies a fault to the facts, and returns the keys that it concerned.
    fn fault(&mut self, fault: &Fault) -> Vec<Key> {
        match fault {
            Fault::Damage { key, .. } => {
                self.damage.states.insert(key.clone());
                return Vec::new();
            }
            Fault::Restart { .. } => self.facts.unlearn(),
            Fault::Deploy { system, .. } => {
                // Of the facts' own system, which may answer in another process than the one that runs.
                let Some(system) = self.facts.system().variant(system) else { return Vec::new() };
                let places = &self.record.comparer.places;
                let sent = self.engine.journal().events().filter_map(|event| match &event.what {
                    What::Observation(Observation::Out(sent)) => Some((places.at_or_before(event.number)?, sent)),
                    _ => None,
                });
                self.facts.deploy(system, sent);
                self.damage.slots.extend(self.facts.keys().cloned());
            }
            _ => return Vec::new(),
        }
        // A restart loses the damaged states, but not what was sent because of them.
        self.damage.slots.append(&mut self.damage.states);
        self.facts.keys().cloned().collect()
    }

    /// Counts the slots of keys as right again that hold what the states call for: those of all keys after a deployment
    /// or a restart, and otherwise those of the keys that the stimulus changed.
    fn mend_slots(&mut self, stimulus: &Stimulus<S::In, S::View>, changed: &[Key]) {
        if self.damage.slots.is_empty() {
            return;
        }
        let keys: Vec<_> = match stimulus {
            Stimulus::Fault(_) => self.damage.slots.iter().cloned().collect(),
            _ => changed.iter().filter(|key| self.damage.slots.contains(*key)).cloned().collect(),
        };
        for key in keys {
            if self.slots_are_right(&key) {
                self.damage.slots.remove(&key);
            }
        }
    }

    /// Applies a knob to the facts, and returns the keys that it concerned.
    fn knob(&mut self, knob: &Knob) -> Vec<Key> {
        let mut healed = Vec::new();
        if let Knob::ReflowIn { messages, .. } = knob {
            // The keys of all their revisions are computed again.
            messages.iter().for_each(|message| healed.extend(self.facts.keys_of(message)));
            messages.iter().for_each(|message| self.facts.reconsider(&message.from, &message.id));
        }
        let every = || self.facts.keys().cloned().collect::<Vec<_>>();
        let keys = match knob {
            Knob::ReflowIn { .. } | Knob::Trigger { keys: None, .. } | Knob::Scrub { keys: None, .. } => every(),
            Knob::Trigger { keys: Some(keys), .. } | Knob::Scrub { keys: Some(keys), .. } => keys.clone(),
            Knob::Migrate { flow, keys: None, on, .. } => {
                let every = every();
                self.facts.migrations.migrate(flow, None, *on);
                every
            }
            Knob::Migrate { flow, keys: Some(keys), on, .. } => {
                self.facts.migrations.migrate(flow, Some(keys), *on);
                keys.clone()
            }
            Knob::ReflowOut { .. } => Vec::new(),
        };
        let healed = if let Knob::ReflowIn { .. } = knob { &healed } else { &keys };
        for key in healed {
            self.damage.states.remove(key);
            self.damage.slots.remove(key);
        }
        for key in &keys {
            if let Knob::Migrate { .. } = knob {
                self.facts.forget(key);
                self.record.forget(key);
            }
        }
        keys
    }

    /// Records that the engine took a message for something else than it is.
    fn received(&mut self, expected: &str, taken: &str) {
        if self.is_ours() && self.look.share.has(None) {
            let found = || (format!("the engine took the message as {taken}, but by the facts it is {expected}"), None);
            self.seen.findings.saw((RECEIPT, expected), self.step.place, None, found);
        }
    }

    /// Records a panic of the system as a finding.
    pub(super) fn panicked(&mut self, key: Option<&Key>, why: &str) {
        let part = if why.contains("did not come to rest") { "rounds".to_owned() } else { signature_of_panic(why) };
        self.seen.findings.saw(("panic", &part), self.step.place, key, || (format!("panicked: {why}"), None));
    }

    /// The findings so far.
    pub(crate) fn findings(&self) -> &Findings {
        &self.seen.findings
    }

    /// The findings so far, with the event of the last stimulus.
    pub(super) fn shown(&self) -> Shown {
        Shown { number: self.step.place.0, findings: self.seen.findings.clone() }
    }

    /// Ends the pass: looks closely at the last states, compares all slots, evaluates the properties, and reports
    /// observations missing from the record. Returns the engine and the results.
    pub(crate) fn finish(mut self, goes_on: bool) -> (Engine<S>, Seen) {
        let last = self.step.place;
        self.last_states();
        self.step.place = last;
        if self.look.share.has_end() {
            // The other keys were compared after their last step.
            let is_left = |key: &Key| self.look.cadence == Cadence::AtEnd || self.facts.history(key).is_none();
            let keys = self.engine.keys().into_iter().filter(|key| self.look.share.has(Some(key)) && is_left(key));
            for key in keys.cloned().collect::<Vec<_>>() {
                self.slots(&key);
            }
            if self.look.share.has(None) {
                self.unrecorded(goes_on);
                self.properties(true);
                self.seen.excluded = std::mem::take(&mut self.exclusions).finish(&self.engine);
            }
            // Each pass takes all messages, so one pass counts them all.
            let Updates { calls, done, folded_again } = self.engine.updates();
            let coverage = &mut self.seen.coverage;
            coverage.messages = self.facts.messages;
            coverage.updated = done;
            coverage.folded_again = folded_again;
            coverage.update_panicked = calls - done - folded_again;
        }
        (self.engine, self.seen)
    }
}
