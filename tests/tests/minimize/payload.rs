//! Laws of every search that also simplifies payloads, checked on generated events with generated bugs.

use std::borrow::Cow;
use std::collections::BTreeSet;

use afresh::minimize::{
    Candidate, Content, Edit, End, Item, Minimized, Minimizer, Oracle, Rewrite, Splice, Verdict, minimize,
};
use afresh::oracle::Lines;
use proptest::prelude::*;
use serde_json::Value;

use super::witness::Witness;
use super::{config, numbers};

/// A bug over JSON messages: it shows once an account is opened and enough money is paid into it.
#[derive(Clone, Debug)]
struct Bug {
    /// The sum from which on the bug shows.
    enough: i64,
    /// Set if the notes of all events must differ.
    notes_differ: bool,
}

impl Bug {
    /// Returns the event at which the bug shows, if it does.
    fn shows(&self, events: &[(u64, Value)]) -> Option<u64> {
        let notes: BTreeSet<_> = events.iter().map(|(_, event)| event["note"].to_string()).collect();
        if self.notes_differ && notes.len() < events.len() {
            return None;
        }
        let (mut open, mut paid) = (Vec::new(), 0);
        for (number, event) in events {
            match event["kind"].as_str() {
                Some("open") => open.push(&event["account"]),
                Some("pay") if open.contains(&&event["account"]) => paid += event["amount"].as_i64().unwrap_or(0),
                _ => {}
            }
            if paid >= self.enough {
                return Some(*number);
            }
        }
        None
    }

    fn is_in(&self, items: &[Item<String>]) -> bool {
        let read = |item: &Item<String>| (item.number, serde_json::from_str(&item.value).expect("JSON"));
        self.shows(&items.iter().map(read).collect::<Vec<_>>()).is_some()
    }
}

/// An oracle that reads events as a system would: each must have a kind.
struct Judge<'a>(&'a Bug);

impl Oracle<String> for Judge<'_> {
    fn test(&mut self, candidate: &Candidate<'_, String>) -> Verdict {
        let read = |item: &Item<String>| Some((item.number, serde_json::from_str(&item.value).ok()?));
        let events: Option<Vec<_>> = candidate.items().map(read).collect();
        match self.0.shows(&events.expect("what does not read back is not run")) {
            Some(number) => Verdict::Same { at: Some(number), shows: None },
            None => Verdict::Passed,
        }
    }

    fn content(&self) -> &dyn Content<String> {
        self
    }
}

impl Content<String> for Judge<'_> {
    fn rank(&self, event: &String) -> Option<i64> {
        rank(event)
    }

    fn text<'e>(&self, event: &'e String) -> Option<Cow<'e, str>> {
        Some(Cow::Borrowed(event))
    }

    fn with_text(&self, _: &String, text: &str) -> Option<String> {
        let event: Value = serde_json::from_str(text).ok()?;
        event.get("kind")?.is_string().then(|| text.to_owned())
    }
}

/// Generates events of a few accounts, and a bug that shows in one of them at the end.
fn events_and_bug() -> impl Strategy<Value = (Vec<String>, Bug)> {
    let kinds = prop_oneof![Just("open"), Just("pay"), Just("ping")];
    let event = (kinds, 0..4_u8, -50..2000_i64, "[a-c]{0,9}", 0..90_000_000_u64);
    let events = prop::collection::vec(event, 0..40);
    (events, 1..1500_i64, any::<bool>()).prop_map(|(events, enough, notes_differ)| {
        let end = [("open", 9, 0, String::new(), 0), ("pay", 9, 4000, String::new(), 0)];
        let line = |(place, (kind, account, amount, note, at)): (usize, (&str, u8, i64, String, u64))| {
            format!(
                r#"{{"kind":"{kind}", "account":"acc-{account}","amount":{amount},"note":"{note}{place}","at":{at},"tags":["{note}",{amount}]}}"#
            )
        };
        let lines = events.into_iter().chain(end).enumerate().map(line).collect();
        (lines, Bug { enough, notes_differ })
    })
}

fn search(
    minimizer: Minimizer,
    events: &[String],
    bug: &Bug,
    witness: &mut Witness<String>,
) -> Option<Minimized<String>> {
    minimizer.run(Item::numbered(events.iter().cloned()), &mut Judge(bug), witness).ok()
}

