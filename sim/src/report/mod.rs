//! What people read.

mod escape;
pub(crate) mod terminal;

pub use escape::escape;
pub(crate) use escape::shorten;
