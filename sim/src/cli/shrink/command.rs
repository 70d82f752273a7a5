//! Shrinks any file, line by line, by what a command says.

use std::borrow::Cow;
use std::process::ExitCode;

use super::Args;
use super::files::{self, Failure, Places};
use super::report::{Report, refuse};
use super::search::{Job, search};
use crate::cli::interrupt;
use crate::cli::outcome;
use crate::cli::printable::printable;
use crate::cli::shell::quote;
use crate::minimize::{Identity, Item, Refusal};
use crate::oracle::{CommandOracle, Outcome, Template};

/// What the messages of a file are called.
const UNIT: (&str, &str) = ("line", "lines");

pub(super) fn shrink(args: &Args) -> Result<ExitCode, outcome::Failure> {
    let template = Template::new(args.command.clone()).ok_or(Failure::NoPlaceInCommand)?;
    let places = Places::new(&args.file, args.output.as_deref(), args.walk.as_deref());
    let content = files::read(&args.file)?;
    let lines = Item::numbered(content.split_inclusive(|byte| *byte == b'\n').map(Cow::Borrowed));
    let total = lines.len();
    places.check(&args.file, args.force, args.resume)?;

    let mut oracle = CommandOracle::new(template, places.name.clone())
        .map_err(|source| Failure::Write { path: std::env::temp_dir(), source })?
        .timeout(args.timeout)
        .stop_when(interrupt::requested);
    let words = args.command.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let render = |lines: &[Item<Cow<'_, [u8]>>]| Ok(lines.iter().flat_map(|line| line.value.iter()).copied().collect());
    let job = Job { items: lines, input: Identity::of([&content]), words, unit: UNIT, render: &render };
    match search(args, &places, job, &mut oracle)? {
        Ok(minimized) => Report::new(args, &places, total, &minimized).write(args, &places, UNIT, &[]),
        Err(refusal) => refuse(args, &places, &refusal, &reasons(args, &refusal, oracle.outcomes())),
    }
}

/// What the command did, so that it can be seen why it was not taken for the bug.
fn reasons(args: &Args, refusal: &Refusal, outcomes: &[Outcome; 2]) -> Vec<String> {
    let runs = if matches!(refusal, Refusal::Flaky { .. }) { &outcomes[..] } else { &outcomes[1..] };
    let command: Vec<_> = args.command.iter().map(|word| quote(word)).collect();
    let mut reasons = Vec::new();
    for Outcome { ended, output } in runs.iter().filter(|outcome| !outcome.ended.is_empty()) {
        reasons.push(format!("  {} {ended}", command.join(" ")));
        reasons.extend(printable(output).lines().map(|line| format!("  | {line}")));
    }
    reasons.push("The command must exit 0 while the bug is there, and with another code when it is not.".to_owned());
    reasons
}
