//! Reads a trace in one pass.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::num::NonZeroU32;

use afresh_core::{Event, EventNumber, Header, Trace, Types};
use serde::Deserialize;
use serde::de::DeserializeSeed;
use serde_json::value::RawValue;

use super::decode::{Content, Envelope, EnvelopeSeed, Raw, Typed, WithRaw};
use super::error::{Error, Problem};
use super::lines::Lines;
use super::raw::{RawEvent, RawTrace};
use super::scan::Scan;
use super::together::read_together;
use super::{EventOf, Readable, TraceOf};

/// How strictly a trace is read.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The longest line, in bytes; more of a line is never held in memory.
    pub line_max: usize,
    /// Whether a last line that was cut off is left out; else it is an error.
    pub torn: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { line_max: 16 << 20, torn: false }
    }
}

/// A trace whose header is read, and whose events are not yet.
#[derive(Debug)]
pub struct Reader<R> {
    header: Header,
    /// The column of the header line at which the name of the system is.
    system_column: u64,
    cursor: Cursor<R>,
}

impl<R: BufRead> Reader<R> {
    /// Reads the header of the trace in `source`. `name` is what messages call it.
    pub fn new(name: impl Into<String>, source: R, options: Options) -> Result<Self, Error> {
        let mut lines = Lines::new(name.into(), source, options.line_max);
        let found = lines.advance().map_err(|error| match *error.problem {
            // Bytes that are not text from the first on are no trace at all, rather than a trace with a bad byte.
            Problem::Utf8(_) | Problem::Torn if error.column < 10 => {
                lines.error(1, Problem::NotATrace("bytes that are not text".into()))
            }
            _ => error,
        })?;
        if !found {
            return Err(Error::file(lines.name, Problem::Empty));
        }
        let (header, system_column) = header(&lines)?;
        Ok(Self { header, system_column, cursor: Cursor::new(lines, options.torn) })
    }

    /// What the trace says of itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The name of the file.
    pub fn name(&self) -> &str {
        &self.cursor.lines.name
    }

    /// A problem with the system that the header names.
    pub fn system_error(&self, problem: Problem) -> Error {
        self.cursor.lines.error(self.system_column, problem)
    }

    /// The place after the header.
    pub(super) fn into_cursor(self) -> Cursor<R> {
        self.cursor
    }

    /// About how many events there are, of those that are in memory already.
    pub fn expected(&mut self) -> usize {
        self.cursor.lines.expected()
    }

    /// Hands every event, in the types of `system`, and its line to `work`, in order; they are read on all cores.
    ///
    /// # Errors
    ///
    /// Gives what is wrong first, once `work` has had every event before it.
    pub fn each<S: Readable>(self, system: &S, mut work: impl FnMut(EventOf<S>, u64)) -> Result<(), Error> {
        let version = self.header.version.clone();
        let content = Typed { system, version: &version };
        read_together(self, content, |number, line, Envelope { cause, at, content, .. }| {
            work(Event { number, cause, at, what: content }, line);
        })
    }

    /// The same, each event also with its content as it is in the file.
    pub fn each_with_raw<S: Readable>(
        self,
        system: &S,
        mut work: impl FnMut(EventOf<S>, RawEvent),
    ) -> Result<(), Error> {
        let version = self.header.version.clone();
        let content = WithRaw(Typed { system, version: &version });
        read_together(self, content, |number, line, Envelope { cause, at, kind, content: (what, content), .. }| {
            work(Event { number, cause, at, what }, RawEvent { line, number, cause, at, kind, content });
        })
    }

    /// The events, in the types of `system`, one at a time. An error is the last item.
    pub fn events<S: Types>(self, system: &S) -> Events<'_, S, R> {
        Events { system, version: self.header.version, cursor: self.cursor, ended: false }
    }

    /// The events with their content as it is in the file, one at a time. An error is the last item.
    pub fn raw_events(self) -> RawEvents<R> {
        RawEvents { cursor: self.cursor, ended: false }
    }

    /// The whole trace, in the types of `system`.
    pub fn trace<S: Types>(self, system: &S) -> Result<TraceOf<S>, Error> {
        let header = self.header.clone();
        let events = self.events(system).collect::<Result<_, _>>()?;
        Ok(Trace { header, events })
    }

    /// The whole trace, with the content of its events as it is in the file.
    pub fn raw_trace(self) -> Result<RawTrace, Error> {
        let header = self.header.clone();
        let events = self.raw_events().collect::<Result<_, _>>()?;
        Ok(RawTrace { header, events })
    }
}

/// The events of a trace, in the types of a system.
#[derive(Debug)]
pub struct Events<'s, S, R> {
    system: &'s S,
    version: String,
    cursor: Cursor<R>,
    ended: bool,
}

impl<S, R> Events<'_, S, R> {
    /// The line of the event that was read last, from 1.
    pub fn line(&self) -> u64 {
        self.cursor.lines.number
    }

    /// The line that was cut off and left out, where [`Options::torn`] allowed that.
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
        let content = Typed { system: self.system, version: &self.version };
        let event = self.cursor.next(content).transpose();
        self.ended = !matches!(event, Some(Ok(_)));
        event.map(|event| {
            event.map(|(number, Envelope { cause, at, content, .. })| Event { number, cause, at, what: content })
        })
    }
}

