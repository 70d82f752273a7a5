//! `afresh check`: compares the recorded, incremental, recomputed and restated results of traces.

mod supervised;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use afresh_check::verify::Messages;
use afresh_check::{Coverage, DIFFERS, Deny, Options, Report};
use afresh_core::{EventNumber, Header, Signature};
use afresh_trace::format::{Error, Problem};
use afresh_trace::text::{count, escape, number};
use bytesize::ByteSize;
use serde::Serialize;

use crate::console::{CliError, Console, json};
use crate::duration::duration;
use crate::input;
use crate::jobs::jobs;
use crate::report::terminal::{BAD, GOOD, deny, excluded, findings, notes, styled};
use crate::runner::Systems;
use crate::source::{Comparison, Format, Source, event};
use crate::worker::{Death, Phase, Things, Work};

/// Check traces: compare carried, recomputed, restated and recorded results at every step.
///
/// At each step of each key, four results must agree: the carried state, the state that is recomputed from the first
/// message, the system's independent restatement, and the recorded views and outputs. Invariants and properties must
/// hold, every slot must hold what it should, no code of the system may panic, and two runs of the trace must be the
/// same.
///
/// In a world of nodes, the events that can still happen are run twice: its properties must hold, and the two runs must
/// be the same. A world has no keys, so using `--budget` or `--time` there is an error.
///
/// A kept trace, whose header names the bug that it once showed, passes if neither that bug nor any other shows.
///
/// Exit codes: 0 ok; 1 a bug was found; 2 bad usage, or a trace that cannot be read; 3 the run of a world is void.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The traces; `-` for standard input.
    #[arg(required = true)]
    traces: Vec<PathBuf>,

    #[command(flatten)]
    source: Source,

    #[command(flatten)]
    comparison: Comparison,

    /// How much work to spend on recomputing steps from the first message, in messages folded. If more is needed, some
    /// steps are recomputed from checkpoints, but never the last step of a key. Steps whose late messages would need
    /// more than that again, even from checkpoints, are not compared. Properties over many keys are evaluated less
    /// often then [default: 60000000].
    #[arg(long, value_name = "MESSAGES")]
    budget: Option<u64>,

    /// Stop recomputing steps from the first message when the check of a trace has taken this long. The steps after
    /// that are recomputed from checkpoints only, except the last one of each key [default: no limit].
    #[arg(long, value_name = "TIME", value_parser = duration)]
    time: Option<Duration>,

    /// Also check the laws, which must hold for every system. Laws that can be checked at every place of a trace are
    /// sampled. No law is checked on a window.
    #[arg(long)]
    laws: bool,

    /// Treat these as bugs: messages that were `rejected`, that are a `conflict` or `stale`, keys that are
    /// `quarantined`, and parts that are `not-derivable`. Separate several with commas.
    #[arg(long, value_name = "KIND,...", value_delimiter = ',', value_parser = deny)]
    deny: Vec<Deny>,

    /// Stop after the event with this number.
    #[arg(long, value_name = "N", value_parser = event)]
    until: Option<EventNumber>,

    /// How many threads to use; the report does not depend on it.
    #[arg(long, value_name = "N", default_value_t = Options::default().jobs, value_parser = jobs)]
    jobs: usize,

    /// Stop the check of a trace that takes longer than this, and report that as a bug [default: no limit].
    #[arg(long, value_name = "TIME", value_parser = duration)]
    timeout: Option<Duration>,

    /// The memory that the systems may use, such as `500MB` or `2GiB`; a system that needs more is reported as a bug
    /// [default: three quarters of the free memory].
    #[arg(long, value_name = "SIZE")]
    memory: Option<ByteSize>,

    /// The format of the report.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// The result for one trace.
