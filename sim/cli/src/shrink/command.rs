//! Shrinks any file, line by line, with a command that tells whether a candidate shows the bug.

use std::borrow::Cow;
use std::ffi::OsString;
use std::process::ExitCode;

use afresh_core::Signature;
use afresh_shrink::minimize::{Candidate, Edit, Item, Oracle as _, Refusal, Verdict};
use afresh_shrink::oracle::{By, CommandOracle, Outcome, Recognizer, Score, Second, Template};
use afresh_trace::text::{escape, without_passwords};

use super::Args;
use super::files::{self, Places, ShrinkError};
use super::refusal::{give_up, refuse};
use super::report::{self, About};
use super::search::{Job, search};
use super::twin;
use crate::console::{self, Console};
use crate::shell::quote;
use crate::worker::{Phase, Search, Work};
use crate::{interrupt, original};

/// The name of a message in a file: one, and several.
const UNIT: (&str, &str) = ("line", "lines");

/// The name of a file that is one JSON value: one, and several.
const DOCUMENT: (&str, &str) = ("document", "documents");

/// The name of a JSON value among others: one, and several.
const VALUE: (&str, &str) = ("value", "values");

/// The note of a report in which failures of any kind with the same exit code counted as the bug.
const CODE_ALONE: &str =
    "the output tells no kind of failure, so only the exit code was kept; use --signature to keep one failure";

/// What to do if the command shows the bug on an empty file.
const EMPTY: &str = "It exits with 0 on an empty file. If it is a test, `--invert` is missing. If it reads standard \
                     input, `--stdin` is missing.";

/// What to do if a test fails in the same way on an empty file.
const EMPTY_INVERTED: &str = "It fails in the same way on an empty file. If it exits with 0 at the bug, leave out \
                              `--invert`. If an empty file is another failure, select the bug with `--signature`.";

/// What to do if the original does not show the bug, but the command is a test.
const MAYBE_TEST: &str = "If it is a test, which fails if the bug is there, use `--invert`.";

/// What to do if the run of the original ended in another way than with an exit code.
const UNRESOLVED: &str = "A run that a signal or the time limit ends counts as neither. If it is the bug, let a shell \
                          turn it into an exit code: sh -c 'timeout 5 COMMAND \"$0\"; exit $?' {}";

/// What a search for a failure has found out, if it found none.
const NONE_FOUND: &str = "Each change that was tried leaves it without a failure.";

