//! Tests that reading reverses writing, and that writing what was read gives the canonical form.

use afresh::format::{EventOf, Kind, Options, RawTrace, Reader, TraceOf, Writer};
use afresh_core::{
    At, Damage, Event, Fault, Header, Healed, Knob, Message, Name, Observation, Opening, Passage, Quarantined,
    Rejected, Sent, Settled, SlotId, Stimulus, Storage, Timer, Viewed, What,
};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::format::small::{Body, Small};

type Happened = What<Body, Option<Body>, Vec<f64>>;

fn name() -> impl Strategy<Value = Name> + Clone {
    "[a~/\"\\\\\u{1b}é0 ]{0,5}".prop_map(Name::from)
}

fn number() -> impl Strategy<Value = f64> + Clone {
    prop_oneof![any::<f64>(), Just(-0.0), Just(f64::MIN_POSITIVE / 3.0), Just(0.1 + 0.2), Just(f64::MAX)]
        .prop_filter("JSON has finite numbers alone", |number| number.is_finite())
}

fn body() -> impl Strategy<Value = Body> + Clone {
    prop_oneof![
        Just(Body::Nothing),
        any::<i64>().prop_map(Body::Count),
        any::<u64>().prop_map(Body::Natural),
        number().prop_map(Body::Measure),
        (any::<String>(), any::<Option<String>>()).prop_map(|(text, note)| Body::Text { text, note }),
        btree_map(any::<String>(), any::<Vec<u8>>(), 0..4).prop_map(Body::Many),
    ]
}

fn stimulus() -> impl Strategy<Value = Stimulus<Body, Vec<f64>>> {
    let passage = (any::<u32>(), name(), name(), any::<u32>(), any::<Option<String>>())
        .prop_map(|(ordinal, from, to, occurrence, content)| Passage { ordinal, from, to, occurrence, content });
    let message = (name(), name(), 1..=u32::MAX, prop::option::of(body()))
        .prop_map(|(from, id, revision, body)| Message { from, id, revision, body });
    prop_oneof![
        message.clone().prop_map(Stimulus::In),
        message.prop_map(Stimulus::In),
        (name(), vec(number(), 0..3), any::<Option<i64>>())
            .prop_map(|(key, value, after)| Stimulus::Opening(Box::new(Opening { key, value, after }))),
        passage.clone().prop_map(|passage| Stimulus::Deliver(Box::new(passage))),
        passage.prop_map(|passage| Stimulus::Drop(Box::new(passage))),
        (name(), name()).prop_map(|(node, name)| Stimulus::Timer(Box::new(Timer { node, name }))),
        (name(), any::<u32>())
            .prop_map(|(key, ago)| { Stimulus::Fault(Box::new(Fault::Damage { key, what: Damage::Stale(ago) })) }),
        (name(), any::<u32>()).prop_map(|(key, newer)| {
            Stimulus::Fault(Box::new(Fault::Damage { key, what: Damage::Missing(newer) }))
        }),
        fault().prop_map(|fault| Stimulus::Fault(Box::new(fault))),
        (name(), prop::option::of(vec(name(), 0..3)), any::<bool>(), any::<String>()).prop_map(
            |(flow, keys, on, why)| {
                Stimulus::Knob(Box::new(Knob::Migrate { flow, keys, on, by: "ops".into(), why }))
            }
        ),
    ]
}

/// Generates the faults of worlds.
fn fault() -> impl Strategy<Value = Fault> {
    let how = [Storage::Fail, Storage::Full, Storage::Slow, Storage::Synced, Storage::Mended];
    prop_oneof![
        (name(), any::<u32>(), any::<bool>()).prop_map(|(node, kept, torn)| Fault::Crash { node, kept, torn }),
        name().prop_map(|node| Fault::Restart { node }),
        name().prop_map(|node| Fault::Pause { node }),
        name().prop_map(|node| Fault::Resume { node }),
        (name(), name()).prop_map(|(from, to)| Fault::Partition { from, to }),
        (name(), name()).prop_map(|(from, to)| Fault::Heal { from, to }),
        (name(), any::<i64>()).prop_map(|(node, nanoseconds)| Fault::Skew { node, nanoseconds }),
        (name(), prop::sample::select(how.to_vec())).prop_map(|(node, how)| Fault::Storage { node, how }),
        (any::<u32>(), name(), name(), any::<u32>()).prop_map(|(ordinal, from, to, occurrence)| {
            Fault::Duplicate(Passage { ordinal, from, to, occurrence, content: None })
        }),
        Just(Fault::Calm),
    ]
}

