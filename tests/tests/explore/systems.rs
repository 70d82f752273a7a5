//! Tests of the example systems in simulation: the correct ones never raise a false alarm, and each bug is found.

use std::collections::BTreeMap;
use std::fs;

use afresh::explore::{Explorer, Record};
use afresh_fixtures::{Chord, Documents, Fixture, Ledger, OrderBook, Paxos, Replica, TwoPhaseCommit, systems};
use afresh_tests::{Folder, root};
use serde_json::Value;

/// Returns the first finding of each of `seeds` runs, by signature: the first seed that shows it, and the number of
/// runs.
fn first_failures(explorer: &dyn Explorer, seeds: u64) -> BTreeMap<String, (u64, u64)> {
    let mut runs = explorer.begin();
    let mut failures = BTreeMap::new();
    for seed in 0..seeds {
        if let Some(finding) = runs.run(seed, Record::Failing).findings.first() {
            failures.entry(finding.signature.to_string()).or_insert((seed, 0)).1 += 1;
        }
    }
    failures
}

#[test]
fn the_correct_systems_never_cry_wolf() {
    let systems = systems();
    let worlds = [Replica::NAME, TwoPhaseCommit::NAME, Chord::NAME, Paxos::NAME];
    for name in [Ledger::NAME, OrderBook::NAME, Documents::NAME].into_iter().chain(worlds) {
        let explorer = systems.explorer(name).expect("it is known").expect("it has a workload");
        assert_eq!(first_failures(&*explorer, 200), BTreeMap::new(), "{name}");
    }
}

/// A row of the table of bugs in the guide.
struct Row {
    system: String,
    signature: String,
    /// The number of seeds within which the bug is found.
    seeds: u64,
    /// The number of stimuli before and after shrinking, or `None` if that is random.
    left: Option<(u64, u64)>,
}

fn rows() -> Vec<Row> {
    let guide = fs::read_to_string(root().join("docs/simulation-systems.md")).expect("the guide is there");
    let cells = |line: &str| line.split('|').map(|cell| cell.trim_matches([' ', '`']).replace(',', "")).collect();
    let lines = guide.lines().filter(|line| line.starts_with("| `") && line.contains('+'));
    let row = |cells: Vec<String>| Row {
        system: cells[1].clone(),
        signature: cells[2].clone(),
        seeds: cells[3].parse().expect("a number of seeds"),
        left: cells[4].parse().ok().zip(cells[5].parse().ok()),
    };
    lines.map(|line| row(cells(line))).collect()
}

#[test]
fn each_bug_is_found_as_the_guide_says() {
    let systems = systems();
    let bugs: Vec<_> = systems.names().filter(|name| name.contains('+')).collect();
    assert!(rows().iter().map(|row| &row.system).eq(&bugs), "each bug is in the table");
    for Row { system, signature, seeds, left } in rows() {
        let explorer = systems.explorer(&system).expect("it is known").expect("it has a workload");
        let failures = first_failures(&*explorer, seeds);
        let Some((first, _)) = failures.get(&signature) else { panic!("{system}: {failures:?}") };
        let Some(left) = left else { continue };
        assert_eq!(first + 1, seeds, "{system} takes other seeds");
        let folder = Folder::default();
        let range = format!("{first}..{seeds}");
        let explored = folder.run(&["explore", &system, "--seeds", &range, "--format", "json"]);
        let explored: Value = serde_json::from_str(&explored.stdout).expect("JSON");
        let finding = &explored["explore"]["findings"][0];
        let numbers = ["before", "left"].map(|name| finding[name].as_u64().expect("it is shrunk"));
        assert_eq!(numbers, [left.0, left.1], "{system}");
    }
}
