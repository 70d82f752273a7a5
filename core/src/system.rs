//! `System`: the trait that a user implements to describe a message-driven system.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::convert::Infallible;
use core::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserializer, Serialize};

use crate::divergence::Parts;
use crate::elsewhere::Elsewhere;
use crate::flow::Flows;
use crate::message::Input;
use crate::name::{Key, Name, Slot};
use crate::property::{Property, Violation};

/// The traits that a body or a view needs: a plain value, equal to the original after it is written and read again.
/// Equal values must be written alike, so a `HashMap`, whose order differs from run to run, is no part of one.
///
/// Implemented for every type that has these traits, so nobody implements it by hand.
pub trait Body: Clone + PartialEq + Debug + Serialize + DeserializeOwned {}

impl<T: Clone + PartialEq + Debug + Serialize + DeserializeOwned> Body for T {}

/// The pure logic of a message-driven system.
///
/// It says how the messages of a key fold into the state of that key, and which outputs should then have been sent.
/// Four types and four methods ([`keys`](Self::keys), [`apply`](Self::apply), [`view`](Self::view) and
/// [`outputs`](Self::outputs)) make a complete system. All other methods have a default.
///
/// Every method must be a function of its arguments: no clock, no randomness, no I/O, no global state. The same
/// arguments must always give the same result.
///
/// # Panics
///
/// A method may panic. The engine then rejects the message or quarantines the key that caused the panic, and all other
/// messages and keys go on.
pub trait System: Clone {
    /// The body of a message that comes in.
    type In: Body;
    /// The body of an output.
    type Out: Body;
    /// The internal state of a key, which no other system sees. It is never written to a file.
    type State: Clone + PartialEq + Debug + Default;
    /// The part of a state that is visible outside: it is recorded in traces and compared.
    type View: Body;

    // Required: these four methods make a complete system.

    /// Returns the keys that a message concerns, often only one. The message is folded into each of them independently.
    fn keys(&self, body: &Self::In) -> impl IntoIterator<Item = Key>;