fn observation() -> impl Strategy<Value = Observation<Option<Body>, Vec<f64>>> {
    let output = (name(), name(), 1..=u32::MAX);
    prop_oneof![
        (output.clone(), name(), prop::option::of(prop::option::of(body())))
            .prop_map(|((key, slot, revision), to, body)| Observation::Out(Sent { key, slot, to, revision, body })),
        output.prop_map(|(key, slot, revision)| {
            Observation::Settled(Box::new(Settled { output: SlotId { key, slot }, revision }))
        }),
        any::<String>().prop_map(|why| Observation::Rejected(Box::new(Rejected { why }))),
        (name(), any::<String>()).prop_map(|(key, why)| Observation::Quarantined(Box::new(Quarantined { key, why }))),
        (name(), vec(name(), 0..3)).prop_map(|(key, parts)| Observation::Healed(Box::new(Healed { key, parts }))),
        (name(), vec(number(), 0..3)).prop_map(|(key, value)| Observation::View(Box::new(Viewed { key, value }))),
    ]
}

fn what() -> impl Strategy<Value = Happened> {
    prop_oneof![stimulus().prop_map(What::Stimulus), observation().prop_map(What::Observation)]
}

fn trace() -> impl Strategy<Value = TraceOf<Small>> {
    let at = prop_oneof![any::<i64>().prop_map(At::Offset), any::<i64>().prop_map(At::Stamp)];
    let event = (1..4_u32, any::<Option<prop::sample::Index>>(), prop::option::of(at), what());
    vec(event, 0..12).prop_map(|events| {
        let mut number = 0;
        let event = |(step, cause, at, what): (u32, Option<prop::sample::Index>, _, _)| {
            // A cause is any earlier number, and sometimes not the number of an event, as after an edit.
            let cause = cause
                .filter(|_| number > 0)
                .and_then(|cause| (1 + cause.index(number as usize) as u32).try_into().ok());
            number += step;
            Event { number: number.try_into().expect("not zero"), cause, at, what }
        };
        TraceOf::<Small> { header: Header::complete("small"), events: events.into_iter().map(event).collect() }
    })
}

fn write(trace: &TraceOf<Small>) -> Vec<u8> {
    let mut writer = Writer::new("out", Vec::new(), &trace.header).unwrap();
    trace.events.iter().try_for_each(|event| writer.event(event)).unwrap();
    writer.finish().unwrap()
}

fn read(bytes: &[u8]) -> TraceOf<Small> {
    Reader::new("in", bytes, Options::default()).unwrap().trace(&Small).unwrap_or_else(|error| panic!("{error}"))
}

fn read_raw(bytes: &[u8]) -> RawTrace {
    Reader::new("in", bytes, Options::default()).unwrap().raw_trace().unwrap_or_else(|error| panic!("{error}"))
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(2), failure_persistence: None, ..Default::default() })]

    #[test]
    fn what_was_written_reads_back_to_the_bit(trace in trace()) {
        let bytes = write(&trace);
        let again = read(&bytes);
        // Equality alone would accept -0.0 for 0.0.
        prop_assert_eq!(format!("{again:?}"), format!("{trace:?}"));
        prop_assert_eq!(write(&again), bytes);
    }

    #[test]
    fn the_raw_form_says_the_same(trace in trace()) {
        let bytes = write(&trace);
        let raw = read_raw(&bytes);
        prop_assert_eq!(raw.typed(&Small).unwrap(), trace);
        prop_assert_eq!(raw.write("out", Vec::new()).unwrap(), bytes);
    }

    #[test]
    fn an_edit_keeps_the_numbers_of_what_is_left(trace in trace(), removed in any::<prop::sample::Index>()) {
        prop_assume!(!trace.events.is_empty());
        let removed = removed.index(trace.events.len());
        let mut raw = read_raw(&write(&trace));
        raw.events.remove(removed);
        let mut rest = trace;
        rest.events.remove(removed);
        prop_assert_eq!(read(&raw.write("out", Vec::new()).unwrap()), rest);
    }
}

