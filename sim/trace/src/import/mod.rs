//! Turns rows that were exported from a message table into a trace.
//!
//! The rows are JSON Lines, CSV, or text as a database writes it. A [`Mapping`] says which column becomes which field
//! of an event, and [`import()`] writes the events.
//!
//! Export the rows in the order in which the messages arrived. The events keep that order, because no column can
//! replace it. Only one row at a time is in memory, and hashes of the messages before it. The JSON text of a body is
//! copied, so that no digit of a number is lost.

mod absent;
mod cells;
mod facts;
mod form;
mod mapping;
mod rows;
mod table;
mod time;
mod value;

use std::io::{BufRead, Write};

use afresh_core::{At, Event, EventNumber, Message, Observation, Sent, Stimulus, Viewed, What};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::format::{Error, Problem, Writer, split_output_id};

pub use absent::Absent;
use absent::Unseen;
use facts::Later;
pub use facts::{Fact, Facts, Named, Refusal, Tally, Uncounted};
pub use form::{Form, RowFormat, Shape};
pub use mapping::{Assignment, Expression, Field, Mapping, RowKind};
use rows::Rows;
pub use time::Unit;
use value::Value;

/// The result of an import: what became of the rows, and which messages will not count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The number of rows that became messages in.
    #[serde(rename = "in")]
    pub messages_in: u64,
    /// The number of rows that became messages out.
    pub out: u64,
    /// The number of rows that became views.
    pub views: u64,
    /// The number of rows that were ignored because of their kind.
    pub ignored: u64,
    /// The number of rows that were skipped because they cannot be events.
    pub skipped: u64,
    /// The number of rows with an earlier time than the row before them.
    ///
    /// If it is high, the export is perhaps not in the order of arrival.
    pub backwards: u64,
    /// `true` if the last row has no line end, and so may be torn.
    pub torn: bool,
    /// `true` if the rows were taken for JSON Lines, and are perhaps JSON in the text format of a database, which
    /// doubles each backslash: some are in pairs, and none is single.
    pub doubled: bool,
    /// The form in which the rows were read.
    pub read_as: Option<Form>,
    /// The messages in that will not count.
    #[serde(flatten)]
    pub uncounted: Uncounted,
    /// The fields that a row may have, and that are mapped to a column that no row has.
    pub absent: Vec<Absent>,
}

/// Imports the rows of `source`, and writes them to `writer` as events. Error messages call the source `name`.
///
/// `admit` asks the system whether it takes the body of a message in. It also returns the body as the system writes it,
/// if it does, with which other bodies are compared.
///
/// If a row cannot become an event, `bad` is called with the error. It returns `Ok(())` to skip the row, or an error to
/// end the import.
///
/// # Errors
///
/// Fails if the source cannot be read, the mapping does not fit it, or an event cannot be written. Also fails with any
/// error that `bad` returns.
pub fn import<R: BufRead, W: Write>(
    name: &str,
    source: R,
    shape: Shape,
    mapping: &Mapping,
    writer: &mut Writer<W>,
    mut admit: impl FnMut(&str) -> Result<Option<serde_json::Value>, Refusal>,
    mut bad: impl FnMut(Error) -> Result<(), Error>,
) -> Result<Summary, Error> {
    let mut rows = Rows::new(name, source, shape, mapping)?;
    let mut summary = Summary { read_as: Some(rows.form()), ..Summary::default() };
    let (mut facts, mut later_in, mut later_out) = (Facts::default(), Later::default(), Later::default());
    let (mut number, mut latest) = (EventNumber::MIN, None);
    let mut unseen = Unseen::new(mapping);
    loop {
        let row = match rows.advance()? {
            Ok(false) => {
                summary.uncounted = facts.into_uncounted();
                summary.absent = unseen.absent(name)?;
                summary.doubled = rows.are_doubled();
                return Ok(summary);
            }
            Ok(true) => Row { rows: &rows, mapping }.what(),
            Err(error) => Err(error),
        };
        summary.torn = rows.is_last_without_end();
        let (at, mut what) = match row {
            Ok(Some(event)) => event,
            Ok(None) => {
                summary.ignored += 1;
                continue;
            }
            Err(error) if matches!(*error.problem, Problem::Mapping(_)) => return Err(error),
            Err(error) => {
                bad(error)?;
                summary.skipped += 1;
                continue;
            }
        };
        unseen.look_at(&rows, matches!(what, What::Observation(Observation::View(_))));
        match &mut what {
            What::Stimulus(Stimulus::In(message)) => {
                if mapping.later_replaces {
                    message.revision = later_in.next(&message.from, &message.id);
                }
                let body = message.body.as_deref().map(RawValue::get);
                let fact = Fact { from: &message.from, id: &message.id, revision: message.revision, body };
                facts.file(fact, number, rows.line(), &mut admit);
                summary.messages_in += 1;
            }
            What::Observation(Observation::Out(sent)) => {
                if mapping.later_replaces {
                    sent.revision = later_out.next(&sent.key, &sent.slot);
                }
                summary.out += 1;
            }
            _ => summary.views += 1,
        }
        summary.backwards += u64::from(at.is_some() && at < latest);
        latest = at.or(latest);
        writer.event(&Event { number, cause: None, at, what })?;
        number = number.checked_add(1).ok_or_else(|| rows.error(Problem::Full))?;
    }
}