    /// Applies one message to the state of a key. This step of the fold defines what the state is.
    fn apply(&self, key: &Key, state: &mut Self::State, input: Input<'_, Self::In>, flows: &Flows);

    /// Returns the view of a state: the part of it that is recorded and compared.
    fn view(&self, key: &Key, state: &Self::State) -> Self::View;

    /// Returns everything that should have been sent for a key: one body for each slot that should have one.
    ///
    /// The engine compares this map with the outputs that were already sent, and sends or withdraws only the
    /// difference.
    fn outputs(&self, key: &Key, state: &Self::State, flows: &Flows) -> BTreeMap<Slot, Self::Out>;

    // Optional, for production: the order of messages, rejected messages, receivers, and messages between keys.

    /// Returns the position of a message in the history of its keys: its event time or its sequence number.
    ///
    /// Messages at the same position are ordered by [`subposition`](Self::subposition). At the same place, a routed
    /// message comes after all others, and the others are ordered by sender and id, never by arrival. The numbers in
    /// senders and ids compare as numbers, so `m-9` comes before `m-10`; see [`Name::natural_cmp`].
    ///
    /// A system has positions for all of its messages or for none. The default is none: messages are then ordered by
    /// arrival.
    fn position(&self, body: &Self::In) -> Option<i64> {
        let _ = body;
        None
    }

    /// Returns the further parts of a position that has several, such as the number of a change within one transaction.
    ///
    /// Messages at the same [`position`](Self::position) are ordered by these numbers, which compare one after another.
    /// By default, a position has one part.
    fn subposition(&self, body: &Self::In) -> impl IntoIterator<Item = i64> {
        let _ = body;
        core::iter::empty()
    }

    /// Accepts a message, or rejects it with a reason. By default, every message is accepted.
    ///
    /// A rejected message is journaled, and counts as if it were absent.
    ///
    /// # Errors
    ///
    /// Returns the reason why the message is rejected, as text for people.
    fn admit(&self, body: &Self::In) -> Result<(), String> {
        let _ = body;
        Ok(())
    }

    /// Returns the name of the receiver of an output. The default is `downstream`.
    ///
    /// The engine does not call this method for outputs that [`route`](Self::route) turns into messages.
    ///
    /// All outputs of one slot should go to the same receiver. If a new body has another receiver, the earlier revision
    /// is not withdrawn from the old one. If only the receiver changes, and not the body, nothing is sent.
    fn receiver(&self, key: &Key, slot: &Slot, body: &Self::Out) -> Name {
        let _ = (key, slot, body);
        "downstream".into()
    }

    /// Turns an output into a message to other keys of the same system, or returns `None` if it leaves the system.
    ///
    /// A routed message is not passed to [`admit`](Self::admit), because the key that sent it has already decided.
    fn route(&self, key: &Key, slot: &Slot, body: &Self::Out) -> Option<Self::In> {
        let _ = (key, slot, body);
        None
    }

    // Optional, for speed: `update`, `touched` and `output`. The checker compares each of them with the required
    // methods.

    /// Updates the carried state after a message arrived late, was revised or was withdrawn.
    ///
    /// By default, the key is folded again. The engine does not call this method under the policy
    /// [`FirstPrinciples`](crate::Policy::FirstPrinciples). Production bugs live in this code, so the checker compares
    /// its result with the fold of [`apply`](Self::apply).
    fn update(&self, key: &Key, state: &mut Self::State, change: Change<'_, Self::In>, flows: &Flows) -> Updated {
        let _ = (key, state, change, flows);
        Updated::FoldAgain
    }

    /// Adds to `slots` the slots that a message can have changed. By default, a message can have changed every slot.
    ///
    /// The message was added to the history of the key or removed from it, and `state` is the state after all messages.
    /// The result says whether `slots` is complete. The checker compares this shortcut with
    /// [`outputs`](Self::outputs).
    fn touched(&self, key: &Key, state: &Self::State, input: Input<'_, Self::In>, slots: &mut Vec<Slot>) -> Touched {
        let _ = (key, state, input, slots);
        Touched::All
    }

    /// Returns the body that one slot should have, or `None` if the slot should be empty.
    ///
    /// The default looks it up in [`outputs`](Self::outputs). Override this method together with
    /// [`touched`](Self::touched), because the engine then asks only for the slots that changed.
    fn output(&self, key: &Key, state: &Self::State, slot: &Slot, flows: &Flows) -> Option<Self::Out> {
        self.outputs(key, state, flows).remove(slot)
    }

    // Optional, for code that runs elsewhere: a system that asks another process for each answer can ask for many at
    // once. These methods change no result.

    /// Applies several messages to the state of a key, one after another. The default calls [`apply`](Self::apply).
    fn fold<'m>(
        &self,
        key: &Key,
        state: &mut Self::State,
        inputs: impl Iterator<Item = Input<'m, Self::In>>,
        flows: &Flows,
    ) where
        Self::In: 'm,
    {
        inputs.for_each(|input| self.apply(key, state, input, flows));
    }

    /// Returns what else a system can do if its code runs in another process. By default, it runs in this one.
    fn elsewhere(&self) -> Option<impl Elsewhere<Self>> {
        None::<Infallible>
    }

    // Optional, for windows and older versions: traces that start in the middle of a history, bodies that an older
    // version recorded, and traces in which another version of the system was deployed.

    /// Returns the state of a key before its first message, or `None` if the key is not derivable.
    ///
    /// By default, a complete history begins with `State::default()`, and a key of a window is not derivable until
    /// [`learn`](Self::learn) fills in its state from a recorded view. In a complete history, `None` also means
    /// `State::default()`.
    fn initial(&self, key: &Key, beginning: Beginning) -> Option<Self::State> {
        let _ = key;
        match beginning {
            Beginning::Birth => Some(Self::State::default()),
            Beginning::Window => None,
        }
    }

