//! The runner of a world of nodes.

use std::io::{BufRead, Write};

use afresh_check::{Coverage, Extent, Finding, Loaded, Sighting, Versus, replay, show, turn};
use afresh_core::EventNumber;
use afresh_shrink::oracle;
use afresh_trace::format::files::Input;
use afresh_trace::format::{Error, Reader, Writer};
use afresh_trace::import::Refusal;
use afresh_world as world;
use afresh_world::explore::{Explorer, WorldExplorer};
use afresh_world::schedule::Unfit;
use afresh_world::{Cluster, DETERMINISM, Ended, Node, Vocabulary, Workloads, WorldEvent};
use serde_json::Value;

use super::Runner;

/// A cluster and the name by which its traces refer to it.
pub(super) struct OfWorld<C> {
    pub(super) name: String,
    pub(super) cluster: C,
}

/// A trace of a cluster, in memory.
type Trace<C> = Loaded<Vocabulary<<<C as Cluster>::Node as Node>::Input>>;

impl<C: Cluster + Send + Sync> Runner for OfWorld<C> {
    fn is_world(&self) -> bool {
        true
    }

    /// Takes every message: a world has nodes, and each has its own way to read a message.
    fn admit(&self, _: &str, _: &str) -> Result<(), Refusal> {
        Ok(())
    }

    /// Replays a trace that this cluster recorded strictly: every event must happen as recorded. In a trace that was
    /// shrunk or is for another version, events that can no longer happen are skipped.
    fn replay(
        &self,
        reader: Reader<Input>,
        options: replay::Options,
        mut record: Option<Writer<&mut dyn Write>>,
    ) -> Result<replay::Report, Error> {
        let trace = read::<C>(reader)?;
        let is_asked_for = |event: &&WorldEvent<C::Node>| options.until.is_none_or(|until| event.number <= until);
        let events = || trace.events.iter().filter(is_asked_for);
        let (mut ended, mut first) = world::strict(&self.cluster, events());
        let mut differences = u64::from(first.is_some());
        let mut skipped = None;
        if first.is_some() && (trace.header.system != self.name || trace.header.shows.is_some() || is_edited(&trace)) {
            let replayed = world::tolerant(&self.cluster, events());
            (ended, first) = (replayed.ended, replayed.first);
            differences = replayed.skipped.max(u64::from(first.is_some()));
            skipped = Some(replayed.skipped);
        }
        if let Some(writer) = &mut record {
            ended.trace(&*self.name).events.iter().try_for_each(|event| writer.event(event))?;
        }
        record.map(Writer::finish).transpose()?;
        let stimuli = events().count() as u64;
        Ok(replay::Report {
            events: stimuli,
            stimuli,
            compared: stimuli,
            extent: Extent::Nodes(ended.world.names().len() as u64),
            skipped,
            digest: ended.digest(),
            differences,
            first: first.and_then(|(number, why)| sighting(&trace, number, &ended, &why)),
        })
    }

    /// Runs the events that can still happen twice, and compares the two runs.
    fn check(&self, reader: Reader<Input>, options: afresh_check::Options<'_>) -> Result<afresh_check::Report, Error> {
        let trace = read::<C>(reader)?;
        let run = || world::tolerant(&self.cluster, &trace.events);
        let (one, other) = (run(), run());
        (options.progress)(1.0);
        let differs = world::first_difference(&one.ended, &other.ended).map(|differs| differs.violation());
        let findings = one.ended.violations.iter().cloned().chain(differs).map(|violation| {
            let line = line(&trace, violation.event);
            Finding::of_violation(violation, line)
        });
        Ok(afresh_check::Report {
            events: trace.events.len() as u64,
            stimuli: trace.events.len() as u64,
            extent: Extent::Nodes(one.ended.world.names().len() as u64),
            findings: findings.collect(),
            not_derivable: Default::default(),
            coverage: Coverage { steps: one.ended.world.happened().len() as u64, ..Coverage::default() },
            skipped: Some(one.skipped),
            laws: options.laws.then(|| vec![DETERMINISM]),
        })
    }

    fn examine(&self, reader: Reader<Input>, _: fn() -> bool) -> Result<oracle::Examined<'_>, Error> {
        world::examine_world(&self.cluster, reader)
    }

    fn show(
        &self,
        reader: Reader<Input>,
        options: &show::Options,
        each: &mut dyn FnMut(&show::Entry) -> Result<(), Error>,
    ) -> Result<show::Summary, Error> {
        world::show_world(&self.cluster, reader, options, each)
    }

    fn explore<'s>(&'s self, name: &'s str, _: &'s Workloads) -> Option<Box<dyn Explorer + 's>> {
        Some(Box::new(WorldExplorer { name, cluster: &self.cluster }))
    }

    fn turn(&self, _: Reader<&mut dyn BufRead>, _: &turn::Options) -> Result<turn::Report, turn::Error> {
        Err(turn::Error::World)
    }
}

/// Reads a trace. Traces of worlds contain only stimuli.
fn read<C: Cluster>(reader: Reader<Input>) -> Result<Trace<C>, Error> {
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

/// Returns the report of an event that no longer happens: the recorded event, and why it does not happen now.
fn sighting<N: Node>(
    trace: &Loaded<Vocabulary<N::Input>>,
    number: u32,
    ended: &Ended<N>,
    why: &Unfit,
) -> Option<Sighting> {
    let (event, line) = trace.events_and_lines().find(|(event, _)| event.number.get() == number)?;
    let mut now = why.to_string();
    if let (Unfit::Over, Some(violation)) = (why, ended.violations.first()) {
        now += &format!(": {}, {}", violation.signature, violation.found);
    }
    let versus = Versus {
        left: "recorded",
        left_value: Value::String(afresh_trace::format::line_of(event)),
        right: "now",
        right_value: Value::String(now),
    };
    let found = "this event does not happen now".to_owned();
    Some(Sighting { event: event.number, line, key: None, found, versus: Some(versus) })
}
