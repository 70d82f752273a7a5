//! The record of a campaign: a file of JSON Lines with one line for each chunk of seeds that was run.
//!
//! The report is computed from this file, so a campaign that was stopped loses only the chunks that were not finished.
//!
//! A chunk says which build of the program ran it. The runs of another build say nothing about this one, so they do not
//! count.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use afresh_program::Program;
use afresh_trace::format::{Error, Problem};
use afresh_trace::text::escape;
use afresh_world::explore::{Counts, Run};
use serde::{Deserialize, Serialize};

use super::recorded::{FORMAT, Header, Recorded};
use super::seeds::Seeds;
use crate::config::code;
use crate::console::CliError;
use crate::lock::lock;

/// The results of one chunk of seeds, or of several chunks added up.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Chunk {
    /// The build that ran the seeds; empty in a file of a release that did not record it.
    #[serde(default)]
    pub(super) build: String,
    /// The digest of the recorded traces that the messages were drawn from; empty for generated messages.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) from: String,
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
    /// The place in a recorded trace from which the messages of that seed were drawn, if they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) around: Option<String>,
    /// The trace of the run with that seed; it goes to a file of its own, not into the campaign.
    #[serde(skip)]
    pub(super) trace: Vec<u8>,
    /// What was found first in it, in words. It goes to that folder too; empty if the run ended the process.
    #[serde(skip)]
    pub(super) found: String,
}

