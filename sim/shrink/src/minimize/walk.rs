//! The walk: the record of a search, from which the search can be replayed and resumed.
//!
//! A walk is JSON Lines. The first line says what is searched, and with which oracle. Then each run has two lines: its
//! intent, written before the run begins, and its verdict, written after the run has ended. No line holds a time, so
//! the same search writes the same walk.
//!
//! ```jsonl
//! {"walk":{"format":1,"input":"8b1a…","items":170,"oracle":["./repro.sh","{}"]}}
//! {"run":{"run":1,"pass":"empty","edit":{"remove":[[1,170]]},"items":0,"candidate":"af13…"}}
//! {"verdict":{"run":1,"verdict":"passed"}}
//! {"run":{"run":2,"pass":"reproduce","edit":"keep","items":170,"candidate":"8b1a…"}}
//! {"verdict":{"run":2,"verdict":{"same":{}}}}
//! ```
//!
//! An accepted step is a run whose verdict is `same` and whose edit changes something. The edits of all accepted steps,
//! applied to the original one after another, give every trace on the way.

use std::collections::BTreeSet;

use afresh_trace::format::from_json;
use serde::{Deserialize, Serialize};

use super::candidate::Identity;
use super::edit::Edit;
use super::observer::Run;
use super::verdict::Verdict;

/// The version of the walk format that this library writes.
pub const FORMAT: u32 = 1;

/// The name, in a walk, of the run without any events. It makes sure that the bug is gone then.
pub const EMPTY: &str = "empty";

/// The name, in a walk, of a run of the original. It makes sure that the bug shows.
pub const REPRODUCE: &str = "reproduce";

/// The name, in a walk, of a run that confirms the result after the last pass.
pub const CONFIRM: &str = "confirm";

/// The name, in a walk, of a run of an earlier verified trace, because the result does not show the bug again.
pub const BACK: &str = "back";

/// The first line of a walk: what is searched, and with which oracle. A search can only resume a walk whose header
/// equals its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The version of the format of this walk.
    pub format: u32,
    /// The identity of the content of the original.
    pub input: Identity,
    /// The number of items of the original.
    pub items: usize,
    /// The oracle, as the words of a command.
    pub oracle: Vec<String>,
}

/// The line of a walk before a run: what the run tries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    /// The number of the run, from 1.
    pub run: u64,
    /// The name of the pass that proposed the edit, or `empty` or `reproduce`.
    pub pass: String,
    /// The one change of the verified trace.
    pub edit: Edit,
    /// The number of events of the candidate.
    pub items: usize,
    /// The identity of the candidate. Equal candidates are not run again.
    pub candidate: Identity,
    /// Only of a run of an earlier verified trace: the number of accepted steps that lead to it. If the run shows the
    /// bug, all later steps are taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
}

impl Intent {
    /// Returns the intent of `run`.
    #[must_use]
    pub fn of<T>(run: &Run<'_, T>) -> Self {
        Self {
            run: run.number,
            pass: run.pass.to_owned(),
            edit: run.candidate.edit().clone(),
            items: run.candidate.len(),
            candidate: run.identity,
            steps: run.steps,
        }
    }
}

/// The line of a walk after a run: its verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judged {
    /// The number of the run, as in its intent.
    pub run: u64,
    /// The verdict of the run.
    pub verdict: Verdict,
    /// Whether this run does not decide about the candidate, which is then run again. This is only so if the bug does
    /// not show in every run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub open: bool,
}

impl Judged {
    /// Returns the verdict of `run`.
    #[must_use]
    pub fn of<T>(run: &Run<'_, T>, verdict: &Verdict) -> Self {
        Self { run: run.number, verdict: verdict.clone(), open: run.is_open }
    }
}

/// One line of a walk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Line {
    /// The header, which is the first line.
    Walk(Header),
    /// The intent of a run, before it begins.
    Run(Intent),
    /// The verdict of a run, after it has ended.
    Verdict(Judged),
}

impl Line {
    /// Returns the line as JSON, with a line feed at its end.
    ///
    /// # Errors
    ///
    /// No line is known that cannot be written as JSON.
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self).map(|text| text + "\n")
    }
}

