//! `afresh replay`: runs a trace and compares every recorded observation.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use afresh_core::{EventNumber, Header, Policy};

use super::outcome::{self, Failure};
use super::source::{Format, Source};
use crate::report::terminal::{BAD, GOOD, sighting, styled};
use crate::runner::Systems;
use afresh_check::Extent;
use afresh_check::replay::{Options, Report};
use afresh_trace::format::files::{self, Output};
use afresh_trace::format::{Error, Problem, Writer};
use afresh_trace::text::count;
use afresh_trace::text::escape;

/// Run a trace, and compare everything that it recorded with what the system does now.
///
/// Every event of a world must happen as it was recorded; the first that does not is shown. Of a trace that was shrunk or is
/// for another version, what cannot happen any more is skipped and counted. A world has no keys, and takes no `--policy`.
///
/// Exit codes: 0 everything is as recorded; 1 something differs; 2 bad usage or unreadable input.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The trace; `-` for standard input.
    trace: PathBuf,

    #[command(flatten)]
    source: Source,

    /// Stop after this event.
    #[arg(long, value_name = "N", value_parser = event)]
    until: Option<EventNumber>,

    /// How the state of a key is brought up to date with a message: folded from its first message, or carried along as
    /// services do. Whatever differs with the one and not with the other is in what was carried [default: incremental].
    #[arg(long, value_enum)]
    policy: Option<HowCarried>,

    /// Write the trace of what is observed now; `-` for standard output.
    #[arg(long, value_name = "PATH")]
    record: Option<PathBuf>,

    /// Overwrite a record that is already there.
    #[arg(long)]
    force: bool,

    /// How to write the report.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

fn event(text: &str) -> Result<EventNumber, String> {
    text.parse().map_err(|_| format!("expected the number of an event, from 1 to {}", u32::MAX))
}

/// How states are brought up to date.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum HowCarried {
    /// Fold all messages of the key again.
    FirstPrinciples,
    /// Carry the state along, and fold again where the system cannot take a message in.
    Incremental,
    /// Carry the state along blindly.
    Unchecked,
}

impl From<HowCarried> for Policy {
    fn from(policy: HowCarried) -> Self {
        match policy {
            HowCarried::FirstPrinciples => Self::FirstPrinciples,
            HowCarried::Incremental => Self::Incremental,
            HowCarried::Unchecked => Self::Unchecked,
        }
    }
}

pub(super) fn main(args: &Args, systems: &Systems) -> Result<ExitCode, Failure> {
    let (reader, runner, progress) = args.source.open_showing_progress(systems, &args.trace)?;
    if args.policy.is_some() && runner.is_world() {
        return Err(Error::file(files::input_name(&args.trace), Problem::NoKeys("--policy")).into());
    }
    let default = Options::default();
    let options = Options { until: args.until, policy: args.policy.map_or(default.policy, Policy::from) };
    let report = match &args.record {
        None => runner.replay(reader, options, None)?,
        Some(path) => {
            let mut output = Output::create(path, args.force)?;
            let name = output.name().to_owned();
            let header = Header { shows: None, ..reader.header().clone() };
            let sink: &mut dyn Write = &mut output;
            let report = runner.replay(reader, options, Some(Writer::new(name, sink, &header)?))?;
            output.finish()?;
            report
        }
    };
    drop(progress);
    let name = files::input_name(&args.trace);
    let text = match args.format {
        Format::Json => outcome::json("replay", &report),
        Format::Text => text(&report, &name),
    };
    // What is recorded to standard output is not mixed with the report.
    if args.record.as_ref().is_some_and(|path| path.as_os_str() == "-") {
        outcome::say(&text);
    } else {
        outcome::print(&text)?;
    }
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn text(report: &Report, file: &str) -> String {
    let verdict = verdict(report);
    let mut text = format!(
        "{}: {verdict}; {}, {}, digest {}\n",
        escape(file),
        count(report.stimuli, "stimulus", "stimuli"),
        report.extent,
        report.digest,
    );
    if let Some(first) = &report.first {
        text += "  first:\n";
        text += &sighting(first, file);
    }
    text
}

/// What the comparison came to, in words.
fn verdict(report: &Report) -> String {
    match (report.differences, report.extent, report.skipped) {
        (0, Extent::Keys(_), _) if report.compared == 0 => {
            styled(GOOD, "runs; nothing was recorded to compare".to_owned()).to_string()
        }
        (0, Extent::Keys(_), _) => {
            styled(GOOD, format!("as recorded in {}", count(report.compared, "observation", "observations")))
                .to_string()
        }
        (0, Extent::Nodes(_), None) => styled(GOOD, "as recorded".to_owned()).to_string(),
        (0, Extent::Nodes(_), Some(_)) => styled(GOOD, "all of it still happens".to_owned()).to_string(),
        (_, Extent::Nodes(_), Some(skipped @ 1..)) => {
            styled(BAD, format!("{} cannot happen any more", count(skipped, "stimulus", "stimuli"))).to_string()
        }
        (differences, ..) => styled(BAD, count(differences, "difference", "differences")).to_string(),
    }
}
