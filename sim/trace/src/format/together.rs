//! Reads a whole trace on all cores: its lines are read in one place, and are made into events in several.

use std::io::BufRead;
use std::num::NonZeroUsize;
use std::sync::mpsc::sync_channel;
use std::thread;

use afresh_core::EventNumber;

use super::decode::{Content, Envelope};
use super::error::{Error, Problem};
use super::lines::Lines;
use super::reader::{Cursor, Reader, number};

/// How many bytes of lines are made into events at a time.
const BLOCK: usize = 1 << 18;

/// How many blocks each thread may have before it.
const BLOCKS_MAX: usize = 2;

/// Hands every event of a trace, its number and its line to `work`, in order.
///
/// # Errors
///
/// Gives the error of the reader, once `work` has had every event before it.
pub(crate) fn read_together<C, R>(
    reader: Reader<R>,
    content: C,
    mut work: impl FnMut(EventNumber, u64, Envelope<C::Value>),
) -> Result<(), Error>
where
    C: Content<Value: Send> + Send,
    R: BufRead,
{
    let mut cursor = reader.into_cursor();
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    thread::scope(|scope| {
        let mut workers = Vec::with_capacity(threads);
        let (mut sent, mut received) = (0, 0);
        let mut ended = None;
        loop {
            while ended.is_none() && sent < received + threads * BLOCKS_MAX {
                let (block, end) = cursor.lines.block(BLOCK);
                ended = end;
                if sent < threads {
                    let (blocks, next_blocks) = sync_channel::<Vec<u8>>(BLOCKS_MAX);
                    let (made, next_made) = sync_channel(BLOCKS_MAX);
                    let limit = cursor.lines.limit;
                    scope.spawn(move || {
                        for block in next_blocks {
                            let made_of_it = Made::of(&block, limit, content);
                            if made.send((block, made_of_it)).is_err() {
                                // Nobody wants more.
                                return;
                            }
                        }
                    });
                    workers.push((blocks, next_made));
                }
                // Whoever does not take it has panicked, and the end of this scope does so again.
                let _ = workers[sent % threads].0.send(block);
                sent += 1;
            }
            if received == sent {
                break;
            }
            let Ok((block, made)) = workers[received % threads].1.recv() else { break };
            received += 1;
            let line = cursor.lines.number;
            let events = made.events.and_then(|events| Some((numbers(cursor.previous, &events)?, events)));
            match events {
                Some((numbers, events)) => {
                    cursor.previous = numbers.last().map_or(cursor.previous, |number| number.get());
                    for (number, (within, envelope)) in numbers.into_iter().zip(events) {
                        work(number, line + within, envelope);
                    }
                }
                // Something is wrong in it: read one line after the other, it is told in full.
                None => {
                    let mut again = cursor.within(&block);
                    while let Some((number, envelope)) = again.next(content)? {
                        work(number, again.lines.number, envelope);
                    }
                    cursor.previous = again.previous;
                }
            }
            cursor.lines.number = line + made.lines;
        }
        match ended {
            Some(Err(error)) => Err(Error::file(&cursor.lines.name, Problem::Read(error))),
            _ => Ok(()),
        }
    })
}

/// What was made of a block of lines.
struct Made<V> {
    /// Its events, each with its line from the first of the block; nothing where anything is wrong.
    events: Option<Vec<(u64, Envelope<V>)>>,
    /// How many lines it has.
    lines: u64,
}

impl<V> Made<V> {
    fn of<C: Content<Value = V>>(block: &[u8], limit: usize, content: C) -> Self {
        let lines = block.iter().filter(|byte| **byte == b'\n').count();
        let mut cursor = Cursor::new(Lines::new(String::new(), block, limit), false);
        let mut events = Vec::with_capacity(lines + 1);
        let whole = loop {
            match cursor.envelope(content) {
                Ok(Some(envelope)) => events.push((cursor.lines.number, envelope)),
                end => break end.is_ok(),
            }
        };
        Self { events: whole.then_some(events), lines: lines as u64 }
    }
}

/// The numbers of events that come after one with the number `previous`; nothing where one cannot be numbered.
fn numbers<V>(mut previous: u32, events: &[(u64, Envelope<V>)]) -> Option<Vec<EventNumber>> {
    let numbers = events.iter().map(|(_, envelope)| {
        let number = number(previous, envelope).ok()?;
        previous = number.get();
        Some(number)
    });
    numbers.collect()
}
