//! `afresh reflow`, `trigger`, `migrate` and `scrub`: turn a knob on a trace.
//!
//! Each subcommand has a file for its own arguments. This file has the arguments and the work that they share.

pub(super) mod migrate;
pub(super) mod reflow;
#[cfg(feature = "serve")]
pub(super) mod remote;
pub(super) mod scrub;
pub(super) mod trigger;

use std::fs::{File, OpenOptions};
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use afresh_check::turn::{self, Asked, Options, Report};
use afresh_core::{Key, Name};
use afresh_trace::format::files::{self, Output};
use afresh_trace::format::{Copied, Error, Problem};
use afresh_trace::text::escape;
use serde::Serialize;

use crate::console::{CliError, Console, json};
use crate::input;
use crate::report::plan;
use crate::runner::Systems;
use crate::source::{Format, Source};

/// The end of the help of every knob: what it does with the trace, and the exit codes.
const HELP: &str = "\
The trace is run to its end. There the knob is planned, and turned unless `--dry-run` asks only for the plan. The \
result is the trace, byte for byte, followed by the knob and its effects. If `--system` names another system, its \
deployment comes before the knob. The result appears complete or not at all.

After a change of the code, or with `--system`, the system may send other outputs than the trace recorded. Then the \
process starts at the end of the trace instead, with the trace as its journal, as after a deployment. Receivers have \
the recorded outputs, and the plan shows what the change sends them. With `--rerun`, the trace is run anyway, and \
receivers have the outputs of that run.

Exit codes: 0 planned, or done as planned; 1 the effects differ from the plan, and nothing is written; 2 bad usage, or \
input that cannot be read.";

/// Who turns a knob, if nobody is named.
const BY: &str = "operator";

/// The arguments that all knobs share.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Turn {
    /// The trace; `-` for standard input. With `--dry-run`, this can also be the URL of a running service, such as
    /// http://127.0.0.1:7007.
    trace: PathBuf,

    #[command(flatten)]
    source: Source,

    #[command(flatten)]
    result: ResultPlace,

    /// Overwrite an existing output.
    #[arg(long, requires = "output")]
    force: bool,

    /// The name of the person or program that turns the knob; recorded in the trace.
    #[arg(long, value_name = "NAME", default_value = BY)]
    by: String,

    /// Why the knob is turned; recorded in the trace.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    why: String,

    /// Run the trace even if the system sends other outputs than it recorded, and assume that receivers have the
    /// outputs of that run.
    #[arg(long)]
    rerun: bool,

    /// The format of the report.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Where the result goes; exactly one of these is required.
#[derive(Clone, Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct ResultPlace {
    /// Only print the plan.
    #[arg(long)]
    dry_run: bool,

    /// Write the trace with the knob and its effects to this file; `-` for standard output.
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,

    /// Replace the trace with the result: the same trace, followed by the knob and its effects. This is an error while
    /// a recorder is writing the trace.
    #[arg(long)]
    in_place: bool,
}

/// The keys that a knob applies to.
#[derive(Clone, Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Keys {
    /// A key; repeat the option for more keys.
    #[arg(long = "key", value_name = "KEY")]
    keys: Vec<String>,

    /// All keys.
    #[arg(long)]
    all: bool,
}

impl Keys {
    /// Returns the named keys, or `None` for all keys.
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

