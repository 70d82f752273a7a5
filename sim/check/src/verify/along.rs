//! States kept along a trace, so that a run of one that begins alike need not begin from nothing.

use std::time::Duration;

use afresh_core::{EventNumber, System};

use super::probe::Probed;
use super::verifier::Verifier;
use crate::clock::Stopwatch;
use crate::finding::Findings;

/// A state is kept once the run since the one before has taken so many times as long as it takes to keep one: so at most
/// one part of so many is spent on keeping them.
const SPACING: u32 = 8;

/// How many events at least are between two states, and between two looks at the clock.
const EVENTS_MIN: usize = 64;

/// How many events may be before all states together, unless there is but one. It bounds their memory: the state after
/// an event holds the events before it.
const EVENTS_MAX: usize = 500_000;

/// What is known of a run: states along it, and where it ended because of what it showed.
pub struct Along<S: System> {
    /// In order, each with the number of events before it.
    states: Vec<(usize, Verifier<S>)>,
    /// What a run shows that begins with so many events of this one: it ends there, and no state is needed to say so.
    shown: Option<(usize, Shown)>,
}

/// What a run has shown at an event.
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
    /// Nothing is known.
    fn default() -> Self {
        Self { states: Vec::new(), shown: None }
    }
}

impl<S: System> Along<S> {
    /// A run that showed this at the last of so many events.
    pub(super) fn ended(events: usize, shown: Shown) -> Self {
        Self { shown: Some((events, shown)), ..Self::default() }
    }

    /// What every run shows that begins with this many events of this one, if that is known.
    pub(super) fn shown(&self, events: usize) -> Option<&Shown> {
        self.shown.as_ref().filter(|(place, _)| *place <= events).map(|(_, shown)| shown)
    }

    /// The newest state with at most this many events before it.
    pub(super) fn before(&self, events: usize) -> Option<(usize, &Verifier<S>)> {
        let after = self.states.partition_point(|(place, _)| *place <= events);
        self.states[..after].last().map(|(place, verifier)| (*place, verifier))
    }

    /// Forgets what more events than this are before.
    pub fn truncate(&mut self, events: usize) {
        self.states.retain(|(place, _)| *place <= events);
        self.shown.take_if(|(place, _)| *place > events);
    }

    /// Adds what is known of another run that begins alike.
    pub fn extend(&mut self, other: Self) {
        self.shown = other.shown.or(self.shown.take());
        self.states.extend(other.states);
        self.states.sort_by_key(|(place, _)| *place);
        self.states.dedup_by_key(|(place, _)| *place);
        while self.states.len() > 1 && self.states.iter().map(|(place, _)| place).sum::<usize>() > EVENTS_MAX {
            // Every other one, and never the last.
            let mut place = self.states.len();
            self.states.retain(|_| {
                place -= 1;
                place.is_multiple_of(2)
            });
        }
    }
}

/// Keeps states while a run goes on.
pub(super) struct Keeper<S: System> {
    pub(super) along: Along<S>,
    /// How many events were before the last look.
    looked: usize,
    /// Since the last state.
    since: Stopwatch,
    /// What it took to copy a state.
    cost: Duration,
}

impl<S: System> Keeper<S> {
    /// Begins after so many events, with a state that took so long to copy.
    pub(super) fn new(events: usize, cost: Duration) -> Self {
        Self { along: Along::default(), looked: events, since: Stopwatch::start(), cost }
    }

    /// Keeps what the run showed at the last of so many events.
    pub(super) fn end(self, events: usize, shown: Shown) -> Along<S> {
        Along { shown: Some((events, shown)), ..self.along }
    }

    /// Looks whether to keep the state of `verifier`, which so many events were before.
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