/// Shrinks the file, and returns the exit code.
pub(super) fn shrink(args: &Args, work: &Work<'_, Search>, console: &Console) -> Result<ExitCode, console::CliError> {
    let template = if args.stdin { Template::with_pipe } else { Template::with_path };
    let of_line = |option: &'static str, line: &String| {
        let words = shlex::split(line).ok_or_else(|| ShrinkError::Unclosed(option, line.clone()))?;
        template(words.into_iter().map(OsString::from).collect()).ok_or(ShrinkError::NoPlaceInCommand)
    };
    let twin = args.not_in.as_ref().map(|line| of_line("--not-in", line));
    let twin = twin.transpose()?;
    let score = args.smaller_by.as_ref().map(|line| of_line("--smaller-by", line));
    let score = score.transpose()?;
    let template = template(args.command.clone()).ok_or(ShrinkError::NoPlaceInCommand)?;
    let by = args.signature.as_ref().map_or(Ok(By::default()), |text| text.parse()).map_err(ShrinkError::Pattern)?;
    let recognizer = Recognizer { invert: args.invert, by };
    let places = Places::new(args);
    let content = files::read(&args.file)?;
    let values = if args.verbatim { None } else { original::values(&content) };
    let unit = match values.as_ref().map(Vec::len) {
        Some(1) => DOCUMENT,
        Some(_) => VALUE,
        None => UNIT,
    };
    let bytes = (unit == DOCUMENT).then_some(content.len());
    let lines = values.unwrap_or_else(|| original::lines(&content));
    places.check(args, work.task.again)?;

    let oracle_of = |template| {
        let oracle = CommandOracle::new(template, places.name.clone())
            .map_err(|error| ShrinkError::write(&std::env::temp_dir(), error))?;
        let oracle = oracle.recognizer(recognizer.clone()).timeout(args.timeout).jobs(args.jobs.unwrap_or(1));
        // The command may run the input itself.
        let oracle = files::permissions(&args.file).into_iter().fold(oracle, CommandOracle::permissions);
        Ok::<_, ShrinkError>(oracle.stop_when(interrupt::requested))
    };
    let mut oracle = oracle_of(template)?;
    let beside = |template| oracle_of(template).map(CommandOracle::beside);
    let mut twin = twin.map(beside).transpose()?;
    let mut score = score.map(|template| beside(template).map(Score::new)).transpose()?;
    if let Some(fails) = twin.as_mut().and_then(|twin| twin::fails(twin, &lines)) {
        let why = format!("the command of --not-in does not pass on it either, so no candidate could count: {fails}");
        return give_up(args, &why, &[], console);
    }
    // A resumed search does not repeat the run that tells the number of the original. A worker that only reports does
    // not know the number of the result either.
    let goes_on = (args.resume || work.task.again) && work.task.last_run != Some(0);
    if let Some(score) = score.as_mut().filter(|_| goes_on) {
        score.test(&Candidate::new(&lines, &Edit::Keep));
    }
    let render = |lines: &[Item<Cow<'_, [u8]>>], _: Option<&Signature>| {
        Ok(lines.iter().flat_map(|line| line.value.iter()).copied().collect())
    };
    let job = Job {
        items: lines,
        input: original::identity_of_file(&content),
        words: words(args),
        unit: unit.1,
        render: &render,
    };
    work.worker.enters(Phase::Searches);
    let asked = twin.is_some().then_some(true);
    let mut judge = Second::twin(&mut oracle, twin.as_mut());
    let mut judge = Second::score(&mut judge, score.as_mut());
    let (result, journey) = search(args, &places, job, &mut judge, work, console)?;
    match result {
        Ok(minimized) => {
            let bug = oracle.bug();
            let by_code_alone = args.signature.is_none() && bug.is_some_and(|bug| !bug.part.contains(", "));
            let scores = score.as_ref().and_then(Score::first_and_best);
            let scores = scores.map(|(before, after)| format!("the number of --smaller-by: {before} → {after}"));
            let more: Vec<_> = by_code_alone.then(|| CODE_ALONE.to_owned()).into_iter().chain(scores).collect();
            let (signature, any_failure) = (bug.map(ToString::to_string), bug.is_none());
            let text = |line: &Cow<'_, [u8]>| (None, original::text_of_line(line));
            let left = || minimized.items.iter().map(|item| item.value.len()).sum();
            let bytes = bytes.map(|before| (before, left()));
            let about = About { unit, bytes, text, signature, any_failure, twin: asked, more: &more };
            report::write(args, &places, about, minimized, journey, console)
        }
        Err(refusal) => refuse(args, &places, &refusal, &reasons(args, &refusal, oracle.outcomes()), console),
    }
}

/// Returns the command and the options that define a failure, for the header of the walk.
///
/// Only a search with the same words may resume the walk. Passwords are not kept.
fn words(args: &Args) -> Vec<String> {
    let mut words = Vec::new();
    words.extend(args.invert.then(|| "--invert".to_owned()));
    words.extend(args.stdin.then(|| "--stdin".to_owned()));
    words.extend(args.signature.as_ref().map(|by| format!("--signature={}", without_passwords(by))));
    if !words.is_empty() {
        words.push("--".to_owned());
    }
    words.extend(args.command.iter().map(|word| without_passwords(&word.to_string_lossy())));
    words
}

/// Returns lines that show what the command did, so that a user sees why this did not count as the bug.
fn reasons(args: &Args, refusal: &Refusal, outcomes: &[Outcome; 2]) -> Vec<String> {
    let runs = if matches!(refusal, Refusal::Flaky { .. }) { &outcomes[..] } else { &outcomes[1..] };
    let command: Vec<_> = args.command.iter().map(|word| quote(word)).collect();
    let mut reasons = Vec::new();
    for Outcome { ended, output } in runs.iter().filter(|outcome| !outcome.ended.is_empty()) {
        reasons.push(format!("  {} {ended}", command.join(" ")));
        let output = String::from_utf8_lossy(output);
        reasons.extend(output.lines().map(|line| format!("  | {}", escape(&without_passwords(line)))));
    }
    let expected = if args.invert {
        "The command must exit with a code other than 0 if the bug is there, and with 0 if it is not."
    } else {
        "The command must exit with 0 if the bug is there, and with another code if it is not."
    };
    reasons.push(expected.to_owned());
    reasons.extend(
        match refusal {
            Refusal::FailsEmpty if args.invert => Some(EMPTY_INVERTED),
            Refusal::FailsEmpty => Some(EMPTY),
            Refusal::DoesNotFail(_) if args.search => Some(NONE_FOUND),
            Refusal::DoesNotFail(_) if !args.invert => Some(MAYBE_TEST),
            Refusal::Unresolved(Verdict::Unresolved(how)) if !how.starts_with("exited") => Some(UNRESOLVED),
            _ => None,
        }
        .map(str::to_owned),
    );
    reasons
}
