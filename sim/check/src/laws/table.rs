//! The laws by name, and the sampling of the places in a run at which they are checked.

use std::collections::BTreeSet;

use afresh_core::{EventNumber, FactId, Fault, Knob, Message, Name, Signature, Stimulus, What};
use afresh_trace::format::EventOf;

use super::healing::healing_of;
use super::{Held, LawViolation, StimulusOf};
use crate::finding::{Finding, Sighting};
use crate::guard::{guard, signature_of_panic};
use crate::subject::Subject;

/// The names of the laws that are checked by runs of their own.
///
/// The list does not contain what every check compares at every step anyway: incremental, recomputed and restated
/// results, and the outputs in the slots.
pub const NAMES: [&str; 12] = [
    "closure",
    "determinism",
    "healing",
    "idempotence",
    "migration",
    "order",
    "plan",
    "policy",
    "reflow-in",
    "reflow-out",
    "restart",
    "trigger",
];

/// The maximum number of places in a run at which a law is checked, for laws that apply to every place.
const PLACES_MAX: usize = 100;

/// The maximum product of places and stimuli for such a law. Each place takes a whole run, so a long trace gets fewer.
const WORK_MAX: usize = 100_000;

/// The most stimuli, roughly, that all runs with a damaged key have together.
const DAMAGED_MAX: usize = 3_000_000;

/// The places of a run at which a law is checked, for laws that apply to every place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sample {
    /// A single place, chosen by the seed of the run.
    Seed(u64),
    /// All places or, in a long run, some that are evenly spaced.
    Spread,
}

