//! What people read.

mod escape;

pub use escape::escape;
pub(crate) use escape::shorten;
