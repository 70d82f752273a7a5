//! The rows of an export, one at a time: JSON Lines or CSV.

use std::borrow::Cow;
use std::io::{self, BufRead, Cursor, Read};

use super::mapping::{Expression, Mapping};
use super::table::Table;
use super::value::Value;
use crate::format::{Error, Lines, Problem};

/// The form of an export, as far as the user states it. The rest is guessed from its first line.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// The format of the rows; `None` to guess it from the first line.
    pub rows: Option<RowFormat>,
    /// The character that separates the cells of CSV; `None` to guess it from the first line.
    pub delimiter: Option<u8>,
    /// `true` if the first row of CSV holds the names of the columns, `false` if columns are numbered from 1.
    pub header: bool,
    /// The maximum length of a row in bytes. A longer row is an error.
    pub line_max: usize,
}

/// The format of the rows of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowFormat {
    /// JSON Lines: one JSON object per line.
    Json,
    /// CSV: cells separated by commas or by another character.
    Csv,
}

/// An export from its first byte, although the first line was already read from the source.
pub(super) type Whole<R> = io::Chain<Cursor<Vec<u8>>, R>;

/// Reads the rows of an export, one at a time.
pub(super) enum Rows<R> {
    Json(Lines<Whole<R>>),
    Csv(Box<Table<R>>),
}

impl<R: BufRead> Rows<R> {
    pub(super) fn new(name: &str, source: R, shape: Shape) -> Result<Self, Error> {
        let (first, source) = begin(name, source, shape.line_max)?;
        let start = first.trim_ascii_start().first();
        match (shape.rows, start) {
            (_, None) => {
                Err(Error::file(name, Problem::Mapping("is empty: expected rows of JSON Lines or CSV".into())))
            }
            (Some(RowFormat::Json), _) | (None, Some(b'{')) => {
                Ok(Self::Json(Lines::new(name.into(), source, shape.line_max)))
            }
            (None, Some(b'[')) => {
                let problem = "expected one row per line, found an array: split it with `jq -c '.[]'`";
                Err(Error::at(name, 1, 1, Problem::Mapping(problem.into())))
            }
            _ => Ok(Self::Csv(Box::new(Table::new(name, source, shape, &first)?))),
        }
    }

    /// Reads the next row. Returns `false` at the end of the export.
    ///
    /// # Errors
    ///
    /// The outer error ends the import. The inner error concerns only this row, which can be skipped.
    pub(super) fn advance(&mut self) -> Result<Result<bool, Error>, Error> {
        match self {
            Self::Csv(table) => table.advance(),
            Self::Json(lines) => loop {
                match lines.advance() {
                    Ok(false) => return Ok(Ok(false)),
                    // These errors end the import: after a line that is too long, its rest would be taken for a row.
                    Err(error) if matches!(*error.problem, Problem::Read(_) | Problem::LineTooLong(_)) => {
                        return Err(error);
                    }
                    Err(error) => return Ok(Err(error)),
                    Ok(true) if lines.text().trim_ascii_start().is_empty() => {}
                    Ok(true) => return Ok(object(lines).map(|()| true)),
                }
            },
        }
    }

    /// Finds the value of an expression in the current row, or returns `None` if there is none.
    pub(super) fn find<'a>(&'a self, expression: &'a Expression) -> Result<Option<Value<'a>>, String> {
        match (expression, self) {
            (Expression::Constant(text), _) => Ok(Some(Value::Text(text.into()))),
            (Expression::Path(path), Self::Json(lines)) => Value::find(lines.text(), path),
            (Expression::Path(path), Self::Csv(table)) => table.find(path),
        }
    }

    /// Checks that an export in CSV has all columns that the mapping names.
    pub(super) fn check(&self, mapping: &Mapping) -> Result<(), Error> {
        match self {
            Self::Json(_) => Ok(()),
            Self::Csv(table) => mapping.fields.values().try_for_each(|expression| table.check(expression)),
        }
    }

    /// Returns the byte of the line at which `value` begins, counted from 1, or 0 if that is unknown.
    ///
    /// It is unknown for CSV, and for a value that had to be decoded.
    pub(super) fn column_of(&self, value: &Value<'_>) -> u64 {
        match (self, value) {
            (Self::Json(lines), Value::Json(Cow::Borrowed(json))) => {
                let offset = (json.as_ptr() as usize).checked_sub(lines.text().as_ptr() as usize);
                offset.map_or(0, |offset| offset as u64 + 1)
            }
            _ => 0,
        }
    }

    /// Builds an error about the current row.
    pub(super) fn error(&self, problem: Problem) -> Error {
        match self {
            Self::Json(lines) => lines.error(0, problem),
            Self::Csv(table) => table.error(problem),
        }
    }
}

/// Reads the first line that is not empty, to guess the format of the export from it.
///
/// Returns the line, and a source that gives the whole export again from its start. A byte order mark is skipped.
fn begin<R: BufRead>(name: &str, mut source: R, line_max: usize) -> Result<(Vec<u8>, Whole<R>), Error> {
    let mut all = Vec::new();
    let mut line = 0;
    loop {
        let most = (line_max as u64).saturating_add(2);
        let read = source.by_ref().take(most).read_until(b'\n', &mut all);
        let read = read.map_err(|error| Error::file(name, Problem::Read(error)))?;
        if let [0xff, 0xfe, ..] | [0xfe, 0xff, ..] = *all {
            return Err(Error::at(name, 1, 1, Problem::Utf8(all[0])));
        }
        if all.starts_with(b"\xef\xbb\xbf") {
            all.drain(..3);
        }
        if read == 0 || !all[line..].trim_ascii().is_empty() || all.len() > line_max {
            break;
        }
        line = all.len();
    }
    Ok((all[line..].to_vec(), Cursor::new(all).chain(source)))
}

/// Checks that the current line is a JSON object.
fn object<R: BufRead>(lines: &Lines<R>) -> Result<(), Error> {
    let text = lines.text();
    serde_json::from_str::<serde::de::IgnoredAny>(text).map_err(|error| {
        let column = error.column() as u64;
        let error = error.to_string();
        let error = error.split(" at line ").next().unwrap_or_default();
        lines.error(column, Problem::Row(format!("is not JSON: {error}, expected one JSON object per line")))
    })?;
    if !text.trim_ascii_start().starts_with('{') {
        return Err(lines.error(1, Problem::Row("expected a JSON object".into())));
    }
    Ok(())
}
