//! `afresh compare`: compares two versions of a system on the same traces.

mod expected;
mod report;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use afresh_check::against::Options;
use afresh_core::EventNumber;
use afresh_trace::format::files::{self, Input};
use afresh_trace::format::{Error, Reader};
use bytesize::ByteSize;

use crate::console::{CliError, Console};
use crate::duration::duration;
use crate::input;
use crate::jobs::{available, jobs};
use crate::runner::{Runner, Systems};
use crate::source::{Comparison, Format, Source, against, event, path};
use crate::supervisor::Supervisor;
use crate::versions::Versions;
use crate::worker::{Phase, Things, Work, Worker};
use expected::Expected;
use report::{Compared, Trace};

/// Compare two versions of a system on the same traces: what would the new one have done to last night's messages?
///
/// Both versions run over the same messages. After each message, the views that they show, the outputs that they send,
/// the messages that they reject and the keys that they quarantine are compared. The report counts the differences by
/// kind and part, shows the first of each with a diff, and says on how many keys the versions still differ at the end.
///
/// What the trace recorded is not compared: see `afresh replay`.
///
/// Exit codes: 0 no difference, or only expected ones; 1 the versions differ, or a run ended its process; 2 bad usage,
/// or a trace that cannot be read.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The traces; `-` for standard input.
    #[arg(required = true)]
    traces: Vec<PathBuf>,

    #[command(flatten)]
    source: Source,

    #[command(flatten)]
    comparison: Comparison,

    /// The old version. The new version is the one that `--system` names, or the one that the trace names.
    #[arg(long, value_name = "NAME", required_unless_present = "against_record", conflicts_with = "against_record")]
    against: Option<String>,

    /// Compare with the run of another program, such as an older build: the trace that its `replay TRACE --record FILE`
    /// has written.
    #[arg(long, value_name = "FILE")]
    against_record: Option<PathBuf>,

    /// Accept the kinds of difference that FILE lists, one on each line, as the report names them. All others are
    /// reported as usual. Listed kinds that do not occur are reported too, but are no failure.
    #[arg(long, value_name = "FILE", value_parser = path())]
    expect: Option<PathBuf>,

    /// Add the differences that are found to the file of `--expect`, which is created if it does not exist. Lines that
    /// are there stay as they are.
    #[arg(long, requires = "expect")]
    accept: bool,

    /// Stop after the event with this number.
    #[arg(long, value_name = "N", value_parser = event)]
    until: Option<EventNumber>,

    /// How many traces to compare at a time; the report does not depend on it.
    #[arg(long, value_name = "N", default_value_t = available(), value_parser = jobs)]
    jobs: usize,

    /// Stop the runs of a trace if they take longer than this, and report that [default: no limit].
    #[arg(long, value_name = "TIME", value_parser = duration)]
    timeout: Option<Duration>,

    /// The memory that both versions together may use, such as `500MB` or `2GiB`; a run that needs more is reported
    /// [default: three quarters of the free memory].
    #[arg(long, value_name = "SIZE")]
    memory: Option<ByteSize>,

    /// The format of the report.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the subcommand, and returns its exit code.
pub(super) fn main(args: &Args, systems: &Systems, console: &Console) -> Result<ExitCode, CliError> {
    args.source.system_is_known(systems)?;
    let old = args.against.as_deref().map(|name| against(systems, name)).transpose()?;
    if args.traces.iter().filter(|path| path.as_os_str() == "-").count() > 1 {
        return Err(CliError::Usage("standard input can be read only once: name `-` once".into()));
    }
    if args.against_record.is_some() && args.traces.len() > 1 {
        return Err(CliError::Usage("--against-record is the run of a single trace: name one trace".into()));
    }
    let expected = args.expect.as_deref().map(|path| Expected::read(path, args.accept)).transpose()?;
    let Some(work) = console.things()? else { return supervise(args, console) };
    report::write(args, compare_all(args, systems, old, &work, console), expected, console)
}

/// Compares the traces in a worker, and starts another worker if a system has ended it.
fn supervise(args: &Args, console: &Console) -> Result<ExitCode, CliError> {
    let reads_stdin = args.traces.iter().any(|path| path.as_os_str() == "-");
    let supervisor = Supervisor::new(console, reads_stdin, console.progress_of_things(args.traces.len()))?;
    let mut supervisor = supervisor.limited(args.memory, args.timeout.unwrap_or(Duration::MAX));
    let code = supervisor.run_all(&mut Things::default())?;
    code.map(ExitCode::from).ok_or_else(|| CliError::Usage("stopped".to_owned()))
}

/// Compares the versions on all traces, several at a time. Returns the results in the order of the arguments.
fn compare_all(
    args: &Args,
    systems: &Systems,
    old: Option<&dyn Runner>,
    work: &Work<'_, Things>,
    console: &Console,
) -> Vec<Compared> {
    let traces = args.traces.len();
    let workers = if work.task.serial { 1 } else { args.jobs.min(traces) };
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<Compared>>> = (0..traces).map(|_| Mutex::new(None)).collect();
    let progress = console.progress_of_things(traces);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(path) = args.traces.get(place) else { return };
                    let compared = compare_one(args, systems, old, (place, path), work)
                        .unwrap_or_else(|failure| Compared::Unreadable { trace: input::name(path), failure });
                    progress.did(1.0);
                    if let Ok(mut result) = results[place].lock() {
                        *result = Some(compared);
                    }
                }
            });
        }
    });
    results.into_iter().filter_map(|result| result.into_inner().ok().flatten()).collect()
}

/// Compares the versions on the trace at `path`, or reports that this has ended an earlier worker.
fn compare_one(
    args: &Args,
    systems: &Systems,
    old: Option<&dyn Runner>,
    (place, path): (usize, &Path),
    work: &Work<'_, Things>,
) -> Result<Compared, Error> {
    let Work { worker, task } = work;
    worker.enters(Phase::At(place));
    let reading = args.source.options();
    let (reader, new) = args.source.read(systems, input::name(path), open(path, worker)?)?;
    let new_name = args.source.system.clone().unwrap_or_else(|| reader.header().system.clone());
    let old_name = args.against.clone().or_else(|| args.against_record.as_deref().map(input::name)).unwrap_or_default();
    let trace = input::name(path);
    if let Some(death) = task.dead.get(&place) {
        return Ok(Compared::Died { trace, new: new_name, old: old_name, died: death.to_string() });
    }
    let is_file = args.against_record.is_some();
    let options = Options { until: args.until, ignored: &args.comparison.ignored, wanted: None, is_file };
    let report = match (old, &args.against_record) {
        (Some(old), _) => {
            // A service may write its journal meanwhile. The reader that was opened first has no more than this one.
            let for_old = Reader::new(input::name(path), open(path, worker)?, reading)?;
            worker.watch(|| Versions { new, old }.compare(reader, for_old, reading, options))?
        }
        (None, Some(record)) => {
            let record = Reader::new(input::name(record), input::open(record)?, reading)?;
            worker.watch(|| new.compare(reader, record, options))?
        }
        (None, None) => unreachable!("one of the two is required"),
    };
    Ok(Compared::Read(Box::new(Trace::new(trace, new_name, old_name, report))))
}

/// Opens a trace. Standard input is read more than once, from the copy that the supervisor has made.
fn open(path: &Path, worker: &Worker) -> Result<Input, Error> {
    match worker.stdin().filter(|_| files::is_stream(path)) {
        Some(copy) => input::open(copy),
        None => input::open(path),
    }
}
