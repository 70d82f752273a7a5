//! A trace as it is in its file: for tools that edit the JSON of events and know no types.

use std::io::Write;

use afresh_core::{At, Event, EventNumber, Header, Trace, Types};
use serde::de::DeserializeSeed;

use super::decode::{ContentSeed, Envelope, Raw, Typed};
use super::error::{Error, Problem};
use super::json::Json;
use super::kind::Kind;
use super::reader::parse;
use super::scan::Scan;
use super::writer::{Encoder, Stamp, Writer};
use super::{EventOf, TraceOf};

/// A trace whose bodies are JSON text, whatever system it is for.
#[derive(Clone, Debug)]
pub struct RawTrace {
    /// What the trace says of itself.
    pub header: Header,
    /// The events, their numbers rising.
    pub events: Vec<RawEvent>,
}

/// An event whose content is JSON text.
#[derive(Clone, Debug)]
pub struct RawEvent {
    /// The line that it was read from, from 1.
    pub line: u64,
    /// Its number.
    pub number: EventNumber,
    /// The event that produced it.
    pub cause: Option<EventNumber>,
    /// When it happened.
    pub at: Option<At>,
    /// What kind of event it is.
    pub kind: Kind,
    /// What the field of that name holds, to the byte.
    pub content: Json,
}

impl RawTrace {
    /// The same trace in the types of `system`; else which event does not read, by its place in the list, and why.
    pub fn typed<S: Types>(&self, system: &S) -> Result<TraceOf<S>, (usize, Problem)> {
        let read = |(place, event): (usize, &RawEvent)| {
            event.typed(system, &self.header.version).map_err(|problem| (place, problem))
        };
        let events = self.events.iter().enumerate().map(read).collect::<Result<_, _>>()?;
        Ok(Trace { header: self.header.clone(), events })
    }

    /// Writes the trace to `sink`, which messages call `name`. The content of events is written as it is.
    pub fn write<W: Write>(&self, name: &str, sink: W) -> Result<W, Error> {
        let mut writer = Writer::new(name, sink, &self.header)?;
        for event in &self.events {
            writer.raw_event(event)?;
        }
        writer.finish()
    }
}

impl RawEvent {
    /// The same event in the types of `system`, whose bodies `version` recorded.
    pub fn typed<S: Types>(&self, system: &S, version: &str) -> Result<EventOf<S>, Problem> {
        let mut deserializer = serde_json::Deserializer::from_str(self.content.get());
        let what = ContentSeed(Typed { system, version }, self.kind)
            .deserialize(&mut deserializer)
            .map_err(|error| Problem::from_json(&error).0)?;
        Ok(Event { number: self.number, cause: self.cause, at: self.at, what })
    }

    /// Its line in a file, without its number and the end of the line.
    pub fn text(&self) -> Option<String> {
        let mut encoder = Encoder { previous: self.number.get() - 1, ..Encoder::default() };
        let stamp = Stamp { number: self.number, cause: self.cause, at: self.at };
        encoder.raw(stamp, self.kind, self.content.get()).ok()?;
        encoder.line.pop();
        String::from_utf8(encoder.line).ok()
    }

    /// The same event with another text; nothing where that is no event.
    pub fn with_text(&self, text: &str) -> Option<Self> {
        let Envelope { number: None, cause, at, kind, content } = parse(&mut Scan::default(), text, Raw).ok()? else {
            return None;
        };
        Some(Self { cause, at, kind, content, ..*self })
    }
}
