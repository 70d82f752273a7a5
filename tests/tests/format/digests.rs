//! Tests of the two digests.

use std::collections::{BTreeMap, BTreeSet};

use afresh::digest::{Rolling, RunDigest, TraceDigest};
use afresh::format::Writer;
use afresh_core::{At, Event, Header, Message, Stimulus, What};
use serde::Serialize;

type Plain = Event<u64, (), f64>;

fn event(number: u32, body: u64) -> Plain {
    let what = What::Stimulus(Stimulus::In(Message::new("bank", format!("m-{number}"), body)));
    Event { number: number.try_into().unwrap(), cause: None, at: Some(At::Stamp(17)), what }
}

fn of(values: &[&dyn Fn(&mut Rolling)]) -> RunDigest {
    let mut rolling = Rolling::new();
    values.iter().for_each(|add| add(&mut rolling));
    rolling.finish()
}

fn one<T: Serialize>(value: T) -> RunDigest {
    of(&[&|rolling| rolling.add(&value)])
}

#[test]
fn what_differs_has_another_digest() {
    #[derive(Serialize)]
    struct Fields {
        #[serde(skip_serializing_if = "Option::is_none")]
        a: Option<u8>,
        #[serde(skip_serializing_if = "Option::is_none")]
        b: Option<u8>,
    }
    #[derive(Serialize)]
    enum Kinds {
        Unit,
        New(()),
        Tuple((), ()),
        Fields { a: u8 },
        Other { a: u8 },
    }
    let map = |entries: &[(&str, u8)]| one(entries.iter().copied().collect::<BTreeMap<_, _>>());
    let digests = [
        one(("ab", "c")),
        one(("a", "bc")),
        one(("abc", "")),
        one("abc"),
        one("abc\0"),
        one("abcdefgh"),
        one("abcdefgh\0"),
        one(0.0),
        one(-0.0),
        one(f64::NAN),
        one(0_u8),
        one(-1),
        one(u64::MAX),
        one(1_u128 << 64),
        one(-1_i128 << 64),
        one(None::<u8>),
        one(Some(())),
        one(Some(Some(()))),
        one(()),
        one(true),
        one(false),
        one([0_u8; 0].as_slice()),
        one([0_u8].as_slice()),
        one([0_u8, 0].as_slice()),
        one(([0_u8].as_slice(), [0_u8].as_slice())),
        one(([0_u8, 0].as_slice(), [0_u8; 0].as_slice())),
        map(&[]),
        map(&[("x", 1)]),
        map(&[("y", 1)]),
        map(&[("x", 1), ("y", 2)]),
        map(&[("x", 2), ("y", 1)]),
        one(Fields { a: Some(1), b: None }),
        one(Fields { a: None, b: Some(1) }),
        one(Kinds::Unit),
        one(Kinds::Tuple((), ())),
        one(Kinds::Fields { a: 1 }),
        one(Kinds::Other { a: 1 }),
        of(&[]),
        of(&[&|rolling| rolling.add(&1), &|rolling| rolling.add(&2)]),
        of(&[&|rolling| rolling.add(&2), &|rolling| rolling.add(&1)]),
    ];
    assert_eq!(digests.iter().collect::<BTreeSet<_>>().len(), digests.len());
    // Each half of a digest is already unique.
    for half in [0..8, 8..16] {
        assert_eq!(digests.iter().map(|digest| &digest.0[half.clone()]).collect::<BTreeSet<_>>().len(), digests.len());
    }
    let _ = Kinds::New(());
}

#[test]
fn what_is_the_same_has_the_same_digest_on_every_machine_and_for_ever() {
    assert_eq!(one(7_u8), one(7_i64));
    assert_eq!(one(f64::NAN), one(-f64::NAN));
    let run = of(&[&|rolling| (1..=100).for_each(|number| rolling.event(&event(number, u64::from(number))))]);
    assert_eq!(run.to_string(), "38c3e14a80c08a1d6ee7bc5955dfca1b");
}

#[test]
fn a_million_small_events_have_a_million_digests() {
    let digests: BTreeSet<_> = (0..1_000_000).map(|body| of(&[&|rolling| rolling.event(&event(1, body))])).collect();
    assert_eq!(digests.len(), 1_000_000);
}

#[test]
fn the_digest_of_a_trace_is_that_of_its_canonical_bytes() {
    let header = Header::complete("small");
    let events = [event(1, 7), event(4, 8)];
    let mut writer = Writer::new("out", Vec::new(), &header).unwrap();
    events.iter().try_for_each(|event| writer.event(event)).unwrap();
    let digest = TraceDigest::of(&header, &events).unwrap();
    assert_eq!(digest, TraceDigest::of_bytes(&writer.finish().unwrap()));
    assert_eq!(digest.to_string(), "ba02bbf0b96133b0d1df34409f9ed0f5f272eca6c7e1c27be0368ccf3e35c708");
    assert_ne!(digest, TraceDigest::of(&header, &events[..1]).unwrap());
}

#[test]
fn what_json_does_not_have_is_not_written() {
    let header = Header::complete("small");
    for value in [f64::NAN, f64::INFINITY, -f64::INFINITY] {
        let what =
            What::Observation(afresh_core::Observation::View(Box::new(afresh_core::Viewed { key: "a".into(), value })));
        let event = Plain { number: 3.try_into().unwrap(), cause: None, at: None, what };
        let mut writer = Writer::new("out", Vec::new(), &header).unwrap();
        let error = writer.event(&event).unwrap_err().to_string();
        assert!(error.contains("event 3 cannot be written: it contains NaN"), "{error}");
        assert_eq!(writer.finish().unwrap().iter().filter(|byte| **byte == b'\n').count(), 1);
    }
}
