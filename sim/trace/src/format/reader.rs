//! Reads a trace from its header to its last event, in one pass.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::num::NonZeroU32;

use afresh_core::{Event, EventNumber, Header, Trace, Types};
use serde::Deserialize;
use serde::de::DeserializeSeed;
use serde_json::value::RawValue;

use super::decode::{Content, Envelope, EnvelopeSeed, Raw, RawBody, Typed, Undecoded, WithRaw};
use super::error::{Error, Problem};
use super::lines::Lines;
use super::raw::{RawEvent, RawTrace};
use super::scan::Scan;
use super::strict::{Strict, from_json};
use super::together::read_together;
use super::{EventOf, Readable, TraceOf};

/// The options for reading a trace.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The maximum length of a line in bytes. A longer line is an error, and is never held in memory as a whole.
    pub line_max: usize,
    /// `true` to skip a torn last line, which a crash cut off; `false` to report it as an error.
    pub torn: bool,
    /// `true` to read a message whose body the system cannot read as [`Stimulus::Unreadable`], which is rejected when
    /// it is run, and such an output or view as [`Observation::Unreadable`]; `false` to report them as errors.
    ///
    /// [`Stimulus::Unreadable`]: afresh_core::Stimulus::Unreadable
    /// [`Observation::Unreadable`]: afresh_core::Observation::Unreadable
    pub skip_unreadable: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { line_max: 16 << 20, torn: false, skip_unreadable: false }
    }
}

/// Reads a trace. A new reader has read the header, and no events yet.
#[derive(Debug)]
pub struct Reader<R> {
    header: Header,
    /// The column of the name of the system in the header line, from 1.
    system_column: u64,
    skip_unreadable: bool,
    cursor: Cursor<R>,
}

impl<R: BufRead> Reader<R> {
    /// Starts to read a trace, and reads its header. Error messages call the source `name`.
    ///
    /// # Errors
    ///
    /// Fails if the source cannot be read, or does not begin with a valid header.
    pub fn new(name: impl Into<String>, source: R, options: Options) -> Result<Self, Error> {
        let mut lines = Lines::new(name.into(), source, options.line_max);
        let found = lines.advance().map_err(|error| match *error.problem {
            // A file that is not text from its beginning is not a trace at all, and not a trace with one bad byte.
            Problem::Utf8(_) | Problem::Torn if error.column < 10 => {
                lines.error(1, Problem::NotATrace("bytes that are not text".into()))
            }
            _ => error,
        })?;
        if !found {
            return Err(Error::file(lines.name, Problem::Empty));
        }
        let (header, system_column) = header(&lines)?;
        let Options { torn, skip_unreadable, .. } = options;
        Ok(Self { header, system_column, skip_unreadable, cursor: Cursor::new(lines, torn) })
    }

    /// The header of the trace.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The name by which error messages call the trace.
    pub fn name(&self) -> &str {
        &self.cursor.lines.name
    }

    /// Builds an error about the name of the system in the header.
    pub fn system_error(&self, problem: Problem) -> Error {
        self.cursor.lines.error(self.system_column, problem)
    }

    /// Returns a cursor after the header, from which the events are read.
    pub(super) fn into_cursor(self) -> Cursor<R> {
        self.cursor
    }

    /// Estimates the number of events that follow, as far as the source has them in memory.
    pub fn expected(&mut self) -> usize {
        self.cursor.lines.expected()
    }

    /// Reads all events on all cores, and passes each event with the number of its line to `work`.
    ///
    /// The events have the types of `system`, and `work` gets them in the order of the trace.
    ///
    /// # Errors
    ///
    /// Fails at the first event that is not valid, after `work` had all events before it.
    pub fn each<S: Readable>(self, system: &S, mut work: impl FnMut(EventOf<S>, u64)) -> Result<(), Error> {
        let version = self.header.version.clone();
        let content = Typed { system, version: &version, skip_unreadable: self.skip_unreadable };
        read_together(self, content, |number, line, Envelope { cause, at, content, .. }| {
            work(Event { number, cause, at, what: content }, line);
        })
    }

