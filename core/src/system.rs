//! `System`: the pure logic that a user writes.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserializer, Serialize};

use crate::divergence::Parts;
use crate::flow::Flows;
use crate::message::Input;
use crate::name::{Key, Name, Slot};
use crate::property::{Broken, Property};

/// What a body or a view must be: a plain value that reads back as it was written.
pub trait Body: Clone + PartialEq + Debug + Serialize + DeserializeOwned {}

impl<T: Clone + PartialEq + Debug + Serialize + DeserializeOwned> Body for T {}

/// The pure logic of a message-driven system: how messages fold into the state of a key, and what should then have been
/// sent.
///
/// Four types and four methods (`keys`, `apply`, `view`, `outputs`) make a system; everything else has a default. No
/// method may look at anything but its arguments: the same arguments must give the same answer, always.
///
/// A method may panic. The message or the key that made it panic is then set apart, and everything else goes on.
pub trait System: Clone {
    /// What comes in.
    type In: Body;
    /// What goes out.
    type Out: Body;
    /// What a key is inside.
    type State: Clone + PartialEq + Debug + Default;
    /// What of a state is seen outside, recorded in a trace and compared.
    type View: Body;

    /// The keys that a message concerns: `[key]`, or any other list. Each of them folds it independently.
    fn keys(&self, body: &Self::In) -> impl IntoIterator<Item = Key>;

