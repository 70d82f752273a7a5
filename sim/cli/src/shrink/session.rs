//! Looks on while a file is minimized: writes the walk, keeps the best so far on disk, shows progress, stops on request.

use std::ops::ControlFlow;

use afresh_core::Signature;
use afresh_shrink::minimize::walk::{Intent, Judged, Line};
use afresh_shrink::minimize::{Item, Observer, Run, Verdict};

use super::files::{self, Failure, Places, WalkFile};
use super::finding::Findings;
use super::search::Render;
use crate::report::curve::Curve;
use crate::{interrupt, progress};

/// A search as the command line sees it.
pub(super) struct Session<'a, T> {
    walk: Option<WalkFile>,
    places: &'a Places,
    render: &'a Render<'a, T>,
    /// The number of items of the result on disk.
    saved: usize,
    /// The number of items of the best so far.
    best: usize,
    /// What several items are called.
    unit: &'static str,
    /// The number of the last run that may begin, where that is limited.
    last_run: Option<u64>,
    /// Other failures that were met.
    pub(super) findings: Findings,
    /// The size over the runs.
    pub(super) curve: Curve,
    /// What went wrong, if the search ended by that.
    pub(super) failure: Option<Failure>,
}

impl<'a, T> Session<'a, T> {
    pub(super) fn new(
        walk: Option<WalkFile>,
        places: &'a Places,
        render: &'a Render<'a, T>,
        total: usize,
        unit: &'static str,
        last_run: Option<u64>,
    ) -> Self {
        let (findings, curve) = (Findings::default(), Curve::new(total));
        Self { walk, places, render, saved: total, best: total, unit, last_run, findings, curve, failure: None }
    }

    fn write(&mut self, line: &Line) -> ControlFlow<()> {
        let written = self.walk.as_mut().map_or(Ok(()), |walk| walk.write(line));
        self.go_on(written)
    }

    /// Ends the search when something cannot be written, and when the user wants to stop.
    fn go_on(&mut self, written: Result<(), Failure>) -> ControlFlow<()> {
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
        if self.last_run.is_some_and(|last| run.number > last) {
            return ControlFlow::Break(());
        }
        let Run { number, pass, candidate, .. } = run;
        let Self { best, unit, .. } = self;
        progress::doing(format!("{best} {unit}, run {number}: {pass}, {} {unit}", candidate.len()));
        self.write(&Line::Run(Intent::of(run)))
    }

    fn after(&mut self, run: &Run<'_, T>, verdict: &Verdict) -> ControlFlow<()> {
        // A request to stop may have ended the run: such a verdict is not recorded.
        self.go_on(Ok(()))?;
        // Before the verdict: what the walk says was found is there.
        let render = self.render;
        let candidate = |signature: &Signature| {
            let items: Vec<_> = run.candidate.items().cloned().collect();
            render(&items, Some(signature))
        };
        let noted = self.findings.note(run.number, run.pass, verdict, self.places, candidate);
        self.go_on(noted)?;
        self.curve.add(run.candidate.len(), verdict);
        self.write(&Line::Verdict(Judged { run: run.number, verdict: verdict.clone() }))
    }

    /// The walk has every step; the result is written now and then, so that a kill leaves a small one.
    fn step(&mut self, verified: &[Item<T>]) -> ControlFlow<()> {
        self.best = verified.len();
        if self.places.output.is_none() || self.best > self.saved / 2 {
            return ControlFlow::Continue(());
        }
        self.saved = self.best;
        self.go_on(files::save(&self.places.output, (self.render)(verified, None)))
    }
}