    /// Fills in, from a recorded view, the values of a state that a window left unknown, and no others.
    ///
    /// It is called for the view with which a key opens, and for each later recorded view, as long as the key is not
    /// derivable or [`compare`](Self::compare) reports parts of that view as not derivable. `state` is the state after
    /// all messages so far. At the opening, and for a key that is not derivable, it is the state that
    /// [`initial`](Self::initial) returns for the window, or `State::default()` if that is `None`.
    ///
    /// Returns `false` if the view does not tell enough, which makes the key not derivable. The default learns nothing
    /// and returns `false`.
    fn learn(&self, key: &Key, state: &mut Self::State, view: &Self::View) -> bool {
        let _ = (key, state, view);
        false
    }

    /// Compares a state with a view, part by part. The default names the fields of the view that differ, as
    /// [`Parts::of`] does.
    ///
    /// Override it to name smaller parts, or the values of a window that are not derivable.
    fn compare(&self, key: &Key, state: &Self::State, view: &Self::View) -> Parts {
        Parts::of(&self.view(key, state), view)
    }

    /// Returns `true` if an output that is sent now agrees with the one that was recorded. The default is equality.
    ///
    /// Override it to leave out the parts of an output that no replay can give again, such as a stack trace or an id
    /// that was drawn at random.
    fn same_output(&self, recorded: &Self::Out, now: &Self::Out) -> bool {
        recorded == now
    }

    /// Reads a message body that `version` of the system recorded. The default reads the current form of the body.
    ///
    /// # Errors
    ///
    /// Returns the error of the deserializer if the text is not a body of that version.
    fn upgrade<'de, D: Deserializer<'de>>(&self, version: &str, body: D) -> Result<Self::In, D::Error> {
        let _ = version;
        serde::Deserialize::deserialize(body)
    }

    /// Returns the version of this system with the given name, or `None` if there is no such version.
    ///
    /// A trace names a version where it was deployed in the middle of a run. A trace that names an unknown version
    /// cannot be read. By default, no version is known.
    fn variant(&self, name: &Name) -> Option<Self> {
        let _ = name;
        None
    }

    /// Returns the names of all versions that [`variant`](Self::variant) knows, for error messages. By default, it is
    /// none.
    fn variants(&self) -> Vec<Name> {
        Vec::new()
    }

    // Optional, for the checker, the laws and simulation: a service in production never calls these methods.

    /// Returns the correct twin of this system: the same one without the bug that it is kept for.
    ///
    /// A campaign shrinks a finding to a trace on which the twin passes, so what is left shows this bug and nothing
    /// that correct code does as well. By default there is no twin.
    fn twin(&self) -> Option<Self> {
        None
    }