/// The size by which traces are compared: fewer events, then fewer bytes, then less disorder, then the order of the
/// texts.
fn size(items: &[Item<String>]) -> (usize, usize, usize, Vec<String>) {
    let texts: Vec<_> = items.iter().map(|item| item.value.clone()).collect();
    (texts.len(), texts.iter().map(String::len).sum(), disorder(&texts), texts)
}

/// The rank of an event is its amount.
fn rank(event: &str) -> Option<i64> {
    serde_json::from_str::<Value>(event).ok()?["amount"].as_i64()
}

/// Counts the pairs of events in the wrong order, or returns 0 for more than 32 events.
fn disorder(texts: &[String]) -> usize {
    let ranks: Vec<_> = texts.iter().filter_map(|event| rank(event)).collect();
    let after = |(place, rank): (usize, &i64)| ranks[place..].iter().filter(|other| *other < rank).count();
    if texts.len() > 32 { 0 } else { ranks.iter().enumerate().map(after).sum() }
}

proptest! {
    #![proptest_config(config(192, 2))]

    /// The result fails, is smaller, and passes without any one of its events.
    #[test]
    fn the_result_is_1_minimal_and_plain((events, bug) in events_and_bug()) {
        let mut witness = Witness::default();
        let minimized = search(Minimizer::new(), &events, &bug, &mut witness).expect("it fails");
        prop_assert_eq!(minimized.end, End::OneMinimal);
        prop_assert!(bug.is_in(&minimized.items));
        for place in 0..minimized.items.len() {
            let mut without = minimized.items.clone();
            without.remove(place);
            prop_assert!(!bug.is_in(&without), "{} can go", minimized.items[place].number);
        }
        let (len, bytes, disorder, texts) = size(&minimized.items);
        // The bug does not depend on the order of payments.
        prop_assert_eq!(disorder, 0, "{:?}", texts);
        // Several payments may share the sum. Nothing else is left.
        let note = if bug.notes_differ { len * r#","note":"10""#.len() } else { 0 };
        let pays = (len - 1) * (r#"{"kind":"pay","amount":}"#.len() + bug.enough.to_string().len());
        prop_assert!(bytes <= r#"{"kind":"open"}"#.len() + pays + note, "{:?}", texts);
    }

    /// Each step is smaller than the previous one by exactly the edit in the walk.
    #[test]
    fn the_walk_replays_every_step((events, bug) in events_and_bug()) {
        let mut witness = Witness::default();
        let minimized = search(Minimizer::new(), &events, &bug, &mut witness).expect("it fails");
        let walk = witness.read(events.len());
        prop_assert_eq!(walk.runs.len() as u64, minimized.runs + minimized.confirming);
        let mut items = Item::numbered(events);
        let mut replayed = Vec::new();
        for edit in walk.steps() {
            let before = items.clone();
            prop_assert!(edit.apply(&mut items, &Judge(&bug)).is_some());
            prop_assert!(size(&items) < size(&before), "{:?}", edit);
            replayed.push(items.clone());
        }
        prop_assert_eq!(&replayed, &witness.steps);
        prop_assert_eq!(items, minimized.items);
    }

    /// Stopped after any number of runs and resumed, a search ends as if never stopped.
    #[test]
    fn a_stop_changes_nothing((events, bug) in events_and_bug(), part in 0.0..1.0) {
        let mut witness = Witness::default();
        let undisturbed = search(Minimizer::new(), &events, &bug, &mut witness).expect("it fails");
        let stop_after = Some((undisturbed.runs as f64 * part) as usize);
        let mut first = Witness { stop_after, ..Witness::default() };
        if let Some(best) = search(Minimizer::new(), &events, &bug, &mut first) {
            prop_assert!(bug.is_in(&best.items));
        }
        let mut second = Witness { seen: first.seen, walk: first.walk.clone(), ..Witness::default() };
        let minimizer = Minimizer::new().resume(&second.read(events.len()));
        let resumed = search(minimizer, &events, &bug, &mut second).expect("it fails");
        prop_assert_eq!(resumed.items, undisturbed.items);
        prop_assert_eq!(resumed.runs, undisturbed.runs);
        prop_assert_eq!(second.walk, witness.walk);
    }
}

#[test]
fn an_edit_that_does_not_fit_changes_nothing() {
    let items = Item::numbered(["abc", "déf"].map(|text| text.as_bytes().to_vec()));
    for (event, splices) in [
        (3, vec![Splice(0, 1, "x".into())]),
        (1, vec![Splice(2, 4, String::new())]),
        (1, vec![Splice(2, 1, String::new())]),
        (2, vec![Splice(2, 3, String::new())]),
        (1, vec![Splice(1, 2, String::new()), Splice(0, 1, String::new())]),
    ] {
        let mut changed = items.clone();
        let edit = Edit::Merge { remove: vec![(2, 2)], rewrite: vec![Rewrite { event, splices }] };
        assert_eq!(edit.apply(&mut changed, &Lines), None, "{edit:?}");
        assert_eq!(changed, items);
    }
}

/// An oracle whose bug needs all of some events, with a certain one before another.
struct Overtaken<'a> {
    events: &'a [&'a str],
    first: &'a str,
    second: &'a str,
}

impl Oracle<String> for Overtaken<'_> {
    fn test(&mut self, candidate: &Candidate<'_, String>) -> Verdict {
        let place = |event: &str| candidate.values().position(|other| other == event);
        let all = self.events.iter().all(|event| place(event).is_some());
        if all && place(self.first) < place(self.second) { Verdict::SAME } else { Verdict::Passed }
    }

    fn content(&self) -> &dyn Content<String> {
        self
    }
}

