//! `afresh reflow`, `trigger`, `migrate` and `scrub`: turn a knob on a trace. Each has a file for what it is about; what
//! they share is here.

pub(super) mod migrate;
pub(super) mod reflow;
pub(super) mod scrub;
pub(super) mod trigger;

use std::fs::{File, TryLockError};
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use afresh_core::{Key, Name};
use serde::Serialize;

use super::outcome::{self, Failure};
use super::progress;
use super::source::{Format, Source};
use crate::report::plan;
use crate::runner::Systems;
use afresh_check::turn::{self, Asked, Options, Report};
use afresh_trace::format::files::{self, Output};
use afresh_trace::format::{Copied, Error, Problem};
use afresh_trace::text::escape;

/// What the help of every knob says of the trace that it is turned on.
const HELP: &str = "\
The trace is run to its end; there the knob is planned, and turned. Where the trace recorded other outputs than the system \
sends now, after a change of the code or with `--system`, the process begins at the end instead, from the journal that \
the trace is, as after a deployment: what was recorded is what receivers have, and the plan is what the change sends \
them. With `--rerun` it runs all the same, and whatever it sends is what receivers have.

The result is the trace, byte for byte, then the deployment of another system where `--system` names one, then the knob \
and its effects. It is there whole or not at all.

Exit codes: 0 planned, or done as planned; 1 what was done is not what was planned, and nothing is written; 2 bad usage \
or unreadable input.";

/// What every knob needs to be turned.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Turn {
    /// The trace; `-` for standard input.
    trace: PathBuf,

    #[command(flatten)]
    source: Source,

    #[command(flatten)]
    result: ResultPlace,

    /// Overwrite an output that is already there.
    #[arg(long, requires = "output")]
    force: bool,

    /// Who turns the knob.
    #[arg(long, value_name = "NAME", default_value = "operator")]
    by: String,

    /// Why.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    why: String,

    /// Take what the system sends now for what was sent, whatever the trace recorded.
    #[arg(long)]
    rerun: bool,

    /// How to write the plan and the effects.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Where the result goes: somewhere has to be said.
#[derive(Clone, Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct ResultPlace {
    /// Only say what would happen.
    #[arg(long)]
    dry_run: bool,

    /// Write the trace with the knob and its effects; `-` for standard output.
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,

    /// Replace the trace by the one with the knob and its effects.
    #[arg(long)]
    in_place: bool,
}

/// The keys that a knob is about.
#[derive(Clone, Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Keys {
    /// A key; may be repeated.
    #[arg(long = "key", value_name = "KEY")]
    keys: Vec<String>,

    /// All keys.
    #[arg(long)]
    all: bool,
}

impl Keys {
    /// The keys; nothing for all of them.
    fn names(&self) -> Option<Vec<Key>> {
        (!self.all).then(|| self.keys.iter().map(|key| key.as_str().into()).collect())
    }
}

/// The report for programs.
#[derive(Serialize)]
struct Turned<'a> {
    trace: &'a str,
    system: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'a str>,
    #[serde(flatten)]
    report: &'a Report,
}

impl Turn {
    fn by(&self) -> Name {
        self.by.as_str().into()
    }

    /// Turns the knob that is asked for.
    pub(super) fn main(&self, asked: Asked, systems: &Systems) -> Result<ExitCode, Failure> {
        let name = files::input_name(&self.trace);
        let mut input = files::open(&self.trace)?;
        input.tell(progress::read);
        let progress = progress::of_bytes(input.size());
        let Some(path) = self.output()? else {
            let (report, system) = self.turn(asked, systems, &name, &mut { input })?;
            drop(progress);
            return self.print(&report, &name, &system, None);
        };
        // Whoever is writing the trace would go on writing to a file that is no longer there.
        let _lock = if self.result.in_place { Some(lock(path)?) } else { None };
        let output = Output::create(path, self.force || self.result.in_place)?;
        let output_name = output.name().to_owned();
        let mut copied = Copied::new(input, output);
        let (report, system) = self.turn(asked, systems, &name, &mut copied)?;
        drop(progress);
        let unwritten = |error| Error::file(&output_name, Problem::Write(error));
        let mut output = copied.finish(report.torn.is_some()).map_err(unwritten)?;
        let Some(done) = report.done.as_ref().filter(|done| done.as_planned) else {
            // It says itself that nothing was written.
            return self.print(&report, &name, &system, Some(&output_name));
        };
        output.write_all(&done.lines).map_err(unwritten)?;
        output.finish()?;
        self.print(&report, &name, &system, Some(&output_name))
    }

    /// Where the result goes; nowhere in a dry run.
    fn output(&self) -> Result<Option<&Path>, Failure> {
        if !self.result.in_place {
            return Ok(self.result.output.as_deref());
        }
        if self.trace.as_os_str() == "-" {
            return Err(Failure::Usage("standard input cannot be replaced: say `--output PATH`".into()));
        }
        Ok(Some(&self.trace))
    }

    /// Reads the trace in `input` and turns the knob; also gives the name of the system that ran.
    fn turn(
        &self,
        asked: Asked,
        systems: &Systems,
        name: &str,
        input: &mut dyn BufRead,
    ) -> Result<(Report, String), Failure> {
        let (reader, runner) = self.source.read(systems, name.to_owned(), input)?;
        let recorded_by = reader.header().system.clone();
        let system = self.source.system.clone().unwrap_or(recorded_by);
        let options =
            Options { asked, system: self.source.system.clone(), rerun: self.rerun, dry_run: self.result.dry_run };
        let report = runner.turn(reader, &options).map_err(|error| match error {
            turn::Error::Trace(error) => Failure::File(error),
            turn::Error::World => Failure::Usage(format!("{}: {error}", escape(name))),
            other => {
                let help = "see what there is with `afresh show`";
                Failure::Usage(format!("{}: {other}\n  help: {help}", escape(name)))
            }
        })?;
        Ok((report, system))
    }

    fn print(&self, report: &Report, name: &str, system: &str, output: Option<&str>) -> Result<ExitCode, Failure> {
        let text = match self.format {
            Format::Json => outcome::json("knob", &Turned { trace: name, system, output, report }),
            Format::Text => plan::text(report, name, system, output),
        };
        // A trace on standard output is not mixed with the report.
        if self.result.output.as_ref().is_some_and(|path| path.as_os_str() == "-") {
            outcome::say(&text);
        } else {
            outcome::print(&text)?;
        }
        let as_planned = report.done.as_ref().is_none_or(|done| done.as_planned);
        Ok(if as_planned { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }
}

/// Locks the trace at `path` against its being recorded; the lock ends with the file.
fn lock(path: &Path) -> Result<File, Error> {
    let error = |problem| Error::file(files::input_name(path), problem);
    let file = File::open(path).map_err(|problem| error(Problem::Read(problem)))?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(error(Problem::Locked)),
        // Where files cannot be locked no recorder has locked this one.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
    }
}
