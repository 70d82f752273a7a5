//! The progress of long work: a bar on standard error if that is a terminal, and nothing otherwise.

use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use afresh_check::clock::Stopwatch;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::worker::{self, Note};

/// The time before a bar is shown. For shorter work, it would only flicker.
const SOON: Duration = Duration::from_millis(300);

/// The shortest time between two reports of progress by a worker.
const OFTEN: Duration = Duration::from_millis(50);

/// The steps of the bar for each thing, so that fractions of a thing can be counted.
const PARTS: f64 = 1_000_000.0;

/// The bar of this process, which runs one subcommand.
static BAR: OnceLock<ProgressBar> = OnceLock::new();

/// Work in progress. Dropping it removes the bar, which must happen before anything is printed.
#[must_use]
pub(super) struct Progress(());

/// Shows the progress of reading `bytes` bytes, or counts the bytes if their number is unknown.
pub(super) fn of_bytes(bytes: Option<u64>) -> Progress {
    match bytes {
        Some(_) => begin(bytes, "{wide_bar} {bytes} of {total_bytes}, {eta} left"),
        None => begin(None, "{bytes} read, {elapsed}"),
    }
}

/// Shows the progress of work on `things` things, which are assumed to take equally long.
pub(super) fn of_things(things: usize) -> Progress {
    begin(Some(things as u64 * PARTS as u64), "{wide_bar} {percent}%, {elapsed}, {eta} left")
}

/// Shows a spinner with the current activity; see [`doing`].
pub(super) fn of_words() -> Progress {
    begin(None, "{spinner} {msg}, {elapsed}")
}

/// Reports the current activity.
pub(super) fn doing(what: String) {
    if let Some(start) = worker::start() {
        if start.shows_progress && is_time(0.0).is_some() {
            worker::send(&Note::Doing(what));
        }
        return;
    }
    let Some(bar) = BAR.get() else { return };
    bar.set_message(what);
    advance(1);
}

/// Reports that `bytes` more bytes were read.
pub(super) fn read(bytes: u64) {
    advance(bytes);
}

/// Reports that a `fraction` of one thing was done.
pub(super) fn did(fraction: f64) {
    if worker::is_one() {
        if let Some(fraction) = is_time(fraction) {
            worker::send(&Note::Did(fraction));
        }
        return;
    }
    advance((fraction * PARTS) as u64);
}

/// Adds up the progress of a worker. Returns the sum since the last report if it is time for another, else `None`.
fn is_time(fraction: f64) -> Option<f64> {
    static SAID: Mutex<Option<(Stopwatch, f64)>> = Mutex::new(None);
    let mut said = SAID.lock().ok()?;
    let before = said.as_ref().map_or(0.0, |(_, done)| *done);
    if let Some((_, done)) = said.as_mut().filter(|(last, _)| last.elapsed() < OFTEN) {
        *done += fraction;
        return None;
    }
    *said = Some((Stopwatch::start(), 0.0));
    Some(before + fraction)
}

fn begin(length: Option<u64>, template: &str) -> Progress {
    let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::hidden());
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    // If there was a bar before, it has ended.
    let _ = BAR.set(bar);
    Progress(())
}

fn advance(by: u64) {
    let Some(bar) = BAR.get() else { return };
    bar.inc(by);
    if bar.is_hidden() && !bar.is_finished() && bar.elapsed() >= SOON {
        // It stays hidden if standard error is not a terminal.
        bar.set_draw_target(ProgressDrawTarget::stderr());
        bar.tick();
        // Keeps the bar moving during long work that reports no progress.
        bar.enable_steady_tick(Duration::from_millis(120));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = BAR.get() {
            bar.finish_and_clear();
        }
    }
}
