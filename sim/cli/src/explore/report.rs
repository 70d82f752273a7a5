//! The report of a campaign, as text for people and as JSON for programs.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use afresh_trace::text::{count, escape, number};
use afresh_world::explore::{Counts, VOID};
use serde::Serialize;

use super::campaign::Chunk;
use super::{Args, files, shrunk};
use crate::console::{CliError, Console, json};
use crate::report::terminal::{BAD, GOOD, styled};
use crate::source::Format;
use crate::worker::Recording;

/// The report of a campaign.
#[derive(Serialize)]
struct Report {
    system: String,
    /// The recorded traces that the messages were drawn from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    from: Vec<String>,
    /// The first of the seeds asked for and of those that were run together with them, and one more than the last.
    seeds: [u64; 2],
    /// The number of runs, including those that an earlier `explore` of the same build made with these seeds.
    runs: u64,
    /// The number of these runs that this `explore` made.
    runs_now: u64,
    /// The number of these runs that an earlier one made.
    runs_before: u64,
    /// The number of seeds that are left to run, because the campaign was stopped.
    #[serde(skip_serializing_if = "is_zero")]
    left: u64,
    counts: Counts,
    /// For each law that is checked only in a sample of the runs, the number of those runs.
    laws: BTreeMap<String, u64>,
    findings: Vec<FailedRuns>,
    /// The folders with findings that the record lacks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unrecorded: Vec<String>,
    /// The "sometimes" properties.
    sometimes: Vec<Sometimes>,
}

impl Report {
    /// Returns `true` if all runs are void, so that they say nothing.
    fn is_void(&self) -> bool {
        self.runs > 0 && self.counts.get(VOID) == self.runs
    }
}

/// The runs that failed in the same way.
#[derive(Serialize)]
struct FailedRuns {
    signature: String,
    /// The number of runs that failed with this signature.
    runs: u64,
    /// The lowest seed among them.
    seed: u64,
    /// The place in a recorded trace from which the messages of that seed were drawn, if they were.
    #[serde(skip_serializing_if = "Option::is_none")]
    around: Option<String>,
    folder: String,
    /// The seed of the run whose trace is in the folder, if it is another one, of an earlier `explore`.
    #[serde(skip_serializing_if = "Option::is_none")]
    kept_seed: Option<u64>,
    /// The number of stimuli in the trace before it was shrunk.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<usize>,
    /// The number of stimuli in the shrunk trace.
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<usize>,
    /// The number of runs that the shrink took.
    #[serde(skip_serializing_if = "Option::is_none")]
    shrink_runs: Option<u64>,
    /// Whether the correct twin passes on the shrunk trace, if there is a twin.
    #[serde(skip_serializing_if = "Option::is_none")]
    twin_passes: Option<bool>,
    /// Why the trace could not be shrunk.
    #[serde(skip_serializing_if = "Option::is_none")]
    given_up: Option<String>,
}

/// A property that must hold in some run.
#[derive(Serialize)]
struct Sometimes {
    name: String,
    /// The lowest seed of a run in which it held.
    seed: Option<u64>,
}

/// The number of runs of the seeds that were asked for.
#[derive(Clone, Copy)]
pub(super) struct Runs {
    /// The number of runs that were made now.
    pub(super) now: u64,
    /// The number of runs that an earlier `explore` of the same build made.
    pub(super) before: u64,
    /// The number of seeds that were asked for and not run yet.
    pub(super) left: u64,
}

