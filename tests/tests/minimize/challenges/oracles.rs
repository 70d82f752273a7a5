//! The thirteen challenges of <https://github.com/jlink/shrinking-challenge>: what fails, random inputs, and the
//! smallest inputs that are known to fail.

use serde_json::{Value, json};

use super::Dice;

/// A property of a JSON value that does not hold for every value.
pub(super) struct Challenge {
    pub(super) name: &'static str,
    /// Says whether a value is an input of the property, and shows that it does not hold.
    pub(super) fails: fn(&Value) -> bool,
    /// Draws an input, which may not fail.
    pub(super) draw: fn(&mut Dice) -> Value,
    /// The smallest inputs that are known to fail. Any one of them is as good.
    pub(super) smallest: fn() -> Vec<Value>,
    /// The mean number of evaluations that another library reports for it: Hypothesis or jqwik, the larger one of both.
    pub(super) evaluations: u64,
}

/// All challenges.
pub(super) const ALL: [Challenge; 13] = [
    Challenge {
        name: "bound5",
        fails: bound5,
        draw: |dice| {
            let list = |dice: &mut Dice| (0..dice.below(4)).map(|_| dice.between(-32_768, 32_767)).collect::<Vec<_>>();
            json!((0..5).map(|_| list(dice)).collect::<Vec<_>>())
        },
        smallest: || {
            let at = |place: usize, other: usize| {
                let mut lists = vec![json!([]); 5];
                (lists[place], lists[other]) = (json!([-32_768]), json!([-1]));
                json!(lists)
            };
            let pairs = (0..5).flat_map(|place| (0..5).map(move |other| (place, other)));
            let mut all: Vec<_> = pairs.filter(|(a, b)| a != b).map(|(a, b)| at(a, b)).collect();
            all.extend([json!([[-32_768], [-1]]), json!([[-1], [-32_768]])]);
            all
        },
        evaluations: 123,
    },
    Challenge {
        name: "large union list",
        fails: |value| {
            let lists = value.as_array().and_then(|lists| lists.iter().map(numbers).collect::<Option<Vec<_>>>());
            lists.is_some_and(|lists| distinct(lists.concat()) > 4)
        },
        draw: |dice| json!((0..1 + dice.below(8)).map(|_| list(dice, 8, -1000, 1000)).collect::<Vec<_>>()),
        smallest: || {
            let mut all: Vec<_> = permutations(&[0, 1, 2, 3, 4]).into_iter().map(|list| json!([list])).collect();
            all.extend(permutations(&[0, 1, -1, 2, -2]).into_iter().map(|list| json!([list])));
            all.extend(permutations(&[0, 1, -1, 2, 3]).into_iter().map(|list| json!([list])));
            all
        },
        evaluations: 301,
    },
    Challenge {
        name: "reverse",
        fails: |value| numbers(value).is_some_and(|list| list.iter().ne(list.iter().rev())),
        draw: |dice| json!(list(dice, 20, -1000, 1000)),
        smallest: || vec![json!([0, 1]), json!([1, 0])],
        evaluations: 46,
    },
    Challenge {
        name: "calculator",
        fails: |value| is_expression(value) && !divides_by_zero(value) && evaluated(value).is_none(),
        draw: |dice| expression(dice, 5),
        smallest: || vec![json!(["/", 0, ["+", 0, 0]]), json!(["/", 0, ["/", 0, 1]])],
        evaluations: 353,
    },
    Challenge {
        name: "length list",
        fails: |value| {
            let Some([length, list]) = value.as_array().map(Vec::as_slice) else { return false };
            let Some(list) = numbers(list) else { return false };
            let fits =
                length.as_u64() == Some(list.len() as u64) && list.iter().all(|number| (0..=1000).contains(number));
            fits && list.iter().any(|number| *number >= 900)
        },
        draw: |dice| {
            let list: Vec<_> = (0..=dice.below(100)).map(|_| dice.between(0, 1000)).collect();
            json!([list.len(), list])
        },
        smallest: || vec![json!([1, [900]])],
        evaluations: 717,
    },
    Challenge {
        name: "difference must not be zero",
        fails: |value| pair(value).is_some_and(|(a, b)| a >= 10 && a == b),
        draw: |dice| {
            let number = dice.between(1, 100_000);
            json!([number, number])
        },
        smallest: || vec![json!([10, 10])],
        evaluations: 386,
    },
    Challenge {
        name: "difference must not be small",
        fails: |value| pair(value).is_some_and(|(a, b)| a >= 10 && (1..=4).contains(&a.abs_diff(b))),
        draw: |dice| {
            let number = dice.between(10, 100_000);
            json!([number, number + dice.between(-4, 4)])
        },
        smallest: || vec![json!([10, 6])],
        evaluations: 296,
    },
    Challenge {
        name: "difference must not be one",
        fails: |value| pair(value).is_some_and(|(a, b)| a >= 10 && a.abs_diff(b) == 1),
        draw: |dice| {
            let number = dice.between(10, 100_000);
            json!([number, number + if dice.below(2) == 0 { 1 } else { -1 }])
        },
        smallest: || vec![json!([10, 9])],
        evaluations: 513,
    },
    Challenge {
        name: "binary heap",
        fails: |value| {
            let Some(heap) = heap(value, i64::MIN) else { return false };
            let mut sorted = listed(Some(&heap));
            sorted.sort_unstable();
            let wrong = std::iter::once(heap.head).chain(listed(merged(heap.left, heap.right).as_deref()));
            wrong.ne(sorted)
        },
        draw: |dice| drawn_heap(dice, 0, 20),
        smallest: || {
            let leaf = |head: i64| json!([head, null, null]);
            let inner = |a: Value, b: Value| json!([0, a, b]);
            let (zero, one) = (leaf(0), leaf(1));
            let node = inner(zero, one);
            vec![inner(Value::Null, node.clone()), inner(node, Value::Null)]
        },
        evaluations: 1006,
    },
    Challenge {
        name: "coupling",
        fails: |value| {
            let Some(list) = numbers(value) else { return false };
            let place = |number: &i64| usize::try_from(*number).ok().filter(|place| *place < list.len().min(11));
            let Some(places) = list.iter().map(place).collect::<Option<Vec<_>>>() else { return false };
            places.iter().enumerate().any(|(place, other)| place != *other && places[*other] == place)
        },
        draw: |dice| {
            let length = 2 + dice.below(14);
            let most = i64::try_from(length.min(11)).unwrap_or(11) - 1;
            json!((0..length).map(|_| dice.between(0, most)).collect::<Vec<_>>())
        },
        smallest: || vec![json!([1, 0])],
        evaluations: 140,
    },
    Challenge {
        name: "deletion",
        fails: |value| {
            let Some([list, element]) = value.as_array().map(Vec::as_slice) else { return false };
            let (Some(list), Some(element)) = (numbers(list), element.as_i64()) else { return false };
            list.iter().filter(|number| **number == element).count() > 1
        },
        draw: |dice| {
            let list = list(dice, 20, -20, 20);
            let place = dice.below(list.len().max(1) as u64) as usize;
            json!([list, list.get(place)])
        },
        smallest: || vec![json!([[0, 0], 0])],
        evaluations: 133,
    },
    Challenge {
        name: "distinct",
        fails: |value| numbers(value).is_some_and(|list| distinct(list) > 2),
        draw: |dice| json!(list(dice, 20, -1000, 1000)),
        smallest: || {
            let all = [permutations(&[0, 1, 2]), permutations(&[0, 1, -1])];
            all.concat().into_iter().map(|list| json!(list)).collect()
        },
        evaluations: 24,
    },
    Challenge {
        name: "nested lists",
        fails: |value| {
            let lists = value.as_array().and_then(|lists| lists.iter().map(numbers).collect::<Option<Vec<_>>>());
            lists.is_some_and(|lists| lists.concat().len() > 10)
        },
        draw: |dice| json!((0..1 + dice.below(8)).map(|_| list(dice, 8, -1000, 1000)).collect::<Vec<_>>()),
        smallest: || vec![json!([vec![0; 11]])],
        evaluations: 21,
    },
];

