//! The traces on which the broken products are checked. The correct product makes them.

use std::error::Error;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use afresh_fixtures::generate::{Disorder, Export, Recording};
use afresh_tests::kept::{self, FOLDER, KEPT, Kept};
use afresh_tests::root;

use crate::afresh::{must, text};
use crate::copy::folder;

/// The example systems that are correct.
pub(crate) const SYSTEMS: [&str; 3] = ["ledger", "orderbook", "document"];

/// The seeds of the simulated runs whose traces are checked, for each system.
const SEEDS: u64 = 12;

/// How many of these runs are checked with each planted bug.
const SEEDS_PLANTED: u64 = 4;

/// The most messages of a trace on which the laws are checked. On the longest kept traces they take a minute.
const LAWS_MAX: u32 = 1000;

/// The disorder of the windows.
const DISORDER: Disorder = Disorder {
    late_permille: 150,
    duplicates_permille: 30,
    envelopes_permille: 30,
    revisions_permille: 60,
    withdrawals_permille: 40,
    places_max: 20,
};

/// A trace, and the system to check it with.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    pub(crate) system: &'static str,
    pub(crate) path: PathBuf,
    /// Whether the laws are checked on it.
    pub(crate) laws: bool,
}

/// The traces of a run of the mutations.
pub(crate) struct Traces {
    /// Traces in which the correct product finds nothing: kept, recorded and simulated ones, and windows. Traces of
    /// planted bugs are among them, to be checked with the correct system.
    pub(crate) clean: Vec<Trace>,
    /// Traces to be checked with systems that have a bug, and records that systems with a bug made.
    pub(crate) planted: Vec<Trace>,
}

impl Traces {
    /// Makes the traces with the binary `afresh` of the correct product.
    ///
    /// # Errors
    ///
    /// If a trace cannot be made.
    pub(crate) fn new(afresh: &Path) -> Result<Self, Box<dyn Error>> {
        let _ = fs::remove_dir_all(folder().join("traces"));
        fs::create_dir_all(folder().join("traces"))?;
        let mut traces = Self { clean: Vec::new(), planted: Vec::new() };
        for system in SYSTEMS {
            traces.add(afresh, system)?;
        }
        Ok(traces)
    }

    /// Makes the traces of a system and of its planted bugs.
    fn add(&mut self, afresh: &Path, system: &'static str) -> Result<(), Box<dyn Error>> {
        let of_system = KEPT.iter().filter(|kept| kept.system.split('+').next() == Some(system));
        let (correct, planted): (Vec<_>, Vec<_>) = of_system.partition(|kept| kept.system == system);
        let mut runs = Vec::new();
        for seed in (0..SEEDS).map(|seed| seed.to_string()) {
            let run = folder().join(format!("traces/run-{system}-{seed}.jsonl"));
            must(afresh, &["run", system, "--seed", &seed, "--output", text(&run)])?;
            runs.push(Trace { system, path: record(afresh, system, &run)?, laws: true });
            self.clean.push(Trace { system, path: run, laws: true });
        }
        self.clean.extend(runs.clone());
        for kept in correct {
            self.clean.push(Trace { system, path: record(afresh, system, &path(kept))?, laws: has_laws(kept) });
        }
        for seed in 0..SEEDS {
            let window = folder().join(format!("traces/window-{system}-{seed}.jsonl"));
            let recording = Recording::Views;
            let export = Export { seed, messages: 60, keys: 3, disorder: DISORDER, flow: None, skipped: 60, recording };
            kept::write(system, &export, "window", File::create(&window)?).ok_or("the system is known")??;
            self.clean.push(Trace { system, path: window, laws: false });
        }
        for kept in planted {
            let (path, laws) = (path(kept), has_laws(kept));
            if !kept.file.ends_with("-production") {
                self.clean.push(Trace { system, path: path.clone(), laws });
            }
            self.planted.push(Trace { system, path: record(afresh, kept.system, &path)?, laws: false });
            self.planted.push(Trace { system: kept.system, path, laws });
            let some = runs.iter().take(SEEDS_PLANTED as usize);
            self.planted.extend(some.map(|run| Trace { system: kept.system, ..run.clone() }));
        }
        Ok(())
    }
}

/// Returns `true` if the laws are checked on a kept trace.
fn has_laws(kept: &Kept) -> bool {
    kept.export.messages <= LAWS_MAX && kept.export.skipped == 0
}

fn path(kept: &Kept) -> PathBuf {
    root().join(FOLDER).join(kept.file).with_extension("jsonl")
}

/// Replays a trace with a system, and writes it with the outputs and views of the replay.
fn record(afresh: &Path, system: &str, trace: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let stem = trace.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let recorded = folder().join(format!("traces/{stem}-recorded.jsonl"));
    must(afresh, &["replay", text(trace), "--system", system, "--record", text(&recorded)])?;
    Ok(recorded)
}
