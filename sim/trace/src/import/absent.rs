//! Fields that are mapped to a column that no row has, which mostly is a typing error.

use std::collections::BTreeMap;
use std::fmt;
use std::io::BufRead;

use serde::Serialize;

use super::mapping::{Expression, Field, Mapping};
use super::rows::Rows;
use crate::format::{Error, Problem};
use crate::text;
use crate::unknown::{Thing, UnknownName};

/// A field that is mapped to a column that no row has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Absent {
    /// The name of the field.
    pub field: &'static str,
    /// The path to the column.
    pub column: String,
    /// A similar name that a row has there.
    pub similar: Option<String>,
}

impl fmt::Display for Absent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, column, similar } = self;
        write!(f, "no row has the column `{}`, from which `{field}` is read", text::name(column))?;
        similar.as_ref().map_or(Ok(()), |similar| write!(f, "; did you mean `{}`?", text::name(similar)))
    }
}

/// The fields that a row may have, and whose columns no row has had so far.
pub(super) struct Unseen<'m>(BTreeMap<Field, (&'m Expression, Option<Absent>)>);

impl<'m> Unseen<'m> {
    pub(super) fn new(mapping: &'m Mapping) -> Self {
        let optional = [Field::At, Field::Revision, Field::Withdrawn].into_iter();
        Self(optional.filter_map(|field| Some((field, (mapping.fields.get(&field)?, None)))).collect())
    }

    /// Looks for the columns in one more row. A view has only a time.
    pub(super) fn look_at<R: BufRead>(&mut self, rows: &Rows<R>, is_view: bool) {
        self.0.retain(|field, (expression, absent)| {
            let Some(path) = expression.path() else { return false };
            if is_view && *field != Field::At {
                return true;
            }
            let Err(names) = rows.has(path) else { return false };
            absent.get_or_insert_with(|| {
                let unknown = UnknownName::new(Thing::Column, path.last().map_or("", String::as_str), names);
                let similar = unknown.nearest().map(ToOwned::to_owned);
                Absent { field: field.name(), column: path.join("."), similar }
            });
            true
        });
    }

    /// Returns the fields whose columns no row has.
    ///
    /// # Errors
    ///
    /// Fails if a column that no row has was compared with a null: then the field would be true for all rows.
    pub(super) fn absent(self, name: &str) -> Result<Vec<Absent>, Error> {
        let absent = |(expression, absent): (&Expression, Option<Absent>)| {
            let absent = absent?;
            Some(match expression {
                Expression::Equals(_, None) => Err(Error::file(name, Problem::Mapping(absent.to_string()))),
                _ => Ok(absent),
            })
        };
        self.0.into_values().filter_map(absent).collect()
    }
}
