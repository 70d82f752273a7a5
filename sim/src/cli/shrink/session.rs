//! Looks on while a file is minimized: writes the walk, keeps the best so far on disk, shows progress, stops on request.

use std::ops::ControlFlow;
use std::time::Duration;

use afresh_core::Signature;
use indicatif::{ProgressBar, ProgressStyle};

use super::files::{self, Failure, Places, WalkFile};
use super::finding::Findings;
use super::search::Render;
use crate::cli::interrupt;
use crate::minimize::walk::{Intent, Judged, Line};
use crate::minimize::{Item, Observer, Run};
use crate::oracle::Verdict;
use crate::report::curve::Curve;

/// How often the progress line moves while a run takes long.
const TICK: Duration = Duration::from_millis(120);

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
    /// How many runs may still begin, where that is limited.
    runs: Option<u64>,
    /// Other failures that were met.
    pub(super) findings: Findings,
    /// The size over the runs.
    pub(super) curve: Curve,
    progress: ProgressBar,
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
        runs: Option<u64>,
    ) -> Self {
        // Hidden where standard error is not a terminal.
        let progress = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}, {elapsed}") {
            progress.set_style(style);
        }
        if !progress.is_hidden() {
            progress.enable_steady_tick(TICK);
        }
        let (findings, curve) = (Findings::default(), Curve::new(total));
        Self { walk, places, render, saved: total, best: total, unit, runs, findings, curve, progress, failure: None }
    }

    /// Takes the progress line away.
    pub(super) fn finish(self) -> Self {
        self.progress.finish_and_clear();
        self
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
        if let Some(runs) = &mut self.runs {
            let Some(left) = runs.checked_sub(1) else { return ControlFlow::Break(()) };
            *runs = left;
        }
        let Run { number, pass, candidate, .. } = run;
        let Self { best, unit, .. } = self;
        self.progress.set_message(format!("{best} {unit}, run {number}: {pass}, {} {unit}", candidate.len()));
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
