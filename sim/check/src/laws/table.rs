//! All laws by their names, as they are asked of a run or of a recorded trace.

use std::collections::BTreeSet;

use afresh_core::{EventNumber, FactId, Fault, Knob, Message, Name, Signature, Stimulus, What};

use super::healing::healing_of;
use super::{Breach, Held, StimulusOf};
use crate::finding::{Finding, Sighting};
use crate::guard::{guard, signature_of_panic};
use crate::subject::Subject;
use afresh_trace::format::EventOf;

/// The names of the laws that are looked at apart. What is looked at in every step of every run is not among them: that carried and
/// recomputed states and the independent statement agree, and that slots hold what they should.
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

/// A run has at most so many places at which each law is asked that is asked of every place.
const PLACES_MAX: usize = 100;

/// Laws that are asked of every place take the square of the length: of a trace that is longer, fewer places are asked.
const WORK_MAX: usize = 100_000;

/// Which of the places of a run are asked about, by a law that could be asked about any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sample {
    /// One, drawn from the seed of the run.
    Seed(u64),
    /// All, or as many as there is time for, evenly spaced.
    Spread,
}

/// Asks the law of this name of a whole history: its messages and knobs. Faults are left out, for a law makes its own. Nothing
/// where it holds, or there is no such law.
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
            // From there on it is another system.
            Stimulus::Fault(fault) if matches!(**fault, Fault::Deploy { .. }) => return None,
            _ => {}
        }
    }
    let mut held = None;
    let done = guard(&mut || held = ask_at(name, system, &stimuli, sample));
    let breach = match (done, held) {
        (Ok(()), None | Some(Ok(()))) => return None,
        (Ok(()), Some(Err(breach))) => breach,
        (Err(why), _) => Breach::new(signature_of_panic(&why), format!("panicked: {why}")),
    };
    let Breach { part, place, key, found, versus } = *breach;
    let (event, line) = place.and_then(|place| places.get(place).copied()).unwrap_or(last);
    let keys = usize::from(key.is_some());
    let first = Sighting { event, line, key, found, versus };
    Some(Finding { signature: Signature::new(name, part), count: 1, keys, first })
}

/// Asks the law of this name, one of [`NAMES`], of a run; nothing where there is no such law. What can be asked of every place of
/// the run is asked of all, or of as many as there is time for.
pub fn ask<S: Subject>(name: &str, system: &S, stimuli: &[StimulusOf<S>]) -> Option<Held> {
    ask_at(name, system, stimuli, Sample::Spread)
}

fn ask_at<S: Subject>(name: &str, system: &S, stimuli: &[StimulusOf<S>], sample: Sample) -> Option<Held> {
    Some(match name {
        "closure" => super::closure(system, stimuli),
        // It has no parts: chance may show anywhere.
        "determinism" => {
            super::determinism(system, stimuli).map_err(|breach| Box::new(Breach { part: String::new(), ..*breach }))
        }
        "healing" => {
            let damage = |number: usize| match sample {
                Sample::Spread => stimuli.len() <= PLACES_MAX || number.is_multiple_of(7),
                Sample::Seed(seed) => number as u64 % 11 == seed % 11,
            };
            each_place::<S>(stimuli, sample, |place| healing_of(system, stimuli, place, damage))
        }
        "idempotence" => super::idempotence(system, stimuli),
        "migration" => {
            let held = |flow: &Name| super::migration(system, stimuli, flow.as_str(), None);
            flows::<S>(stimuli).iter().try_for_each(held)
        }
        // Backwards, the middle outwards, and every third.
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

/// Asks about the places of a run: before the first stimulus, and after each.
fn each_place<S: Subject>(stimuli: &[StimulusOf<S>], sample: Sample, held: impl Fn(usize) -> Held) -> Held {
    let places = stimuli.len() + 1;
    let asked = match sample {
        Sample::Seed(seed) => return held((seed / 7) as usize % places),
        Sample::Spread => places.min(PLACES_MAX).min(WORK_MAX / places).max(1),
    };
    let mut last = None;
    for place in (1..=asked).map(|number| number * places / asked - 1) {
        if last.replace(place) != Some(place) {
            held(place).map_err(|breach| if breach.place.is_none() { breach.at(place.max(1) - 1) } else { breach })?;
        }
    }
    Ok(())
}

/// The flows that are turned.
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

/// Knobs of each kind that may do something.
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
