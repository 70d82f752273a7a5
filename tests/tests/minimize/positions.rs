//! A search never takes the position of a message away: a system has positions for all of its messages or for none.

use std::collections::BTreeMap;

use afresh::minimize::{Minimized, Minimizer};
use afresh::oracle::Examined;
use afresh_core::{Flows, Input, Key, Slot, System, Violation};
use serde::{Deserialize, Serialize};

use super::open;

/// A sum that must stay small.
#[derive(Clone)]
struct Sum;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Amount {
    amount: u64,
    /// The position, which every message has although the type does not say so.
    at: Option<i64>,
}

impl System for Sum {
    type In = Amount;
    type Out = ();
    type State = u64;
    type View = u64;

    fn keys(&self, _: &Amount) -> impl IntoIterator<Item = Key> {
        ["all".into()]
    }

    fn apply(&self, _: &Key, sum: &mut u64, input: Input<'_, Amount>, _: &Flows) {
        *sum += input.body.amount;
    }

    fn view(&self, _: &Key, sum: &u64) -> u64 {
        *sum
    }

    fn outputs(&self, _: &Key, _: &u64, _: &Flows) -> BTreeMap<Slot, ()> {
        BTreeMap::new()
    }

    fn position(&self, body: &Amount) -> Option<i64> {
        body.at
    }

    fn invariants(&self, _: &Key, sum: &u64) -> Vec<Violation> {
        let broken = Violation { invariant: "small", found: sum.to_string() };
        (*sum > 9).then_some(broken).into_iter().collect()
    }
}

#[test]
fn a_message_keeps_its_position() {
    let header = r#"{"afresh":{"format":1,"system":"sum","complete":true}}"#.to_owned() + "\n";
    let line = |n: u64| {
        format!(r#"{{"in":{{"id":"m-{n}","from":"shop","body":{{"amount":4,"at":{}}}}}}}"#, 100 - n * 7) + "\n"
    };
    let file = header + &(1..=5).map(line).collect::<String>();
    let Examined { stimuli, mut oracle, .. } = open(&Sum, file.as_bytes());
    oracle.aim(None).expect("the bug shows");
    let minimized = Minimizer::new().run(stimuli, &mut *oracle, &mut ());
    let Minimized { items, .. } = minimized.unwrap_or_else(|refusal| panic!("{refusal}"));
    for item in &items {
        let content: serde_json::Value = serde_json::from_str(item.value.content.get()).expect("JSON");
        assert!(content["body"]["at"].is_i64(), "{content}");
    }
}