impl Content<String> for Overtaken<'_> {
    fn rank(&self, event: &String) -> Option<i64> {
        event.parse().ok()
    }

    fn text<'e>(&self, event: &'e String) -> Option<Cow<'e, str>> {
        Some(Cow::Borrowed(event))
    }

    fn with_text(&self, _: &String, text: &str) -> Option<String> {
        self.events.contains(&text).then(|| text.to_owned())
    }
}

#[test]
fn what_need_not_be_late_is_put_back() {
    let minimized = |order: &str, first, second| {
        let events: Vec<_> = order.split(' ').collect();
        let mut oracle = Overtaken { events: &events, first, second };
        let items = Item::numbered(events.iter().map(|event| (*event).to_owned()));
        let minimized = Minimizer::new().run(items, &mut oracle, &mut ()).expect("it fails");
        let numbers = numbers(&minimized.items);
        assert!(numbers.is_sorted_by(|one, other| one < other), "{numbers:?}");
        minimized.items.into_iter().map(|item| item.value).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(minimized("3 1 crash 4 2", "1", "4"), "1 2 3 crash 4");
    // An event that must be late stays late. Events without a rank move along.
    assert_eq!(minimized("5 4 crash 1 2 3", "crash", "2"), "1 3 4 5 crash 2");
    assert_eq!(minimized("2 1", "2", "1"), "2 1");
}

/// An oracle whose bug is a stale read: a value that was read after it was requested had already been overwritten.
/// The first value is `nil`.
struct Stale;

impl Oracle<String> for Stale {
    fn test(&mut self, candidate: &Candidate<'_, String>) -> Verdict {
        let (mut written, mut asked) = (vec!["nil"], false);
        for (what, value) in candidate.values().filter_map(|event| event.split_once(' ')) {
            match what {
                "write" => written.push(value),
                "ask" => asked = true,
                _ if asked && written[..written.len() - 1].contains(&value) => return Verdict::SAME,
                _ => {}
            }
        }
        Verdict::Passed
    }

    fn content(&self) -> &dyn Content<String> {
        self
    }
}

impl Content<String> for Stale {
    fn text<'e>(&self, event: &'e String) -> Option<Cow<'e, str>> {
        Some(Cow::Borrowed(event))
    }

    fn with_text(&self, _: &String, text: &str) -> Option<String> {
        Some(text.to_owned())
    }
}

/// No write can be removed alone: its value must also be replaced in the read. The replacement `nil` is found because
/// it still occurs in another event.
#[test]
fn what_another_event_brings_in_goes_with_its_mention() {
    let events = ["write 7", "write 3", "write 4", "ask nil", "read 3"].map(String::from);
    let minimized = minimize(&events, &mut Stale).expect("the bug shows");
    let left: Vec<_> = minimized.items.iter().map(|item| item.value.as_str()).collect();
    assert_eq!(left, ["write 0", "ask nil", "read nil"]);
}
