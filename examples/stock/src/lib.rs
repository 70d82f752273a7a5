//! Counts the stock of each item, and orders more when it runs low.

use std::collections::BTreeMap;

use afresh_core::{Flows, Input, Key, Slot, System};
use serde::{Deserialize, Serialize};

/// A delivery of one item (`count` is positive) or a sale (`count` is negative).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Movement {
    item: String,
    count: i64,
    at: i64,
}

/// The state of one item: how many are left, and how many sales were refused.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Item {
    left: i64,
    refused: u64,
}

/// The system: each item is a key, and `order` is the slot of its reorder message.
#[derive(Clone)]
pub struct Stock;

impl System for Stock {
    type In = Movement;
    type Out = i64;
    type State = Item;
    type View = Item;

    fn keys(&self, movement: &Movement) -> impl IntoIterator<Item = Key> {
        [movement.item.as_str().into()]
    }

    fn position(&self, movement: &Movement) -> Option<i64> {
        Some(movement.at)
    }

    fn apply(&self, _: &Key, item: &mut Item, input: Input<'_, Movement>, _: &Flows) {
        match item.left + input.body.count {
            ..0 => item.refused += 1,
            left => item.left = left,
        }
    }

    fn view(&self, _: &Key, item: &Item) -> Item {
        item.clone()
    }

    fn outputs(&self, _: &Key, item: &Item, _: &Flows) -> BTreeMap<Slot, i64> {
        if item.left < 5 { [("order".into(), 20 - item.left)].into() } else { BTreeMap::new() }
    }
}