    /// Says how the messages that stay change if others are removed, where messages name places of a common order, as
    /// in *move item 3 to place 5*.
    ///
    /// Only the minimizer calls it. `history` holds the messages of a trace in the order of arrival, each with whether
    /// it stays. The result has an entry for each message that stays, in the same order: a body that does to what is
    /// left what the message did before. It is `None` for a message that makes no sense without those that are removed,
    /// so that it has to go with them.
    ///
    /// The default, `None`, says that messages name no places. For patches of a text, whose offsets are numbers of
    /// characters or bytes, the minimizer finds the offsets without this method.
    fn rebase(&self, history: &[(Input<'_, Self::In>, bool)]) -> Option<Vec<Option<Self::In>>> {
        let _ = history;
        None
    }

    /// Returns the names of the flows that the system asks for, so that a typing error in a migration is noticed.
    ///
    /// The default, an empty list, does not say: then every name is accepted.
    fn flows(&self) -> Vec<Name> {
        Vec::new()
    }

    /// Returns the invariants that the state of one key breaks; empty if the state is ok.
    fn invariants(&self, key: &Key, state: &Self::State) -> Vec<Violation> {
        let _ = (key, state);
        Vec::new()
    }

    /// Returns the conditions over the states of all keys, which are evaluated when no message is in flight.
    fn properties(&self) -> Vec<Property<Self>> {
        Vec::new()
    }

    /// Computes the final view of a history in another way than [`apply`](Self::apply), so that the two can be
    /// compared.
    ///
    /// Only the checker calls it, and only for complete histories. A restatement that calls `apply` proves nothing. The
    /// default, `None`, states nothing.
    fn restate(&self, key: &Key, history: &[Input<'_, Self::In>], flows: &Flows) -> Option<Self::View> {
        let _ = (key, history, flows);
        None
    }

    /// Damages a state for a test: gives one of its fields another value. Returns `false` if no field was changed.
    ///
    /// Every number is valid: `field` wraps around at the number of fields. For a state that serde can write and read,
    /// `afresh::change_field` does the work. The default changes nothing, and simulated runs and laws then damage
    /// states only in other ways.
    fn change_field(&self, key: &Key, state: &mut Self::State, field: u32) -> bool {
        let _ = (key, state, field);
        false
    }
}

/// The types of the bodies and views in a trace, which are all that is needed to read the trace.
///
/// Every [`System`] has them. A type that has traces but is no system, such as a world of nodes, implements this trait
/// alone.
pub trait Types {
    /// The body of a message that comes in.
    type In: Body;
    /// The body of a message that goes out.
    type Out: Body;
    /// The view of a key, as it is recorded in a trace.
    type View: Body;

    /// Reads the body of a message that came in, as `version` of the system recorded it.
    ///
    /// # Errors
    ///
    /// Returns the error of the deserializer if the text is not a body of that version.
    fn read_in<'de, D: Deserializer<'de>>(&self, version: &str, body: D) -> Result<Self::In, D::Error>;

    /// Checks that a trace can deploy the version with the given name. By default, it can deploy any version.
    ///
    /// # Errors
    ///
    /// Returns the names of all known versions if this one is unknown.
    fn can_deploy(&self, name: &Name) -> Result<(), Vec<Name>> {
        let _ = name;
        Ok(())
    }
}

impl<S: System> Types for S {
    type In = S::In;
    type Out = S::Out;
    type View = S::View;

    fn read_in<'de, D: Deserializer<'de>>(&self, version: &str, body: D) -> Result<Self::In, D::Error> {
        self.upgrade(version, body)
    }

    fn can_deploy(&self, name: &Name) -> Result<(), Vec<Name>> {
        self.variant(name).map(drop).ok_or_else(|| self.variants())
    }
}

/// The point at which the recorded history of a key begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// The history is complete: it begins with the first message that the key ever had.
    Birth,
    /// The history is a window: it begins somewhere in the middle, and earlier messages are missing.
    Window,
}

/// The result of [`System::touched`]: which slots a message can have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touched {
    /// Any slot can have changed, including slots that were not added to the list.
    All,
    /// Only the slots that were added to the list, whatever messages come before and after this one.
    Added,
    /// Only the slots that were added to the list, if the message is the newest of its key. Otherwise, any slot.
    AddedIfNewest,
}

/// A change to the history of a key for which [`System::update`] may have a shortcut.
///
/// A new message at the end of the history is no such change: it costs one [`System::apply`].
#[derive(Debug)]
pub enum Change<'a, B> {
    /// A message was added that is not the newest: messages that sort after it are in the history already.
    Late(Input<'a, B>),
    /// A higher revision replaced a message, and its place in the history stayed the same.
    Revised {
        /// The body before the revision.
        before: &'a B,
        /// The message with its new body.
        after: Input<'a, B>,
    },
    /// A message was removed: it was withdrawn, or a revision moved it to another key or position.
    Withdrawn(Input<'a, B>),
}

/// The result of [`System::update`]: whether the state is up to date, or must be folded again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Updated {
    /// The state is now equal to the fold of the changed history.
    Done,
    /// Only a fold can give the new state. The old state is discarded, so `update` may leave it half changed.
    FoldAgain,
}

/// The number of times that [`System::update`] was called, by its results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Updates {
    /// All calls, including those that panicked.
    pub calls: u64,
    /// The calls that returned [`Updated::Done`].
    pub done: u64,
    /// The calls that returned [`Updated::FoldAgain`], as the default implementation always does.
    pub folded_again: u64,
}
