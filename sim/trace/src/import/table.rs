//! Reads the rows of an export in CSV.

use std::io::{self, BufRead, Read};

use super::mapping::Expression;
use super::rows::{Shape, Whole};
use super::value::Value;
use crate::format::{Error, Problem};
use crate::unknown::{Thing, UnknownName};

/// Reads the rows of an export in CSV, one at a time.
pub(super) struct Table<R> {
    name: String,
    rows: csv::Reader<Limited<Whole<R>>>,
    limit: usize,
    /// The names of the columns; `None` if columns are numbered.
    columns: Option<csv::StringRecord>,
    record: csv::StringRecord,
    /// The line at which the current row begins, from 1.
    line: u64,
    /// `true` if `record` holds the first row, which was read ahead to count its cells.
    ahead: bool,
}

impl<R: BufRead> Table<R> {
    /// Starts to read CSV, and reads its first row. `first` is the first line, from which the delimiter is guessed.
    pub(super) fn new(name: &str, source: Whole<R>, shape: Shape, first: &[u8]) -> Result<Self, Error> {
        let delimiter = shape.delimiter.unwrap_or_else(|| sniff(first));
        let source = Limited { source, left: shape.line_max };
        let rows = csv::ReaderBuilder::new().has_headers(false).delimiter(delimiter).from_reader(source);
        let mut table = Self {
            name: name.into(),
            rows,
            limit: shape.line_max,
            columns: None,
            record: csv::StringRecord::new(),
            line: 1,
            ahead: false,
        };
        table.ahead = table.advance()??;
        if shape.header {
            table.columns = Some(std::mem::take(&mut table.record));
            table.ahead = false;
        }
        Ok(table)
    }

    /// Reads the next row. Returns `false` at the end of the export.
    ///
    /// # Errors
    ///
    /// The outer error ends the import. The inner error concerns only this row, which can be skipped.
    pub(super) fn advance(&mut self) -> Result<Result<bool, Error>, Error> {
        if std::mem::take(&mut self.ahead) {
            return Ok(Ok(true));
        }
        self.rows.get_mut().left = self.limit;
        self.line = self.rows.position().line();
        let read = self.rows.read_record(&mut self.record);
        if let Some(position) = self.record.position() {
            self.line = position.line();
        }
        let error = match read {
            Ok(found) => return Ok(Ok(found)),
            Err(error) => error,
        };
        let row = |line, problem: String| Ok(Err(Error::at(&self.name, line, 0, Problem::Row(problem))));
        match error.into_kind() {
            csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
                let line = pos.map_or(self.line, |position| position.line());
                row(line, format!("has {len} cells, expected {expected_len} as in the first row"))
            }
            csv::ErrorKind::Utf8 { pos, err } => {
                let line = pos.map_or(self.line, |position| position.line());
                row(line, format!("cell {} is not valid UTF-8, expected UTF-8 text", err.field() + 1))
            }
            csv::ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                Err(Error::at(&self.name, self.line, 0, Problem::LineTooLong(self.limit)))
            }
            csv::ErrorKind::Io(error) => Err(Error::file(&self.name, Problem::Read(error))),
            other => Err(Error::at(&self.name, self.line, 0, Problem::Row(format!("is not CSV: {other:?}")))),
        }
    }

    /// Builds an error about the current row.
    pub(super) fn error(&self, problem: Problem) -> Error {
        Error::at(&self.name, self.line, 0, problem)
    }

    /// Returns the index of a column by its name, or by its number if the columns have no names.
    fn column(&self, name: &str) -> Option<usize> {
        match &self.columns {
            Some(columns) => columns.iter().position(|column| column.trim() == name),
            None => {
                name.parse::<usize>().ok().and_then(|number| number.checked_sub(1)).filter(|n| *n < self.record.len())
            }
        }
    }

    /// Checks that the column exists which an expression names.
    pub(super) fn check(&self, expression: &Expression) -> Result<(), Error> {
        let problem = match expression {
            Expression::Constant(_) => return Ok(()),
            Expression::Path(path) => match path.first() {
                None => "`.` means a whole row of JSON, and the rows are CSV: expected the name of a column".into(),
                Some(name) if self.column(name).is_some() => return Ok(()),
                Some(name) => match &self.columns {
                    Some(columns) => {
                        let unknown = UnknownName::new(Thing::Column, name, columns.iter().map(|column| column.trim()));
                        format!(
                            "{unknown}; if the first row is not a header, use `--no-header` and the column numbers .1, \
                             .2, …"
                        )
                    }
                    None => format!("unknown column `{name}`: expected a number from 1 to {}", self.record.len()),
                },
            },
        };
        Err(Error::at(&self.name, 1, 0, Problem::Mapping(problem)))
    }

    /// Finds the value at a path in the current row. An empty cell and `\N` mean that there is no value.
    pub(super) fn find<'a>(&'a self, path: &[String]) -> Result<Option<Value<'a>>, String> {
        let Some((column, path)) = path.split_first() else { return Ok(None) };
        let cell = self.column(column).and_then(|column| self.record.get(column)).unwrap_or_default();
        match cell {
            "" | "\\N" => Ok(None),
            _ if path.is_empty() => Ok(Some(Value::Text(cell.into()))),
            _ => {
                serde_json::from_str::<serde::de::IgnoredAny>(cell)
                    .map_err(|error| format!("expected JSON: {error}, found {cell}"))?;
                Value::find(cell, path)
            }
        }
    }
}

/// Guesses the character that separates the cells: the usual one that is most frequent outside quotes in this row.
fn sniff(row: &[u8]) -> u8 {
    let mut quoted = false;
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0), (b'|', 0)];
    for byte in row {
        quoted ^= *byte == b'"';
        if let Some((_, count)) = counts.iter_mut().find(|(delimiter, _)| delimiter == byte && !quoted) {
            *count += 1;
        }
    }
    // If several are equally frequent, `max_by_key` takes the last one. After `rev`, that is the comma, the best guess.
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(delimiter, _)| delimiter)
}

/// Limits how many bytes are read for one row.
///
/// Without a limit, a quote that is never closed would make the reader load the whole export into memory.
struct Limited<R> {
    source: R,
    left: usize,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let read = self.source.read(buffer)?;
        self.left = self.left.saturating_sub(read);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_are_found_out() {
        for (row, delimiter) in [
            ("a,b,c", b','),
            ("a;b;c", b';'),
            ("a\tb\tc", b'\t'),
            ("a|b", b'|'),
            ("\"a,b,c,d\";b", b';'),
            ("alone", b','),
            ("a;b,c", b','),
        ] {
            assert_eq!(sniff(row.as_bytes()), delimiter, "{row}");
        }
    }
}
