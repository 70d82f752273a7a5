//! The report of a shrink as a self-contained HTML page, without scripts, fonts or other files.

use std::io;

use afresh_trace::text::Visible;
use askama::Template;

use super::curve::Curve;

/// Returns whether a file is a page that a shrink wrote: whether it begins as every page does.
pub(crate) fn is_page(file: &[u8]) -> bool {
    let (beginning, _) = include_str!("../../templates/shrink.html").split_once("{{").unwrap_or_default();
    file.starts_with(beginning.as_bytes())
}

/// The page. Its template escapes all texts for HTML.
#[derive(Template)]
#[template(path = "shrink.html")]
pub(crate) struct Page<'a> {
    /// The name of the input that was shrunk.
    pub(crate) title: Visible,
    /// The sizes before and after, and how far the search came.
    pub(crate) summary: Visible,
    /// The signature of the bug, or an empty text if it has none.
    pub(crate) signature: Visible,
    /// Further notes, one for each item of a list.
    pub(crate) notes: Vec<Visible>,
    /// The name of the items, in the plural.
    pub(crate) unit: &'static str,
    /// The items that are left.
    pub(crate) rows: Vec<Row>,
    /// The size over the runs.
    pub(crate) curve: &'a Curve,
}

/// An item that is left, and what happened without it.
pub(crate) struct Row {
    /// The number of the item in the original.
    pub(crate) number: u64,
    /// The time of the item, or an empty text if it has none.
    pub(crate) at: Visible,
    /// The content of the item.
    pub(crate) text: Visible,
    /// The verdict of the run without this item, in words.
    pub(crate) without: Visible,
    /// The class of that verdict in the style sheet.
    pub(crate) class: &'static str,
}

impl Page<'_> {
    /// Renders the page.
    pub(crate) fn to_html(&self) -> io::Result<Vec<u8>> {
        self.render().map(String::into_bytes).map_err(io::Error::other)
    }
}
