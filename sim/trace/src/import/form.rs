//! The form of the rows of an export, as the user states it or as it is guessed from the first rows.

use std::cmp::Ordering;
use std::fmt;

use serde::Serialize;

use super::cells::{Cells, Style};

/// The form of an export, as far as the user states it. The rest is guessed from its first rows.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// The format of the rows; `None` to guess it.
    pub rows: Option<RowFormat>,
    /// The character that separates the cells; `None` for the usual one of the format.
    pub delimiter: Option<u8>,
    /// `false` if the first row holds no names of columns, whatever the format. The columns are then numbered from 1.
    pub header: bool,
    /// The maximum length of a row in bytes. A longer row is an error.
    pub line_max: usize,
    /// The maximum number of lines that a row may take. A longer row is an error.
    pub lines_max: u64,
}

/// The format of the rows of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RowFormat {
    /// JSON Lines: one JSON object per line.
    Json,
    /// CSV: cells separated by commas or by another character. A cell in quotes may contain anything.
    Csv,
    /// The text format of `COPY` in Postgres: tabs, `\N` for null, and backslash escapes.
    Copy,
    /// `SELECT INTO OUTFILE` and `mysqldump --tab` of MySQL: tabs, `\N` for null, and backslash escapes.
    Outfile,
    /// `SELECT INTO OUTFILE` of MySQL with `ENCLOSED BY '"'`: cells in quotes, with backslash escapes.
    Enclosed,
    /// `mysql --batch`: a header, tabs, `NULL` for null, and backslash escapes.
    Mysql,
}

impl RowFormat {
    /// The usual separator of cells, or `None` if it has to be guessed from the first row.
    fn delimiter(self) -> Option<u8> {
        match self {
            Self::Json | Self::Csv | Self::Enclosed => None,
            Self::Copy | Self::Outfile | Self::Mysql => Some(b'\t'),
        }
    }

    /// The name of the format for people.
    fn name(self) -> &'static str {
        match self {
            Self::Json => "JSON Lines",
            Self::Csv => "CSV",
            Self::Copy => "COPY text",
            Self::Outfile => "INTO OUTFILE text",
            Self::Enclosed => "INTO OUTFILE text in quotes",
            Self::Mysql => "mysql --batch text",
        }
    }
}

/// The form in which an export was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Form {
    /// The format of the rows.
    pub format: RowFormat,
    /// The character that separates the cells; `None` for JSON.
    pub delimiter: Option<char>,
    /// `true` if the first row holds the names of the columns.
    pub header: bool,
    /// `true` if the format was guessed from the first rows.
    pub guessed: bool,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.format.name())?;
        match self.delimiter {
            None => return Ok(()),
            Some('\t') => write!(f, " with tabs")?,
            Some(delimiter) => write!(f, " with `{delimiter}`")?,
        }
        write!(f, " and {}", if self.header { "a header" } else { "no header" })
    }
}

/// The first rows of an export, from which its form is guessed.
pub(super) struct Sample<'a> {
    /// Whole lines from the start of the export, beginning with the first that is not blank.
    pub(super) text: &'a [u8],
    /// `true` if the mapping names columns by their names, `false` if by their numbers.
    pub(super) by_name: bool,
}

