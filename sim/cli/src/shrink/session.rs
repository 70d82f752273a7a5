//! The observer of a search: writes the walk, saves the best result so far, shows progress, and stops on request.

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use afresh_core::Signature;
use afresh_shrink::minimize::walk::{CONFIRM, Intent, Judged, Line};
use afresh_shrink::minimize::{Item, Observer, Run, Verdict};
use afresh_trace::format::files::{Identity, Target};

use super::files::{self, Places, ShrinkError, WalkFile};
use super::other_bugs::OtherBugs;
use super::search::Render;
use crate::console::{Console, Progress};
use crate::interrupt;
use crate::report::curve::Curve;
use crate::worker::{Note, Worker};

/// The observer of one search of the command line.
pub(super) struct Session<'a, T> {
    /// The walk, to which each run is appended.
    pub(super) walk: WalkFile,
    /// The paths of the other files.
    pub(super) places: &'a Places,
    /// The result; `None` for standard output.
    pub(super) result: Option<ResultFile<'a>>,
    /// Writes a file with some of the items.
    pub(super) render: &'a Render<'a, T>,
    /// The progress of the search.
    pub(super) progress: Progress<'a>,
    /// The number of items of the result on disk.
    pub(super) saved: usize,
    /// The number of items of the best result so far.
    pub(super) best: usize,
    /// The name of several items.
    pub(super) unit: &'static str,
    /// The number of the last run that may begin, if that is limited.
    pub(super) last_run: Option<u64>,
    /// Other failures that candidates showed.
    pub(super) findings: OtherBugs,
    /// The size over the runs.
    pub(super) curve: Curve,
    /// The error that ended the search, if there was one.
    pub(super) failure: Option<ShrinkError>,
}

/// The file of the result.
pub(super) struct ResultFile<'a> {
    target: Target,
    /// The content of a file that was there when this search continued, until it turns out to be one of its results.
    found: Option<Vec<u8>>,
    worker: &'a Worker,
}

impl<'a> ResultFile<'a> {
    /// Returns the file at `path`, which may replace the file `ours`. If the search `continues`, it may also replace
    /// any of its earlier results. It gets the permissions of the `input`: a script stays one, and what is private
    /// stays private.
    pub(super) fn new(
        path: PathBuf,
        input: &Path,
        ours: Option<Identity>,
        continues: bool,
        worker: &'a Worker,
    ) -> Self {
        let is_ours = ours.is_some() && Identity::of(&path) == ours;
        let found = if continues && !is_ours && path.is_file() { fs::read(&path).ok() } else { None };
        Self { target: Target::new(path, ours).permissions(files::permissions(input)), found, worker }
    }

    /// Lets the file be replaced that was there if its content is `verified`, one of the results on the way.
    fn recognize(&mut self, verified: impl FnOnce() -> io::Result<Vec<u8>>) {
        if self.found.is_some() && verified().ok() == self.found {
            self.found = None;
            self.target.claim();
        }
    }

    fn write(&mut self, content: io::Result<Vec<u8>>) -> Result<(), ShrinkError> {
        if self.found.is_some() {
            return Err(ShrinkError::Unrelated(self.target.path().to_owned()));
        }
        files::save(&mut self.target, content)?;
        self.target.ours().into_iter().for_each(|ours| self.worker.send(&Note::Saved(ours.clone())));
        Ok(())
    }
}

impl<T> Session<'_, T> {
    /// Writes the result that is left at the end.
    pub(super) fn finish(&mut self, items: &[Item<T>], console: &Console) -> Result<(), ShrinkError> {
        let content = (self.render)(items, None);
        if let Some(result) = &mut self.result {
            result.recognize(|| (self.render)(items, None));
            return result.write(content);
        }
        let failed = |error| ShrinkError::write(Path::new("standard output"), error);
        console.write(&content.map_err(failed)?).map_err(|failure| failed(io::Error::other(failure)))
    }

    /// Looks whether the file that was there is one of the results on the way.
    pub(super) fn recognize(&mut self, verified: &[Item<T>]) {
        if let Some(result) = &mut self.result {
            result.recognize(|| (self.render)(verified, None));
        }
    }

    /// Returns `true` if the file that was there is none of the results on the way so far.
    pub(super) fn has_unknown_result(&self) -> bool {
        self.result.as_ref().is_some_and(|result| result.found.is_some())
    }

    fn write(&mut self, line: &Line) -> ControlFlow<()> {
        let written = self.walk.write(line);
        self.go_on(written)
    }

    /// Ends the search if something could not be written, or if the user wants to stop.
    fn go_on(&mut self, written: Result<(), ShrinkError>) -> ControlFlow<()> {
        match written {
            Err(failure) => {
                self.failure = Some(failure);
                ControlFlow::Break(())
            }
            Ok(()) if interrupt::requested() => ControlFlow::Break(()),
            Ok(()) => ControlFlow::Continue(()),
        }
    }
}

impl<T: Clone> Observer<T> for Session<'_, T> {
    fn before(&mut self, run: &Run<'_, T>) -> ControlFlow<()> {
        self.go_on(Ok(()))?;
        // The runs that confirm the result are no part of the budget.
        let is_within = |last| run.number <= last || last > 0 && run.pass == CONFIRM;
        if !self.last_run.is_none_or(is_within) {
            return ControlFlow::Break(());
        }
        let Run { number, pass, candidate, .. } = run;
        let Self { best, unit, .. } = self;
        self.progress.doing(format!("{best} {unit}, run {number}: {pass}, {} {unit}", candidate.len()));
        self.write(&Line::Run(Intent::of(run)))
    }

    fn after(&mut self, run: &Run<'_, T>, verdict: &Verdict) -> ControlFlow<()> {
        // A request to stop may have ended the run: such a verdict is not recorded.
        self.go_on(Ok(()))?;
        // The finding is saved before the verdict, so that each finding in the walk has its file.
        let render = self.render;
        let candidate = |signature: &Signature| {
            let items: Vec<_> = run.candidate.items().cloned().collect();
            render(&items, Some(signature))
        };
        let noted = self.findings.note(run.number, run.pass, verdict, self.places, candidate);
        self.go_on(noted)?;
        if run.pass != CONFIRM {
            self.curve.add(run.candidate.len(), verdict, run.is_open);
        }
        self.write(&Line::Verdict(Judged::of(run, verdict)))
    }

    /// Saves the result whenever it has half as many items as the one on disk, so that a kill leaves a small one.
    ///
    /// If the search has taken steps back, the one on disk may not show the bug, and is replaced too.
    fn step(&mut self, verified: &[Item<T>]) -> ControlFlow<()> {
        let went_back = verified.len() > self.best;
        self.best = verified.len();
        self.recognize(verified);
        // The file that was there may still turn out to be a result, even if the end of the walk was lost.
        let is_due = went_back || self.best <= self.saved / 2;
        let Some(result) = self.result.as_mut().filter(|result| is_due && result.found.is_none()) else {
            return ControlFlow::Continue(());
        };
        self.saved = self.best;
        let written = result.write((self.render)(verified, None));
        self.go_on(written)
    }

    fn between(&mut self) -> ControlFlow<()> {
        self.go_on(Ok(()))
    }
}
