//! Tests that each kept trace shows the bug that it is kept for.

use std::fs;

use afresh::check::Report;
use afresh_fixtures::Replica;
use afresh_tests::kept::{KEPT, RUNS, systems};

fn signatures(report: &Report) -> Vec<String> {
    report.findings.iter().map(|finding| finding.signature.to_string()).collect()
}

#[test]
fn each_kept_trace_is_as_the_generator_makes_it() {
    for kept in KEPT {
        let made = kept.write(kept.file, Vec::new()).expect("a vector takes it");
        let there = fs::read(kept.path()).expect("the trace is kept");
        assert!(made == there, "{} differs: `cargo run -p afresh-tests --bin generate -- --kept` makes it", kept.file);
    }
    for kept in RUNS {
        let there = fs::read(kept.path()).expect("the trace is kept");
        assert!(kept.write() == there, "{} differs: the same command makes it", kept.file);
    }
}

#[test]
fn each_kept_run_of_a_world_goes_as_recorded_and_the_correct_twin_is_clean() {
    for kept in RUNS {
        let (as_recorded, [own, twin]) = kept.check();
        assert!(as_recorded, "{}", kept.file);
        assert_eq!(own.is_clean(), !kept.world.contains('+'), "{}: {:?}", kept.file, signatures(&own));
        assert!(twin.is_clean(), "{}: {:?}", kept.file, signatures(&twin));
    }
}

#[test]
fn each_bug_is_found_on_its_trace_and_the_correct_twin_is_clean() {
    for kept in KEPT {
        let [own, twin] = kept.check();
        assert_eq!(own.is_clean(), !kept.system.contains('+'), "{}: {:?}", kept.file, signatures(&own));
        // The recorded views of the system with the bug are wrong for the correct system too.
        let recorded_wrong = kept.file == "ledger-production";
        assert_eq!(twin.is_clean(), !recorded_wrong, "{}: {:?}", kept.file, signatures(&twin));
    }
}

#[test]
fn each_system_has_a_trace() {
    for system in systems() {
        assert!(KEPT.iter().any(|kept| kept.system == system), "there is no trace of {system}");
    }
    for (world, _) in Replica::all() {
        assert!(RUNS.iter().any(|kept| kept.world == world), "there is no trace of {world}");
    }
}
