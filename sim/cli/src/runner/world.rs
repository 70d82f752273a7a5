//! The runner of a world of nodes.

use std::io::{BufRead, Write};

use afresh_check::{against, replay, show, turn};
use afresh_core::{EventNumber, Key};
use afresh_shrink::oracle;
use afresh_trace::format::files::Input;
use afresh_trace::format::{Error, Problem, Reader, Writer};
use afresh_trace::import::Refusal;
use afresh_world::explore::{Explorer, WorldExplorer};
use afresh_world::{Cluster, Workloads, check_world, examine_world, replay_world, show_world, with_calm_phase};

use super::{Around, Runner};

/// A cluster and the name by which its traces refer to it.
pub(super) struct OfWorld<C> {
    pub(super) name: String,
    pub(super) cluster: C,
}

impl<C: Cluster + Send + Sync> Runner for OfWorld<C> {
    fn is_world(&self) -> bool {
        true
    }

    /// Takes every message: a world has nodes, and each has its own way to read a message.
    fn admit(&self, _: &str, _: &str) -> Result<Option<serde_json::Value>, Refusal> {
        Ok(None)
    }

    /// A world has no keys.
    fn keys(&self, _: &str, _: &str) -> Option<Vec<Key>> {
        None
    }

    fn replay(
        &self,
        reader: Reader<Input>,
        options: replay::Options<'_>,
        record: Option<Writer<&mut dyn Write>>,
    ) -> Result<replay::Report, Error> {
        replay_world(&self.cluster, &self.name, reader, options, record)
    }

    fn check(&self, reader: Reader<Input>, options: afresh_check::Options<'_>) -> Result<afresh_check::Report, Error> {
        check_world(&self.cluster, reader, options)
    }

    fn record(&self, reader: Reader<Input>, _: Option<EventNumber>, _: &mut dyn Write) -> Result<(), Error> {
        Err(no_keys(&reader))
    }

    fn compare(
        &self,
        reader: Reader<Input>,
        _: Reader<Input>,
        _: against::Options<'_>,
    ) -> Result<against::Report, Error> {
        Err(no_keys(&reader))
    }

    fn examine(&self, reader: Reader<Input>, _: fn() -> bool) -> Result<oracle::Examined<'_>, Error> {
        examine_world(&self.cluster, reader)
    }

    fn show(
        &self,
        reader: Reader<Input>,
        options: &show::Options,
        each: &mut dyn FnMut(&show::Entry) -> Result<(), Error>,
    ) -> Result<show::Summary, Error> {
        show_world(&self.cluster, reader, options, each)
    }

    fn explore<'s>(&'s self, name: &'s str, _: &'s Workloads) -> Option<Box<dyn Explorer + 's>> {
        Some(Box::new(WorldExplorer { name, cluster: &self.cluster }))
    }

    fn explore_around<'s>(
        &'s self,
        _: &'s str,
        _: &'s Workloads,
        _: Vec<Reader<Input>>,
        _: Around,
    ) -> Result<Option<Box<dyn Explorer + 's>>, Error> {
        Ok(None)
    }

    fn with_calm_phase(&self, trace: Vec<u8>) -> Vec<u8> {
        with_calm_phase(&self.cluster, trace)
    }

    fn twin(&self) -> Option<Box<dyn Runner>> {
        let (cluster, name) = (self.cluster.twin()?, self.name.clone());
        Some(Box::new(Self { name, cluster }))
    }

    fn turn(&self, _: Reader<&mut dyn BufRead>, _: &turn::Options) -> Result<turn::Report, turn::Error> {
        Err(turn::Error::World)
    }

    #[cfg(feature = "serve")]
    fn serve(
        &self,
        _: crate::service::Setup,
        _: &mut dyn FnMut(crate::service::Ready),
    ) -> Result<(), crate::service::Error> {
        Err(crate::service::Error::World)
    }
}

/// The error that two versions of a world cannot be compared: they have no keys on which they could differ.
fn no_keys(reader: &Reader<Input>) -> Error {
    Error::file(reader.name(), Problem::NoKeys("--against"))
}