/// Prints the report, and returns the exit code.
pub(super) fn write(
    (args, from): (&Args, &[Recording]),
    all: &Chunk,
    runs: Runs,
    unrecorded: &[PathBuf],
    console: &Console,
) -> Result<ExitCode, CliError> {
    let mut findings: Vec<_> = all
        .failed
        .iter()
        .map(|(signature, failed)| FailedRuns {
            signature: signature.clone(),
            runs: failed.runs,
            seed: failed.seed,
            around: failed.around.clone(),
            folder: files::folder(&args.output, signature).display().to_string(),
            kept_seed: files::kept_seed(&args.output, signature).filter(|seed| *seed != failed.seed),
            before: None,
            left: None,
            shrink_runs: None,
            twin_passes: None,
            given_up: None,
        })
        .collect();
    for finding in &mut findings {
        if let Some(shrunk) = shrunk::of(args, &finding.signature) {
            finding.before = Some(shrunk.before);
            finding.left = Some(shrunk.left.len());
            finding.shrink_runs = Some(shrunk.runs);
            finding.twin_passes = shrunk.twin_passes;
        }
        finding.given_up = shrunk::given_up(args, &finding.signature);
    }
    findings.sort_by(|a, b| a.seed.cmp(&b.seed).then_with(|| a.signature.cmp(&b.signature)));
    let is_ok = findings.is_empty() && unrecorded.is_empty();
    let sometimes = all.reached.iter().map(|(name, seed)| Sometimes { name: name.clone(), seed: *seed });
    let report = Report {
        system: args.subject(),
        from: from.iter().map(|recording| recording.name.clone()).collect(),
        seeds: [all.first, all.end],
        runs: runs.now + runs.before,
        runs_now: runs.now,
        runs_before: runs.before,
        left: runs.left,
        counts: all.counts.clone(),
        laws: all.laws.clone(),
        findings,
        unrecorded: unrecorded.iter().map(|folder| folder.display().to_string()).collect(),
        sometimes: sometimes.collect(),
    };
    console.print(&match args.format {
        Format::Json => json("explore", &report),
        Format::Text => text(&report),
    })?;
    Ok(ExitCode::from(match is_ok {
        false => 1,
        true if report.is_void() => 3,
        true => 0,
    }))
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn text(report: &Report) -> String {
    let verdict = match report.findings.len() {
        0 if !report.unrecorded.is_empty() => format!("{};", styled(BAD, "findings that campaign.jsonl lacks")),
        0 if report.runs == 0 => "nothing to run:".to_owned(),
        0 if report.is_void() => styled(BAD, "nothing could be tested:").to_string(),
        0 => format!("{}:", styled(GOOD, "ok")),
        found => format!("{};", styled(BAD, count(found as u64, "finding", "findings"))),
    };
    let made = match (report.runs_now, report.runs_before) {
        (_, 0) => String::new(),
        (0, _) => ", all made before by this build".to_owned(),
        (now, before) => format!(", {} made now and {} before by this build", number(now), number(before)),
    };
    let left = match report.left {
        0 => String::new(),
        left => format!("; stopped before {}", count(left, "other", "others")),
    };
    let mut text = format!(
        "{}: {verdict} {} of seeds {}..{}{made}{left}\n",
        escape(&report.system),
        count(report.runs, "run", "runs"),
        report.seeds[0],
        report.seeds[1],
    );
    text += &match &report.from[..] {
        [] => String::new(),
        [one] => format!("  around {}\n", escape(one)),
        traces => format!("  around {}\n", count(traces.len() as u64, "recorded trace", "recorded traces")),
    };
    let counts = report.counts.to_string();
    if !counts.is_empty() {
        text += &format!("  {}\n", escape(&counts));
    }
    let void = report.counts.get(VOID);
    if void > 0 {
        let (runs, are) = (count(void, "run", "runs"), if void == 1 { "is" } else { "are" });
        text += &format!("  {runs} {are} void: an assumption did not hold, so they say nothing\n");
    }
    if !report.laws.is_empty() {
        let laws = report.laws.iter().map(|(law, runs)| (escape(law), runs));
        let laws = laws.enumerate().map(|(place, (law, runs))| match place {
            0 => format!("{law} in {}", count(*runs, "run", "runs")),
            _ => format!("{law} in {}", number(*runs)),
        });
        text += &format!("  laws sampled: {}\n", laws.collect::<Vec<_>>().join(", "));
    }
    for Sometimes { name, seed } in &report.sometimes {
        text += &match seed {
            Some(seed) => format!("  sometimes {}: first with seed {seed}\n", escape(name)),
            None => format!("  sometimes {}: {}\n", escape(name), styled(BAD, "never")),
        };
    }
    for finding in &report.findings {
        let FailedRuns { signature, runs, seed, folder, before, left, .. } = finding;
        let runs = count(*runs, "run", "runs");
        let around = finding.around.as_ref().map(|around| format!(", around {}", escape(around))).unwrap_or_default();
        text += &format!("  {} in {runs}, first with seed {seed}{around}\n", styled(BAD, escape(signature)));
        text += &match (before, left, &finding.given_up) {
            (Some(before), Some(left), None) => {
                format!(
                    "    {} → {}, in {}\n",
                    number(*before as u64),
                    count(*left as u64, "stimulus", "stimuli"),
                    escape(folder)
                )
            }
            (.., Some(why)) => {
                let why = why.lines().next().unwrap_or_default();
                format!("    in {}, could not be shrunk: {}\n", escape(folder), escape(why))
            }
            _ => format!("    in {}, not yet shrunk\n", escape(folder)),
        };
        if let Some(seed) = finding.kept_seed {
            text += &format!(
                "    kept from seed {seed} of an earlier `explore`: for the trace of seed {}, use another --output\n",
                finding.seed
            );
        }
        if finding.twin_passes == Some(false) {
            text += "    the correct twin does not pass on the whole run, so the shrink went on without it\n";
        }
    }
    for folder in &report.unrecorded {
        text += &format!("  {}: holds a finding that campaign.jsonl does not record\n", styled(BAD, escape(folder)));
    }
    if !report.unrecorded.is_empty() {
        text += "  help: run the seeds in their commands.txt again, or move the folders away\n";
    }
    text
}