impl Sample<'_> {
    /// Returns the form of the cells of the export, and whether the sample holds evidence for it.
    ///
    /// Without evidence, the rows that all formats read alike can be read, and others cannot.
    pub(super) fn form(&self, shape: Shape) -> (Form, bool) {
        let delimiter =
            shape.delimiter.or_else(|| shape.rows?.delimiter()).unwrap_or_else(|| self.delimiter(shape.rows));
        let (format, certain) = shape.rows.map_or_else(|| self.format(delimiter), |format| (format, true));
        let header = match format {
            RowFormat::Copy | RowFormat::Outfile | RowFormat::Enclosed => self.by_name,
            // Text with escapes of which a row is torn.
            RowFormat::Csv if !certain && delimiter == b'\t' && self.text.contains(&b'\\') => self.by_name,
            RowFormat::Json | RowFormat::Csv | RowFormat::Mysql => true,
        };
        let form = Form {
            format,
            delimiter: Some(delimiter.into()),
            header: header && shape.header,
            guessed: shape.rows.is_none(),
        };
        (form, certain)
    }

    /// Guesses the format of cells with this separator, and returns whether there is evidence for it.
    fn format(&self, delimiter: u8) -> (RowFormat, bool) {
        let fits = |format| self.rows(format, delimiter).is_some();
        if delimiter != b'\t' {
            // Where nothing is escaped, rows that are not CSV are CSV with a mistake.
            let has = |byte| self.text.array_windows().any(|two| *two == [b'\\', byte]);
            let escaped = [(RowFormat::Enclosed, b'"'), (RowFormat::Outfile, delimiter)];
            let escaped = escaped.into_iter().find(|(format, byte)| has(*byte) && fits(*format));
            let Some(rows) = self.rows(RowFormat::Csv, delimiter) else {
                return (escaped.map_or(RowFormat::Csv, |(format, _)| format), true);
            };
            // Text with escapes doubles each backslash. So do some texts.
            let unclear = has(b'\\') && (fits(RowFormat::Outfile) || fits(RowFormat::Enclosed));
            return (RowFormat::Csv, !unclear || Quotes::of(&rows) == Quotes::Csv);
        }
        let mut cells = self.text.split(|byte| b"\t\r\n".contains(byte));
        let has_null = cells.clone().any(|cell| cell == b"\\N");
        let has_word = cells.any(|cell| cell == b"NULL");
        if !has_null && !has_word && !self.text.iter().any(|byte| b"\"\\".contains(byte)) {
            return (RowFormat::Csv, false);
        }
        let escaped = match (self.by_name || has_word, has_null) {
            (true, false) => [RowFormat::Mysql, RowFormat::Copy, RowFormat::Outfile],
            _ => [RowFormat::Copy, RowFormat::Outfile, RowFormat::Mysql],
        };
        let raw = self.rows(RowFormat::Csv, b'\t');
        let Some(format) = escaped.into_iter().find(|format| fits(*format)) else {
            if raw.is_none() && fits(RowFormat::Enclosed) {
                return (RowFormat::Enclosed, true);
            }
            // Either a row of text with escapes is torn, or nothing is escaped.
            return (RowFormat::Csv, !self.text.contains(&b'\\'));
        };
        match raw.as_deref().map_or(Quotes::No, Quotes::of) {
            Quotes::Csv => (RowFormat::Csv, true),
            Quotes::Unclear => (RowFormat::Csv, false),
            Quotes::No if has_null || has_word => (format, true),
            Quotes::No => match json(raw).cmp(&json(self.rows(format, b'\t'))) {
                Ordering::Greater => (RowFormat::Csv, true),
                Ordering::Less => (format, true),
                Ordering::Equal => (format, false),
            },
        }
    }

    /// Reads the sample in this format, or returns `None` if it is not in this format.
    fn rows(&self, format: RowFormat, delimiter: u8) -> Option<Vec<Row>> {
        let style = Style::new(format, delimiter, self.text, true);
        let (mut rows, mut cells): (Vec<Row>, _) = (Vec::new(), Cells::default());
        for line in self.text.split_inclusive(|byte| *byte == b'\n') {
            if cells.is_empty() && style.is_end(line) {
                break;
            }
            if cells.is_empty() && line.trim_ascii().is_empty() {
                continue;
            }
            if cells.feed(line, &style).ok()? {
                rows.push(cells.iter().collect());
                cells.clear();
            }
        }
        let width = rows.first().map_or(0, Vec::len);
        rows.iter().all(|row| row.len() == width).then_some(rows)
    }

    /// Guesses the character that separates the cells: the usual one that is most frequent outside quotes in the first
    /// line. A tab hardly ever has another meaning, so a single one decides.
    fn delimiter(&self, format: Option<RowFormat>) -> u8 {
        let escapes = format == Some(RowFormat::Enclosed);
        let line = self.text.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let (mut quoted, mut is_escaped) = (false, false);
        let mut counts = [(b',', 0), (b';', 0), (b'\t', 0), (b'|', 0)];
        for byte in line {
            if std::mem::take(&mut is_escaped) {
                continue;
            }
            is_escaped = escapes && *byte == b'\\';
            quoted ^= *byte == b'"';
            if let Some((_, count)) = counts.iter_mut().find(|(delimiter, _)| delimiter == byte && !quoted) {
                *count += if *byte == b'\t' { line.len() } else { 1 };
            }
        }
        // If several are equally frequent, `max_by_key` takes the last. After `rev`, that is the comma, the best guess.
        counts.into_iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(delimiter, _)| delimiter)
    }
}

/// The number of cells that hold an object or an array as JSON.
fn json(rows: Option<Vec<Row>>) -> usize {
    let rows = rows.unwrap_or_default();
    let holds = |cell: &[u8]| serde_json::from_slice::<serde::de::IgnoredAny>(cell).is_ok();
    let texts = rows.iter().flatten().filter(|(cell, _)| cell.starts_with(b"{") || cell.starts_with(b"["));
    texts.filter(|(cell, _)| holds(cell)).count()
}

/// The cells of a row, each with whether it was in quotes.
type Row = Vec<(Vec<u8>, bool)>;

/// What the quotes tell of rows that can be read as CSV, and as text with escapes too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quotes {
    /// No cell is in quotes, or only those of one column: a text of JSON has quotes too.
    No,
    /// A cell has a doubled quote in it, as only CSV writes it, or all cells are in quotes.
    Csv,
    /// They may be of CSV or of the texts.
    Unclear,
}

