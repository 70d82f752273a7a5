//! The options of `run` and `explore` for drawing messages from recorded traces.

mod recordings;

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf, absolute};

use afresh_trace::format;
use afresh_world::explore::Options;

use crate::input::is_store;
use crate::runner::Around;
use crate::shell::quote;

pub(crate) use recordings::{Recordings, open};

/// The recorded traces that the messages of runs come from, and how runs are drawn from them.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct From {
    /// Send the messages of these recorded traces instead of generated ones: files, folders with files named
    /// `*.jsonl`, URLs of stores, or `-` for standard input. Each run draws a part of one trace.
    #[arg(long = "from", value_name = "TRACE", num_args = 1..)]
    traces: Vec<PathBuf>,

    /// The largest number of recorded messages in a run.
    #[arg(long, value_name = "N", requires = "traces", default_value_t = Options::default().messages_max)]
    #[arg(value_parser = messages)]
    messages: usize,

    /// Begin each run with the first recorded message of every key that it has; without this option, a run may begin
    /// in the middle of a trace.
    #[arg(long, requires = "traces")]
    whole: bool,

    /// Send generated messages too, in every second run, between the recorded ones.
    #[arg(long, requires = "traces")]
    mix: bool,

    /// Skip a last line of a trace that a crash cut off; without this option, such a line is an error.
    #[arg(long, requires = "traces")]
    torn: bool,

    /// Leave out messages whose bodies this version of the system cannot read; without this option, such a message is
    /// an error.
    #[arg(long, requires = "traces")]
    skip_unreadable: bool,

    /// The longest line that is read.
    #[arg(long, value_name = "BYTES", requires = "traces", default_value_t = format::Options::default().line_max)]
    line_max: usize,
}

/// Reads a number of messages, as an argument.
fn messages(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "expected a number from 1".to_owned())
}

impl From {
    /// Returns whether there are recorded traces.
    pub(crate) fn is_given(&self) -> bool {
        !self.traces.is_empty()
    }

    /// Returns whether generated messages are sent too.
    pub(crate) fn mixes(&self) -> bool {
        self.mix
    }

    /// How runs are drawn.
    pub(crate) fn around(&self) -> Around {
        Around { options: Options { messages_max: self.messages, whole: self.whole }, mix: self.mix }
    }

    fn reading(&self) -> format::Options {
        format::Options { line_max: self.line_max, torn: self.torn, skip_unreadable: self.skip_unreadable }
    }

    /// Returns these options as words of a command that runs in `folder`. Begins with a blank if there are any.
    pub(crate) fn words(&self, folder: &Path) -> String {
        if !self.is_given() {
            return String::new();
        }
        let Self { traces, messages, whole, mix, torn, skip_unreadable, line_max } = self;
        let mut words = " --from".to_owned();
        for trace in traces {
            words += &format!(" {}", quote(from_folder(trace, folder).as_os_str()));
        }
        if *messages != Options::default().messages_max {
            words += &format!(" --messages {messages}");
        }
        if *line_max != format::Options::default().line_max {
            words += &format!(" --line-max {line_max}");
        }
        let flags = [(whole, "whole"), (mix, "mix"), (torn, "torn"), (skip_unreadable, "skip-unreadable")];
        flags.iter().filter(|(given, _)| **given).for_each(|(_, flag)| words += &format!(" --{flag}"));
        words
    }
}

/// Returns the path of a trace as it is called from `folder`.
fn from_folder(trace: &Path, folder: &Path) -> PathBuf {
    let is_relative = trace.as_os_str() != "-" && !is_store(trace) && trace.is_relative();
    // Where a link leads, `..` leads out of its target.
    let paths = trace.canonicalize().and_then(|trace| Ok((trace, folder.canonicalize()?)));
    let paths = paths.or_else(|_| absolute(trace).and_then(|trace| Ok((trace, absolute(folder)?))));
    let (Ok((to, from)), true) = (paths, is_relative) else { return trace.to_owned() };
    let (to, from) = (plain(&to), plain(&from));
    let common = to.iter().zip(&from).take_while(|(to, from)| to == from).count();
    let up = from[common..].iter().map(|_| OsStr::new(".."));
    up.chain(to[common..].iter().copied()).collect()
}

/// The components of an absolute path, without `..`.
fn plain(path: &Path) -> Vec<&OsStr> {
    let mut plain = Vec::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(plain.pop()),
            component => plain.push(component.as_os_str()),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_named_as_the_folder_sees_it() {
        let from = |trace: &str, folder: &str| from_folder(trace.as_ref(), folder.as_ref()).display().to_string();
        assert_eq!(from("night.jsonl", "findings/a.b"), "../../night.jsonl");
        assert_eq!(from("./x/night.jsonl", "x/findings/a.b"), "../../night.jsonl");
        assert_eq!(from("../night.jsonl", "findings/a.b"), "../../../night.jsonl");
        assert_eq!(from("/nights/night.jsonl", "findings/a.b"), "/nights/night.jsonl");
        assert_eq!(from("-", "findings/a.b"), "-");
    }
}
