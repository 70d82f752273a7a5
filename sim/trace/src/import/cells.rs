//! Splits rows into cells, and undoes their quotes and escapes.
//!
//! This is stricter than the `csv` crate, to which no input is an error: there, a quote that is never closed takes the
//! rest of the export for one cell.

use super::form::RowFormat;

/// How a format separates cells, and how it writes what is special in them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    format: RowFormat,
    delimiter: u8,
    /// `true` if lines end with CR LF, `false` if a CR before the LF belongs to the cell.
    crlf: bool,
    /// `true` to allow only the escapes that the writers of the format write, and not all that its readers read.
    guessed: bool,
}

impl Style {
    /// Returns the style of a format. `sample` is the first rows of the export.
    pub(super) fn new(format: RowFormat, delimiter: u8, sample: &[u8], guessed: bool) -> Self {
        // MySQL writes a carriage return as it is, so it may be the last character of a line.
        let is_plain = matches!(format, RowFormat::Outfile | RowFormat::Mysql);
        let first = sample.split(|byte| *byte == b'\n').next().unwrap_or_default();
        Self { format, delimiter, crlf: !is_plain || first.ends_with(b"\r"), guessed }
    }

    /// Returns `true` if a cell that begins with a quote ends at the next one.
    pub(super) fn has_quotes(self) -> bool {
        matches!(self.format, RowFormat::Csv | RowFormat::Enclosed)
    }

    /// Returns `true` if this line ends the rows, although the file may go on.
    pub(super) fn is_end(self, line: &[u8]) -> bool {
        self.format == RowFormat::Copy && line.trim_ascii_end() == b"\\."
    }

    /// Returns `true` if a backslash begins an escape.
    fn has_escapes(self) -> bool {
        self.format != RowFormat::Csv
    }

    /// Returns `true` if a bare cell with this content is a null.
    fn is_null(self, cell: &[u8]) -> bool {
        match self.format {
            RowFormat::Csv => matches!(cell, b"" | b"\\N"),
            RowFormat::Mysql => cell == b"NULL",
            _ => false,
        }
    }

    /// Decodes the escape that `rest` holds after its backslash. Returns the byte, and the length of the escape.
    ///
    /// Returns `None` for an unknown escape: the rows are then in another format.
    fn unescape(self, rest: &[u8]) -> Option<(u8, usize)> {
        let first = *rest.first()?;
        // Between quotes, a separator needs no escape.
        if first == b'\\' || first == self.delimiter && self.format != RowFormat::Enclosed {
            return Some((first, 1));
        }
        let byte = match (self.format, first) {
            (_, b'n') => b'\n',
            (_, b't') => b'\t',
            (RowFormat::Copy | RowFormat::Outfile | RowFormat::Enclosed, b'b') => 0x08,
            (RowFormat::Copy | RowFormat::Outfile | RowFormat::Enclosed, b'r') => b'\r',
            (RowFormat::Copy, b'f') => 0x0c,
            (RowFormat::Copy, b'v') => 0x0b,
            // Postgres reads numbers, and never writes them.
            (RowFormat::Copy, b'x' | b'0'..=b'7') if self.guessed => return None,
            (RowFormat::Copy, b'x') => return number(&rest[1..], 16, 2).map(|(byte, used)| (byte, used + 1)),
            (RowFormat::Copy, b'0'..=b'7') => return number(rest, 8, 3),
            (RowFormat::Outfile | RowFormat::Enclosed | RowFormat::Mysql, b'0') => 0,
            (RowFormat::Outfile | RowFormat::Enclosed, b'Z') => 0x1a,
            (RowFormat::Outfile | RowFormat::Enclosed, b'\r') | (RowFormat::Enclosed, b'"') => first,
            _ => return None,
        };
        Some((byte, 1))
    }
}

/// Reads at most `most` digits, and returns their number and how many they are.
fn number(digits: &[u8], radix: u32, most: usize) -> Option<(u8, usize)> {
    let digits = digits.iter().take(most).map_while(|byte| char::from(*byte).to_digit(radix));
    let (number, count) = digits.fold((0, 0), |(number, count), digit| (number * radix + digit, count + 1));
    // Postgres keeps the low eight bits.
    (count > 0).then_some((number as u8, count))
}

/// The place in a row at which a quote opened: lines after the first line of the row, and the byte in that line from 1.
pub(super) type Place = (u64, u64);

/// The cells of one row.
#[derive(Clone, Debug, Default)]
pub(super) struct Cells {
    /// The content of all cells, one after the other.
    bytes: Vec<u8>,
    cells: Vec<Cell>,
    state: State,
    /// The number of lines that were fed.
    lines: u64,
    /// The place of the last opening quote.
    opened: Place,
    /// Whether the current cell was in quotes, and whether it is the null of an escape.
    quoted: bool,
    null: bool,
}

/// One cell, as a part of the bytes of its row.
#[derive(Clone, Copy, Debug)]
struct Cell {
    end: usize,
    quoted: bool,
    null: bool,
}

/// The place of the next byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// At the start of a cell.
    #[default]
    Start,
    /// In a cell without quotes.
    Bare,
    /// In quotes.
    Quoted,
    /// After the end of a cell: a closing quote, or the escape for null.
    Closed,
}

