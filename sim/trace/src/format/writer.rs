//! Writes a trace in its one canonical form.

use std::io::Write;

use afresh_core::{At, Event, EventNumber, Header, Observation, Stimulus, What};
use serde::Serialize;

use super::at;
use super::compact::compact;
use super::error::{Error, Problem};
use super::fact::{FactWire, SettlementWire};
use super::kind::Kind;
use super::raw::RawEvent;
use crate::words::holds_no_number;

/// Writes a trace: the header, and then one event a line.
///
/// The same events give the same bytes: fields come in a fixed order, and none is written that says what is so anyway.
/// Nothing is flushed before [`finish`](Self::finish).
#[derive(Debug)]
pub struct Writer<W> {
    sink: W,
    name: String,
    encoder: Encoder,
}

impl<W: Write> Writer<W> {
    /// Writes the header. `name` is what messages call the file.
    pub fn new(name: impl Into<String>, sink: W, header: &Header) -> Result<Self, Error> {
        let mut writer = Self { sink, name: name.into(), encoder: Encoder::default() };
        writer.encoder.header(header);
        writer.put()?;
        Ok(writer)
    }

    /// Goes on with a trace whose last event is `last`; zero where it has none.
    pub fn append(name: impl Into<String>, sink: W, last: u32) -> Self {
        Self { sink, name: name.into(), encoder: Encoder { previous: last, ..Encoder::default() } }
    }

    /// Writes an event. Its number must be higher than that of the event before.
    pub fn event<I, O, V>(&mut self, event: &Event<I, O, V>) -> Result<(), Error>
    where
        I: Serialize,
        O: Serialize,
        V: Serialize,
    {
        self.encoder.event(event).map_err(|problem| Error::file(&self.name, problem))?;
        self.put()
    }

    /// Writes an event whose content is JSON text, as it is.
    pub fn raw_event(&mut self, event: &RawEvent) -> Result<(), Error> {
        let RawEvent { number, cause, at, kind, content, .. } = event;
        let stamp = Stamp { number: *number, cause: *cause, at: *at };
        // An edit may have put a line end between two values, and an event is one line.
        let compacted = content.get().contains(['\n', '\r']).then(|| compact(content.get()));
        let content = compacted.as_deref().unwrap_or(content.get());
        self.encoder.raw(stamp, *kind, content).map_err(|problem| Error::file(&self.name, problem))?;
        self.put()
    }

    /// Flushes what was written, and gives the sink back.
    pub fn finish(mut self) -> Result<W, Error> {
        self.sink.flush().map_err(|error| Error::file(&self.name, Problem::Write(error)))?;
        Ok(self.sink)
    }

    fn put(&mut self) -> Result<(), Error> {
        self.sink.write_all(&self.encoder.line).map_err(|error| Error::file(&self.name, Problem::Write(error)))
    }
}

/// What every kind of event says.
#[derive(Clone, Copy)]
pub(crate) struct Stamp {
    pub(crate) number: EventNumber,
    pub(crate) cause: Option<EventNumber>,
    pub(crate) at: Option<At>,
}

/// Makes the lines of a trace, one at a time, in one buffer.
#[derive(Debug, Default)]
pub(crate) struct Encoder {
    /// The line that was made last, with its end.
    pub(crate) line: Vec<u8>,
    /// The number of the event before; zero before the first.
    pub(crate) previous: u32,
}

impl Encoder {
    pub(crate) fn header(&mut self, header: &Header) {
        self.line.clear();
        self.line.extend_from_slice(b"{\"afresh\":");
        // A header is text and numbers, and writing to memory cannot fail.
        let _ = serde_json::to_writer(&mut self.line, header);
        self.line.extend_from_slice(b"}\n");
    }

    pub(crate) fn event<I, O, V>(&mut self, event: &Event<I, O, V>) -> Result<(), Problem>
    where
        I: Serialize,
        O: Serialize,
        V: Serialize,
    {
        let stamp = Stamp { number: event.number, cause: event.cause, at: event.at };
        match &event.what {
            What::Stimulus(stimulus) => match stimulus {
                Stimulus::In(message) => self.content(stamp, Kind::In, &FactWire::message(message)),
                Stimulus::Opening(opening) => self.content(stamp, Kind::Opening, opening),
                Stimulus::Deliver(passage) => self.content(stamp, Kind::Deliver, passage),
                Stimulus::Drop(passage) => self.content(stamp, Kind::Drop, passage),
                Stimulus::Timer(timer) => self.content(stamp, Kind::Timer, timer),
                Stimulus::Fault(fault) => self.content(stamp, Kind::Fault, fault),
                Stimulus::Knob(knob) => self.content(stamp, Kind::Knob, knob),
            },
            What::Observation(observation) => match observation {
                Observation::Out(sent) => self.content(stamp, Kind::Out, &FactWire::sent(sent)),
                Observation::Settled(settled) => self.content(stamp, Kind::Settled, &SettlementWire(settled)),
                Observation::Rejected(rejected) => self.content(stamp, Kind::Rejected, rejected),
                Observation::Quarantined(quarantined) => self.content(stamp, Kind::Quarantined, quarantined),
                Observation::Healed(healed) => self.content(stamp, Kind::Healed, healed),
                Observation::View(viewed) => self.content(stamp, Kind::View, viewed),
            },
        }
    }

    /// Makes the line of an event with this content. Where it cannot be made, nothing has happened.
    pub(crate) fn content(&mut self, stamp: Stamp, kind: Kind, content: &impl Serialize) -> Result<(), Problem> {
        self.begin(stamp, kind)?;
        self.json(content).map_err(|why| Problem::Unwritable { number: stamp.number.get(), why })?;
        self.end(stamp);
        Ok(())
    }

    /// The same, where the content is JSON text.
    pub(crate) fn raw(&mut self, stamp: Stamp, kind: Kind, content: &str) -> Result<(), Problem> {
        self.begin(stamp, kind)?;
        self.line.extend_from_slice(content.as_bytes());
        self.end(stamp);
        Ok(())
    }

    /// Makes the line up to its content.
    fn begin(&mut self, stamp: Stamp, kind: Kind) -> Result<(), Problem> {
        let Stamp { number, cause, at } = stamp;
        let number = number.get();
        if number <= self.previous {
            return Err(Problem::Order { number, before: self.previous });
        }
        if let Some(cause) = cause.filter(|cause| cause.get() >= number) {
            return Err(Problem::Cause { cause: cause.get(), number });
        }
        self.line.clear();
        self.line.push(b'{');
        // Writing to memory cannot fail.
        if number != self.previous + 1 {
            let _ = write!(self.line, "\"n\":{number},");
        }
        if let Some(cause) = cause {
            let _ = write!(self.line, "\"cause\":{cause},");
        }
        if let Some(at) = at {
            self.line.extend_from_slice(b"\"at\":");
            at::write(at, &mut self.line);
            self.line.push(b',');
        }
        let _ = write!(self.line, "\"{kind}\":");
        Ok(())
    }

    fn end(&mut self, stamp: Stamp) {
        self.line.extend_from_slice(b"}\n");
        self.previous = stamp.number.get();
    }

    fn json(&mut self, content: &impl Serialize) -> Result<(), String> {
        let begin = self.line.len();
        serde_json::to_writer(&mut self.line, content).map_err(|error| error.to_string())?;
        // serde_json writes NaN and the infinities as null, silently; only a line with a null in it can hide one.
        let null = self.line[begin..].windows(4).any(|bytes| bytes == b"null");
        if null && holds_no_number(content) {
            return Err("JSON has no NaN and no infinity".into());
        }
        Ok(())
    }
}
