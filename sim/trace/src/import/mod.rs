//! Turns the rows of a message table, as exported, into a trace.
//!
//! Rows are JSON Lines or CSV, and become events in the order in which they come: that order is the order of arrival,
//! which nothing in a row can tell. One row is in memory at a time. Bodies stay the JSON text that they are.

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

pub use mapping::{Assignment, Expression, Field, Mapping, RowKind};
use rows::Rows;
pub use rows::{RowFormat, Shape};
use value::Value;

/// How many rows became what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Rows that became messages in.
    #[serde(rename = "in")]
    pub messages_in: u64,
    /// Rows that became messages out.
    pub out: u64,
    /// Rows that became views.
    pub views: u64,
    /// Rows of a kind that was to be ignored.
    pub ignored: u64,
    /// Rows that were bad, and skipped.
    pub skipped: u64,
    /// Rows whose time is before that of the row before: perhaps the export is not in the order of arrival.
    pub backwards: u64,
}

/// Writes the rows of `source`, which messages call `name`, to `writer`.
///
/// A row that cannot be an event is given to `bad`, which says whether to go on without it.
pub fn import<R: BufRead, W: Write>(
    name: &str,
    source: R,
    shape: Shape,
    mapping: &Mapping,
    writer: &mut Writer<W>,
    mut bad: impl FnMut(Error) -> Result<(), Error>,
) -> Result<Summary, Error> {
    let mut rows = Rows::new(name, source, shape)?;
    rows.check(mapping)?;
    let mut summary = Summary::default();
    let (mut number, mut latest) = (EventNumber::MIN, None);
    loop {
        let row = match rows.advance()? {
            Ok(false) => return Ok(summary),
            Ok(true) => Row { rows: &rows, mapping }.what(),
            Err(error) => Err(error),
        };
        let (at, what) = match row {
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
        match &what {
            What::Stimulus(_) => summary.messages_in += 1,
            What::Observation(Observation::Out(_)) => summary.out += 1,
            What::Observation(_) => summary.views += 1,
        }
        summary.backwards += u64::from(at.is_some() && at < latest);
        latest = at.or(latest);
        writer.event(&Event { number, cause: None, at, what })?;
        number = number.checked_add(1).ok_or_else(|| rows.error(Problem::Full))?;
    }
}

type Json = Box<RawValue>;

/// What a row says happened, and when.
type Happened = (Option<At>, What<Json, Json, Json>);

/// A row, and what its columns mean.
struct Row<'r, R> {
    rows: &'r Rows<R>,
    mapping: &'r Mapping,
}

impl<'r, R: BufRead> Row<'r, R> {
    /// What the row says happened, and when; nothing where it is to be ignored.
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
        Ok(Some((self.get(Field::At, Value::at)?, what)))
    }

    /// The body; none where the row says that the message is withdrawn.
    fn body(&self) -> Result<Option<Json>, Error> {
        match self.get(Field::Withdrawn, Value::withdrawn)? {
            Some(true) => Ok(None),
            _ => self.need(Field::Body, Value::body).map(Some),
        }
    }

    fn need<T>(&self, field: Field, read: impl FnOnce(&Value<'r>) -> Result<T, String>) -> Result<T, Error> {
        if !self.mapping.fields.contains_key(&field) {
            let name = field.name();
            let problem = format!("a row like this one needs the field `{name}`, expected `--map {name}=EXPR`");
            return Err(self.rows.error(Problem::Mapping(problem)));
        }
        self.get(field, read)?.ok_or_else(|| self.nothing(field))
    }

    fn get<T>(&self, field: Field, read: impl FnOnce(&Value<'r>) -> Result<T, String>) -> Result<Option<T>, Error> {
        let Some(value) = self.find(field)? else { return Ok(None) };
        match read(&value) {
            Ok(read) => Ok(Some(read)),
            Err(problem) => Err(Error { column: self.rows.column_of(&value), ..self.error(field, problem) }),
        }
    }

    fn find(&self, field: Field) -> Result<Option<Value<'r>>, Error> {
        match self.mapping.fields.get(&field) {
            Some(expression) => self.rows.find(expression).map_err(|problem| self.error(field, problem)),
            None => Ok(None),
        }
    }

    fn nothing(&self, field: Field) -> Error {
        self.error(field, "expected a value, found nothing".into())
    }

    fn error(&self, field: Field, problem: String) -> Error {
        let place = match self.mapping.fields.get(&field) {
            Some(Expression::Path(path)) => format!("column `{}`, the {}: ", path.join("."), field.name()),
            _ => format!("the {}: ", field.name()),
        };
        self.rows.error(Problem::Row(place + &problem))
    }
}
