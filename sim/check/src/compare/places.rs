//! The places of the stimuli of a journal in the trace that they come from.

use afresh_core::{Engine, EventNumber, Stimulus, System, What, conflict};

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

    /// The event in the journal of the stimulus that is event `number` of the trace.
    pub(super) fn taken(&self, number: EventNumber) -> Option<EventNumber> {
        let index = self.stimuli.binary_search_by_key(&number, |(_, number, _)| *number).ok()?;
        Some(self.stimuli[index].0)
    }

    /// The event in the trace, and its line, of the stimulus that is event `taken` of the journal.
    pub(crate) fn of(&self, taken: EventNumber) -> Option<(EventNumber, u64)> {
        let index = self.stimuli.binary_search_by_key(&taken, |(taken, ..)| *taken).ok()?;
        let (_, number, line) = self.stimuli[index];
        Some((number, line))
    }

    /// The event in the trace of the last stimulus that the engine took as event `taken` of its journal or before it.
    pub(crate) fn at_or_before(&self, taken: EventNumber) -> Option<EventNumber> {
        let after = self.stimuli.partition_point(|(before, ..)| *before <= taken);
        Some(self.stimuli[after.checked_sub(1)?].1)
    }

    /// The reason of a rejection, which is event `number` of the journal. If it names another event, it does so by the
    /// number of that event in the trace.
    pub(super) fn why<S: System>(&self, engine: &Engine<S>, number: EventNumber, why: &str) -> String {
        let journal = engine.journal();
        let message = |number| match &journal.get(number)?.what {
            What::Stimulus(Stimulus::In(message)) => Some(message),
            _ => None,
        };
        let rejected = journal.get(number).and_then(|event| message(event.cause?));
        let revisions = rejected.map(|rejected| journal.revisions(&rejected.fact())).unwrap_or_default();
        let named = revisions.into_iter().find(|number| conflict(*number) == why);
        named.and_then(|named| self.of(named)).map_or_else(|| why.to_owned(), |(number, _)| conflict(number))
    }
}
