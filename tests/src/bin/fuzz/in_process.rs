//! The readers that are part of the library.

use std::fs;

use afresh::format::{Error, Json, Options, RawTrace, Readable, Reader, Writer};
use afresh::import::{Mapping, RowFormat, RowKind, Shape, import};
use afresh::minimize::Walk;
use afresh::minimize::walk::Line;
use afresh_core::Header;
use afresh_fixtures::{Documents, Ledger, OrderBook};
use afresh_tests::root;

use crate::Target;
use crate::processes::Binary;

/// The name of the file in errors.
const NAME: &str = "fuzzed";

/// How many lines of a kept trace are damaged. On longer files, most damage is far from any other.
const LINES: usize = 40;

/// Checks that an error names the file, and the line unless it is about all of the file.
fn named(error: &Error, is_about_all: bool) -> Result<(), String> {
    let text = error.to_string();
    let is_placed = text.starts_with(NAME) && (error.line > 0 || is_about_all);
    if is_placed && text.chars().all(|char| char == '\n' || !char.is_control()) {
        return Ok(());
    }
    Err(format!("an error without file and line, or with a control character: {text:?}"))
}

/// The traces of the fixtures.
pub(crate) struct Traces;

impl Target for Traces {
    fn corpus(&self) -> Vec<Vec<u8>> {
        let entries = fs::read_dir(root().join("fixtures/traces")).expect("a folder").flatten();
        let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
        paths.sort();
        let read = |path| fs::read(path).expect("a file");
        let first =
            |file: Vec<u8>| file.split_inclusive(|byte| *byte == b'\n').take(LINES).collect::<Vec<_>>().concat();
        paths.into_iter().map(read).map(first).collect()
    }

    fn read(&self, file: &[u8]) -> Result<bool, String> {
        let raw = || Reader::new(NAME, file, Options::default())?.raw_trace();
        let raw = match raw() {
            Ok(raw) => raw,
            Err(error) => {
                // The types are read by other code, which must not accept what is no trace.
                if typed(&Ledger::default(), file)? {
                    return Err(format!("only the typed reader accepts it: {error}"));
                }
                return named(&error, file.is_empty()).map(|()| false);
            }
        };
        let written = raw.write("again", Vec::new()).map_err(|error| format!("it cannot be written: {error}"))?;
        if !is_same(&raw, &trace(&written)?) {
            return Err("it is read as another trace after it was written".to_owned());
        }
        typed(&Ledger::default(), file)?;
        typed(&OrderBook::default(), file)?;
        typed(&Documents::default(), file)?;
        Ok(true)
    }
}

fn trace(file: &[u8]) -> Result<RawTrace, String> {
    let read = || Reader::new(NAME, file, Options::default())?.raw_trace();
    read().map_err(|error| format!("what was written is refused: {error}"))
}

fn is_same(one: &RawTrace, other: &RawTrace) -> bool {
    let events = one.events.iter().zip(&other.events);
    one.header == other.header
        && one.events.len() == other.events.len()
        && events.clone().all(|(one, other)| (one.number, one.cause, one.at) == (other.number, other.cause, other.at))
        && events.clone().all(|(one, other)| one.kind == other.kind && is_same_json(&one.content, &other.content))
}

/// Compares the texts of two values. A text with a line end is written without blanks, so that it is a single line.
fn is_same_json(one: &Json, other: &Json) -> bool {
    let without_blanks = |json: &Json| json.get().replace(['\n', '\r', '\t', ' '], "");
    one == other || one.get().contains(['\n', '\r']) && without_blanks(one) == without_blanks(other)
}

/// Reads a trace in the types of a system, if it is one. Returns whether it is.
fn typed<S: Readable>(system: &S, file: &[u8]) -> Result<bool, String> {
    let read = |file| Reader::new(NAME, file, Options::default())?.trace(system);
    let written = |file| -> Result<Vec<u8>, Error> {
        let trace = read(file)?;
        let mut writer = Writer::new("again", Vec::new(), &trace.header)?;
        trace.events.iter().try_for_each(|event| writer.event(event))?;
        writer.finish()
    };
    if let Err(error) = read(file) {
        return named(&error, file.is_empty()).map(|()| false);
    }
    let once = written(file).map_err(|error| format!("it cannot be written in its types: {error}"))?;
    match written(&once) {
        Ok(twice) if twice == once => Ok(true),
        Ok(_) => Err("it is read as another trace after it was written in its types".to_owned()),
        Err(error) => Err(format!("what was written in its types is refused: {error}")),
    }
}

/// Rows as a database exports them.
pub(crate) struct Rows;

/// The fields of the rows, and where they come from.
const FIELDS: [&str; 8] =
    ["kind=.way", "id=.id", "from=.peer", "to=.peer", "revision=.rev", "body=.body", "at=.at", "key=.id"];

