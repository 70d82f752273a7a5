//! The storage of a node: records one behind the other, and up to which they are durable.

use super::effects::DiskCondition;

/// The records of one node.
pub(super) struct Disk<R> {
    records: Vec<R>,
    /// How many of them are durable.
    synced: usize,
    /// Whether a part of a record that no one can read is behind them.
    torn: bool,
    pub(super) condition: DiskCondition,
    pub(super) slow: bool,
}

/// What is left of a node's records when it begins again.
#[derive(Clone, Copy, Debug)]
pub struct Log<'a, R> {
    /// The records, the oldest first: all that were synced, and perhaps some that were not.
    pub records: &'a [R],
    /// Whether a part of a further record is behind them, as its checksum tells: it was being written in the crash. What is
    /// written from now on comes in its place.
    pub torn: bool,
}

impl<R> Default for Disk<R> {
    fn default() -> Self {
        Self { records: Vec::new(), synced: 0, torn: false, condition: DiskCondition::Fine, slow: false }
    }
}

impl<R> Disk<R> {
    pub(super) fn write(&mut self, record: R) {
        self.torn = false;
        self.records.push(record);
    }

    pub(super) fn sync(&mut self) {
        self.synced = self.records.len();
    }

    /// How many records are written and not durable.
    pub(super) fn unsynced(&self) -> usize {
        self.records.len() - self.synced
    }

    /// What a crash leaves is durable from then on: it was there when the node began again.
    pub(super) fn crash(&mut self, kept: usize, torn: bool) {
        self.torn |= torn && kept < self.unsynced();
        self.records.truncate(self.synced.saturating_add(kept));
        self.sync();
    }

    pub(super) fn log(&self) -> Log<'_, R> {
        Log { records: &self.records, torn: self.torn }
    }
}
