//! Shrinks a trace by what its system does, in this process.

use std::process::ExitCode;
use std::{io, mem};

use afresh_core::{Header, Signature};

use super::Args;
use super::files::{self, Places};
use super::refusal::{give_up, refuse};
use super::report::{self, About};
use super::search::{Job, search};
use crate::interrupt;
use crate::jobs;
use crate::original;
use crate::outcome::Failure;
use crate::runner::Systems;
use crate::worker::{self, Note, measure};
use afresh_shrink::minimize::{Item, Refusal};
use afresh_shrink::oracle::{Aimless, Examined};
use afresh_trace::format::{Error, RawEvent, Writer, time};
use afresh_trace::text::count;
use afresh_trace::text::escape;

/// What is left out and counted.
const UNIT: (&str, &str) = ("stimulus", "stimuli");

/// Why what a trace recorded is no bug to shrink.
const ASK_CHECK: &str =
    "What it recorded is not asked about, since every change would make it untrue: see `afresh check`.";

pub(super) fn shrink(args: &Args, systems: &Systems) -> Result<ExitCode, Failure> {
    let places = Places::new(args);
    let (reader, runner) = args.source.open(systems, &args.file)?;
    let Examined { header, stimuli, observations, mut oracle } = runner.examine(reader, interrupt::requested)?;
    let start = worker::start();
    // One at a time once one of several has ended a worker, so that it is known which.
    let serial = start.is_some_and(|start| start.serial);
    oracle.tell(worker::is_at);
    oracle.set_jobs(if serial { 1 } else { args.jobs.unwrap_or_else(jobs::available) });
    let goes_on = args.resume || start.is_some_and(|start| start.again);
    places.check(&args.file, args.force, goes_on)?;

    // Every text is a signature.
    let wanted = args.signature.as_ref().and_then(|text| text.parse::<Signature>().ok());
    // The bug is known where it has ended a worker, and where a walk says what it is about.
    let recorded = || files::bug_of(places.walk.as_deref().or(start?.walk.as_deref())?);
    let known = start.and_then(|start| start.bug.clone()).or_else(|| recorded().filter(|_| goes_on));
    let known = if goes_on { args.signature.clone().or(known) } else { known };
    let aimed = match known.and_then(|bug| bug.parse::<Signature>().ok()) {
        Some(bug) => {
            oracle.bug_is(&bug);
            Ok(bug)
        }
        None => {
            worker::send(&Note::Aims);
            measure(|| oracle.aim(wanted.as_ref())).map(|finding| finding.signature)
        }
    };
    worker::send(&Note::Searches);
    let bug = match aimed {
        Ok(bug) => bug.to_string(),
        Err(Aimless::Stopped) => return give_up(args, &Refusal::Stopped.to_string(), &[]),
        Err(Aimless::Shows(findings)) => {
            let shown: Vec<_> =
                findings.iter().map(|finding| format!("  {}", escape(&finding.signature.to_string()))).collect();
            return match &args.signature {
                Some(other) if shown.is_empty() => {
                    give_up(args, &format!("it shows no {other}, nor any other bug"), &[])
                }
                Some(other) => give_up(args, &format!("it shows no {other}, but these:"), &shown),
                None => {
                    give_up(args, "nothing is wrong with it, so there is nothing to shrink", &[ASK_CHECK.to_owned()])
                }
            };
        }
    };
    let kept = Header { shows: Some(bug.clone()), ..header.clone() };
    let input = original::identity_of_trace(&header, &stimuli);
    let system = args.source.system.clone().unwrap_or(header.system);
    let render = |stimuli: &[Item<RawEvent>], other: Option<&Signature>| {
        let shows = other.map_or_else(|| kept.shows.clone(), |other| Some(other.to_string()));
        trace(&Header { shows, ..kept.clone() }, stimuli).map_err(io::Error::other)
    };
    let job = Job { items: stimuli, input, words: vec![system, bug.clone()], unit: UNIT.1, render: &render };
    let (result, journey) = search(args, &places, job, &mut *oracle)?;
    // This process is about to end: there is no need to free piece by piece what the runs of a large trace have left.
    mem::forget(oracle);
    match result {
        Ok(minimized) => {
            let mut more = Vec::new();
            if observations > 0 {
                let observations = count(observations as u64, "observation", "observations");
                more.push(format!("without its {observations}, which no longer fit"));
            }
            let about = About { unit: UNIT, text, signature: Some(bug), any_failure: false, more: &more };
            report::write(args, &places, about, minimized, journey)
        }
        Err(refusal) => refuse(args, &places, &refusal, &[]),
    }
}

/// An event for people: when, and what.
fn text(event: &RawEvent) -> (Option<String>, String) {
    (event.at.map(|at| time(at).trim_matches('"').to_owned()), original::text_of_event(event))
}

/// The trace of these stimuli, which keep their numbers; what they hold stays as it is, to the byte.
fn trace(header: &Header, stimuli: &[Item<RawEvent>]) -> Result<Vec<u8>, Error> {
    let mut writer = Writer::new("the result", Vec::new(), header)?;
    for item in stimuli {
        writer.raw_event(&item.value)?;
    }
    writer.finish()
}
