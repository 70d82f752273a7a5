//! Tests of what runs around a recorded trace vary, and what they keep.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;

use afresh::cli::runner::Around;
use afresh::explore::{Options, Record};
use afresh::format::files::Input;
use afresh::format::{self, Reader};
use afresh::{Loaded, Systems, check};
use afresh_core::{Change, Flows, Input as Message, Key, Slot, System, Updated};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How full a tank is, as a gauge has read it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Reading {
    tank: String,
    litres: u32,
    on: i64,
}

/// Keeps the newest reading of each tank. It has no workload.
#[derive(Clone, Copy)]
struct Tank {
    /// Whether the newest reading is the one of the highest time, and not the one that arrived last.
    positioned: bool,
    /// The bug: a late reading replaces a newer one.
    wrong: bool,
}

const CORRECT: Tank = Tank { positioned: true, wrong: false };

impl System for Tank {
    type In = Reading;
    type Out = u32;
    type State = u32;
    type View = u32;

    fn keys(&self, reading: &Reading) -> impl IntoIterator<Item = Key> {
        [reading.tank.as_str().into()]
    }

    fn position(&self, reading: &Reading) -> Option<i64> {
        self.positioned.then_some(reading.on)
    }

    fn apply(&self, _: &Key, litres: &mut u32, input: Message<'_, Reading>, _: &Flows) {
        *litres = input.body.litres;
    }

    fn view(&self, _: &Key, litres: &u32) -> u32 {
        *litres
    }

    fn outputs(&self, _: &Key, _: &u32, _: &Flows) -> BTreeMap<Slot, u32> {
        BTreeMap::new()
    }

    fn update(&self, _: &Key, litres: &mut u32, change: Change<'_, Reading>, _: &Flows) -> Updated {
        match change {
            Change::Late(input) if self.wrong => *litres = input.body.litres,
            _ => return Updated::FoldAgain,
        }
        Updated::Done
    }
}

