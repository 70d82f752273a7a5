//! Rows: the events of a trace as the rows of a table, for a journal that is kept in a database.
//!
//! ```
//! use afresh_core::{At, Event, EventNumber, Message, Stimulus, What};
//! use afresh_trace::row::Row;
//!
//! let deposit = Message::new("bank", "m-17", 500);
//! let event: Event<i64, i64, i64> = Event {
//!     number: EventNumber::MIN,
//!     cause: None,
//!     at: Some(At::Stamp(0)),
//!     what: What::Stimulus(Stimulus::In(deposit)),
//! };
//! let row = Row::of(&event)?;
//! assert_eq!((row.sender, row.id, row.revision), (Some("bank".into()), Some("m-17".into()), Some(1)));
//! assert_eq!(row.body.as_deref(), Some("500"));
//! # Ok::<(), afresh_trace::format::Problem>(())
//! ```

use std::marker::PhantomData;

use afresh_core::words::holds_no_number;
use afresh_core::{
    At, Event, EventNumber, Key, Message, Name, Observation, Sent, Settled, Slot, SlotId, Stimulus, Types, Unreadable,
    What,
};
use serde::de::DeserializeSeed;
use serde::{Deserialize, Serialize};

use serde_json::value::RawValue;

use crate::format::{
    ContentSeed, Encoder, EventOf, Fact, FactSeed, Kind, OutputId, Party, Problem, RawEvent, Scan, SettledWire, Stamp,
    Strict, Typed, WhatOf, output_id, parse_time, time,
};

/// An event as a row of a table: the names that people search for in columns of their own, and the rest as JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The number of the event.
    pub number: EventNumber,
    /// The event that produced this one, if there is one.
    pub cause: Option<EventNumber>,
    /// The time at which the event happened, if it was recorded.
    pub at: Option<At>,
    /// The kind of the event.
    pub kind: Kind,
    /// The sender of a message that came in.
    pub sender: Option<Name>,
    /// The id of a message that came in.
    pub id: Option<Name>,
    /// The revision of a message, an output or a settlement.
    pub revision: Option<u32>,
    /// The key of an output, a settlement, a view, an opening, a healing or a quarantine.
    ///
    /// [`of`](Self::of) leaves it empty for a message that came in. A host may set it to the key that the message
    /// concerns, for people who search; nothing else reads it.
    pub key: Option<Key>,
    /// The slot of an output or a settlement.
    pub slot: Option<Slot>,
    /// The receiver of an output.
    pub receiver: Option<Name>,
    /// The body of a message or an output as JSON; `None` if it was withdrawn. For all other kinds, the content of the
    /// event as a trace file holds it.
    pub body: Option<String>,
}

impl Row {
    /// Converts an event into a row.
    ///
    /// # Errors
    ///
    /// Fails if JSON cannot express a value of the event.
    pub fn of<I, O, V>(event: &Event<I, O, V>) -> Result<Self, Problem>
    where
        I: Serialize,
        O: Serialize,
        V: Serialize,
    {
        let Event { number, cause, at, what } = event;
        let mut row = Self::empty(*number, *cause, *at, Kind::of(what));
        let unwritable = |why| Problem::Unwritable { number: number.get(), why };
        match what {
            What::Stimulus(Stimulus::In(message)) => {
                row.arrived(message);
                row.body = message.body.as_ref().map(json).transpose().map_err(unwritable)?;
            }
            What::Stimulus(Stimulus::Unreadable(unreadable)) => {
                row.arrived(&unreadable.message);
                row.body = unreadable.message.body.clone();
            }
            What::Observation(Observation::Out(sent)) => {
                let Sent { key, slot, to, revision, body } = sent;
                row.concerns(key, slot, *revision);
                row.receiver = Some(to.clone());
                row.body = body.as_ref().map(json).transpose().map_err(unwritable)?;
            }
            What::Observation(Observation::Settled(settled)) => {
                let Settled { output: SlotId { key, slot }, revision } = &**settled;
                row.concerns(key, slot, *revision);
            }
            _ => {
                let mut encoder = Encoder::without_number(*number);
                encoder.event(event)?;
                let line = String::from_utf8_lossy(&encoder.line);
                let mut scan = Scan::default();
                scan.check(&line).map_err(|(problem, _)| problem)?;
                row.body = Some(scan.value(&line, row.kind.name()).to_owned());
                row.key = key_of(what).cloned();
            }
        }
        Ok(row)
    }

