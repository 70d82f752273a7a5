//! Reads the rows of an export in cells.

use std::borrow::Cow;
use std::io::{BufRead, Read};

use super::cells::{Cells, Style};
use super::form::{Form, RowFormat, Sample, Shape};
use super::rows::Whole;
use super::value::Value;
use crate::format::{Error, Problem};
use crate::text::count;
use crate::unknown::{Thing, UnknownName};

/// Reads the rows of an export in cells, one at a time.
pub(super) struct Table<R> {
    name: String,
    source: Whole<R>,
    shape: Shape,
    form: Form,
    style: Style,
    /// `false` if the form was guessed from rows that several formats read alike.
    certain: bool,
    /// The names of the columns; `None` if columns are numbered.
    columns: Option<Vec<String>>,
    /// The cells of the current row.
    cells: Cells,
    /// The number of cells of the first row.
    width: Option<usize>,
    /// The last line that was read, with its line end.
    text: Vec<u8>,
    /// The number of lines that were read.
    lines: u64,
    /// The line at which the current row begins, from 1.
    line: u64,
    /// `true` if the current row is the first, which was read ahead to count its cells.
    ahead: bool,
    /// `true` if the last row that was read ends with a line end.
    has_end: bool,
}

impl<R: BufRead> Table<R> {
    /// Starts to read cells, and reads the first row.
    pub(super) fn new(name: &str, source: Whole<R>, shape: Shape, sample: &Sample<'_>) -> Result<Self, Error> {
        let (form, certain) = sample.form(shape);
        let delimiter = form.delimiter.and_then(|delimiter| u8::try_from(delimiter).ok()).unwrap_or(b',');
        let mut table = Self {
            name: name.into(),
            source,
            shape,
            form,
            style: Style::new(form.format, delimiter, sample.text, form.guessed),
            certain,
            columns: None,
            cells: Cells::default(),
            width: None,
            text: Vec::new(),
            lines: 0,
            line: 1,
            ahead: false,
            has_end: true,
        };
        table.ahead = table.advance()??;
        if form.header {
            let name = |index| String::from_utf8_lossy(table.cells.get(index).unwrap_or_default()).trim().to_owned();
            table.columns = Some((0..table.cells.len()).map(name).collect());
            table.ahead = false;
        }
        Ok(table)
    }

    /// The form in which the export is read.
    pub(super) fn form(&self) -> Form {
        self.form
    }

    /// The line at which the current row begins, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Returns `true` if the current row ends with a line end.
    pub(super) fn has_end(&self) -> bool {
        self.has_end
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
        self.cells.clear();
        let mut size = 0;
        loop {
            let is_first = self.cells.is_empty();
            if !self.read(size)? {
                return if is_first { Ok(Ok(false)) } else { Err(self.open()) };
            }
            if is_first {
                self.line = self.lines;
                let is_blank = self.text.trim_ascii().is_empty();
                if is_blank && !self.text.contains(&b'\t') && (self.style.has_quotes() || self.width != Some(1)) {
                    continue;
                }
                if self.style.is_end(&self.text) {
                    return self.end_of_copy();
                }
            }
            size += self.text.len();
            match self.cells.feed(&self.text, &self.style) {
                Ok(true) => break,
                Ok(false) if self.lines - self.line + 1 >= self.shape.lines_max => return Err(self.open()),
                Ok(false) => {}
                Err((column, problem)) if self.style.has_quotes() => {
                    // Where the next row begins depends on what was meant by the quotes of this one.
                    return Err(match self.cells.opened_before() {
                        None => Error::at(&self.name, self.lines, column, Problem::Quote(problem)),
                        Some((line, opened)) => {
                            let ends = format!("ends at line {}, byte {}", self.lines, column.saturating_sub(1));
                            let problem = format!("the quote that opens here {ends}, and there: {problem}");
                            Error::at(&self.name, self.line + line, opened, Problem::Quote(problem))
                        }
                    });
                }
                Err((column, problem)) => {
                    return Ok(Err(Error::at(&self.name, self.lines, column, Problem::Row(problem))));
                }
            }
        }
        self.has_end = self.text.ends_with(b"\n");
        let (found, expected) = (self.cells.len(), *self.width.get_or_insert(self.cells.len()));
        if found != expected {
            let found = count(found as u64, "cell", "cells");
            let problem = Problem::Row(format!("has {found}, expected {expected} as in the first row"));
            return Ok(Err(self.error(problem)));
        }
        self.is_as_guessed().map(|()| Ok(true))
    }

    /// Reads the next line. Returns `false` at the end of the export. `size` is the size of the row so far.
    fn read(&mut self, size: usize) -> Result<bool, Error> {
        self.text.clear();
        let most = (self.shape.line_max + 2).saturating_sub(size) as u64;
        let read = self.source.by_ref().take(most).read_until(b'\n', &mut self.text);
        let read = read.map_err(|error| Error::file(&self.name, Problem::Read(error)))?;
        self.lines += u64::from(read > 0);
        if size + self.text.strip_suffix(b"\n").unwrap_or(&self.text).len() > self.shape.line_max {
            return Err(match self.cells.open_quote() {
                Some(_) => self.open(),
                None => Error::at(&self.name, self.lines, 0, Problem::LineTooLong(self.shape.line_max)),
            });
        }
        Ok(read > 0)
    }

