//! Other failures that a search meets: each signature is kept once, as the first candidate that showed it.

use std::path::PathBuf;

use afresh_core::Signature;
use afresh_shrink::minimize::walk::{EMPTY, REPRODUCE};
use afresh_shrink::minimize::{Verdict, Walk};
use afresh_trace::text::escape;
use serde::Serialize;

use super::files::{self, Places, ShrinkError};

/// A failure with another signature than the bug.
#[derive(Debug, Serialize)]
pub(super) struct OtherBug {
    #[serde(serialize_with = "as_text")]
    signature: Signature,
    /// The number of the first run that showed it.
    run: u64,
    /// The number of the event at which it showed, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<u64>,
    /// The path of its candidate; `None` if the result goes to standard output, or if there are too many findings.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
}

fn as_text<Z: serde::Serializer>(signature: &Signature, serializer: Z) -> Result<Z::Ok, Z::Error> {
    serializer.collect_str(signature)
}

/// The findings of a search so far.
#[derive(Debug, Default)]
pub(super) struct OtherBugs(Vec<OtherBug>);

impl OtherBugs {
    /// Returns the findings that `walk` recorded, when a search continues.
    pub(super) fn of(walk: &Walk, places: &Places) -> Self {
        let mut findings = Self::default();
        for (intent, verdict) in &walk.runs {
            if let Some((finding, path)) = findings.new_one(intent.run, &intent.pass, verdict, places) {
                // An earlier part of the search may have had another output.
                let file = finding.file.filter(|_| path.is_some_and(|path| path.exists()));
                findings.0.push(OtherBug { file, ..finding });
            }
        }
        findings
    }

    /// Keeps the candidate of a run if its verdict is a failure that was not seen before; `render` gives its bytes.
    pub(super) fn note(
        &mut self,
        run: u64,
        pass: &str,
        verdict: &Verdict,
        places: &Places,
        render: impl FnOnce(&Signature) -> std::io::Result<Vec<u8>>,
    ) -> Result<(), ShrinkError> {
        if let Some((finding, path)) = self.new_one(run, pass, verdict, places) {
            if let Some(path) = &path {
                if let Some(folder) = path.parent() {
                    std::fs::create_dir_all(folder).map_err(|error| ShrinkError::write(folder, error))?;
                }
                files::save_once(path, render(&finding.signature).map_err(|error| ShrinkError::write(path, error))?)?;
            }
            self.0.push(finding);
        }
        Ok(())
    }

    /// Returns the finding of a run and its path, if the run showed a new failure.
    fn new_one(&self, run: u64, pass: &str, verdict: &Verdict, places: &Places) -> Option<(OtherBug, Option<PathBuf>)> {
        let Verdict::Other { signature, at } = verdict else { return None };
        // The runs of the original and of the empty input are not candidates.
        if pass == EMPTY || pass == REPRODUCE || self.0.iter().any(|finding| finding.signature == *signature) {
            return None;
        }
        let path = places.finding(self.0.len() + 1);
        let file = path.as_ref().map(|path| path.display().to_string());
        Some((OtherBug { signature: signature.clone(), run, at: *at, file }, path))
    }

    /// The findings, in the order of their runs.
    pub(super) fn into_vec(self) -> Vec<OtherBug> {
        self.0
    }
}

impl OtherBug {
    /// Returns a line for people.
    pub(super) fn text(&self) -> String {
        let Self { signature, run, file, .. } = self;
        let place = file.as_ref().map_or("not kept in a file".to_owned(), |file| format!("in {}", escape(file)));
        format!("found another failure, {}, at run {run}, {place}", escape(&signature.to_string()))
    }
}
