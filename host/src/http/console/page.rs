//! What all pages have in common: the frame around them, links, and texts that are safe to show.

pub(super) use afresh_trace::text::Visible;
use afresh_trace::text::{brief, count, escape_json, name};
use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use form_urlencoded::Serializer;
use serde_json::Value;

use super::super::failure::Failure;
use super::super::scan::internal;

/// The most characters of a value that a page shows, if it is not asked for the whole.
const VALUE_MAX: usize = 4000;

/// The frame of a page.
pub(super) struct Frame {
    /// The name of the page.
    pub(super) title: Visible,
    /// The system that runs.
    pub(super) system: Visible,
    /// The name of the caller, or nothing if nobody is logged in.
    pub(super) caller: Visible,
    /// True if the caller may turn knobs.
    pub(super) may_operate: bool,
    /// True if the caller has a session, which a logout ends.
    pub(super) may_log_out: bool,
    /// The token of the forms.
    pub(super) form: String,
}

/// A page that only says something, such as an error.
#[derive(Template)]
#[template(path = "console/notice.html")]
pub(super) struct Notice {
    pub(super) frame: Frame,
    pub(super) text: Visible,
}

/// Renders a page.
pub(super) fn render(status: StatusCode, page: &impl Template) -> Result<Response, Failure> {
    let html = page.render().map_err(internal)?;
    Ok((status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response())
}

/// A link to another page of the console, which is in the same folder.
pub(super) fn link(page: &str, query: &[(&str, &str)]) -> String {
    let mut link = Serializer::for_suffix(format!("{page}?"), page.len() + 1);
    query.iter().filter(|(_, value)| !value.is_empty()).for_each(|(name, value)| {
        link.append_pair(name, value);
    });
    link.finish()
}

/// A name that is a link.
pub(super) struct Named {
    pub(super) name: Visible,
    pub(super) link: String,
}

impl Named {
    /// The name of a key, which leads to its page.
    pub(super) fn key(key: &str) -> Self {
        Self { name: named(key), link: link("key", &[("name", key)]) }
    }

    /// The number of an event, which leads to its page.
    pub(super) fn event(number: u64) -> Self {
        let number = number.to_string();
        Self { link: link("event", &[("n", &number)]), name: number.into() }
    }
}

/// A name from outside. The middle of a very long one is cut.
pub(super) fn named(text: &str) -> Visible {
    name(text).to_string().into()
}

/// A value as JSON with a part on each line, cut if it is long.
pub(super) struct Shown {
    /// The text, which has been made visible.
    pub(super) text: String,
    /// True if a part is left out.
    pub(super) is_cut: bool,
}

impl Shown {
    pub(super) fn new(value: &Value, whole: bool) -> Self {
        Self::text(&lines(value), whole)
    }

    /// Shows JSON text, on one line if it has a number that a value would not keep to the last digit.
    pub(super) fn json(text: &str, whole: bool) -> Self {
        fn is_exact(value: &Value) -> bool {
            match value {
                Value::Number(number) => !number.is_f64(),
                Value::Array(elements) => elements.iter().all(is_exact),
                Value::Object(fields) => fields.values().all(is_exact),
                Value::Null | Value::Bool(_) | Value::String(_) => true,
            }
        }
        match serde_json::from_str(text) {
            Ok(value) if is_exact(&value) => Self::new(&value, whole),
            _ => Self::text(text.trim_end(), whole),
        }
    }

    pub(super) fn text(text: &str, whole: bool) -> Self {
        match text.char_indices().nth(VALUE_MAX) {
            Some((end, _)) if !whole => Self { text: format!("{}…", escape_json(&text[..end])), is_cut: true },
            _ => Self { text: escape_json(text).into_owned(), is_cut: false },
        }
    }
}

/// A value as JSON with a part on each line.
pub(super) fn lines(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|error| error.to_string())
}

/// A text on a single line, cut if it is long. Returns true if it was cut.
pub(super) fn short(text: &str, most: usize) -> (String, bool) {
    (brief(text, most), text.chars().nth(most).is_some())
}

/// A count with its noun.
pub(super) fn counted(number: usize, one: &str, many: &str) -> String {
    count(number as u64, one, many)
}
