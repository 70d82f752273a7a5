//! Texts that are safe to show.

use std::fmt::{self, Display};

use super::escape;

/// Text from outside, displayed with control characters and changes of direction as visible escapes, as by [`escape`].
///
/// Pages have this type instead of `String`, so none of their texts can be shown unescaped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visible(String);

impl Visible {
    /// Returns `true` if there is no text.
    pub fn is_empty(&self) -> bool {
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