impl Quotes {
    fn of(rows: &[Row]) -> Self {
        let cells = || rows.iter().flat_map(|row| row.iter().enumerate());
        let quoted = || cells().filter(|(_, (_, quoted))| *quoted);
        let holds = |bytes: &[u8]| quoted().any(|(_, (cell, _))| cell.iter().any(|byte| bytes.contains(byte)));
        let is_bare_quote = |(_, (cell, quoted)): (usize, &(Vec<u8>, bool))| !quoted && cell.contains(&b'"');
        let first = quoted().next().map(|(column, _)| column);
        if holds(b"\t\n") || holds(b"\"") && cells().any(is_bare_quote) {
            // As text with escapes, the lines of this cell are rows like the others. Or a writer of CSV would have put
            // each cell with a quote in quotes.
            Self::Unclear
        } else if holds(b"\"") {
            Self::Csv
        } else if quoted().all(|(column, _)| Some(column) == first) {
            Self::No
        } else if quoted().count() == cells().count() && !holds(b"\\") {
            Self::Csv
        } else {
            Self::Unclear
        }
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
            ("1\t{\"a\":1,\"b\":2,\"c\":3}", b'\t'),
        ] {
            assert_eq!(Sample { text: row.as_bytes(), by_name: true }.delimiter(None), delimiter, "{row}");
        }
        let sample = Sample { text: br#""\"a"	"{\"b\":1,\"c\":2}""#, by_name: false };
        assert_eq!(sample.delimiter(Some(RowFormat::Enclosed)), b'\t');
    }

    #[test]
    fn formats_are_told_apart() {
        for (text, by_name, format) in [
            // All read these alike.
            ("id\tbody\n1\t5\n", true, RowFormat::Csv),
            ("id\tbody\n1\t\"{\"\"a\"\":1}\"\n", true, RowFormat::Csv),
            ("1\t{\"a\":1}\n", false, RowFormat::Copy),
            ("1\t{\"a\":\"\\\\n\"}\n", false, RowFormat::Copy),
            ("1\t\\N\n", false, RowFormat::Copy),
            ("id\tbody\n1\t\\N\n", true, RowFormat::Copy),
            ("id\tbody\n1\tNULL\n", true, RowFormat::Mysql),
            ("1\tNULL\n", false, RowFormat::Mysql),
            ("id\tbody\n1\t{\"a\":1}\n", true, RowFormat::Mysql),
            ("1\t{\"a\":\"\\\\\"\\\\n\"}\n", false, RowFormat::Copy),
            ("\"1\"\t\"{\\\"a\\\":1}\"\n", false, RowFormat::Enclosed),
            // MySQL escapes a line end and a zero in its own way. COPY reads both, and never writes the zero.
            ("1\ta\\\nb\n2\tx\\0\n", false, RowFormat::Outfile),
            // JSON whose escapes nobody escaped again.
            ("1\t{\"a\":\"\\ty\"}\n", false, RowFormat::Csv),
            ("1\t{\"a\":\"\\u00e9\"}\n", false, RowFormat::Csv),
            ("1,\"{\\\"a\\\":1}\"\n2,\\N\n", false, RowFormat::Enclosed),
            ("1,{\"a\":1\\,\"b\":2}\n", false, RowFormat::Outfile),
            ("1,{\"a\":1}\n", false, RowFormat::Csv),
            ("\"1\"\t\"m\"\t\"5\"\n", false, RowFormat::Csv),
        ] {
            let sample = Sample { text: text.as_bytes(), by_name };
            assert_eq!(sample.format(sample.delimiter(None)).0, format, "{text}");
        }
    }

    #[test]
    fn what_several_formats_read_differently_is_not_guessed() {
        for (text, is_clear) in [
            // As text with escapes, these are three rows.
            ("1\tm-1\t\"open\n2\tm-2\tx\n3\tm-3\tend\"\n", false),
            // A writer of CSV would have put the JSON in quotes.
            ("1\t{\"a\":\"\\\\n\"}\t\"say \"\"hi\"\"\"\n", false),
            ("1\t\"say \"\"hi\"\"\"\n", true),
            ("1\t\"m-1\"\t\"till\"\n", false),
            // This is JSON where nothing is quoted. A later row may have a backslash.
            ("1\t\"till\"\n", false),
            ("1|{\"a\":\"C:\\\\\\\\temp\"}\n", false),
            ("1|\"{\"\"a\"\":\"\"C:\\\\temp\"\"}\"\n", true),
            ("1,\"m-1\",\"C:\\\\temp\"\n", false),
            // As text with escapes, these have a line end and a tab in them.
            ("1\t{\"a\":\"x\\\\ny\"}\n", false),
            ("1\tC:\\temp\n", false),
            ("1\t{\"a\":\"\\\\\"x\\\\\"\\\\n\"}\n", true),
            ("1\t{\"a\":\"x\\\\ny\"}\n2\t\\N\n", true),
            // A later row that is torn does not make the rows before it CSV.
            ("1\t{\"a\":\"x\\\\ny\"}\n2\tab\\", false),
            ("1\t{\"a\":\"x\\\\ny\"}\n2\t5\t6\n", false),
            // CSV may have this null too.
            ("1|\\N|x\n", true),
            ("1,C:\\temp\n", true),
        ] {
            let sample = Sample { text: text.as_bytes(), by_name: false };
            assert_eq!(sample.format(sample.delimiter(None)).1, is_clear, "{text}");
        }
    }
}
