//! One pass over a trace: at every step, what the engine carries is held against what the facts of the trace say.

use std::collections::{BTreeMap, BTreeSet};

use afresh_core::{Engine, EventNumber, Expectation, Fault, Key, Knob, Observation, Stimulus, System, What};

use super::along::Shown;
use super::coverage::{Coverage, Depth};
use super::facts::Facts;
use super::finding::{Findings, Versus, value};
use super::recorded::{Recorded, Window};
use super::share::Share;
use crate::compare::{Comparer, kind};
use crate::format::{EventOf, messages};
use crate::host::{guard, signature_of_panic};

/// What a pass saw.
#[derive(Clone, Default)]
pub(super) struct Seen {
    pub(super) findings: Findings,
    pub(super) coverage: Coverage,
    pub(super) not_derivable: BTreeMap<&'static str, u64>,
}

/// A pass under way. A copy of it goes on from the same place.
#[derive(Clone)]
pub(crate) struct Verifier<'s, S: System> {
    pub(super) system: &'s S,
    pub(super) engine: Engine<S>,
    pub(super) facts: Facts<S>,
    pub(super) comparer: Comparer<S>,
    pub(super) share: Share,
    pub(super) depth: Depth,
    /// Whether to look at slots and properties after every stimulus, and not at the end alone.
    pub(super) each_step: bool,
    /// What holds sometimes, and whether it has held.
    pub(super) reached: BTreeMap<&'static str, bool>,
    steps: u64,
    /// The stimulus under way: its event and its line.
    pub(super) place: (EventNumber, u64),
    /// The keys that the stimulus under way concerned.
    changed: Vec<Key>,
    /// The keys whose caches were damaged and not yet healed.
    damaged: BTreeSet<Key>,
    /// The keys whose slots may hold what a damaged state or another version has sent: a restart sends nothing.
    missent: BTreeSet<Key>,
    /// The view that was recorded last of each key, and how much of its history that covers.
    pub(super) recorded: BTreeMap<Key, Recorded<S>>,
    pub(super) window: Window,
    pub(super) seen: Seen,
}

impl<'s, S: System> Verifier<'s, S> {
    pub(super) fn new(system: &'s S, engine: Engine<S>, depth: Depth, share: Share) -> Self {
        let complete = engine.options().complete;
        Self {
            system,
            engine,
            facts: Facts::new(system.clone(), complete),
            comparer: Comparer::new(complete),
            share,
            depth,
            each_step: false,
            reached: BTreeMap::new(),
            steps: 0,
            place: (EventNumber::MIN, 0),
            changed: Vec::new(),
            damaged: BTreeSet::new(),
            missent: BTreeSet::new(),
            recorded: BTreeMap::new(),
            window: Window::new(complete),
            seen: Seen::default(),
        }
    }

