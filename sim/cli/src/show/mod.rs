//! `afresh show`: the timeline of a trace.

mod walk;

use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::outcome::{self, Failure};
use super::source::{Format, Source};
use crate::report::terminal::{self, BAD, DIM, GOOD, styled};
use crate::report::timeline::Columns;
use crate::runner::Systems;
use afresh_check::show::{Calm, Filter, Options, Range, Summary};
use afresh_trace::format::{Error, Kind, Problem, files, time};
use afresh_trace::text::count;
use afresh_trace::text::escape;

/// Show a trace event by event, one line for each: its number, when, the kind, id, sender or receiver, [keys], body and
/// cause.
///
/// The trace is run as it is shown, with its states carried along. A line that begins with `-` was recorded and is not so
/// now; one that begins with `+` is so now and was not recorded.
///
/// Each condition narrows down what is shown; to repeat one is to ask for more of it. To see what a message did, and to
/// which states: `afresh show night.jsonl --message m-17 --views`.
///
/// Exit codes: 0 shown; 2 bad usage or unreadable input.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The trace, `-` for standard input; with `--walk`, the original of the search.
    #[arg(required_unless_present = "walk")]
    trace: Option<PathBuf>,

    #[command(flatten)]
    source: Source,

    /// Only what concerns this key.
    #[arg(long = "key", value_name = "KEY")]
    keys: Vec<String>,

    /// Only this message and whatever it caused; an output is named `KEY/SLOT`.
    #[arg(long = "message", value_name = "ID[@FROM]")]
    messages: Vec<String>,

    /// Only events of this kind.
    #[arg(long = "kind", value_name = "KIND", value_parser = kind)]
    kinds: Vec<Kind>,

    /// Only events with these numbers: `A..B`, both included, `A..`, `..B` or one number.
    #[arg(long, value_name = "A..B", default_value = "..")]
    range: Range,

    /// With each stimulus, the views of the keys that it concerns before and after it, and what is folded from the first
    /// message where that is not what is carried.
    #[arg(long)]
    views: bool,

    /// The steps of a search instead, one by one, with what each changed. The original is found beside the walk where the
    /// search named its files itself.
    #[arg(long, value_name = "WALK", conflicts_with_all = ["keys", "messages", "kinds", "range", "views"])]
    walk: Option<PathBuf>,

    /// How to write the timeline.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

fn kind(text: &str) -> Result<Kind, String> {
    Kind::named(text).ok_or_else(|| {
        let names: Vec<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        format!("expected one of {}", names.join(", "))
    })
}

pub(super) fn main(args: &Args, systems: &Systems) -> Result<ExitCode, Failure> {
    if let Some(walk) = &args.walk {
        return walk::play(args, walk);
    }
    let Some(trace) = &args.trace else { return Err(Failure::Usage("name a trace".into())) };
    let (reader, runner) = args.source.open(systems, trace)?;
    let header = reader.header().clone();
    let system = args.source.system.clone().unwrap_or(header.system);
    let name = files::input_name(trace);
    let filter = Filter {
        keys: args.keys.iter().map(|key| key.as_str().into()).collect(),
        messages: args.messages.iter().cloned().collect(),
        kinds: args.kinds.iter().copied().collect(),
        range: args.range,
    };
    let options = Options { filter, views: args.views };
    match args.format {
        Format::Text => {
            let mut stdout = BufWriter::new(anstream::stdout().lock());
            let mut write = |text: &str| stdout.write_all(text.as_bytes()).map_err(unwritten);
            let window = if header.complete { "the whole history" } else { "a window of a history" };
            write(&format!("{}: {window} of {}\n", escape(&name), escape(&system)))?;
            let mut columns = Columns::default();
            let summary = runner.show(reader, &options, &mut |entry| write(&columns.entry(entry)))?;
            write(&ending(&summary, &name))?;
            stdout.flush().map_err(unwritten)?;
        }
        Format::Json => {
            let mut events = Vec::new();
            let summary = runner.show(reader, &options, &mut |entry| {
                // As text it takes a fraction of the memory.
                events.push(to_raw_value(entry).map_err(|error| unwritten(error.into()))?);
                Ok(())
            })?;
            let shown = Shown { trace: name, system, complete: header.complete, summary, events };
            outcome::print(&outcome::json("show", &shown))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The report for programs.
#[derive(Serialize)]
struct Shown {
    trace: String,
    system: String,
    complete: bool,
    summary: Summary,
    events: Vec<Box<RawValue>>,
}

fn unwritten(error: std::io::Error) -> Error {
    Error::file("standard output", Problem::Write(error))
}

/// What came of a world, how much was shown, and what the signs say.
fn ending(summary: &Summary, file: &str) -> String {
    let Summary { events, shown, gone, new, digest, calm, ref findings } = *summary;
    let mut text = String::new();
    if let Some(Calm { events, until }) = calm {
        let until = time(until);
        text += &format!("then calm: {}, until {}\n", count(events, "event", "events"), until.trim_matches('"'));
    }
    text += &terminal::findings(findings, file);
    text += &format!("{}\n", styled(DIM, format!("{shown} of {} shown", count(events, "event", "events"))));
    if gone > 0 {
        text += &format!(
            "{}\n",
            styled(BAD, format!("- {} not so now", count(gone, "was recorded and is", "were recorded and are")))
        );
    }
    if new > 0 {
        text += &format!(
            "{}\n",
            styled(GOOD, format!("+ {} not recorded", count(new, "is so now and was", "are so now and were")))
        );
    }
    if let Some(digest) = digest {
        text += &format!("{}\n", styled(DIM, format!("digest {digest}")));
    }
    text
}
