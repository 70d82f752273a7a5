//! The record of a campaign: a file of JSON Lines with one line for each chunk of seeds that was run.
//!
//! The report is computed from this file, so a campaign that was stopped loses only the chunks that were not finished.
//!
//! A chunk says which build of the program ran it. The runs of another build say nothing about this one, so they do not
//! count.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::ops::Range;
use std::path::Path;

use afresh_trace::format::{Error, Problem, from_json};
use afresh_world::explore::{Counts, Run};
use serde::{Deserialize, Serialize};

use super::seeds::Seeds;
use crate::console::CliError;

/// The version of the file format.
const FORMAT: u32 = 1;

/// The first line of the file.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    /// The version of the file format.
    campaign: u32,
    system: String,
}

/// The results of one chunk of seeds, or of several chunks added up.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Chunk {
    /// The build that ran the seeds; empty in a file of a release that did not record it.
    #[serde(default)]
    pub(super) build: String,
    /// The first seed.
    pub(super) first: u64,
    /// One more than the last seed.
    pub(super) end: u64,
    /// The counts of all runs, such as messages and faults.
    pub(super) counts: Counts,
    /// For each "sometimes" property, the lowest seed of a run in which it held; `None` if it held in no run.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) reached: BTreeMap<String, Option<u64>>,
    /// For each law that is checked only in a sample of the runs, the number of those runs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) laws: BTreeMap<String, u64>,
    /// The runs that failed, grouped by the signature of their first finding.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) failed: BTreeMap<String, Failed>,
}

/// The runs whose first finding has one signature.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Failed {
    /// The number of these runs.
    pub(super) runs: u64,
    /// The lowest seed among them.
    pub(super) seed: u64,
    /// The trace of the run with that seed; it goes to a file of its own, not into the campaign.
    #[serde(skip)]
    pub(super) trace: Vec<u8>,
}

impl Chunk {
    /// Adds the run of `seed`, which is the seed after the last one added.
    pub(super) fn add(&mut self, seed: u64, run: Run) {
        self.end = seed + 1;
        self.counts.add(&run.counts);
        for (name, reached) in run.reached {
            self.reach(name.to_owned(), reached.then_some(seed));
        }
        for law in run.laws {
            *self.laws.entry(law.to_owned()).or_default() += 1;
        }
        if let Some(first) = run.findings.first() {
            self.fail(first.signature.to_string(), Failed { runs: 1, seed, trace: run.trace });
        }
    }

    /// Adds runs that failed with `signature`, and keeps the trace of the lowest seed.
    pub(super) fn fail(&mut self, signature: String, failed: Failed) {
        match self.failed.get_mut(&signature) {
            Some(known) => {
                known.runs = known.runs.saturating_add(failed.runs);
                if failed.seed < known.seed {
                    *known = Failed { runs: known.runs, ..failed };
                }
            }
            None => drop(self.failed.insert(signature, failed)),
        }
    }

    /// Notes that the "sometimes" property `name` held in the run of `seed`, or in no run.
    fn reach(&mut self, name: String, seed: Option<u64>) {
        let first = self.reached.entry(name).or_default();
        *first = first.iter().chain(&seed).min().copied();
    }

    /// Adds the results of other seeds.
    fn merge(&mut self, other: Self) {
        self.counts.add(&other.counts);
        for (name, seed) in other.reached {
            self.reach(name, seed);
        }
        for (law, runs) in other.laws {
            let sum = self.laws.entry(law).or_default();
            *sum = sum.saturating_add(runs);
        }
        other.failed.into_iter().for_each(|(signature, failed)| self.fail(signature, failed));
    }
}

/// A campaign: the chunks that this build has run so far, and the file to which new ones are appended.
#[derive(Debug)]
pub(super) struct Campaign {
    build: String,
    chunks: Vec<Chunk>,
    file: File,
    name: String,
}

