//! How far long work has come: a bar on the standard error of a terminal, and nothing anywhere else.

use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::worker::{self, Note};
use afresh_check::clock::Stopwatch;

/// What is done sooner shows no bar: it would only flicker.
const SOON: Duration = Duration::from_millis(300);

/// How often a worker says how far it is.
const OFTEN: Duration = Duration::from_millis(50);

/// The parts that a fraction is counted in.
const PARTS: f64 = 1_000_000.0;

/// The bar of this process, which does one thing.
static BAR: OnceLock<ProgressBar> = OnceLock::new();

/// Work under way. The bar is gone when this is dropped, which must be before anything is printed.
#[must_use]
pub(super) struct Progress(());

/// Begins to read so many bytes; where nobody knows how many, they are counted.
pub(super) fn of_bytes(bytes: Option<u64>) -> Progress {
    match bytes {
        Some(_) => begin(bytes, "{wide_bar} {bytes} of {total_bytes}, {eta} left"),
        None => begin(None, "{bytes} read, {elapsed}"),
    }
}

/// Begins to work on so many things, which take as long as each other for all that is known.
pub(super) fn of_things(things: usize) -> Progress {
    begin(Some(things as u64 * PARTS as u64), "{wide_bar} {percent}%, {elapsed}, {eta} left")
}

/// Begins something that says what it is doing.
pub(super) fn of_words() -> Progress {
    begin(None, "{spinner} {msg}, {elapsed}")
}

/// This is being done now.
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

/// So many bytes were read.
pub(super) fn read(bytes: u64) {
    advance(bytes);
}

/// This fraction of a thing was done.
pub(super) fn did(fraction: f64) {
    if worker::is_one() {
        if let Some(fraction) = is_time(fraction) {
            worker::send(&Note::Did(fraction));
        }
        return;
    }
    advance((fraction * PARTS) as u64);
}

/// A worker says now and then how far it is: all that it did since it last did so.
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
    // Where there was a bar before, it has ended.
    let _ = BAR.set(bar);
    Progress(())
}

fn advance(by: u64) {
    let Some(bar) = BAR.get() else { return };
    bar.inc(by);
    if bar.is_hidden() && !bar.is_finished() && bar.elapsed() >= SOON {
        // It stays hidden where standard error is no terminal.
        bar.set_draw_target(ProgressDrawTarget::stderr());
        bar.tick();
        // What takes long without any word of it still moves.
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
