//! The numbers of a trace and of the journal of its run, which counts without gaps.

use afresh_core::{EventNumber, System};

use afresh_trace::format::EventOf;

/// Which event of a trace is which event of a journal.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    /// By the numbers of the journal, rising: the numbers of the trace.
    known: Vec<(EventNumber, EventNumber)>,
    /// The highest number of the trace; zero where it has no event.
    last: u32,
    /// How many events of the journal stand for the trace. Those after it are new.
    journaled: u32,
}

impl Numbers {
    /// Notes that `journal` stands for `trace`.
    pub(super) fn is(&mut self, journal: EventNumber, trace: EventNumber) {
        self.known.push((journal, trace));
    }

    /// Notes how many events of the journal stand for the trace, which ends at `last`.
    pub(super) fn end(&mut self, journaled: usize, last: u32) {
        self.journaled = u32::try_from(journaled).unwrap_or(u32::MAX);
        self.last = last;
    }

    /// The highest number of the trace.
    pub(super) fn last(&self) -> u32 {
        self.last
    }

    /// How many events of the journal stand for the trace.
    pub(super) fn journaled(&self) -> usize {
        self.journaled as usize
    }

    /// The number of the journal for an event of the trace, where there is one.
    pub(super) fn journal(&self, trace: EventNumber) -> Option<EventNumber> {
        // Both rise together.
        let place = self.known.binary_search_by_key(&trace, |(_, trace)| *trace).ok()?;
        Some(self.known[place].0)
    }

    /// The number in the trace, as it goes on, for an event of the journal.
    fn trace(&self, journal: EventNumber) -> Option<EventNumber> {
        match journal.get().checked_sub(self.journaled) {
            Some(new) if new > 0 => EventNumber::new(self.last.checked_add(new)?),
            _ => {
                let place = self.known.binary_search_by_key(&journal, |(journal, _)| *journal).ok()?;
                Some(self.known[place].1)
            }
        }
    }

    /// An event of the journal as one of the trace; nothing where no number is left for it.
    pub(super) fn renumbered<S: System>(&self, event: &EventOf<S>) -> Option<EventOf<S>> {
        let cause = event.cause.and_then(|cause| self.trace(cause));
        Some(EventOf::<S> { number: self.trace(event.number)?, cause, ..event.clone() })
    }
}
