//! A value found in a row, as a text or as JSON, and its conversion into a field of an event.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use afresh_core::{At, Name};
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::time::{self, Unit};
use crate::format::{Scan, compact};

/// A value found in a row. A null counts as no value, so it is never one of these.
#[derive(Clone, Debug)]
pub(super) enum Value<'a> {
    /// The text of a cell of CSV, or a constant.
    Text(Cow<'a, str>),
    /// Valid JSON, other than null.
    Json(Cow<'a, str>),
}

impl<'a> Value<'a> {
    /// Finds the value at `path` in `json`, which must be valid JSON.
    ///
    /// If a text along the path holds an object or an array as JSON, the path continues inside it.
    pub(super) fn find(json: &'a str, path: &[String]) -> Result<Option<Self>, String> {
        let Some((first, rest)) = path.split_first() else {
            return Ok((json.trim_ascii() != "null").then_some(Self::Json(json.into())));
        };
        if let Some(inner) = encoded(json) {
            return Ok(Value::find(&inner, path)?.map(Value::into_owned));
        }
        match step(json, first).map_err(|error| error.to_string())? {
            Some(value) => Self::find(value.get(), rest),
            None => Ok(None),
        }
    }

    /// Returns `true` if the value is an object or an array with this member, which may be null.
    pub(super) fn has(&self, name: &str) -> bool {
        step(&self.inner(), name).is_ok_and(|member| member.is_some())
    }

    /// The names of the members, if the value is an object.
    pub(super) fn names(&self) -> Vec<String> {
        let members = serde_json::from_str::<BTreeMap<String, IgnoredAny>>(&self.inner());
        members.unwrap_or_default().into_keys().collect()
    }

    /// The JSON in which a path goes on: that of the value, or the one that its text holds.
    fn inner(&self) -> Cow<'_, str> {
        let (Self::Text(json) | Self::Json(json)) = self;
        encoded(json).map_or(Cow::Borrowed(json), Cow::Owned)
    }

    /// Copies a borrowed text, so that the value no longer depends on its row.
    fn into_owned<'b>(self) -> Value<'b> {
        match self {
            Self::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Self::Json(json) => Value::Json(Cow::Owned(json.into_owned())),
        }
    }

    /// Reads a value from a row as text. A number or a truth value becomes the text that it is written as.
    pub(super) fn text(&self) -> Result<Cow<'_, str>, String> {
        match self {
            Self::Text(text) => Ok(text.as_ref().into()),
            Self::Json(json) => match json.as_bytes().first() {
                Some(b'"') => serde_json::from_str::<String>(json).map(Cow::Owned).map_err(|error| error.to_string()),
                Some(b'{' | b'[') => Err(format!("expected a text or a number, found {json}")),
                _ => Ok(json.as_ref().into()),
            },
        }
    }

    /// Reads a value from a row as a name, such as a sender or a key.
    pub(super) fn name(&self) -> Result<Name, String> {
        Ok(self.text()?.as_ref().into())
    }

    /// Adds a number to a value that is a whole number.
    pub(super) fn plus<'b>(&self, more: u32) -> Result<Value<'b>, String> {
        let text = self.text()?;
        let number: i64 = text.trim().parse().map_err(|_| format!("expected a whole number, found {text:?}"))?;
        let sum = number.checked_add(more.into()).ok_or_else(|| format!("{text} + {more} is out of range"))?;
        Ok(Value::Text(sum.to_string().into()))
    }

    /// Reads a value from a row as the time of an event, whose number is in `unit` if that is given.
    pub(super) fn at(&self, unit: Option<Unit>) -> Result<At, String> {
        time::parse(&self.text()?, unit)
    }

    /// Reads a value from a row as a revision: a number from 1.
    pub(super) fn revision(&self) -> Result<u32, String> {
        let text = self.text()?;
        match text.trim().parse() {
            Ok(revision) if revision > 0 => Ok(revision),
            _ => Err(format!(
                "expected a revision from 1 to {}, found {text:?}; to count the revisions by arrival, use \
                 `--later-replaces`; to count an offset from 1, map the field to a sum, as in .offset+1",
                u32::MAX
            )),
        }
    }

    /// Reads a value from a row that says whether a message is withdrawn: true, false, or the time of the withdrawal.
    pub(super) fn withdrawn(&self, unit: Option<Unit>) -> Result<bool, String> {
        let text = self.text()?;
        match text.trim().to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "1" => Ok(true),
            "false" | "f" | "no" | "n" | "0" => Ok(false),
            _ => match time::parse(&text, unit) {
                Ok(_) => Ok(true),
                Err(problem) => Err(format!("expected true or false, or the time of the withdrawal: {problem}")),
            },
        }
    }

    /// Reads a value from a row as a body: its JSON text, byte for byte except for blanks between values.
    ///
    /// If the value is a text that holds an object or an array as JSON, the body is that object or array. Exports often
    /// encode JSON twice.
    pub(super) fn body(&self) -> Result<Box<RawValue>, String> {
        let json = match self {
            Self::Json(json) => json.as_ref(),
            Self::Text(text) => {
                serde_json::from_str::<IgnoredAny>(text)
                    .map_err(|error| format!("expected JSON: {error}, found {text}"))?;
                text
            }
        };
        let inner = encoded(json);
        let json = inner.as_deref().unwrap_or(json);
        // The event is an object that holds an object that holds the body.
        Scan::within(2).check(json).map_err(|(problem, _)| problem.to_string())?;
        // JSON has numbers that are out of range, and texts with half a character, which cannot be read again.
        serde_json::from_str::<serde_json::Value>(json).map_err(|error| format!("{error}, found {json}"))?;
        RawValue::from_string(compact(json)).map_err(|error| format!("expected JSON: {error}, found {json}"))
    }
}

/// Decodes JSON that was encoded twice: a JSON text that holds an object or an array. Returns `None` for other JSON.
fn encoded(json: &str) -> Option<String> {
    if !json.trim_ascii_start().starts_with('"') {
        return None;
    }
    let text: String = serde_json::from_str(json).ok()?;
    let holds = text.trim_ascii_start().starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(&text).is_ok();
    holds.then_some(text)
}

/// Finds the member of an object by its name, or the item of an array by its index from 0.
fn step<'a>(json: &'a str, name: &str) -> Result<Option<&'a RawValue>, serde_json::Error> {
    match json.trim_ascii().as_bytes() {
        [b'{' | b'[', ..] => Step(name).deserialize(&mut serde_json::Deserializer::from_str(json)),
        b"null" => Ok(None),
        _ => {
            let problem = format!("expected an object or an array with `{name}`, found {json}");
            Err(de::Error::custom(problem))
        }
    }
}

/// A serde visitor that finds a member of an object or an item of an array.
#[derive(Clone, Copy)]
struct Step<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for Step<'_> {
    type Value = Option<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Step<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(same) = map.next_key_seed(Same(self.0))? {
            if !same {
                map.next_value::<IgnoredAny>()?;
            } else if found.replace(map.next_value()?).is_some() {
                return Err(de::Error::custom(format!("duplicate key `{}` in one object: expected it once", self.0)));
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let place = self.0.parse::<usize>().ok();
        let (mut found, mut count) = (None, 0);
        while let Some(item) = seq.next_element()? {
            if place == Some(count) {
                found = Some(item);
            }
            count += 1;
        }
        Ok(found)
    }
}

/// A serde visitor that tells if a key of an object is the one that is looked for.
struct Same<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for Same<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Same<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<bool, E> {
        Ok(text == self.0)
    }
}
