//! The traces on which the broken products are checked. The correct product makes them.

use std::error::Error;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use afresh_fixtures::generate::Export;
use afresh_fixtures::ledger;
use afresh_tests::kept::{self, AT_THE_OPENING, FOLDER, KEPT, WINDOW};
use afresh_tests::root;

use crate::afresh::{must, text};
use crate::copy::folder;

/// The example systems that are correct.
pub(crate) const SYSTEMS: [&str; 3] = ["ledger", "orderbook", "document"];

/// The seeds of the simulated runs whose traces are checked, for each system.
const SEEDS: u64 = 12;

/// How many of these runs are checked with each planted bug.
const SEEDS_PLANTED: usize = 4;

/// The most messages of a trace on which the laws are checked. On the longest kept traces they take a minute.
const LAWS_MAX: u32 = 400;

/// How many messages a trace of a single key has, which is enough for checkpoints.
const MESSAGES: u32 = 400;

/// A trace, and the system to check it with.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    pub(crate) system: &'static str,
    pub(crate) path: PathBuf,
    /// Whether the laws are checked on it.
    pub(crate) laws: bool,
}

/// The planted bug whose findings depend on chance. Only the signature `determinism` is sure to be found.
pub(crate) const BY_CHANCE: &str = "orderbook+hash-order";

/// Makes the traces with the binary `afresh` of the correct product: kept, recorded and simulated ones, and windows.
///
/// # Errors
///
/// If a trace cannot be made.
pub(crate) fn make(afresh: &Path) -> Result<Vec<Trace>, Box<dyn Error>> {
    let _ = fs::remove_dir_all(folder().join("traces"));
    fs::create_dir_all(folder().join("traces"))?;
    let path = folder().join("traces/at-the-opening.jsonl");
    fs::write(&path, AT_THE_OPENING)?;
    let mut traces = vec![Trace { system: "ledger", path, laws: false }];
    for system in SYSTEMS {
        let mut runs = Vec::new();
        for seed in (0..SEEDS).map(|seed| seed.to_string()) {
            let run = folder().join(format!("traces/run-{system}-{seed}.jsonl"));
            must(afresh, &["run", system, "--seed", &seed, "--output", text(&run)])?;
            runs.push(Trace { system, path: record(afresh, system, &run)?, laws: true });
            traces.push(Trace { system, path: run, laws: true });
        }
        for seed in 0..SEEDS {
            let window = folder().join(format!("traces/window-{system}-{seed}.jsonl"));
            export(system, &window, &Export { seed, ..WINDOW })?;
            traces.push(Trace { system, path: window, laws: false });
        }
        let path = folder().join(format!("traces/one-key-{system}.jsonl"));
        let flow = (system == "ledger").then_some(ledger::FEES);
        export(system, &path, &Export { messages: MESSAGES, keys: 1, skipped: 0, flow, ..WINDOW })?;
        traces.push(Trace { system, path, laws: true });
        let of_system = KEPT.iter().filter(|kept| kept.system.split('+').next() == Some(system));
        for kept in of_system.filter(|kept| !kept.file.ends_with("-long")) {
            let path = root().join(FOLDER).join(kept.file).with_extension("jsonl");
            let laws = kept.export.messages <= LAWS_MAX && kept.export.skipped == 0;
            traces.push(Trace { system, path: path.clone(), laws });
            if kept.system == BY_CHANCE {
                traces.push(Trace { system: kept.system, path, laws: false });
                continue;
            }
            let recorded = record(afresh, kept.system, &path)?;
            traces.push(Trace { system, path: recorded, laws });
            if kept.system != system {
                traces.push(Trace { system: kept.system, path, laws });
                let some = runs.iter().take(SEEDS_PLANTED);
                traces.extend(some.map(|run| Trace { system: kept.system, ..run.clone() }));
            }
        }
        traces.extend(runs);
    }
    Ok(traces)
}

/// Writes a trace as production would export it.
fn export(system: &str, path: &Path, export: &Export) -> Result<(), Box<dyn Error>> {
    kept::write(system, export, "a trace", File::create(path)?).ok_or("the system is unknown")??;
    Ok(())
}

/// Replays a trace with a system, and writes it with the outputs and views of the replay.
fn record(afresh: &Path, system: &str, trace: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let stem = trace.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let recorded = folder().join(format!("traces/{stem}-recorded.jsonl"));
    must(afresh, &["replay", text(trace), "--system", system, "--record", text(&recorded)])?;
    Ok(recorded)
}
