//! Operations on a list: each names places, so the removal of one changes what later ones mean. The system says how.

use std::collections::BTreeMap;

use afresh::minimize::{End, Item, Minimized, Minimizer};
use afresh::oracle::Examined;
use afresh_core::{Flows, Input, Key, Slot, System, Violation};
use serde::{Deserialize, Serialize};

use super::open;

/// An operation on a list.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Change {
    /// Puts a new item at this place.
    Insert(usize),
    /// Moves the item at the first place to the second.
    Move(usize, usize),
    /// Removes the item at this place.
    Delete(usize),
}

/// A list under operations, one list a system. It is strict: an operation on a place that the list does not have is
/// another failure. The bug: an item that was moved twice is not deleted.
#[derive(Clone, Copy, Debug)]
struct List {
    /// Whether it says how operations change when others are removed.
    rebases: bool,
}

/// How often each item of the list was moved, and the place that an operation named in vain.
#[derive(Clone, Debug, Default, PartialEq)]
struct Items {
    moves: Vec<u32>,
    outside: bool,
    ghost: bool,
}

impl System for List {
    type In = Change;
    type Out = ();
    type State = Items;
    type View = usize;

    fn keys(&self, _: &Change) -> impl IntoIterator<Item = Key> {
        [Key::from("list")]
    }

    fn apply(&self, _: &Key, Items { moves, outside, ghost }: &mut Items, input: Input<'_, Change>, _: &Flows) {
        match *input.body {
            Change::Insert(at) if at <= moves.len() => moves.insert(at, 0),
            Change::Move(from, to) if from < moves.len() && to < moves.len() => {
                let moved = moves.remove(from) + 1;
                moves.insert(to, moved);
            }
            Change::Delete(at) if at < moves.len() => *ghost |= moves.remove(at) == 2,
            _ => *outside = true,
        }
    }

    fn view(&self, _: &Key, state: &Items) -> usize {
        state.moves.len()
    }

    fn outputs(&self, _: &Key, _: &Items, _: &Flows) -> BTreeMap<Slot, ()> {
        BTreeMap::new()
    }

    fn invariants(&self, _: &Key, state: &Items) -> Vec<Violation> {
        let checks = [(state.outside, "outside"), (state.ghost, "ghost")];
        checks.into_iter().filter(|(is_so, _)| *is_so).map(|(_, name)| Violation::new(name, "")).collect()
    }

    fn rebase(&self, history: &[(Input<'_, Change>, bool)]) -> Option<Vec<Option<Change>>> {
        if !self.rebases {
            return None;
        }
        // The items with all operations, and with those that stay. An item is named by the operation that inserts it.
        let (mut all, mut left) = (Vec::<usize>::new(), Vec::<usize>::new());
        // The place in `left` behind the item that is before the place `at` in `all`.
        let place = |all: &[usize], left: &[usize], at: usize| {
            let before = all[..at.min(all.len())].iter().rev();
            before.filter_map(|item| left.iter().position(|other| other == item)).next().map_or(0, |place| place + 1)
        };
        let mut changes = Vec::new();
        for (number, (input, stays)) in history.iter().enumerate() {
            let change = match *input.body {
                Change::Insert(at) => {
                    let to = place(&all, &left, at);
                    all.insert(at.min(all.len()), number);
                    stays.then(|| left.insert(to, number));
                    Some(Change::Insert(to))
                }
                Change::Move(from, to) => {
                    let item = (from < all.len()).then(|| all.remove(from));
                    let from = left.iter().position(|other| Some(*other) == item);
                    let mut others = left.clone();
                    others.retain(|other| Some(*other) != item);
                    let at = place(&all, &others, to);
                    item.into_iter().for_each(|item| all.insert(to.min(all.len()), item));
                    if let (true, Some(item), Some(_)) = (stays, item, from) {
                        others.insert(at, item);
                        left = others;
                    }
                    from.map(|from| Change::Move(from, at))
                }
                Change::Delete(at) => {
                    let item = (at < all.len()).then(|| all.remove(at));
                    let at = left.iter().position(|other| Some(*other) == item);
                    if let (true, Some(at)) = (stays, at) {
                        left.remove(at);
                    }
                    at.map(Change::Delete)
                }
            };
            if *stays {
                changes.push(change);
            }
        }
        Some(changes)
    }
}

/// Draws a number from a generator with a fixed seed (xorshift).
fn draw(state: &mut u64, below: usize) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state % below.max(1) as u64) as usize
}