fn one(line: &str) -> EventOf<Small> {
    let file = format!("{{\"afresh\":{{\"format\":1,\"system\":\"small\"}}}}\n{line}\n");
    read(file.as_bytes()).events.remove(0)
}

/// Returns the canonical form of an event line.
fn canonical(line: &str) -> String {
    let trace = TraceOf::<Small> { header: Header::complete("small"), events: vec![one(line)] };
    String::from_utf8(write(&trace)).unwrap().lines().nth(1).unwrap().into()
}

#[test]
fn the_lines_of_the_design_are_canonical() {
    for line in [
        r#"{"n":1,"at":"2026-03-14T09:26:53.589793Z","in":{"id":"m-17","from":"bank","body":{"count":500}}}"#,
        r#"{"n":2,"cause":1,"at":12.5,"out":{"id":"a-1/balance","to":"statements","revision":2,"body":null}}"#,
        r#"{"n":1,"out":{"id":"m-18","to":"statements","withdrawn":true}}"#,
        r#"{"n":1,"knob":{"migrate":{"flow":"fees-v2","keys":["a-1"],"on":true,"by":"ops","why":"rollout"}}}"#,
        r#"{"n":1,"fault":{"crash":{"node":"app"}}}"#,
        r#"{"n":1,"opening":{"key":"a-1","value":[0.1],"after":7}}"#,
        r#"{"n":1,"settled":{"id":"a~1b/balance"}}"#,
        r#"{"n":1,"view":{"key":"a-1","value":[-0.0,1e+300]}}"#,
    ] {
        assert_eq!(canonical(line), line);
    }
}

#[test]
fn what_says_nothing_is_not_written() {
    let line = r#" { "n" : 1, "in" : { "body":"nothing", "withdrawn":false, "revision":1, "from":"b", "id":"m" } } "#;
    assert_eq!(canonical(line), r#"{"n":1,"in":{"id":"m","from":"b","body":"nothing"}}"#);
    let line = r#"{"at":"2026-03-14T10:26:53.500+01:00","rejected":{"why":"\u0061"}}"#;
    assert_eq!(canonical(line), r#"{"n":1,"at":"2026-03-14T09:26:53.5Z","rejected":{"why":"a"}}"#);
}

#[test]
fn bodies_of_an_older_version_are_read_through_the_system() {
    let file = b"{\"afresh\":{\"format\":1,\"system\":\"small\",\"version\":\"old\"}}\n{\"in\":{\"id\":\"m\",\"from\":\"b\",\"body\":7}}\n";
    let event = &read(file).events[0];
    assert_eq!(event.what, What::Stimulus(Stimulus::In(Message::new("b", "m", Body::Count(7)))));
}

#[test]
fn a_mark_crlf_and_empty_lines_are_no_part_of_what_is_said() {
    let file = "\u{feff}{\"afresh\":{\"format\":1,\"system\":\"small\"}}\r\n\r\n{\"rejected\":{\"why\":\"a\"}}\r\n \n{\"rejected\":{\"why\":\"b\"}}";
    let trace = read(file.as_bytes());
    assert_eq!(trace.events.iter().map(|event| event.number.get()).collect::<Vec<_>>(), [1, 2]);
    let lines: Vec<_> = read_raw(file.as_bytes()).events.iter().map(|event| (event.line, event.kind)).collect();
    assert_eq!(lines, [(3, Kind::Rejected), (5, Kind::Rejected)]);
}

#[test]
fn the_kinds_read_by_their_names() {
    for kind in Kind::ALL {
        assert_eq!(Kind::named(kind.name()), Some(kind));
    }
    assert_eq!(Kind::ALL.iter().filter(|kind| kind.is_stimulus()).count(), 7);
}
