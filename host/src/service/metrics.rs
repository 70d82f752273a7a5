//! The counters of a service.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// The counters of a service since its start, for Prometheus.
#[derive(Debug)]
pub struct Metrics {
    /// Messages that were offered, refused ones included.
    pub offered: Counter,
    /// Messages that are durable, however they were received.
    pub durable: Counter,
    /// Messages that were there already, with the same body.
    pub duplicates: Counter,
    /// Messages that were there already, with another body.
    pub conflicts: Counter,
    /// Messages that the system rejected.
    pub rejected: Counter,
    /// Messages that were refused because too much waited, or the storage had failed.
    pub refused: Counter,
    /// Outputs that were sent, repetitions included.
    pub sent: Counter,
    /// Deliveries that failed.
    pub failed: Counter,
    /// Outputs that their receivers have confirmed.
    pub settled: Counter,
    /// Keys that were scrubbed in the background.
    pub scrubbed: Counter,
    /// Keys that were healed, whatever found that they were wrong.
    pub healed: Counter,
    /// Knobs that were turned.
    pub turned: Counter,
    /// Batches that were made durable.
    pub commits: Counter,
    /// Batches that could not be made durable.
    pub storage_failures: Counter,
    /// The time that it takes to make a batch durable.
    pub commit: Histogram,
    /// The number of events in a batch.
    pub batch: Histogram,
}

impl Metrics {
    pub(super) fn new() -> Self {
        Self {
            offered: Counter::default(),
            durable: Counter::default(),
            duplicates: Counter::default(),
            conflicts: Counter::default(),
            rejected: Counter::default(),
            refused: Counter::default(),
            sent: Counter::default(),
            failed: Counter::default(),
            settled: Counter::default(),
            scrubbed: Counter::default(),
            healed: Counter::default(),
            turned: Counter::default(),
            commits: Counter::default(),
            storage_failures: Counter::default(),
            commit: Histogram::new(exponential_buckets(0.000_5, 2.0, 15)),
            batch: Histogram::new(exponential_buckets(1.0, 4.0, 9)),
        }
    }

    /// Adds all counters to a registry, with names that begin with `afresh_`.
    pub fn register(&self, registry: &mut Registry) {
        let counters = [
            ("messages_offered", "Messages that were offered, refused ones included", &self.offered),
            ("messages_durable", "Messages that are durable, however they were received", &self.durable),
            ("messages_duplicate", "Messages that were there already, with the same body", &self.duplicates),
            ("messages_conflicting", "Messages that were there already, with another body", &self.conflicts),
            ("messages_rejected", "Messages that the system rejected", &self.rejected),
            ("messages_refused", "Messages that were not taken: too much waited, or the storage failed", &self.refused),
            ("outputs_sent", "Outputs that were sent, repetitions included", &self.sent),
            ("outputs_failed", "Deliveries that failed", &self.failed),
            ("outputs_settled", "Outputs that their receivers have confirmed", &self.settled),
            ("keys_scrubbed", "Keys that were scrubbed in the background", &self.scrubbed),
            ("keys_healed", "Keys that were healed", &self.healed),
            ("knobs_turned", "Knobs that were turned", &self.turned),
            ("commits", "Batches that were made durable", &self.commits),
            ("storage_failures", "Batches that could not be made durable", &self.storage_failures),
        ];
        let registry = registry.sub_registry_with_prefix("afresh");
        for (name, help, counter) in counters {
            registry.register(name, help, counter.clone());
        }
        let commit = "The time that it takes to make a batch durable";
        registry.register_with_unit("commit", commit, Unit::Seconds, self.commit.clone());
        registry.register("batch_events", "The number of events in a batch", self.batch.clone());
    }
}
