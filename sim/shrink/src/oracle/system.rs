//! The oracle of an Afresh trace: the system itself, run in this process with a look at every step.

use std::io::BufRead;

use afresh_core::{Header, Signature, Types};

use super::typed::Typed;
use crate::minimize::{Item, Oracle, Rewrite};
use afresh_check::Finding;
use afresh_check::Subject;
use afresh_trace::format::{Error, EventOf, RawEvent, Readable, Reader};

/// Of how many events a candidate may have it is told at which of them its run is: it takes as long as a few events.
pub const TOLD_MAX: usize = 64;

/// A trace, ready to be shrunk.
pub struct Examined<'s> {
    /// What it says of itself.
    pub header: Header,
    /// What drives the system: all that edits are made to. What was observed is not among it, since every edit would
    /// make it untrue.
    pub stimuli: Vec<Item<RawEvent>>,
    /// How many observations were left out.
    pub observations: usize,
    /// What decides.
    pub oracle: Box<dyn SystemOracle + 's>,
}

/// Decides by a system, with the types of the system out of sight.
///
/// What counts as a bug is intrinsic: a violation, a panic, a carried state that is not the folded one, a fold that is
/// not the independent statement, a slot that does not hold what it should.
pub trait SystemOracle: Oracle<RawEvent> {
    /// Runs so many candidates at a time, where that is worth while; by default one. No verdict depends on it.
    fn set_jobs(&mut self, jobs: usize);

    /// Tells `tell` at which event a run is, by its number, and of none between runs: of a candidate that has few events, so
    /// that it is known at which of them the process ended.
    fn tell(&mut self, tell: fn(Option<u64>));

    /// Runs the trace until a bug shows, or `wanted` where there is one, and makes that the bug.
    ///
    /// # Errors
    ///
    /// Gives what shows instead.
    fn aim(&mut self, wanted: Option<&Signature>) -> Result<Finding, Aimless>;
}

/// Why an oracle has nothing to look for.
#[derive(Clone, Debug, PartialEq)]
pub enum Aimless {
    /// The trace shows these bugs, if any.
    Shows(Vec<Finding>),
    /// It was stopped.
    Stopped,
}

/// Reads a trace of `system`, and makes ready to shrink it. A run ends early as soon as `stop` says so.
///
/// # Errors
///
/// Fails where the trace cannot be read.
pub fn examine<'s, S: Subject, R: BufRead>(
    system: &'s S,
    reader: Reader<R>,
    stop: fn() -> bool,
) -> Result<Examined<'s>, Error> {
    let header = reader.header().clone();
    let Stimuli { stimuli, events, observations } = Stimuli::read(system, reader)?;
    let oracle = Box::new(Typed::new(system, &header, events, stop));
    Ok(Examined { header, stimuli, observations, oracle })
}

/// The stimuli of a trace, once as they are in the file and once in the types of a system.
pub struct Stimuli<T: Types> {
    /// As they are in the file.
    pub stimuli: Vec<Item<RawEvent>>,
    /// The same in types, with their lines.
    pub events: Vec<(EventOf<T>, u64)>,
    /// How many observations there were between them.
    pub observations: usize,
}

impl<T: Readable> Stimuli<T> {
    /// Reads all of a trace.
    ///
    /// # Errors
    ///
    /// Fails where the trace cannot be read.
    pub fn read<R: BufRead>(types: &T, mut reader: Reader<R>) -> Result<Self, Error> {
        let mut read = Self { stimuli: Vec::new(), events: Vec::new(), observations: 0 };
        let expected = reader.expected();
        // Where there is no room for so many, there may be for those that there are.
        let _ = (read.stimuli.try_reserve(expected), read.events.try_reserve(expected));
        reader.each_with_raw(types, |event, raw| {
            if raw.kind.is_stimulus() {
                read.events.push((event, raw.line));
                read.stimuli.push(Item { number: raw.number.get().into(), value: raw });
            } else {
                read.observations += 1;
            }
        })?;
        Ok(read)
    }
}

/// What becomes of an event of a trace by one change of its text, as a [`SystemOracle`] makes it: for replaying a walk.
#[must_use]
pub fn rewrite_event(event: &RawEvent, change: &Rewrite) -> Option<RawEvent> {
    event.with_text(&change.apply(&event.text()?)?)
}
