//! The argument that says where a receiver is.

use std::str::FromStr;

/// A receiver and its URL, as `NAME=URL`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) name: String,
    pub(super) url: String,
}

impl FromStr for Route {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, url)) if !name.is_empty() && url.contains("://") => {
                Ok(Self { name: name.to_owned(), url: url.to_owned() })
            }
            _ => Err("expected the name of a receiver and its URL, such as statements=http://127.0.0.1:8000/in".into()),
        }
    }
}
