//! The report of a search as one page that needs nothing else: no script, no font, no other file.

use std::fmt::{self, Display};
use std::io;

use askama::Template;

use super::curve::Curve;
use afresh_trace::text::escape;

/// The page. The template escapes for HTML whatever it is given.
#[derive(Template)]
#[template(path = "shrink.html")]
pub(crate) struct Page<'a> {
    /// What was shrunk.
    pub(crate) title: Visible,
    /// How far it came.
    pub(crate) summary: Visible,
    /// The bug; empty where it has no name.
    pub(crate) signature: Visible,
    /// What else is to be known.
    pub(crate) notes: Vec<Visible>,
    /// What the rows are called.
    pub(crate) unit: &'static str,
    /// What is left.
    pub(crate) rows: Vec<Row>,
    /// How it became smaller.
    pub(crate) curve: &'a Curve,
}

/// An item that is left, and why.
pub(crate) struct Row {
    /// Its number in the original.
    pub(crate) number: u64,
    /// When it happened; empty where nothing says so.
    pub(crate) at: Visible,
    /// What it is.
    pub(crate) text: Visible,
    /// What happens without it.
    pub(crate) without: Visible,
    /// The verdict of that, as the style sheet calls it.
    pub(crate) class: &'static str,
}

/// Text from outside: what acts on an editor, or turns the direction of a line, is written visibly, as everywhere.
pub(crate) struct Visible(String);

impl Visible {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T: Into<String>> From<T> for Visible {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl Display for Visible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        escape(&self.0).fmt(f)
    }
}

impl Page<'_> {
    /// The text of the page.
    pub(crate) fn to_html(&self) -> io::Result<Vec<u8>> {
        self.render().map(String::into_bytes).map_err(io::Error::other)
    }
}
