//! States kept along a trace, so that a run of one that begins alike need not begin from nothing.

use std::time::Duration;

use afresh_core::System;

use super::verify::Verifier;
use crate::clock::Stopwatch;

/// A state is kept once the run since the one before has taken so many times as long as it takes to keep one: so at most
/// one part of so many is spent on keeping them.
const SPACING: u32 = 8;

/// How many events at least are between two states, and between two looks at the clock.
const EVENTS_MIN: usize = 64;

/// How many events may be before all states together, unless there is but one. It bounds their memory: the state after
/// an event holds the events before it.
const EVENTS_MAX: usize = 500_000;

/// States along a run, in order, each with the number of events before it.
pub(crate) struct Along<'s, S: System>(Vec<(usize, Verifier<'s, S>)>);

impl<'s, S: System> Along<'s, S> {
    pub(crate) fn new() -> Self {
        Self(Vec::new())
    }

    /// The newest state with at most this many events before it.
    pub(super) fn before(&self, events: usize) -> Option<(usize, &Verifier<'s, S>)> {
        let after = self.0.partition_point(|(place, _)| *place <= events);
        self.0[..after].last().map(|(place, verifier)| (*place, verifier))
    }

    /// Forgets the states that more events than this are before.
    pub(crate) fn truncate(&mut self, events: usize) {
        self.0.retain(|(place, _)| *place <= events);
    }

    /// Adds the states of another run that begins alike.
    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
        self.0.sort_by_key(|(place, _)| *place);
        self.0.dedup_by_key(|(place, _)| *place);
        while self.0.len() > 1 && self.0.iter().map(|(place, _)| place).sum::<usize>() > EVENTS_MAX {
            // Every other one, and never the last.
            let mut place = self.0.len();
            self.0.retain(|_| {
                place -= 1;
                place.is_multiple_of(2)
            });
        }
    }
}

/// Keeps states while a run goes on.
pub(super) struct Keeper<'s, S: System> {
    pub(super) along: Along<'s, S>,
    /// How many events were before the last look.
    looked: usize,
    /// Since the last state.
    since: Stopwatch,
    /// What it took to copy a state.
    cost: Duration,
}

impl<'s, S: System> Keeper<'s, S> {
    /// Begins after so many events, with a state that took so long to copy.
    pub(super) fn new(events: usize, cost: Duration) -> Self {
        Self { along: Along::new(), looked: events, since: Stopwatch::start(), cost }
    }

    /// Keeps the state with which a run ends after so many events.
    pub(super) fn end(mut self, events: usize, verifier: Verifier<'s, S>) -> Along<'s, S> {
        self.along.0.push((events, verifier));
        self.along
    }

    /// Looks whether to keep the state of `verifier`, which so many events were before.
    pub(super) fn look(&mut self, events: usize, verifier: &Verifier<'s, S>) {
        if events < self.looked + EVENTS_MIN {
            return;
        }
        self.looked = events;
        if self.since.elapsed() >= self.cost * SPACING && events <= EVENTS_MAX {
            let begun = Stopwatch::start();
            self.along.0.push((events, verifier.clone()));
            self.cost = begun.elapsed();
            self.since = Stopwatch::start();
        }
    }
}