    /// Converts an event whose content is JSON text into a row. Bodies stay as they are, byte for byte.
    ///
    /// # Errors
    ///
    /// Fails if the content is not that of its kind. Only the parts that get columns of their own are checked.
    pub fn of_raw(event: &RawEvent) -> Result<Self, Problem> {
        let content = event.content.get();
        let mut row = Self::empty(event.number, event.cause, event.at, event.kind);
        let body = PhantomData::<Box<RawValue>>;
        let text = |body: Option<Box<RawValue>>| body.map(|body| body.get().to_owned());
        match event.kind {
            Kind::In => {
                let fact: Fact<Name, _> = read(content, |from| FactSeed::new(Party::From, body).deserialize(from))?;
                (row.sender, row.id, row.revision) = (Some(fact.party), Some(fact.id), Some(fact.revision));
                row.body = text(fact.body);
            }
            Kind::Out => {
                let fact: Fact<OutputId, _> = read(content, |from| FactSeed::new(Party::To, body).deserialize(from))?;
                row.concerns(&fact.id.key, &fact.id.slot, fact.revision);
                (row.receiver, row.body) = (Some(fact.party), text(fact.body));
            }
            Kind::Settled => {
                let settled: Settled = read(content, |from| SettledWire::deserialize(from))?.into();
                row.concerns(&settled.output.key, &settled.output.slot, settled.revision);
            }
            kind => {
                row.body = Some(content.to_owned());
                if matches!(kind, Kind::Opening | Kind::Quarantined | Kind::Healed | Kind::View) {
                    row.key = Some(read(content, |from| Keyed::deserialize(from))?.key);
                }
            }
        }
        Ok(row)
    }

    /// Returns a row without names and body.
    pub fn empty(number: EventNumber, cause: Option<EventNumber>, at: Option<At>, kind: Kind) -> Self {
        Self {
            number,
            cause,
            at,
            kind,
            sender: None,
            id: None,
            revision: None,
            key: None,
            slot: None,
            receiver: None,
            body: None,
        }
    }

    fn arrived<B>(&mut self, message: &Message<B>) {
        self.sender = Some(message.from.clone());
        self.id = Some(message.id.clone());
        self.revision = Some(message.revision);
    }

    fn concerns(&mut self, key: &Key, slot: &Slot, revision: u32) {
        self.key = Some(key.clone());
        self.slot = Some(slot.clone());
        self.revision = Some(revision);
    }

    /// The time of the event as text. Times of the same kind sort as the text does, if they are not negative offsets.
    ///
    /// A time since 1970 is RFC 3339 text with nine digits after the seconds. An offset is a number of milliseconds.
    pub fn at_text(&self) -> Option<String> {
        self.at.map(|at| match at {
            At::Stamp(nanoseconds) => match jiff::Timestamp::from_nanosecond(nanoseconds.into()) {
                Ok(stamp) => format!("{stamp:.9}"),
                // This never happens: 64 bits of nanoseconds are within the years that jiff supports.
                Err(_) => String::new(),
            },
            At::Offset(_) => time(at),
        })
    }

    /// Reads the time of an event from the text that [`at_text`](Self::at_text) returns, or other RFC 3339 text.
    ///
    /// # Errors
    ///
    /// Returns a text that says what is wrong, and what was expected.
    pub fn parse_at(text: &str) -> Result<At, String> {
        // A time of day has colons, and a number has none.
        match text.contains(':') {
            true => parse_time(&format!("\"{text}\"")),
            false => parse_time(text),
        }
    }

