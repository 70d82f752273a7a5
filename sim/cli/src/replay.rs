//! `afresh replay`: runs a trace and compares everything that it recorded.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use afresh_check::replay::{Options, Report};
use afresh_check::{Deny, Extent};
use afresh_core::{EventNumber, Header, Policy};
use afresh_trace::format::files::Output;
use afresh_trace::format::{Error, Problem, Writer};
use afresh_trace::text::{count, escape};

use crate::console::{CliError, Console, json};
use crate::input;
use crate::report::terminal::{BAD, GOOD, deny, excluded, findings, notes, styled};
use crate::runner::Systems;
use crate::source::{Comparison, Format, Source, event};

/// Run a trace, and compare everything that it recorded with what the system does now.
///
/// If something differs, the report shows the first difference with its line, its event, and a diff.
///
/// In a world of nodes, every event must happen as it was recorded. If the trace was shrunk or is for another version,
/// events that can no longer happen are skipped and counted. A world has no keys, so using `--policy` there is an
/// error.
///
/// Exit codes: 0 as recorded; 1 something differs; 2 bad usage, or input that cannot be read.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The trace; `-` for standard input.
    trace: PathBuf,

    #[command(flatten)]
    source: Source,

    #[command(flatten)]
    comparison: Comparison,

    /// Stop after the event with this number.
    #[arg(long, value_name = "N", value_parser = event)]
    until: Option<EventNumber>,

    /// Treat these as differences: messages that were `rejected`, that are a `conflict` or `stale`, keys that are
    /// `quarantined`, and parts that are `not-derivable`. Separate several with commas.
    #[arg(long, value_name = "KIND,...", value_delimiter = ',', value_parser = deny)]
    deny: Vec<Deny>,

    /// How the state of a key is updated with a message. A difference that does not show with `first-principles` comes
    /// from the carried state [default: incremental].
    #[arg(long, value_enum)]
    policy: Option<HowCarried>,

    /// Write a trace with the same stimuli, and with the outputs and views of this run; `-` for standard output.
    #[arg(long, value_name = "PATH")]
    record: Option<PathBuf>,

    /// Overwrite an existing record.
    #[arg(long)]
    force: bool,

    /// The format of the report.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How the state of a key is updated, as an argument.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum HowCarried {
    /// Recompute the state from the first message at every update.
    FirstPrinciples,
    /// Carry the state along, as services do, and recompute it if the system cannot apply an update.
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

/// Runs the subcommand, and returns its exit code.
pub(super) fn main(args: &Args, systems: &Systems, console: &Console) -> Result<ExitCode, CliError> {
    let (reader, runner, progress) = args.source.open_showing_progress(systems, &args.trace, console)?;
    if args.policy.is_some() && runner.is_world() {
        return Err(Error::file(input::name(&args.trace), Problem::NoKeys("--policy")).into());
    }
    let default = Options::default();
    let policy = args.policy.map_or(default.policy, Policy::from);
    let options = Options { until: args.until, policy, deny: &args.deny, ignored: &args.comparison.ignored };
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
    let name = input::name(&args.trace);
    let text = match args.format {
        Format::Json => json("replay", &report),
        Format::Text => text(&report, &name),
    };
    // If the record goes to standard output, the report must not mix with it.
    if args.record.as_ref().is_some_and(|path| path.as_os_str() == "-") {
        console.say(&text);
    } else {
        console.print(&text)?;
    }
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn text(report: &Report, file: &str) -> String {
    let verdict = verdict(report);
    let mut text = format!(
        "{}: {verdict}; {}, {}, digest {}{}\n",
        escape(file),
        count(report.stimuli, "stimulus", "stimuli"),
        report.extent,
        report.digest,
        excluded(&report.notes),
    );
    if let Some(void) = &report.void {
        text += &format!("  void: {}\n", escape(void));
    }
    text += &notes(&report.notes, file);
    text + &findings(&report.findings, file)
}

/// Returns the result of the comparison in words.
fn verdict(report: &Report) -> String {
    let observations = || count(report.compared, "observation", "observations");
    let differences: u64 = report.findings.iter().map(|finding| finding.count).sum();
    let good = |text: String| styled(GOOD, text).to_string();
    match (differences, report.extent, report.skipped) {
        (0, Extent::Keys(_), _) if report.compared == 0 && report.notes.not_derivable.is_empty() => {
            "runs; the trace recorded nothing to compare".to_owned()
        }
        (0, Extent::Keys(_), _) if report.compared == 0 => "nothing could be compared".to_owned(),
        (0, Extent::Keys(_), _) => good(format!("as recorded in {}", observations())),
        (0, Extent::Nodes(_), None) => good("as recorded".to_owned()),
        (0, Extent::Nodes(_), Some(_)) => good("every event still happens".to_owned()),
        (_, Extent::Nodes(_), Some(skipped @ 1..)) => {
            styled(BAD, format!("{} can no longer happen", count(skipped, "stimulus", "stimuli"))).to_string()
        }
        (differences, ..) => styled(BAD, count(differences, "difference", "differences")).to_string(),
    }
}