    /// Reads all events like [`each`](Self::each), and passes each event to `work` in two forms.
    ///
    /// The first form has the types of `system`. The second holds the content as JSON text, as it is in the file.
    ///
    /// # Errors
    ///
    /// Fails at the first event that is not valid, after `work` had all events before it.
    pub fn each_with_raw<S: Readable>(
        self,
        system: &S,
        mut work: impl FnMut(EventOf<S>, RawEvent),
    ) -> Result<(), Error> {
        let version = self.header.version.clone();
        let content = WithRaw(Typed { system, version: &version, skip_unreadable: self.skip_unreadable });
        read_together(self, content, |number, line, Envelope { cause, at, kind, content: (what, content), .. }| {
            work(Event { number, cause, at, what }, RawEvent { line, number, cause, at, kind, content });
        })
    }

    /// Iterates over the events in the types of `system`. After an error, the iterator ends.
    pub fn events<S: Types>(self, system: &S) -> Events<'_, S, R> {
        let Self { header, skip_unreadable, cursor, .. } = self;
        Events { system, version: header.version, skip_unreadable, cursor, ended: false }
    }

    /// Iterates over the events with their content as JSON text. After an error, the iterator ends.
    pub fn raw_events(self) -> RawEvents<R> {
        RawEvents { cursor: self.cursor, ended: false }
    }

    /// Reads the whole trace into memory, in the types of `system`.
    ///
    /// # Errors
    ///
    /// Fails at the first event that is not valid.
    pub fn trace<S: Types>(self, system: &S) -> Result<TraceOf<S>, Error> {
        let header = self.header.clone();
        let events = self.events(system).collect::<Result<_, _>>()?;
        Ok(Trace { header, events })
    }

    /// Reads the whole trace into memory, with the content of its events as JSON text.
    ///
    /// # Errors
    ///
    /// Fails at the first event that is not valid.
    pub fn raw_trace(self) -> Result<RawTrace, Error> {
        let header = self.header.clone();
        let events = self.raw_events().collect::<Result<_, _>>()?;
        Ok(RawTrace { header, events })
    }
}

/// An iterator over the events of a trace, in the types of a system. Made by [`Reader::events`].
#[derive(Debug)]
pub struct Events<'s, S, R> {
    system: &'s S,
    version: String,
    skip_unreadable: bool,
    cursor: Cursor<R>,
    ended: bool,
}

impl<S, R> Events<'_, S, R> {
    /// The number of the line that was read last, from 1.
    pub fn line(&self) -> u64 {
        self.cursor.lines.number
    }

    /// The number of the torn line that was skipped, if there was one and [`Options::torn`] allows it.
    pub fn torn(&self) -> Option<u64> {
        self.cursor.torn
    }
}

impl<S: Types, R: BufRead> Iterator for Events<'_, S, R> {
    type Item = Result<EventOf<S>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let Self { system, version, skip_unreadable, cursor, .. } = self;
        let content = Typed { system: *system, version, skip_unreadable: *skip_unreadable };
        let event = cursor.next(content).transpose();
        self.ended = !matches!(event, Some(Ok(_)));
        event.map(|event| {
            event.map(|(number, Envelope { cause, at, content, .. })| Event { number, cause, at, what: content })
        })
    }
}

/// An iterator over the events of a trace, with their content as JSON text. Made by [`Reader::raw_events`].
#[derive(Debug)]
pub struct RawEvents<R> {
    cursor: Cursor<R>,
    ended: bool,
}

impl<R> RawEvents<R> {
    /// The number of the torn line that was skipped, if there was one and [`Options::torn`] allows it.
    pub fn torn(&self) -> Option<u64> {
        self.cursor.torn
    }
}

impl<R: BufRead> RawEvents<R> {
    /// The offset in bytes at which the last whole line that was read ends. A torn line is not a whole line.
    pub fn end(&self) -> u64 {
        let lines = &self.cursor.lines;
        if self.cursor.torn.is_some() { lines.begin() } else { lines.end() }
    }
}

impl<R: BufRead> Iterator for RawEvents<R> {
    type Item = Result<RawEvent, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let event = self.cursor.next(Raw).transpose();
        self.ended = !matches!(event, Some(Ok(_)));
        let line = self.cursor.lines.number;
        event.map(|event| {
            event.map(|(number, Envelope { cause, at, kind, content, .. })| RawEvent {
                line,
                number,
                cause,
                at,
                kind,
                content,
            })
        })
    }
}

