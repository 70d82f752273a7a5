//! Shrinks a trace by running its system in this process.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use afresh_core::{Header, Signature};
use afresh_shrink::minimize::{Item, Refusal, Verdict};
use afresh_shrink::oracle::{Aimless, Examined, Second};
use afresh_trace::format::{Error, Problem, RawEvent, Writer, time};
use afresh_trace::text::{count, escape};

use super::files::{self, Places};
use super::refusal::{give_up, refuse};
use super::report::{self, About};
use super::search::{Job, search};
use super::twin;
use super::{Args, against};
use crate::console::{CliError, Console};
use crate::runner::Systems;
use crate::worker::{Phase, Place, Search, Work};
use crate::{interrupt, jobs, original};

/// The name of what is removed and counted: one, and several.
const UNIT: (&str, &str) = ("stimulus", "stimuli");

/// How often a trace is run to find the bug, if the bug does not show in every run.
const FLAKY_AIMS: u32 = 100;

/// Explains why a difference from the record alone is not a bug to shrink.
const ASK_CHECK: &str =
    "Differences from its record do not count, because every edit changes what would be recorded: see `afresh check`.";

/// The start of the signatures of differences from the record.
const RECORDED: &str = "recorded/";

/// Explains why differences from the record cannot be shrunk, and what can.
const NOT_RECORDED: &str = "Every edit changes what would be recorded, so the rest of a shrunk trace would differ \
                            everywhere. `afresh check` shows the first difference. A bug that the run shows without \
                            the record can be shrunk: a violation, a panic, or an incremental state that differs from \
                            the recomputed one. So can any bug that a command tells: `afresh shrink TRACE -- CMD {}`.";

/// Explains why a bug that a trace has once shown does not show in it.
const AGAIN: &str = "this is nondeterminism, unless the code has changed since";

