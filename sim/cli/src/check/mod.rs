//! `afresh check`: holds recorded, incremental, recomputed and restated against each other.

mod supervised;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use afresh_core::Header;
use bytesize::ByteSize;
use serde::Serialize;

use super::duration::duration;
use super::jobs::jobs;
use super::outcome::{self, Failure};
use super::progress;
use super::source::{Format, Source};
use super::worker::{self, Death, Note, watch};
use crate::report::terminal::{BAD, GOOD, findings, styled};
use crate::runner::Systems;
use afresh_check::{Options, Report};
use afresh_trace::format::files;
use afresh_trace::format::{Error, Problem};
use afresh_trace::text::count;
use afresh_trace::text::escape;

/// Check traces: at every step, the carried state against the one folded from the first message, against an independent
/// statement of it, and against what was recorded.
///
/// Of a world it is looked at whether its properties hold in what can still happen, and whether two runs agree. It has no keys, and
/// takes no `--budget`.
///
/// A kept trace, whose header says which bug it once showed, passes when that bug and every other is gone.
///
/// Exit codes: 0 nothing is wrong; 1 something is; 2 bad usage or unreadable input.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The traces; `-` for standard input.
    #[arg(required = true)]
    traces: Vec<PathBuf>,

    #[command(flatten)]
    source: Source,

    /// How many messages may be folded to recompute from the first message at every step; beyond that, from states kept
    /// on the way, and from the first message at as many steps as the square root of the length [default: 200000000].
    #[arg(long, value_name = "MESSAGES")]
    budget: Option<u64>,

    /// Ask the laws as well: what must hold of every system, whatever its messages are. Of each place that a law could be asked
    /// of, those of a long trace are a sample.
    #[arg(long)]
    laws: bool,

    /// How many threads may work. What is printed does not depend on it.
    #[arg(long, value_name = "N", default_value_t = Options::default().jobs, value_parser = jobs)]
    jobs: usize,

    /// Give a trace up that takes longer, as a bug [default: never].
    #[arg(long, value_name = "TIME", value_parser = duration)]
    timeout: Option<Duration>,

    /// The most memory that the systems may have: `500MB`, `2GiB` [default: three quarters of what is free].
    #[arg(long, value_name = "SIZE")]
    memory: Option<ByteSize>,

    /// How to write the report.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What became of one trace.
#[derive(Serialize)]
#[serde(untagged)]
enum Checked {
    Read(Box<Trace>),
    /// The system ended the process, or had to be ended.
    Died {
        trace: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        shows: Option<String>,
        died: String,
    },
    Unreadable {
        trace: String,
        #[serde(rename = "error", serialize_with = "as_text")]
        failure: Error,
    },
}

/// What was found in one trace.
#[derive(Serialize)]
struct Trace {
    trace: String,
    system: String,
    /// The signature that the trace is kept for.
    #[serde(skip_serializing_if = "Option::is_none")]
    shows: Option<String>,
    #[serde(flatten)]
    report: Report,
}

fn as_text<Z: serde::Serializer>(error: &Error, serializer: Z) -> Result<Z::Ok, Z::Error> {
    serializer.collect_str(error)
}

pub(super) fn main(args: &Args, systems: &Systems) -> Result<ExitCode, Failure> {
    args.source.system_is_known(systems)?;
    if args.traces.iter().filter(|path| path.as_os_str() == "-").count() > 1 {
        return Err(Failure::Usage("standard input can be read once: name it once".into()));
    }
    if !worker::is_one() {
        return supervised::check(args);
    }
    let mut clean = true;
    let mut checked = Vec::new();
    let mut readable = true;
    for result in check_all(args, systems) {
        match &result {
            Checked::Read(trace) => {
                clean &= trace.report.is_clean();
                if args.format == Format::Text {
                    outcome::print(&text(trace))?;
                }
            }
            Checked::Died { trace, shows, died } => {
                clean = false;
                if args.format == Format::Text {
                    outcome::print(&text_of_death(trace, shows.as_deref(), died))?;
                }
            }
            Checked::Unreadable { failure, .. } => {
                readable = false;
                outcome::say(&format!("afresh: {failure}\n"));
            }
        }
        checked.push(result);
    }
    if args.format == Format::Json {
        outcome::print(&outcome::json("check", &checked))?;
    }
    Ok(match (readable, clean) {
        (false, _) => ExitCode::from(2),
        (true, false) => ExitCode::from(1),
        (true, true) => ExitCode::SUCCESS,
    })
}

