//! Recognizers: they say when the run of a command is a failure, and which failures are the same bug.

use std::path::Path;
use std::str::FromStr;

use afresh_check::guard::without_values;
use afresh_core::Signature;
use regex::bytes::{Captures, Regex};

use super::kind::kind;
use super::process::Finished;

/// The most characters of a signature. A longer one is cut there, and a digest of the whole is appended.
const SIGNATURE_MAX: usize = 100;

/// The check in the signature of a failure whose output does not match the pattern.
const UNMATCHED: &str = "no match";

/// The names of groups in a pattern that capture the place of a failure, and are no part of its signature.
const PLACES: [&str; 2] = ["line", "at"];

/// The part of a failed run that identifies the bug.
#[derive(Clone, Debug, Default)]
pub enum By {
    /// The exit code, and the kind of failure that the output tells in a common form: a traceback, a panic, an
    /// exception or an assertion. An output in no such form tells nothing.
    #[default]
    Kind,
    /// The exit code.
    Exit,
    /// The text on standard output, without numbers and quoted values.
    Stdout,
    /// The text on standard error, without numbers and quoted values.
    Stderr,
    /// The texts that the groups of this pattern capture in its first match in the output.
    ///
    /// A group named `line` or `at` captures the line of the candidate at which the run failed. It is no part of the
    /// signature.
    Pattern(Regex),
}

impl FromStr for By {
    type Err = regex::Error;

    /// Reads `kind`, `exit`, `stdout`, `stderr`, or a pattern.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "kind" => Ok(Self::Kind),
            "exit" => Ok(Self::Exit),
            "stdout" => Ok(Self::Stdout),
            "stderr" => Ok(Self::Stderr),
            pattern => Regex::new(pattern).map(Self::Pattern),
        }
    }
}

/// Says of a run of a command whether it failed, and with which bug.
#[derive(Clone, Debug, Default)]
pub struct Recognizer {
    /// If true, a run counts as a failure if it exits with a code other than 0, as tests do. If false, a run counts as
    /// a failure if it exits with 0.
    pub invert: bool,
    /// The part of a failed run that identifies the bug.
    pub by: By,
}

/// A failed run of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FailedRun {
    /// The signature of the failure, or `None` if all failures count as the same bug.
    pub(super) signature: Option<Signature>,
    /// The line of the candidate at which the run failed, from 1, if its output says so.
    pub(super) line: Option<usize>,
}

impl Recognizer {
    /// Returns whether failures may have no signature at all, so that each counts as the same bug.
    pub(super) fn may_tell_nothing(&self) -> bool {
        !self.invert && matches!(self.by, By::Kind)
    }

    /// Returns whether a failure with this signature can be the bug. It cannot if its output did not match the pattern.
    pub(super) fn knows(&self, signature: &Signature) -> bool {
        signature.check != UNMATCHED
    }

    /// Returns whether standard output and standard error must be kept apart.
    pub(super) fn keeps_apart(&self) -> bool {
        matches!(self.by, By::Kind | By::Stdout | By::Stderr)
    }

    /// Returns the failure of a run that exited with `code`, or `None` if the run is not a failure. `folder` is the
    /// folder of the candidate.
    pub(super) fn failure(&self, code: i32, finished: &Finished, folder: &Path) -> Option<FailedRun> {
        if (code == 0) == self.invert {
            return None;
        }
        let signature = match &self.by {
            By::Kind => self.of_kind(code, finished),
            By::Exit if !self.invert => None,
            By::Exit => Some(Signature::new("exit", code.to_string())),
            By::Stdout => Some(Signature::new("stdout", normal(&finished.output, folder))),
            By::Stderr => Some(Signature::new("stderr", normal(&finished.errors, folder))),
            By::Pattern(pattern) => return Some(matched(pattern, code, &finished.output)),
        };
        Some(FailedRun { signature, line: None })
    }
}

