//! The arguments for reading a trace: which system runs it, and how strictly it is read.

use std::io::BufRead;
use std::path::{Path, PathBuf};

use afresh_check::Ignored;
use afresh_core::EventNumber;
use afresh_trace::format::files::{Input, is_stream};
use afresh_trace::format::{Error, Options, Problem, Reader};
use afresh_trace::text::escape;
use clap::builder::{OsStringValueParser, TypedValueParser};

use crate::console::{CliError, Console, Progress};
use crate::input;
use crate::runner::{Runner, Systems};

/// How a trace is read, and which system runs it.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Source {
    /// Run this system instead of the one that the trace names, for example its fixed version.
    #[arg(long, value_name = "NAME")]
    pub(super) system: Option<String>,

    /// Skip a last line that a crash cut off; without this option, such a line is an error.
    #[arg(long)]
    pub(super) torn: bool,

    /// Count a message whose body this version of the system cannot read as rejected, and such an output or view as a
    /// difference; without this option, it is an error.
    #[arg(long)]
    pub(super) skip_unreadable: bool,

    /// The longest line that is read.
    #[arg(long, value_name = "BYTES", default_value_t = Options::default().line_max)]
    pub(super) line_max: usize,
}

impl Source {
    /// Opens the trace at `path`, and finds the system that runs it.
    pub(super) fn open<'s>(&self, systems: &'s Systems, path: &Path) -> Result<(Reader<Input>, &'s dyn Runner), Error> {
        self.read(systems, input::name(path), input::open(path)?)
    }

    /// Opens the trace at `path` like [`open`](Self::open). The returned [`Progress`] shows how far it has been read.
    pub(super) fn open_showing_progress<'s>(
        &self,
        systems: &'s Systems,
        path: &Path,
        console: &'s Console,
    ) -> Result<(Reader<Input>, &'s dyn Runner, Progress<'s>), Error> {
        let mut input = input::open(path)?;
        let progress = console.progress_of_reading(&mut input);
        let (reader, runner) = self.read(systems, input::name(path), input)?;
        Ok((reader, runner, progress))
    }

    /// Fails if `--system` names an unknown system. This is checked before any trace is opened.
    pub(super) fn system_is_known(&self, systems: &Systems) -> Result<(), Error> {
        self.asked_for(systems).map(drop)
    }

    /// Returns the system that `--system` names, or `None` without that option.
    fn asked_for<'s>(&self, systems: &'s Systems) -> Result<Option<&'s dyn Runner>, Error> {
        let Some(name) = &self.system else { return Ok(None) };
        let unknown = |unknown| Error::file("--system", Problem::Unknown(unknown));
        systems.get(name).map(Some).map_err(unknown)
    }

    /// How a trace is read.
    pub(super) fn options(&self) -> Options {
        Options { line_max: self.line_max, torn: self.torn, skip_unreadable: self.skip_unreadable }
    }

    /// Begins to read the trace in `source`, and finds the system that runs it. Errors call the trace `name`.
    pub(super) fn read<'s, R: BufRead>(
        &self,
        systems: &'s Systems,
        name: String,
        source: R,
    ) -> Result<(Reader<R>, &'s dyn Runner), Error> {
        let reader = self.reader(name, source)?;
        let runner = self.runner(systems, &reader)?;
        Ok((reader, runner))
    }

    /// Begins to read the trace in `source`. Errors call the trace `name`.
    pub(super) fn reader<R: BufRead>(&self, name: String, source: R) -> Result<Reader<R>, Error> {
        Reader::new(name, source, self.options())
    }

    /// Finds the system that runs a trace. If it is a program, starts it.
    pub(super) fn runner<'s, R: BufRead>(
        &self,
        systems: &'s Systems,
        reader: &Reader<R>,
    ) -> Result<&'s dyn Runner, Error> {
        let name = self.system.as_deref().unwrap_or(&reader.header().system);
        let runner = match self.asked_for(systems)? {
            Some(runner) => runner,
            None => {
                let unknown = |unknown| reader.system_error(Problem::UnknownSystem(unknown));
                systems.get(name).map_err(unknown)?
            }
        };
        systems.begin(name)?;
        Ok(runner)
    }
}

/// The format of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// Text for people.
    #[default]
    Text,
    /// One line of JSON for programs.
    Json,
}

/// Returns the system that `--against` names.
///
/// # Errors
///
/// Fails if there is no such system, or if it is a world of nodes.
pub(crate) fn against<'s>(systems: &'s Systems, name: &str) -> Result<&'s dyn Runner, CliError> {
    let unknown = |unknown| Error::file("--against", Problem::Unknown(unknown));
    let old = systems.get(name).map_err(unknown)?;
    if old.is_world() {
        let why = "is a world of nodes, which has no keys to compare: name a system";
        return Err(CliError::Usage(format!("--against: {} {why}", escape(name))));
    }
    systems.begin(name)?;
    Ok(old)
}

/// The arguments for comparing a trace: what is left out.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Comparison {
    /// Do not compare this part of outputs, because no run can give it again: a stack trace, or an id drawn at random.
    /// PATH names fields of the body, such as `stack` or `items.*.id`; `*` stands for all of them.
    #[arg(long = "ignore", value_name = "out:PATH")]
    pub(super) ignored: Vec<Ignored>,
}

/// Reads the path of a file or folder, as an argument that cannot be a standard stream.
pub(crate) fn path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().try_map(|path| {
        if is_stream(Path::new(&path)) {
            return Err("this cannot go to standard output: expected a name; use `./-` for a file of this name");
        }
        Ok(PathBuf::from(path))
    })
}

/// Reads the URL of a store, as an argument.
#[cfg(feature = "serve")]
pub(crate) fn path_of_store() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().try_map(|path| match input::is_store(Path::new(&path)) {
        true => Ok(PathBuf::from(path)),
        false => Err("this is not the URL of a store: expected `sqlite:PATH`, or `postgres://USER@HOST/DATABASE`"),
    })
}

/// Reads the number of an event, as an argument.
pub(crate) fn event(text: &str) -> Result<EventNumber, String> {
    text.parse().map_err(|_| format!("expected the number of an event, from 1 to {}", u32::MAX))
}
