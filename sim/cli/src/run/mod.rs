//! `afresh run`: makes one simulated run of a system.

mod supervised;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use afresh_check::Finding;
use afresh_trace::format::files::Output;
use afresh_trace::format::{Error, Problem};
use afresh_trace::text::{count, escape};
use afresh_world::explore::{Counts, Record, Run};
use bytesize::ByteSize;
use serde::Serialize;

use crate::console::{CliError, Console, json};
use crate::duration::duration;
use crate::explorer::{explorer, has_twin, not_run};
use crate::from::From;
use crate::report::terminal::{BAD, GOOD, findings, styled};
use crate::runner::Systems;
use crate::source::Format;
use crate::worker::{Phase, Work};

/// Run a system once in simulation, and report every bug that shows.
///
/// The system runs on a host with a journal, between an upstream and downstream receivers. The upstream sends each
/// message until it is acknowledged. Messages are lost, duplicated and reordered, links are cut, nodes crash, storage
/// fails, caches are damaged, and operators turn knobs. In the calm phase at the end, all faults are over, and the
/// system has to come to rest. The trace holds everything that happened to the system: replay, check and shrink it
/// without the seed.
///
/// A world of nodes runs without such a host. Its trace holds everything that was chosen until all faults ended.
///
/// Exit codes: 0 ok; 1 a bug was found; 2 bad usage.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The system or world to run.
    system: String,

    #[command(flatten)]
    from: From,

    /// The seed that decides all random choices of the run.
    #[arg(long, value_name = "N")]
    seed: u64,

    /// Write the trace to this file; `-` for standard output [default: no trace].
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,

    /// Overwrite an existing trace.
    #[arg(long)]
    force: bool,

    /// Stop the run if it takes longer than this, and report that as a bug: `90` seconds, `5m`, `1h 30m`.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "60s")]
    timeout: Duration,

    /// The memory that the system may use, such as `500MB` or `2GiB`; a system that needs more is reported as a bug
    /// [default: three quarters of the free memory].
    #[arg(long, value_name = "SIZE")]
    memory: Option<ByteSize>,

    /// The format of the report.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// The report of one run.
#[derive(Serialize)]
struct Report {
    system: String,
    seed: u64,
    /// The place in a recorded trace from which the messages were drawn, if they were.
    #[serde(skip_serializing_if = "Option::is_none")]
    around: Option<String>,
    /// How the process of the system ended, if it did not finish the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    died: Option<String>,
    findings: Vec<Finding>,
    /// The assumption that the run has broken, if any. Then it is neither a pass nor a bug.
    #[serde(skip_serializing_if = "Option::is_none")]
    void: Option<String>,
    /// The laws that were checked in this run, besides the checks of every run.
    laws: Vec<&'static str>,
    /// The properties that have to hold sometimes, and held in this run.
    reached: Vec<&'static str>,
    counts: Counts,
}

/// Runs the subcommand, and returns its exit code.
pub(super) fn main(args: &Args, systems: &Systems, console: &Console) -> Result<ExitCode, CliError> {
    let Some(Work { worker, task }) = console.things()? else {
        has_twin(systems, &args.system, &args.from)?;
        return supervised::run(args, console);
    };
    let explorer = explorer(systems, &args.system, &args.from, &task.from)?;
    let is_stream = args.output.as_ref().is_some_and(|path| path.as_os_str() == "-");
    let file = args.output.as_deref().filter(|_| !is_stream);
    let output = file.map(|path| Output::create(path, args.force)).transpose()?;
    worker.enters(Phase::At(0));
    let mut runs = explorer.begin();
    let unwritten = |error| Error::file("the trace", Problem::Write(error));
    let (died, run) = match (task.dead.get(&0), &task.ahead) {
        (Some(death), Some(ahead)) => {
            // The run wrote this file ahead of each event, so it ends where the process ended.
            let trace = std::fs::read(ahead).unwrap_or_default();
            (Some(death.to_string()), Run { trace, ..Default::default() })
        }
        (None, Some(ahead)) if task.serial => {
            let file = std::fs::File::create(ahead).map_err(unwritten)?;
            worker.watch(|| runs.run(args.seed, Record::Ahead(file)));
            (None, worker.watch(|| runs.run(args.seed, Record::Any)))
        }
        _ => (None, worker.watch(|| runs.run(args.seed, Record::Any))),
    };
    if let Some(why) = &run.not_run {
        return Err(not_run(&args.system, args.seed, why));
    }
    if let Some(mut output) = output {
        output.write_all(&run.trace).map_err(unwritten)?;
        output.finish()?;
    } else if is_stream {
        console.write(&run.trace)?;
    }
    let is_clean = died.is_none() && run.findings.is_empty();
    let report = Report {
        system: args.system.clone(),
        seed: args.seed,
        around: runs.origin(args.seed).map(|origin| origin.to_string()),
        died,
        findings: run.findings,
        void: run.void,
        laws: run.laws,
        reached: run.reached.into_iter().filter(|(_, reached)| *reached).map(|(name, _)| name).collect(),
        counts: run.counts,
    };
    let text = match args.format {
        Format::Json => json("run", &report),
        Format::Text => text(args, &report),
    };
    // If the trace goes to standard output, the report must not mix with it.
    if is_stream {
        console.say(&text);
    } else {
        console.print(&text)?;
    }
    Ok(if is_clean { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn text(args: &Args, report: &Report) -> String {
    let name = format!("{}, seed {}", escape(&report.system), report.seed);
    let around = report.around.as_ref().map(|around| format!("  around {}\n", escape(around))).unwrap_or_default();
    if let Some(died) = &report.died {
        let verdict = styled(BAD, "1 finding");
        return format!("{name}: {verdict}; the run did not finish\n{around}  {}\n", escape(died));
    }
    let verdict = match report.findings.len() {
        _ if report.void.is_some() => "void:".to_owned(),
        0 => format!("{}:", styled(GOOD, "ok")),
        found => format!("{};", styled(BAD, count(found as u64, "finding", "findings"))),
    };
    let file = args.output.as_ref().map_or_else(|| name.clone(), |path| path.display().to_string());
    let mut text = format!("{name}: {verdict} {}\n{around}", report.counts);
    if let Some(void) = &report.void {
        text += &format!("  {}\n", escape(void));
    }
    if !report.laws.is_empty() {
        text += &format!("  laws checked: {}\n", report.laws.join(", "));
    }
    if !report.reached.is_empty() {
        text += &format!("  reached: {}\n", report.reached.join(", "));
    }
    text + &findings(&report.findings, &file)
}