    /// Turns the knob `asked`, writes the result and prints the report.
    pub(super) fn main(&self, asked: Asked, systems: &Systems, console: &Console) -> Result<ExitCode, CliError> {
        #[cfg(feature = "serve")]
        if let Some(url) = remote::url(&self.trace) {
            if !self.result.dry_run {
                return Err(CliError::Usage(format!(
                    "a service turns only a knob whose plan was seen: use `--dry-run`, and then \
                     `{} TOKEN`",
                    remote::confirming(url)
                )));
            }
            let by = self.by != BY;
            let for_traces = [("--system", self.source.system.is_some()), ("--rerun", self.rerun), ("--by", by)];
            if let Some((option, _)) = for_traces.iter().find(|(_, given)| *given) {
                return Err(CliError::Usage(format!(
                    "{option} is for traces: a service runs its own system, and records the name of the token that \
                     confirms the plan\n  help: omit {option}"
                )));
            }
            return remote::plan(url, &asked, self.format, console);
        }
        let name = input::name(&self.trace);
        // A recorder that is writing the trace would go on writing to the replaced file, and its events would be lost.
        // So would be those of another knob, which is why the trace is read from the file that is locked.
        let locked = if self.result.in_place { Some(self.lock(&name)?) } else { None };
        let mut input = match &locked {
            Some(file) => file.try_clone().map_err(|error| Error::file(&name, Problem::Read(error)))?.into(),
            None => input::open(&self.trace)?,
        };
        let progress = console.progress_of_reading(&mut input);
        let Some(path) = self.output() else {
            let (report, system) = self.turn(asked, systems, &name, &mut { input })?;
            drop(progress);
            return self.print(&report, &name, &system, None, console);
        };
        let output = Output::create(path, self.force || self.result.in_place)?;
        let output_name = output.name().to_owned();
        let mut copied = Copied::new(input, output);
        let (report, system) = self.turn(asked, systems, &name, &mut copied)?;
        drop(progress);
        let unwritten = |error| Error::file(&output_name, Problem::Write(error));
        let mut output = copied.finish(report.torn.is_some()).map_err(unwritten)?;
        let Some(done) = report.done.as_ref().filter(|done| done.as_planned) else {
            // The report says that nothing was written.
            return self.print(&report, &name, &system, Some(&output_name), console);
        };
        output.write_all(&done.lines).map_err(unwritten)?;
        output.finish()?;
        self.print(&report, &name, &system, Some(&output_name), console)
    }

    /// Returns the path for the result, or `None` in a dry run.
    fn output(&self) -> Option<&Path> {
        if self.result.in_place { Some(&self.trace) } else { self.result.output.as_deref() }
    }

    /// Opens the trace that will be replaced, and locks it against other writers.
    fn lock(&self, name: &str) -> Result<File, CliError> {
        if files::is_stream(&self.trace) {
            return Err(CliError::Usage(
                "standard input cannot be replaced: use `--output PATH` instead of `--in-place`".into(),
            ));
        }
        if input::is_store(&self.trace) {
            return Err(CliError::Usage(format!(
                "{}: the journal of a service is never replaced: use `--output PATH` instead of `--in-place`, or turn \
                 the knob on the service",
                escape(name)
            )));
        }
        if self.trace.is_dir() {
            return Err(Error::file(name, Problem::Directory).into());
        }
        Ok(files::open_locked(&self.trace, OpenOptions::new().read(true))
            .map_err(|problem| Error::file(name, problem))?)
    }

    /// Reads the trace from `input`, turns the knob, and returns the report with the name of the system that ran.
    fn turn(
        &self,
        asked: Asked,
        systems: &Systems,
        name: &str,
        input: &mut dyn BufRead,
    ) -> Result<(Report, String), CliError> {
        let (reader, runner) = self.source.read(systems, name.to_owned(), input)?;
        let recorded_by = reader.header().system.clone();
        let system = self.source.system.clone().unwrap_or(recorded_by);
        let options =
            Options { asked, system: self.source.system.clone(), rerun: self.rerun, dry_run: self.result.dry_run };
        let report = runner.turn(reader, &options).map_err(|error| match error {
            turn::Error::Trace(error) => CliError::File(error),
            turn::Error::World | turn::Error::Ambiguous { .. } => CliError::Usage(format!("{}: {error}", escape(name))),
            turn::Error::Unknown(unknown) => CliError::File(Error::file(name, Problem::Unknown(unknown))),
        })?;
        Ok((report, system))
    }

    /// Prints the report, and returns the exit code.
    fn print(
        &self,
        report: &Report,
        name: &str,
        system: &str,
        output: Option<&str>,
        console: &Console,
    ) -> Result<ExitCode, CliError> {
        let text = match self.format {
            Format::Json => json("knob", &Turned { trace: name, system, output, report }),
            Format::Text => plan::text(report, name, system, output, console.is_terminal()),
        };
        // If the trace goes to standard output, the report must not mix with it.
        if self.result.output.as_ref().is_some_and(|path| path.as_os_str() == "-") {
            console.say(&text);
        } else {
            console.print(&text)?;
        }
        let as_planned = report.done.as_ref().is_none_or(|done| done.as_planned);
        Ok(if as_planned { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }
}
