//! `afresh run`: one simulated run of a system.

mod supervised;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use bytesize::ByteSize;
use serde::Serialize;

use super::duration::duration;
use super::outcome::{self, Failure};
use super::source::Format;
use super::worker::{self, Note, watch};
use crate::report::terminal::{BAD, GOOD, findings, styled};
use crate::runner::Systems;
use afresh_check::Finding;
use afresh_trace::format::files::Output;
use afresh_trace::format::{Error, Problem};
use afresh_trace::text::count;
use afresh_trace::text::escape;
use afresh_world::explore::{Counts, Explorer, Record};

/// Run a system once in simulation, with all that happens drawn from a seed, and record it as a trace.
///
/// The system runs on a host with a journal, between an upstream that sends each message until it is heard and receivers
/// downstream. Messages are lost, doubled and overtaken, links are cut, nodes crash, storage fails, caches are damaged, operators
/// turn knobs; then all of that ends, and the system must come to rest. Everything that happened to the system is in the
/// trace: replay, check and shrink it without the seed.
///
/// A world of nodes is run as it is, and its trace is everything that was chosen in it until all faults ended.
///
/// Exit codes: 0 nothing is wrong; 1 a bug was found; 2 bad usage.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The system, or the world.
    system: String,

    /// What all chance of the run is drawn from.
    #[arg(long, value_name = "N")]
    seed: u64,

    /// Where to write the trace; `-` for standard output [default: nowhere].
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,

    /// Overwrite a trace that is already there.
    #[arg(long)]
    force: bool,

    /// Give the run up when it takes longer, as a bug.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "60s")]
    timeout: Duration,

    /// The most memory that the system may have: `500MB`, `2GiB` [default: three quarters of what is free].
    #[arg(long, value_name = "SIZE")]
    memory: Option<ByteSize>,

    /// How to write the report.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What one run showed.
#[derive(Serialize)]
struct Report {
    system: String,
    seed: u64,
    /// How the system ended the process that ran it.
    #[serde(skip_serializing_if = "Option::is_none")]
    died: Option<String>,
    findings: Vec<Finding>,
    /// The laws that were asked of the run, beside what is asked of every run.
    laws: Vec<&'static str>,
    /// What holds sometimes, and has held.
    reached: Vec<&'static str>,
    counts: Counts,
}

/// Makes ready to explore `system`, or says why that cannot be.
pub(super) fn explorer<'s>(systems: &'s Systems, system: &'s str) -> Result<Box<dyn Explorer + 's>, Failure> {
    let unknown = |known: Vec<String>| {
        let known: Vec<_> = known.iter().map(|name| escape(name).to_string()).collect();
        Failure::Usage(format!("there is no system {} here: expected {}", escape(system), known.join(", ")))
    };
    systems.explorer(system).map_err(unknown)?.ok_or_else(|| {
        Failure::Usage(format!(
            "nothing says which messages {} is sent in simulation: give its type of messages a workload, with \
             `Systems::exploring`",
            escape(system)
        ))
    })
}

pub(super) fn main(args: &Args, systems: &Systems) -> Result<ExitCode, Failure> {
    let explorer = explorer(systems, &args.system)?;
    let Some(start) = worker::start() else { return supervised::run(args) };
    let is_stream = args.output.as_ref().is_some_and(|path| path.as_os_str() == "-");
    let file = args.output.as_deref().filter(|_| !is_stream);
    let output = file.map(|path| Output::create(path, args.force)).transpose()?;
    worker::send(&Note::Begins(0));
    let mut runs = explorer.begin();
    let unwritten = |error| Error::file("the trace", Problem::Write(error));
    let (died, run) = match (start.dead.get(&0), &start.walk) {
        (Some(death), Some(ahead)) => {
            // What it was at when it ended the process.
            let trace = std::fs::read(ahead).unwrap_or_default();
            (Some(death.to_string()), afresh_world::explore::Run { trace, ..Default::default() })
        }
        (None, Some(ahead)) if start.serial => {
            let file = std::fs::File::create(ahead).map_err(unwritten)?;
            watch(|| runs.run(args.seed, Record::Ahead(file)));
            (None, watch(|| runs.run(args.seed, Record::Any)))
        }
        _ => (None, watch(|| runs.run(args.seed, Record::Any))),
    };
    if let Some(mut output) = output {
        output.write_all(&run.trace).map_err(unwritten)?;
        output.finish()?;
    } else if is_stream {
        outcome::write(&run.trace)?;
    }
    let is_clean = died.is_none() && run.findings.is_empty();
    let report = Report {
        system: args.system.clone(),
        seed: args.seed,
        died,
        findings: run.findings,
        laws: run.laws,
        reached: run.reached.into_iter().filter(|(_, reached)| *reached).map(|(name, _)| name).collect(),
        counts: run.counts,
    };
    let text = match args.format {
        Format::Json => outcome::json("run", &report),
        Format::Text => text(args, &report),
    };
    // What is recorded to standard output is not mixed with the report.
    if is_stream {
        outcome::say(&text);
    } else {
        outcome::print(&text)?;
    }
    Ok(if is_clean { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn text(args: &Args, report: &Report) -> String {
    let name = format!("{}, seed {}", escape(&report.system), report.seed);
    if let Some(died) = &report.died {
        let verdict = styled(BAD, "1 finding");
        return format!("{name}: {verdict}; it ends the process that runs it\n  {}\n", escape(died));
    }
    let verdict = match report.findings.len() {
        0 => styled(GOOD, "nothing is wrong".to_owned()).to_string(),
        found => styled(BAD, count(found as u64, "finding", "findings")).to_string(),
    };
    let file = args.output.as_ref().map_or_else(|| name.clone(), |path| path.display().to_string());
    let mut text = format!("{name}: {verdict}; {}\n", report.counts);
    if !report.laws.is_empty() {
        text += &format!("  also asked: {}\n", report.laws.join(", "));
    }
    if !report.reached.is_empty() {
        text += &format!("  reached: {}\n", report.reached.join(", "));
    }
    text + &findings(&report.findings, &file)
}
