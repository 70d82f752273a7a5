//! The mapping from the columns of an export to the fields of events, as `--map` gives it.

use std::collections::BTreeMap;
use std::str::FromStr;

use super::time::Unit;
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
    /// The whole number at a path, plus a constant: revisions begin at 1, and offsets at 0.
    Plus(Vec<String>, u32),
    /// `true` if the value at a path is this text, or a null if this is `None`; else `false`.
    Equals(Vec<String>, Option<String>),
}

impl FromStr for Expression {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(constant) = text.strip_prefix('=') {
            return Ok(Self::Constant(constant.into()));
        }
        let (path, rest) = path(text)?;
        let more = rest.strip_prefix('+').and_then(|more| more.parse().ok());
        match (rest.strip_prefix("=="), more) {
            (Some("null"), _) => Ok(Self::Equals(path, None)),
            (Some(other), _) => Ok(Self::Equals(path, Some(other.into()))),
            (None, Some(more)) => Ok(Self::Plus(path, more)),
            (None, None) if rest.is_empty() => Ok(Self::Path(path)),
            (None, None) => Err(format!("expected a dot, `==` or `+` and a number, found {rest:?}")),
        }
    }
}

impl Expression {
    /// The path of the expression, or `None` for a constant.
    pub(super) fn path(&self) -> Option<&[String]> {
        match self {
            Self::Constant(_) => None,
            Self::Path(path) | Self::Plus(path, _) | Self::Equals(path, _) => Some(path),
        }
    }
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
        Ok(Self(field, expression.parse()?))
    }
}

/// Splits a path such as `.a."b.c".d` into its segments, and returns the text after it. The first dot may be missing.
fn path(text: &str) -> Result<(Vec<String>, &str), String> {
    let mut rest = text.strip_prefix('.').unwrap_or(text);
    let mut segments = Vec::new();
    if text == "." {
        return Ok((segments, ""));
    }
    loop {
        let (segment, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').ok_or("unclosed quote, expected a second `\"`")?,
            None => rest.split_at(segment_end(rest)),
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
            None => return Ok((segments, after)),
        }
    }
}

/// Returns where a name without quotes ends: at a dot, at `==`, or at a `+` before a number that ends the text.
fn segment_end(text: &str) -> usize {
    let is_sum = |at: usize| text[at + 1..].parse::<u32>().is_ok();
    let sum = text.rfind('+').filter(|at| is_sum(*at));
    [text.find('.'), text.find("=="), sum].into_iter().flatten().min().unwrap_or(text.len())
}

/// The mapping of a whole export: the source of each field, and the meaning of each value of the field `kind`.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    pub(super) fields: BTreeMap<Field, Expression>,
    kinds: BTreeMap<String, RowKind>,
    pub(super) unit: Option<Unit>,
    pub(super) later_replaces: bool,
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

    /// Sets the unit of times that are numbers, and permits times of any year. Without a unit, the size of a number
    /// tells its unit, and a time before 1990 or after 2100 is an error.
    #[must_use]
    pub fn at_unit(self, unit: Option<Unit>) -> Self {
        Self { unit, ..self }
    }

    /// Makes each row a new revision of its message, which replaces those of the rows before it.
    ///
    /// # Errors
    ///
    /// Fails if the field `revision` is mapped.
    pub fn later_replaces(self) -> Result<Self, String> {
        if self.fields.contains_key(&Field::Revision) {
            return Err("`--later-replaces` counts the revisions: expected no mapping of the field `revision`".into());
        }
        Ok(Self { later_replaces: true, ..self })
    }

    /// The paths into a row that the mapping names.
    pub(super) fn columns(&self) -> impl Iterator<Item = &[String]> {
        self.fields.values().filter_map(Expression::path)
    }

    /// Returns `true` if the mapping names a column by its name, and `false` if it names all by their numbers.
    pub(super) fn names_columns(&self) -> bool {
        self.columns().filter_map(<[String]>::first).any(|column| column.parse::<u32>().is_err())
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
        let of = |text: &str| text.parse::<Expression>();
        assert_eq!(of(".op==d"), Ok(Expression::Equals(vec!["op".into()], Some("d".into()))));
        assert_eq!(of(".\"a==b\"==null"), Ok(Expression::Equals(vec!["a==b".into()], None)));
        assert_eq!(of(".a.b+1"), Ok(Expression::Plus(vec!["a".into(), "b".into()], 1)));
        assert_eq!(of(".a+b"), Ok(Expression::Path(vec!["a+b".into()])));
        for text in ["", "id", "ids=.a", "id=", "id=.a..b", "id=.\"a", "id=.\"a\"b", "id=.a."] {
            assert!(text.parse::<Assignment>().is_err(), "{text}");
        }
    }
}
