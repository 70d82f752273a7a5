//! The trace that a command is about: which file, how strictly it is read, which system runs it.

use std::io::BufRead;
use std::path::Path;

use crate::format::files::{self, Input};
use crate::format::{Error, Options, Reader};
use crate::runner::{Runner, Systems};

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

    /// Begins to read the trace in `source`, which messages call `name`.
    pub(super) fn read<'s, R: BufRead>(
        &self,
        systems: &'s Systems,
        name: String,
        source: R,
    ) -> Result<(Reader<R>, &'s dyn Runner), Error> {
        let options = Options { line_max: self.line_max, torn: self.torn };
        let reader = Reader::new(name.clone(), source, options)?;
        let runner = match &self.system {
            Some(system) => systems.get("--system", system)?,
            None => systems.get(&name, &reader.header().system)?,
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
