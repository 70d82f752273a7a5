//! The events of the calm phase in a shrunk trace: those that matter for what a person reads.
//!
//! The calm phase is not chosen: it follows from the events before it. So no event of it can be removed, and a run in
//! which one does not happen could not have happened. But most of its events change nothing, such as timers that go off
//! in vain, and the trace can leave these out.

use std::collections::{BTreeMap, BTreeSet};

use afresh_core::{Event, EventNumber, Expectation, Signature, Stimulus, What};
use afresh_shrink::oracle::ends;
use afresh_trace::format::{Error, Options, Reader, Writer};

use crate::check::read;
use crate::run::{Cluster, Ended, IsCalm as _, Keep, chosen, tolerant_keeping};
use crate::world::{NodeId, WorldEvent};

/// Returns a trace of `cluster` with the telling events of the calm phase at its end, if a bug shows in that phase.
///
/// A shrunk trace has only the events that were chosen. The calm phase follows from them, and is part of the finding.
/// An event of it is telling if it changes the view of its node, or leads to an event that does. Inputs and faults are
/// telling too, and so is the last event, unless the bug is that a condition does not hold at the end. If the cluster
/// has no views, all events are telling.
///
/// If the trace cannot be read, it is returned unchanged. So is one that is kept for a bug that ends the process,
/// because running it would end this one.
pub fn with_calm_phase<C: Cluster>(cluster: &C, trace: Vec<u8>) -> Vec<u8> {
    let lines = || -> Result<Vec<u8>, Error> {
        let loaded = read::<C, _>(Reader::new("the trace", &trace[..], Options::default())?)?;
        let bug = loaded.header.shows.as_deref().and_then(|shows| shows.parse::<Signature>().ok());
        let ends_process = bug.is_some_and(|bug| ends::ALL.contains(&bug.check.as_str()));
        if ends_process || !loaded.events.iter().any(Event::is_calm) {
            return Ok(Vec::new());
        }
        let ended = tolerant_keeping(cluster, &loaded.events, None, Keep::States).ended;
        let calm = telling(cluster, &ended);
        let mut writer = Writer::new("the trace", Vec::new(), &loaded.header)?;
        let chosen = &loaded.events[..chosen(&loaded.events)];
        chosen.iter().chain(&calm).try_for_each(|event| writer.event(event))?;
        let written = writer.finish()?;
        let first = written.split_inclusive(|byte| *byte == b'\n').skip(1 + chosen.len());
        Ok(first.flatten().copied().collect())
    };
    let lines = lines().unwrap_or_default();
    [trace, lines].concat()
}

/// Returns the telling events of the calm phase of a run that kept its states, if a bug showed in that phase.
fn telling<C: Cluster>(cluster: &C, ended: &Ended<C::Node>) -> Vec<WorldEvent<C::Node>> {
    let Some((since, finding)) = ended.world.calm_since().zip(ended.findings.first()) else { return Vec::new() };
    let events: Vec<_> = ended.world.events_of_calm(since).collect();
    if ended.states.iter().all(Option::is_none) {
        return events;
    }
    let is_asked_at_the_end = cluster.properties().iter().any(|property| {
        property.expectation() == Expectation::Eventually && property.name() == finding.signature.check
    });
    let mut views: BTreeMap<_, _> = (0..).map(NodeId::new).zip(&ended.started).collect();
    let mut tells = BTreeSet::new();
    for (happened, view) in ended.world.happened().iter().zip(&ended.states) {
        if views.insert(happened.to, view) != Some(view) {
            tells.insert(happened.number);
        }
    }
    if !is_asked_at_the_end {
        tells.extend(ended.world.happened().last().map(|last| last.number));
    }
    let mut left = Vec::new();
    // A cause comes before the event.
    for event in events.into_iter().rev() {
        let comes_from_outside = matches!(&event.what, What::Stimulus(Stimulus::In(_) | Stimulus::Fault(_)));
        if comes_from_outside || tells.contains(&event.number.get()) {
            tells.extend(event.cause.map(EventNumber::get));
            left.push(event);
        }
    }
    left.reverse();
    left
}