impl Recognizer {
    /// Returns the signature by the exit code and the kind of failure, or `None` if every failure exits with 0 and the
    /// output does not tell the kind.
    ///
    /// A command that exits with 0 at a failure has mostly looked at the output itself, so only its standard error
    /// counts. A test may report its failure on standard output.
    fn of_kind(&self, code: i32, finished: &Finished) -> Option<Signature> {
        let of = |output: &[u8]| kind(&String::from_utf8_lossy(output));
        let told = of(&finished.errors).or_else(|| of(&finished.output).filter(|_| self.invert));
        match told {
            Some(kind) => Some(Signature::new("exit", format!("{code}, {}", short(&kind)))),
            None => self.invert.then(|| Signature::new("exit", code.to_string())),
        }
    }
}

fn matched(pattern: &Regex, code: i32, output: &[u8]) -> FailedRun {
    let Some(captures) = pattern.captures(output) else {
        return FailedRun { signature: Some(Signature::new(UNMATCHED, format!("exit {code}"))), line: None };
    };
    let line = PLACES.iter().find_map(|name| str::from_utf8(captures.name(name)?.as_bytes()).ok()?.parse().ok());
    FailedRun { signature: Some(Signature::new("match", groups(pattern, &captures))), line }
}

/// Returns the texts that all groups captured, except those that capture the place.
fn groups(pattern: &Regex, captures: &Captures<'_>) -> String {
    let names = pattern.capture_names().enumerate().skip(1);
    let groups = names.filter(|(_, name)| name.is_none_or(|name| !PLACES.contains(&name)));
    let texts = groups.map(|(group, _)| captures.get(group).map_or(&b""[..], |found| found.as_bytes()));
    let texts: Vec<_> = texts.map(String::from_utf8_lossy).collect();
    short(&texts.join(" "))
}

/// Returns the output without parts that differ between runs with the same failure: numbers, quoted values, the folder
/// of the candidate, and repetitions of a line.
fn normal(output: &[u8], folder: &Path) -> String {
    let text = String::from_utf8_lossy(output).replace(&*folder.to_string_lossy(), "");
    let mut lines: Vec<_> = text.lines().map(|line| without_values(line.trim())).collect();
    lines.retain(|line| !line.is_empty());
    lines.dedup();
    short(&lines.join(" | "))
}

fn short(text: &str) -> String {
    match text.char_indices().nth(SIGNATURE_MAX) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}… {}", &text[..end], &blake3::hash(text.as_bytes()).to_hex()[..8]),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::process::Ended;
    use super::*;

    fn failure(by: &str, output: &str) -> FailedRun {
        let recognizer = Recognizer { invert: true, by: by.parse().unwrap() };
        let output = output.as_bytes().to_vec();
        let finished = Finished { ended: Ended::Exited(1), errors: output.clone(), output, elapsed: Duration::ZERO };
        recognizer.failure(1, &finished, Path::new("/candidates/1")).unwrap()
    }

    fn text(by: &str, output: &str) -> String {
        failure(by, output).signature.unwrap().to_string()
    }

    #[test]
    fn what_differs_between_alike_runs_is_no_part_of_it() {
        let one = text("stdout", "step 1\nstep 2\n/candidates/1/t.log:17: no account \"a-1\"\n");
        assert_eq!(one, "stdout/step # | /t.log:#: no account \"\"");
        assert_eq!(one, text("stdout", "step 9\n\n/candidates/1/t.log:3: no account \"b\""));
        assert_ne!(one, text("stderr", "step 9\n/candidates/1/t.log:3: no hold \"b\""));
    }

    #[test]
    fn groups_are_the_bug_and_one_called_line_is_its_place() {
        let by = r"(?<line>\d+): (\w+) (?<what>of \w+)?";
        let found = failure(by, "7: overdraft of a");
        assert_eq!((found.signature.unwrap().to_string(), found.line), ("match/overdraft of a".to_owned(), Some(7)));
        assert_eq!(text(by, "12: overdraft of a"), "match/overdraft of a");
        assert_eq!(text(by, "nothing"), "no match/exit 1");
        assert_eq!(failure("x", "x").signature.unwrap(), Signature::new("match", ""));
    }

    #[test]
    fn a_long_one_is_cut_and_still_another() {
        let long = "é".repeat(1000);
        let (one, other) = (text("stdout", &format!("{long}a")), text("stdout", &format!("{long}b")));
        assert!(one != other && one.chars().count() < 130, "{one}");
    }
}
