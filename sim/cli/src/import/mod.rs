//! `afresh import`: turns rows of a message table into a trace, and copies a trace into a store.

#[cfg(feature = "serve")]
mod into;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;

use afresh_core::Header;
use afresh_trace::format::files::{Identity, Output};
use afresh_trace::format::{Error, Problem, Writer};
use afresh_trace::import::{Assignment, Field, Mapping, RowFormat, RowKind, Shape, Summary, Unit, import};
use afresh_trace::text::escape;
use report::Report;

use crate::console::{CliError, Console, json, message};
use crate::input;
use crate::runner::{Runner, Systems};
use crate::source::Format;

/// Turn rows exported from a message table into a trace.
///
/// The rows are JSON Lines, CSV, or text as a database writes it, in the order in which the messages arrived. Without
/// the field `kind`, every row is a message in.
///
/// The report counts the messages that will not count when the trace is run: those that the system cannot read or
/// rejects, duplicates, conflicts and stale revisions.
///
/// With `--into`, the rows are a trace, which becomes the journal of a store.
#[derive(Clone, Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// The file with the rows; `-` for standard input.
    rows: PathBuf,

    /// The system that the messages are for; the header of the trace names it.
    #[arg(long, value_name = "NAME", required_unless_present = "into")]
    system: Option<String>,

    /// Take a field of each event from a column or another expression; repeat the option for each field.
    ///
    /// FIELD is one of at, kind, id, from, to, revision, body, withdrawn, key, slot, value. A message in needs id, from
    /// and body; a message out needs id (or key and slot), to and body; a view needs key and value (or body).
    ///
    /// EXPR is one of: a column, .msg_id; a path into the JSON of a column, .payload.items.0; a name with dots, in
    /// quotes, ."msg.id"; the whole row of JSON, a single dot; the same text for every row, =bank; whether a value is a
    /// text, .op==d, or is missing, .payload==null; a whole number plus another, .offset+1. Columns without a header
    /// are .1, .2 and so on. The field withdrawn is true or false, or the time of the withdrawal.
    #[arg(long = "map", value_name = "FIELD=EXPR", required_unless_present = "into")]
    map: Vec<Assignment>,

    /// Rows whose kind is VALUE are messages in.
    #[arg(long = "in", value_name = "VALUE", default_value = "in")]
    kind_in: Vec<String>,

    /// Rows whose kind is VALUE are messages out.
    #[arg(long = "out", value_name = "VALUE", default_value = "out")]
    kind_out: Vec<String>,

    /// Rows whose kind is VALUE are views of a key.
    #[arg(long = "view", value_name = "VALUE", default_value = "view")]
    kind_view: Vec<String>,

    /// Rows whose kind is VALUE are ignored.
    #[arg(long = "ignore", value_name = "VALUE")]
    kind_ignored: Vec<String>,

    /// Declare that the rows are the whole history of their keys; without this option, the trace is a window.
    #[arg(long)]
    complete: bool,

    /// The version of the system that wrote the bodies; the system can use it to read old bodies.
    #[arg(long, value_name = "VERSION", default_value = "")]
    recorded_by: String,

    /// Where the rows come from, as a note for people.
    #[arg(long, value_name = "TEXT", default_value = "")]
    source: String,

    /// Write the trace to this file; `-` for standard output.
    #[arg(long, short, value_name = "OUT", default_value = "-")]
    output: PathBuf,

    /// Copy a complete trace into the empty store at URL, such as `sqlite:ledger.db`; the rows are the trace.
    ///
    /// A service that runs on the store continues from there. The numbers of the events must have no gaps.
    #[arg(long, value_name = "URL", conflicts_with_all = [
        "system", "map", "kind_in", "kind_out", "kind_view", "kind_ignored", "complete", "recorded_by", "source", "output",
        "force", "skip_bad", "later_replaces", "at_unit", "read_as", "delimiter", "no_header", "lines_max",
    ])]
    into: Option<String>,

    /// With `--into`: skip a last line of the trace that a crash cut off.
    #[arg(long, requires = "into")]
    torn: bool,

    /// Overwrite an existing output.
    #[arg(long)]
    force: bool,

    /// Skip bad rows and list them; without this option, the first bad row ends the import.
    #[arg(long)]
    skip_bad: bool,

    /// A later row of the same sender and id replaces the earlier ones: it is the next revision of the message.
    ///
    /// For change streams in which the last record of a key counts. Without this option, a later row with another body
    /// is a conflict, unless the field revision is mapped.
    #[arg(long)]
    later_replaces: bool,

    /// The unit of times that are numbers since 1970 [default: told by the size of the number].
    ///
    /// Without this option, a time before 1990 or after 2100 is an error. A date and a time without a time zone are in
    /// UTC.
    #[arg(long, value_name = "UNIT")]
    at_unit: Option<AtUnit>,

    /// The format of the rows [default: guessed from the first rows].
    #[arg(long, value_name = "FORMAT")]
    read_as: Option<Rows>,

    /// The character between the cells of a row; `tab` stands for a tab [default: the usual one of the format, and for
    /// CSV guessed from the first row].
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter)]
    delimiter: Option<u8>,

    /// Read the first row as data, not as a header; the columns are numbered from .1.
    #[arg(long)]
    no_header: bool,

    /// The most lines that a row may take.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    lines_max: u64,

    /// The longest row that is read.
    #[arg(long, value_name = "BYTES", default_value_t = 16 << 20)]
    line_max: usize,

    /// The format of the summary. Text goes to standard error. JSON goes to standard output, or to standard error if
    /// the trace goes to standard output.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

