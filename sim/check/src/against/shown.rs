//! [`Shown`]: an output or a view that may be one of another version of the system.

use std::borrow::Cow;

use afresh_trace::format::from_json;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::finding::value;

/// An output or a view, of this version of the system or of another one.
#[derive(Clone, Debug)]
pub(crate) enum Shown<T> {
    /// A value whose type says everything about it.
    Known(T),
    /// A value of another type.
    Other {
        /// The whole value.
        value: Value,
        /// The part of it that the type of this version says, if this version can read the value at all.
        read: Option<T>,
    },
}

impl<T> Shown<T> {
    /// The value as this version reads it, if it can.
    pub(crate) fn read(&self) -> Option<&T> {
        match self {
            Self::Known(known) => Some(known),
            Self::Other { read, .. } => read.as_ref(),
        }
    }
}

impl<T: Serialize> Shown<T> {
    /// The whole value as JSON.
    pub(crate) fn value(&self) -> Cow<'_, Value> {
        match self {
            Self::Known(known) => Cow::Owned(value(known)),
            Self::Other { value, .. } => Cow::Borrowed(value),
        }
    }
}

impl<T: PartialEq + Serialize> PartialEq for Shown<T> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Known(one), Self::Known(other)) => one == other,
            _ => self.value() == other.value(),
        }
    }
}

impl<T: Serialize> Serialize for Shown<T> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        match self {
            Self::Known(known) => known.serialize(serializer),
            Self::Other { value, .. } => value.serialize(serializer),
        }
    }
}

/// Reads any JSON. A field that the type of this version lacks makes it a value of another type, although the type
/// could be read from it.
impl<'de, T: Serialize + DeserializeOwned> Deserialize<'de> for Shown<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        let read = from_json::<T>(json.get().as_bytes()).ok();
        // A value that is written as the same text needs no further look.
        let read = match read {
            Some(read) if serde_json::to_string(&read).is_ok_and(|text| text == json.get()) => {
                return Ok(Self::Known(read));
            }
            read => read,
        };
        let whole: Value = serde_json::from_str(json.get()).map_err(D::Error::custom)?;
        Ok(match read {
            Some(read) if value(&read) == whole => Self::Known(read),
            read => Self::Other { value: whole, read },
        })
    }
}