/// A position in a trace, between two events, from which the next event is read.
#[derive(Debug)]
pub(super) struct Cursor<R> {
    pub(super) lines: Lines<R>,
    /// `true` if a torn last line is skipped, `false` if it is an error.
    accept_torn: bool,
    /// The number of the event before this position, or 0 before the first event.
    pub(super) previous: u32,
    /// The number of the torn line that was skipped.
    torn: Option<u64>,
    scan: Scan,
}

/// The next event of a trace with its number, or `None` at the end of the trace.
type Next<C> = Result<Option<(EventNumber, Envelope<<C as Content>::Value>)>, Error>;

impl<R> Cursor<R> {
    /// Creates a cursor before the first event in `lines`.
    pub(super) fn new(lines: Lines<R>, accept_torn: bool) -> Self {
        Self { lines, accept_torn, previous: 0, torn: None, scan: Scan::default() }
    }

    /// Returns a cursor at the same position that reads the lines of `block` next.
    pub(super) fn within<'b>(&self, block: &'b [u8]) -> Cursor<&'b [u8]> {
        let Self { accept_torn, previous, .. } = *self;
        Cursor { previous, ..Cursor::new(self.lines.within(block), accept_torn) }
    }
}

impl<R: BufRead> Cursor<R> {
    /// Reads the next event, and determines its number. A torn last line is skipped if the options allow it.
    pub(super) fn next<C: Content>(&mut self, content: C) -> Next<C> {
        match self.read(content) {
            Err(error) if self.accept_torn && matches!(*error.problem, Problem::Torn) => {
                self.torn = Some(error.line);
                Ok(None)
            }
            other => other,
        }
    }

    /// Reads the next event, and determines its number. A torn last line is an error.
    fn read<C: Content>(&mut self, content: C) -> Next<C> {
        let Some(envelope) = self.envelope(content)? else { return Ok(None) };
        let number = number(self.previous, &envelope).map_err(|problem| {
            let field = match problem {
                Problem::Order { .. } => "n",
                Problem::Cause { .. } => "cause",
                _ => "",
            };
            self.field_error(field, problem)
        })?;
        self.previous = number.get();
        Ok(Some((number, envelope)))
    }

    /// Reads the next event without checking its number. Empty lines are skipped.
    pub(super) fn envelope<C: Content>(&mut self, content: C) -> Result<Option<Envelope<C::Value>>, Error> {
        loop {
            if !self.lines.advance()? {
                return Ok(None);
            }
            // Skip empty lines, which an editor may have left.
            if !self.lines.text().trim_ascii_start().is_empty() {
                break;
            }
        }
        let read = parse(&mut self.scan, self.lines.text(), content);
        read.map(Some).map_err(|why| match why {
            Why::Json(error) => self.lines.json_error(&error),
            Why::Body(error) => self.data_error(&error, Problem::Body),
            Why::Scan(problem, column) => self.lines.error(column, problem),
        })
    }

    /// Builds an error about a value in the current line that is not one of the system's.
    fn data_error(&self, error: &serde_json::Error, problem: fn(String) -> Problem) -> Error {
        let mut error = self.lines.json_error(error);
        if let Problem::Data(text) = *error.problem {
            error.problem = Box::new(problem(text));
        }
        error
    }

    /// Builds an error about a field of the current line, which is valid JSON.
    fn field_error(&self, field: &str, problem: Problem) -> Error {
        let text = self.lines.text();
        let fields: BTreeMap<&str, &RawValue> = serde_json::from_str(text).unwrap_or_default();
        let column = fields.get(field).map_or(1, |value| column_of(value.get(), text));
        self.lines.error(column, problem)
    }
}

