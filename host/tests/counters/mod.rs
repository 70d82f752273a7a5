//! The system of the tests of this crate.

use std::collections::BTreeMap;

use afresh_core::{Change, Flows, Input, Key, Name, Slot, System, Updated};

/// Counters: each message adds a number to the key that it names. `shop` is told the sum, or `nobody` if it is 1313.
///
/// The code has bugs. A key cannot hold 666, and a revision of a message to the key `wrong` is counted once more.
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
        assert_ne!(*sum, 666, "a number of the beast");
    }
    fn update(&self, key: &Key, sum: &mut i64, change: Change<'_, (Key, i64)>, _: &Flows) -> Updated {
        match change {
            Change::Revised { after, .. } if key == "wrong" => {
                *sum += after.body.1;
                Updated::Done
            }
            _ => Updated::FoldAgain,
        }
    }
    fn view(&self, _: &Key, sum: &i64) -> i64 {
        *sum
    }
    fn outputs(&self, _: &Key, sum: &i64, _: &Flows) -> BTreeMap<Slot, i64> {
        [("sum".into(), *sum)].into()
    }
    fn receiver(&self, _: &Key, _: &Slot, sum: &i64) -> Name {
        if *sum == 1313 { "nobody".into() } else { "shop".into() }
    }
    fn flows(&self) -> Vec<Name> {
        vec!["double".into()]
    }
}
