//! A whole trace in memory, in the types of its system.

use std::io::BufRead;

use afresh_core::{Engine, Header, Observation, Options, System, Types, What};

use afresh_trace::format::{Error, EventOf, Readable, Reader};

/// A whole trace and the lines that its events are on.
#[derive(Clone, Debug)]
pub struct Loaded<T: Types> {
    /// What the trace says of itself.
    pub header: Header,
    /// The events.
    pub events: Vec<EventOf<T>>,
    /// The line of each event.
    lines: Vec<u64>,
}

impl<T: Types> Loaded<T> {
    /// Reads all events, on all cores.
    ///
    /// # Errors
    ///
    /// Fails where the trace cannot be read.
    pub fn read<R: BufRead>(types: &T, mut reader: Reader<R>) -> Result<Self, Error>
    where
        T: Readable,
    {
        let header = reader.header().clone();
        let (mut events, mut lines) = (Vec::new(), Vec::new());
        let expected = reader.expected();
        // Where there is no room for so many, there may be for those that there are.
        let _ = (events.try_reserve(expected), lines.try_reserve(expected));
        reader.each(types, |event, line| {
            events.push(event);
            lines.push(line);
        })?;
        Ok(Self { header, events, lines })
    }

    /// A trace that was never in a file: each event has a line of its own, after that of the header.
    pub fn new(header: Header, events: Vec<EventOf<T>>) -> Self {
        let lines = (2..).take(events.len()).collect();
        Self { header, events, lines }
    }

    /// The events, each with its line.
    pub fn events_and_lines(&self) -> impl Iterator<Item = (&EventOf<T>, u64)> {
        self.events.iter().zip(self.lines.iter().copied())
    }
}

impl<S: System> Loaded<S> {
    /// Runs all events; returns the engine.
    pub fn run(&self, system: &S, options: Options) -> Engine<S> {
        let mut engine = Engine::new(system.clone(), options);
        for event in &self.events {
            match &event.what {
                What::Stimulus(stimulus) => drop(engine.take(event.at, stimulus.clone())),
                What::Observation(Observation::Settled(settled)) => {
                    engine.settle(event.at, &settled.output, settled.revision);
                }
                What::Observation(_) => {}
            }
        }
        engine
    }
}
