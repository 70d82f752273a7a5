//! The number of keys or nodes in a trace.

use std::fmt::{self, Display};

use afresh_trace::text::count;
use serde::Serialize;

/// The number of keys of a system, or of nodes of a world, in a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Extent {
    /// The number of keys that occurred.
    Keys(u64),
    /// The number of nodes.
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
