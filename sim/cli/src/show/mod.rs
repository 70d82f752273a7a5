//! `afresh show`: prints the timeline of a trace.

mod walk;

use std::path::PathBuf;
use std::process::ExitCode;

use afresh_check::show::{CalmPhase, Entry, Filter, Options, Range, Summary, show_recorded};
use afresh_trace::format::{Error, Kind, Problem, time};
use afresh_trace::text::{count, escape, number};
use afresh_trace::unknown::{Thing, UnknownName};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::config;
use crate::console::{CliError, Console, json};
use crate::input;
use crate::report::terminal::{self, BAD, DIM, GOOD, styled};
use crate::report::timeline::Columns;
use crate::runner::Systems;
use crate::source::{Comparison, Format, Source};

/// Show the timeline of a trace, one line for each event.
///
/// A line has the number of the event, its time, kind, id, sender or receiver, keys in brackets, body, and cause. The
/// trace is run while it is shown, with carried states. A line that begins with `-` was recorded but does not happen
/// now. A line that begins with `+` happens now but was not recorded. In a window, a line that begins with `?` depends
/// on messages before the window.
///
/// `--key`, `--message`, `--kind` and `--range` narrow down the events; repeating one of the first three shows more.
/// For example, this shows what a message did, and to which states: `show night.jsonl --message m-17 --views`.
///
/// Exit codes: 0 shown; 2 bad usage, or input that cannot be read.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The trace, `-` for standard input; with `--walk`, the original that was shrunk.
    #[arg(required_unless_present = "walk")]
    trace: Option<PathBuf>,

    #[command(flatten)]
    source: Source,

    #[command(flatten)]
    comparison: Comparison,

    /// Show only events that concern this key.
    #[arg(long = "key", value_name = "KEY")]
    keys: Vec<String>,

    /// Show only this message and everything that it caused; an output is named `KEY/SLOT`.
    #[arg(long = "message", value_name = "ID[@FROM]")]
    messages: Vec<String>,

    /// Show only events of this kind.
    #[arg(long = "kind", value_name = "KIND", value_parser = kind)]
    kinds: Vec<Kind>,

    /// Show only events with these numbers: `A..B` (both included), `A..`, `..B`, or one number.
    #[arg(long, value_name = "A..B", default_value = "..")]
    range: Range,

    /// Show only the differences: what was recorded but does not happen now, and what happens now but was not recorded.
    #[arg(long)]
    differences: bool,

    /// For each stimulus, show the views of its keys before and after it; show the recomputed state too if it differs
    /// from the carried one.
    #[arg(long)]
    views: bool,

    /// Show only what was recorded, and run nothing. This is the default for a system that this program does not have.
    #[arg(long, conflicts_with_all = ["system", "differences", "views"])]
    recorded: bool,

    /// Show bodies whole; without this option, a terminal shows 120 characters of each.
    #[arg(long)]
    full: bool,

    /// Show each accepted step of a shrink instead, with what it removed or changed. The original is found next to the
    /// walk if `shrink` chose the file names. Otherwise, pass it as the trace.
    #[arg(long, value_name = "WALK", conflicts_with_all = [
        "keys", "messages", "kinds", "range", "differences", "views", "full",
    ])]
    walk: Option<PathBuf>,

    /// The format of the timeline.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

fn kind(text: &str) -> Result<Kind, String> {
    Kind::named(text)
        .ok_or_else(|| UnknownName::new(Thing::Kind, text, Kind::ALL.iter().map(|kind| kind.name())).to_string())
}

