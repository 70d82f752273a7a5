//! The system of the tests of this crate.

use std::collections::BTreeMap;

use afresh_core::{Flows, Input, Key, Name, Slot, System};

/// Counters: each message adds a number to the key that it names. `shop` is told the sum.
#[derive(Clone)]
pub(crate) struct Counters;

impl System for Counters {
    type In = (Key, i64);
    type Out = i64;
    type State = i64;
    type View = i64;

    fn keys(&self, (key, _): &(Key, i64)) -> impl IntoIterator<Item = Key> {
        [key.clone()]
    }
    fn admit(&self, (_, number): &(Key, i64)) -> Result<(), String> {
        if *number == 0 { Err("nothing to add".into()) } else { Ok(()) }
    }
    fn apply(&self, _: &Key, sum: &mut i64, input: Input<'_, (Key, i64)>, flows: &Flows) {
        *sum += input.body.1 * if flows.on("double") { 2 } else { 1 };
    }
    fn view(&self, _: &Key, sum: &i64) -> i64 {
        *sum
    }
    fn outputs(&self, _: &Key, sum: &i64, _: &Flows) -> BTreeMap<Slot, i64> {
        [("sum".into(), *sum)].into()
    }
    fn receiver(&self, _: &Key, _: &Slot, _: &i64) -> Name {
        "shop".into()
    }
}