fn list(dice: &mut Dice, most: u64, from: i64, to: i64) -> Vec<i64> {
    (0..1 + dice.below(most)).map(|_| dice.between(from, to)).collect()
}

fn numbers(value: &Value) -> Option<Vec<i64>> {
    value.as_array()?.iter().map(Value::as_i64).collect()
}

fn pair(value: &Value) -> Option<(i64, i64)> {
    let list = numbers(value)?;
    (list.len() == 2 && list.iter().all(|number| *number > 0)).then(|| (list[0], list[1]))
}

fn distinct(mut list: Vec<i64>) -> usize {
    list.sort_unstable();
    list.dedup();
    list.len()
}

fn permutations(list: &[i64]) -> Vec<Vec<i64>> {
    let Some((last, others)) = list.split_last() else { return vec![Vec::new()] };
    let place = |list: Vec<i64>| {
        (0..=list.len()).map(move |place| {
            let mut list = list.clone();
            list.insert(place, *last);
            list
        })
    };
    permutations(others).into_iter().flat_map(place).collect()
}

/// Each list sums to less than 256, but all numbers sum to 1280 or more. All sums are of 16 bits.
fn bound5(value: &Value) -> bool {
    let Some(lists) = value.as_array().filter(|lists| lists.len() <= 5) else { return false };
    let read = |list| numbers(list)?.into_iter().map(|number| i16::try_from(number).ok()).collect();
    let Some(lists) = lists.iter().map(read).collect::<Option<Vec<Vec<i16>>>>() else { return false };
    let sum = |list: &[i16]| list.iter().fold(0, |sum: i16, number| sum.wrapping_add(*number));
    lists.iter().all(|list| sum(list) < 256) && sum(&lists.concat()) >= 5 * 256
}