const EXAMPLES: &str = "\
Examples:
  A table of messages in, exported from Postgres as CSV with a header:

    afresh import messages.csv --system ledger --complete --output night.jsonl \\
      --map id=.msg_id --map from=.source --map body=.payload --map at=.created_at

  One table with both directions and snapshots, as JSON Lines:

    afresh import messages.jsonl --system ledger --output night.jsonl \\
      --map kind=.direction --in inbound --out outbound --view snapshot \\
      --map id=.msg_id --map from=.peer --map to=.peer --map body=.payload \\
      --map key=.account --map value=.payload.state --map at=.created_at

  A compacted topic, printed by `kcat -J`: a later record of a key replaces the earlier ones, and null deletes:

    afresh import orders.jsonl --system orders --complete --output orders.trace.jsonl --later-replaces \\
      --map id=.key --map from=.topic --map body=.payload --map withdrawn=.payload==null --map at=.ts

The order of the rows is taken as the order of arrival: export them with ORDER BY.
Exit codes: 0 imported; 2 a bad row or bad usage, and nothing is written.";

fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(*byte),
        b"tab" | b"\\t" => Ok(b'\t'),
        _ => Err("expected one ASCII character other than a quote, or `tab`".into()),
    }
}

/// The format of the rows, as an argument.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Rows {
    /// One JSON object on each line.
    Json,
    /// Cells that are separated by commas or another character.
    Csv,
    /// `COPY … TO` of Postgres in its text format.
    Copy,
    /// `SELECT … INTO OUTFILE` or `mysqldump --tab` of MySQL.
    Outfile,
    /// `SELECT … INTO OUTFILE … ENCLOSED BY '"'` of MySQL.
    Enclosed,
    /// The output of `mysql --batch`.
    Mysql,
}

impl Rows {
    fn format(self) -> RowFormat {
        match self {
            Self::Json => RowFormat::Json,
            Self::Csv => RowFormat::Csv,
            Self::Copy => RowFormat::Copy,
            Self::Outfile => RowFormat::Outfile,
            Self::Enclosed => RowFormat::Enclosed,
            Self::Mysql => RowFormat::Mysql,
        }
    }
}

/// The unit of a time, as an argument.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum AtUnit {
    /// Seconds.
    S,
    /// Milliseconds.
    Ms,
    /// Microseconds.
    Us,
    /// Nanoseconds.
    Ns,
}

impl AtUnit {
    fn unit(self) -> Unit {
        match self {
            Self::S => Unit::Seconds,
            Self::Ms => Unit::Milliseconds,
            Self::Us => Unit::Microseconds,
            Self::Ns => Unit::Nanoseconds,
        }
    }
}

