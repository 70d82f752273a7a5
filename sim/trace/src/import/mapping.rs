//! The mapping from the columns of an export to the fields of events, as `--map` gives it.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::unknown::{Thing, UnknownName};

/// A field of an event that a column of an export can become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// The time at which the event happened.
    At,
    /// The kind of the row: a message in, a message out or a view.
    Kind,
    /// The id of a message.
    Id,
    /// The sender of a message that came in.
    From,
    /// The receiver of a message that went out.
    To,
    /// The revision of a message.
    Revision,
    /// The body of a message.
    Body,
    /// The mark of a withdrawn message: true, or the time of the withdrawal.
    Withdrawn,
    /// The key of a view, or of a message that went out.
    Key,
    /// The slot of a message that went out.
    Slot,
    /// The value of a view.
    Value,
}

impl Field {
    const NAMES: [(&'static str, Self); 11] = [
        ("at", Self::At),
        ("kind", Self::Kind),
        ("id", Self::Id),
        ("from", Self::From),
        ("to", Self::To),
        ("revision", Self::Revision),
        ("body", Self::Body),
        ("withdrawn", Self::Withdrawn),
        ("key", Self::Key),
        ("slot", Self::Slot),
        ("value", Self::Value),
    ];

    /// The name of the field in a mapping, such as `revision`.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, field)| *field == self).map_or("", |(name, _)| name)
    }
}

/// The source of the value of a field: a constant, or a column of the row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// A constant: the same text for every row.
    Constant(String),
    /// The name of a column, then a path into the JSON that the column holds. An empty list is the whole row.
    Path(Vec<String>),
}

/// One mapping of a field, in the text form `FIELD=EXPR`, such as `id=.msg_id` or `from==bank`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment(pub Field, pub Expression);

impl FromStr for Assignment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, expression) = text.split_once('=').ok_or("expected FIELD=EXPR, as in id=.msg_id")?;
        let field = Field::NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, field)| *field)
            .ok_or_else(|| UnknownName::new(Thing::Field, name, Field::NAMES.map(|(name, _)| name)).to_string())?;
        let expression = match expression.strip_prefix('=') {
            Some(constant) => Expression::Constant(constant.into()),
            None => Expression::Path(segments(expression)?),
        };
        Ok(Self(field, expression))
    }
}

/// Splits a path such as `.a."b.c".d` into its segments. The first dot may be missing.
fn segments(path: &str) -> Result<Vec<String>, String> {
    let mut rest = path.strip_prefix('.').unwrap_or(path);
    let mut segments = Vec::new();
    if path == "." {
        return Ok(segments);
    }
    loop {
        let (segment, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').ok_or("unclosed quote, expected a second `\"`")?,
            None => rest.split_at(rest.find('.').unwrap_or(rest.len())),
        };
        if segment.is_empty() {
            return Err(
                "expected the name of a column, as in .msg_id, a path, as in .payload.id, or a constant, as in =bank"
                    .into(),
            );
        }
        segments.push(segment.into());
        match after.strip_prefix('.') {
            Some(after) => rest = after,
            None if after.is_empty() => return Ok(segments),
            None => return Err(format!("expected a dot, found {after:?}")),
        }
    }
}

/// The mapping of a whole export: the source of each field, and the meaning of each value of the field `kind`.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    pub(super) fields: BTreeMap<Field, Expression>,
    kinds: BTreeMap<String, RowKind>,
}

/// The kind of event that a row becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// The row becomes a message that came in.
    In,
    /// The row becomes a message that went out.
    Out,
    /// The row becomes the view of a key.
    View,
    /// The row becomes no event: it is ignored.
    Ignored,
}

impl Mapping {
    /// Builds a mapping from the sources of the fields and the meanings of the values of the field `kind`.
    ///
    /// If the field `kind` is not mapped, every row is a message in.
    ///
    /// # Errors
    ///
    /// Fails if a field is mapped twice, or if a value of the field `kind` has two meanings.
    pub fn new(
        assignments: impl IntoIterator<Item = Assignment>,
        kinds: impl IntoIterator<Item = (String, RowKind)>,
    ) -> Result<Self, String> {
        let mut mapping = Self::default();
        for Assignment(field, expression) in assignments {
            if mapping.fields.insert(field, expression).is_some() {
                return Err(format!("the field `{}` is mapped twice, expected one mapping", field.name()));
            }
        }
        for (value, kind) in kinds {
            match mapping.kinds.insert(value.clone(), kind) {
                Some(other) if other != kind => {
                    return Err(format!(
                        "the kind {value:?} has two meanings, expected one of `--in`, `--out`, `--view` and `--ignore`"
                    ));
                }
                _ => {}
            }
        }
        Ok(mapping)
    }

    /// Returns the kind of event that a row becomes if its field `kind` has this value.
    pub(super) fn kind(&self, value: &str) -> Result<RowKind, String> {
        self.kinds.get(value).copied().ok_or_else(|| {
            let unknown = UnknownName::new(Thing::Kind, value, self.kinds.keys());
            format!("{unknown}; to add it, use `--in`, `--out`, `--view` or `--ignore`")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_read_as_documented() {
        let path = |text: &str| match text.parse::<Assignment>() {
            Ok(Assignment(Field::Id, Expression::Path(path))) => path,
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(path("id=.msg_id"), ["msg_id"]);
        assert_eq!(path("id=msg id"), ["msg id"]);
        assert_eq!(path("id=.payload.id.0"), ["payload", "id", "0"]);
        assert_eq!(path("id=.\"a.b\".c"), ["a.b", "c"]);
        assert!(path("id=.").is_empty());
        assert_eq!("from==a=b".parse(), Ok(Assignment(Field::From, Expression::Constant("a=b".into()))));
        for text in ["", "id", "ids=.a", "id=", "id=.a..b", "id=.\"a", "id=.\"a\"b", "id=.a."] {
            assert!(text.parse::<Assignment>().is_err(), "{text}");
        }
    }
}
