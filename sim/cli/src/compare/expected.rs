//! The file of `--expect`: the kinds of difference that are intended, for people to review.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use afresh_trace::format::files::Output;
use afresh_trace::format::{Error, Problem};

use crate::console::CliError;

/// The first lines of a new file.
const HEAD: &str = "# Differences between two versions that are intended, as `afresh compare` names them, one on each \
                    line.\n# Lines that begin with `#` are for people: say why.\n\n";

/// The kinds of difference that a file lists.
#[derive(Debug)]
pub(super) struct Expected {
    path: PathBuf,
    text: String,
    is_new: bool,
}

impl Expected {
    /// Reads the file at `path`. If it does not exist, that is an error unless it `may_be_new`.
    pub(super) fn read(path: &Path, may_be_new: bool) -> Result<Self, CliError> {
        let (text, is_new) = match fs::read_to_string(path) {
            Ok(text) => (text, false),
            Err(error) if error.kind() == io::ErrorKind::NotFound && may_be_new => (HEAD.to_owned(), true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(CliError::Usage(format!(
                    "{}: does not exist\n  help: write it with `--accept`, and review the differences in it",
                    afresh_trace::text::escape(&path.display().to_string())
                )));
            }
            Err(error) => return Err(Error::file(path.display().to_string(), Problem::Read(error)).into()),
        };
        let expected = Self { path: path.to_owned(), text, is_new };
        let strange = expected.lines().find(|(_, line)| !line.contains('/'));
        match strange {
            None => Ok(expected),
            Some((number, line)) => Err(CliError::Usage(format!(
                "{}:{number}: expected a difference such as `differs/balance`, found {}\n  help: correct the line, or \
                 put `#` in front of a comment",
                afresh_trace::text::escape(&path.display().to_string()),
                afresh_trace::text::shorten(line)
            ))),
        }
    }

    /// Returns whether the file lists this kind of difference.
    pub(super) fn has(&self, signature: &str) -> bool {
        self.lines().any(|(_, line)| line == signature)
    }

    /// Returns the kinds that the file lists and that are not in `found`.
    pub(super) fn absent(&self, found: &BTreeSet<String>) -> Vec<String> {
        self.lines().map(|(_, line)| line.to_owned()).filter(|line| !found.contains(line)).collect()
    }

    /// The lines with a kind of difference, each with its number.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = (1..).zip(self.text.lines().map(str::trim_end));
        lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
    }

    /// Adds the kinds in `found` that the file lacks, each before the first one that sorts after it. Writes the file if
    /// that changes it.
    pub(super) fn accept(&mut self, found: &BTreeSet<String>) -> Result<usize, CliError> {
        let new: Vec<_> = found.iter().filter(|signature| !self.has(signature)).collect();
        for signature in &new {
            self.insert(signature);
        }
        if self.is_new || !new.is_empty() {
            // A file that has appeared since the command began is not overwritten.
            let mut output = Output::create(&self.path, !self.is_new)?;
            let name = output.name().to_owned();
            output.write_all(self.text.as_bytes()).map_err(|error| Error::file(name, Problem::Write(error)))?;
            output.finish()?;
        }
        Ok(new.len())
    }

    /// Inserts a kind. Comments directly above a line stay above it.
    fn insert(&mut self, signature: &str) {
        let mut lines: Vec<_> = self.text.lines().collect();
        let later = self.lines().find(|(_, line)| *line > signature).map(|(number, _)| number - 1);
        let comments = |place: usize| lines[..place].iter().rev().take_while(|line| line.starts_with('#')).count();
        let place = later.map_or(lines.len(), |place| place - comments(place));
        lines.insert(place, signature);
        self.text = lines.join("\n") + "\n";
    }
}
