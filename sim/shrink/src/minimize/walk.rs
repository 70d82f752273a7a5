//! The walk: the record of a search, from which it can be replayed and resumed.
//!
//! JSON Lines. The first line says what was searched and how; then each run has two lines, its intent before it
//! begins and its verdict after it has ended. No line holds a time, so the same search writes the same walk.
//!
//! ```jsonl
//! {"walk":{"format":1,"input":"8b1a…","items":170,"oracle":["./repro.sh","{}"]}}
//! {"run":{"run":1,"pass":"empty","edit":{"remove":[[1,170]]},"items":0,"candidate":"af13…"}}
//! {"verdict":{"run":1,"verdict":"passed"}}
//! {"run":{"run":2,"pass":"reproduce","edit":"keep","items":170,"candidate":"8b1a…"}}
//! {"verdict":{"run":2,"verdict":{"same":{}}}}
//! ```
//!
//! The walk is the truth about a search: an accepted step is a run whose verdict is `same`, and its edits, applied to
//! the original one after the other, give every trace of the way.

use serde::{Deserialize, Serialize};

use super::candidate::Identity;
use super::edit::Edit;
use super::observer::Run;
use super::verdict::Verdict;

/// The version of the format that this library writes.
pub const FORMAT: u32 = 1;

/// What a run is called that tries whether the bug is gone when nothing is left.
pub const EMPTY: &str = "empty";

/// What a run of the original is called.
pub const REPRODUCE: &str = "reproduce";

/// What was searched, and how: a walk is resumed only by a search for which all of it is equal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The version of the format.
    pub format: u32,
    /// The content of the original.
    pub input: Identity,
    /// The number of items of the original.
    pub items: usize,
    /// What decides, as the words of a command.
    pub oracle: Vec<String>,
}

/// What a run is about to try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    /// Which run it is, counted from 1.
    pub run: u64,
    /// `empty`, `reproduce`, or the name of the pass that proposed it.
    pub pass: String,
    /// The one change of the verified trace.
    pub edit: Edit,
    /// The number of items of the candidate.
    pub items: usize,
    /// What makes the candidate the same as another.
    pub candidate: Identity,
}

impl Intent {
    /// The intent of `run`.
    #[must_use]
    pub fn of<T>(run: &Run<'_, T>) -> Self {
        Self {
            run: run.number,
            pass: run.pass.to_owned(),
            edit: run.candidate.edit().clone(),
            items: run.candidate.len(),
            candidate: run.identity,
        }
    }
}

/// What a run has shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judged {
    /// Which run it was.
    pub run: u64,
    /// Its verdict.
    pub verdict: Verdict,
}

/// One line of a walk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Line {
    /// The first line.
    Walk(Header),
    /// Before a run.
    Run(Intent),
    /// After a run.
    Verdict(Judged),
}

impl Line {
    /// The line as text, with its line feed.
    ///
    /// # Errors
    ///
    /// None are known: every line can be written as JSON.
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self).map(|text| text + "\n")
    }
}

/// A walk that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Walk {
    /// What was searched, and how.
    pub header: Header,
    /// Every run that has a verdict, in order.
    pub runs: Vec<(Intent, Verdict)>,
    /// The run that has none: the last one, if it did not end.
    pub open: Option<Intent>,
    /// How many bytes of the text the header and those runs take: where a search that resumes writes on.
    pub len: usize,
}

/// Why a walk could not be read.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    /// It has no complete first line.
    #[error("it has no header")]
    NoHeader,
    /// A newer version wrote it.
    #[error("its format is {0}, and this version reads up to {FORMAT}: use a newer afresh")]
    TooNew(u32),
    /// A line is not what it should be.
    #[error("line {line}: {reason}")]
    Line {
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
}

impl Walk {
    /// Reads the text of a walk. A last run without its verdict, and a last line without its end, are what a kill
    /// leaves behind: they are left out.
    ///
    /// # Errors
    ///
    /// When it was not written by a search; see [`WalkError`].
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
            match (serde_json::from_slice(line).map_err(|error| wrong(error.to_string()))?, &mut walk, intent.take()) {
                (Line::Walk(header), none @ None, None) => {
                    *none = Some(Self { header, runs: Vec::new(), open: None, len })
                }
                (Line::Run(next), Some(walk), None) if next.run == walk.runs.len() as u64 + 1 => intent = Some(next),
                (Line::Verdict(judged), Some(walk), Some(intent)) if judged.run == intent.run => {
                    walk.runs.push((intent, judged.verdict));
                    walk.len = len;
                }
                _ => return Err(wrong("this line cannot follow the one before it".to_owned())),
            }
        }
        let mut walk = walk.ok_or(WalkError::NoHeader)?;
        walk.open = intent;
        Ok(walk)
    }

    /// The edits that were accepted, in order.
    pub fn steps(&self) -> impl Iterator<Item = &Edit> {
        self.runs
            .iter()
            .filter(|(intent, verdict)| verdict.is_same() && intent.edit != Edit::Keep)
            .map(|(intent, _)| &intent.edit)
    }
}

/// A header from the future need not read as one of ours, so its version is looked at first.
fn check_format(line: &[u8]) -> Result<(), WalkError> {
    #[derive(Deserialize)]
    struct Probe {
        walk: Version,
    }
    #[derive(Deserialize)]
    struct Version {
        format: u32,
    }
    match serde_json::from_slice(line) {
        Ok(Probe { walk: Version { format } }) if format > FORMAT => Err(WalkError::TooNew(format)),
        _ => Ok(()),
    }
}