#[derive(Serialize)]
#[serde(untagged)]
enum Checked {
    Read(Box<Trace>),
    /// The system ended its process, or exceeded its limit of time or memory.
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

/// The report of one trace.
#[derive(Serialize)]
struct Trace {
    trace: String,
    system: String,
    /// The signature of the bug that the trace is kept for.
    #[serde(skip_serializing_if = "Option::is_none")]
    shows: Option<String>,
    #[serde(flatten)]
    report: Report,
}

fn as_text<Z: serde::Serializer>(error: &Error, serializer: Z) -> Result<Z::Ok, Z::Error> {
    serializer.collect_str(error)
}

/// Runs the subcommand, and returns its exit code.
pub(super) fn main(args: &Args, systems: &Systems, console: &Console) -> Result<ExitCode, CliError> {
    args.source.system_is_known(systems)?;
    if args.traces.iter().filter(|path| path.as_os_str() == "-").count() > 1 {
        return Err(CliError::Usage("standard input can be read only once: name `-` once".into()));
    }
    let Some(work) = console.things()? else { return supervised::check(args, console) };
    let (mut clean, mut is_void) = (true, false);
    let mut checked = Vec::new();
    let mut readable = true;
    for result in check_all(args, systems, &work, console) {
        match &result {
            Checked::Read(trace) => {
                clean &= trace.report.is_clean();
                is_void |= trace.report.void.is_some();
                if args.format == Format::Text {
                    console.print(&text(trace))?;
                }
            }
            Checked::Died { trace, shows, died } => {
                clean = false;
                if args.format == Format::Text {
                    console.print(&text_of_death(trace, shows.as_deref(), died))?;
                }
            }
            Checked::Unreadable { failure, .. } => {
                readable = false;
                console.fail(failure);
            }
        }
        checked.push(result);
    }
    if args.format == Format::Json {
        console.print(&json("check", &checked))?;
    }
    Ok(match (readable, clean) {
        (false, _) => ExitCode::from(2),
        (true, false) => ExitCode::from(1),
        // A void run says nothing, so the check cannot tell.
        (true, true) if is_void => ExitCode::from(3),
        (true, true) => ExitCode::SUCCESS,
    })
}

/// Checks all traces, several at a time. Returns the results in the order of the arguments.
fn check_all(args: &Args, systems: &Systems, work: &Work<'_, Things>, console: &Console) -> Vec<Checked> {
    let traces = args.traces.len();
    let jobs = if work.task.serial { 1 } else { args.jobs };
    let workers = jobs.min(traces);
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<Checked>>> = (0..traces).map(|_| Mutex::new(None)).collect();
    let progress = console.progress_of_things(traces);
    let did = |fraction| progress.did(fraction);
    let default = Options::default();
    let options = Options {
        budget: args.budget.unwrap_or(default.budget),
        time: args.time,
        jobs: (jobs / workers).max(1),
        laws: args.laws,
        deny: &args.deny,
        ignored: &args.comparison.ignored,
        until: args.until,
        progress: &did,
    };
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(path) = args.traces.get(place) else { return };
                    let checked = check_one(args, systems, (place, path), options, work)
                        .unwrap_or_else(|failure| Checked::Unreadable { trace: input::name(path), failure });
                    if let Ok(mut result) = results[place].lock() {
                        *result = Some(checked);
                    }
                }
            });
        }
    });
    results.into_iter().filter_map(|result| result.into_inner().ok().flatten()).collect()
}

/// Checks the trace at `path`, or reports that it has ended an earlier worker.
fn check_one(
    args: &Args,
    systems: &Systems,
    (place, path): (usize, &Path),
    options: Options<'_>,
    work: &Work<'_, Things>,
) -> Result<Checked, Error> {
    let Work { worker, task } = work;
    worker.enters(Phase::At(place));
    let (reader, runner) = args.source.open(systems, path)?;
    let about_keys = [("--budget", args.budget.is_some()), ("--time", args.time.is_some())];
    if let Some((option, _)) = about_keys.iter().find(|(_, given)| *given && runner.is_world()) {
        return Err(Error::file(input::name(path), Problem::NoKeys(option)));
    }
    let Header { system, shows, .. } = reader.header().clone();
    if let Some(death) = task.dead.get(&place).map(Death::to_string) {
        return Ok(Checked::Died { trace: input::name(path), shows, died: death });
    }
    let system = args.source.system.clone().unwrap_or(system);
    let report = worker.watch(|| runner.check(reader, options))?;
    Ok(Checked::Read(Box::new(Trace { trace: input::name(path), system, shows, report })))
}

fn text(checked: &Trace) -> String {
    let Trace { trace, report, shows, .. } = checked;
    let verdict = match report.findings.len() {
        _ if report.void.is_some() => "void:".to_owned(),
        0 if report.compares_nothing() => "nothing could be compared:".to_owned(),
        0 => format!("{}:", styled(GOOD, "ok")),
        findings => format!("{};", styled(BAD, count(findings as u64, "finding", "findings"))),
    };
    let stimuli = count(report.stimuli, "stimulus", "stimuli");
    let mut text = format!("{}: {verdict} {stimuli}, {}{}\n", escape(trace), report.extent, excluded(&report.notes));
    if let Some(shows) = shows {
        let back = report.findings.iter().any(|finding| finding.signature.to_string() == *shows);
        let is_of_two = shows.parse::<Signature>().is_ok_and(|bug| bug.check == DIFFERS);
        let how = match back {
            true => "is back",
            false if is_of_two => "is a difference between two versions, and only `afresh compare` can tell",
            false => "does not show",
        };
        text += &format!("  kept for {}, which {how}\n", escape(shows));
    }
    if let Some(void) = &report.void {
        text += &format!("  {}\n", escape(void));
    }
    text += &match report.skipped {
        None if report.compares_nothing() => coverage(report),
        None => coverage(report) + &paths(&report.coverage),
        Some(skipped) => coverage_of_world(report, skipped),
    };
    text += &notes(&report.notes, trace);
    match report.laws.as_deref() {
        None => {}
        Some([]) => text += "  laws not checked: the trace is a window of a history\n",
        Some(laws) if report.skipped.is_some() => {
            text += &format!("  laws checked: {}, the only one that applies to worlds\n", laws.join(", "));
        }
        Some(laws) => text += &format!("  laws checked: {}\n", laws.join(", ")),
    }
    text + &findings(&report.findings, trace)
}

