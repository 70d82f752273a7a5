//! The first line of a process, and the optional questions; see `docs/protocol.md`.

use afresh_core::{Expectation, Name};
use serde::Deserialize;

use crate::answers::read;
use crate::process::{Failure, no_answer};

/// The version of the protocol.
pub(crate) const PROTOCOL: u32 = 1;

/// The description that a program gives of itself before the first question.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `protocol`")]
pub(crate) struct Hello {
    /// The version of the protocol.
    pub(crate) protocol: u32,
    /// The name of the system.
    #[serde(default)]
    pub(crate) name: String,
    /// The version of its code.
    #[serde(default)]
    pub(crate) version: String,
    /// The optional questions that it answers.
    #[serde(default)]
    pub(crate) answers: Vec<Optional>,
    /// The flows that it asks for.
    #[serde(default)]
    pub(crate) flows: Vec<Name>,
    /// The conditions over the states of all keys.
    #[serde(default)]
    pub(crate) properties: Vec<Declared>,
    /// The bits of the largest integers that it keeps exactly; 64 if it does not say.
    #[serde(default = "sixty_four")]
    pub(crate) integer_bits: u32,
}

/// A property, as a program declares it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Declared {
    /// The name of the property.
    pub(crate) name: String,
    /// When it must hold.
    pub(crate) expect: Expect,
}

/// When a property must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Expect {
    Always,
    Eventually,
    Sometimes,
}

impl From<Expect> for Expectation {
    fn from(expect: Expect) -> Self {
        match expect {
            Expect::Always => Self::Always,
            Expect::Eventually => Self::Eventually,
            Expect::Sometimes => Self::Sometimes,
        }
    }
}

fn sixty_four() -> u32 {
    64
}

/// A question that a program need not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Optional {
    /// The incremental step after a late, revised or withdrawn message.
    Update,
    /// The view, computed in another way.
    Restate,
    /// The state of a window, from a recorded view.
    Learn,
    /// A comparison of a state and a view, part by part.
    Compare,
    /// The messages of a simulated run.
    Workload,
}

impl Optional {
    /// The kind of question, as lines name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Update => "update",
            Self::Restate => "restate",
            Self::Learn => "learn",
            Self::Compare => "compare",
            Self::Workload => "workload",
        }
    }
}

/// The line with which Afresh begins, and the one that it expects.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `afresh`")]
struct HelloLine {
    afresh: Hello,
}

/// The first line that a process gets.
pub(crate) fn hello(system: &Name) -> String {
    let system = serde_json::to_string(system).unwrap_or_default();
    format!("{{\"afresh\":{{\"protocol\":{PROTOCOL},\"system\":{system}}}}}\n")
}

/// Reads the answer to [`hello`].
pub(crate) fn read_hello(line: &[u8]) -> Result<Hello, Failure> {
    let hello: HelloLine = read(line, line)?;
    if hello.afresh.protocol == PROTOCOL {
        Ok(hello.afresh)
    } else {
        Err(no_answer(format!("it speaks protocol {}, but this is protocol {PROTOCOL}", hello.afresh.protocol), line))
    }
}