    /// Reads a time that people ask for, as [`parse_at`](Self::parse_at) does.
    ///
    /// A number is a simulated time in milliseconds, before every time since 1970, so seconds since 1970 would select
    /// nothing or everything.
    ///
    /// # Errors
    ///
    /// Also fails for numbers that are probably seconds or milliseconds since 1970.
    pub fn parse_asked(text: &str) -> Result<At, String> {
        /// About eleven days of simulated time, or the year 2001 in seconds.
        const SIMULATED_MAX: i64 = 1_000_000_000 * 1_000_000;
        let read = Self::parse_at(text).and_then(|at| match at {
            At::Offset(SIMULATED_MAX..) => {
                Err("a number is simulated time in milliseconds, and this is probably one since 1970".to_owned())
            }
            at => Ok(at),
        });
        read.map_err(|why| format!("{why}; expected a time such as 2026-03-14T09:26:53Z"))
    }

    /// Converts the row into an event with the types of a system. A message whose body the system cannot read becomes
    /// [`Stimulus::Unreadable`]. `version` is the version of the system that recorded the bodies.
    ///
    /// # Errors
    ///
    /// Fails if a column that the kind needs is empty, or the content is not valid for the system.
    pub fn event<S: Types>(&self, system: &S, version: &str) -> Result<EventOf<S>, Problem> {
        Ok(Event { number: self.number, cause: self.cause, at: self.at, what: self.what(system, version)? })
    }

    fn what<S: Types>(&self, system: &S, version: &str) -> Result<WhatOf<S>, Problem> {
        let typed = Typed { system, version, skip_unreadable: true };
        Ok(match self.kind {
            Kind::In => {
                let (from, id) = (self.name("sender", &self.sender)?, self.name("id", &self.id)?);
                let revision = self.revision()?;
                let body = self.body.as_deref().map(|text| read(text, |from| typed.deserialize(from)));
                What::Stimulus(match body.transpose() {
                    Ok(body) => Stimulus::In(Message { from, id, revision, body }),
                    Err(why) => {
                        let message = Message { from, id, revision, body: self.body.clone() };
                        Stimulus::Unreadable(Box::new(Unreadable { message, why: why.to_string() }))
                    }
                })
            }
            Kind::Out => {
                let SlotId { key, slot } = self.slot()?;
                let (to, revision) = (self.name("receiver", &self.receiver)?, self.revision()?);
                let body = self.body.as_deref().map(|text| read(text, |from| Deserialize::deserialize(from)));
                What::Observation(Observation::Out(Sent { key, slot, to, revision, body: body.transpose()? }))
            }
            Kind::Settled => {
                let settled = Settled { output: self.slot()?, revision: self.revision()? };
                What::Observation(Observation::Settled(Box::new(settled)))
            }
            kind => read(self.content()?, |from| ContentSeed(typed, kind).deserialize(from))?,
        })
    }

    /// Appends the event to `lines` as a line of a trace file, with its number and its line end.
    ///
    /// # Errors
    ///
    /// Fails if a column that the kind needs is empty.
    pub fn line(&self, lines: &mut Vec<u8>) -> Result<(), Problem> {
        let mut content = Vec::new();
        match self.kind {
            Kind::In => {
                put(&mut content, "{\"id\":", &self.name("id", &self.id)?);
                put(&mut content, ",\"from\":", &self.name("sender", &self.sender)?);
                self.end(&mut content)?;
            }
            Kind::Out => {
                let SlotId { key, slot } = self.slot()?;
                put(&mut content, "{\"id\":", &output_id(&key, &slot));
                put(&mut content, ",\"to\":", &self.name("receiver", &self.receiver)?);
                self.end(&mut content)?;
            }
            Kind::Settled => {
                let SlotId { key, slot } = self.slot()?;
                put(&mut content, "{\"id\":", &output_id(&key, &slot));
                if self.revision()? > 1 {
                    put(&mut content, ",\"revision\":", &self.revision);
                }
                content.push(b'}');
            }
            _ => content.extend_from_slice(self.content()?.as_bytes()),
        }
        let mut encoder = Encoder { previous: self.number.get() - 1, ..Encoder::default() };
        let content = String::from_utf8_lossy(&content);
        encoder.raw(Stamp { number: self.number, cause: self.cause, at: self.at }, self.kind, &content)?;
        lines.extend_from_slice(&encoder.line);
        Ok(())
    }