impl Target for Rows {
    fn corpus(&self) -> Vec<Vec<u8>> {
        let table = [
            ["way", "id", "peer", "rev", "body", "at"],
            ["in", "m-1", "bank", "1", r#"{"deposit":{"account":"a","amount":12.50,"on":1}}"#, "2026-03-14 09:00:02"],
            ["out", "a-1/receipt", "payments", "2", r#"{"text":"a, \"b\""}"#, "1773478802"],
            ["view", "a-1", "", "3", "[1,[2,[3]]]", "2026-03-14T09:00:02.5Z"],
            ["skip", "x", "y", "", "null", ""],
        ];
        let rows = |cell: fn(&str) -> String, delimiter: &str| {
            let row = |row: &[&str; 6]| row.map(cell).join(delimiter) + "\n";
            table.iter().map(row).collect::<String>().into_bytes()
        };
        let json = |row: &[&str; 6]| {
            let cells = table[0].iter().zip(row).filter(|(_, cell)| !cell.is_empty());
            let cells = cells.map(|(name, cell)| match *name {
                "body" | "rev" => format!("\"{name}\":{cell}"),
                _ => format!("\"{name}\":{}", serde_json::Value::from(*cell)),
            });
            format!("{{{}}}\n", cells.collect::<Vec<_>>().join(","))
        };
        vec![
            table[1..].iter().map(json).collect::<String>().into_bytes(),
            rows(|cell| format!("\"{}\"", cell.replace('"', "\"\"")), ","),
            rows(|cell| if cell.is_empty() { "\\N".to_owned() } else { cell.replace('\\', "\\\\") }, "\t"),
            rows(|cell| format!("\"{}\"", cell.replace('\\', "\\\\").replace('"', "\\\"")), ","),
        ]
    }

    fn read(&self, file: &[u8]) -> Result<bool, String> {
        let fields = FIELDS.iter().map(|field| field.parse().expect("a field"));
        let kinds = [("in", RowKind::In), ("out", RowKind::Out), ("view", RowKind::View), ("skip", RowKind::Ignored)];
        let mapping = Mapping::new(fields, kinds.map(|(value, kind)| (value.into(), kind)))?;
        let formats = [RowFormat::Json, RowFormat::Csv, RowFormat::Copy, RowFormat::Enclosed, RowFormat::Mysql];
        let mut accepted = false;
        for rows in formats.into_iter().map(Some).chain([None]) {
            let shape = Shape { rows, delimiter: None, header: true, line_max: 1 << 20, lines_max: 100 };
            let mut writer = Writer::new("out", Vec::new(), &Header::complete("ledger")).expect("a header");
            let mut bad = Ok(());
            let done = import(
                NAME,
                file,
                shape,
                &mapping,
                &mut writer,
                |_| Ok(None),
                |error| {
                    bad = std::mem::replace(&mut bad, Ok(())).and_then(|()| named(&error, false));
                    Ok(())
                },
            );
            bad?;
            match done {
                Err(error) => named(&error, true)?,
                Ok(summary) => {
                    let written = writer.finish().map_err(|error| error.to_string())?;
                    let read = trace(&written)?;
                    let events = summary.messages_in + summary.out + summary.views;
                    if read.events.len() as u64 != events || read.write("again", Vec::new()).ok() != Some(written) {
                        return Err(format!("the {events} events of {rows:?} are not read as written"));
                    }
                    accepted = true;
                }
            }
        }
        Ok(accepted)
    }
}

/// The walks of searches.
pub(crate) struct Walks(pub(crate) Binary);

impl Target for Walks {
    fn corpus(&self) -> Vec<Vec<u8>> {
        ["ledger-receipt-stays", "document-stale-digest"].map(|name| self.0.walk_of(name)).into()
    }

    fn read(&self, file: &[u8]) -> Result<bool, String> {
        let walk = match Walk::read(file) {
            Ok(walk) => walk,
            // The command line names the file, and these errors the line.
            Err(error) if error.to_string().contains("line") || error.to_string().contains("format ") => {
                return Ok(false);
            }
            Err(error) => return Err(format!("an error without a line: {error}")),
        };
        if walk.len > file.len() {
            return Err("it is longer than its file".to_owned());
        }
        let text = |line: Line| line.to_text().expect("a line");
        let mut again = text(Line::Walk(walk.header.clone()));
        for (intent, verdict) in &walk.runs {
            let open = walk.undecided.contains(&intent.run);
            let judged = afresh::minimize::walk::Judged { run: intent.run, verdict: verdict.clone(), open };
            again += &(text(Line::Run(intent.clone())) + &text(Line::Verdict(judged)));
        }
        let again = Walk::read(again.as_bytes()).map_err(|error| format!("what was written is refused: {error}"))?;
        let is_same = (&again.header, &again.runs, &again.undecided) == (&walk.header, &walk.runs, &walk.undecided);
        if is_same { Ok(true) } else { Err("it is read as another walk after it was written".to_owned()) }
    }
}
