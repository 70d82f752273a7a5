//! Exploring a world of nodes.

use std::fs::File;

use afresh_check::guard::guard;
use afresh_core::{Expectation, Header};
use afresh_trace::format::Writer;

use super::{Counts, Explorer, Record, Run, Runs, VOID};
use crate::rng::Rng;
use crate::run::{Cluster, Ended, Keep, simulate_aloud, simulate_keeping};
use crate::twice::{DETERMINISM, first_difference};
use crate::world::{HappenedKind, Node};

/// The interval at which runs are sampled for determinism: one in this many is made twice, and compared.
const TWICE: u64 = 8;

/// Explores a cluster: each run simulates it with the inputs and faults that its seed decides on.
pub struct WorldExplorer<'c, C> {
    /// The name of the cluster in the headers of traces.
    pub name: &'c str,
    /// The cluster to run.
    pub cluster: &'c C,
}

impl<C: Cluster + Sync> Explorer for WorldExplorer<'_, C> {
    fn has_twin(&self) -> bool {
        self.cluster.twin().is_some()
    }

    fn begin(&self) -> Box<dyn Runs + '_> {
        let properties = self.cluster.properties();
        let sometimes = properties.iter().filter(|property| property.expectation() == Expectation::Sometimes);
        Box::new(WorldRuns { explorer: self, sometimes: sometimes.map(|property| property.name()).collect() })
    }
}

/// The runs of a cluster that one thread makes.
struct WorldRuns<'c, C> {
    explorer: &'c WorldExplorer<'c, C>,
    /// The names of the `sometimes` properties of the cluster.
    sometimes: Vec<&'static str>,
}

impl<C: Cluster + Sync> Runs for WorldRuns<'_, C> {
    fn run(&mut self, seed: u64, record: Record) -> Run {
        let mut run = Run::default();
        let done = guard(&mut || run = self.of_seed(seed, &record));
        // A run catches panics of nodes and properties itself. This one comes from a method of the cluster, like
        // `workload`.
        match done {
            Ok(()) => run,
            Err(why) => Run { not_run: Some(format!("the cluster panics: {why}")), ..Run::default() },
        }
    }
}

impl<C: Cluster + Sync> WorldRuns<'_, C> {
    fn of_seed(&self, seed: u64, record: &Record) -> Run {
        let WorldExplorer { name, cluster } = *self.explorer;
        let header = Header { source: format!("simulated, seed {seed}"), ..Header::complete(name) };
        if let Record::Ahead(file) = record {
            return ahead(cluster, seed, &header, file).unwrap_or_default();
        }
        let is_sampled = Rng::of_seed(!seed).below(TWICE) == 0;
        let keep = if is_sampled { Keep::States } else { Keep::Events };
        let run = || simulate_keeping(cluster, seed, keep);
        let ended = run();
        let mut findings = ended.findings.clone();
        let laws = if findings.is_empty() && is_sampled { vec![DETERMINISM] } else { Vec::new() };
        if (is_sampled || !findings.is_empty())
            && let Some(differs) = first_difference(&ended, &run())
        {
            // It comes first: the other findings of such a run may not show again.
            findings.insert(0, differs.finding());
        }
        let is_kept = matches!(record, Record::Any) || !findings.is_empty();
        let shows = findings.first().map(|finding| finding.signature.to_string());
        let header = Header { shows, ..header };
        let trace = if is_kept { written(&header, &ended).unwrap_or_default() } else { Vec::new() };
        let reached = self.sometimes.iter().map(|name| {
            // A void run says nothing about the cluster, so it reaches nothing.
            (*name, ended.void.is_none() && ended.reached.contains(name))
        });
        let void = ended.void.as_ref().map(ToString::to_string);
        let mut counts = counts(&ended);
        if void.is_some() {
            counts.add(&Counts::new([(VOID, 1)]));
        }
        Run { trace, findings, void, reached: reached.collect(), laws, counts, not_run: None }
    }
}

/// Makes the run of a seed, and writes each event to `file` before any node handles it.
///
/// An event that cannot be written is left out: the run does not fail because of it.
fn ahead<C: Cluster>(cluster: &C, seed: u64, header: &Header, file: &File) -> Result<Run, afresh_trace::format::Error> {
    let mut writer = Writer::new("the trace", file, header)?;
    let ended = simulate_aloud(cluster, seed, &mut |event| drop(writer.event(event)));
    Ok(Run { counts: counts(&ended), ..Run::default() })
}

fn written<N: Node>(header: &Header, ended: &Ended<N>) -> Result<Vec<u8>, afresh_trace::format::Error> {
    let mut writer = Writer::new("the trace", Vec::new(), header)?;
    for event in ended.trace(&*header.system).events {
        writer.event(&event)?;
    }
    writer.finish()
}

/// Counts what happened in a run.
fn counts<N: Node>(ended: &Ended<N>) -> Counts {
    let happened = ended.world.happened();
    let of = |kind| happened.iter().filter(|event| event.kind == kind).count() as u64;
    Counts::new([
        ("events", happened.len() as u64),
        ("inputs", of(HappenedKind::Input)),
        ("delivered", of(HappenedKind::Deliver)),
        ("lost", of(HappenedKind::Drop)),
        ("duplicated", of(HappenedKind::Duplicate)),
        ("timers", of(HappenedKind::Timer)),
        ("faults", ended.world.faults()),
    ])
}
