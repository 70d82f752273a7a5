//! Reads the file of a campaign. Whatever is in the file, the result is a record that can be added up, or an error.

use std::collections::BTreeMap;
use std::fmt::Display;

use afresh_trace::format::{Problem, from_json};
use afresh_trace::text::{escape, shorten};
use afresh_world::explore::Counts;
use serde::{Deserialize, Serialize};

use super::campaign::Chunk;
use crate::console::CliError;

/// The version of the file format.
pub(super) const FORMAT: u32 = 1;

/// The first line of the file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    /// The version of the file format.
    pub(super) campaign: u32,
    pub(super) system: String,
}

/// The first bytes of a chunk, by which a torn one is told from text that is not ours.
const TORN: &str = "{\"build\":\"";

/// The content of the file of a campaign.
#[derive(Debug)]
pub(super) struct Recorded {
    /// The chunks of all builds.
    pub(super) chunks: Vec<Chunk>,
    /// The length in bytes of the whole lines. A torn last line comes after them.
    pub(super) whole: usize,
}

impl Recorded {
    /// Reads the `bytes` of the file called `name`, which holds a campaign of `system` or nothing.
    ///
    /// # Errors
    ///
    /// Fails with the line that is not part of a campaign, or if the campaign is of another system.
    pub(super) fn read(name: &str, bytes: &[u8], system: &str) -> Result<Self, CliError> {
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let (lines, torn) = bytes.split_at(whole);
        let mut chunks = Vec::new();
        for (line, number) in lines.split_inclusive(|byte| *byte == b'\n').zip(1..) {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let wrong = |why: String| unreadable(name, number, &why);
            let no_json = |error: serde_json::Error| {
                let (problem, column) = Problem::from_json(&error);
                unreadable(name, format!("{number}:{column}"), &problem.to_string())
            };
            if number == 1 {
                let header: Header = from_json(line).map_err(no_json)?;
                if header.campaign != FORMAT {
                    return Err(wrong(format!("format {} is unknown", header.campaign)));
                }
                if header.system != system {
                    return Err(CliError::Usage(format!(
                        "{}: belongs to the campaign of {}, not of {}: choose another folder with --output",
                        escape(name),
                        escape(&header.system),
                        escape(system)
                    )));
                }
                continue;
            }
            let chunk: Chunk = from_json(line).map_err(no_json)?;
            check(&chunk).map_err(wrong)?;
            chunks.push(chunk);
        }
        let header = serde_json::to_string(&Header { campaign: FORMAT, system: system.to_owned() }).unwrap_or_default();
        let is_ours = if whole == 0 { header.as_bytes().starts_with(torn) } else { begins(torn, TORN.as_bytes()) };
        if !is_ours {
            let number = chunks.len() + if whole == 0 { 1 } else { 2 };
            return Err(unreadable(
                name,
                number,
                "the last line has no end, and is not the beginning of such a record",
            ));
        }
        check_overlaps(name, &chunks)?;
        check_sums(name, &chunks)?;
        Ok(Self { chunks, whole })
    }
}

/// Returns whether one of the two texts begins with the other.
fn begins(torn: &[u8], expected: &[u8]) -> bool {
    torn.iter().zip(expected).all(|(one, other)| one == other)
}

/// Checks that the numbers in a chunk can be true.
fn check(chunk: &Chunk) -> Result<(), String> {
    let seeds = chunk.first..chunk.end;
    if seeds.is_empty() {
        return Err(format!("the seeds {}..{} are none", seeds.start, seeds.end));
    }
    let runs = seeds.end - seeds.start;
    let reached = chunk.reached.values().flatten();
    let failed = chunk.failed.values();
    if let Some(seed) = reached.chain(failed.clone().map(|failed| &failed.seed)).find(|seed| !seeds.contains(seed)) {
        return Err(format!("seed {seed} is not among the seeds {}..{}", seeds.start, seeds.end));
    }
    let counted = chunk.laws.values().chain(failed.map(|failed| &failed.runs));
    match counted.into_iter().find(|counted| !(1..=runs).contains(counted)) {
        Some(counted) => Err(format!("{counted} runs are counted in a chunk of {runs}")),
        None => Ok(()),
    }
}

/// Checks that no build has recorded a seed of the same messages twice: its runs would be counted twice.
fn check_overlaps(name: &str, chunks: &[Chunk]) -> Result<(), CliError> {
    let mut ends = BTreeMap::<_, BTreeMap<u64, u64>>::new();
    for (chunk, number) in chunks.iter().zip(2..) {
        let ends = ends.entry((&chunk.build, &chunk.from)).or_default();
        if ends.range(..chunk.end).next_back().is_some_and(|(_, end)| *end > chunk.first) {
            let why = format!("seeds of {}..{} are recorded twice", chunk.first, chunk.end);
            return Err(unreadable(name, number, &why));
        }
        ends.insert(chunk.first, chunk.end);
    }
    Ok(())
}

/// Checks that the counts of all chunks can be added up.
fn check_sums(name: &str, chunks: &[Chunk]) -> Result<(), CliError> {
    let mut sums = Counts::default();
    match chunks.iter().zip(2..).find(|(chunk, _)| !sums.add(&chunk.counts)) {
        Some((_, number)) => Err(unreadable(name, number, "the counts so far add up to more than 64 bits can hold")),
        None => Ok(()),
    }
}

fn unreadable(name: &str, place: impl Display, why: &str) -> CliError {
    CliError::Usage(format!(
        "{}:{place}: is not a campaign record of format {FORMAT}: {}\n  help: move the file away to start a new campaign",
        escape(name),
        shorten(why)
    ))
}
