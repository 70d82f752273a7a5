//! Many simulated runs, each from a seed: what each of them showed.
//!
//! Whatever can be run from a seed is an [`Explorer`]: a system as a service, or a world of nodes. A run gives its trace, so
//! the seed is of no use afterwards: the trace alone is run again, checked and shrunk.

mod system;
mod world;

use std::collections::BTreeMap;
use std::fs::File;

pub use crate::counts::Counts;
use afresh_check::Finding;
pub use system::SystemExplorer;
pub use world::WorldExplorer;

/// What can be run from a seed, by several threads at a time.
pub trait Explorer: Sync {
    /// Makes ready for the runs of one thread.
    fn begin(&self) -> Box<dyn Runs + '_>;
}

/// The runs of one thread.
pub trait Runs {
    /// Makes the run of `seed`. The same seed gives the same run, however many there were before.
    fn run(&mut self, seed: u64, record: Record) -> Run;
}

/// Which runs are written, and how.
pub enum Record {
    /// Those that show a bug, when they are over.
    Failing,
    /// Any, when it is over.
    Any,
    /// Any, into this file: what drives it alone, each line before it happens. Should the run never end, what it was
    /// at is known. What is found is not looked for.
    Ahead(File),
}

/// What one run showed.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// The bytes of its trace file; empty where it was not to be written.
    pub trace: Vec<u8>,
    /// What is wrong, the earliest first.
    pub findings: Vec<Finding>,
    /// Of what holds sometimes, whether it has.
    pub reached: BTreeMap<&'static str, bool>,
    /// The laws that were asked of it, beside what is asked of every run.
    pub laws: Vec<&'static str>,
    /// What was counted.
    pub counts: Counts,
}
