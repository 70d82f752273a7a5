//! Writes a trace in canonical form, in which equal events are equal bytes.

use std::io::Write;

use afresh_core::words::holds_no_number;
use afresh_core::{
    At, Event, EventNumber, Header, Message, Observation, Observed, Sent, Stimulus, Unreadable, Viewed, What,
};
use serde::Serialize;
use serde_json::value::RawValue;

use super::at;
use super::compact::compact;
use super::error::{Error, Problem};
use super::fact::{FactWire, SettlementWire};
use super::kind::Kind;
use super::raw::RawEvent;

/// Writes a trace in canonical form: the header, and then one event per line.
///
/// Equal events give equal bytes: fields have a fixed order, and a field with its default value is omitted. Only the
/// number of an event is always written, so that removing a line changes nothing in the lines that are left. Call
/// [`finish`](Self::finish) at the end to flush the sink.
#[derive(Debug)]
pub struct Writer<W> {
    sink: W,
    name: String,
    encoder: Encoder,
}

impl<W: Write> Writer<W> {
    /// Starts a trace by writing its header. Error messages call the file `name`.
    ///
    /// # Errors
    ///
    /// Fails if the sink cannot be written.
    pub fn new(name: impl Into<String>, sink: W, header: &Header) -> Result<Self, Error> {
        let mut writer = Self { sink, name: name.into(), encoder: Encoder::default() };
        writer.encoder.header(header);
        writer.put()?;
        Ok(writer)
    }

    /// Continues an existing trace. `last` is the number of its last event, or 0 if it has no events.
    pub fn append(name: impl Into<String>, sink: W, last: u32) -> Self {
        Self { sink, name: name.into(), encoder: Encoder { previous: last, ..Encoder::default() } }
    }

    /// Writes an event.
    ///
    /// # Errors
    ///
    /// Fails if the sink cannot be written, or JSON cannot express a value of the event. Also fails if the number of
    /// the event is not higher than the number before, or its cause is not an earlier event.
    pub fn event<I, O, V>(&mut self, event: &Event<I, O, V>) -> Result<(), Error>
    where
        I: Serialize,
        O: Serialize,
        V: Serialize,
    {
        self.encoder.event(event).map_err(|problem| Error::file(&self.name, problem))?;
        self.put()
    }

    /// Writes an event whose content is JSON text.
    ///
    /// The text is written unchanged, unless it has line ends. Then all blanks between its values are removed.
    ///
    /// # Errors
    ///
    /// Fails if the sink cannot be written. Also fails if the number of the event is not higher than the number before,
    /// or its cause is not an earlier event.
    pub fn raw_event(&mut self, event: &RawEvent) -> Result<(), Error> {
        let RawEvent { number, cause, at, kind, content, .. } = event;
        let stamp = Stamp { number: *number, cause: *cause, at: *at };
        // An edit may have put a line end between two values, but an event must be a single line.
        let compacted = content.get().contains(['\n', '\r']).then(|| compact(content.get()));
        let content = compacted.as_deref().unwrap_or(content.get());
        self.encoder.raw(stamp, *kind, content).map_err(|problem| Error::file(&self.name, problem))?;
        self.put()
    }

    /// Flushes the sink and returns it.
    ///
    /// # Errors
    ///
    /// Fails if the sink cannot be flushed.
    pub fn finish(mut self) -> Result<W, Error> {
        self.sink.flush().map_err(|error| Error::file(&self.name, Problem::Write(error)))?;
        Ok(self.sink)
    }

    /// Writes the line in the encoder's buffer to the sink.
    fn put(&mut self) -> Result<(), Error> {
        self.sink.write_all(&self.encoder.line).map_err(|error| Error::file(&self.name, Problem::Write(error)))
    }
}

/// The fields that events of every kind have: number, cause and time.
#[derive(Clone, Copy)]
pub(crate) struct Stamp {
    pub(crate) number: EventNumber,
    pub(crate) cause: Option<EventNumber>,
    pub(crate) at: Option<At>,
}

