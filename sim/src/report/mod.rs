//! What people read.

mod escape;
pub(crate) mod plan;
pub(crate) mod terminal;
pub(crate) mod timeline;

pub use escape::escape;
pub(crate) use escape::shorten;
