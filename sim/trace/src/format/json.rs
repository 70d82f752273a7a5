//! The text of a JSON value.

use std::fmt::{self, Display};
use std::str::FromStr;

use serde::de::IgnoredAny;

use super::error::Problem;
use super::scan::Scan;

/// The text of one JSON value, to the byte as it is in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Json(Box<str>);

impl Json {
    /// Text that was read as a value already.
    pub(super) fn of(text: &str) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn get(&self) -> &str {
        &self.0
    }
}

impl Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Takes what a trace may hold.
///
/// ```
/// use afresh_trace::format::Json;
///
/// let json: Json = r#"{"deposit": 12.50}"#.parse()?;
/// assert_eq!(json.get(), r#"{"deposit": 12.50}"#);
/// assert!(r#"{"deposit":1,"deposit":2}"#.parse::<Json>().is_err(), "one reader takes the first, another the last");
/// assert!("12.50 EUR".parse::<Json>().is_err());
/// # Ok::<(), afresh_trace::format::Problem>(())
/// ```
impl FromStr for Json {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        serde_json::from_str::<IgnoredAny>(text).map_err(|error| Problem::from_json(&error).0)?;
        Scan::default().check(text).map_err(|(problem, _)| problem)?;
        Ok(Self::of(text))
    }
}
