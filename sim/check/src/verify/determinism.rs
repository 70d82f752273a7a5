//! Compares two runs of the same stimuli.

use afresh_core::{EventNumber, Journal};
use afresh_trace::format::EventOf;
use afresh_trace::text::count;
use serde_json::Value;

use crate::finding::{Findings, Versus, value};
use crate::subject::Subject;

/// Finds the first event at which two runs differ. Returns its number, and the event of either run.
fn first_difference<S: Subject>(first: &Journal<S>, again: &Journal<S>) -> Option<(EventNumber, [Value; 2])> {
    if let Some((one, other)) = first.events().zip(again.events()).find(|(one, other)| one != other) {
        let show = |event: &EventOf<S>| value(&format!("{:?}", event.what));
        return Some((one.number, [show(one), show(other)]));
    }
    let events = |journal: &Journal<S>| value(&count(journal.len() as u64, "event", "events"));
    let last = EventNumber::new(first.len().min(again.len()) as u32).unwrap_or(EventNumber::MIN);
    (first.len() != again.len()).then(|| (last, [events(first), events(again)]))
}

/// Reports a finding if two runs of the same stimuli differ. `place` translates the number of an event in the first run
/// to an event of the trace and its line.
pub(crate) fn determinism<S: Subject>(
    findings: &mut Findings,
    [first, again]: [&Journal<S>; 2],
    place: impl FnOnce(EventNumber) -> (EventNumber, u64),
) {
    let Some((number, [left_value, right_value])) = first_difference(first, again) else { return };
    findings.saw(("determinism", ""), place(number), None, || {
        let versus = Versus { left: "first run", left_value, right: "second run", right_value };
        ("two runs of the same trace differ".to_owned(), Some(versus))
    });
}
