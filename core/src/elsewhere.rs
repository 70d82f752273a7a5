//! `Elsewhere`: what is asked of a system whose code runs elsewhere, in another process.

use alloc::string::String;
use alloc::vec::Vec;
use core::convert::Infallible;

use crate::flow::Flows;
use crate::name::{Key, Name, Slot};
use crate::system::System;

/// What is asked only of a system whose code runs elsewhere, in another process; see [`System::elsewhere`].
///
/// A round trip to another process takes as long as many folds. So the system is told beforehand what it will be asked,
/// and can ask for many answers at once. This changes no result.
///
/// The code may depend on its process, such as on the seed of its hashes. So it is also asked in another one.
pub trait Elsewhere<S: System> {
    /// Says that the system will be asked about these bodies: whether it admits them, their keys and their positions.
    fn foresee_bodies(&self, bodies: &[&S::In]);

    /// Says which folds will be needed, for each key in their order, unless something comes in between.
    fn foresee_folds(&self, folds: Vec<Foreseen<S>>);

    /// Returns the system for many runs of the same messages. It may remember results of [`apply`](System::apply) and
    /// [`fold`](System::fold) instead of computing them again.
    fn remembering(&self) -> S;

    /// Returns the system as a new process has it.
    fn restarted(&self) -> S;

    /// Returns two systems that answer in two different processes, in the background while the caller does other work.
    /// At most `jobs` processes work at once.
    fn apart(&self, jobs: usize) -> [S; 2];

    /// Returns whether everything that was said of two equal states is equal: their views, outputs and invariants.
    /// Returns `None` if that is not known yet. Asks nothing.
    fn said_the_same(&self, one: &S::State, other: &S::State) -> Option<bool>;

    /// Asks about these bodies again, in the process of this system. Returns the place of the first one about which the
    /// answer differs from the one before, and both answers as JSON text.
    fn says_otherwise(&self, bodies: &[&S::In]) -> Option<(usize, [String; 2])>;

    /// Asks where these outputs go, in the process of this system: their receivers, or the messages that they become.
    /// Returns the place of the first one about which the answer differs from what was said with its state, and both as
    /// JSON text.
    fn sends_otherwise(&self, outputs: &[(&Key, &Slot, &S::Out)]) -> Option<(usize, [String; 2])> {
        let _ = outputs;
        None
    }

    /// Returns how the code of this system failed at a question that it answered when it was asked again, if it did
    /// since the last call and no other failure of it was told since.
    fn failed_once(&self) -> Option<String>;
}

/// A fold that will be needed; see [`Elsewhere::foresee_folds`].
pub struct Foreseen<S: System> {
    /// The key.
    pub key: Key,
    /// The state before the messages.
    pub state: S::State,
    /// The messages: the sender, the id and the body of each.
    pub inputs: Vec<(Name, Name, S::In)>,
    /// The flows that are on for the key.
    pub flows: Flows,
    /// Which folds will be needed.
    pub folds: Folds,
    /// `true` if the views and outputs of the states will be needed too.
    pub looks: bool,
    /// The numbers of messages, from the first, that will be [restated](System::restate), in ascending order.
    pub restates: Vec<usize>,
}

/// Which folds of some messages will be needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Folds {
    /// Each message alone, into the state after the one before it.
    Steps,
    /// These numbers of messages from the first, each into the state before them, in ascending order.
    Prefixes(Vec<usize>),
}

/// The code of most systems runs in this process.
impl<S: System> Elsewhere<S> for Infallible {
    fn foresee_bodies(&self, _: &[&S::In]) {
        match *self {}
    }

    fn foresee_folds(&self, _: Vec<Foreseen<S>>) {
        match *self {}
    }

    fn remembering(&self) -> S {
        match *self {}
    }

    fn restarted(&self) -> S {
        match *self {}
    }

    fn apart(&self, _: usize) -> [S; 2] {
        match *self {}
    }

    fn said_the_same(&self, _: &S::State, _: &S::State) -> Option<bool> {
        match *self {}
    }

    fn says_otherwise(&self, _: &[&S::In]) -> Option<(usize, [String; 2])> {
        match *self {}
    }

    fn failed_once(&self) -> Option<String> {
        match *self {}
    }
}
