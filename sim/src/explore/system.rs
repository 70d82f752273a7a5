//! A system as something to explore: as a service, under its workload.

use afresh_core::{EventNumber, Header, Signature};

use super::{Explorer, Record, Run, Runs};
use crate::check::{Finding, Sighting, look_at_run};
use crate::format::Writer;
use crate::laws::{self, NAMES, Sample};
use crate::rng::Rng;
use crate::service::{Given, Ran, Service};
use crate::subject::Subject;
use crate::workload::{Drawer, Workload};

/// The check of a service that does not come to rest when all faults are over.
const AT_REST: &str = "at-rest";

/// Runs a system under a workload.
pub(crate) struct SystemExplorer<'s, S: Subject> {
    /// The name that traces say.
    pub(crate) name: &'s str,
    pub(crate) system: &'s S,
    pub(crate) workload: &'s Workload<S::In>,
}

struct SystemRuns<'s, S: Subject> {
    explorer: &'s SystemExplorer<'s, S>,
    drawer: Drawer<S::In>,
}

impl<S: Subject + 'static> Explorer for SystemExplorer<'_, S> {
    fn begin(&self) -> Box<dyn Runs + '_> {
        Box::new(SystemRuns { explorer: self, drawer: self.workload.begin() })
    }
}

impl<S: Subject + 'static> SystemRuns<'_, S> {
    fn header(&self, seed: u64) -> Header {
        Header { source: format!("simulated, seed {seed}"), ..Header::complete(self.explorer.name) }
    }
}

impl<S: Subject + 'static> Runs for SystemRuns<'_, S> {
    fn run(&mut self, seed: u64, record: Record<'_>) -> Run {
        let SystemExplorer { system, workload, .. } = *self.explorer;
        let messages = match self.drawer.draw(seed) {
            Ok(messages) => messages,
            Err(why) => return Run { findings: vec![finding("workload", &why, EventNumber::MIN)], ..Run::default() },
        };
        let given = Given { system, messages, flows: workload.flows(), seed };
        let header = self.header(seed);
        let is_any = matches!(record, Record::Any);
        if let Record::Ahead(write) = record {
            let Ok(mut writer) = Writer::new("the trace", Vec::new(), &header) else { return Run::default() };
            write(&writer.take());
            let mut tell = |event: &crate::format::EventOf<S>| {
                if writer.event(event).is_ok() {
                    write(&writer.take());
                }
            };
            let ran = Service::run(given, Some(&mut tell));
            return Run { counts: ran.counts.into(), ..Run::default() };
        }
        let ran = Service::run(given, None);
        let (mut findings, reached) = look_at_run(system, ran.engine.journal());
        let laws = if findings.is_empty() { laws_of(seed) } else { Vec::new() };
        for law in &laws {
            let events = ran.engine.journal().events().map(|event| (event, u64::from(event.number.get()) + 1));
            findings.extend(laws::look(law, system, events, Sample::Seed(seed)));
        }
        if let Some((part, found)) = &ran.restless {
            let last = EventNumber::new(ran.engine.journal().len() as u32).unwrap_or(EventNumber::MIN);
            findings.push(finding(part, found, last));
        }
        let is_kept = is_any || !findings.is_empty();
        let shows = findings.first().map(|finding| finding.signature.to_string());
        let header = Header { shows, ..header };
        let trace = if is_kept { written(&header, &ran).unwrap_or_default() } else { Vec::new() };
        Run { trace, findings, reached, laws, counts: ran.counts.into() }
    }
}

/// The laws that are asked of the run with this seed, two of them: each of them takes several runs more.
fn laws_of(seed: u64) -> Vec<&'static str> {
    let first = Rng::of_seed(!seed).place(NAMES.len());
    vec![NAMES[first], NAMES[(first + NAMES.len() / 2) % NAMES.len()]]
}

fn finding(part: &str, found: &str, event: EventNumber) -> Finding {
    let line = u64::from(event.get()) + 1;
    let first = Sighting { event, line, key: None, found: found.to_owned(), versus: None };
    Finding { signature: Signature::new(AT_REST, part), count: 1, keys: 0, first }
}

fn written<S: Subject>(header: &Header, ran: &Ran<S>) -> Result<Vec<u8>, crate::format::Error> {
    let mut writer = Writer::new("the trace", Vec::new(), header)?;
    for event in ran.events() {
        writer.event(&event)?;
    }
    writer.finish()
}
