//! Other failures that a search meets on the way: each is kept once, as the first trace that showed it.

use std::path::PathBuf;

use afresh_core::Signature;
use serde::Serialize;

use super::files::{self, Failure, Places};
use afresh_shrink::minimize::Verdict;
use afresh_shrink::minimize::Walk;
use afresh_shrink::minimize::walk::{EMPTY, REPRODUCE};
use afresh_trace::text::escape;

/// Another failure.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    #[serde(serialize_with = "as_text")]
    signature: Signature,
    /// The run that showed it first.
    run: u64,
    /// The event at which it showed, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<u64>,
    /// Where its trace is; nothing if the result went to standard output.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
}

fn as_text<Z: serde::Serializer>(signature: &Signature, serializer: Z) -> Result<Z::Ok, Z::Error> {
    serializer.collect_str(signature)
}

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    /// What the search found that is gone on with.
    pub(super) fn of(walk: &Walk, places: &Places) -> Self {
        let mut findings = Self::default();
        for (intent, verdict) in &walk.runs {
            if let Some((finding, _)) = findings.new_one(intent.run, &intent.pass, verdict, places) {
                findings.0.push(finding);
            }
        }
        findings
    }

    /// Keeps the candidate of a run, which `render` makes, if its verdict is a failure that was not seen before.
    pub(super) fn note(
        &mut self,
        run: u64,
        pass: &str,
        verdict: &Verdict,
        places: &Places,
        render: impl FnOnce(&Signature) -> std::io::Result<Vec<u8>>,
    ) -> Result<(), Failure> {
        if let Some((finding, path)) = self.new_one(run, pass, verdict, places) {
            if path.is_some() {
                files::save(&path, render(&finding.signature))?;
            }
            self.0.push(finding);
        }
        Ok(())
    }

    /// The finding of a run, if it is one.
    fn new_one(&self, run: u64, pass: &str, verdict: &Verdict, places: &Places) -> Option<(Finding, Option<PathBuf>)> {
        let Verdict::Other { signature, at } = verdict else { return None };
        // What the original shows, and what shows without any message, is no candidate's.
        if pass == EMPTY || pass == REPRODUCE || self.0.iter().any(|finding| finding.signature == *signature) {
            return None;
        }
        let path = places.finding(self.0.len() + 1);
        let file = path.as_ref().map(|path| path.display().to_string());
        Some((Finding { signature: signature.clone(), run, at: *at, file }, path))
    }

    /// The findings, in the order in which they were made.
    pub(super) fn into_vec(self) -> Vec<Finding> {
        self.0
    }
}

impl Finding {
    /// For people, in a line.
    pub(super) fn text(&self) -> String {
        let Self { signature, run, file, .. } = self;
        let place = file
            .as_ref()
            .map_or("which is not kept, as the result is in no file".to_owned(), |file| format!("in {}", escape(file)));
        format!("found another failure, {}, at run {run}, {place}", escape(&signature.to_string()))
    }
}
