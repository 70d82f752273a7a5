//! Tests of the example worlds that are protocols from papers: each bug is found, shrinks to a run that could have
//! happened and on which the correct twin passes, and no run of the correct twin shows a bug.

use afresh::check::Options;
use afresh::explore::{Explorer, Record, WorldExplorer};
use afresh::format::{RawTrace, Reader};
use afresh::minimize::Minimizer;
use afresh::oracle::Second;
use afresh::world::{self, Cluster};
use afresh_fixtures::{Chord, Paxos, TwoPhaseCommit, chord, paxos, two_phase_commit};

/// The number of seeds.
const SEEDS: u64 = 3000;

/// The result of shrinking the first finding: its signature, the stimuli that are left, and the runs of the search.
#[derive(Debug)]
struct Shrunk {
    signature: String,
    left: usize,
    runs: u64,
}

fn trace<R: std::io::BufRead>(reader: R) -> Reader<R> {
    Reader::new("trace", reader, afresh::format::Options::default()).unwrap()
}

/// Finds every bug of `cluster`, and shrinks the first run of each.
fn shrunk<C: Cluster + Sync>(cluster: &C) -> Vec<Shrunk> {
    let twin = cluster.twin().expect("it has a planted bug");
    let explorer = WorldExplorer { name: "it", cluster };
    let mut runs = explorer.begin();
    let mut all: Vec<Shrunk> = Vec::new();
    for seed in 0..SEEDS {
        let run = runs.run(seed, Record::Failing);
        assert_eq!(run.void, None, "seed {seed}");
        let Some(bug) = run.findings.first().map(|finding| finding.signature.clone()) else { continue };
        if all.iter().any(|known| known.signature == bug.to_string()) {
            continue;
        }
        let mut examined = world::examine_world(cluster, trace(&run.trace[..])).unwrap();
        examined.oracle.aim(Some(&bug)).unwrap();
        let mut correct = world::examine_world(&twin, trace(&run.trace[..])).unwrap().oracle;
        correct.be_twin();
        let mut oracle = Second::twin(&mut *examined.oracle, Some(&mut *correct));
        let minimized = Minimizer::new().run(examined.stimuli, &mut oracle, &mut ()).unwrap();
        let (left, runs) = (minimized.items.len(), minimized.runs);
        let events = minimized.items.into_iter().map(|item| item.value).collect();
        let small = RawTrace { header: examined.header, events }.write("small", Vec::new()).unwrap();
        let checked = world::check_world(cluster, trace(&small[..]), Options::default()).unwrap();
        assert_eq!(checked.findings.first().map(|finding| &finding.signature), Some(&bug), "seed {seed}");
        let checked = world::check_world(&twin, trace(&small[..]), Options::default()).unwrap();
        assert_eq!((checked.findings, checked.void), (Vec::new(), None), "seed {seed}: {bug}");
        all.push(Shrunk { signature: bug.to_string(), left, runs });
    }
    all
}

fn is_clean<C: Cluster + Sync>(cluster: &C) {
    let explorer = WorldExplorer { name: "it", cluster };
    let mut runs = explorer.begin();
    for seed in 0..SEEDS {
        let run = runs.run(seed, Record::Failing);
        assert_eq!((run.findings, run.void), (Vec::new(), None), "seed {seed}");
    }
}

#[test]
fn the_correct_protocols_are_found_to_be() {
    is_clean(&TwoPhaseCommit::default());
    is_clean(&Chord::default());
    is_clean(&Paxos::default());
}

#[test]
fn a_decision_that_is_not_forced_is_found() {
    let found = shrunk(&TwoPhaseCommit { bug: Some(two_phase_commit::Bug::UnforcedDecision) });
    assert!(found.iter().any(|found| found.signature == "one-outcome"), "{found:?}");
}

#[test]
fn chord_as_published_is_found_to_lose_its_ring() {
    let found = shrunk(&Chord { bug: Some(chord::Bug::Published) });
    assert!(found.iter().any(|found| found.signature == "live-successor"), "{found:?}");
}

#[test]
fn the_bugs_of_paxos_are_found() {
    let found = shrunk(&Paxos { bug: Some(paxos::Bug::ForgottenPromise) });
    assert!(found[0].signature == "one-value" && found[0].left <= 18 && found[0].runs <= 600, "{found:?}");
    let found = shrunk(&Paxos { bug: Some(paxos::Bug::ReusedBallot) });
    assert_eq!(found[0].signature, "one-value");
}