/// A walk, as read from its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Walk {
    /// The first line: what was searched, and with which oracle.
    pub header: Header,
    /// The runs that have a verdict, in order.
    pub runs: Vec<(Intent, Verdict)>,
    /// The numbers of the runs that do not decide about their candidates; see [`Judged::open`].
    pub undecided: BTreeSet<u64>,
    /// The last run, if it has an intent but no verdict because the search was cut off.
    pub open: Option<Intent>,
    /// The length in bytes of the header and of all runs that have a verdict. A search that resumes the walk continues
    /// to write there.
    pub len: usize,
}

/// The reason why a walk could not be read.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    /// The file has no complete first line.
    #[error("the first line, which is the header of a walk, is missing or cut off")]
    NoHeader,
    /// A newer version of Afresh wrote the walk. Holds the version of its format.
    #[error("format {0} needs a newer afresh: this one reads up to format {FORMAT}")]
    TooNew(u32),
    /// A line is not a line of a walk, or is out of place.
    #[error("line {line}: {reason}")]
    Line {
        /// The number of the line, from 1.
        line: usize,
        /// The reason why the line cannot be read.
        reason: String,
    },
}

impl Walk {
    /// Reads the text of a walk.
    ///
    /// A search that was killed can leave an incomplete last line, which is ignored. It can also leave a last run
    /// without a verdict, which becomes [`open`](Self::open).
    ///
    /// # Errors
    ///
    /// Fails if `text` is not a walk that this version can read; see [`WalkError`].
    pub fn read(text: &[u8]) -> Result<Self, WalkError> {
        let mut walk: Option<Self> = None;
        let mut intent = None;
        let mut len = 0;
        for (index, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
            if !line.ends_with(b"\n") {
                break;
            }
            len += line.len();
            let wrong = |reason: String| WalkError::Line { line: index + 1, reason };
            if index == 0 {
                check_format(line)?;
            }
            match (from_json(line).map_err(|error| wrong(error.to_string()))?, &mut walk, intent.take()) {
                (Line::Walk(header), none @ None, None) => {
                    *none = Some(Self { header, runs: Vec::new(), undecided: BTreeSet::new(), open: None, len })
                }
                (Line::Run(next), Some(walk), None) if next.run == walk.runs.len() as u64 + 1 => intent = Some(next),
                (Line::Verdict(judged), Some(walk), Some(intent)) if judged.run == intent.run => {
                    walk.undecided.extend(judged.open.then_some(judged.run));
                    walk.runs.push((intent, judged.verdict));
                    walk.len = len;
                }
                _ => {
                    return Err(wrong(
                        "this line cannot follow the line before it: expected a header, then each run with its verdict"
                            .to_owned(),
                    ));
                }
            }
        }
        let mut walk = walk.ok_or(WalkError::NoHeader)?;
        walk.open = intent;
        Ok(walk)
    }

    /// Returns the accepted edits, in order, without those that were taken back.
    pub fn steps(&self) -> impl Iterator<Item = &Edit> {
        self.accepted().map(|intent| &intent.edit)
    }

    /// Returns the runs that decided to accept their edits, in order, without those that were taken back.
    pub fn accepted(&self) -> impl Iterator<Item = &Intent> {
        let mut steps = Vec::new();
        for (intent, _) in self.runs.iter().filter(|(intent, verdict)| self.accepts(intent, verdict)) {
            match intent.steps {
                Some(back) => steps.truncate(back),
                None => steps.push(intent),
            }
        }
        steps.into_iter()
    }

    /// Returns whether the search moved to the candidate of this run.
    #[must_use]
    pub fn accepts(&self, intent: &Intent, verdict: &Verdict) -> bool {
        let moves = intent.edit != Edit::Keep || intent.steps.is_some();
        verdict.is_same() && moves && !self.undecided.contains(&intent.run)
    }
}

/// A header of a newer format may have other fields, so its version is read first.
fn check_format(line: &[u8]) -> Result<(), WalkError> {
    #[derive(Deserialize)]
    struct Probe {
        walk: Version,
    }
    #[derive(Deserialize)]
    struct Version {
        format: u32,
    }
    match from_json(line) {
        Ok(Probe { walk: Version { format } }) if format > FORMAT => Err(WalkError::TooNew(format)),
        _ => Ok(()),
    }
}
