//! Looks on while a file is minimized: writes the walk, keeps the best so far on disk, shows progress, stops on request.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::files::{self, Failure, WalkFile};
use super::search::Render;
use crate::cli::interrupt;
use crate::minimize::walk::{Intent, Judged, Line};
use crate::minimize::{Item, Observer, Run};
use crate::oracle::Verdict;

/// How often the progress line moves while a run takes long.
const TICK: Duration = Duration::from_millis(120);

/// A search as the command line sees it.
pub(super) struct Session<'a, T> {
    walk: Option<WalkFile>,
    output: &'a Option<PathBuf>,
    render: &'a Render<'a, T>,
    /// The number of items of the result on disk.
    saved: usize,
    /// The number of items of the best so far.
    best: usize,
    /// What several items are called.
    unit: &'static str,
    /// How many runs may still begin, where that is limited.
    runs: Option<u64>,
    progress: ProgressBar,
    failure: Option<Failure>,
}

impl<'a, T> Session<'a, T> {
    pub(super) fn new(
        walk: Option<WalkFile>,
        output: &'a Option<PathBuf>,
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
        Self { walk, output, render, saved: total, best: total, unit, runs, progress, failure: None }
    }

    /// Takes the progress line away; gives what went wrong, if the search ended by that.
    pub(super) fn finish(self) -> Option<Failure> {
        self.progress.finish_and_clear();
        self.failure
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

impl<T> Observer<T> for Session<'_, T> {
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
        self.write(&Line::Verdict(Judged { run: run.number, verdict: verdict.clone() }))
    }

    /// The walk has every step; the result is written now and then, so that a kill leaves a small one.
    fn step(&mut self, verified: &[Item<T>]) -> ControlFlow<()> {
        self.best = verified.len();
        if self.output.is_none() || self.best > self.saved / 2 {
            return ControlFlow::Continue(());
        }
        self.saved = self.best;
        self.go_on(files::save(self.output, (self.render)(verified)))
    }
}
