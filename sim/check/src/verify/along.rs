//! Saved states of a run, so that a run of another trace that begins with the same events can continue from one of
//! them.

use std::time::Duration;

use afresh_core::{EventNumber, System};

use super::probe::Probed;
use super::verifier::Verifier;
use crate::clock::Stopwatch;
use crate::finding::Findings;

/// The minimum time between two saved states, as a multiple of the time that saving one takes. It limits the share of
/// the time that is spent on saving.
const SPACING: u32 = 8;

/// The minimum number of events between two saved states, and between two readings of the clock.
const EVENTS_MIN: usize = 64;

/// The maximum for the sum of the events before each saved state, unless there is only one state.
///
/// It bounds the memory, because a saved state holds all events before it.
const EVENTS_MAX: usize = 500_000;

/// The reusable part of a run: saved states, and the findings with which it ended.
///
/// A later run that begins with the same events continues from the newest saved state that fits.
pub struct Along<S: System> {
    /// The saved states in order, each with the number of events before it.
    states: Vec<(usize, Verifier<S>)>,
    /// The findings with which the run ended, and the number of its events. A run that begins with all these events has
    /// the same findings, so it need not be made.
    shown: Option<(usize, Shown)>,
}

/// The findings of a run up to an event.
#[derive(Clone)]
pub(super) struct Shown {
    pub(super) number: EventNumber,
    pub(super) findings: Findings,
}

impl From<Shown> for Probed {
    fn from(Shown { number, findings }: Shown) -> Self {
        Self::At(number.get().into(), findings.into_sorted())
    }
}

impl<S: System> Default for Along<S> {
    /// Creates the value for a run about which nothing is known.
    fn default() -> Self {
        Self { states: Vec::new(), shown: None }
    }
}

impl<S: System> Along<S> {
    /// Creates the value for a run that ended with these findings after `events` events.
    pub(super) fn ended(events: usize, shown: Shown) -> Self {
        Self { shown: Some((events, shown)), ..Self::default() }
    }

    /// The findings of every run that begins with the first `events` events of this run, if they are known.
    pub(super) fn shown(&self, events: usize) -> Option<&Shown> {
        self.shown.as_ref().filter(|(place, _)| *place <= events).map(|(_, shown)| shown)
    }

    /// The newest saved state with at most this many events before it, and the number of these.
    pub(super) fn before(&self, events: usize) -> Option<(usize, &Verifier<S>)> {
        let after = self.states.partition_point(|(place, _)| *place <= events);
        self.states[..after].last().map(|(place, verifier)| (*place, verifier))
    }

    /// Discards everything that depends on more than the first `events` events.
    pub fn truncate(&mut self, events: usize) {
        self.states.retain(|(place, _)| *place <= events);
        self.shown.take_if(|(place, _)| *place > events);
    }

    /// Adds the saved states and findings of another run that begins with the same events.
    pub fn extend(&mut self, other: Self) {
        self.shown = other.shown.or(self.shown.take());
        self.states.extend(other.states);
        self.states.sort_by_key(|(place, _)| *place);
        self.states.dedup_by_key(|(place, _)| *place);
        while self.states.len() > 1 && self.states.iter().map(|(place, _)| place).sum::<usize>() > EVENTS_MAX {
            // Discard every other state, but never the last.
            let mut place = self.states.len();
            self.states.retain(|_| {
                place -= 1;
                place.is_multiple_of(2)
            });
        }
    }
}

/// Saves states of a run in progress.
pub(super) struct Keeper<S: System> {
    pub(super) along: Along<S>,
    /// The number of events before the last reading of the clock.
    looked: usize,
    /// The time since the last saved state.
    since: Stopwatch,
    /// The time that copying the last saved state took.
    cost: Duration,
}

impl<S: System> Keeper<S> {
    /// Starts after `events` events, from a state that took `cost` to copy.
    pub(super) fn new(events: usize, cost: Duration) -> Self {
        Self { along: Along::default(), looked: events, since: Stopwatch::start(), cost }
    }

    /// Ends with a run that ended with these findings after `events` events.
    pub(super) fn end(self, events: usize, shown: Shown) -> Along<S> {
        Along { shown: Some((events, shown)), ..self.along }
    }

    /// Saves the state of `verifier` after `events` events, if the last saved state is old enough.
    pub(super) fn look(&mut self, events: usize, verifier: &Verifier<S>) {
        if events < self.looked + EVENTS_MIN {
            return;
        }
        self.looked = events;
        if self.since.elapsed() >= self.cost * SPACING && events <= EVENTS_MAX {
            let begun = Stopwatch::start();
            self.along.states.push((events, verifier.clone()));
            self.cost = begun.elapsed();
            self.since = Stopwatch::start();
        }
    }
}