impl Chunk {
    /// Adds the run of `seed`, which is the seed after the last one added.
    ///
    /// `around` returns the place in a recorded trace from which the messages of a seed were drawn.
    pub(super) fn add(&mut self, seed: u64, run: Run, around: impl FnOnce(u64) -> Option<String>) {
        self.end = seed + 1;
        self.counts.add(&run.counts);
        for (name, reached) in run.reached {
            self.reach(name.to_owned(), reached.then_some(seed));
        }
        for law in run.laws {
            *self.laws.entry(law.to_owned()).or_default() += 1;
        }
        if let Some(first) = run.findings.first() {
            let found = first.first.found.clone();
            let failed = Failed { runs: 1, seed, around: around(seed), trace: run.trace, found };
            self.fail(first.signature.to_string(), failed);
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

/// A campaign: the chunks that this build has run so far with the same messages, and the file for new ones.
#[derive(Debug)]
pub(super) struct Campaign {
    build: String,
    /// The digest of the recorded traces that the messages are drawn from; empty for generated messages.
    from: String,
    chunks: Vec<Chunk>,
    /// The signatures of all failures, of this build and of others.
    signatures: BTreeSet<String>,
    file: File,
    path: PathBuf,
    /// The length in bytes of the whole lines.
    whole: u64,
}

impl Campaign {
    /// Opens the campaign of `system` at `path`. If there is no file, creates an empty one.
    ///
    /// `from` is the digest of the recorded traces that the messages are drawn from, and `build` comes from [`build`].
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read or written, is not a campaign, or belongs to another system.
    pub(super) fn open(path: &Path, system: &str, from: &str, build: &str) -> Result<Self, CliError> {
        let file = OpenOptions::new().create(true).read(true).append(true).open(path);
        Self::of_file(file.map_err(|error| unread(path, error))?, path, system, from, build)
    }

    /// Opens the campaign to append to it, which fails if there is no file any more. Waits for another process that
    /// appends to it.
    ///
    /// A torn last line is removed, so its seeds run again.
    pub(super) fn continue_at(path: &Path, system: &str, from: &str, build: &str) -> Result<Self, CliError> {
        let failed = |error| unread(path, error);
        let file = lock(path, OpenOptions::new().read(true).append(true))?;
        let mut campaign = Self::of_file(file, path, system, from, build)?;
        campaign.file.set_len(campaign.whole).map_err(failed)?;
        if campaign.whole == 0 {
            campaign.write(&Header { campaign: FORMAT, system: system.to_owned() })?;
        }
        Ok(campaign)
    }

    /// Reads the campaign again, after other processes have appended to it.
    ///
    /// # Errors
    ///
    /// Fails like [`open`](Self::open), or if the file is not the same any more.
    pub(super) fn again(self, system: &str) -> Result<Self, CliError> {
        self.check_place()?;
        let Self { mut file, path, from, build, .. } = self;
        file.rewind().map_err(|error| unread(&path, error))?;
        Self::of_file(file, &path, system, &from, &build)
    }

    fn of_file(mut file: File, path: &Path, system: &str, from: &str, build: &str) -> Result<Self, CliError> {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|error| unread(path, error))?;
        let name = path.display().to_string();
        let Recorded { mut chunks, whole } = Recorded::read(&name, &bytes, system)?;
        let signatures = chunks.iter().flat_map(|chunk| chunk.failed.keys().cloned()).collect();
        chunks.retain(|chunk| chunk.build == build && chunk.from == from);
        Ok(Self {
            build: build.to_owned(),
            from: from.to_owned(),
            chunks,
            signatures,
            file,
            path: path.to_owned(),
            whole: whole as u64,
        })
    }

    /// Appends a chunk to the file.
    pub(super) fn add(&mut self, chunk: Chunk) -> Result<(), CliError> {
        let chunk = Chunk { build: self.build.clone(), from: self.from.clone(), ..chunk };
        self.write(&chunk)?;
        self.chunks.push(chunk);
        Ok(())
    }

    fn write(&mut self, line: &impl Serialize) -> Result<(), CliError> {
        self.check_place()?;
        let failed = |error| Error::file(self.path.display().to_string(), Problem::Write(error));
        Ok(self.file.write_all(line_of(line).as_bytes()).map_err(failed)?)
    }

    /// Checks that the open file is still the one at its path. What is written to a file that was removed is lost.
    fn check_place(&self) -> Result<(), CliError> {
        let identity = |metadata: Metadata| (metadata.dev(), metadata.ino());
        let ours = self.file.metadata().map(identity).ok();
        if ours.is_some() && ours == fs::metadata(&self.path).map(identity).ok() {
            return Ok(());
        }
        Err(CliError::Usage(format!(
            "{}: was removed or replaced while `explore` was writing to it, so the record of these runs is lost\n  \
             help: run `explore` again",
            escape(&self.path.display().to_string())
        )))
    }

    /// Returns the signatures of all recorded failures, of this build and of others.
    pub(super) fn signatures(&self) -> &BTreeSet<String> {
        &self.signatures
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

    /// Returns the results of the chunks that overlap `seeds`, added up, and the number of runs in them. The seeds of
    /// the sum are those asked for, and the others of these chunks.
    pub(super) fn of(&self, Seeds(seeds): &Seeds) -> (Chunk, u64) {
        let (mut all, mut runs) = (Chunk { first: seeds.start, end: seeds.end, ..Chunk::default() }, 0);
        for chunk in self.chunks.iter().filter(|chunk| chunk.first < seeds.end && chunk.end > seeds.start) {
            runs = (chunk.end - chunk.first).saturating_add(runs);
            (all.first, all.end) = (all.first.min(chunk.first), all.end.max(chunk.end));
            all.merge(chunk.clone());
        }
        (all, runs)
    }
}

/// Returns the identity of this build: a digest of this program, and those of the programs that the systems are.
pub(super) fn build(programs: &[&Program]) -> Result<String, CliError> {
    let failed = |error| CliError::from(Error::file("this program", Problem::Read(error)));
    let mut program = File::open(std::env::current_exe().map_err(failed)?).map_err(failed)?;
    let mut digest = blake3::Hasher::new();
    digest.update_reader(&mut program).map_err(failed)?;
    for program in programs {
        digest.update(code::digest(program)?.as_bytes());
    }
    Ok(digest.finalize().to_hex()[..16].to_owned())
}

/// Returns a line of the file.
fn line_of(line: &impl Serialize) -> String {
    serde_json::to_string(line).unwrap_or_default() + "\n"
}

fn unread(path: &Path, error: io::Error) -> CliError {
    Error::file(path.display().to_string(), Problem::Read(error)).into()
}
