//! The commands of the product that are run on each mutation, and how they notice it.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use afresh_tests::mutations::COLUMNS;
use serde_json::Value;

use crate::afresh::{notices, printed, run, text};
use crate::copy::folder;
use crate::traces::{self, BY_CHANCE, SYSTEMS, Trace};

/// The limit of time of one trace or run, which the product watches itself.
const TIMEOUT: &str = "--timeout=20s";

/// A budget so small that most steps are recomputed from checkpoints.
const BUDGET: &str = "--budget=2000";

/// Notes that count as findings where bugs are planted.
const DENY: &str = "--deny=rejected,conflict,stale,quarantined";

/// Stands for the findings of a command that fails.
const NO_REPORT: &str = "no report";

/// The traces to check, and what the correct product finds in them.
pub(crate) struct Commands {
    /// The traces in which the correct product finds nothing.
    clean: Vec<Trace>,
    /// The other traces. Most of them are checked with a system that has a bug, or were recorded by such a system.
    planted: Vec<Trace>,
    /// The findings of the correct product in `planted`.
    found: Found,
}

/// The findings of `check`, by system, options and trace: signature, number of places, and first event.
type Found = BTreeMap<String, Vec<String>>;

impl Commands {
    /// Makes the traces with the correct product, and notes what it finds.
    ///
    /// # Errors
    ///
    /// If a trace cannot be made, or if the correct product finds a bug in simulated runs.
    pub(crate) fn new(correct: PathBuf) -> Result<Self, Box<dyn Error>> {
        let afresh = folder().join("afresh");
        fs::copy(correct, &afresh)?;
        let mut commands = Self { clean: Vec::new(), planted: Vec::new(), found: Found::new() };
        for trace in traces::make(&afresh)? {
            let words = ["check", "--system", trace.system, text(&trace.path), BUDGET];
            let is_clean = SYSTEMS.contains(&trace.system) && run(&afresh, &words)?.is_empty();
            if is_clean { &mut commands.clean } else { &mut commands.planted }.push(trace);
        }
        commands.found = commands.find(&afresh, |_, _| false)?;
        if commands.found.values().any(|findings| findings.iter().any(|finding| finding == NO_REPORT)) {
            return Err(format!("a check of a planted bug fails: {:?}", commands.found).into());
        }
        eprintln!("{} traces without a bug, {} with bugs", commands.clean.len(), commands.planted.len());
        let noticed = commands.notice(&afresh)?;
        if noticed.contains(&true) {
            return Err(format!("the correct product notices something: {noticed:?} of {COLUMNS:?}").into());
        }
        Ok(commands)
    }

    /// Runs the commands of a broken product. Returns, for each column, whether they notice the mutation.
    ///
    /// # Errors
    ///
    /// If a command cannot be started.
    pub(crate) fn notice(&self, afresh: &Path) -> Result<[bool; COLUMNS.len()], Box<dyn Error>> {
        let check = self.check(afresh, &[], |_| true)? || self.check(afresh, &[BUDGET], |_| true)?;
        let laws = self.check(afresh, &["--laws"], |trace| trace.laws)?;
        let differs =
            self.find(afresh, |name, findings| self.found.get(name).is_some_and(|found| found == findings))?;
        for (name, findings) in &differs {
            let found = self.found.get(name).map(|found| found.join("; ")).unwrap_or_default();
            eprintln!("  planted notices it: {name}: {}; instead of {found}", findings.join("; "));
        }
        Ok([check, laws, explore(afresh)?, !differs.is_empty()])
    }

    /// Checks traces in which the correct product finds nothing. Returns `true` if this one finds something.
    fn check(&self, afresh: &Path, options: &[&str], is_wanted: fn(&Trace) -> bool) -> Result<bool, Box<dyn Error>> {
        for system in SYSTEMS {
            let traces = self.clean.iter().filter(|trace| trace.system == system && is_wanted(trace));
            let words = [&["check", "--system", system, TIMEOUT], options].concat();
            let words: Vec<_> = words.into_iter().chain(traces.map(|trace| text(&trace.path))).collect();
            if notices(afresh, &words)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Checks the traces of planted bugs, and returns what is found, except what is `expected`.
    ///
    /// Stops after the first command that finds anything else than what is expected.
    fn find(&self, afresh: &Path, expected: impl Fn(&str, &[String]) -> bool) -> Result<Found, Box<dyn Error>> {
        let mut jobs: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for Trace { system, path, laws } in &self.planted {
            jobs.entry((*system, if *laws { "--laws" } else { BUDGET })).or_default().push(text(path));
            jobs.entry((*system, "")).or_default().push(text(path));
        }
        let mut others = Found::new();
        for ((system, option), traces) in jobs {
            let words = ["check", "--system", system, TIMEOUT, DENY, "--format=json", option];
            let words = words.into_iter().chain(traces.iter().copied()).filter(|word| !word.is_empty());
            run(afresh, &words.collect::<Vec<_>>())?;
            let report: Value = serde_json::from_slice(&printed()?).unwrap_or_default();
            for (place, trace) in traces.iter().enumerate() {
                let findings = findings(system, &report["check"][place]);
                let file = Path::new(trace).file_name().and_then(|file| file.to_str()).unwrap_or_default();
                let name = format!("{system} {option} {file}");
                if !expected(&name, &findings) {
                    others.insert(name, findings);
                }
            }
            if !others.is_empty() && !self.found.is_empty() {
                break;
            }
        }
        Ok(others)
    }
}

/// The findings of a trace in a report. The report of a command that failed has none, which differs from all others.
fn findings(system: &str, checked: &Value) -> Vec<String> {
    let Some(findings) = checked["findings"].as_array() else { return vec![NO_REPORT.to_owned()] };
    let findings = findings.iter().map(|finding| {
        let signature = ["check", "part"].map(|half| finding["signature"][half].as_str().unwrap_or_default()).join("/");
        (signature, format!(" at {} places, first event {}", finding["count"], finding["first"]["event"]))
    });
    let is_sure = |signature: &str| system != BY_CHANCE || signature == "determinism/";
    let findings = findings.filter(|(signature, _)| is_sure(signature));
    findings.map(|(signature, places)| if system == BY_CHANCE { signature } else { signature + &places }).collect()
}

/// Explores the correct systems. Returns `true` if a bug is found.
fn explore(afresh: &Path) -> Result<bool, Box<dyn Error>> {
    for system in SYSTEMS {
        let findings = folder().join("findings");
        let _ = fs::remove_dir_all(&findings);
        let words = ["explore", system, "--seeds", "0..300", "--no-shrink", TIMEOUT, "--output", text(&findings)];
        if notices(afresh, &words)? {
            return Ok(true);
        }
    }
    Ok(false)
}