/// Runs the subcommand, and returns its exit code.
pub(super) fn main(args: &Args, systems: &Systems, console: &Console) -> Result<ExitCode, CliError> {
    if let Some(walk) = &args.walk {
        return walk::play(args, walk, systems, console);
    }
    let Some(trace) = &args.trace else { return Err(CliError::Usage("no trace is named".into())) };
    let name = input::name(trace);
    let reader = args.source.reader(name.clone(), input::open(trace)?)?;
    let header = reader.header().clone();
    let is_unknown = args.source.system.is_none() && systems.get(&header.system).is_err();
    let runner = if args.recorded || is_unknown { None } else { Some(args.source.runner(systems, &reader)?) };
    let system = args.source.system.clone().unwrap_or(header.system);
    if is_unknown && (args.views || args.differences) {
        return Err(CliError::Usage(format!(
            "{}: this program does not have the system {}, so it cannot tell views before and after or differences\n  \
             help: name a system with `--system`, or add it to {}",
            escape(&name),
            escape(&system),
            config::NAME
        )));
    }
    let show = |reader, options: &Options, each: &mut dyn FnMut(&Entry) -> Result<(), Error>| match runner {
        Some(runner) => runner.show(reader, options, each),
        None => show_recorded(reader, options, each),
    };
    let filter = Filter {
        keys: args.keys.iter().map(|key| key.as_str().into()).collect(),
        messages: args.messages.iter().cloned().collect(),
        kinds: args.kinds.iter().copied().collect(),
        range: args.range,
        differences: args.differences,
    };
    let options = Options { filter, views: args.views, ignored: args.comparison.ignored.clone() };
    match args.format {
        Format::Text => {
            let mut writer = console.writer();
            let mut write = |text: &str| writer.print(text).map_err(unwritten);
            let window = if header.complete { "the whole history" } else { "a window of a history" };
            // If the filter has a name that the trace does not have, the error comes without a beginning.
            let run = match runner {
                Some(_) => "",
                None if args.recorded => "; nothing was run",
                None => {
                    ", a system that this program does not have: nothing was run, so it cannot tell what happens now"
                }
            };
            let mut beginning = format!("{}: {window} of {}{run}\n", escape(&name), escape(&system));
            let mut columns = Columns::new(console.is_terminal() && !args.full);
            let summary =
                show(reader, &options, &mut |entry| write(&(std::mem::take(&mut beginning) + &columns.entry(entry))))?;
            write(&(beginning + &ending(&summary, &name)))?;
            writer.flush().map_err(unwritten)?;
        }
        Format::Json => {
            let mut events = Vec::new();
            let summary = show(reader, &options, &mut |entry| {
                // Text takes a fraction of the memory of a `Value`.
                events.push(to_raw_value(entry).map_err(|error| unwritten(error.into()))?);
                Ok(())
            })?;
            let was_run = runner.is_some();
            let shown = Shown { trace: name, system, complete: header.complete, was_run, summary, events };
            console.print(&json("show", &shown))?;
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
    /// `false` if only the record is shown.
    was_run: bool,
    summary: Summary,
    events: Vec<Box<RawValue>>,
}

fn unwritten(error: std::io::Error) -> Error {
    Error::file("standard output", Problem::Write(error))
}

/// Returns the end of the timeline: the calm phase and the findings of a world, the counts, and the digest.
fn ending(summary: &Summary, file: &str) -> String {
    let Summary { events, shown, gone, new, not_derivable, digest, calm, ref findings } = *summary;
    let mut text = String::new();
    if let Some(CalmPhase { events, telling, until }) = calm {
        let until = time(until);
        text += &format!("calm phase: {}, until {}", count(events, "event", "events"), until.trim_matches('"'));
        if let Some(telling) = telling {
            text += &format!("; all but {} change nothing", number(telling));
        }
        text += "\n";
    }
    text += &terminal::findings(findings, file);
    text += &format!("{}\n", styled(DIM, format!("{} of {} shown", number(shown), count(events, "event", "events"))));
    if gone > 0 {
        text += &format!(
            "{}\n",
            styled(
                BAD,
                format!("- {} now", count(gone, "was recorded but does not happen", "were recorded but do not happen"))
            )
        );
    }
    if new > 0 {
        text += &format!(
            "{}\n",
            styled(GOOD, format!("+ {} not recorded", count(new, "happens now but was", "happen now but were")))
        );
    }
    if not_derivable > 0 {
        let observations = count(not_derivable, "observation depends", "observations depend");
        text += &format!("{}\n", styled(DIM, format!("? {observations} on messages before the window")));
    }
    if let Some(digest) = digest {
        text += &format!("{}\n", styled(DIM, format!("digest {digest}")));
    }
    text
}