/// Checks all traces, several at a time, and gives what was found in the order in which they were named.
fn check_all(args: &Args, systems: &Systems) -> Vec<Checked> {
    let traces = args.traces.len();
    let serial = worker::start().is_some_and(|start| start.serial);
    let jobs = if serial { 1 } else { args.jobs };
    let workers = jobs.min(traces);
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<Checked>>> = (0..traces).map(|_| Mutex::new(None)).collect();
    let default = Options::default();
    let options = Options {
        budget: args.budget.unwrap_or(default.budget),
        jobs: (jobs / workers).max(1),
        laws: args.laws,
        progress: progress::did,
    };
    let _progress = progress::of_things(traces);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(path) = args.traces.get(place) else { return };
                    let checked = check_one(args, systems, place, path, options)
                        .unwrap_or_else(|failure| Checked::Unreadable { trace: files::input_name(path), failure });
                    if let Ok(mut result) = results[place].lock() {
                        *result = Some(checked);
                    }
                }
            });
        }
    });
    results.into_iter().filter_map(|result| result.into_inner().ok().flatten()).collect()
}

fn check_one(args: &Args, systems: &Systems, place: usize, path: &Path, options: Options) -> Result<Checked, Error> {
    let death = worker::start().and_then(|start| start.dead.get(&place));
    worker::send(&Note::Begins(place));
    let (reader, runner) = args.source.open(systems, path)?;
    if args.budget.is_some() && runner.is_world() {
        return Err(Error::file(files::input_name(path), Problem::NoKeys("--budget")));
    }
    let Header { system, shows, .. } = reader.header().clone();
    if let Some(death) = death.map(Death::to_string) {
        return Ok(Checked::Died { trace: files::input_name(path), shows, died: death });
    }
    let system = args.source.system.clone().unwrap_or(system);
    let report = watch(|| runner.check(reader, options))?;
    Ok(Checked::Read(Box::new(Trace { trace: files::input_name(path), system, shows, report })))
}

fn text(checked: &Trace) -> String {
    let Trace { trace, report, shows, .. } = checked;
    let verdict = match report.findings.len() {
        0 => styled(GOOD, "nothing is wrong".to_owned()).to_string(),
        findings => styled(BAD, count(findings as u64, "finding", "findings")).to_string(),
    };
    let mut text =
        format!("{}: {verdict}; {}, {}\n", escape(trace), count(report.stimuli, "stimulus", "stimuli"), report.extent,);
    if let Some(shows) = shows {
        let back = report.findings.iter().any(|finding| finding.signature.to_string() == *shows);
        text += &format!("  kept for {}, which {}\n", escape(shows), if back { "is back" } else { "does not show" });
    }
    text += &match report.skipped {
        None => coverage(report),
        Some(skipped) => coverage_of_world(report, skipped),
    };
    match report.laws.as_deref() {
        None => {}
        Some([]) => text += "  no law was asked, as the trace is a window of a history\n",
        Some(laws) if report.skipped.is_some() => {
            text += &format!("  asked of the laws the one that is about worlds: {}\n", laws.join(", "));
        }
        Some(laws) => text += &format!("  asked the laws {}\n", laws.join(", ")),
    }
    text + &findings(&report.findings, trace)
}

/// A trace on which the system ended the process.
fn text_of_death(trace: &str, shows: Option<&str>, died: &str) -> String {
    let verdict = styled(BAD, "1 finding");
    let mut text = format!("{}: {verdict}; it ends the process that runs it\n", escape(trace));
    if let Some(shows) = shows {
        let back = if shows == died { "is back" } else { "does not show" };
        text += &format!("  kept for {}, which {back}\n", escape(shows));
    }
    text + &format!("  {}\n", escape(died))
}

/// What was looked at of a world, in words.
fn coverage_of_world(report: &Report, skipped: u64) -> String {
    let mut text = format!("  looked at {}", count(report.coverage.steps, "event", "events"));
    if skipped > 0 {
        text += &format!("; {} cannot happen any more", count(skipped, "stimulus", "stimuli"));
    }
    text + "\n"
}

/// What was looked at, in words.
fn coverage(report: &Report) -> String {
    let coverage = &report.coverage;
    let mut text = format!("  compared {}", count(coverage.steps, "step", "steps"));
    text += &if coverage.from_first == coverage.steps {
        ", each recomputed from the first message".to_owned()
    } else {
        format!(", {} recomputed from the first message", count(coverage.from_first, "of them", "of them"))
    };
    if coverage.restated > 0 {
        text += &format!("; {} restated", count(coverage.restated, "of them", "of them"));
    }
    if coverage.recorded > 0 {
        text += &format!("; {}", count(coverage.recorded, "recorded view", "recorded views"));
        if coverage.recorded_steps > 0 {
            text += &format!(", {} also against the one before", count(coverage.recorded_steps, "of them", "of them"));
        }
    }
    if coverage.quarantined > 0 {
        let steps = count(coverage.quarantined, "step", "steps");
        text += &format!("; {steps} not compared, as the key was set apart after a panic");
    }
    if coverage.damaged > 0 {
        let steps = count(coverage.damaged, "step", "steps");
        text += &format!("; {steps} not compared, as a fault had damaged the key and nothing had healed it");
    }
    text += "\n";
    if !report.not_derivable.is_empty() {
        let parts =
            report.not_derivable.iter().map(|(part, times)| format!("{part} {}", count(*times, "time", "times")));
        text += &format!("  not derivable from this window: {}\n", parts.collect::<Vec<_>>().join(", "));
    }
    text
}
