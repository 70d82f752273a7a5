use afresh_core::{Engine, Policy};
use afresh_trace::format::EventOf;
use afresh_trace::text::count;

use super::{Held, LawViolation, StimulusOf, run, same};
use crate::finding::value;
use crate::subject::Subject;

/// Checks that all policies send the same messages at the same moments, and end in the same states.
///
/// This holds only while nothing is damaged, so `stimuli` must not contain faults that damage states.
///
/// # Errors
///
/// Returns the first event or key that differs.
pub fn policy<S: Subject>(system: &S, stimuli: &[StimulusOf<S>]) -> Held {
    let first = run(system, Policy::FirstPrinciples, stimuli);
    for policy in [Policy::Incremental, Policy::Unchecked] {
        let other = run(system, policy, stimuli);
        let way = if policy == Policy::Incremental { "incremental" } else { "unchecked" };
        same_events(["first principles", way], [&first, &other])?;
        same(["first principles", way], [&first, &other])?;
    }
    Ok(())
}

/// Compares two runs event by event.
pub(super) fn same_events<S: Subject>(ways: [&'static str; 2], [a, b]: [&Engine<S>; 2]) -> Held {
    match a.journal().events().zip(b.journal().events()).find(|(a, b)| a != b) {
        Some((a, b)) => {
            let debug = |event: &EventOf<S>| value(&format!("{:?}", event.what));
            let violation = LawViolation::new("events", format!("the runs differ at event {}", a.number));
            Err(violation.versus((ways[0], debug(a)), (ways[1], debug(b))))
        }
        None if a.journal().len() == b.journal().len() => Ok(()),
        None => {
            let length = |engine: &Engine<S>| value(&count(engine.journal().len() as u64, "event", "events"));
            Err(LawViolation::new("events", "one run has more events")
                .versus((ways[0], length(a)), (ways[1], length(b))))
        }
    }
}