    /// Appends the last fields of a message or an output.
    fn end(&self, content: &mut Vec<u8>) -> Result<(), Problem> {
        if self.revision()? > 1 {
            put(content, ",\"revision\":", &self.revision);
        }
        match &self.body {
            Some(body) => {
                content.extend_from_slice(b",\"body\":");
                content.extend_from_slice(body.as_bytes());
            }
            None => content.extend_from_slice(b",\"withdrawn\":true"),
        }
        content.push(b'}');
        Ok(())
    }

    fn name(&self, column: &str, name: &Option<Name>) -> Result<Name, Problem> {
        name.clone().ok_or_else(|| self.lacks(column))
    }

    fn revision(&self) -> Result<u32, Problem> {
        self.revision.filter(|revision| *revision > 0).ok_or_else(|| self.lacks("revision"))
    }

    fn slot(&self) -> Result<SlotId, Problem> {
        Ok(SlotId { key: self.name("key", &self.key)?, slot: self.name("slot", &self.slot)? })
    }

    fn content(&self) -> Result<&str, Problem> {
        self.body.as_deref().ok_or_else(|| self.lacks("body"))
    }

    fn lacks(&self, column: &str) -> Problem {
        Problem::Data(format!("event {} is of kind `{}` and has no `{column}`", self.number, self.kind))
    }
}

/// The key that an event of a rarer kind is about.
fn key_of<I, O, V>(what: &What<I, O, V>) -> Option<&Key> {
    match what {
        What::Stimulus(Stimulus::Opening(opening)) => Some(&opening.key),
        What::Observation(Observation::Quarantined(quarantined)) => Some(&quarantined.key),
        What::Observation(Observation::Healed(healed)) => Some(&healed.key),
        What::Observation(Observation::View(viewed)) => Some(&viewed.key),
        _ => None,
    }
}

/// The part of an event that names its key.
#[derive(Deserialize)]
struct Keyed {
    key: Key,
}

/// Reads a value from the text of a column, with all checks of a trace file.
fn read<'t, T>(
    text: &'t str,
    read: impl FnOnce(Strict<&mut serde_json::Deserializer<serde_json::de::StrRead<'t>>>) -> serde_json::Result<T>,
) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = read(Strict(&mut deserializer)).and_then(|value| deserializer.end().map(|()| value));
    let value = value.map_err(|error| Problem::from_json(&error).0)?;
    Scan::default().check(text).map_err(|(problem, _)| problem)?;
    Ok(value)
}

/// Writes a value as JSON. Fails if it contains NaN or an infinity.
fn json(value: &impl Serialize) -> Result<String, String> {
    let text = serde_json::to_string(value).map_err(|error| error.to_string())?;
    if text.contains("null") && holds_no_number(value) {
        return Err("it contains NaN or an infinity, which JSON does not have".into());
    }
    Ok(text)
}

/// Appends a text, and then a value as JSON.
fn put(content: &mut Vec<u8>, text: &str, value: &impl Serialize) {
    content.extend_from_slice(text.as_bytes());
    // This cannot fail: the value is text or a number, and it is written to memory.
    let _ = serde_json::to_writer(content, value);
}
