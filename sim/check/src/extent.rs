//! What a trace is about.

use std::fmt::{self, Display};

use serde::Serialize;

use afresh_trace::text::count;

/// How much a trace is about: keys of a system, or nodes of a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Extent {
    /// So many keys have come up.
    Keys(u64),
    /// There are so many nodes.
    Nodes(u64),
}

impl Display for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match *self {
            Self::Keys(keys) => count(keys, "key", "keys"),
            Self::Nodes(nodes) => count(nodes, "node", "nodes"),
        })
    }
}