/// Imports the rows, and prints the report.
pub(super) fn main(args: &Args, systems: &Systems, console: &Console) -> Result<ExitCode, CliError> {
    if let Some(url) = &args.into {
        #[cfg(feature = "serve")]
        return into::main(args, url, systems, console);
        #[cfg(not(feature = "serve"))]
        return Err(CliError::Usage(format!(
            "{}: this program has no stores: build it with the feature `serve`",
            escape(url)
        )));
    }
    let usual = [(&args.kind_in, "in"), (&args.kind_out, "out"), (&args.kind_view, "view")];
    let names_kinds = !args.kind_ignored.is_empty() || usual.iter().any(|(values, usual)| *values != &[*usual]);
    if names_kinds && !args.map.iter().any(|Assignment(field, _)| *field == Field::Kind) {
        let problem = "--in, --out, --view and --ignore name values of the field `kind`, which is not mapped";
        return Err(CliError::Usage(format!("{problem}\n  help: say where the kind is, with `--map kind=EXPR`")));
    }
    let of_rows = Identity::of(&args.rows);
    if of_rows.is_some() && of_rows == Identity::of(&args.output) {
        let output = escape(&args.output.to_string_lossy()).to_string();
        let problem = "is the file of the rows, which is never overwritten\n  help: choose another name";
        return Err(CliError::Usage(format!("{output}: {problem}")));
    }
    let system = args.system.as_deref().unwrap_or_default();
    let known = known(systems, system, console);
    let summary = try_run(args, system, known, console)?;
    let is_stdout = args.output.as_os_str() == "-";
    let report = Report {
        rows: input::name(&args.rows),
        output: if is_stdout { "standard output".to_owned() } else { args.output.display().to_string() },
        system,
        system_is_known: known.is_some(),
        summary,
    };
    match args.format {
        Format::Text => console.say(&report.text()),
        Format::Json if is_stdout => console.say(&json("import", &report)),
        Format::Json => console.print(&json("import", &report))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the system called `name`, if it is known and runs. Warns of a program that does not run: it rejects nothing.
fn known<'s>(systems: &'s Systems, name: &str, console: &Console) -> Option<&'s dyn Runner> {
    match systems.begin(name) {
        Ok(()) => systems.get(name).ok(),
        Err(why) => {
            console.say(&message(&format!("warning: {why}\n")));
            None
        }
    }
}

