//! Reads a trace ahead of whoever works on it: the reader on one thread, the work on another.

use std::io::BufRead;
use std::sync::mpsc::sync_channel;
use std::thread;

use super::EventOf;
use super::error::Error;
use super::reader::Reader;
use crate::subject::Subject;

/// How many events are handed over at a time, and how many such batches may wait.
const BATCH: usize = 512;
const BATCHES_MAX: usize = 8;

/// Hands every event of a trace and its line to `work`, in order, until it says no more; reads ahead meanwhile.
///
/// # Errors
///
/// Gives the error of the reader, once every event before it was worked on; or that of `work`.
pub(crate) fn read_ahead<S: Subject, R: BufRead + Send>(
    system: &S,
    reader: Reader<R>,
    mut work: impl FnMut(EventOf<S>, u64) -> Result<bool, Error>,
) -> Result<(), Error> {
    thread::scope(|scope| {
        let (sender, receiver) = sync_channel::<Vec<Result<(EventOf<S>, u64), Error>>>(BATCHES_MAX);
        scope.spawn(move || {
            let mut events = reader.events(system);
            let mut batch = Vec::with_capacity(BATCH);
            while let Some(event) = events.next() {
                let line = events.line();
                batch.push(event.map(|event| (event, line)));
                if batch.len() == BATCH {
                    let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
                    if sender.send(full).is_err() {
                        // Nobody wants more.
                        return;
                    }
                }
            }
            // If nobody wants the rest, that is as well.
            let _ = sender.send(batch);
        });
        for event in receiver.iter().flatten() {
            let (event, line) = event?;
            if !work(event, line)? {
                break;
            }
        }
        Ok(())
    })
}
