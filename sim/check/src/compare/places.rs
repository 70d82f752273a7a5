//! The places of the stimuli of a journal in the trace that they come from.

use afresh_core::EventNumber;

/// For each stimulus of a journal, its event and its line in the trace.
#[derive(Clone, Default)]
pub(crate) struct Places {
    /// The event in the journal, the event in the trace, and its line; all rising.
    stimuli: Vec<(EventNumber, EventNumber, u64)>,
}

impl Places {
    /// Adds the next stimulus, which the engine took as event `taken` of its journal.
    pub(super) fn add(&mut self, taken: EventNumber, (number, line): (EventNumber, u64)) {
        self.stimuli.push((taken, number, line));
    }

    /// The event in the trace, and its line, of the stimulus that is event `taken` of the journal.
    pub(crate) fn of(&self, taken: EventNumber) -> Option<(EventNumber, u64)> {
        let index = self.stimuli.binary_search_by_key(&taken, |(taken, ..)| *taken).ok()?;
        let (_, number, line) = self.stimuli[index];
        Some((number, line))
    }
}