impl Cells {
    /// Removes all cells.
    pub(super) fn clear(&mut self) {
        let (bytes, cells) = (std::mem::take(&mut self.bytes), std::mem::take(&mut self.cells));
        *self = Self { bytes, cells, ..Self::default() };
        self.bytes.clear();
        self.cells.clear();
    }

    /// Returns `true` if no line was fed.
    pub(super) fn is_empty(&self) -> bool {
        self.lines == 0
    }

    /// The number of cells.
    pub(super) fn len(&self) -> usize {
        self.cells.len()
    }

    /// The content of a cell, or `None` if it is a null or does not exist.
    pub(super) fn get(&self, index: usize) -> Option<&[u8]> {
        let Cell { end, null, .. } = *self.cells.get(index)?;
        let begin = index.checked_sub(1).map_or(0, |before| self.cells[before].end);
        (!null).then(|| &self.bytes[begin..end])
    }

    /// The content of each cell, and whether it was in quotes. A null is empty.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Vec<u8>, bool)> {
        (0..self.len()).map(|index| (self.get(index).unwrap_or_default().to_vec(), self.cells[index].quoted))
    }

    /// Returns where the quote opened that is still open, or `None` if the row is not inside a quote.
    pub(super) fn open_quote(&self) -> Option<Place> {
        (self.state == State::Quoted).then_some(self.opened)
    }

    /// Returns where the quote opened that ended in the line of a problem, if it opened on a line before.
    pub(super) fn opened_before(&self) -> Option<Place> {
        (self.quoted && self.opened.0 < self.lines).then_some(self.opened)
    }

    /// Adds a line of the row, with its line end. Returns `true` if the row is then whole.
    ///
    /// # Errors
    ///
    /// Returns the byte of the line at which something is wrong, from 1, and the problem.
    pub(super) fn feed(&mut self, line: &[u8], style: &Style) -> Result<bool, (u64, String)> {
        let content = line.strip_suffix(b"\n").unwrap_or(line);
        let mut at = 0;
        while let Some(byte) = content.get(at).copied() {
            at += 1;
            let column = at as u64;
            match (self.state, byte) {
                (State::Start | State::Bare | State::Quoted, b'\\') if style.has_escapes() => {
                    if at == content.len() && at < line.len() {
                        // The line end is a part of the cell.
                        self.bytes.push(b'\n');
                        self.lines += 1;
                        return Ok(false);
                    }
                    at += self.escape(&content[at..], style).map_err(|problem| (column, problem))?;
                }
                (State::Quoted, b'"') => self.state = State::Closed,
                (State::Quoted, _) => self.bytes.push(byte),
                (State::Closed, b'"') if self.quoted => {
                    // A doubled quote stands for one.
                    self.bytes.push(b'"');
                    self.state = State::Quoted;
                }
                (_, _) if byte == style.delimiter => self.end(style),
                (_, b'\r') if at == content.len() && style.crlf => {}
                (State::Start, b'"') if style.has_quotes() => {
                    (self.state, self.quoted, self.opened) = (State::Quoted, true, (self.lines, column));
                }
                (State::Closed, _) => {
                    let found = String::from_utf8_lossy(&content[at - 1..]).into_owned();
                    let after = if self.quoted { "a closing quote" } else { "`\\N`" };
                    return Err((column, format!("expected the end of the cell after {after}, found {found}")));
                }
                (_, b'\r') if style.crlf => {
                    let problem = "a carriage return in a cell without quotes, expected LF or CR LF after each row";
                    return Err((column, problem.into()));
                }
                (State::Start | State::Bare, _) => {
                    self.bytes.push(byte);
                    self.state = State::Bare;
                }
            }
        }
        self.lines += 1;
        if self.state == State::Quoted {
            self.bytes.extend_from_slice(&line[content.len()..]);
            return Ok(false);
        }
        self.end(style);
        Ok(true)
    }

    /// Decodes an escape, and returns its length. `rest` is the line after the backslash.
    fn escape(&mut self, rest: &[u8], style: &Style) -> Result<usize, String> {
        if self.state == State::Start && rest.first() == Some(&b'N') {
            (self.state, self.null) = (State::Closed, true);
            return Ok(1);
        }
        let (byte, length) = style.unescape(rest).ok_or_else(|| match rest.utf8_chunks().next() {
            None => "the file ends inside an escape: the row is torn".to_owned(),
            Some(chunk) => {
                let character = chunk.valid().chars().next().unwrap_or(char::REPLACEMENT_CHARACTER);
                format!(
                    "unknown escape `\\{character}`: these rows are in another format, or nobody escaped a backslash"
                )
            }
        })?;
        self.bytes.push(byte);
        if self.state == State::Start {
            self.state = State::Bare;
        }
        Ok(length)
    }

    /// Ends the current cell.
    fn end(&mut self, style: &Style) {
        let begin = self.cells.last().map_or(0, |cell| cell.end);
        let (quoted, end) = (std::mem::take(&mut self.quoted), self.bytes.len());
        let null = std::mem::take(&mut self.null) || style.is_null(&self.bytes[begin..]);
        self.cells.push(Cell { end, quoted, null });
        self.state = State::Start;
    }
}