/// Checks the law called `name` on the messages and knobs of a whole history; returns a finding if the law is broken.
///
/// `events` are the events of the history, each with its line. Faults among them are left out, because laws inject
/// their own. Returns `None` if the law holds, if no law has this name, or if the history deploys another version of
/// the system.
pub fn look<'e, S: Subject + 'e>(
    name: &str,
    system: &S,
    events: impl Iterator<Item = (&'e EventOf<S>, u64)>,
    sample: Sample,
) -> Option<Finding> {
    let (mut stimuli, mut places) = (Vec::new(), Vec::new());
    let mut last = (EventNumber::MIN, 0);
    for (event, line) in events {
        let What::Stimulus(stimulus) = &event.what else { continue };
        last = (event.number, line);
        match stimulus {
            Stimulus::In(_) | Stimulus::Knob(_) => {
                stimuli.push(stimulus.clone());
                places.push(last);
            }
            // After a deployment, the history belongs to another system than the one that the law would run.
            Stimulus::Fault(fault) if matches!(**fault, Fault::Deploy { .. }) => return None,
            _ => {}
        }
    }
    let mut held = None;
    let done = guard(&mut || held = ask_at(name, system, &stimuli, sample));
    let violation = match (done, held) {
        (Ok(()), None | Some(Ok(()))) => return None,
        (Ok(()), Some(Err(violation))) => violation,
        (Err(why), _) => LawViolation::new(signature_of_panic(&why), format!("panicked: {why}")),
    };
    let LawViolation { part, place, key, found, versus } = *violation;
    let (event, line) = place.and_then(|place| places.get(place).copied()).unwrap_or(last);
    Some(Finding::once(Signature::new(name, part), Sighting { event, line, key, found, versus }))
}

/// Checks the law called `name`, one of [`NAMES`], on the stimuli of a run. Returns `None` if no law has this name.
///
/// A law that applies to every place of a run is checked at all places or, in a long run, at some that are evenly
/// spaced.
pub fn ask<S: Subject>(name: &str, system: &S, stimuli: &[StimulusOf<S>]) -> Option<Held> {
    ask_at(name, system, stimuli, Sample::Spread)
}

fn ask_at<S: Subject>(name: &str, system: &S, stimuli: &[StimulusOf<S>], sample: Sample) -> Option<Held> {
    Some(match name {
        "closure" => super::closure(system, stimuli),
        // Chance may show in any part, so the part must not be in the signature of the bug.
        "determinism" => super::determinism(system, stimuli)
            .map_err(|violation| Box::new(LawViolation { part: String::new(), ..*violation })),
        "healing" => {
            // Other damages at each place, so that a trace of a single key has all of them too.
            let damage = |number: usize, place: usize, all: usize| match sample {
                Sample::Spread => {
                    let least = if stimuli.len() <= PLACES_MAX { 1 } else { 7 };
                    let work = places_of(stimuli.len()) * all * stimuli.len() / 2;
                    let step = least.max(work / DAMAGED_MAX);
                    // There are eleven kinds of damage for each key, and each kind must have its turn.
                    (number + place).is_multiple_of(if step.is_multiple_of(11) { step + 1 } else { step })
                }
                Sample::Seed(seed) => number as u64 % 11 == seed % 11,
            };
            let held = |place| healing_of(system, stimuli, place, |number, all| damage(number, place, all));
            each_place::<S>(stimuli, sample, held)
        }
        "idempotence" => super::idempotence(system, stimuli),
        "migration" => {
            let held = |flow: &Name| super::migration(system, stimuli, flow.as_str(), None);
            flows::<S>(stimuli).iter().try_for_each(held)
        }
        // Three fixed orders. Each takes the message at a constant index, modulo the count of those that are left.
        "order" => [&[usize::MAX][..], &[stimuli.len() / 2], &[2]]
            .iter()
            .try_for_each(|order| super::order(system, stimuli, order)),
        "plan" => knobs::<S>(stimuli).iter().try_for_each(|knob| super::plan(system, stimuli, knob)),
        "policy" => super::policy(system, stimuli),
        "reflow-in" => super::reflow_in(system, stimuli),
        "reflow-out" => super::reflow_out(system, stimuli),
        "restart" => each_place::<S>(stimuli, sample, |place| super::restart(system, stimuli, place)),
        "trigger" => super::trigger(system, stimuli),
        _ => return None,
    })
}

/// At how many places of a run with so many stimuli a law is checked.
fn places_of(stimuli: usize) -> usize {
    let places = stimuli + 1;
    places.min(PLACES_MAX).min(WORK_MAX / places).max(1)
}

/// Checks a law at places of a run. The places are the one before the first stimulus, and one after each stimulus.
fn each_place<S: Subject>(stimuli: &[StimulusOf<S>], sample: Sample, held: impl Fn(usize) -> Held) -> Held {
    let places = stimuli.len() + 1;
    let asked = match sample {
        Sample::Seed(seed) => return held((seed / 7) as usize % places),
        Sample::Spread => places_of(stimuli.len()),
    };
    let mut last = None;
    for place in (1..=asked).map(|number| number * places / asked - 1) {
        if last.replace(place) != Some(place) {
            held(place).map_err(
                |violation| if violation.place.is_none() { violation.at(place.max(1) - 1) } else { violation },
            )?;
        }
    }
    Ok(())
}

/// The flows that the stimuli migrate.
fn flows<S: Subject>(stimuli: &[StimulusOf<S>]) -> BTreeSet<Name> {
    let flows = stimuli.iter().filter_map(|stimulus| match stimulus {
        Stimulus::Knob(knob) => match &**knob {
            Knob::Migrate { flow, .. } => Some(flow.clone()),
            _ => None,
        },
        _ => None,
    });
    flows.collect()
}

/// Knobs to plan: a reflow of two messages, a scrub, and migrations of the flows that the stimuli migrate.
fn knobs<S: Subject>(stimuli: &[StimulusOf<S>]) -> Vec<Knob> {
    let facts = stimuli.iter().filter_map(|stimulus| match stimulus {
        Stimulus::In(message) => Some(Message::fact(message)),
        _ => None,
    });
    let messages: Vec<FactId> = facts.take(2).collect();
    let mut knobs = vec![
        Knob::ReflowIn { messages, by: "law".into(), why: String::new() },
        Knob::Scrub { keys: None, by: "law".into(), why: String::new() },
    ];
    for flow in flows::<S>(stimuli) {
        for on in [true, false] {
            knobs.push(Knob::Migrate { flow: flow.clone(), keys: None, on, by: "law".into(), why: String::new() });
        }
    }
    knobs
}