impl Campaign {
    /// Opens the campaign of `system` at `path`, or starts one if there is no file.
    ///
    /// A torn last line is removed, so its seeds run again.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read or written, is not a campaign, or belongs to another system.
    pub(super) fn open(path: &Path, system: &str) -> Result<Self, CliError> {
        let name = path.display().to_string();
        let read = |error| CliError::from(Error::file(&name, Problem::Read(error)));
        let build = build()?;
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(read(error)),
        };
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let header = Header { campaign: FORMAT, system: system.to_owned() };
        if whole == 0 && !line_of(&header).as_bytes().starts_with(&bytes) {
            // The only line is not a torn header, so it is somebody else's.
            return Err(unreadable(&name, 1));
        }
        let text = std::str::from_utf8(&bytes[..whole]).map_err(|error| {
            let before = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
            unreadable(&name, before + 1)
        })?;
        let mut lines = text.lines();
        let mut chunks = Vec::new();
        if let Some(line) = lines.next() {
            let found: Option<Header> = from_json(line.as_bytes()).ok();
            let found = found.filter(|found| found.campaign == FORMAT).ok_or_else(|| unreadable(&name, 1))?;
            if found.system != system {
                return Err(CliError::Usage(format!(
                    "{name}: belongs to the campaign of {}, not of {system}: choose another folder with --output",
                    found.system
                )));
            }
            for (line, number) in lines.zip(2..) {
                let chunk = from_json(line.as_bytes()).ok().filter(|chunk: &Chunk| chunk.first < chunk.end);
                chunks.push(chunk.ok_or_else(|| unreadable(&name, number))?);
            }
            chunks.retain(|chunk| chunk.build == build);
        }
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(read)?;
        file.set_len(whole as u64).map_err(read)?;
        let mut campaign = Self { build, chunks, file, name };
        if whole == 0 {
            campaign.write(&header)?;
        }
        Ok(campaign)
    }

    /// Appends a chunk to the file.
    pub(super) fn add(&mut self, chunk: Chunk) -> Result<(), CliError> {
        let chunk = Chunk { build: self.build.clone(), ..chunk };
        self.write(&chunk)?;
        self.chunks.push(chunk);
        Ok(())
    }

    fn write(&mut self, line: &impl Serialize) -> Result<(), CliError> {
        let failed = |error| Error::file(&self.name, Problem::Write(error));
        Ok(self.file.write_all(line_of(line).as_bytes()).map_err(failed)?)
    }

    /// Returns the ranges of seeds that this build has run, in order and without overlaps.
    pub(super) fn done(&self) -> Vec<Range<u64>> {
        let mut ran: Vec<_> = self.chunks.iter().map(|chunk| chunk.first..chunk.end).collect();
        ran.sort_unstable_by_key(|range| range.start);
        let mut done: Vec<Range<u64>> = Vec::new();
        for range in ran {
            match done.last_mut() {
                Some(last) if last.end >= range.start => last.end = last.end.max(range.end),
                _ => done.push(range),
            }
        }
        done
    }

    /// Returns the results of the chunks that overlap `seeds`, added up, and the number of runs in them.
    pub(super) fn of(&self, Seeds(seeds): &Seeds) -> (Chunk, u64) {
        let (mut all, mut runs) = (Chunk { first: seeds.start, end: seeds.end, ..Chunk::default() }, 0);
        for chunk in self.chunks.iter().filter(|chunk| chunk.first < seeds.end && chunk.end > seeds.start) {
            runs = (chunk.end - chunk.first).saturating_add(runs);
            all.merge(chunk.clone());
        }
        (all, runs)
    }
}

/// Returns the identity of this build: a digest of the program.
fn build() -> Result<String, CliError> {
    let failed = |error| CliError::from(Error::file("this program", Problem::Read(error)));
    let mut program = File::open(std::env::current_exe().map_err(failed)?).map_err(failed)?;
    let mut digest = blake3::Hasher::new();
    digest.update_reader(&mut program).map_err(failed)?;
    Ok(digest.finalize().to_hex()[..16].to_owned())
}

/// Returns a line of the file.
fn line_of(line: &impl Serialize) -> String {
    serde_json::to_string(line).unwrap_or_default() + "\n"
}

fn unreadable(name: &str, line: usize) -> CliError {
    CliError::Usage(format!(
        "{name}:{line}: not a campaign record of format {FORMAT}: move the file away to start a new campaign"
    ))
}
