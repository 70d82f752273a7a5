//! The rows of an export, one at a time: JSON Lines, or rows of cells.

use std::borrow::Cow;
use std::io::{self, BufRead, Cursor, Read};

use super::form::{Form, RowFormat, Sample, Shape};
use super::mapping::{Expression, Mapping};
use super::table::Table;
use super::value::Value;
use crate::format::{Error, Lines, Problem};

/// The number of bytes from which the form of an export is guessed.
const SAMPLE: u64 = 64 << 10;

/// An export from its first byte, although its start was already read from the source.
pub(super) type Whole<R> = io::Chain<Cursor<Vec<u8>>, R>;

/// Reads the rows of an export, one at a time.
pub(super) enum Rows<R> {
    Json(Lines<Whole<R>>, Form, Backslashes),
    Cells(Box<Table<R>>),
}

impl<R: BufRead> Rows<R> {
    /// Starts to read rows, and checks that they have all columns that the mapping names.
    pub(super) fn new(name: &str, source: R, shape: Shape, mapping: &Mapping) -> Result<Self, Error> {
        let (sample, source) = begin(name, source)?;
        match (shape.rows, sample.first()) {
            (_, None) => Err(Error::file(name, Problem::Mapping("is empty: expected rows of an export".into()))),
            (Some(RowFormat::Json), _) | (None, Some(b'{')) => {
                let guessed = shape.rows.is_none();
                let form = Form { format: RowFormat::Json, delimiter: None, header: false, guessed };
                Ok(Self::Json(Lines::new(name.into(), source, shape.line_max), form, Backslashes::default()))
            }
            (None, Some(b'[')) => {
                let problem = "expected one row per line, found an array: split it with `jq -c '.[]'`";
                Err(Error::at(name, 1, 1, Problem::Mapping(problem.into())))
            }
            _ => {
                let sample = Sample { text: &sample, by_name: mapping.names_columns() };
                let table = Table::new(name, source, shape, &sample)?;
                mapping.columns().try_for_each(|path| table.check(path))?;
                Ok(Self::Cells(Box::new(table)))
            }
        }
    }

    /// The form in which the export is read.
    pub(super) fn form(&self) -> Form {
        match self {
            Self::Json(_, form, _) => *form,
            Self::Cells(table) => table.form(),
        }
    }

    /// Reads the next row. Returns `false` at the end of the export.
    ///
    /// # Errors
    ///
    /// The outer error ends the import. The inner error concerns only this row, which can be skipped.
    pub(super) fn advance(&mut self) -> Result<Result<bool, Error>, Error> {
        match self {
            Self::Cells(table) => table.advance(),
            Self::Json(lines, _, backslashes) => loop {
                match lines.advance() {
                    Ok(false) => return Ok(Ok(false)),
                    // These errors end the import: after a line that is too long, its rest would be taken for a row.
                    Err(error) if matches!(*error.problem, Problem::Read(_) | Problem::LineTooLong(_)) => {
                        return Err(error);
                    }
                    Err(error) => return Ok(Err(error)),
                    Ok(true) if lines.text().trim_ascii_start().is_empty() => {}
                    Ok(true) => {
                        backslashes.look_at(lines.text());
                        return Ok(object(lines).map(|()| true));
                    }
                }
            },
        }
    }

    /// Finds the value of an expression in the current row, or returns `None` if there is none.
    pub(super) fn find<'a>(&'a self, expression: &'a Expression) -> Result<Option<Value<'a>>, String> {
        match expression {
            Expression::Constant(text) => Ok(Some(Value::Text(text.into()))),
            Expression::Path(path) => self.value(path),
            Expression::Plus(path, more) => self.value(path)?.map(|value| value.plus(*more)).transpose(),
            Expression::Equals(path, other) => {
                let value = self.value(path)?;
                let is_equal = match (&value, other) {
                    // A cell may hold the null of JSON.
                    (None, None) => true,
                    (Some(Value::Text(text)), None) => text == "null",
                    (Some(value), Some(other)) => value.text()? == *other,
                    (Some(_), None) | (None, Some(_)) => false,
                };
                Ok(Some(Value::Text(is_equal.to_string().into())))
            }
        }
    }

    /// Finds the value at a path in the current row.
    fn value<'a>(&'a self, path: &[String]) -> Result<Option<Value<'a>>, String> {
        match self {
            Self::Json(lines, ..) => Value::find(lines.text(), path),
            Self::Cells(table) => table.find(path),
        }
    }

    /// Returns whether the current row has the last step of a path, even if it is a null there. If it does not, returns
    /// the names that it has instead.
    pub(super) fn has(&self, path: &[String]) -> Result<(), Vec<String>> {
        let Some((last, before)) = path.split_last() else { return Ok(()) };
        if before.is_empty() && matches!(self, Self::Cells(_)) {
            // That the column exists was checked before the first row.
            return Ok(());
        }
        match self.value(before) {
            Ok(Some(value)) if value.has(last) => Ok(()),
            Ok(Some(value)) => Err(value.names()),
            _ => Err(Vec::new()),
        }
    }

    /// Returns the byte of the line at which `value` begins, counted from 1, or 0 if that is unknown.
    ///
    /// It is unknown for cells, and for a value that had to be decoded.
    pub(super) fn column_of(&self, value: &Value<'_>) -> u64 {
        match (self, value) {
            (Self::Json(lines, ..), Value::Json(Cow::Borrowed(json))) => {
                let offset = (json.as_ptr() as usize).checked_sub(lines.text().as_ptr() as usize);
                offset.map_or(0, |offset| offset as u64 + 1)
            }
            _ => 0,
        }
    }

    /// The line at which the current row begins, from 1.
    pub(super) fn line(&self) -> u64 {
        match self {
            Self::Json(lines, ..) => lines.number,
            Self::Cells(table) => table.line(),
        }
    }

    /// Returns `true` if the export ends with the current row, and the row has no line end.
    pub(super) fn is_last_without_end(&self) -> bool {
        match self {
            Self::Json(lines, ..) => !lines.has_end(),
            Self::Cells(table) => !table.has_end(),
        }
    }

    /// Returns `true` if the rows were taken for JSON Lines, and are perhaps JSON in which the text format of a
    /// database has doubled each backslash: all are in pairs.
    pub(super) fn are_doubled(&self) -> bool {
        matches!(self, Self::Json(_, Form { guessed: true, .. }, backslashes) if backslashes.are_doubled())
    }

    /// Builds an error about the current row.
    pub(super) fn error(&self, problem: Problem) -> Error {
        match self {
            Self::Json(lines, ..) => lines.error(0, problem),
            Self::Cells(table) => table.error(problem),
        }
    }
}

