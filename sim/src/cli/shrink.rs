//! `afresh shrink`: makes an input smaller while a bug stays in it.

mod files;
mod session;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use super::interrupt;
use super::printable::printable;
use super::shell::quote;
use crate::minimize::{End, Item, Minimized, Minimizer, Refusal};
use crate::oracle::{CommandOracle, Outcome, Template};
use files::{Failure, Places, WalkFile};
use session::Session;

/// Make a file smaller, line by line, while a command says that the bug is still there.
///
/// The command runs on one candidate after the other, and exits 0 while the bug is there. Each candidate differs from
/// the last one that had the bug by one change, so the search can be stopped at any time and the best so far stays.
/// When it ends by itself the result is 1-minimal: without any single line that is left, the bug is gone.
///
/// A command that cannot be run, is killed, takes too long or exits with 125 to 127 never counts as the bug.
///
/// Exit codes: 0 shrunk; 2 bad usage or unreadable input; 3 the bug does not show, or not every time.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The input, one message a line; `-` for standard input.
    file: PathBuf,

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

    /// Kill a run after this time [default: 10 times what the first failing run took, and at least 1].
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,

    /// The command, with `{}` where the path of the candidate goes.
    #[arg(last = true, required = true, value_name = "CMD")]
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
pub(super) fn main(args: &Args) -> ExitCode {
    interrupt::listen();
    shrink(args).unwrap_or_else(|failure| {
        say(&format!("afresh: failed to {failure}"));
        ExitCode::from(2)
    })
}

fn shrink(args: &Args) -> Result<ExitCode, Failure> {
    let template = Template::new(args.command.clone()).ok_or(Failure::NoPlaceInCommand)?;
    let places = Places::new(&args.file, args.output.as_deref(), args.walk.as_deref());
    let content = files::read(&args.file)?;
    let lines = Item::numbered(content.split_inclusive(|byte| *byte == b'\n'));
    let total = lines.len();
    places.check(&args.file, args.force, args.resume)?;

    let mut oracle = CommandOracle::new(template, places.name.clone())
        .map_err(|source| Failure::Write { path: std::env::temp_dir(), source })?
        .timeout(args.timeout)
        .stop_when(interrupt::requested);
    let mut minimizer = Minimizer::new();
    let walk = match &places.walk {
        Some(path) if args.resume => {
            let (file, walk) = WalkFile::resume(path, &files::header(&content, total, &args.command))?;
            minimizer = minimizer.resume(&walk);
            Some(file)
        }
        Some(path) => Some(WalkFile::create(path, &files::header(&content, total, &args.command))?),
        None if args.resume => return Err(Failure::NoWalk),
        None => None,
    };
    let mut session = Session::new(walk, &places, total);
    let result = minimizer.run(lines, &mut oracle, &mut session);
    let failure = session.finish();
    match result {
        Ok(minimized) => {
            files::save(&places.output, &minimized.items)?;
            failure.map_or(Ok(()), Err)?;
            report(args, &places, total, &minimized);
            Ok(ExitCode::SUCCESS)
        }
        Err(refusal) => {
            failure.map_or(Ok(()), Err)?;
            refuse(args, &places, &refusal, oracle.outcomes());
            Ok(ExitCode::from(3))
        }
    }
}

/// Says what was reached, on standard output unless the result itself is there.
fn report(args: &Args, places: &Places, total: usize, minimized: &Minimized<&[u8]>) {
    let Minimized { items, runs, end } = minimized;
    let how = match end {
        End::OneMinimal => "1-minimal".to_owned(),
        End::Stopped(pass) => format!("stopped at {pass}"),
    };
    let mut text = format!("{total} → {} lines, {how}, {runs} runs\n", items.len());
    for path in [places.output.as_deref(), places.walk.as_deref()].into_iter().flatten() {
        text += &format!("  {}\n", path.display());
    }
    if places.output.is_some() {
        // A reader that has gone away does not want to know.
        let _ = io::stdout().write_all(text.as_bytes());
    } else {
        say(text.trim_end());
    }
    if matches!(end, End::Stopped(_)) {
        say_how_to_go_on(args, places);
    }
}

/// Says why nothing was shrunk, and removes the walk, which has nothing to go on from.
fn refuse(args: &Args, places: &Places, refusal: &Refusal, outcomes: &[Outcome; 2]) {
    say(&format!("afresh: {}: {refusal}", args.file.display()));
    if *refusal == Refusal::Stopped {
        say_how_to_go_on(args, places);
        return;
    }
    let runs = if matches!(refusal, Refusal::Flaky { .. }) { &outcomes[..] } else { &outcomes[1..] };
    let command: Vec<_> = args.command.iter().map(|word| quote(word)).collect();
    for Outcome { ended, output } in runs.iter().filter(|outcome| !outcome.ended.is_empty()) {
        say(&format!("  {} {ended}", command.join(" ")));
        for line in printable(output).lines() {
            say(&format!("  | {line}"));
        }
    }
    say("The command must exit 0 while the bug is there, and with another code when it is not.");
    if let (Some(path), false) = (&places.walk, args.resume) {
        // It is of no use to anyone; where it cannot be removed it does no harm.
        let _ = std::fs::remove_file(path);
    }
}

fn say_how_to_go_on(args: &Args, places: &Places) {
    if places.walk.is_none() {
        return;
    }
    let program = std::env::args_os().next().unwrap_or_else(|| "afresh".into());
    let mut words = vec![program, "shrink".into(), args.file.clone().into()];
    let mut option = |name: &str, path: &Option<PathBuf>| {
        if let Some(path) = path {
            words.extend([name.into(), path.clone().into()]);
        }
    };
    option("--output", &args.output);
    option("--walk", &args.walk);
    option("--timeout", &args.timeout.map(|timeout| timeout.as_secs_f64().to_string().into()));
    words.extend(["--resume".into(), "--".into()]);
    words.extend(args.command.iter().cloned());
    let words: Vec<_> = words.iter().map(|word| quote(word)).collect();
    say(&format!("To go on: {}", words.join(" ")));
}

/// Writes a line to standard error.
fn say(line: &str) {
    // Where standard error is closed there is nobody to tell.
    let _ = writeln!(io::stderr(), "{line}");
}

/// `path` with `suffix` appended to its last name.
fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