/// Determines the number of an event, which is `before` plus one if the event does not state a number.
///
/// # Errors
///
/// Fails if the number is not higher than `before`, the number of the event before it, or not higher than its cause.
pub(super) fn number<C>(before: u32, envelope: &Envelope<C>) -> Result<EventNumber, Problem> {
    let next = before.checked_add(1).and_then(NonZeroU32::new);
    let number = envelope.number.or(next).ok_or(Problem::Full)?;
    if number.get() <= before {
        return Err(Problem::Order { number: number.get(), before });
    }
    match envelope.cause {
        Some(cause) if cause >= number => Err(Problem::Cause { cause: cause.get(), number: number.get() }),
        _ => Ok(number),
    }
}

/// The reason why the line of an event cannot be read.
pub(super) enum Why {
    /// The line is not valid JSON, or not a valid event.
    Json(serde_json::Error),
    /// The line is a message, an output or a view, and its body or value is not one that the system can read.
    Body(serde_json::Error),
    /// The line has a problem that serde_json does not check, at this column, counted from 1.
    Scan(Problem, u64),
}

/// Parses the line of one event, and checks it for duplicate keys and for nesting that is too deep.
pub(super) fn parse<C: Content>(scan: &mut Scan, text: &str, content: C) -> Result<Envelope<C::Value>, Why> {
    let mut check = || scan.check(text).map_err(|(problem, column)| Why::Scan(problem, column));
    let envelope = match decode(text, content) {
        Ok(envelope) => {
            check()?;
            envelope
        }
        Err(error) => {
            // If the line can be read without decoding its body, only the body is wrong.
            let Ok(line) = decode(text, RawBody) else { return Err(Why::Json(error)) };
            check()?;
            unreadable(line, content, error)?
        }
    };
    let Envelope { number, cause, at, kind, content: said } = envelope;
    let value = scan.value(text, kind.name());
    let read = content.with_text(said, value);
    let content = read.map_err(|problem| Why::Scan(problem, column_of(value, text)))?;
    Ok(Envelope { number, cause, at, kind, content })
}

/// Decodes the line of one event, without the checks that serde_json does not make.
fn decode<C: Content>(text: &str, content: C) -> serde_json::Result<Envelope<C::Said>> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let envelope = EnvelopeSeed(content).deserialize(Strict(&mut deserializer))?;
    deserializer.end()?;
    Ok(envelope)
}

/// Converts the line of an event whose body or value cannot be decoded because of `error`.
fn unreadable<C: Content>(
    Envelope { number, cause, at, kind, content: undecoded }: Envelope<Undecoded>,
    content: C,
    error: serde_json::Error,
) -> Result<Envelope<C::Said>, Why> {
    let why = Problem::of_value(&error).to_string();
    let content = content.unreadable(undecoded, why).ok_or(Why::Body(error))?;
    Ok(Envelope { number, cause, at, kind, content })
}

/// Returns the column, from 1, of a value that was borrowed from `text`.
fn column_of(value: &str, text: &str) -> u64 {
    (value.as_ptr() as usize).saturating_sub(text.as_ptr() as usize) as u64 + 1
}

/// Reads the header line. Also returns the column of the name of the system, from 1.
///
/// The format is checked before all other fields, because another format may have other fields.
fn header<R: BufRead>(lines: &Lines<R>) -> Result<(Header, u64), Error> {
    #[derive(Deserialize)]
    struct AnyLine<'a> {
        #[serde(borrow)]
        afresh: &'a RawValue,
    }
    #[derive(Deserialize)]
    struct AnyHeader {
        format: u32,
    }
    #[derive(Deserialize)]
    struct Names<'a> {
        #[serde(borrow)]
        system: &'a RawValue,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Line {
        afresh: Header,
    }
    // Skip a byte order mark, which some editors and exports put first.
    let text = lines.text();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let Ok(AnyLine { afresh }) = from_json(text.as_bytes()) else {
        return Err(lines.error(1, Problem::NotATrace(text.into())));
    };
    match from_json(afresh.get().as_bytes()) {
        Ok(AnyHeader { format: Header::FORMAT }) | Err(_) => {}
        Ok(AnyHeader { format }) => return Err(lines.error(column_of(afresh.get(), text), Problem::Format(format))),
    }
    let line: Line = from_json(text.as_bytes()).map_err(|error| lines.json_error(&error))?;
    let system = serde_json::from_str(afresh.get()).map_or(1, |Names { system }| column_of(system.get(), text));
    Ok((line.afresh, system))
}