/// The first bytes of files that hold no text, the name of each, and what to do with it.
const BINARY: [(&[u8], &str, &str); 8] = [
    (b"\x1f\x8b", "gzip", "`gzip -dc FILE | afresh import -` reads it"),
    (b"\x28\xb5\x2f\xfd", "zstd", "`zstd -dc FILE | afresh import -` reads it"),
    (b"\xfd7zXZ\0", "xz", "`xz -dc FILE | afresh import -` reads it"),
    (b"BZh", "bzip2", "`bzip2 -dc FILE | afresh import -` reads it"),
    (b"PK\x03\x04", "a zip file", "unpack it; a spreadsheet can be saved as CSV"),
    (b"PAR1", "Parquet", "export the rows as CSV or JSON Lines"),
    (b"SQLite format 3\0", "a database of SQLite", "`sqlite3 -json FILE 'SELECT …' | jq -c '.[]'` prints rows"),
    (b"PGCOPY\n\xff", "binary COPY", "leave out `FORMAT binary` in the COPY"),
];

/// Reads the start of the export, to guess its form.
///
/// Returns its first whole lines without blank ones before them, and a source that gives the whole export again from
/// its start. A byte order mark is skipped.
fn begin<R: BufRead>(name: &str, mut source: R) -> Result<(Vec<u8>, Whole<R>), Error> {
    let mut all = Vec::new();
    let read = source.by_ref().take(SAMPLE).read_to_end(&mut all);
    read.map_err(|error| Error::file(name, Problem::Read(error)))?;
    if let [0xff, 0xfe, ..] | [0xfe, 0xff, ..] = *all {
        return Err(Error::at(name, 1, 1, Problem::Utf8(all[0])));
    }
    if let Some((_, what, how)) = BINARY.iter().find(|(begin, ..)| all.starts_with(begin)) {
        return Err(Error::at(name, 1, 1, Problem::Mapping(format!("is {what}: expected rows as text; {how}"))));
    }
    let is_whole = (all.len() as u64) < SAMPLE;
    if all.starts_with(b"\xef\xbb\xbf") {
        all.drain(..3);
    }
    let last = all.iter().rposition(|byte| *byte == b'\n');
    // A first line that is longer than the sample stands for itself.
    let end = last.filter(|_| !is_whole).map_or(all.len(), |last| last + 1);
    // Blanks at the start of a line may be an empty cell.
    let blank = all[..end].split_inclusive(|byte| *byte == b'\n').take_while(|line| line.trim_ascii().is_empty());
    let begin = blank.map(<[u8]>::len).sum::<usize>();
    let sample = &all[begin..end];
    let sample = if sample.trim_ascii_start().starts_with(b"{") { sample.trim_ascii_start() } else { sample };
    Ok((sample.to_vec(), Cursor::new(all).chain(source)))
}

/// The backslashes of rows of JSON.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Backslashes {
    /// There are some in pairs: a backslash in a text, or the escape of an escape.
    pairs: bool,
    /// There is one that escapes another character. Nobody has doubled these backslashes.
    single: bool,
}

impl Backslashes {
    fn look_at(&mut self, text: &str) {
        if self.single || !text.contains('\\') {
            return;
        }
        let runs = text.as_bytes().chunk_by(|a, b| a == b).filter(|run| run[0] == b'\\');
        runs.for_each(|run| *if run.len() % 2 == 0 { &mut self.pairs } else { &mut self.single } = true);
    }

    /// Returns `true` if there are some, and all are in pairs.
    fn are_doubled(self) -> bool {
        self.pairs && !self.single
    }
}

/// Checks that the current line is a JSON object.
fn object<R: BufRead>(lines: &Lines<R>) -> Result<(), Error> {
    let text = lines.text();
    serde_json::from_str::<serde::de::IgnoredAny>(text).map_err(|error| {
        let column = error.column() as u64;
        let error = error.to_string();
        let error = error.split(" at line ").next().unwrap_or_default();
        let mut backslashes = Backslashes::default();
        backslashes.look_at(text);
        let hint = if backslashes.are_doubled() {
            "; each backslash is doubled: `--read-as copy` reads JSON that COPY wrote, with `.1` before each path"
        } else {
            ""
        };
        lines.error(column, Problem::Row(format!("is not JSON: {error}, expected one JSON object per line{hint}")))
    })?;
    if !text.trim_ascii_start().starts_with('{') {
        return Err(lines.error(1, Problem::Row("expected a JSON object".into())));
    }
    Ok(())
}
