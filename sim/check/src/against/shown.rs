//! [`Shown`]: an output or a view that may be one of another version of the system.

use afresh_trace::format::from_json;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::finding::value;

/// An output or a view: of this version of the system, or one that was read, which may be of any version.
#[derive(Clone, Debug)]
pub(crate) enum Shown<T> {
    /// A value of this version.
    Own(T),
    /// A value that was read, as its text. Most are equal to one of this version, and then nothing has to be parsed.
    Read(Box<RawValue>),
}

impl<T: Serialize + DeserializeOwned> Shown<T> {
    /// The whole value as JSON.
    pub(super) fn value(&self) -> Value {
        value(self)
    }

    /// Passes the value, as far as this version can read it, to `work`.
    pub(super) fn with<R>(&self, work: impl FnOnce(&T) -> R) -> Option<R> {
        match self {
            Self::Own(own) => Some(work(own)),
            Self::Read(text) => from_json::<T>(text.get().as_bytes()).ok().map(|read| work(&read)),
        }
    }

    /// Passes the value to `work` if the type of this version says everything about it. It does not if another version
    /// has more fields, although the type could be read.
    pub(super) fn with_exact<R>(&self, work: impl FnOnce(&T) -> R) -> Option<R> {
        match self {
            Self::Own(own) => Some(work(own)),
            Self::Read(_) => self.with(|read| (value(read) == self.value()).then(|| work(read))).flatten(),
        }
    }

    /// Returns `true` if the value is written as the same text as `own`.
    pub(super) fn is_text_of(&self, own: &T) -> bool {
        let Self::Read(text) = self else { return false };
        serde_json::to_string(own).is_ok_and(|own| own == text.get())
    }
}

impl<T: PartialEq + Serialize + DeserializeOwned> PartialEq for Shown<T> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Own(one), Self::Own(other)) => one == other,
            (Self::Own(own), read) | (read, Self::Own(own)) if read.is_text_of(own) => true,
            _ => self.value() == other.value(),
        }
    }
}

impl<T: Serialize> Serialize for Shown<T> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        match self {
            Self::Own(own) => own.serialize(serializer),
            Self::Read(text) => text.serialize(serializer),
        }
    }
}

impl<'de, T> Deserialize<'de> for Shown<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Self::Read)
    }
}