    /// Reads the rest of an export after the line `\.`, which ends COPY text.
    fn end_of_copy(&mut self) -> Result<Result<bool, Error>, Error> {
        while self.read(0)? {
            if !self.text.trim_ascii().is_empty() {
                let problem = "expected the end of the file after `\\.`, which ends COPY text, found more rows";
                return Err(Error::at(&self.name, self.lines, 1, Problem::Mapping(problem.into())));
            }
        }
        Ok(Ok(false))
    }

    /// The error for a row that does not end.
    fn open(&self) -> Error {
        let Some((line, column)) = self.cells.open_quote() else {
            let problem = "the row goes on after each line, since a backslash stands before the line end";
            return self.error(Problem::Quote(problem.into()));
        };
        let lines = self.lines - self.line + 1;
        let problem = if lines >= self.shape.lines_max || !self.text.is_empty() {
            format!("the quote that opens here is not closed within {}", count(lines, "line", "lines"))
        } else {
            "the quote that opens here is never closed: the row is torn, or takes the rest of the file".to_owned()
        };
        Error::at(&self.name, self.line + line, column, Problem::Quote(problem))
    }

    /// Checks that the current row reads alike in all formats, if the format was guessed from rows that do.
    fn is_as_guessed(&self) -> Result<(), Error> {
        if self.certain {
            return Ok(());
        }
        // Text with escapes does not care for quotes.
        let special: &[u8] = if self.form.format == RowFormat::Csv { b"\"\\" } else { b"\\" };
        let mut cells = self.text.trim_ascii_end().split(|byte| *byte == b'\t');
        let is_neutral = |cell: &[u8]| cell == b"\\N" || !cell.iter().any(|byte| special.contains(byte));
        if cells.all(|cell| is_neutral(cell) && cell != b"NULL") {
            return Ok(());
        }
        let problem = "the rows do not tell whether they are CSV or text with escapes, which read this one \
                       differently: expected the option `--read-as` with `csv`, `copy`, `outfile`, `enclosed` or \
                       `mysql`";
        Err(self.error(Problem::Mapping(problem.into())))
    }

    /// Builds an error about the current row.
    pub(super) fn error(&self, problem: Problem) -> Error {
        Error::at(&self.name, self.line, 0, problem)
    }

    /// Returns the index of a column by its name, or by its number if the columns have no names.
    fn column(&self, name: &str) -> Option<usize> {
        match &self.columns {
            Some(columns) => columns.iter().position(|column| column == name),
            None => {
                let number = name.parse::<usize>().ok()?.checked_sub(1)?;
                (number < self.width.unwrap_or_default()).then_some(number)
            }
        }
    }

    /// Checks that the column exists which a path names.
    pub(super) fn check(&self, path: &[String]) -> Result<(), Error> {
        let problem = match (path.first(), &self.columns) {
            (None, _) => "`.` means a whole row of JSON, and the rows are cells: expected the name of a column".into(),
            (Some(name), Some(columns)) if self.column(name).is_some() => {
                let numbers = (1..).zip(columns).filter(|(_, column)| *column == name).map(|(number, _)| number);
                match numbers.collect::<Vec<u32>>()[..] {
                    [first, second, ..] => format!(
                        "columns {first} and {second} are both named `{name}`: expected one of that name; rename one \
                         in the first row"
                    ),
                    _ => return Ok(()),
                }
            }
            (Some(name), None) if self.column(name).is_some() => return Ok(()),
            (Some(name), Some(columns)) => {
                let unknown = UnknownName::new(Thing::Column, name, columns.iter().map(|column| column.trim()));
                format!(
                    "{unknown}; if the first row is not a header, use `--no-header` and the column numbers .1, .2, …"
                )
            }
            (Some(name), None) => {
                format!("unknown column `{name}`: expected a number from 1 to {}", self.width.unwrap_or_default())
            }
        };
        Err(Error::at(&self.name, 1, 0, Problem::Mapping(problem)))
    }

    /// Finds the value at a path in the current row.
    pub(super) fn find<'a>(&'a self, path: &[String]) -> Result<Option<Value<'a>>, String> {
        let Some((column, path)) = path.split_first() else { return Ok(None) };
        let Some(cell) = self.column(column).and_then(|column| self.cells.get(column)) else { return Ok(None) };
        let cell = std::str::from_utf8(cell).map_err(|error| Problem::Utf8(cell[error.valid_up_to()]).to_string())?;
        if path.is_empty() {
            return Ok(Some(Value::Text(Cow::Borrowed(cell))));
        }
        serde_json::from_str::<serde::de::IgnoredAny>(cell)
            .map_err(|error| format!("expected JSON: {error}, found {cell}"))?;
        Value::find(cell, path)
    }
}
