//! {{class}}: the number of pieces of each item, as a first system. Replace it with your own.

use std::collections::BTreeMap;

use afresh_core::{Flows, Input, Key, Name, Slot, System};
use serde::{Deserialize, Serialize};

/// How many pieces of an item came or went, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moved {
    pub item: Key,
    pub count: i64,
    pub on: i64,
}

/// The number of pieces that are left.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Left {
    pub left: i64,
}

#[derive(Clone)]
pub struct {{class}};

impl System for {{class}} {
    type In = Moved;
    type Out = Left;
    type State = Left;
    type View = Left;

    /// Each item has a history of its own.
    fn keys(&self, moved: &Moved) -> impl IntoIterator<Item = Key> {
        [moved.item.clone()]
    }

    /// The place in that history, however late the message arrives.
    fn position(&self, moved: &Moved) -> Option<i64> {
        Some(moved.on)
    }

    fn apply(&self, _: &Key, state: &mut Left, input: Input<'_, Moved>, _: &Flows) {
        state.left += input.body.count;
    }

    fn view(&self, _: &Key, state: &Left) -> Left {
        state.clone()
    }

    /// Everything that should have been sent, by slot. Afresh sends and withdraws only the difference.
    fn outputs(&self, _: &Key, state: &Left, _: &Flows) -> BTreeMap<Slot, Left> {
        let low = (state.left < 3).then(|| ("low".into(), state.clone()));
        low.into_iter().collect()
    }

    fn receiver(&self, _: &Key, _: &Slot, _: &Left) -> Name {
        "buyer".into()
    }
}
