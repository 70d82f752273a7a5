//! Tests of a system that implements only the required methods: simulation works without the optional ones.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};

use afresh::explore::Record;
use afresh::proptest::prelude::*;
use afresh::{Systems, Workload};
use afresh_core::{Flows, Input, Key, Message, Slot, System};

/// A system that keeps a sum.
#[derive(Clone)]
struct Sum;

impl System for Sum {
    type In = i64;
    type Out = i64;
    type State = i64;
    type View = i64;

    fn keys(&self, _: &i64) -> impl IntoIterator<Item = Key> {
        ["all".into()]
    }

    fn apply(&self, _: &Key, sum: &mut i64, input: Input<'_, i64>, _: &Flows) {
        *sum += input.body;
    }

    fn view(&self, _: &Key, sum: &i64) -> i64 {
        *sum
    }

    fn outputs(&self, _: &Key, sum: &i64, _: &Flows) -> BTreeMap<Slot, i64> {
        BTreeMap::from([("sum".into(), *sum)])
    }
}

fn messages() -> impl Strategy<Value = Vec<Message<i64>>> {
    let message = |(place, body): (usize, i64)| Message::new("shop", format!("m-{place}"), body);
    prop::collection::vec(1_i64..100, 1..20)
        .prop_map(move |bodies| bodies.into_iter().enumerate().map(message).collect())
}

#[test]
fn a_system_that_names_no_field_is_damaged_in_another_way() {
    let systems = Systems::new().with_all([("sum".to_owned(), Sum)]).exploring(Workload::new(messages));
    let explorer = systems.explorer("sum").expect("it is known").expect("it has a workload");
    let mut runs = explorer.begin();
    let mut damages = 0;
    for seed in 0..200 {
        let run = runs.run(seed, Record::Any);
        assert!(run.findings.is_empty(), "{seed}");
        let trace = String::from_utf8(run.trace).expect("a trace is text");
        damages += trace.matches(r#"{"damage":"#).count();
        assert!(!trace.contains(r#""what":{"field""#), "{seed}");
    }
    assert!(damages > 100, "{damages}");
}

/// A system that is not a function: each of its outputs is another one.
#[derive(Clone)]
struct Moody;

impl System for Moody {
    type In = i64;
    type Out = i64;
    type State = i64;
    type View = i64;

    fn keys(&self, _: &i64) -> impl IntoIterator<Item = Key> {
        ["all".into()]
    }

    fn apply(&self, _: &Key, sum: &mut i64, input: Input<'_, i64>, _: &Flows) {
        *sum += input.body;
    }

    fn view(&self, _: &Key, sum: &i64) -> i64 {
        *sum
    }

    fn outputs(&self, _: &Key, _: &i64, _: &Flows) -> BTreeMap<Slot, i64> {
        static CALLS: AtomicI64 = AtomicI64::new(0);
        BTreeMap::from([("call".into(), CALLS.fetch_add(1, Ordering::Relaxed))])
    }
}

/// No plan of a knob is ever what the knob would do. The operator gives up, and the run ends with a finding.
#[test]
fn an_operator_whose_plan_always_changes_gives_up() {
    let systems = Systems::new().with_all([("moody".to_owned(), Moody)]).exploring(Workload::new(messages));
    let explorer = systems.explorer("moody").expect("it is known").expect("it has a workload");
    let mut runs = explorer.begin();
    for seed in 0..20 {
        assert!(!runs.run(seed, Record::Failing).findings.is_empty(), "{seed}");
    }
}
