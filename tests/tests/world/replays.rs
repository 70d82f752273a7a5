//! Tests of traces that were edited, or that the code no longer reproduces.

use afresh::world;
use afresh_tests::payments::Payments;

use crate::world::runs::{read, write};

/// A trace of two payments that reach the bank in reverse order.
const TRACE: &str = include_str!("reordered.jsonl");

/// Returns the first difference of a strict replay, the number of events that a tolerant replay skips, and the
/// latter's trace.
fn replayed(edits: &[(&str, &str)]) -> (Option<String>, u64, String) {
    let edit = |text: String, (from, to): &(&str, &str)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    };
    let trace = read(&edits.iter().fold(TRACE.to_owned(), edit));
    let difference = world::replay(&Payments::default(), &trace).err().map(|difference| difference.to_string());
    // The text of a difference shows both sides. Only the new run matters here.
    let difference = difference.map(|told| {
        let (event, found) = (told.split(" was").next().unwrap(), told.split("in this run ").nth(1).unwrap());
        format!("{event}: {found}")
    });
    let tolerant = world::tolerant(&Payments::default(), &trace.events);
    (difference, tolerant.skipped, write(&tolerant.ended.trace("payments")))
}

fn difference(edits: &[(&str, &str)]) -> String {
    replayed(edits).0.unwrap_or_default()
}

#[test]
fn a_trace_that_fits_is_the_same_again() {
    assert_eq!(replayed(&[]), (None, 0, TRACE.to_owned()));
}

#[test]
fn a_strict_replay_ends_with_the_first_event_that_does_not_fit() {
    let message = [("\"cause\":2,", "\"cause\":1,")];
    assert_eq!(
        difference(&message),
        "event 3: the message is a different one: from `app` to `bank`, number 0 between the two"
    );
    assert_eq!(
        difference(&[("\"ordinal\":0,\"from\":\"bank\"", "\"ordinal\":1,\"from\":\"bank\"")]),
        "event 6: no such message is in flight"
    );
    assert_eq!(difference(&[("Ask(1)", "Ask(9)")]), "event 5: no such timer is set");
    assert_eq!(difference(&[("\"at\":50", "\"at\":49")]), "event 5: the timer is not due yet");
    assert_eq!(
        difference(&[("\"to\":\"bank\",\"occurrence\":0", "\"to\":\"shop\",\"occurrence\":0")]),
        "event 4: there is no node `shop`"
    );
}

/// If the cause is missing or has not sent such a message, the occurrence between the two nodes identifies the
/// message.
#[test]
fn a_tolerant_replay_finds_a_message_by_its_place_where_its_cause_is_gone() {
    let (_, skipped, trace) = replayed(&[("\"cause\":2,", "")]);
    assert_eq!((skipped, trace.as_str()), (0, TRACE));
    let (_, skipped, trace) = replayed(&[("\"cause\":1,\"at\":50,", "\"at\":50,")]);
    assert_eq!((skipped, trace.as_str()), (0, TRACE));
}

/// Events that can no longer happen are skipped: the second payment was never made, so nothing follows from it.
#[test]
fn a_tolerant_replay_skips_what_cannot_happen() {
    let second = TRACE.lines().nth(2).unwrap();
    let (_, skipped, trace) = replayed(&[(&format!("{second}\n"), "")]);
    assert_eq!(skipped, 1);
    let happened: Vec<_> = trace.lines().skip(1).map(|line| line.split(",\"content").next().unwrap()).collect();
    assert_eq!(
        happened,
        [
            r#"{"n":1,"at":0,"in":{"id":"i-1","from":"outside","body":{"to":"app","input":{"amount":5}}}}"#,
            r#"{"n":4,"cause":1,"at":4,"deliver":{"ordinal":0,"from":"app","to":"bank","occurrence":0"#,
            r#"{"n":5,"cause":1,"at":50,"timer":{"node":"app","name":"Ask(1)"}}"#,
            r#"{"n":6,"cause":4,"at":51,"deliver":{"ordinal":0,"from":"bank","to":"app","occurrence":0"#,
        ]
    );
}

/// A trace without contents is compared without them. A content that is another now is a difference, and is skipped by
/// no replay.
#[test]
fn the_content_of_a_message_is_compared_if_it_was_recorded() {
    let contents: Vec<_> = TRACE
        .match_indices(",\"content")
        .map(|(from, _)| &TRACE[from..][..TRACE[from..].find("\"}}").unwrap() + 1])
        .collect();
    let edits: Vec<_> = contents.iter().map(|content| (*content, "")).collect();
    assert_eq!(replayed(&edits), (None, 0, TRACE.to_owned()));
    let edit = ("amount: 7", "amount: 8");
    assert_eq!(difference(&[edit]), "event 3: the content of the message is Charge { payment: 2, amount: 7 }");
    let tolerant = world::tolerant(&Payments::default(), &read(&TRACE.replace(edit.0, edit.1)).events);
    assert_eq!((tolerant.skipped, tolerant.changed, tolerant.first.unwrap().0), (0, 1, 3));
}
