//! What people read.

pub(crate) mod curve;
mod escape;
pub(crate) mod page;
pub(crate) mod plan;
pub(crate) mod steps;
pub(crate) mod terminal;
pub(crate) mod timeline;

pub use escape::escape;
pub(crate) use escape::{brief, shorten};
