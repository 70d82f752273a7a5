//! Two versions of a system on the same trace: the old one runs on a thread of its own, and the new one is compared
//! with it, stimulus by stimulus.

use std::io::{self, BufWriter, Cursor, Write};
use std::sync::Arc;
use std::thread;

use afresh_check::against::{Options, Report};
use afresh_trace::format::files::Input;
use afresh_trace::format::{self, Error, Problem, Reader};

use crate::runner::Runner;

/// The size in bytes of the buffer in front of the pipe.
const BUFFER: usize = 256 << 10;

/// The name of the run of the old version in errors.
const OLD: &str = "the run of the old version";

/// Two versions of a system.
#[derive(Clone, Copy)]
pub(crate) struct Versions<'s> {
    pub(crate) new: &'s dyn Runner,
    pub(crate) old: &'s dyn Runner,
}

impl Versions<'_> {
    /// Compares the versions on a trace, which each of them reads from a reader of its own.
    pub(crate) fn compare(
        self,
        for_new: Reader<Input>,
        for_old: Reader<Input>,
        reading: format::Options,
        options: Options<'_>,
    ) -> Result<Report, Error> {
        let Self { new, old } = self;
        let failed = |error| Error::file(OLD, Problem::Read(error));
        let (run, pipe) = io::pipe().map_err(failed)?;
        thread::scope(|scope| {
            let recording = scope.spawn(move || {
                let mut sink = BufWriter::with_capacity(BUFFER, pipe);
                old.record(for_old, options.until, &mut sink)?;
                sink.flush().map_err(|error| Error::file(OLD, Problem::Write(error)))
            });
            // A line of the run may be longer than one of the trace.
            let reading = format::Options { line_max: usize::MAX, torn: false, ..reading };
            let compared =
                Reader::new(OLD, Input::stream(run), reading).and_then(|run| new.compare(for_new, run, options));
            match recording.join() {
                // If the old version fails, its run ends early, which is only the consequence.
                Ok(Err(error)) if !error.is_broken_pipe() => Err(error),
                Ok(_) => compared,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }

    /// Compares the versions on a trace in memory.
    pub(crate) fn compare_bytes(self, trace: Vec<u8>, options: Options<'_>) -> Result<Report, Error> {
        let trace: Arc<[u8]> = trace.into();
        let reading = format::Options { line_max: usize::MAX, skip_unreadable: true, ..format::Options::default() };
        let reader = || Reader::new("the trace", Input::stream(Cursor::new(Arc::clone(&trace))), reading);
        self.compare(reader()?, reader()?, reading, options)
    }
}