/// Encodes the lines of a trace in canonical form, one at a time, always into the same buffer.
#[derive(Debug, Default)]
pub(crate) struct Encoder {
    /// The line that was encoded last, with its line end.
    pub(crate) line: Vec<u8>,
    /// The number of the event that was encoded last, or 0 before the first event.
    pub(crate) previous: u32,
    /// `true` to encode lines without their numbers, for people or to edit them.
    pub(crate) omit_number: bool,
}

impl Encoder {
    /// Creates an encoder for a line without its number, which is `number`.
    pub(crate) fn without_number(number: EventNumber) -> Self {
        Self { line: Vec::new(), previous: number.get() - 1, omit_number: true }
    }

    /// Encodes the header line.
    pub(crate) fn header(&mut self, header: &Header) {
        self.line.clear();
        self.line.extend_from_slice(b"{\"afresh\":");
        // This cannot fail: a header holds only texts, numbers and booleans, and it is written to memory.
        let _ = serde_json::to_writer(&mut self.line, header);
        self.line.extend_from_slice(b"}\n");
    }

    /// Encodes the line of an event.
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
                Stimulus::Unreadable(unreadable) => self.unreadable(stamp, unreadable),
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
                Observation::Unreadable(unreadable) => self.unreadable_observation(stamp, &unreadable.observed),
            },
        }
    }

    /// Encodes the line of a message with the body that was recorded, which must be JSON.
    fn unreadable(&mut self, stamp: Stamp, Unreadable { message, .. }: &Unreadable) -> Result<(), Problem> {
        let Message { from, id, revision, body } = message.clone();
        let body = body.map(|body| raw_value(stamp, body)).transpose()?;
        self.content(stamp, Kind::In, &FactWire::message(&Message { from, id, revision, body }))
    }

    /// Encodes the line of an output or a view with the content that was recorded, which must be JSON.
    fn unreadable_observation(&mut self, stamp: Stamp, observed: &Observed) -> Result<(), Problem> {
        match observed.clone() {
            Observed::Out(Sent { key, slot, to, revision, body }) => {
                let body = body.map(|body| raw_value(stamp, body)).transpose()?;
                self.content(stamp, Kind::Out, &FactWire::sent(&Sent { key, slot, to, revision, body }))
            }
            Observed::View(Viewed { key, value }) => {
                self.content(stamp, Kind::View, &Viewed { key, value: raw_value(stamp, value)? })
            }
        }
    }

    /// Encodes the line of an event with this content. If this fails, the number of the event stays free.
    pub(crate) fn content(&mut self, stamp: Stamp, kind: Kind, content: &impl Serialize) -> Result<(), Problem> {
        self.begin(stamp, kind)?;
        self.json(content).map_err(|why| Problem::Unwritable { number: stamp.number.get(), why })?;
        self.end(stamp);
        Ok(())
    }

    /// Encodes the line of an event whose content is JSON text.
    pub(crate) fn raw(&mut self, stamp: Stamp, kind: Kind, content: &str) -> Result<(), Problem> {
        self.begin(stamp, kind)?;
        self.line.extend_from_slice(content.as_bytes());
        self.end(stamp);
        Ok(())
    }

    /// Encodes the beginning of a line, up to the content of the event.
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
        if !self.omit_number {
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

    /// Ends the line of an event.
    fn end(&mut self, stamp: Stamp) {
        self.line.extend_from_slice(b"}\n");
        self.previous = stamp.number.get();
    }

    /// Appends a value to the line as JSON. Fails if it contains NaN or an infinity.
    fn json(&mut self, content: &impl Serialize) -> Result<(), String> {
        let begin = self.line.len();
        serde_json::to_writer(&mut self.line, content).map_err(|error| error.to_string())?;
        // serde_json silently writes NaN and the infinities as null. So look for them only if the line has a null.
        let null = self.line[begin..].windows(4).any(|bytes| bytes == b"null");
        if null && holds_no_number(content) {
            return Err("it contains NaN or an infinity, which JSON does not have".into());
        }
        Ok(())
    }
}

/// Converts the text of a body or a value, which must be JSON.
fn raw_value(Stamp { number, .. }: Stamp, json: String) -> Result<Box<RawValue>, Problem> {
    RawValue::from_string(json).map_err(|why| Problem::Unwritable { number: number.get(), why: why.to_string() })
}