/// Returns the report of a trace whose check did not finish.
fn text_of_death(trace: &str, shows: Option<&str>, died: &str) -> String {
    let verdict = styled(BAD, "1 finding");
    let mut text = format!("{}: {verdict}; the run did not finish\n", escape(trace));
    if let Some(shows) = shows {
        let back = if shows == died { "is back" } else { "does not show" };
        text += &format!("  kept for {}, which {back}\n", escape(shows));
    }
    text + &format!("  {}\n", escape(died))
}

/// Returns the coverage of a world in words.
fn coverage_of_world(report: &Report, skipped: u64) -> String {
    let mut text = format!("  checked {}", count(report.coverage.steps, "event", "events"));
    if skipped > 0 {
        text += &format!("; skipped {}, which can no longer happen", count(skipped, "stimulus", "stimuli"));
    }
    text + "\n"
}

/// Returns the coverage of a system in words.
fn coverage(report: &Report) -> String {
    let Report { coverage, stimuli, .. } = report;
    let mut text = format!("  compared {}", count(coverage.steps, "step", "steps"));
    text += &if coverage.from_first == coverage.steps {
        ", each recomputed from the first message".to_owned()
    } else {
        let from_first = count(coverage.from_first, "of them", "of them");
        format!(", {from_first} recomputed from the first message and the others from checkpoints")
    };
    if coverage.out_of_time > 0 {
        text += &format!("; `--time` was over for {}", count(coverage.out_of_time, "of them", "of them"));
    }
    if coverage.restated > 0 && coverage.restated == coverage.steps {
        text += &format!("; {} restated", count(coverage.restated, "of them", "of them"));
    } else if coverage.restated > 0 {
        let restated = count(coverage.restated, "of", "of");
        text += &format!("; {restated} {} restated", count(coverage.steps, "step", "steps"));
    }
    if let Some(times) = coverage.properties.filter(|times| times < stimuli) {
        let stimuli = count(*stimuli, "stimulus", "stimuli");
        text += &format!("; properties after {} {stimuli}", count(times, "of", "of"));
    }
    if coverage.recorded > 0 {
        text += &format!("; {}", count(coverage.recorded, "recorded view", "recorded views"));
        if coverage.recorded_steps > 0 {
            text += &format!(
                ", {} also compared with the one before",
                count(coverage.recorded_steps, "of them", "of them")
            );
        }
    }
    let beyond_budget = "because folding late messages again would exceed `--budget`";
    if coverage.beyond_budget > 0 {
        let steps = count(coverage.beyond_budget, "step", "steps");
        text += &format!("; {steps} not compared, {beyond_budget}");
    }
    if coverage.recorded_beyond_budget > 0 {
        let views = count(coverage.recorded_beyond_budget, "recorded view", "recorded views");
        text += &format!("; {views} not compared, {beyond_budget}");
    }
    if coverage.quarantined > 0 {
        let steps = count(coverage.quarantined, "step", "steps");
        text += &format!("; {steps} not compared, because the key was quarantined after a panic");
    }
    if coverage.damaged > 0 {
        let steps = count(coverage.damaged, "step", "steps");
        text += &format!("; {steps} not compared, because a fault had damaged the key and nothing had healed it yet");
    }
    text + "\n"
}

/// Returns in words how often a check took the paths on which most bugs are.
fn paths(coverage: &Coverage) -> String {
    let Messages { late, duplicate, revised, withdrawn, keyless } = coverage.messages;
    let messages = if late + duplicate + revised + withdrawn == 0 {
        "no message was late, duplicate, revised or withdrawn".to_owned()
    } else {
        let [late, duplicate, revised, withdrawn] = [late, duplicate, revised, withdrawn].map(number);
        format!("messages: {late} late, {duplicate} duplicate, {revised} revised, {withdrawn} withdrawn")
    };
    let keyless = match keyless {
        0 => String::new(),
        _ => format!("; {} no key", count(keyless, "message concerns", "messages concern")),
    };
    let (done, again, panicked) = (coverage.updated, coverage.folded_again, coverage.update_panicked);
    let calls = done + again + panicked;
    let ran = format!("ran {}", count(calls, "time", "times"));
    let update = if calls == 0 {
        "never ran, so this check did not test it".to_owned()
    } else if again == calls {
        let returned = if calls == 1 { "returned" } else { "always returned" };
        format!("{ran} and {returned} `FoldAgain`, so this check tested no state that it computed")
    } else {
        let panicked = if panicked > 0 { format!(", {} panicked", number(panicked)) } else { String::new() };
        format!("{ran}: {} `Done`, {} `FoldAgain`{panicked}", number(done), number(again))
    };
    format!("  {messages}{keyless}; `update` {update}\n")
}
