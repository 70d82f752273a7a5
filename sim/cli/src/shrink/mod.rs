//! `afresh shrink`: makes an input smaller while a bug stays in it.

mod command;
mod files;
mod finding;
mod refusal;
mod report;
mod resume;
mod search;
mod session;
mod supervised;
mod system;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use bytesize::ByteSize;

use super::duration::duration;
use super::interrupt;
use super::jobs::jobs;
use super::outcome::Failure;
use super::source::{Format, Source};
use super::worker;
use crate::runner::Systems;

/// Make a trace smaller while a bug stays in it; or any file, line by line, while a command says that it does.
///
/// Without a command, the file is a trace, and the system that it names runs it: what is kept is the first bug that shows
/// whatever was recorded: a state carried wrong, a panic, a broken invariant. The result is a trace to keep as a test.
///
/// A command runs on one candidate after the other, and exits 0 while the bug is there (with `--invert`, not 0). A command
/// that cannot be run, is killed, takes too long or exits with 125 to 127 never counts as the bug. Name a `--signature`
/// where it can fail in more than one way.
///
/// Each candidate differs from the last one that had the bug by one change, so the search can be stopped at any time and
/// the best so far stays. When it ends by itself the result is 1-minimal: without any single message that is left, the bug
/// is gone.
///
/// Another bug that is met on the way is not followed, but kept as a trace of its own beside the result, once for each
/// signature.
///
/// Exit codes: 0 shrunk; 2 bad usage or unreadable input; 3 the bug does not show, or not every time.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The input: a trace, or with a command any file with one message a line; `-` for standard input.
    file: PathBuf,

    #[command(flatten)]
    source: Source,

    /// The bug to keep. Of a trace: CHECK/PART, as `afresh check` calls it [default: the first that shows]. Of a command:
    /// what makes two failures the same bug, `exit`, `stdout`, `stderr`, or a pattern with groups, of which `(?<line>…)`
    /// says at which line of the candidate it failed [default: exit].
    #[arg(long, value_name = "WHAT")]
    signature: Option<String>,

    /// The command exits with another code than 0 while the bug is there, as tests do.
    #[arg(long, requires = "command")]
    invert: bool,

    /// The command reads the candidate from its standard input, and has no `{}`.
    #[arg(long, requires = "command")]
    stdin: bool,

    /// Leave messages out, and change nothing in those that stay.
    #[arg(long)]
    verbatim: bool,

    /// How often to run the original, to see that it fails, and each time alike.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = at_least_one)]
    confirm: u64,

    /// How often a candidate must fail to count.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = at_least_one)]
    flaky: u64,

    /// Stop after so many runs, with the best so far.
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    runs: Option<u64>,

    /// Stop after this time, with the best so far: `90` seconds, `5m`, `1h 30m`.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    time: Option<Duration>,

    /// Where to write the result; `-` for standard output [default: FILE.min.EXT beside the input].
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,

    /// Where to write the walk, the record of every run [default: OUTPUT.walk, or none for standard output].
    #[arg(long, value_name = "PATH")]
    walk: Option<PathBuf>,

    /// Write a page with the result, the reason why each message of it is left, and how the search went.
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,

    /// Overwrite what is already there: an output, a walk, a report, findings.
    #[arg(long)]
    force: bool,

    /// Go on from the walk of a search that was stopped, without repeating any run that it recorded.
    #[arg(long, conflicts_with = "force")]
    resume: bool,

    /// How many candidates may run at a time. What comes out does not depend on it [default: of a command one, of a system
    /// one for each processor].
    #[arg(long, value_name = "N", value_parser = jobs)]
    jobs: Option<usize>,

    /// Kill a run after this time [default: 10 times what the first failing run took, at least a second].
    #[arg(long, value_name = "TIME", value_parser = duration)]
    timeout: Option<Duration>,

    /// The most memory that a process may have: `500MB`, `2GiB` [default: of a system, three quarters of what is free].
    #[arg(long, value_name = "SIZE")]
    memory: Option<ByteSize>,

    /// How to write the report.
    #[arg(long, value_enum, default_value_t)]
    format: Format,

    /// The command, with `{}` where the path of the candidate goes.
    #[arg(last = true, value_name = "CMD", conflicts_with_all = ["system", "torn", "line_max"])]
    command: Vec<OsString>,
}

fn at_least_one(text: &str) -> Result<u64, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "expected a number from 1".to_owned())
}

/// Runs the subcommand.
pub(super) fn main(args: &Args, systems: &Systems) -> Result<ExitCode, Failure> {
    if !worker::is_one() {
        interrupt::listen(args.time);
        return supervised::shrink(args);
    }
    // Its supervisor knows the time, and asks it to stop.
    interrupt::listen(None);
    if args.command.is_empty() { system::shrink(args, systems) } else { command::shrink(args) }
}
