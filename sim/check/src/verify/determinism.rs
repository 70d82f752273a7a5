//! Compares two runs of the same stimuli.

use afresh_core::{Elsewhere, Event, EventNumber, Journal, Key, Observation, Signature, Stimulus, What};
use afresh_trace::format::EventOf;
use afresh_trace::text::count;
use serde_json::Value;

use crate::finding::{Finding, Findings, Versus, value};
use crate::loaded::Loaded;
use crate::subject::Subject;

/// The name of the check that two runs are the same.
pub(crate) const DETERMINISM: &str = "determinism";

/// The first event at which two runs differ: its number, its key if it has one, and the event of either run.
type First = (EventNumber, Option<Key>, [Value; 2]);

/// Finds the first event at which two runs differ.
fn first_difference<S: Subject>(first: &Journal<S>, again: &Journal<S>) -> Option<First> {
    if let Some((one, other)) = first.events().zip(again.events()).find(|(one, other)| one != other) {
        let show = |event: &EventOf<S>| value(&format!("{:?}", event.what));
        return Some((one.number, key_of(one).or_else(|| key_of(other)).cloned(), [show(one), show(other)]));
    }
    let events = |journal: &Journal<S>| value(&count(journal.len() as u64, "event", "events"));
    let last = EventNumber::new(first.len().min(again.len()) as u32).unwrap_or(EventNumber::MIN);
    (first.len() != again.len()).then(|| (last, None, [events(first), events(again)]))
}

/// Returns the key that produced an event.
fn key_of<I, O, V>(event: &Event<I, O, V>) -> Option<&Key> {
    match &event.what {
        What::Observation(Observation::Out(sent)) => Some(&sent.key),
        What::Observation(Observation::View(viewed)) => Some(&viewed.key),
        What::Observation(Observation::Healed(healed)) => Some(&healed.key),
        What::Observation(Observation::Quarantined(quarantined)) => Some(&quarantined.key),
        _ => None,
    }
}

/// Reports a finding if two runs of the same stimuli differ. `place` translates the number of an event in the first run
/// to an event of the trace and its line.
pub(crate) fn determinism<S: Subject>(
    findings: &mut Findings,
    [first, again]: [&Journal<S>; 2],
    place: impl FnOnce(EventNumber) -> (EventNumber, u64),
) {
    let Some((number, key, [left_value, right_value])) = first_difference(first, again) else { return };
    findings.saw((DETERMINISM, ""), place(number), key.as_ref(), || {
        let versus =
            Versus { left: "first run", left_value, right: "second run", right_value, not_derivable: Vec::new() };
        ("two runs of the same trace differ".to_owned(), Some(versus))
    });
}

/// Reports a finding if a system that runs elsewhere answers otherwise when it is asked once more about the messages of
/// a trace: whether it admits them, their keys and their positions. `again` is the system in another process.
pub(crate) fn asked_again<S: Subject>(findings: &mut Findings, again: &S, trace: &Loaded<S>) {
    let Some(elsewhere) = again.elsewhere() else { return };
    let messages: Vec<_> = trace
        .events_and_lines()
        .filter_map(|(event, line)| match &event.what {
            What::Stimulus(Stimulus::In(message)) => Some((message.body.as_ref()?, (event.number, line))),
            _ => None,
        })
        .collect();
    let bodies: Vec<_> = messages.iter().map(|(body, _)| *body).collect();
    let Some((place, answers)) = elsewhere.says_otherwise(&bodies) else { return };
    let [left_value, right_value] = answers.map(|json| serde_json::from_str(&json).unwrap_or_default());
    findings.saw((DETERMINISM, ""), messages[place].1, None, || {
        let versus =
            Versus { left: "first answer", left_value, right: "second answer", right_value, not_derivable: Vec::new() };
        ("asked about this message again, the program answers otherwise".to_owned(), Some(versus))
    });
}

/// Reports a finding if a system that runs elsewhere, asked where an output goes, answers otherwise than with the state
/// that called for it. A service asks so after a restart. `place` translates the number of an event in the run to an
/// event of the trace and its line.
pub(crate) fn sent_otherwise<S: Subject>(
    findings: &mut Findings,
    again: &S,
    run: &Journal<S>,
    place: impl FnOnce(EventNumber) -> (EventNumber, u64),
) {
    let Some(elsewhere) = again.elsewhere() else { return };
    let outputs: Vec<_> = run
        .events()
        .filter_map(|event| match &event.what {
            What::Observation(Observation::Out(sent)) => Some((event.number, sent, sent.body.as_ref()?)),
            _ => None,
        })
        .collect();
    let asked: Vec<_> = outputs.iter().map(|(_, sent, body)| (&sent.key, &sent.slot, *body)).collect();
    let Some((found, answers)) = elsewhere.sends_otherwise(&asked) else { return };
    let (number, sent, _) = outputs[found];
    let [left_value, right_value] = answers.map(|json| serde_json::from_str(&json).unwrap_or_default());
    findings.saw((DETERMINISM, ""), place(number), Some(&sent.key), || {
        let versus =
            Versus { left: "with the state", left_value, right: "asked alone", right_value, not_derivable: Vec::new() };
        (format!("asked where the output in slot {} goes, the program answers otherwise", sent.slot), Some(versus))
    });
}

/// Returns the finding that a system that runs elsewhere failed at a question, and not when it was asked again. `last`
/// is the last event that it was asked about.
///
/// Many messages are asked about at once, so it is not known which one it was.
pub fn failed_once<S: Subject>(system: &S, last: EventNumber) -> Option<Finding> {
    let why = system.elsewhere()?.failed_once()?;
    let found = format!("the program failed once on the way here, and not when it was asked again: {why}");
    Some(Finding::of_run(Signature::new(DETERMINISM, ""), last, found))
}
