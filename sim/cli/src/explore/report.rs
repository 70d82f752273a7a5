//! What a campaign has come to: for people, and for programs.

use std::collections::BTreeMap;
use std::process::ExitCode;

use serde::Serialize;

use super::campaign::Chunk;
use super::{Args, files, shrunk};
use crate::outcome::{self, Failure};
use crate::report::terminal::{BAD, GOOD, styled};
use crate::source::Format;
use afresh_trace::text::count;
use afresh_trace::text::escape;
use afresh_world::explore::Counts;

#[derive(Serialize)]
struct Report {
    system: String,
    /// The first seed that was asked for, and the one after the last.
    seeds: [u64; 2],
    /// How many runs there were, those of earlier campaigns with these seeds included.
    runs: u64,
    counts: Counts,
    /// Of how many runs each law was asked that is not asked of every run.
    laws: BTreeMap<String, u64>,
    findings: Vec<Finding>,
    /// Of what holds sometimes: the seed of the first run in which it did.
    sometimes: Vec<Sometimes>,
}

#[derive(Serialize)]
struct Finding {
    signature: String,
    /// How many runs failed so.
    runs: u64,
    /// The seed of the first.
    seed: u64,
    folder: String,
    /// How many stimuli that has.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<usize>,
    /// How many are left of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<usize>,
    /// How many runs it took to find that out.
    #[serde(skip_serializing_if = "Option::is_none")]
    shrink_runs: Option<u64>,
    /// Why it is not made small.
    #[serde(skip_serializing_if = "Option::is_none")]
    given_up: Option<String>,
}

#[derive(Serialize)]
struct Sometimes {
    name: String,
    seed: Option<u64>,
}

/// Writes what the runs showed; the exit code.
pub(super) fn write(args: &Args, all: &Chunk, runs: u64) -> Result<ExitCode, Failure> {
    let mut findings: Vec<_> = all
        .failed
        .iter()
        .map(|(signature, failed)| Finding {
            signature: signature.clone(),
            runs: failed.runs,
            seed: failed.seed,
            folder: files::folder(&args.output, signature).display().to_string(),
            before: None,
            left: None,
            shrink_runs: None,
            given_up: None,
        })
        .collect();
    for finding in &mut findings {
        if let Some(shrunk) = shrunk::of(args, &finding.signature) {
            finding.before = Some(shrunk.before);
            finding.left = Some(shrunk.left.len());
            finding.shrink_runs = Some(shrunk.runs);
        }
        finding.given_up = shrunk::given_up(args, &finding.signature);
    }
    findings.sort_by(|a, b| a.seed.cmp(&b.seed).then_with(|| a.signature.cmp(&b.signature)));
    let code = if findings.is_empty() { 0 } else { 1 };
    let sometimes = all.reached.iter().map(|(name, seed)| Sometimes { name: name.clone(), seed: *seed });
    let report = Report {
        system: args.system.clone(),
        seeds: [all.first, all.end],
        runs,
        counts: all.counts.clone(),
        laws: all.laws.clone(),
        findings,
        sometimes: sometimes.collect(),
    };
    outcome::print(&match args.format {
        Format::Json => outcome::json("explore", &report),
        Format::Text => text(&report),
    })?;
    Ok(ExitCode::from(code))
}

fn text(report: &Report) -> String {
    let verdict = match report.findings.len() {
        0 => styled(GOOD, "nothing is wrong".to_owned()).to_string(),
        found => styled(BAD, count(found as u64, "finding", "findings")).to_string(),
    };
    let mut text = format!(
        "{}: {verdict}; {} of seeds {}..{}\n  {}\n",
        escape(&report.system),
        count(report.runs, "run", "runs"),
        report.seeds[0],
        report.seeds[1],
        report.counts,
    );
    if !report.laws.is_empty() {
        let laws: Vec<_> = report.laws.iter().map(|(law, runs)| format!("{law} of {runs}")).collect();
        text += &format!("  asked of a part of the runs: {}\n", laws.join(", "));
    }
    for Sometimes { name, seed } in &report.sometimes {
        text += &match seed {
            Some(seed) => format!("  sometimes {}: first with seed {seed}\n", escape(name)),
            None => format!("  sometimes {}: {}\n", escape(name), styled(BAD, "never")),
        };
    }
    for finding in &report.findings {
        let Finding { signature, runs, seed, folder, before, left, .. } = finding;
        let runs = count(*runs, "run", "runs");
        text += &format!("  {} in {runs}, first with seed {seed}\n", styled(BAD, escape(signature)));
        text += &match (before, left, &finding.given_up) {
            (Some(before), Some(left), None) => {
                format!("    {before} → {}, in {}\n", count(*left as u64, "stimulus", "stimuli"), escape(folder))
            }
            (.., Some(why)) => {
                let why = why.lines().next().unwrap_or_default();
                format!("    not made small, in {}: {}\n", escape(folder), escape(why))
            }
            _ => format!("    not yet made small, in {}\n", escape(folder)),
        };
    }
    text
}
