//! Runs from many seeds, and the findings of each of them.
//!
//! An [`Explorer`] makes a run from a seed: of a system, as a service ([`SystemExplorer`]), or of a world of nodes
//! ([`WorldExplorer`]). A run that shows a bug gives its trace. The seed is not needed afterwards, because the trace
//! alone is replayed, checked and shrunk.

mod system;
mod world;

use std::collections::BTreeMap;
use std::fs::File;

pub use crate::counts::Counts;
pub use crate::recorded::{Options, Origin, Recorded};
use afresh_check::Finding;
pub use system::{Source, SystemExplorer};
pub use world::WorldExplorer;

/// The word under which void runs are counted; see [`Run::void`].
pub const VOID: &str = "void";

/// Something that can be run from many seeds, by several threads at the same time.
pub trait Explorer: Sync {
    /// Returns whether the system or world says which its correct twin is.
    fn has_twin(&self) -> bool {
        false
    }

    /// Prepares the runs of one thread.
    fn begin(&self) -> Box<dyn Runs + '_>;
}

/// The runs that one thread makes, one after the other.
pub trait Runs {
    /// Makes the run of a seed, which does not depend on the runs before it.
    fn run(&mut self, seed: u64, record: Record) -> Run;

    /// Returns the place in a recorded trace from which the messages of a seed are drawn, if they are.
    fn origin(&self, seed: u64) -> Option<Origin> {
        let _ = seed;
        None
    }
}

/// The runs whose traces are kept, and the way in which they are written.
pub enum Record {
    /// Only runs that show a bug are kept, and are written when they are over.
    Failing,
    /// Every run is kept, and is written when it is over.
    Any,
    /// Every stimulus of the run is written to this file before it happens.
    ///
    /// If the run hangs or ends the process, the last line of the file says where. The run is not checked for bugs.
    Ahead(File),
}

/// The result of one run from a seed.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// The bytes of the trace file of the run; empty if the trace is not kept.
    pub trace: Vec<u8>,
    /// The bugs that the run shows, the earliest first.
    pub findings: Vec<Finding>,
    /// The assumption that the run has broken, if any. Such a run is void: neither a pass nor a bug.
    pub void: Option<String>,
    /// The names of all `sometimes` properties, each with whether it has held in this run.
    pub reached: BTreeMap<&'static str, bool>,
    /// The names of the laws that were sampled in this run, in addition to the checks of every run.
    pub laws: Vec<&'static str>,
    /// The counts of what happened in the run, such as messages lost.
    pub counts: Counts,
    /// The reason why there was no run, if so: the workload failed. Then everything else is empty.
    pub not_run: Option<String>,
}
