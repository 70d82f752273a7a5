//! Names that nothing has: the error is the same everywhere, and proposes the nearest name that exists.

use std::fmt;

use crate::text::{count, name};

/// The most names that an error lists.
const LISTED_MAX: usize = 8;

/// The lowest similarity, from 0 to 1, of a name that was probably meant.
const ALIKE_MIN: f64 = 0.5;

/// The error that nothing has a name. Its text says what was expected, and [`help`](Self::help) what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownName {
    thing: Thing,
    name: String,
    /// The names that exist, the nearest first.
    known: Vec<String>,
}

/// The kinds of thing that have names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    /// A system or a world, which this program has.
    System,
    /// A version of a system, which `System::variants` names.
    Version,
    /// A flow, which the system names or the trace migrates.
    Flow,
    /// A key in a trace.
    Key,
    /// A message in a trace.
    Message,
    /// An output in a trace.
    Output,
    /// A kind of event.
    Kind,
    /// A field of an imported event.
    Field,
    /// A column of an export.
    Column,
    /// A profile of imports.
    Profile,
}

/// The longest name, in bytes, that is compared with others.
const COMPARED_MAX: usize = 1000;

impl UnknownName {
    /// Builds the error that no `thing` is called `name`; `known` are the names that exist.
    pub fn new(thing: Thing, name: impl Into<String>, known: impl IntoIterator<Item: Into<String>>) -> Self {
        Self::nearest_first(thing, name.into(), known.into_iter().map(Into::into).collect())
    }

    fn nearest_first(thing: Thing, name: String, mut known: Vec<String>) -> Self {
        known.sort_unstable();
        known.dedup();
        known.sort_by(|one, other| likeness(&name, other).total_cmp(&likeness(&name, one)));
        Self { thing, name, known }
    }

    /// Returns the name that was probably meant, if one is similar.
    pub fn nearest(&self) -> Option<&str> {
        self.known.first().map(String::as_str).filter(|known| likeness(&self.name, known) >= ALIKE_MIN)
    }

    /// Returns a hint on what to do: the name that was probably meant, and where the names are listed.
    pub fn help(&self) -> String {
        let meant = self.nearest().map(|nearest| format!("did you mean `{}`? ", name(nearest))).unwrap_or_default();
        let list = match self.thing {
            Thing::System => "name one of these systems",
            Thing::Version => {
                "correct the name, or let `System::variant` and `System::variants` know the version; a version of a \
                 program is in `versions` of the system in `afresh.toml`"
            }
            Thing::Flow => "name a flow that the system has",
            Thing::Key | Thing::Message | Thing::Output => "`afresh show` lists what the trace contains",
            Thing::Kind | Thing::Field | Thing::Column => "`--help` explains the option",
            Thing::Profile => "name one of the profiles in `afresh.toml`",
        };
        meant + list
    }
}

fn likeness(one: &str, other: &str) -> f64 {
    // The time and memory that it takes grow with the product of the lengths.
    if one.len().max(other.len()) > COMPARED_MAX {
        return 0.0;
    }
    strsim::normalized_damerau_levenshtein(one, other)
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown {} `{}`: expected ", self.thing, name(&self.name))?;
        let (listed, others) = self.known.split_at(self.known.len().min(LISTED_MAX));
        let listed: Vec<_> = listed.iter().map(|known| format!("`{}`", name(known))).collect();
        match (&listed[..], others.len()) {
            ([], _) => write!(f, "a known one, and there is none"),
            ([one], 0) => f.write_str(one),
            ([most @ .., last], 0) => write!(f, "{} or {last}", most.join(", ")),
            (_, others) => write!(f, "{} or one of {}", listed.join(", "), count(others as u64, "other", "others")),
        }
    }
}

impl std::error::Error for UnknownName {}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "system",
            Self::Version => "version",
            Self::Flow => "flow",
            Self::Key => "key",
            Self::Message => "message",
            Self::Output => "output",
            Self::Kind => "kind",
            Self::Field => "field",
            Self::Column => "column",
            Self::Profile => "profile",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str, known: &[&str]) -> (String, String) {
        let unknown = UnknownName::new(Thing::Key, name, known.iter().copied());
        (unknown.to_string(), unknown.help())
    }

    #[test]
    fn the_nearest_name_comes_first() {
        let (text, help) = key("acount-2", &["house", "account-1", "account-2"]);
        assert_eq!(text, "unknown key `acount-2`: expected `account-2`, `account-1` or `house`");
        assert_eq!(help, "did you mean `account-2`? `afresh show` lists what the trace contains");
    }

    #[test]
    fn a_name_like_no_other_proposes_none() {
        assert_eq!(key("x", &["house"]).1, "`afresh show` lists what the trace contains");
        assert_eq!(key("x", &[]).0, "unknown key `x`: expected a known one, and there is none");
        assert_eq!(key("\u{1b}", &["", "a"]).0, "unknown key `\\u{1b}`: expected `\"\"` or `a`");
    }

    #[test]
    fn of_many_names_only_the_nearest_are_listed() {
        let known: Vec<_> = (0..1200).map(|number| format!("a-{number}")).collect();
        let text = UnknownName::new(Thing::Key, "b-7", known).to_string();
        assert!(text.starts_with("unknown key `b-7`: expected `a-7`, ") && text.ends_with(" or one of 1,192 others"));
    }
}
