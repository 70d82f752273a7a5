//! Traces whose events hold JSON text, for tools that edit events without knowing their types.

use std::io::Write;

use afresh_core::{At, Event, EventNumber, Header, Passage, Trace, Types};
use serde::de::DeserializeSeed;

use super::decode::{Content, ContentSeed, Envelope, Raw, Typed};
use super::error::{Error, Problem};
use super::json::Json;
use super::kind::Kind;
use super::reader::parse;
use super::scan::Scan;
use super::strict::{Strict, from_json};
use super::writer::{Encoder, Stamp, Writer};
use super::{EventOf, TraceOf};

/// A trace whose events hold JSON text instead of values. It can be read and written without the system.
#[derive(Clone, Debug)]
pub struct RawTrace {
    /// The header of the trace.
    pub header: Header,
    /// The events, in the order of their numbers.
    pub events: Vec<RawEvent>,
}

/// An event whose content is JSON text, byte for byte as it is in the file.
#[derive(Clone, Debug)]
pub struct RawEvent {
    /// The number of the line from which the event was read, from 1.
    pub line: u64,
    /// The number of the event.
    pub number: EventNumber,
    /// The number of the event that produced this one, if known.
    pub cause: Option<EventNumber>,
    /// The time at which the event happened, if known.
    pub at: Option<At>,
    /// The kind of the event.
    pub kind: Kind,
    /// The JSON value of the field that is named after the kind.
    pub content: Json,
}

impl RawTrace {
    /// Converts the trace into the types of a system.
    ///
    /// # Errors
    ///
    /// Fails at the first event that is not valid for the system. Returns its index in the list, and the problem.
    pub fn typed<S: Types>(&self, system: &S) -> Result<TraceOf<S>, (usize, Problem)> {
        let read = |(place, event): (usize, &RawEvent)| {
            event.typed(system, &self.header.version).map_err(|problem| (place, problem))
        };
        let events = self.events.iter().enumerate().map(read).collect::<Result<_, _>>()?;
        Ok(Trace { header: self.header.clone(), events })
    }

    /// Writes the trace to a sink, which error messages call `name`, and returns the sink.
    ///
    /// The content of the events is written unchanged, except that an event always becomes a single line.
    ///
    /// # Errors
    ///
    /// Fails if the sink cannot be written. Also fails if the numbers of the events do not rise, or if a cause is not
    /// an earlier event.
    pub fn write<W: Write>(&self, name: &str, sink: W) -> Result<W, Error> {
        let mut writer = Writer::new(name, sink, &self.header)?;
        for event in &self.events {
            writer.raw_event(event)?;
        }
        writer.finish()
    }
}

impl RawEvent {
    /// Converts the event into the types of a system. `version` is the version of the system that recorded the body.
    ///
    /// # Errors
    ///
    /// Fails if the content is not valid for the system.
    pub fn typed<S: Types>(&self, system: &S, version: &str) -> Result<EventOf<S>, Problem> {
        let mut deserializer = serde_json::Deserializer::from_str(self.content.get());
        let typed = Typed { system, version, skip_unreadable: false };
        let what = ContentSeed(typed, self.kind)
            .deserialize(Strict(&mut deserializer))
            .map_err(|error| Problem::of_value(&error))?;
        let what = typed.with_text(what, self.content.get())?;
        Ok(Event { number: self.number, cause: self.cause, at: self.at, what })
    }

    /// Returns the event if it is a stimulus, without the recorded content of a message between nodes.
    ///
    /// Every edit of the trace may change that content, as it may change observations.
    pub fn into_stimulus(self) -> Option<Self> {
        if matches!(self.kind, Kind::Deliver | Kind::Drop)
            && let Ok(passage @ Passage { content: Some(_), .. }) = from_json(self.content.get().as_bytes())
        {
            let content = serde_json::to_string(&Passage { content: None, ..passage }).ok()?;
            return Some(Self { content: Json::of(&content), ..self });
        }
        self.kind.is_stimulus().then_some(self)
    }

    /// Formats the event as a line of a trace, without its number and its line end.
    ///
    /// Returns `None` if the event cannot be written, because its cause is not an earlier event.
    pub fn text(&self) -> Option<String> {
        let mut encoder = Encoder::without_number(self.number);
        let stamp = Stamp { number: self.number, cause: self.cause, at: self.at };
        encoder.raw(stamp, self.kind, self.content.get()).ok()?;
        encoder.line.pop();
        String::from_utf8(encoder.line).ok()
    }

    /// Parses an edited line of this event, as [`text`](Self::text) formats it. The number of the event stays the same.
    ///
    /// Returns `None` if the text is not a valid event, or states a number.
    pub fn with_text(&self, text: &str) -> Option<Self> {
        let Envelope { number: None, cause, at, kind, content } = parse(&mut Scan::default(), text, Raw).ok()? else {
            return None;
        };
        Some(Self { cause, at, kind, content, ..*self })
    }
}
