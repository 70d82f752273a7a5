//! A whole trace in memory, with the types of its system.

use std::collections::BTreeSet;
use std::io::BufRead;

use afresh_core::{At, Engine, EventNumber, Header, Observation, Options, System, Types, What};
use afresh_trace::format::{Error, EventOf, Readable, Reader, messages};

/// The number of events for which an engine looks ahead at once; see [`Engine::look_ahead`].
pub const AHEAD: usize = 1024;

/// A whole trace in memory, with the line of each event.
#[derive(Clone, Debug)]
pub struct Loaded<T: Types> {
    /// The header of the trace.
    pub header: Header,
    /// The events, in the order of the file.
    pub events: Vec<EventOf<T>>,
    /// The line of each event.
    lines: Vec<u64>,
    /// `true` if later events of the trace were left out.
    pub(crate) is_cut: bool,
    /// The observations that were left out before the first stimulus that was.
    pub(crate) beyond: Vec<EventOf<T>>,
}

impl<T: Types> Loaded<T> {
    /// Reads a whole trace, using all cores.
    ///
    /// # Errors
    ///
    /// Returns an error if the trace cannot be read.
    pub fn read<R: BufRead>(types: &T, mut reader: Reader<R>) -> Result<Self, Error>
    where
        T: Readable,
    {
        let header = reader.header().clone();
        let (mut events, mut lines) = (Vec::new(), Vec::new());
        let expected = reader.expected();
        // The number is an estimate. If memory for it is refused, the actual events may still fit.
        let _ = (events.try_reserve(expected), lines.try_reserve(expected));
        reader.each(types, |event, line| {
            events.push(event);
            lines.push(line);
        })?;
        Ok(Self { header, events, lines, is_cut: false, beyond: Vec::new() })
    }

    /// Creates a trace that was never in a file. The header counts as line 1, and each event as one line after it.
    pub fn new(header: Header, events: Vec<EventOf<T>>) -> Self {
        let lines = (2..).take(events.len()).collect();
        Self { header, events, lines, is_cut: false, beyond: Vec::new() }
    }

    /// Leaves out the events after the one with number `last`, if it is given.
    #[must_use]
    pub fn until(mut self, last: Option<EventNumber>) -> Self {
        let kept = last.map_or(self.events.len(), |last| self.events.partition_point(|event| event.number <= last));
        self.is_cut = kept < self.events.len();
        let beyond = self.events.drain(kept..);
        self.beyond = beyond.take_while(|event| matches!(event.what, What::Observation(_))).collect();
        self.lines.truncate(kept);
        self
    }

    /// Iterates over the events, each with its line.
    pub fn events_and_lines(&self) -> impl Iterator<Item = (&EventOf<T>, u64)> {
        self.events.iter().zip(self.lines.iter().copied())
    }
}

impl<S: System> Loaded<S> {
    /// Runs all events in a new engine, and returns the engine.
    pub fn run(&self, system: &S, options: Options) -> Engine<S> {
        self.run_without(system, options, &BTreeSet::new())
    }

    /// Runs all events as [`run`](Self::run) does, but learns nothing from these recorded views.
    pub(crate) fn run_without(&self, system: &S, options: Options, views: &BTreeSet<EventNumber>) -> Engine<S> {
        let mut engine = Engine::new(system.clone(), options);
        for (place, event) in self.events.iter().enumerate() {
            if place % AHEAD == 0 {
                engine.look_ahead(messages::<S>(self.events[place..].iter().take(AHEAD)));
            }
            match &event.what {
                What::Stimulus(stimulus) => drop(engine.take(event.at, stimulus.clone())),
                What::Observation(_) if views.contains(&event.number) => {}
                What::Observation(observation) => observe(&mut engine, event.at, observation),
            }
        }
        engine
    }
}

/// Passes a recorded observation on to the engine, if it changes the run: a settlement, or a view from which a key of a
/// window learns.
pub(crate) fn observe<S: System>(engine: &mut Engine<S>, at: Option<At>, observation: &Observation<S::Out, S::View>) {
    match observation {
        Observation::Settled(settled) => drop(engine.settle(at, &settled.output, settled.revision)),
        Observation::View(viewed) => drop(engine.learn(at, viewed)),
        _ => {}
    }
}