fn expression(dice: &mut Dice, depth: u32) -> Value {
    if depth == 0 || dice.below(3) == 0 {
        return json!(dice.between(-10, 10));
    }
    let operator = if dice.below(2) == 0 { "+" } else { "/" };
    json!([operator, expression(dice, depth - 1), expression(dice, depth - 1)])
}

fn is_expression(value: &Value) -> bool {
    match value.as_array().map(Vec::as_slice) {
        Some([operator, left, right]) => {
            matches!(operator.as_str(), Some("+" | "/")) && is_expression(left) && is_expression(right)
        }
        _ => value.is_i64(),
    }
}

fn divides_by_zero(value: &Value) -> bool {
    let Some([operator, left, right]) = value.as_array().map(Vec::as_slice) else { return false };
    (operator == "/" && *right == 0) || divides_by_zero(left) || divides_by_zero(right)
}

/// Returns the value of an expression; `None` if it divides by zero.
fn evaluated(value: &Value) -> Option<i64> {
    let Some([operator, left, right]) = value.as_array().map(Vec::as_slice) else { return value.as_i64() };
    let (left, right) = (evaluated(left)?, evaluated(right)?);
    if operator == "+" { Some(left.saturating_add(right)) } else { left.checked_div_euclid(right) }
}

#[derive(Clone)]
struct Heap {
    head: i64,
    left: Option<Box<Heap>>,
    right: Option<Box<Heap>>,
}

/// Reads a heap: `[head, left, right]`, where no child has a smaller head than its parent.
fn heap(value: &Value, least: i64) -> Option<Heap> {
    let [head, left, right] = value.as_array()?.as_slice() else { return None };
    let head = head.as_i64().filter(|head| *head >= least)?;
    let child = |value: &Value| {
        if value.is_null() { Some(None) } else { heap(value, head).map(|heap| Some(Box::new(heap))) }
    };
    Some(Heap { head, left: child(left)?, right: child(right)? })
}

fn drawn_heap(dice: &mut Dice, least: i64, size: u64) -> Value {
    if size == 0 || dice.below(8) == 0 {
        return Value::Null;
    }
    let head = least + dice.between(0, 10_000);
    json!([head, drawn_heap(dice, head, size / 2), drawn_heap(dice, head, size / 2)])
}

/// Returns the numbers of a heap: a head, then those on the right, then those on the left.
fn listed(heap: Option<&Heap>) -> Vec<i64> {
    heap.map_or_else(Vec::new, |heap| {
        [vec![heap.head], listed(heap.right.as_deref()), listed(heap.left.as_deref())].concat()
    })
}

fn merged(one: Option<Box<Heap>>, other: Option<Box<Heap>>) -> Option<Box<Heap>> {
    match (one, other) {
        (None, heap) | (heap, None) => heap,
        (Some(one), Some(other)) => {
            let (top, other) = if one.head <= other.head { (one, other) } else { (other, one) };
            let Heap { head, left, right } = *top;
            Some(Box::new(Heap { head, left: merged(right, Some(other)), right: left }))
        }
    }
}