    /// Looks at the messages that come next, so that what is known of them is near.
    pub(super) fn look_ahead<'e>(&self, events: impl Iterator<Item = &'e EventOf<S>> + Clone)
    where
        S: 'e,
    {
        self.engine.look_ahead(messages::<S>(events.clone()));
        self.facts.look_ahead(messages::<S>(events));
    }

    /// Takes the next event of the trace.
    pub(super) fn event(&mut self, event: &EventOf<S>, line: u64) {
        match &event.what {
            What::Stimulus(stimulus) => {
                self.steps += 1;
                self.place = (event.number, line);
                self.stimulus(event, stimulus, line);
            }
            What::Observation(observation) => self.observation(event, observation, line),
        }
    }

    /// Whether this pass looks at the step under way.
    pub(super) fn is_ours(&self) -> bool {
        self.share.has_step(self.steps)
    }

    fn stimulus(&mut self, event: &EventOf<S>, stimulus: &Stimulus<S::In, S::View>, line: u64) {
        let mut changed = std::mem::take(&mut self.changed);
        changed.clear();
        match stimulus {
            Stimulus::In(message) => self.facts.message(event.number, message, &mut changed),
            Stimulus::Opening(opening) => self.facts.open(event.number, opening, &mut changed),
            Stimulus::Knob(knob) => changed.extend(self.knob(knob)),
            Stimulus::Fault(fault) => changed.extend(self.fault(fault)),
            Stimulus::Deliver(_) | Stimulus::Drop(_) | Stimulus::Timer(_) => {}
        }
        let taken = self.engine.take(event.at, stimulus.clone()).stimulus();
        self.comparer.begin(&self.engine, event.number, line, taken);
        self.window.begin(self.system, stimulus);
        let mut panics = Vec::new();
        for observed in self.engine.journal().since(taken.get() as usize) {
            match &observed.what {
                What::Observation(Observation::Out(sent)) => self.facts.output(event.number, sent, &mut changed),
                What::Observation(Observation::Quarantined(apart)) => {
                    panics.push((Some(apart.key.clone()), apart.why.clone()));
                }
                What::Observation(Observation::Rejected(rejected)) => {
                    if let Some(why) = rejected.why.strip_prefix("panicked: ") {
                        panics.push((None, why.to_owned()));
                    }
                }
                _ => {}
            }
        }
        changed.sort_unstable();
        changed.dedup();
        self.changed = changed;
        for key in &self.changed {
            if let Some(recorded) = self.recorded.get_mut(key) {
                let history = self.facts.history(key);
                let (length, changed) = history.map_or((0, 0), |history| (history.facts.len(), history.changed_at));
                recorded.in_order &= changed >= recorded.length && length > recorded.length;
            }
        }
        if self.is_ours() {
            for (key, why) in panics {
                // On a state that was damaged on purpose, code may do anything.
                let damaged = key.as_ref().is_some_and(|key| self.damaged.contains(key));
                if !damaged && self.share.has(key.as_ref()) {
                    self.panicked(key.as_ref(), &why);
                }
            }
            for place in 0..self.changed.len() {
                let key = self.changed[place].clone();
                if self.share.has(Some(&key)) {
                    self.look(&key);
                }
            }
            if self.each_step && self.share.has(None) {
                self.properties(false);
            }
        } else if self.depth.from_kept {
            for key in &self.changed {
                // The states on the way are taken along at every step, whoever looks at it.
                let _ = guard(&mut || {
                    self.facts.advance(key);
                });
            }
        }
    }

    /// Looks at a key after a step.
    fn look(&mut self, key: &Key) {
        self.verify(key);
        if self.each_step {
            self.slots(key);
        }
    }

    /// Whether the engine carries for `key` what that of another pass does.
    pub(super) fn carries_as(&self, other: &Self, key: &Key) -> bool {
        let (ours, theirs) = (&self.engine, &other.engine);
        ours.state(key) == theirs.state(key)
            && ours.quarantined(key) == theirs.quarantined(key)
            && ours.slots(key).eq(theirs.slots(key))
    }

    /// What a look at `key` finds that is made once more, at this place.
    pub(super) fn look_again(&mut self, place: (EventNumber, u64), key: &Key) -> Findings {
        self.place = place;
        let before = std::mem::take(&mut self.seen.findings);
        match self.engine.quarantined(key).map(str::to_owned) {
            Some(why) => self.panicked(Some(key), &why),
            None => self.look(key),
        }
        std::mem::replace(&mut self.seen.findings, before)
    }

    /// Suffers a fault; the keys that it concerned.
    fn fault(&mut self, fault: &Fault) -> Vec<Key> {
        match fault {
            Fault::Damage { key, .. } => {
                self.damaged.insert(key.clone());
                return Vec::new();
            }
            Fault::Restart { .. } => {}
            Fault::Deploy { system, .. } => {
                let Some(system) = self.engine.system().variant(system) else { return Vec::new() };
                let sent = self.engine.journal().events().filter_map(|event| match &event.what {
                    What::Observation(Observation::Out(sent)) => Some((event.cause.unwrap_or(event.number), sent)),
                    _ => None,
                });
                self.facts.deploy(system, sent);
                self.missent.extend(self.facts.keys().cloned());
            }
            _ => return Vec::new(),
        }
        // What was damaged is lost, and what was sent because of it is not.
        self.missent.append(&mut self.damaged);
        self.facts.keys().cloned().collect()
    }

    /// Turns a knob; the keys that it concerned.
    fn knob(&mut self, knob: &Knob) -> Vec<Key> {
        if let Knob::ReflowIn { messages, .. } = knob {
            messages.iter().for_each(|message| self.facts.reconsider(&message.from, &message.id));
        }
        let every = || self.facts.keys().cloned().collect::<Vec<_>>();
        let keys = match knob {
            Knob::ReflowIn { .. } | Knob::Trigger { keys: None, .. } | Knob::Scrub { keys: None, .. } => every(),
            Knob::Trigger { keys: Some(keys), .. } | Knob::Scrub { keys: Some(keys), .. } => keys.clone(),
            Knob::Migrate { flow, keys: None, on, .. } => {
                let every = every();
                self.facts.flows.set_every(flow, *on);
                every
            }
            Knob::Migrate { flow, keys: Some(keys), on, .. } => {
                keys.iter().for_each(|key| self.facts.flows.set(key, flow, *on));
                keys.clone()
            }
            Knob::ReflowOut { .. } => Vec::new(),
        };
        for key in &keys {
            if !matches!(knob, Knob::ReflowIn { .. }) {
                self.damaged.remove(key);
                self.missent.remove(key);
            }
            if let Knob::Migrate { .. } = knob {
                self.facts.forget(key);
                if let Some(recorded) = self.recorded.get_mut(key) {
                    recorded.in_order = false;
                }
            }
        }
        keys
    }

    /// Holds the four accounts of a key against each other.
    fn verify(&mut self, key: &Key) {
        if self.engine.quarantined(key).is_some() {
            self.seen.coverage.set_apart += 1;
            return;
        }
        if self.damaged.contains(key) {
            self.seen.coverage.damaged += 1;
            return;
        }
        let mut found = Findings::default();
        let done = guard(&mut || self.compare(key, &mut found));
        self.seen.findings.merge(found);
        if let Err(why) = done {
            self.panicked(Some(key), &why);
        }
    }

    fn compare(&mut self, key: &Key, found: &mut Findings) {
        let Some(length) = self.facts.history(key).map(|history| history.facts.len()) else { return };
        let whole = !self.depth.from_kept || is_square(length);
        let folded = if whole { self.facts.fold(key, length) } else { None };
        if self.depth.from_kept {
            self.facts.advance(key);
        }
        let recomputed = if whole { folded.as_ref() } else { self.facts.newest(key) };
        self.seen.coverage.steps += 1;
        self.seen.coverage.from_first += u64::from(whole);
        self.seen.coverage.applications += if whole { length as u64 } else { 1 };
        let place = self.place;
        let incremental = self.engine.state(key);
        match (incremental, recomputed) {
            (None, None) => *self.seen.not_derivable.entry("state").or_default() += 1,
            (Some(incremental), Some(recomputed)) if incremental == recomputed => {}
            (incremental, recomputed) => {
                let view = |state: Option<&S::State>| state.map(|state| self.engine.system().view(key, state));
                let (left, right) = (view(incremental), view(recomputed));
                let mut parts: Vec<_> = match (recomputed, &left) {
                    (Some(recomputed), Some(left)) => {
                        self.engine.system().compare(key, recomputed, left).diverged().collect()
                    }
                    _ => Vec::new(),
                };
                if parts.is_empty() {
                    parts.push("state");
                }
                for part in parts {
                    found.saw(("incremental", part), place, Some(key), || {
                        let hidden = if part == "state" { ", in what no view shows" } else { "" };
                        let versus = if part == "state" {
                            versus("incremental", value(&debug(incremental)), value(&debug(recomputed)))
                        } else {
                            versus("incremental", value(&left), value(&right))
                        };
                        (format!("the carried state is not the folded one{hidden}"), Some(versus))
                    });
                }
            }
        }
        let Some(recomputed) = recomputed else { return };
        for broken in self.engine.system().invariants(key, recomputed) {
            found.saw((broken.invariant, ""), place, Some(key), || (broken.found.clone(), None));
        }
        if self.depth.restates(length) && self.engine.options().complete && self.restate(key, recomputed, found) {
            self.seen.coverage.restated += 1;
        }
    }

    /// Holds the independent statement against the fold; whether there is one.
    fn restate(&self, key: &Key, recomputed: &S::State, found: &mut Findings) -> bool {
        let Some(history) = self.facts.history(key) else { return false };
        let inputs: Vec<_> = history.facts.iter().map(|fact| fact.input()).collect();
        let Some(restated) = self.engine.system().restate(key, &inputs, self.facts.flows.of(key)) else { return false };
        for part in self.engine.system().compare(key, recomputed, &restated).diverged() {
            found.saw(("restated", part), self.place, Some(key), || {
                let versus = versus("restated", value(&restated), value(&self.engine.system().view(key, recomputed)));
                ("the independent statement is not what the fold gives".to_owned(), Some(versus))
            });
        }
        true
    }

    pub(super) fn panicked(&mut self, key: Option<&Key>, why: &str) {
        let part = if why.contains("did not come to rest") { "rounds".to_owned() } else { signature_of_panic(why) };
        self.seen.findings.saw(("panic", &part), self.place, key, || (format!("panicked: {why}"), None));
    }

    /// What was seen so far.
    pub(super) fn findings(&self) -> &Findings {
        &self.seen.findings
    }

    /// What was seen up to the event that was taken last, and there.
    pub(super) fn shown(&self) -> Shown {
        Shown { number: self.place.0, findings: self.seen.findings.clone() }
    }

    /// Restates every key as it is at the end, where that was not done at every step.
    pub(super) fn restate_at_end(&mut self) {
        if self.depth.restates_all() || !self.engine.options().complete {
            return;
        }
        let keys = self.facts.keys().filter(|key| self.share.has(Some(key)));
        for key in keys.cloned().collect::<Vec<_>>() {
            let mut found = Findings::default();
            // What panics here has panicked at its step.
            let _ = guard(&mut || {
                self.facts.advance(&key);
                if let Some(state) = self.facts.newest(&key) {
                    self.restate(&key, state, &mut found);
                }
            });
            self.seen.findings.merge(found);
        }
    }

    /// Ends the pass, with all that is done at an end; what was found.
    pub(super) fn end(mut self) -> Findings {
        self.restate_at_end();
        self.finish().1.findings
    }

    /// Ends the pass: what should be in all slots, and what must hold over all keys.
    pub(super) fn finish(mut self) -> (Engine<S>, Seen) {
        if self.share.has_end() {
            let keys = self.engine.keys().into_iter().filter(|key| self.share.has(Some(key)));
            for key in keys.cloned().collect::<Vec<_>>() {
                self.slots(&key);
            }
            if self.share.has(None) {
                for difference in std::mem::replace(&mut self.comparer, Comparer::new(true)).finish(&self.engine) {
                    super::recorded::differs(&difference, &mut self.seen.findings);
                }
                self.properties(true);
            }
        }
        (self.engine, self.seen)
    }

    /// Holds what was sent from the slots of a key against all of its outputs.
    fn slots(&mut self, key: &Key) {
        let mut found = Findings::default();
        let done = guard(&mut || {
            if self.damaged.contains(key) || self.missent.contains(key) {
                return;
            }
            let outputs = self.engine.outputs(key);
            let Some(mut outputs) = outputs else { return };
            let held = self.engine.slots(key).filter_map(|(slot, sent)| Some((slot, sent.body.as_ref()?)));
            if held.eq(&outputs) {
                return;
            }
            let sent = self.engine.slots(key).map(|(slot, sent)| (slot.clone(), sent.body.clone()));
            let mut sent: BTreeMap<_, _> = sent.collect();
            for slot in outputs.keys().chain(sent.keys()).cloned().collect::<BTreeSet<_>>() {
                let (wanted, sent) = (outputs.remove(&slot), sent.remove(&slot).flatten());
                if wanted != sent {
                    found.saw(("outputs", kind(slot.as_str())), self.place, Some(key), || {
                        let versus = versus("sent", value(&sent), value(&wanted));
                        (format!("slot {slot} does not hold what should be in it"), Some(versus))
                    });
                }
            }
        });
        self.seen.findings.merge(found);
        if let Err(why) = done {
            self.panicked(Some(key), &why);
        }
    }

    /// Asks the properties over all keys; at the end, also those that need to hold only then.
    fn properties(&mut self, end: bool) {
        let mut found = Findings::default();
        let properties = self.engine.system().properties();
        if properties.is_empty() {
            return;
        }
        let done = guard(&mut || {
            let keys = self.engine.keys();
            let states: Vec<_> = keys.iter().filter_map(|key| Some((*key, self.engine.state(key)?))).collect();
            let is_damaged = !self.damaged.is_empty() || !self.missent.is_empty();
            if !self.engine.options().complete || states.len() < keys.len() || is_damaged {
                return;
            }
            for property in &properties {
                let holds = || (property.holds)(self.engine.system(), &states);
                match property.expectation {
                    Expectation::Sometimes => {
                        let reached = self.reached.entry(property.name).or_default();
                        *reached = *reached || holds().is_ok();
                    }
                    Expectation::Eventually if !end => {}
                    Expectation::Always | Expectation::Eventually => {
                        if let Err(why) = holds() {
                            found.saw((property.name, ""), self.place, None, || (why, None));
                        }
                    }
                }
            }
        });
        self.seen.findings.merge(found);
        if let Err(why) = done {
            self.panicked(None, &why);
        }
    }
}

pub(super) fn versus(left: &'static str, left_value: serde_json::Value, right_value: serde_json::Value) -> Versus {
    Versus { left, left_value, right: "recomputed", right_value }
}

fn debug<T: std::fmt::Debug>(state: Option<&T>) -> Option<String> {
    state.map(|state| format!("{state:#?}"))
}

/// Whether a length is one of the √n at which a long history is folded from the first message.
pub(super) fn is_square(length: usize) -> bool {
    length.isqrt().pow(2) == length
}