    /// One step of the fold: this is the definition of the state.
    fn apply(&self, key: &Key, state: &mut Self::State, input: Input<'_, Self::In>, flows: &Flows);

    /// What of the state is seen outside.
    fn view(&self, key: &Key, state: &Self::State) -> Self::View;

    /// What should have been sent, whole: a body for every slot that should have one.
    fn outputs(&self, key: &Key, state: &Self::State, flows: &Flows) -> BTreeMap<Slot, Self::Out>;

    /// What should be in one slot. The default asks [`outputs`](Self::outputs); a system that says which slots a message
    /// has [`touched`](Self::touched) should answer it directly.
    fn output(&self, key: &Key, state: &Self::State, slot: &Slot, flows: &Flows) -> Option<Self::Out> {
        self.outputs(key, state, flows).remove(slot)
    }

    /// Adds to `slots` those that a message can have changed, by being folded into the state or taken out of it, and says
    /// what it has added. The default is that any can have changed. `state` is that after all messages.
    ///
    /// An optimisation, which the checker holds against [`outputs`](Self::outputs).
    fn touched(&self, key: &Key, state: &Self::State, input: Input<'_, Self::In>, slots: &mut Vec<Slot>) -> Touched {
        let _ = (key, state, input, slots);
        Touched::All
    }

    /// The incremental step for a message that was added late, revised or withdrawn. The default is to fold again.
    ///
    /// This is the code in which production bugs live; the checker holds it against the fold of [`apply`](Self::apply).
    fn update(&self, key: &Key, state: &mut Self::State, change: Change<'_, Self::In>, flows: &Flows) -> Updated {
        let _ = (key, state, change, flows);
        Updated::FoldAgain
    }

    /// The canonical place of a message in the history of its keys: event time, a sequence number. Ties are broken by
    /// sender and id, never by arrival; at the same place a routed message comes after all others.
    ///
    /// A system has positions for all of its messages or, by default, for none: then the order is that of arrival.
    fn position(&self, body: &Self::In) -> Option<i64> {
        let _ = body;
        None
    }

    /// Accepts a message, or says why not. A rejected message is journaled, and counts as if absent.
    fn admit(&self, body: &Self::In) -> Result<(), String> {
        let _ = body;
        Ok(())
    }

    /// The state before the first message; nothing where the key is not derivable until it is known what it opens with.
    ///
    /// By default a key begins with `State::default()`, and a window of a history says nothing of it.
    fn initial(&self, key: &Key, beginning: Beginning) -> Option<Self::State> {
        let _ = key;
        match beginning {
            Beginning::Birth => Some(Self::State::default()),
            Beginning::Window => None,
        }
    }

    /// Fills in what the window left unknown, and only that, from a recorded view; whether it could. `state` is what
    /// [`initial`](Self::initial) gives for a window, or the default where that is nothing.
    fn learn(&self, key: &Key, state: &mut Self::State, view: &Self::View) -> bool {
        let _ = (key, state, view);
        false
    }

    /// Gives one field of a state another value, as damage of what is carried does; whether it did. Any number names a
    /// field, so they count round: see `afresh::change_field` for states that serde writes and reads. It is asked in
    /// simulation and by laws alone, where a system that has none is damaged in the other ways only.
    fn change_field(&self, key: &Key, state: &mut Self::State, field: u32) -> bool {
        let _ = (key, state, field);
        false
    }

    /// Compares a state with a view, part by part. The default compares the whole.
    fn compare(&self, key: &Key, state: &Self::State, view: &Self::View) -> Parts {
        Parts::whole(self.view(key, state) == *view)
    }

    /// Who an output is for. The default is `downstream`. It is not asked of outputs that are routed.
    ///
    /// The outputs of a slot should all be for the same: a body that changes its receiver is not withdrawn from the one
    /// that had it, and a receiver that changes alone is no difference, so that nothing is sent.
    fn receiver(&self, key: &Key, slot: &Slot, body: &Self::Out) -> Name {
        let _ = (key, slot, body);
        "downstream".into()
    }

    /// The message that this output is to other keys of the same system, where it is one. It is not asked for
    /// [`admission`](Self::admit): to send it was the decision.
    fn route(&self, key: &Key, slot: &Slot, body: &Self::Out) -> Option<Self::In> {
        let _ = (key, slot, body);
        None
    }

    /// What is wrong with a state in itself.
    fn invariants(&self, key: &Key, state: &Self::State) -> Vec<Broken> {
        let _ = (key, state);
        Vec::new()
    }

    /// What must hold over all keys, at the moments when nothing is under way.
    fn properties(&self) -> Vec<Property<Self>> {
        Vec::new()
    }

    /// An independent statement of the view that a history ends in, used by the checker alone: written in another way
    /// than [`apply`](Self::apply), or it proves nothing. It is asked of complete histories only.
    fn restate(&self, key: &Key, history: &[Input<'_, Self::In>], flows: &Flows) -> Option<Self::View> {
        let _ = (key, history, flows);
        None
    }

    /// The version of this system that is called `name`, as a trace may say that it was deployed. By default none is, and such
    /// a trace is run by one version to its end.
    fn variant(&self, name: &Name) -> Option<Self> {
        let _ = name;
        None
    }

    /// Reads a body that `version` of the system recorded. The default reads it as one of today.
    fn upgrade<'de, D: Deserializer<'de>>(&self, version: &str, body: D) -> Result<Self::In, D::Error> {
        let _ = version;
        serde::Deserialize::deserialize(body)
    }
}

/// The types that a trace is read in: messages in, messages out, and views.
///
/// Reading needs nothing else of a system. Every [`System`] has them; what has traces but is no system, such as a world of
/// nodes, implements this trait alone.
pub trait Types {
    /// The body of a message that comes in.
    type In: Body;
    /// The body of a message that goes out.
    type Out: Body;
    /// A recorded view.
    type View: Body;

    /// Reads the body of a message in that `version` of the system recorded.
    ///
    /// # Errors
    ///
    /// Fails where the text is no such body.
    fn read_in<'de, D: Deserializer<'de>>(&self, version: &str, body: D) -> Result<Self::In, D::Error>;
}

impl<S: System> Types for S {
    type In = S::In;
    type Out = S::Out;
    type View = S::View;

    fn read_in<'de, D: Deserializer<'de>>(&self, version: &str, body: D) -> Result<Self::In, D::Error> {
        self.upgrade(version, body)
    }
}

/// How the history of a key begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// With its first message.
    Birth,
    /// Somewhere in the middle.
    Window,
}

/// Which slots a message can have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touched {
    /// Any.
    All,
    /// Those that were added, whatever messages come before and after it.
    Added,
    /// Those that were added if it is the newest message; if it is not, any.
    AddedIfNewest,
}

/// What happened to a message of the history that is not the newest.
#[derive(Debug)]
pub enum Change<'a, B> {
    /// It came after messages that belong behind it.
    Late(Input<'a, B>),
    /// A higher revision took its place.
    Revised {
        /// The body that it had.
        before: &'a B,
        /// The message as it is now.
        after: Input<'a, B>,
    },
    /// It no longer counts.
    Withdrawn(Input<'a, B>),
}

/// What became of an incremental step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Updated {
    /// The state is what the fold of the changed history gives.
    Done,
    /// It takes a fold to say, and the state may be in any condition.
    FoldAgain,
}