/// The trace of so many operations. No item is moved twice except one, whose deletion comes last.
fn trace(operations: usize) -> String {
    let mut state = 0x5eed;
    let mut moves = Vec::<u32>::new();
    // The item of the bug has been moved this often, and a hundred more mark it.
    let is_marked = |moves: u32| moves >= 100;
    let mut changes = Vec::new();
    for number in 0..operations {
        let marked = moves.iter().position(|moves| is_marked(*moves));
        let at = draw(&mut state, moves.len());
        let change = if number == operations / 3 {
            moves.insert(at, 100);
            Change::Insert(at)
        } else if let Some(marked) = marked.filter(|_| number == operations / 2 || number == operations * 3 / 4) {
            Change::Move(marked, at)
        } else {
            match draw(&mut state, 4) {
                0 if moves.get(at) == Some(&0) => Change::Move(at, draw(&mut state, moves.len())),
                1 if moves.get(at).is_some_and(|moves| !is_marked(*moves)) => Change::Delete(at),
                _ => {
                    moves.insert(at, 0);
                    Change::Insert(at)
                }
            }
        };
        match change {
            Change::Insert(_) => {}
            Change::Move(from, to) => {
                let moved = moves.remove(from) + 1;
                moves.insert(to, moved);
            }
            Change::Delete(at) => _ = moves.remove(at),
        }
        changes.push(change);
    }
    changes.push(Change::Delete(moves.iter().position(|moves| is_marked(*moves)).expect("it was never deleted")));
    let header = r#"{"afresh":{"format":1,"system":"list","version":"1","complete":true,"source":"generated"}}"#;
    let line = |(number, change): (usize, &Change)| {
        let body = serde_json::to_string(change).expect("a change is JSON");
        format!("{{\"n\":{number},\"in\":{{\"id\":\"m-{number}\",\"from\":\"user\",\"body\":{body}}}}}\n")
    };
    format!("{header}\n{}", (1..).zip(&changes).map(line).collect::<String>())
}

fn shrunk(list: List, trace: &str) -> Minimized<afresh::format::RawEvent> {
    let Examined { stimuli, mut oracle, .. } = open(&list, trace.as_bytes());
    oracle.aim(None).expect("it shows the bug");
    let minimized = Minimizer::new().run(stimuli, &mut *oracle, &mut ()).expect("it shows the bug");
    println!("{} events, {} runs", minimized.items.len(), minimized.runs);
    for Item { value, .. } in &minimized.items {
        println!("  {}", value.content.get());
    }
    minimized
}

/// The four operations that are left insert the item, move it twice and delete it, all at the first place.
#[test]
fn operations_that_name_places_change_with_those_that_go() {
    let minimized = shrunk(List { rebases: true }, &trace(2_000));
    assert_eq!((minimized.items.len(), minimized.end), (4, End::OneMinimal));
    assert!(minimized.runs <= 100, "{} runs", minimized.runs);
}

/// Without the method, the search takes many more runs, and leaves operations that only keep others in place.
#[test]
fn a_system_that_does_not_say_how_they_change_takes_more_runs() {
    let [with, without] = [true, false].map(|rebases| shrunk(List { rebases }, &trace(200)));
    assert_eq!(with.items.len(), 4);
    assert!(without.runs > 5 * with.runs, "{} runs, {} with the method", without.runs, with.runs);
}
