//! The example systems in simulation: the correct ones never cry wolf, and each bug is found.

use std::collections::BTreeMap;

use afresh::explore::{Explorer, Record};
use afresh::{Systems, Workload};
use afresh_fixtures::{Documents, Fixture, Ledger, OrderBook, document, ledger, orderbook};

fn systems() -> Systems {
    Systems::new()
        .with_all(Ledger::all())
        .with_all(OrderBook::all())
        .with_all(Documents::all())
        .exploring(Workload::new(ledger::messages).flow(ledger::FEES))
        .exploring(Workload::new(orderbook::messages))
        .exploring(Workload::new(document::messages))
}

/// What goes wrong first in each of so many runs, by signature: the first seed, and how many there are.
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
    for name in [Ledger::NAME, OrderBook::NAME, Documents::NAME] {
        let explorer = systems.explorer(name).expect("it is known").expect("it has a workload");
        assert_eq!(first_failures(&*explorer, 200), BTreeMap::new(), "{name}");
    }
}

/// Each bug, what it is found as, and within how many seeds.
const FOUND: &[(&str, &str, u64)] = &[
    ("document+bytes-for-chars", "length-is-that-of-the-text", 1),
    ("document+range-overflow", "panic/attempt to add with overflow", 1),
    ("document+stale-digest", "restated/digest", 1),
    ("ledger+duplicate-hold", "restated/held", 1),
    ("ledger+fee-rounding", "incremental/balance", 2820),
    ("ledger+fees-stay", "incremental/balance", 7),
    ("ledger+late-capture", "incremental/balance", 1),
    ("ledger+receipt-stays", "outputs/receipt", 381),
    ("ledger+refused-transfer", "money-is-conserved", 1),
    ("orderbook+crossed-amend", "book-is-not-crossed", 26),
    // Whether two orders come out of a random hash in another order is chance each time.
    ("orderbook+hash-order", "determinism", 200),
    ("orderbook+index-stays", "index-is-exact", 7),
    ("orderbook+priority-lost", "restated/bids", 37),
];

#[test]
fn each_bug_is_found() {
    let systems = systems();
    let bugs: Vec<_> = systems.names().filter(|name| name.contains('+')).collect();
    assert!(FOUND.iter().map(|(name, ..)| *name).eq(bugs), "each bug is in the table");
    for (name, signature, seeds) in FOUND {
        let explorer = systems.explorer(name).expect("it is known").expect("it has a workload");
        let failures = first_failures(&*explorer, *seeds);
        assert!(failures.contains_key(*signature), "{name}: {failures:?}");
    }
}