type Json = Box<RawValue>;

/// The content of an event that a row describes, and its time.
type Happened = (Option<At>, What<Json, Json, Json>);

/// The current row of an export, together with the mapping of its columns.
struct Row<'r, R> {
    rows: &'r Rows<R>,
    mapping: &'r Mapping,
}

impl<'r, R: BufRead> Row<'r, R> {
    /// Reads the event that the row describes, and its time. Returns `None` if the row is of a kind to ignore.
    fn what(&self) -> Result<Option<Happened>, Error> {
        let kind = match self.find(Field::Kind)? {
            None if self.mapping.fields.contains_key(&Field::Kind) => return Err(self.nothing(Field::Kind)),
            None => RowKind::In,
            Some(value) => {
                let kind = value.text().and_then(|text| self.mapping.kind(&text));
                let column = self.rows.column_of(&value);
                kind.map_err(|problem| Error { column, ..self.error(Field::Kind, problem) })?
            }
        };
        let what = match kind {
            RowKind::Ignored => return Ok(None),
            RowKind::In => What::Stimulus(Stimulus::In(Message {
                from: self.need(Field::From, Value::name)?,
                id: self.need(Field::Id, Value::name)?,
                revision: self.get(Field::Revision, Value::revision)?.unwrap_or(1),
                body: self.body()?,
            })),
            RowKind::Out => {
                let (key, slot) = if self.mapping.fields.contains_key(&Field::Slot) {
                    (self.need(Field::Key, Value::name)?, self.need(Field::Slot, Value::name)?)
                } else {
                    self.need(Field::Id, |value| value.text().map(|id| split_output_id(&id)))?
                };
                let to = self.need(Field::To, Value::name)?;
                let revision = self.get(Field::Revision, Value::revision)?.unwrap_or(1);
                What::Observation(Observation::Out(Sent { key, slot, to, revision, body: self.body()? }))
            }
            RowKind::View => {
                let key = self.need(Field::Key, Value::name)?;
                let field = if self.mapping.fields.contains_key(&Field::Value) { Field::Value } else { Field::Body };
                let value = self.need(field, Value::body)?;
                What::Observation(Observation::View(Box::new(Viewed { key, value })))
            }
        };
        Ok(Some((self.get(Field::At, |value| value.at(self.mapping.unit))?, what)))
    }

    /// Reads the body of the message, or `None` if the row says that the message is withdrawn.
    fn body(&self) -> Result<Option<Json>, Error> {
        match self.get(Field::Withdrawn, |value| value.withdrawn(self.mapping.unit))? {
            Some(true) => Ok(None),
            _ => self.need(Field::Body, Value::body).map(Some),
        }
    }

    /// Reads a field that the row must have. A field that is not mapped, or has no value, is an error.
    fn need<T>(&self, field: Field, read: impl FnOnce(&Value<'r>) -> Result<T, String>) -> Result<T, Error> {
        if !self.mapping.fields.contains_key(&field) {
            let name = field.name();
            let problem =
                format!("this row needs the field `{name}`, which is not mapped: expected `--map {name}=EXPR`");
            return Err(self.rows.error(Problem::Mapping(problem)));
        }
        self.get(field, read)?.ok_or_else(|| self.nothing(field))
    }

    /// Reads a field that the row may have, or returns `None` if it is not mapped or has no value.
    fn get<T>(&self, field: Field, read: impl FnOnce(&Value<'r>) -> Result<T, String>) -> Result<Option<T>, Error> {
        let Some(value) = self.find(field)? else { return Ok(None) };
        match read(&value) {
            Ok(read) => Ok(Some(read)),
            Err(problem) => Err(Error { column: self.rows.column_of(&value), ..self.error(field, problem) }),
        }
    }

    /// Finds the value of a field in the row, without reading it yet.
    fn find(&self, field: Field) -> Result<Option<Value<'r>>, Error> {
        match self.mapping.fields.get(&field) {
            Some(expression) => self.rows.find(expression).map_err(|problem| self.error(field, problem)),
            None => Ok(None),
        }
    }

    /// The error for a field that has no value.
    fn nothing(&self, field: Field) -> Error {
        self.error(field, "expected a value, found none".into())
    }

    /// Builds an error about a field, which names the column that the field comes from.
    fn error(&self, field: Field, problem: String) -> Error {
        let place = match self.mapping.fields.get(&field).and_then(Expression::path) {
            Some(path) => format!("column `{}`, field `{}`: ", path.join("."), field.name()),
            None => format!("field `{}`: ", field.name()),
        };
        self.rows.error(Problem::Row(place + &problem))
    }
}