/// A night of 120 messages about 10 tanks from three gauges, in order. Every twelfth message revises a fact, and
/// another one withdraws that fact later.
fn night() -> String {
    let mut night = "{\"afresh\":{\"format\":1,\"system\":\"tank\",\"complete\":true}}\n".to_owned();
    for number in 1..=120_u32 {
        let from = ["north", "south", "west"][number as usize % 3];
        let tank = if number % 12 == 9 { number - 6 } else { number } % 10;
        let body = format!(r#""body":{{"tank":"t-{tank}","litres":{},"on":{number}}}"#, number * 17 % 101);
        let message = match number % 12 {
            9 => format!(r#""id":"r-{}","from":"{from}","revision":2,{body}"#, number - 6),
            0 => format!(r#""id":"r-{}","from":"{from}","revision":3,"withdrawn":true"#, number - 9),
            _ => format!(r#""id":"r-{number}","from":"{from}",{body}"#),
        };
        night += &format!("{{\"in\":{{{message}}}}}\n");
    }
    night
}

fn reader(trace: &str) -> Reader<Input> {
    let input = Input::stream(Cursor::new(trace.to_owned().into_bytes()));
    Reader::new("night", input, format::Options::default()).expect("a header")
}

/// The messages of a trace as `(sender, id, revision)`, in their order.
fn messages(trace: &[u8]) -> Vec<(String, String, u64)> {
    let lines = std::str::from_utf8(trace).expect("text").lines();
    let events = lines.map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let message = |event: Value| {
        let message = event.get("in")?.clone();
        let text = |name: &str| message[name].as_str().expect("a text").to_owned();
        Some((text("from"), text("id"), message["revision"].as_u64().unwrap_or(1)))
    };
    events.filter_map(message).collect()
}

/// The findings and the trace of the runs of these seeds around the night.
fn runs(tank: Tank, options: Options, seeds: u64) -> Vec<(Vec<String>, Vec<u8>)> {
    let systems = Systems::new().with("tank", tank);
    assert!(systems.explorer("tank").expect("it is known").is_none(), "it has no workload");
    let around = Around { options, mix: false };
    let explorer = systems.explorer_around("tank", vec![reader(&night())], around).expect("it can be read");
    let explorer = explorer.expect("it has messages");
    let mut runs = explorer.begin();
    let run = |seed| {
        let run = runs.run(seed, Record::Any);
        (run.findings.iter().map(|finding| finding.signature.to_string()).collect(), run.trace)
    };
    (0..seeds).map(run).collect()
}

/// The recorded night shows no bug, because none of its messages is late. Some of the runs around it do.
#[test]
fn a_bug_that_needs_a_late_message_is_found_around_a_night_without_one() {
    let wrong = Tank { wrong: true, ..CORRECT };
    let loaded = Loaded::read(&wrong, reader(&night())).expect("it can be read");
    assert!(check::check(&wrong, &loaded, check::Options::default()).is_clean());
    let found = |tank| {
        let runs = runs(tank, Options::default(), 300);
        runs.into_iter().flat_map(|(findings, _)| findings).collect::<BTreeSet<_>>()
    };
    assert!(found(wrong).contains("incremental/view"));
    assert_eq!(found(CORRECT), BTreeSet::new());
}

/// Without positions the order says what the messages mean, so a sender's messages arrive in its order.
#[test]
fn without_positions_the_messages_of_a_sender_keep_their_order() {
    let recorded = messages(night().as_bytes());
    let (mut mixed, mut twice) = (0, 0);
    for (_, trace) in runs(Tank { positioned: false, wrong: false }, Options::default(), 300) {
        let arrived = messages(&trace);
        let place = |message: &_| recorded.iter().position(|other| other == message).expect("it was recorded");
        let mut first = Vec::new();
        for message in &arrived {
            if !first.contains(message) {
                first.push(message.clone());
            }
        }
        twice += usize::from(first.len() < arrived.len());
        mixed += usize::from(!first.iter().map(place).is_sorted());
        for sender in ["north", "south", "west"] {
            let of_sender: Vec<_> = first.iter().filter(|(from, ..)| from == sender).map(place).collect();
            assert!(of_sender.is_sorted(), "{sender}: {of_sender:?}");
        }
    }
    assert!(mixed > 20 && twice > 100, "{mixed} {twice}");
}

/// With positions messages are late, but the revisions of a fact keep their order, and none is withdrawn that was never
/// there.
#[test]
fn a_revision_comes_after_the_one_that_it_replaces() {
    let recorded = messages(night().as_bytes());
    let (mut late, mut revised, mut middles) = (0, 0, 0);
    for (_, trace) in runs(CORRECT, Options::default(), 300) {
        let arrived = messages(&trace);
        let place = |message: &_| recorded.iter().position(|other| other == message).expect("it was recorded");
        late += usize::from(!arrived.iter().map(place).is_sorted());
        middles += usize::from(!arrived.contains(&recorded[0]));
        let mut newest = BTreeMap::new();
        for (place, message) in arrived.iter().enumerate() {
            let (from, id, revision) = message;
            let before = newest.get(&(from, id)).copied();
            newest.insert((from, id), before.max(Some(*revision)).unwrap_or_default());
            if !arrived[..place].contains(message) {
                assert!(before.is_none_or(|before| before < *revision), "{from} {id} r{revision} after {before:?}");
                assert!(*revision < 3 || before == Some(2), "{from} {id} r{revision}");
                revised += usize::from(before.is_some());
            }
        }
    }
    assert!(late > 100 && revised > 100 && middles > 100, "{late} {revised} {middles}");
}

#[test]
fn a_run_has_no_more_messages_than_it_may_have() {
    for (_, trace) in runs(CORRECT, Options { messages_max: 5, whole: false }, 100) {
        assert!(messages(&trace).into_iter().collect::<BTreeSet<_>>().len() <= 5);
    }
}

/// `whole` leaves out only the end of what a key has received.
#[test]
fn a_whole_history_has_the_first_messages_of_its_keys() {
    let recorded: Vec<Value> = night().lines().skip(1).map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let tank = |event: &Value| event["in"]["body"]["tank"].as_str().map(str::to_owned);
    let id = |event: &Value| event["in"]["id"].as_str().expect("an id").to_owned();
    let mut of_tank = BTreeMap::<String, Vec<String>>::new();
    for event in recorded.iter().filter(|event| event["in"]["revision"].is_null()) {
        of_tank.entry(tank(event).expect("a body")).or_default().push(id(event));
    }
    let mut partial = 0;
    for (_, trace) in runs(CORRECT, Options { messages_max: 40, whole: true }, 300) {
        let arrived: BTreeSet<_> = messages(&trace).into_iter().map(|(_, id, _)| id).collect();
        for ids in of_tank.values() {
            let count = ids.iter().filter(|id| arrived.contains(*id)).count();
            assert!(ids[..count].iter().all(|id| arrived.contains(id)), "{ids:?} {arrived:?}");
            partial += usize::from((1..ids.len()).contains(&count));
        }
    }
    assert!(partial > 100, "{partial}");
}
