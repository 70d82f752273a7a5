//! The record of a campaign: a file of JSON Lines, with a line for each chunk of seeds that was run. The file is the truth;
//! what is found is derived from it.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::ops::Range;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::seeds::Seeds;
use crate::outcome::Failure;
use afresh_trace::format::{Error, Problem};
use afresh_world::explore::{Counts, Run};

/// The version of the format.
const FORMAT: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
struct Header {
    campaign: u32,
    system: String,
}

/// What a chunk of seeds showed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Chunk {
    /// The first seed.
    pub(super) first: u64,
    /// The seed after the last.
    pub(super) end: u64,
    /// What was counted.
    pub(super) counts: Counts,
    /// Of what holds sometimes: the seed of the first run in which it did, if there is one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) reached: BTreeMap<String, Option<u64>>,
    /// Of how many runs each law was asked that is not asked of every run.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) laws: BTreeMap<String, u64>,
    /// How runs failed, by the signature of what went wrong in them first.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) failed: BTreeMap<String, Failed>,
}

/// The runs that failed in one way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Failed {
    /// How many there were.
    pub(super) runs: u64,
    /// The seed of the first.
    pub(super) seed: u64,
    /// The trace of that, until it is in a file.
    #[serde(skip)]
    pub(super) trace: Vec<u8>,
}

impl Chunk {
    /// Adds the run of the next seed.
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

    /// Notes that runs failed.
    pub(super) fn fail(&mut self, signature: String, failed: Failed) {
        match self.failed.get_mut(&signature) {
            Some(known) => {
                known.runs += failed.runs;
                if failed.seed < known.seed {
                    *known = Failed { runs: known.runs, ..failed };
                }
            }
            None => drop(self.failed.insert(signature, failed)),
        }
    }

    fn reach(&mut self, name: String, seed: Option<u64>) {
        let first = self.reached.entry(name).or_default();
        *first = first.iter().chain(&seed).min().copied();
    }

    /// Adds what other seeds showed.
    fn merge(&mut self, other: Self) {
        self.counts.add(&other.counts);
        for (name, seed) in other.reached {
            self.reach(name, seed);
        }
        for (law, runs) in other.laws {
            *self.laws.entry(law).or_default() += runs;
        }
        other.failed.into_iter().for_each(|(signature, failed)| self.fail(signature, failed));
    }
}

/// What is known of a campaign.
#[derive(Debug)]
pub(super) struct Campaign {
    chunks: Vec<Chunk>,
    file: File,
    name: String,
}

impl Campaign {
    /// Begins a campaign of `system`, or goes on with the one that is there. A last line that was cut off is run again.
    pub(super) fn open(path: &Path, system: &str) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let read = |error| Failure::from(Error::file(&name, Problem::Read(error)));
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(read(error)),
        };
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let mut lines = text[..whole].lines();
        let mut chunks = Vec::new();
        if let Some(line) = lines.next() {
            let header: Option<Header> = serde_json::from_str(line).ok();
            let header = header.filter(|header| header.campaign == FORMAT).ok_or_else(|| unreadable(&name, 1))?;
            if header.system != system {
                return Err(Failure::Usage(format!(
                    "{name} is the campaign of {}: name another --output for {system}",
                    header.system
                )));
            }
            for (line, number) in lines.zip(2..) {
                chunks.push(serde_json::from_str(line).map_err(|_| unreadable(&name, number))?);
            }
        }
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(read)?;
        file.set_len(whole as u64).map_err(read)?;
        let mut campaign = Self { chunks, file, name };
        if whole == 0 {
            campaign.write(&Header { campaign: FORMAT, system: system.to_owned() })?;
        }
        Ok(campaign)
    }

    /// Notes a chunk.
    pub(super) fn add(&mut self, chunk: Chunk) -> Result<(), Failure> {
        self.write(&chunk)?;
        self.chunks.push(chunk);
        Ok(())
    }

    fn write(&mut self, line: &impl Serialize) -> Result<(), Failure> {
        let line = serde_json::to_string(line).unwrap_or_default() + "\n";
        let failed = |error| Error::file(&self.name, Problem::Write(error));
        Ok(self.file.write_all(line.as_bytes()).map_err(failed)?)
    }

    /// The seeds that were run, in order.
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

    /// What the seeds that are asked for showed, as far as they were run; and how many were.
    pub(super) fn of(&self, Seeds(seeds): &Seeds) -> (Chunk, u64) {
        let (mut all, mut runs) = (Chunk { first: seeds.start, end: seeds.end, ..Chunk::default() }, 0);
        for chunk in self.chunks.iter().filter(|chunk| chunk.first < seeds.end && chunk.end > seeds.start) {
            runs += chunk.end - chunk.first;
            all.merge(chunk.clone());
        }
        (all, runs)
    }
}

fn unreadable(name: &str, line: u64) -> Failure {
    Failure::Usage(format!("{name}:{line} is no line of a campaign: move the file away to begin anew"))
}
