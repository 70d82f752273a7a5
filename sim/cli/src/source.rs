//! The trace that a command is about: which file, how strictly it is read, which system runs it.

use std::io::BufRead;
use std::path::Path;

use super::progress::{self, Progress};
use crate::runner::{Runner, Systems};
use afresh_trace::format::files::{self, Input};
use afresh_trace::format::{Error, Options, Problem, Reader};

/// How a trace is read and what runs it.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Source {
    /// The system to run, in place of the one that the trace names: another version of it, say.
    #[arg(long, value_name = "NAME")]
    pub(super) system: Option<String>,

    /// Leave out a last line that was cut off.
    #[arg(long)]
    pub(super) torn: bool,

    /// The longest line to read.
    #[arg(long, value_name = "BYTES", default_value_t = Options::default().line_max)]
    pub(super) line_max: usize,
}

impl Source {
    /// Opens the trace at `path`.
    pub(super) fn open<'s>(&self, systems: &'s Systems, path: &Path) -> Result<(Reader<Input>, &'s dyn Runner), Error> {
        self.read(systems, files::input_name(path), files::open(path)?)
    }

    /// Opens the trace at `path`, and shows how far it is read as long as the last of these lives.
    pub(super) fn open_showing_progress<'s>(
        &self,
        systems: &'s Systems,
        path: &Path,
    ) -> Result<(Reader<Input>, &'s dyn Runner, Progress), Error> {
        let mut input = files::open(path)?;
        input.tell(progress::read);
        let progress = progress::of_bytes(input.size());
        let (reader, runner) = self.read(systems, files::input_name(path), input)?;
        Ok((reader, runner, progress))
    }

    /// Sees that there is the system that is asked for, before any trace is opened.
    pub(super) fn system_is_known(&self, systems: &Systems) -> Result<(), Error> {
        self.asked_for(systems).map(drop)
    }

    /// The system that is asked for, if one is.
    fn asked_for<'s>(&self, systems: &'s Systems) -> Result<Option<&'s dyn Runner>, Error> {
        let Some(name) = &self.system else { return Ok(None) };
        let unknown = |known| Error::file("--system", Problem::NoSystem { name: name.clone(), known });
        systems.get(name).map(Some).map_err(unknown)
    }

    /// Begins to read the trace in `source`, which messages call `name`.
    pub(super) fn read<'s, R: BufRead>(
        &self,
        systems: &'s Systems,
        name: String,
        source: R,
    ) -> Result<(Reader<R>, &'s dyn Runner), Error> {
        let options = Options { line_max: self.line_max, torn: self.torn };
        let reader = Reader::new(name, source, options)?;
        let runner = match self.asked_for(systems)? {
            Some(runner) => runner,
            None => {
                let name = &reader.header().system;
                let unknown = |known| reader.system_error(Problem::UnknownSystem { name: name.clone(), known });
                systems.get(name).map_err(unknown)?
            }
        };
        Ok((reader, runner))
    }
}

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs: one JSON object, which says its version.
    Json,
}