/// Shrinks the trace, and returns the exit code.
pub(super) fn shrink(
    args: &Args,
    systems: &Systems,
    work: &Work<'_, Search>,
    console: &Console,
) -> Result<ExitCode, CliError> {
    let Work { worker, task } = work;
    let places = Places::new(args);
    let (reader, runner) = args.source.open(systems, &args.file)?;
    let examined = runner.examine(reader, interrupt::requested)?;
    let Examined { header, stimuli, observations, mut oracle } = against::with(args, systems, runner, examined)?;
    let unwritten = |error| Error::file(task.place.display().to_string(), Problem::Write(error));
    let place = Place::create(&task.place).map_err(unwritten)?;
    oracle.tell(Arc::new(move |event| place.write(event)));
    oracle.set_jobs(if task.serial { 1 } else { args.jobs.unwrap_or_else(jobs::available) });
    if args.flaky {
        oracle.expect_flaky();
    }
    let goes_on = args.resume || task.again;
    places.check(args, task.again)?;

    // Every text is a signature, so the parse cannot fail.
    let wanted = args.signature.as_ref().and_then(|text| text.parse::<Signature>().ok());
    // The bug is already known if it has ended a worker, or if a walk to continue from names it.
    let recorded = || files::bug_of(&task.walk).filter(|_| goes_on);
    let known = task.bug.clone().or_else(recorded);
    // A walk of another bug is refused, and not continued.
    let known = args.signature.clone().filter(|asked| goes_on && !is_printed_as(known.as_deref(), asked)).or(known);
    let mut is_shown = false;
    let aimed = match known.and_then(|bug| bug.parse::<Signature>().ok()) {
        Some(bug) => {
            // The oracle also learns where the bug shows, unless this worker only reports. A bug that has ended a
            // worker would end this one too.
            let is_for_report = task.last_run == Some(0);
            if is_for_report || task.bug.is_some() || worker.measure(|| oracle.aim(Some(&bug))).is_err() {
                oracle.bug_is(&bug);
            }
            Ok(bug)
        }
        None => {
            worker.enters(Phase::Aims);
            is_shown = true;
            let mut aimed = worker.measure(|| oracle.aim(wanted.as_ref()));
            if let (Err(Aimless::Shows(shown)), Some(asked)) = (&aimed, &args.signature)
                && let Some(meant) = shown.iter().find(|shown| is_printed_as(Some(&shown.signature.to_string()), asked))
            {
                let meant = meant.signature.clone();
                aimed = worker.watch(|| oracle.aim(Some(&meant)));
            }
            if let (Err(Aimless::Shows(shown)), None, None) = (&aimed, &args.signature, &args.against)
                && shown.is_empty()
                && let Some(named) = header.shows.as_ref().and_then(|named| named.parse::<Signature>().ok())
            {
                // Some bugs are looked for only by name, such as those that only laws find.
                aimed = worker.watch(|| oracle.aim(Some(&named)));
            }
            let more = if args.flaky { 1..FLAKY_AIMS } else { 0..0 };
            for _ in more {
                if !matches!(aimed, Err(Aimless::Shows(_))) {
                    break;
                }
                aimed = worker.watch(|| oracle.aim(wanted.as_ref()));
            }
            aimed.map(|finding| finding.signature)
        }
    };
    worker.enters(Phase::Searches);
    let signature = match aimed {
        Ok(bug) => bug,
        Err(Aimless::Stopped) => return give_up(args, &Refusal::Stopped.to_string(), &[], console),
        Err(Aimless::Void(why)) => return give_up(args, &format!("its run is void: {why}"), &[], console),
        Err(Aimless::Shows(findings)) => {
            let shown: Vec<_> =
                findings.iter().map(|finding| format!("  {}", escape(&finding.signature.to_string()))).collect();
            return match &args.signature {
                Some(other) if is_printed_as(header.shows.as_deref(), other) => give_up(
                    args,
                    &format!("it does not show {other} again, which its header names: {AGAIN}"),
                    &shown,
                    console,
                ),
                Some(other) if other.starts_with(RECORDED) => {
                    let why = format!("{other} is a difference from the record, which cannot be shrunk");
                    give_up(args, &why, &[NOT_RECORDED.to_owned()], console)
                }
                Some(other) if shown.is_empty() => {
                    give_up(args, &format!("it shows neither {other} nor any other bug"), &[], console)
                }
                Some(other) => give_up(args, &format!("it does not show {other}, but these bugs:"), &shown, console),
                None if args.against.is_some() => give_up(args, against::NO_DIFFERENCE, &[], console),
                None => {
                    give_up(args, "it shows no bug, so there is nothing to shrink", &[ASK_CHECK.to_owned()], console)
                }
            };
        }
    };
    let bug = signature.to_string();
    let kept = Header { shows: Some(bug.clone()), ..header.clone() };
    let input = original::identity_of_trace(&header, &stimuli);
    let system = args.source.system.clone().unwrap_or(header.system);
    let render = |stimuli: &[Item<RawEvent>], other: Option<&Signature>| {
        let shows = other.map_or_else(|| kept.shows.clone(), |other| Some(other.to_string()));
        let trace = trace(&Header { shows, ..kept.clone() }, stimuli).map_err(io::Error::other)?;
        Ok(runner.with_calm_phase(trace))
    };
    let own = runner.twin();
    let mut twin = match twin::runner(args, systems, own.as_deref())? {
        Some(twin) => Some(twin::oracle(args, twin, &signature)?),
        None => None,
    };
    let mut twin_fails = None;
    if let Some(fails) = twin.as_mut().and_then(|twin| worker.watch(|| twin::fails(&mut **twin, &stimuli))) {
        if let Some(name) = &args.not_in {
            let why = format!("{name} does not pass on it either, so no candidate could count: {fails}");
            return give_up(args, &why, &[], console);
        }
        (twin, twin_fails) = (None, Some(fails));
    }
    let job = Job { items: stimuli, input, words: vec![system, bug.clone()], unit: UNIT.1, render: &render };
    let asked = twin.is_some();
    let mut oracle = Second::twin(&mut *oracle, twin.as_deref_mut());
    let (result, journey) = search(args, &places, job, &mut oracle, work, console)?;
    match result {
        Ok(minimized) => {
            let mut more = Vec::new();
            more.extend(args.against.as_ref().map(|old| against::how_to_see(args, old, &places)));
            more.extend(asked.then(|| "the correct twin passes on what is left".to_owned()));
            more.extend(twin_fails.as_ref().map(|fails| {
                format!(
                    "the correct twin does not pass on the original, so it was not asked: {}",
                    escape(&fails.to_string())
                )
            }));
            if observations > 0 {
                let observations = count(observations as u64, "observation", "observations");
                more.push(format!("left out {observations}, because every edit changes what would be recorded"));
            }
            let twin = (asked || twin_fails.is_some()).then_some(asked);
            let about =
                About { unit: UNIT, bytes: None, text, signature: Some(bug), any_failure: false, twin, more: &more };
            report::write(args, &places, about, minimized, journey, console)
        }
        // The run that found out which bug to shrink has just shown it.
        Err(Refusal::DoesNotFail(after)) if is_shown => {
            let flaky = Refusal::Flaky { before: Box::new(Verdict::SAME), after: Box::new(after) };
            refuse(args, &places, &flaky, &[], console)
        }
        Err(refusal) => refuse(args, &places, &refusal, &[], console),
    }
}

/// Returns whether `signature` is what a user means by `asked`: it is the same text, or is printed as that text. A
/// report escapes the control characters of a name, and no argument can hold a zero byte.
fn is_printed_as(signature: Option<&str>, asked: &str) -> bool {
    signature.is_some_and(|signature| signature == asked || escape(signature).to_string() == asked)
}

/// Returns the time and the text of an event for people.
fn text(event: &RawEvent) -> (Option<String>, String) {
    (event.at.map(|at| time(at).trim_matches('"').to_owned()), original::text_of_event(event))
}

/// Writes a trace of these stimuli, which keep their numbers and their bytes.
fn trace(header: &Header, stimuli: &[Item<RawEvent>]) -> Result<Vec<u8>, Error> {
    let mut writer = Writer::new("the result", Vec::new(), header)?;
    for item in stimuli {
        writer.raw_event(&item.value)?;
    }
    writer.finish()
}
