//! Many runs of raft. The correct host never fails. Each mistake is found, replays from its trace, and shrinks.
//!
//! The default campaign is small. For a long one, run `AFRESH_SEEDS=10000 cargo test --release --package
//! afresh-raft`.

use std::collections::BTreeSet;
use std::{env, fs};

use afresh::format::{Options, Reader, Writer};
use afresh::minimize::Minimizer;
use afresh::world::{self, Ended, Vocabulary};
use afresh_raft::{Group, Host, Mistake};

fn seeds() -> u64 {
    env::var("AFRESH_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(100)
}

fn text(ended: &Ended<Host>) -> String {
    let trace = ended.trace("raft");
    let mut writer = Writer::new("out", Vec::new(), &trace.header).unwrap();
    trace.events.iter().try_for_each(|event| writer.event(event)).unwrap();
    String::from_utf8(writer.finish().unwrap()).unwrap()
}

fn is_right(nodes: usize) {
    let group = Group { nodes, mistake: Mistake::No };
    let mut reached = BTreeSet::new();
    for seed in 0..seeds() {
        let run = world::simulate(&group, seed);
        assert_eq!(run.findings, [], "seed {seed}:\n{}", text(&run));
        reached.extend(run.reached);
    }
    assert_eq!(reached.into_iter().collect::<Vec<_>>(), ["leader-changes", "log-is-overwritten"]);
}

#[test]
fn three_nodes_with_the_right_host() {
    is_right(3);
}

#[test]
fn five_nodes_with_the_right_host() {
    is_right(5);
}

/// The crate draws from the generator of the thread, which differs between threads. No run may depend on it.
#[test]
fn two_runs_agree() {
    let group = Group { nodes: 3, mistake: Mistake::No };
    for seed in 0..20 {
        let run = || std::thread::spawn(move || text(&world::simulate(&group, seed))).join().unwrap();
        assert_eq!(run(), run());
    }
}

/// Finds the first run that shows a mistake, and checks that its trace replays the failure. Returns a line with the
/// numbers of stimuli before and after shrinking.
fn found(mistake: Mistake) -> String {
    let group = Group { nodes: 3, mistake };
    let mut runs = (0..10_000).map(|seed| (seed, world::simulate(&group, seed)));
    let (seed, run) = runs.find(|(_, run)| !run.findings.is_empty()).expect("it is found");
    let trace = text(&run);
    let reader = || Reader::new("in", trace.as_bytes(), Options::default()).unwrap();
    let again = world::replay(&group, &reader().trace(&Vocabulary::new()).unwrap()).unwrap();
    assert_eq!((text(&again), &again.findings), (trace.clone(), &run.findings));
    let mut examined = world::examine_world(&group, reader()).unwrap();
    let signature = examined.oracle.aim(None).unwrap().signature;
    let stimuli = examined.stimuli.len();
    // The payload stays as it is: this test is about the events that matter.
    let minimized = Minimizer::new().verbatim(true).run(examined.stimuli, &mut *examined.oracle, &mut ()).unwrap();
    format!("{mistake:?} | `{signature}` | {seed} | {stimuli} | {} |", minimized.items.len())
}

#[test]
fn mistakes_are_found_and_shrink() {
    let found = Mistake::ALL.map(|(_, mistake)| found(mistake));
    let documents = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/simulation.md");
    let documents = fs::read_to_string(documents).unwrap();
    for found in &found {
        assert!(
            documents.contains(found.split_once(' ').unwrap().1),
            "docs/simulation.md has no row that ends {found}"
        );
    }
    insta::assert_snapshot!(found.join("\n"));
}