/// Imports the rows, and asks the system which messages it takes, if it is `known`.
fn try_run(args: &Args, system: &str, known: Option<&dyn Runner>, console: &Console) -> Result<Summary, Error> {
    let values = |values: &[String], kind| values.iter().map(move |value| (value.clone(), kind)).collect::<Vec<_>>();
    let kinds = [
        values(&args.kind_in, RowKind::In),
        values(&args.kind_out, RowKind::Out),
        values(&args.kind_view, RowKind::View),
        values(&args.kind_ignored, RowKind::Ignored),
    ];
    let mapping = Mapping::new(args.map.iter().cloned(), kinds.into_iter().flatten());
    let mapping = mapping.and_then(|mapping| if args.later_replaces { mapping.later_replaces() } else { Ok(mapping) });
    let mapping = mapping.map_err(|problem| Error::file("--map", Problem::Mapping(problem)))?;
    let mapping = mapping.at_unit(args.at_unit.map(AtUnit::unit));
    let shape = Shape {
        rows: args.read_as.map(Rows::format),
        delimiter: args.delimiter,
        header: !args.no_header,
        line_max: args.line_max,
        lines_max: args.lines_max,
    };
    let header = Header {
        version: args.recorded_by.clone(),
        complete: args.complete,
        source: args.source.clone(),
        ..Header::complete(system)
    };
    let name = input::name(&args.rows);
    let input = input::open(&args.rows)?;
    let output = Output::create(&args.output, args.force)?;
    let mut writer = Writer::new(output.name().to_owned(), output, &header)?;
    let admit = |body: &str| known.map_or(Ok(None), |system| system.admit(&args.recorded_by, body));
    let bad = |error: Error| {
        if !args.skip_bad {
            return Err(error);
        }
        console.say(&message(&format!("skipped: {error}\n")));
        Ok(())
    };
    let summary = import(&name, input, shape, &mapping, &mut writer, admit, bad)?;
    writer.finish()?.finish()?;
    Ok(summary)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use clap::Parser;
    use tempfile::TempDir;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        import: Args,
    }

    /// Runs `afresh import` on `rows`, with the file `out` of the folder as its output.
    fn import_to(folder: &Path, rows: &str, more: &[&str]) -> Result<Summary, Error> {
        let (from, to) = (folder.join("rows"), folder.join("out"));
        fs::write(&from, rows).unwrap();
        let paths = [Path::new("import"), &from, Path::new("--output"), &to].map(Path::as_os_str);
        let fields = ["--system", "ledger", "--map", "id=.id", "--map", "from==b", "--map", "body=.body"];
        let words = paths.into_iter().chain(fields.map(AsRef::as_ref)).chain(more.iter().map(AsRef::as_ref));
        try_run(&Cli::try_parse_from(words).unwrap().import, "ledger", None, &Console::new(None))
    }

    #[test]
    fn a_trace_is_written_and_never_over_another_unasked() {
        let folder = TempDir::new().unwrap();
        let rows = "id;body\n1;5\n";
        import_to(folder.path(), rows, &["--complete", "--source", "night", "--recorded-by", "7"]).unwrap();
        let trace = "{\"afresh\":{\"format\":1,\"system\":\"ledger\",\"version\":\"7\",\"complete\":true,\
                     \"source\":\"night\"}}\n\
                     {\"n\":1,\"in\":{\"id\":\"1\",\"from\":\"b\",\"body\":5}}\n";
        assert_eq!(fs::read_to_string(folder.path().join("out")).unwrap(), trace);
        assert!(matches!(*import_to(folder.path(), rows, &[]).unwrap_err().problem, Problem::Exists));
        import_to(folder.path(), rows, &["--force"]).unwrap();
        assert_ne!(fs::read_to_string(folder.path().join("out")).unwrap(), trace);
    }

    #[test]
    fn a_bad_row_leaves_nothing_behind() {
        let folder = TempDir::new().unwrap();
        let rows = "id,body\n1,5\n2,{\n";
        assert_eq!(import_to(folder.path(), rows, &[]).unwrap_err().line, 3);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let summary = import_to(folder.path(), rows, &["--skip-bad"]).unwrap();
        assert_eq!((summary.messages_in, summary.skipped), (1, 1));
    }

    #[test]
    fn kinds_and_delimiters_are_as_asked() {
        let folder = TempDir::new().unwrap();
        let rows = "1^5^2000-01-02\n1^5^2000-01-01\n";
        let more = [
            "--no-header",
            "--delimiter",
            "^",
            "--read-as",
            "csv",
            "--map",
            "kind==got",
            "--in",
            "got",
            "--map",
            "at=.3",
        ];
        let (from, to) = (folder.path().join("rows"), folder.path().join("out"));
        fs::write(&from, rows).unwrap();
        let fields = ["--system", "ledger", "--map", "id=.1", "--map", "from==b", "--map", "body=.2", "--output"];
        let words = ["import".as_ref(), from.as_os_str()].into_iter().chain(fields.map(AsRef::as_ref));
        let words = words.chain([to.as_os_str()]).chain(more.map(AsRef::as_ref));
        let summary =
            try_run(&Cli::try_parse_from(words).unwrap().import, "ledger", None, &Console::new(None)).unwrap();
        assert_eq!((summary.messages_in, summary.backwards), (2, 1));
    }

    #[test]
    fn usage_is_checked() {
        let parse = |more: &[&str]| Cli::try_parse_from([&["import", "rows", "--system", "s"], more].concat());
        assert!(parse(&["--map", "id=.a"]).is_ok());
        for bad in [&[][..], &["--map", "ids=.a"], &["--map", "id=.a", "--delimiter", "::"], &["--map", "id"]] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }
}
