//! The progress of long work: a bar on standard error if that is a terminal, and nothing otherwise.

use std::sync::Mutex;
use std::time::Duration;

use afresh_check::clock::Stopwatch;
use afresh_trace::format::files::Input;
use afresh_trace::text::escape;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Console;
use crate::worker::{Note, Worker};

/// The time before a bar is shown. For shorter work, it would only flicker.
const SOON: Duration = Duration::from_millis(300);

/// The shortest time between two reports of progress by a worker.
const OFTEN: Duration = Duration::from_millis(50);

/// The steps of the bar for each thing, so that fractions of a thing can be counted.
const PARTS: f64 = 1_000_000.0;

/// Work in progress. Dropping it removes the bar, which must happen before anything is printed.
#[derive(Debug)]
#[must_use]
pub(crate) struct Progress<'c>(Shown<'c>);

/// The way in which progress is shown.
#[derive(Debug)]
enum Shown<'c> {
    /// As a bar on the terminal.
    Bar(ProgressBar),
    /// By the supervisor of this worker.
    Notes {
        worker: &'c Worker,
        /// The time of the last note, and the fraction of one thing that was done since.
        last: Mutex<Option<(Stopwatch, f64)>>,
    },
}

impl Console {
    /// Shows the progress of reading `input`, or counts the bytes if its size is unknown.
    pub(crate) fn progress_of_reading(&self, input: &mut Input) -> Progress<'_> {
        let size = input.size();
        let template = match size {
            Some(_) => "{wide_bar} {bytes} of {total_bytes}, {eta} left",
            None => "{bytes} read, {elapsed}",
        };
        let progress = self.progress(size, template);
        if let Shown::Bar(bar) = &progress.0 {
            let bar = bar.clone();
            input.tell(move |bytes| advance(&bar, bytes));
        }
        progress
    }

    /// Shows the progress of work on `things` things, which are assumed to take equally long.
    pub(crate) fn progress_of_things(&self, things: usize) -> Progress<'_> {
        self.progress(
            Some((things as u64).saturating_mul(PARTS as u64)),
            "{wide_bar} {percent}%, {elapsed}, {eta} left",
        )
    }

    /// Shows a spinner with the current activity; see [`Progress::doing`].
    pub(crate) fn progress_of_words(&self) -> Progress<'_> {
        self.progress(None, "{spinner} {msg}, {elapsed}")
    }

    fn progress(&self, length: Option<u64>, template: &str) -> Progress<'_> {
        if let Some(worker) = &self.worker {
            return Progress(Shown::Notes { worker, last: Mutex::new(None) });
        }
        let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Progress(Shown::Bar(bar))
    }
}

impl Progress<'_> {
    /// Reports the current activity.
    pub(crate) fn doing(&self, activity: String) {
        match &self.0 {
            Shown::Bar(bar) => {
                bar.set_message(escape(&activity).to_string());
                advance(bar, 1);
            }
            Shown::Notes { worker, last } => {
                if worker.shows_progress() && due(last, 0.0).is_some() {
                    worker.send(&Note::Doing(activity));
                }
            }
        }
    }

    /// Reports that a `fraction` of one thing was done.
    pub(crate) fn did(&self, fraction: f64) {
        match &self.0 {
            Shown::Bar(bar) => advance(bar, (fraction * PARTS) as u64),
            Shown::Notes { worker, last } => {
                if let Some(fraction) = due(last, fraction) {
                    worker.send(&Note::Did(fraction));
                }
            }
        }
    }
}

/// Adds up the progress of a worker. Returns the sum since the last note if it is time for another, else `None`.
fn due(last: &Mutex<Option<(Stopwatch, f64)>>, fraction: f64) -> Option<f64> {
    let mut last = last.lock().ok()?;
    let before = last.as_ref().map_or(0.0, |(_, done)| *done);
    if let Some((_, done)) = last.as_mut().filter(|(last, _)| last.elapsed() < OFTEN) {
        *done += fraction;
        return None;
    }
    *last = Some((Stopwatch::start(), 0.0));
    Some(before + fraction)
}

fn advance(bar: &ProgressBar, by: u64) {
    bar.inc(by);
    if bar.is_hidden() && !bar.is_finished() && bar.elapsed() >= SOON {
        // It stays hidden if standard error is not a terminal.
        bar.set_draw_target(ProgressDrawTarget::stderr());
        bar.tick();
        // Keeps the bar moving during long work that reports no progress.
        bar.enable_steady_tick(Duration::from_millis(120));
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        if let Shown::Bar(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
