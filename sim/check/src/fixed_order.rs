//! Debug text in which maps and sets have a fixed order.

use std::cmp::Ordering;
use std::fmt::Debug;

/// Returns the pretty `Debug` text of a value, with the entries of each map and set sorted.
///
/// A hash map lists its entries in another order in every process, so a report with its `Debug` text would have other
/// bytes in every run.
pub(crate) fn debug_in_fixed_order(value: &impl Debug) -> String {
    let text = format!("{value:#?}");
    let lines: Vec<_> = text.lines().collect();
    let mut sorted = Vec::with_capacity(lines.len());
    sort(&lines, &mut sorted);
    sorted.join("\n")
}

/// Appends the lines to `sorted`, with the entries of each map and set among them in a fixed order.
fn sort<'t>(lines: &[&'t str], sorted: &mut Vec<&'t str>) {
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        sorted.push(line);
        at += 1;
        let inside = lines[at..].iter().take_while(|inner| indent(inner) > indent(line)).count();
        if is_map_or_set(line) {
            let mut entries = entries(&lines[at..at + inside], indent(line) + 4);
            entries.sort_by(|one, other| in_order(one, other));
            sorted.extend(entries.into_iter().flatten());
            at += inside;
        }
    }
}

/// Returns whether a map or a set begins on this line. Unlike a struct, it has no name before its brace.
fn is_map_or_set(line: &str) -> bool {
    line.trim_start() == "{" || line.ends_with(": {")
}

/// Splits the lines of a map or a set into its entries, each sorted inside. The last line of each ends with a comma.
fn entries<'t>(lines: &[&'t str], depth: usize) -> Vec<Vec<&'t str>> {
    let is_last = |line: &&str| indent(line) == depth && line.ends_with(',');
    let entry = |lines: &[&'t str]| {
        let mut sorted = Vec::with_capacity(lines.len());
        sort(lines, &mut sorted);
        sorted
    };
    lines.split_inclusive(is_last).map(entry).collect()
}

/// Orders entries by their keys if these are whole numbers, otherwise by their text.
fn in_order(one: &[&str], other: &[&str]) -> Ordering {
    let number = |entry: &[&str]| entry.first()?.trim_start().split([':', ',']).next()?.parse::<i128>().ok();
    match (number(one), number(other)) {
        (Some(one), Some(other)) => one.cmp(&other),
        _ => one.cmp(other),
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

#[cfg(test)]
#[expect(clippy::disallowed_types, reason = "the order of a hash map is what must not show")]
mod tests {
    use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

    use super::debug_in_fixed_order;

    /// A state; its fields are only read by `Debug`.
    #[derive(Debug)]
    #[expect(dead_code, reason = "read by Debug")]
    struct State<M, S> {
        zeal: u8,
        by_number: M,
        accounts: Vec<Option<S>>,
    }

    #[test]
    fn the_order_of_a_hash_map_does_not_show() {
        let numbers = [30, 4, 100, 21, -5].map(|number| (number, format!("{{{number}")));
        let names = ["b", "a-10", "a-1", "c"].map(|name| (name, name.len()));
        let hashed = State {
            zeal: 1,
            by_number: HashMap::from(numbers.clone()),
            accounts: vec![Some(HashSet::from(names)), None],
        };
        let ordered =
            State { zeal: 1, by_number: BTreeMap::from(numbers), accounts: vec![Some(BTreeSet::from(names)), None] };
        let expected = format!("{ordered:#?}");
        assert_eq!(debug_in_fixed_order(&hashed), expected);
        assert_eq!(debug_in_fixed_order(&ordered), expected, "an ordered map stays as it is");
    }
}
