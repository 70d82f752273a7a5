//! The commands of the product that are run on each mutation, and how they notice it.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use afresh_tests::mutations::COLUMNS;
use serde_json::Value;

use crate::afresh::{notices, printed, run, text};
use crate::copy::folder;
use crate::traces::{SYSTEMS, Trace, Traces};

/// The limit of time of one trace or run, which the product watches itself.
const TIMEOUT: &str = "--timeout=20s";

/// A budget so small that most steps are recomputed from checkpoints.
const BUDGET: &str = "--budget=2000";

/// Notes that count as findings where bugs are planted.
const DENY: &str = "--deny=rejected,conflict,stale,quarantined";

/// The traces to check, and what the correct product finds in them.
pub(crate) struct Commands {
    traces: Traces,
    found: Found,
}

/// The findings of `check`, by system, options and trace: signature, number of places, and first event.
type Found = BTreeMap<String, Vec<String>>;

impl Commands {
    /// Makes the traces with the correct product, and notes what it finds.
    ///
    /// # Errors
    ///
    /// If a trace cannot be made, or if the correct product notices anything.
    pub(crate) fn new(correct: PathBuf) -> Result<Self, Box<dyn Error>> {
        let afresh = folder().join("afresh");
        fs::copy(correct, &afresh)?;
        let mut commands = Self { traces: Traces::new(&afresh)?, found: Found::new() };
        commands.found = commands.find(&afresh)?;
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
        let found = self.find(afresh)?;
        let differs = self.found.iter().find(|(name, findings)| found.get(*name) != Some(findings));
        if let Some((name, findings)) = differs {
            eprintln!("  planted: {name}: {:?} instead of {findings:?}", found.get(name));
        }
        Ok([check, laws, explore(afresh)?, differs.is_some()])
    }

    /// Checks traces in which the correct product finds nothing. Returns `true` if this one finds something.
    fn check(&self, afresh: &Path, options: &[&str], is_wanted: fn(&Trace) -> bool) -> Result<bool, Box<dyn Error>> {
        for system in SYSTEMS {
            let traces = self.traces.clean.iter().filter(|trace| trace.system == system && is_wanted(trace));
            let words = [&["check", "--system", system, TIMEOUT], options].concat();
            let words: Vec<_> = words.into_iter().chain(traces.map(|trace| text(&trace.path))).collect();
            if notices(afresh, &words)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Checks the traces of planted bugs, and returns everything that is found.
    fn find(&self, afresh: &Path) -> Result<Found, Box<dyn Error>> {
        let mut found = Found::new();
        let mut jobs: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for Trace { system, path, laws } in &self.traces.planted {
            jobs.entry((*system, if *laws { "--laws" } else { BUDGET })).or_default().push(text(path));
            jobs.entry((*system, TIMEOUT)).or_default().push(text(path));
        }
        for ((system, option), traces) in jobs {
            let words = ["check", "--system", system, TIMEOUT, DENY, "--format=json", option];
            run(afresh, &words.into_iter().chain(traces).collect::<Vec<_>>())?;
            let report: Value = serde_json::from_slice(&printed()?).unwrap_or_default();
            for checked in report["check"].as_array().into_iter().flatten() {
                let findings = checked["findings"].as_array().into_iter().flatten();
                let findings = findings.map(|finding| {
                    let Value::Object(signature) = &finding["signature"] else { return finding.to_string() };
                    let signature: Vec<_> = signature.values().filter_map(Value::as_str).collect();
                    format!("{}, {} places, event {}", signature.join("/"), finding["count"], finding["first"]["event"])
                });
                let file = checked["trace"].as_str().and_then(|trace| trace.rsplit('/').next());
                let name = format!("{system} {option} {}", file.unwrap_or_default());
                found.insert(name, findings.collect());
            }
        }
        Ok(found)
    }
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
