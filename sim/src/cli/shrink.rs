//! `afresh shrink`: makes an input smaller while a bug stays in it.

mod command;
mod files;
mod report;
mod search;
mod session;
mod system;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use super::interrupt;
use super::outcome::Failure;
use super::source::{Format, Source};
use crate::runner::Systems;

/// Make a trace smaller while a bug stays in it; or any file, line by line, while a command says that it does.
///
/// Without a command, the file is a trace, and the system that it names runs it: what is kept is the first bug that shows
/// whatever was recorded: a state carried wrong, a panic, a broken invariant. The result is a trace to keep as a test.
///
/// A command runs on one candidate after the other, and exits 0 while the bug is there. A command that cannot be run, is
/// killed, takes too long or exits with 125 to 127 never counts as the bug.
///
/// Each candidate differs from the last one that had the bug by one change, so the search can be stopped at any time and
/// the best so far stays. When it ends by itself the result is 1-minimal: without any single message that is left, the bug
/// is gone.
///
/// Exit codes: 0 shrunk; 2 bad usage or unreadable input; 3 the bug does not show, or not every time.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The input: a trace, or with a command any file with one message a line; `-` for standard input.
    file: PathBuf,

    #[command(flatten)]
    source: Source,

    /// The bug to keep, as `afresh check` calls it [default: the first that shows].
    #[arg(long, value_name = "CHECK/PART")]
    signature: Option<String>,

    /// Where to write the result; `-` for standard output [default: FILE.min.EXT beside the input].
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,

    /// Where to write the walk, the record of every run [default: OUTPUT.walk, or none for standard output].
    #[arg(long, value_name = "PATH")]
    walk: Option<PathBuf>,

    /// Overwrite an output and a walk that are already there.
    #[arg(long)]
    force: bool,

    /// Go on from the walk of a search that was stopped, without repeating any run that it recorded.
    #[arg(long, conflicts_with = "force")]
    resume: bool,

    /// Kill a run of the command after this time [default: 10 times what the first failing run took, and at least 1].
    #[arg(long, value_name = "SECONDS", value_parser = seconds, requires = "command")]
    timeout: Option<Duration>,

    /// How to write the report.
    #[arg(long, value_enum, default_value_t)]
    format: Format,

    /// The command, with `{}` where the path of the candidate goes.
    #[arg(last = true, value_name = "CMD", conflicts_with_all = ["system", "torn", "line_max", "signature"])]
    command: Vec<OsString>,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "expected more than 0 seconds".to_owned())
}

/// Runs the subcommand.
pub(super) fn main(args: &Args, systems: &Systems) -> Result<ExitCode, Failure> {
    interrupt::listen();
    if args.command.is_empty() { system::shrink(args, systems) } else { command::shrink(args) }
}
