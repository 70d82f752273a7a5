//! [`Json`]: the text of a JSON value, kept as it is in the file.

use std::fmt::{self, Display};
use std::str::FromStr;

use serde::de::IgnoredAny;

use super::error::Problem;
use super::scan::Scan;

/// The text of one JSON value, byte for byte as it is in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Json(Box<str>);

impl Json {
    /// Wraps text that is known to be a valid JSON value.
    pub(super) fn of(text: &str) -> Self {
        Self(text.into())
    }

    /// The JSON text of the value.
    pub fn get(&self) -> &str {
        &self.0
    }
}

impl Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Parses a JSON value. Text that a trace may not hold is an error, such as an object with the same key twice.
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
