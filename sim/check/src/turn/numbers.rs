//! Translation between the event numbers of a trace, which may have gaps, and those of the journal of its run.

use afresh_core::{EventNumber, System};
use afresh_trace::format::EventOf;

/// A table that translates event numbers between a trace and the journal of its run.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    /// Pairs of a number in the journal and the number of the same event in the trace, both rising.
    known: Vec<(EventNumber, EventNumber)>,
    /// The highest number in the trace; zero if the trace has no events.
    last: u32,
    /// The number of events that the journal has for the trace. Later events are new.
    journaled: u32,
}

impl Numbers {
    /// Adds a pair: event `journal` of the journal is event `trace` of the trace.
    pub(super) fn is(&mut self, journal: EventNumber, trace: EventNumber) {
        self.known.push((journal, trace));
    }

    /// Sets the end of the trace: the journal has `journaled` events for it, and its highest number is `last`.
    pub(super) fn end(&mut self, journaled: usize, last: u32) {
        self.journaled = u32::try_from(journaled).unwrap_or(u32::MAX);
        self.last = last;
    }

    /// The highest number in the trace.
    pub(super) fn last(&self) -> u32 {
        self.last
    }

    /// The number of events that the journal has for the trace.
    pub(super) fn journaled(&self) -> usize {
        self.journaled as usize
    }

    /// The number in the journal of an event of the trace, if the journal has that event.
    pub(super) fn journal(&self, trace: EventNumber) -> Option<EventNumber> {
        // The numbers of trace and journal rise together, so the pairs are sorted by either.
        let place = self.known.binary_search_by_key(&trace, |(_, trace)| *trace).ok()?;
        Some(self.known[place].0)
    }

    /// The number in the trace of an event of the journal. New events continue the numbers of the trace.
    fn trace(&self, journal: EventNumber) -> Option<EventNumber> {
        match journal.get().checked_sub(self.journaled) {
            Some(new) if new > 0 => EventNumber::new(self.last.checked_add(new)?),
            _ => {
                let place = self.known.binary_search_by_key(&journal, |(journal, _)| *journal).ok()?;
                Some(self.known[place].1)
            }
        }
    }

    /// Renumbers an event of the journal for the trace. Returns `None` if event numbers run out.
    pub(super) fn renumbered<S: System>(&self, event: &EventOf<S>) -> Option<EventOf<S>> {
        let cause = event.cause.and_then(|cause| self.trace(cause));
        Some(EventOf::<S> { number: self.trace(event.number)?, cause, ..event.clone() })
    }
}
