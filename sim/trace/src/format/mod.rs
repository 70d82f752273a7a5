//! Reads and writes trace files: JSON Lines, with a header and then one event per line.
//!
//! ```
//! use afresh_trace::format::{Options, Reader, TraceOf, Writer};
//! # use afresh_core::{Flows, Input, Key, Slot, System};
//! # #[derive(Clone)]
//! # struct Counter;
//! # impl System for Counter {
//! #     type In = u64;
//! #     type Out = u64;
//! #     type State = u64;
//! #     type View = u64;
//! #     fn keys(&self, _: &u64) -> impl IntoIterator<Item = Key> { ["all".into()] }
//! #     fn apply(&self, _: &Key, state: &mut u64, input: Input<'_, u64>, _: &Flows) { *state += input.body }
//! #     fn view(&self, _: &Key, state: &u64) -> u64 { *state }
//! #     fn outputs(&self, _: &Key, _: &u64, _: &Flows) -> std::collections::BTreeMap<Slot, u64> { Default::default() }
//! # }
//! let file = br#"{"afresh":{"format":1,"system":"counter","complete":true}}
//! {"n":1,"at":"2026-03-14T09:26:53Z","in":{"id":"m-1","from":"turnstile","body":3}}
//! {"n":2,"cause":1,"view":{"key":"all","value":3}}
//! "#;
//! let reader = Reader::new("night.jsonl", &file[..], Options::default())?;
//! assert_eq!(reader.header().system, "counter");
//! let trace: TraceOf<Counter> = reader.trace(&Counter)?;
//!
//! let mut writer = Writer::new("copy.jsonl", Vec::new(), &trace.header)?;
//! for event in &trace.events {
//!     writer.event(event)?;
//! }
//! assert_eq!(writer.finish()?, file);
//! # Ok::<(), afresh_trace::format::Error>(())
//! ```
//!
//! Reading is strict: every value is read exactly, or the reader returns an error with the place in the file. Writing
//! is canonical: equal events give equal bytes.

mod ahead;
mod at;
mod compact;
mod copied;
pub(crate) mod decimal;
mod decode;
mod error;
mod fact;
pub mod files;
mod json;
mod kind;
mod lines;
mod output_id;
mod raw;
mod reader;
mod scan;
mod strict;
mod together;
mod writer;

use afresh_core::{At, Event, Message, Stimulus, Trace, Types, What};
use serde::Serialize;

pub(crate) use at::{parse as parse_time, stamp_of};
pub(crate) use compact::compact;
pub(crate) use decode::{ContentSeed, Typed};
pub(crate) use fact::{Fact, FactSeed, FactWire, Party, SettledWire, SettlementWire};
pub(crate) use lines::Lines;
pub(crate) use output_id::OutputId;
pub use output_id::{join as output_id, split as split_output_id};
pub(crate) use scan::Scan;
pub(crate) use strict::Strict;
pub(crate) use writer::{Encoder, Stamp};

pub use ahead::read_ahead;
pub use copied::Copied;
pub use error::{DEPTH_MAX, Error, Problem};
pub use json::Json;
pub use kind::Kind;
pub use raw::{RawEvent, RawTrace};
pub use reader::{Events, Options, RawEvents, Reader};
pub use strict::from_json;
pub use writer::Writer;

/// Formats the time of an event as the JSON value that a trace holds.
pub fn time(at: At) -> String {
    let mut text = Vec::new();
    at::write(at, &mut text);
    String::from_utf8(text).expect("the JSON of a time is ASCII")
}

/// Formats an event as a line of a trace, without its number and its line end.
///
/// If the event cannot be written, the result is the text of the error instead.
pub fn line_of<I: Serialize, O: Serialize, V: Serialize>(event: &Event<I, O, V>) -> String {
    let mut encoder = Encoder::without_number(event.number);
    match encoder.event(event) {
        Ok(()) => String::from_utf8_lossy(&encoder.line).trim_end().to_owned(),
        Err(problem) => problem.to_string(),
    }
}

/// Iterates over the messages that came in, in a list of events. All other events are skipped.
pub fn messages<'e, S>(events: impl IntoIterator<Item = &'e EventOf<S>>) -> impl Iterator<Item = &'e Message<S::In>>
where
    S: Types<In: 'e, Out: 'e, View: 'e>,
{
    events.into_iter().filter_map(|event| match &event.what {
        What::Stimulus(Stimulus::In(message)) => Some(message),
        _ => None,
    })
}

/// Reads a message from JSON: the value of the field `in` in the line of an event.
///
/// A message whose body the system cannot read is returned as [`Stimulus::Unreadable`], which an engine rejects.
///
/// # Errors
///
/// Fails if the text is not the JSON of a message. Returns the problem, and the column in the text, from 1.
pub fn message<S: Types>(system: &S, json: &str) -> Result<Stimulus<S::In, S::View>, (Problem, u64)> {
    const BEFORE: &str = "{\"in\":";
    let column = |column: u64| column.saturating_sub(BEFORE.len() as u64).max(1);
    let line = format!("{BEFORE}{json}}}");
    let content = Typed { system, version: "", skip_unreadable: true };
    match reader::parse(&mut Scan::default(), &line, content) {
        Ok(decode::Envelope { number: None, cause: None, at: None, content: What::Stimulus(stimulus), .. }) => {
            Ok(on_one_line(stimulus))
        }
        Ok(_) => Err((Problem::Data("a message is an object with `id`, `from` and `body`".into()), 1)),
        Err(reader::Why::Json(error) | reader::Why::Body(error)) => {
            let (problem, at) = Problem::from_json(&error);
            Err((problem, column(at)))
        }
        Err(reader::Why::Scan(problem, at)) => Err((problem, column(at))),
    }
}

/// Removes the line ends between the values of a body that is kept as text, because an event is a single line.
fn on_one_line<I, V>(mut stimulus: Stimulus<I, V>) -> Stimulus<I, V> {
    if let Stimulus::Unreadable(unreadable) = &mut stimulus
        && let Some(body) = unreadable.message.body.as_mut().filter(|body| body.contains(['\n', '\r']))
    {
        *body = compact(body);
    }
    stimulus
}

pub use afresh_core::EventOf;

/// The stimulus or the observation of an event, with the types of a system.
pub type WhatOf<T> = What<<T as Types>::In, <T as Types>::Out, <T as Types>::View>;

/// A trace, with the types of a system.
pub type TraceOf<T> = Trace<<T as Types>::In, <T as Types>::Out, <T as Types>::View>;

/// A system whose events can be read on several threads. Every system whose types are plain values is one.
pub trait Readable: Types<In: Send + Sync, Out: Send + Sync, View: Send + Sync> + Sync {}

impl<T: Types<In: Send + Sync, Out: Send + Sync, View: Send + Sync> + Sync> Readable for T {}
