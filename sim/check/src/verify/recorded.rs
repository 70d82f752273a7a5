//! Compares the recorded observations with the results of all messages, and each recorded view with the one before it.

use std::collections::{BTreeMap, BTreeSet};

use afresh_core::{Beginning, Engine, EventNumber, Key, Observation, Stimulus, System};
use afresh_trace::format::EventOf;

use super::accounts::versus;
use super::facts::Facts;
use super::verifier::Verifier;
use crate::compare::{Comparer, Difference};
use crate::finding::{Findings, RECORDED, RECORDED_STEP, value};
use crate::guard::guard;
use crate::ignore::Ignore;

/// The recorded observations so far, as far as later comparisons need them.
#[derive(Clone)]
pub(super) struct Record<S: System> {
    comparer: Comparer<S>,
    /// The last recorded view of each key.
    views: BTreeMap<Key, RecordedView<S>>,
    window: Window,
}

/// A recorded view, and how much of the history of its key it covers.
#[derive(Clone)]
struct RecordedView<S: System> {
    view: S::View,
    length: usize,
    /// `true` if all messages since this view belong after those before it.
    in_order: bool,
}

impl<S: System> Record<S> {
    pub(super) fn new(complete: bool) -> Self {
        Self { comparer: Comparer::new(complete, Vec::new()), views: BTreeMap::new(), window: Window::new(complete) }
    }

    /// Starts comparing the observations of a stimulus, which the engine took as event `taken` of its journal.
    pub(super) fn begin(
        &mut self,
        engine: &Engine<S>,
        (number, line): (EventNumber, u64),
        taken: EventNumber,
        stimulus: &Stimulus<S::In, S::View>,
    ) {
        self.comparer.begin(engine, number, line, taken);
        self.window.begin(engine.system(), stimulus);
    }

    /// Notes that the history of a key has changed.
    pub(super) fn changed(&mut self, key: &Key, facts: &Facts<S>) {
        let Some(recorded) = self.views.get_mut(key) else { return };
        let (length, changed) = facts.history(key).map_or((0, 0), |history| (history.facts.len(), history.changed_at));
        recorded.in_order &= changed >= recorded.length && length > recorded.length;
    }

    /// Notes that the whole history of a key now means something else, so that its next view does not follow from the
    /// last.
    pub(super) fn forget(&mut self, key: &Key) {
        if let Some(recorded) = self.views.get_mut(key) {
            recorded.in_order = false;
        }
    }
}

/// The keys of a window that are not derivable, for other reasons than a missing opening.
#[derive(Clone, Default)]
struct Window {
    complete: bool,
    /// The facts that have arrived in the window.
    known: BTreeSet<afresh_core::FactId>,
    /// The keys that depend on a message whose content is not in the window.
    unsaid: BTreeSet<Key>,
    /// `true` if the current stimulus withdraws a message from before the window. Only the views recorded next tell
    /// which keys that message concerned.
    withdraws: bool,
}

impl Window {
    fn new(complete: bool) -> Self {
        Self { complete, ..Self::default() }
    }

    /// Returns `false` if the key depends on a message whose content is not in the window.
    fn says(&self, key: &Key) -> bool {
        self.complete || !self.unsaid.contains(key)
    }

    /// Takes the next stimulus. If it revises a message from before the window, its keys are not derivable from now on:
    /// the opening includes the old revision, which cannot be removed from it.
    fn begin<S: System>(&mut self, system: &S, stimulus: &Stimulus<S::In, S::View>) {
        self.withdraws = false;
        let Stimulus::In(message) = stimulus else { return };
        if self.complete || !self.known.insert(message.fact()) || message.revision == 1 {
            return;
        }
        match &message.body {
            Some(body) => {
                let _ = guard(&mut || self.unsaid.extend(system.keys(body)));
            }
            None => self.withdraws = true,
        }
    }

    /// Takes an observation. If a key that is not derivable sends a message to other keys, these are not derivable
    /// either.
    fn observation<S: System>(&mut self, engine: &Engine<S>, observation: &Observation<S::Out, S::View>) {
        if self.complete {
            return;
        }
        let system = engine.system();
        match observation {
            Observation::Out(sent)
                if !self.says(&sent.key)
                    || engine.state(&sent.key).is_none_or(|state| is_underivable(system, &sent.key, state)) =>
            {
                let _ = guard(&mut || {
                    if let Some(message) = sent.body.as_ref().and_then(|body| system.route(&sent.key, &sent.slot, body))
                    {
                        self.unsaid.extend(system.keys(&message));
                    }
                });
            }
            Observation::View(viewed) if self.withdraws => drop(self.unsaid.insert(viewed.key.clone())),
            _ => {}
        }
    }
}

