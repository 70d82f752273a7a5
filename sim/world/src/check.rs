//! Replays and checks traces of worlds.

use std::io::{BufRead, Write};
use std::sync::Arc;

use afresh_check::{Coverage, Extent, Finding, Loaded, Notes, Sighting, Versus, replay};
use afresh_core::{EventNumber, Signature};
use afresh_trace::format::{Error, Reader, Writer, line_of};
use serde_json::Value;

use crate::reach::reach_of;
use crate::run::{Cluster, Ended, Keep, chosen, strict, tolerant_keeping};
use crate::schedule::{Law, Unfit};
use crate::twice::{DETERMINISM, first_difference};
use crate::world::{Node, Vocabulary, WorldEvent};

/// The number of repeated runs. Two runs that depend on chance may well be equal, but rarely as many as this.
const AGAIN: usize = 8;

/// A trace of a cluster, in memory.
type Trace<C> = Loaded<Vocabulary<<<C as Cluster>::Node as Node>::Input>>;

/// Replays a trace of `cluster`, which traces call `name`, and writes the events of the new run to `record`.
///
/// A trace that this cluster recorded is replayed strictly: every event must happen as recorded. In a trace that was
/// shrunk or is for another version, events that can no longer happen are skipped.
///
/// # Errors
///
/// Fails if the trace cannot be read or the record cannot be written.
pub fn replay_world<C: Cluster, R: BufRead>(
    cluster: &C,
    name: &str,
    reader: Reader<R>,
    options: replay::Options<'_>,
    mut record: Option<Writer<&mut dyn Write>>,
) -> Result<replay::Report, Error> {
    let trace = read::<C, R>(reader)?;
    let is_asked_for = |event: &&WorldEvent<C::Node>| options.until.is_none_or(|until| event.number <= until);
    let events = || trace.events.iter().filter(is_asked_for);
    let (mut ended, mut first) = strict(cluster, events());
    let mut differences = u64::from(first.is_some());
    let mut skipped = None;
    if first.is_some() && (trace.header.system != name || trace.header.shows.is_some() || is_edited(&trace)) {
        let replayed = tolerant_keeping(cluster, events(), law(cluster, &trace), Keep::Events);
        (ended, first) = (replayed.ended, replayed.first);
        differences = (replayed.skipped + replayed.changed).max(u64::from(first.is_some()));
        skipped = Some(replayed.skipped);
    }
    if let Some(writer) = &mut record {
        ended.trace(name).events.iter().try_for_each(|event| writer.event(event))?;
    }
    record.map(Writer::finish).transpose()?;
    let chosen = trace.events.get(chosen(&trace.events)).map(|event| event.number);
    let stimuli = events().filter(|event| chosen.is_none_or(|beyond| event.number < beyond)).count() as u64;
    Ok(replay::Report {
        events: stimuli,
        stimuli,
        compared: stimuli,
        extent: Extent::Nodes(ended.world.names().len() as u64),
        skipped,
        digest: ended.digest(),
        void: ended.void.as_ref().map(ToString::to_string),
        findings: first
            .and_then(|(number, why)| finding(&trace, number, &ended, &why, differences))
            .into_iter()
            .collect(),
        notes: Notes::default(),
    })
}

/// Checks a trace of `cluster`: runs the events that can still happen, several times, and compares the runs.
///
/// # Errors
///
/// Fails if the trace cannot be read.
pub fn check_world<C: Cluster, R: BufRead>(
    cluster: &C,
    reader: Reader<R>,
    options: afresh_check::Options<'_>,
) -> Result<afresh_check::Report, Error> {
    let trace = read::<C, R>(reader)?.until(options.until);
    let law = law(cluster, &trace);
    let run = || tolerant_keeping(cluster, &trace.events, law.clone(), Keep::States);
    let one = run();
    let differs = (0..AGAIN).find_map(|_| first_difference(&one.ended, &run().ended));
    (options.progress)(1.0);
    let differs = differs.map(|differs| differs.finding());
    let findings = one.ended.findings.iter().cloned().chain(differs).map(|finding| {
        let line = line(&trace, finding.first.event);
        finding.at_line(line)
    });
    Ok(afresh_check::Report {
        events: trace.events.len() as u64,
        stimuli: chosen(&trace.events) as u64,
        extent: Extent::Nodes(one.ended.world.names().len() as u64),
        findings: findings.collect(),
        notes: Notes::default(),
        coverage: Coverage { steps: one.ended.world.happened().len() as u64, ..Coverage::default() },
        skipped: Some(one.skipped),
        void: one.ended.void.as_ref().map(ToString::to_string),
        laws: options.laws.then(|| vec![DETERMINISM]),
    })
}

/// Returns the law of the network for a replay that skips events: it delivers what the trace leaves out.
fn law<C: Cluster>(cluster: &C, trace: &Trace<C>) -> Option<Law> {
    Law::new(&Arc::new(reach_of(cluster, &trace.header.source)), true)
}

/// Reads a trace. Traces of worlds contain only stimuli.
pub(crate) fn read<C: Cluster, R: BufRead>(reader: Reader<R>) -> Result<Trace<C>, Error> {
    Loaded::read(&Vocabulary::new(), reader)
}

/// Returns whether events were removed from a trace: the events of a run are numbered from 1 without gaps.
fn is_edited<I: afresh_core::Body>(trace: &Loaded<Vocabulary<I>>) -> bool {
    (1..).zip(&trace.events).any(|(number, event)| event.number.get() != number)
}

/// Returns the line of the first event whose number is `event` or higher, or 1 if there is none.
fn line<I: afresh_core::Body>(trace: &Loaded<Vocabulary<I>>, event: EventNumber) -> u64 {
    trace.events_and_lines().find(|(one, _)| one.number >= event).map_or(1, |(_, line)| line)
}

/// Returns the finding of `count` events that no longer happen as recorded: the first of them, and the reason.
fn finding<N: Node>(
    trace: &Loaded<Vocabulary<N::Input>>,
    number: u32,
    ended: &Ended<N>,
    why: &Unfit,
    count: u64,
) -> Option<Finding> {
    let (event, line) = trace.events_and_lines().find(|(event, _)| event.number.get() == number)?;
    let mut now = why.to_string();
    if let (Unfit::Over, Some(finding)) = (why, ended.findings.first()) {
        now += &format!(": {}, {}", finding.signature, finding.first.found);
    }
    let versus = Versus {
        left: "recorded",
        left_value: Value::String(line_of(event)),
        right: "now",
        right_value: Value::String(now),
        not_derivable: Vec::new(),
    };
    let found = match why {
        Unfit::Content(_) => "the content of this message is another now",
        _ => "this event does not happen now",
    };
    let first = Sighting { event: event.number, line, key: None, found: found.to_owned(), versus: Some(versus) };
    Some(Finding { count, ..Finding::once(Signature::new("recorded", "event"), first) })
}
