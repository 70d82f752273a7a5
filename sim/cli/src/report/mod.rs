//! Reports for people, on a terminal or as an HTML page.

pub(crate) mod curve;
pub(crate) mod page;
pub(crate) mod plan;
pub(crate) mod steps;
pub mod terminal;
pub(crate) mod timeline;