/// Returns `true` if a part of the state is not derivable.
fn is_underivable<S: System>(system: &S, key: &Key, state: &S::State) -> bool {
    let mut underivable = false;
    let _ = guard(&mut || {
        let parts = system.compare(key, state, &system.view(key, state));
        underivable = parts.underivable().next().is_some();
    });
    underivable
}

impl<S: System> Verifier<S> {
    /// Sets the parts of outputs that are not compared. Call it before the first event.
    pub(crate) fn ignore(&mut self, ignored: &[Ignore]) {
        self.record.comparer = Comparer::new(self.engine.options().complete, ignored.to_vec());
    }

    pub(super) fn observation(&mut self, event: &EventOf<S>, observation: &Observation<S::Out, S::View>, line: u64) {
        if let Observation::Settled(settled) = observation {
            self.engine.settle(event.at, &settled.output, settled.revision);
            return;
        }
        self.record.window.observation(&self.engine, observation);
        let ours = self.is_ours();
        self.guarded(None, |verifier, found| {
            if let Observation::View(recorded) = observation {
                verifier.recorded_view((event.number, line), &recorded.key, &recorded.value, ours, found);
                return;
            }
            let difference = verifier.record.comparer.recorded(&verifier.engine, event, line);
            if let Some(difference) = difference
                && ours
                && difference.kind.key().is_none_or(|key| verifier.record.window.says(key))
            {
                differs(&difference, found);
            }
        });
    }

    /// Reports the observations that are made now but missing from the record. Call it after the last event.
    pub(super) fn unrecorded(&mut self) {
        let comparer = std::mem::replace(&mut self.record.comparer, Comparer::new(true, Vec::new()));
        for difference in comparer.finish(&self.engine) {
            differs(&difference, &mut self.seen.findings);
        }
    }

    /// Checks a recorded view twice: against all messages, and against the recorded view before it.
    fn recorded_view(
        &mut self,
        place: (EventNumber, u64),
        key: &Key,
        view: &S::View,
        ours: bool,
        found: &mut Findings,
    ) {
        let length = self.facts.history(key).map_or(0, |history| history.facts.len());
        let before = self.record.views.insert(key.clone(), RecordedView { view: view.clone(), length, in_order: true });
        if !ours {
            return;
        }
        if !self.record.window.says(key) {
            *self.seen.not_derivable.entry("view").or_default() += 1;
            return;
        }
        let recomputed = if self.look.depth.from_checkpoints {
            self.facts.advance(key);
            self.facts.newest(key).cloned()
        } else {
            self.facts.fold(key, length)
        };
        self.seen.coverage.recorded += 1;
        match &recomputed {
            None => *self.seen.not_derivable.entry("view").or_default() += 1,
            Some(recomputed) => {
                let parts = self.engine.system().compare(key, recomputed, view);
                for part in parts.underivable() {
                    *self.seen.not_derivable.entry(part).or_default() += 1;
                }
                for part in parts.diverged() {
                    found.saw((RECORDED, part), place, Some(key), || {
                        let versus =
                            versus("recorded", value(view), value(&self.engine.system().view(key, recomputed)));
                        (
                            "the recorded view differs from the view recomputed from all messages".to_owned(),
                            Some(versus),
                        )
                    });
                }
            }
        }
        let Some(before) = before.filter(|before| before.in_order) else { return };
        let mut state = self.engine.system().initial(key, Beginning::Window).unwrap_or_default();
        if !self.engine.system().learn(key, &mut state, &before.view) {
            return;
        }
        if let Some(history) = self.facts.history(key) {
            let flows = self.facts.migrations.of(key);
            for fact in &history.facts[before.length..] {
                self.engine.system().apply(key, &mut state, fact.input(), &flows);
            }
        }
        self.seen.coverage.recorded_steps += 1;
        for part in self.engine.system().compare(key, &state, view).diverged() {
            found.saw((RECORDED_STEP, part), place, Some(key), || {
                let versus = versus("recorded", value(view), value(&self.engine.system().view(key, &state)));
                ("the recorded view does not follow from the recorded view before it".to_owned(), Some(versus))
            });
        }
    }
}

/// Adds a difference to the findings.
pub(super) fn differs<S: System>(difference: &Difference<S>, found: &mut Findings) {
    let part = difference.kind.part();
    let place = (difference.event, difference.line);
    found.saw((RECORDED, &part), place, difference.kind.key(), || difference.kind.in_words());
}
