//! What a trace recorded, held against what all its messages give, and against what it recorded before.

use std::collections::BTreeSet;

use afresh_core::{Beginning, Engine, EventNumber, Key, Observation, Stimulus, System};

use super::finding::{Findings, RECORDED, RECORDED_STEP, value};
use super::verify::{Verifier, versus};
use crate::compare::Difference;
use crate::format::EventOf;
use crate::host::guard;

/// A recorded view.
#[derive(Clone)]
pub(super) struct Recorded<S: System> {
    view: S::View,
    pub(super) length: usize,
    /// Whether only newer messages have come since.
    pub(super) in_order: bool,
}

/// What a window of a history leaves unsaid of its keys, beyond what their openings leave.
#[derive(Clone, Default)]
pub(super) struct Window {
    complete: bool,
    /// The facts that were heard of.
    known: BTreeSet<afresh_core::FactId>,
    /// The keys that were told something which the window does not hold.
    unsaid: BTreeSet<Key>,
    /// Whether the stimulus under way withdraws a message from before the window: whose, only what is recorded says.
    withdraws: bool,
}

impl Window {
    pub(super) fn new(complete: bool) -> Self {
        Self { complete, ..Self::default() }
    }

    /// Whether all that the key was told is in the trace.
    pub(super) fn says(&self, key: &Key) -> bool {
        self.complete || !self.unsaid.contains(key)
    }

    /// A revision of a message from before the window: what it replaces is in the opening, and cannot be taken out.
    pub(super) fn begin<S: System>(&mut self, system: &S, stimulus: &Stimulus<S::In, S::View>) {
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

    /// A message that a key sent to another, where the window does not say how the sender came to it.
    pub(super) fn observation<S: System>(
        &mut self,
        system: &S,
        engine: &Engine<S>,
        observation: &Observation<S::Out, S::View>,
    ) {
        if self.complete {
            return;
        }
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

/// Whether a state says of itself that no part of it is known.
fn is_underivable<S: System>(system: &S, key: &Key, state: &S::State) -> bool {
    let mut underivable = false;
    let _ = guard(&mut || {
        let parts = system.compare(key, state, &system.view(key, state));
        underivable = parts.underivable().next().is_some();
    });
    underivable
}

impl<S: System> Verifier<'_, S> {
    pub(super) fn observation(&mut self, event: &EventOf<S>, observation: &Observation<S::Out, S::View>, line: u64) {
        if let Observation::Settled(settled) = observation {
            self.engine.settle(event.at, &settled.output, settled.revision);
            return;
        }
        self.window.observation(self.system, &self.engine, observation);
        let mut found = Findings::default();
        let ours = self.is_ours();
        let done = guard(&mut || {
            if let Observation::View(recorded) = observation {
                self.recorded_view(event.number, line, &recorded.key, &recorded.value, ours, &mut found);
            } else if let Some(difference) = self.comparer.recorded(&self.engine, event, line)
                && ours
                && difference.kind.key().is_none_or(|key| self.window.says(key))
            {
                differs(&difference, &mut found);
            }
        });
        self.seen.findings.merge(found);
        if let Err(why) = done {
            self.panicked(None, &why);
        }
    }

    /// Asks both questions of a recorded view: is it right given all the messages, and given the one before it.
    fn recorded_view(
        &mut self,
        number: EventNumber,
        line: u64,
        key: &Key,
        view: &S::View,
        ours: bool,
        found: &mut Findings,
    ) {
        let length = self.facts.history(key).map_or(0, |history| history.facts.len());
        let before = self.recorded.insert(key.clone(), Recorded { view: view.clone(), length, in_order: true });
        if !ours {
            return;
        }
        if !self.window.says(key) {
            *self.seen.not_derivable.entry("view").or_default() += 1;
            return;
        }
        let recomputed = if self.depth.from_kept {
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
                    found.saw((RECORDED, part), (number, line), Some(key), || {
                        let versus =
                            versus("recorded", value(view), value(&self.engine.system().view(key, recomputed)));
                        ("the recorded view is not what all the messages give".to_owned(), Some(versus))
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
            for fact in &history.facts[before.length..] {
                self.engine.system().apply(key, &mut state, fact.input(), self.facts.flows.of(key));
            }
        }
        self.seen.coverage.recorded_steps += 1;
        for part in self.engine.system().compare(key, &state, view).diverged() {
            found.saw((RECORDED_STEP, part), (number, line), Some(key), || {
                let versus = versus("recorded", value(view), value(&self.engine.system().view(key, &state)));
                ("the recorded view is not one step from the recorded one before it".to_owned(), Some(versus))
            });
        }
    }
}

/// Counts what a comparison found.
pub(super) fn differs<S: System>(difference: &Difference<S>, found: &mut Findings) {
    let part = difference.kind.part();
    let place = (difference.event, difference.line);
    found.saw((RECORDED, &part), place, difference.kind.key(), || difference.kind.in_words());
}
