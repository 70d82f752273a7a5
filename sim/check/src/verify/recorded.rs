//! Compares the recorded observations with the results of all messages, and each recorded view with the one before it.

use std::collections::BTreeMap;

use afresh_core::{Beginning, EventNumber, Key, Observation, System, Viewed};
use afresh_trace::format::EventOf;

use super::accounts::versus;
use super::facts::Facts;
use super::verifier::Verifier;
use crate::compare::{Between, Compared, Comparer, Difference, Missing};
use crate::finding::{Findings, RECORDED_STEP, value};
use crate::guard::guard;
use crate::ignore::Ignored;

/// The recorded observations so far, as far as later comparisons need them.
#[derive(Clone)]
pub(super) struct Record<S: System> {
    pub(super) comparer: Comparer,
    /// The last recorded view of each key.
    views: BTreeMap<Key, RecordedView<S>>,
}

/// A recorded view, and how much of the history of its key it covers.
#[derive(Clone)]
struct RecordedView<S: System> {
    view: S::View,
    length: usize,
    /// `true` if all messages since this view belong after those before it.
    in_order: bool,
    /// `true` if all messages give this view, as far as the carried state tells.
    is_right: bool,
}

impl<S: System> Record<S> {
    pub(super) fn new(complete: bool, ignored: &[Ignored]) -> Self {
        Self { comparer: Comparer::new(complete, ignored), views: BTreeMap::new() }
    }

    /// Notes that the history of a key has changed.
    pub(super) fn changed(&mut self, key: &Key, facts: &Facts<S>) {
        let Some(recorded) = self.views.get_mut(key) else { return };
        let (length, changed) = facts.history(key).map_or((0, 0), |history| (history.len(), history.changed_at));
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

impl<S: System> Verifier<S> {
    pub(super) fn observation(&mut self, event: &EventOf<S>, observation: &Observation<S::Out, S::View>, line: u64) {
        let place = (event.number, line);
        let ours = self.is_ours();
        self.guarded(None, |verifier, found| {
            if let Observation::View(recorded) = observation {
                verifier.record.comparer.sees_view(&verifier.engine, event.cause, recorded);
                verifier.recorded_view(place, recorded, ours, found);
                return;
            }
            let compared = verifier.record.comparer.recorded(&mut verifier.engine, event);
            if ours {
                verifier.compared(compared, place, found);
            }
        });
        if let Observation::View(recorded) = observation {
            self.learn(event, recorded);
        }
    }

    /// Matches an observation that follows the last event to compare, so that it is not missing from the record.
    pub(crate) fn look_over(&mut self, event: &EventOf<S>) {
        self.record.comparer.look_over(&mut self.engine, event);
    }

    /// Adds the result of a comparison to the findings, or counts it as not derivable.
    fn compared(&mut self, compared: Compared<S>, (event, line): (EventNumber, u64), found: &mut Findings) {
        for part in compared.underivable() {
            self.seen.not_derivable.saw(part, (event, line));
        }
        if let Compared::Differs(kind) = compared {
            Difference { event, line, kind }.add_to(found, Between::Record);
        }
    }

    /// Reports the observations that are made now but missing from the record. Call it after the last event.
    pub(super) fn unrecorded(&mut self, goes_on: bool) {
        let Missing { differences, not_yet, not_derivable } = self.record.comparer.finish(&self.engine, goes_on);
        differences.iter().for_each(|difference| difference.add_to(&mut self.seen.findings, Between::Record));
        not_derivable.into_iter().for_each(|(part, place)| self.seen.not_derivable.saw(part, place));
        self.seen.not_recorded_yet = not_yet.iter().map(Difference::sighting).collect();
    }

    /// Notes whether all messages give the last recorded view of a key.
    fn is_right(&mut self, key: &Key, is_right: bool) {
        self.record.views.get_mut(key).into_iter().for_each(|recorded| recorded.is_right = is_right);
    }

    /// Checks a recorded view twice: against all messages, and against the recorded view before it.
    fn recorded_view(&mut self, place: (EventNumber, u64), viewed: &Viewed<S::View>, ours: bool, found: &mut Findings) {
        let Viewed { key, value: view } = viewed;
        let length = self.facts.history(key).map_or(0, |history| history.len());
        // A fault of the trace has damaged the key. The record may show that, and no message tells.
        let is_damaged = self.damage.states.contains(key);
        let recorded = RecordedView { view: view.clone(), length, in_order: !is_damaged, is_right: false };
        let before = self.record.views.insert(key.clone(), recorded);
        let from_checkpoints = self.look.depth.from_checkpoints;
        let is_current = if from_checkpoints { self.catch_up(key) } else { Ok(false) };
        if is_damaged {
            return;
        }
        if !ours || !self.folded.contains_key(key) {
            // Another pass recomputes this view, or nothing does. Every pass has the carried state.
            let mut is_right = false;
            let _ = guard(&mut || {
                let Self { engine, record, .. } = &*self;
                let compared = record.comparer.view(engine.system(), viewed, engine.state(key), "recomputed");
                is_right = matches!(compared, Compared::Same);
            });
            self.is_right(key, is_right);
        }
        if !ours {
            return;
        }
        let now;
        let recomputed = match (self.folded.get(key), is_current) {
            (Some(folded), _) => Some(folded.as_ref()),
            (None, Ok(true)) => Some(self.facts.newest(key)),
            (None, Ok(false)) if from_checkpoints => None,
            (None, Ok(false)) => {
                now = self.facts.fold(key, length);
                Some(now.as_ref())
            }
            (None, Err(why)) => return self.panicked(Some(key), &why),
        };
        let mut is_right = false;
        if let Some(recomputed) = recomputed {
            let compared = self.record.comparer.view(self.engine.system(), viewed, recomputed, "recomputed");
            self.seen.coverage.recorded += u64::from(compared.tells());
            is_right = matches!(compared, Compared::Same);
            if self.folded.contains_key(key) {
                self.is_right(key, is_right);
            }
            self.compared(compared, place, found);
        } else {
            self.seen.coverage.recorded_beyond_budget += 1;
        }
        if !self.record.comparer.says(key) {
            return;
        }
        let Some(before) = before.filter(|before| before.in_order) else { return };
        let mut state = self.engine.system().initial(key, Beginning::Window).unwrap_or_default();
        if !self.engine.system().learn(key, &mut state, &before.view) {
            return;
        }
        // A message before the opening makes the key not derivable, and with it the step.
        let underivable: Vec<_> = match self.engine.state(key) {
            _ if self.engine.options().complete => Vec::new(),
            Some(now) => self.engine.system().compare(key, now, view).underivable().collect(),
            None => return,
        };
        if let Some(history) = self.facts.history(key) {
            let flows = self.facts.migrations.of(key);
            for input in history.inputs(before.length..history.len()) {
                self.engine.system().apply(key, &mut state, input, &flows);
            }
        }
        self.seen.coverage.recorded_steps += 1;
        // All messages give both views, so what does not follow is something that the view before does not show.
        if before.is_right && is_right {
            return;
        }
        for part in self.engine.system().compare(key, &state, view).diverged() {
            if underivable.contains(&part) {
                continue;
            }
            found.saw((RECORDED_STEP, part), place, Some(key), || {
                let versus = versus("recorded", value(view), value(&self.engine.system().view(key, &state)));
                ("the recorded view does not follow from the recorded view before it".to_owned(), Some(versus))
            });
        }
    }
}
