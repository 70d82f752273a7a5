//! `afresh shrink`: finds the few messages of an input that still show a bug.

mod against;
mod command;
mod files;
mod other_bugs;
mod refusal;
mod report;
mod resume;
mod search;
mod session;
mod supervised;
mod system;
mod twin;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use bytesize::ByteSize;
use rustix::process::Signal;

use crate::console::{CliError, Console};
use crate::duration::duration;
use crate::interrupt::{self, Deadline};
use crate::jobs::jobs;
use crate::runner::Systems;
use crate::source::{Format, Source, path};
use crate::worker;

/// Shrink a trace, or any file with one message a line, to the few messages that still show a bug.
///
/// Without a command, FILE is a trace, and the system that it names runs it. The bug to keep is the first one that
/// shows: a violated invariant, a panic, or an incremental state that differs from the recomputed state, for example.
/// Differences from recorded views and outputs do not count. The result is a trace that can be kept as a test.
///
/// With `--against OLD`, the bug to keep is a difference between two versions, the first one or the one that
/// `--signature` names as `compare` does.
///
/// With a command, FILE is any file with one message a line. The command runs on each candidate, and exits with 0 if
/// the candidate shows the bug (with `--invert`, with another code). A command that cannot be run, is killed, takes
/// longer than `--timeout` or exits with 125 to 127 never counts as showing the bug. If the command prints a traceback,
/// a panic or an exception, another kind of failure does not count either; use `--signature` to select it otherwise.
///
/// Each run tries one change, and keeps it only if the same bug still shows. The search can therefore be stopped at
/// any time, and the best result so far is kept. When the search ends by itself, the result is 1-minimal: removing
/// any single message that is left loses the bug. Also for spans and pairs: so did removing any 2 to 6 neighbouring
/// messages, or any two, before the texts of those that are left were simplified.
///
/// A file that is one JSON object or array on several lines is shrunk as one value, and a file of several ones by
/// values instead of lines, unless `--verbatim` is given.
///
/// If the search meets another bug, it keeps the candidate that showed it in the folder OUTPUT.others, once for each
/// signature.
///
/// Exit codes: 0 shrunk; 2 bad usage or unreadable input; 3 the bug does not show, is flaky, or the runs could not
/// tell.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file to shrink: a trace, or with a command any file with one message a line; `-` for standard input.
    file: PathBuf,

    #[command(flatten)]
    source: Source,

    /// The bug to keep: CHECK/PART for a trace, or `kind`, `exit`, `stdout`, `stderr` or a pattern for a command
    /// [default: for a trace, the first bug that shows; for a command, kind]
    ///
    /// CHECK/PART is a signature that `check` reports. For a command, the value selects when two failures are the same
    /// bug. `kind`: their exit codes are equal, and so is the kind of failure in a traceback, panic or exception.
    /// `exit`: their exit codes are equal. `stdout`, `stderr`: they print the same there, apart from numbers and quoted
    /// values. A pattern: its groups capture the same text. A group `(?<line>…)` captures the line of the candidate at
    /// which the command failed.
    #[arg(long, value_name = "WHAT")]
    signature: Option<String>,

    /// The bug is there if the command exits with a code other than 0, as tests do.
    #[arg(long, requires = "command")]
    invert: bool,

    /// The command reads the candidate from standard input, and has no `{}`.
    #[arg(long, requires = "command")]
    stdin: bool,

    /// Count a candidate only if NAME passes on it: a correct version of the system or world, or with a command a
    /// second command, as one string, that is judged as the first one is.
    ///
    /// The trace that is left then shows the bug of this version, and nothing that correct code does as well.
    #[arg(long, value_name = "NAME", conflicts_with = "not_in_twin")]
    not_in: Option<String>,

    /// Do so with the correct twin that the system itself names, if there is one and it passes on the original.
    #[arg(long, conflicts_with = "command")]
    not_in_twin: bool,

    /// Keep a difference between the system and its old version NAME, instead of a bug: the few messages on which the
    /// two differ.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["command", "not_in", "not_in_twin"])]
    against: Option<String>,

    /// Count a candidate only if a number does not grow: CMD, as one string, gets the candidate as the other command
    /// does, and prints the number, such as a size or a time.
    #[arg(long, value_name = "CMD", requires = "command")]
    smaller_by: Option<String>,

    /// Begin even if the input does not show a bug: the first failure that any change of it shows is the bug.
    #[arg(long, requires = "command", conflicts_with_all = ["flaky", "not_in", "smaller_by"])]
    search: bool,

    /// Only remove messages, and change nothing in those that stay.
    #[arg(long)]
    verbatim: bool,

    /// Keep the matches of PATTERN as they are: the lines stay, and the matched text in them. Can be repeated.
    #[arg(long, value_name = "PATTERN")]
    keep: Vec<String>,

    /// Run the original N times before the search, to see that every run shows the bug, and the result as often after
    /// it.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = at_least_one)]
    confirm: u64,

    /// The bug shows in some runs only, or in some by mistake: run each candidate until a test has decided.
    ///
    /// The search first measures how often the input shows the bug, and how often the empty input does. The chance that
    /// it accepts any candidate by mistake is at most 1 %. The report says how often the result shows the bug. If the
    /// input shows it in one of two runs, a candidate takes about 15 runs; in one of ten, about 90.
    #[arg(long)]
    flaky: bool,

    /// Stop after N runs, and keep the best result so far.
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    runs: Option<u64>,

    /// Stop after this time, such as `90` (seconds), `5m` or `1h 30m`, and keep the best result so far.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    time: Option<Duration>,

    /// Where to write the result; `-` for standard output [default: FILE.min.EXT beside the input, or standard output
    /// if the input is standard input].
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,

    /// Where to write the walk, the record of every run [default: OUTPUT.walk, or none if the result goes to standard
    /// output].
    #[arg(long, value_name = "PATH", value_parser = path())]
    walk: Option<PathBuf>,

    /// Write an HTML page with the result, what happens without each message that is left, and a curve of its size.
    #[arg(long, value_name = "FILE.html", value_parser = path())]
    report: Option<PathBuf>,

    /// Overwrite existing files: the result, the walk, the report and the findings.
    #[arg(long)]
    force: bool,

    /// Continue a stopped search from its walk, without repeating the runs that are recorded there.
    #[arg(long, conflicts_with = "force")]
    resume: bool,

    /// Run up to N candidates at a time; the result does not depend on it [default: 1 for a command, and one for each
    /// processor for a system].
    #[arg(long, value_name = "N", value_parser = jobs)]
    jobs: Option<usize>,

    /// Stop a run that takes longer than this [default: 10 times as long as the first failing run, at least a second].
    #[arg(long, value_name = "TIME", value_parser = duration)]
    timeout: Option<Duration>,

    /// Limit the memory of a process, for example to `500MB` or `2GiB` [default: none for a command, and three
    /// quarters of the free memory for a system].
    #[arg(long, value_name = "SIZE")]
    memory: Option<ByteSize>,

    /// The format of the report.
    #[arg(long, value_enum, default_value_t)]
    format: Format,

    /// The process that started this search: the search stops when that process ends, even if it is killed.
    #[arg(long, value_name = "PROCESS", hide = true)]
    started_by: Option<u32>,

    /// The command that tells whether a candidate shows the bug; `{}` stands for the path of the candidate.
    #[arg(last = true, value_name = "CMD", conflicts_with_all = ["system", "torn", "line_max"])]
    command: Vec<OsString>,
}

fn at_least_one(text: &str) -> Result<u64, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "expected a whole number of at least 1".to_owned())
}

/// Runs the subcommand, and returns its exit code.
pub(super) fn main(args: &Args, systems: &Systems, console: &Console) -> Result<ExitCode, CliError> {
    interrupt::listen();
    match console.search()? {
        // The supervisor watches the time limit, and asks this worker to stop.
        Some(work) if args.command.is_empty() => system::shrink(args, systems, &work, console),
        Some(work) => command::shrink(args, &work, console),
        None => {
            let parent = args.started_by.map(|parent| worker::end_with(parent, Signal::TERM));
            parent.transpose().map_err(|error| CliError::Usage(error.to_string()))?;
            supervised::shrink(args, Deadline::after(args.time), console)
        }
    }
}