/// The events of a trace, with their content as it is in the file.
#[derive(Debug)]
pub struct RawEvents<R> {
    cursor: Cursor<R>,
    ended: bool,
}

impl<R> RawEvents<R> {
    /// The line that was cut off and left out, where [`Options::torn`] allowed that.
    pub fn torn(&self) -> Option<u64> {
        self.cursor.torn
    }
}

impl<R: BufRead> RawEvents<R> {
    /// The number of bytes up to the end of the last whole line that was read.
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

/// A place in a trace, and what is known of the events before it.
#[derive(Debug)]
pub(super) struct Cursor<R> {
    pub(super) lines: Lines<R>,
    accept_torn: bool,
    /// The number of the event before; zero before the first.
    pub(super) previous: u32,
    torn: Option<u64>,
    scan: Scan,
}

/// The next event and its number, or the end.
type Next<C> = Result<Option<(EventNumber, Envelope<<C as Content>::Value>)>, Error>;

impl<R> Cursor<R> {
    /// A place before the first event of these lines.
    pub(super) fn new(lines: Lines<R>, accept_torn: bool) -> Self {
        Self { lines, accept_torn, previous: 0, torn: None, scan: Scan::default() }
    }

    /// The same place, where the lines that come next are those of `block`.
    pub(super) fn within<'b>(&self, block: &'b [u8]) -> Cursor<&'b [u8]> {
        let Self { accept_torn, previous, .. } = *self;
        Cursor { previous, ..Cursor::new(self.lines.within(block), accept_torn) }
    }
}

impl<R: BufRead> Cursor<R> {
    /// Reads the next event; its number is that of the event before plus one, where it says none.
    pub(super) fn next<C: Content>(&mut self, content: C) -> Next<C> {
        match self.read(content) {
            Err(error) if self.accept_torn && matches!(*error.problem, Problem::Torn) => {
                self.torn = Some(error.line);
                Ok(None)
            }
            other => other,
        }
    }

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

    /// Reads the next event, whatever its number.
    pub(super) fn envelope<C: Content>(&mut self, content: C) -> Result<Option<Envelope<C::Value>>, Error> {
        loop {
            if !self.lines.advance()? {
                return Ok(None);
            }
            // An editor may leave an empty line; it says nothing.
            if !self.lines.text().trim_ascii_start().is_empty() {
                break;
            }
        }
        let read = parse(&mut self.scan, self.lines.text(), content);
        read.map(Some).map_err(|why| match why {
            Why::Json(error) => self.lines.json_error(&error),
            Why::Scan(problem, column) => self.lines.error(column, problem),
        })
    }

    /// A problem with the value of a field of the line, which is valid JSON.
    fn field_error(&self, field: &str, problem: Problem) -> Error {
        let text = self.lines.text();
        let fields: BTreeMap<&str, &RawValue> = serde_json::from_str(text).unwrap_or_default();
        let column = fields.get(field).map_or(1, |value| column_of(value, text));
        self.lines.error(column, problem)
    }
}

/// The number of an event after one with the number `before`: higher than that, and than that of its cause.
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

/// Why the text of an event does not read.
pub(super) enum Why {
    /// It is no JSON, or says what an event does not say.
    Json(serde_json::Error),
    /// This, at a column.
    Scan(Problem, u64),
}

/// Reads the text of one event.
pub(super) fn parse<C: Content>(scan: &mut Scan, text: &str, content: C) -> Result<Envelope<C::Value>, Why> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let envelope = EnvelopeSeed(content).deserialize(&mut deserializer).map_err(Why::Json)?;
    deserializer.end().map_err(Why::Json)?;
    scan.check(text).map_err(|(problem, column)| Why::Scan(problem, column))?;
    let Envelope { number, cause, at, kind, content: said } = envelope;
    let content = content.with_text(said, scan.value(text, kind.name()));
    Ok(Envelope { number, cause, at, kind, content })
}

/// The column, from 1, of a value that was borrowed from `text`.
fn column_of(value: &RawValue, text: &str) -> u64 {
    (value.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize) as u64 + 1
}

/// Reads the header line: first what makes the file a trace, then its version, and only then the rest, which another
/// version may say in another way. Also gives the column of the name of the system.
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
    // What some editors and exports put first is no part of the text.
    let text = lines.text();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let Ok(AnyLine { afresh }) = serde_json::from_str(text) else {
        return Err(lines.error(1, Problem::NotATrace(text.into())));
    };
    match serde_json::from_str(afresh.get()) {
        Ok(AnyHeader { format: Header::FORMAT }) | Err(_) => {}
        Ok(AnyHeader { format }) => return Err(lines.error(column_of(afresh, text), Problem::Format(format))),
    }
    let line: Line = serde_json::from_str(text).map_err(|error| lines.json_error(&error))?;
    let system = serde_json::from_str(afresh.get()).map_or(1, |Names { system }| column_of(system, text));
    Ok((line.afresh, system))
}
