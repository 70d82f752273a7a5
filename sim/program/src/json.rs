//! A value of JSON, as the bodies, views and states of a program are.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Serialize, Serializer};
use serde_json::{Map, Number, Value};

/// A value of JSON, cheap to clone, as it came from a trace or from a program.
///
/// A number is an integer from -2^63 to 2^64-1, or a double whose amount is below 2^63. Other numbers and objects with
/// the same name twice are refused when a value is read, because they would not come back as they were.
#[derive(Clone)]
pub struct Json(Arc<Inner>);

struct Inner {
    value: Value,
    /// The value as text, from the moment at which it is first sent to a program.
    text: OnceLock<Box<str>>,
    /// The answers of programs about the value, by the number of the program.
    said: Mutex<Vec<(u64, Said)>>,
}

/// An answer of a program about a body, which depends on nothing else.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Said {
    /// Of a message in: whether it is admitted, its keys and its position.
    Placed(Arc<crate::answers::Placed>),
    /// Of an output: where it goes.
    Goes(Arc<crate::answers::Goes>),
}

/// The largest amount of a number that is no integer of 64 bits.
const DOUBLE_MAX: f64 = 9_223_372_036_854_775_808.0;

impl Json {
    /// The value.
    pub fn value(&self) -> &Value {
        &self.0.value
    }

    /// The value as text, without spaces, with the names of objects in order.
    pub(crate) fn text(&self) -> &str {
        self.0.text.get_or_init(|| serde_json::to_string(&self.0.value).unwrap_or_default().into())
    }

    /// The address of the value, which is its own while it is in memory.
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.0) as usize
    }

    /// Returns `true` if the two are the same value in memory.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The answer of the program with this number about the value, if it was asked.
    pub(crate) fn said(&self, program: u64) -> Option<Said> {
        let said = self.0.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.iter().find(|(number, _)| *number == program).map(|(_, said)| said.clone())
    }

    /// Notes the answer of the program with this number about the value.
    pub(crate) fn note(&self, program: u64, said: Said) {
        let mut known = self.0.said.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(number, _)| *number != program);
        known.push((program, said));
    }

    /// The largest amount of an integer in the value.
    pub(crate) fn widest(&self) -> u64 {
        fn widest(value: &Value) -> u64 {
            match value {
                Value::Number(number) => number.as_i64().map(i64::unsigned_abs).or(number.as_u64()).unwrap_or(0),
                Value::Array(values) => values.iter().map(widest).max().unwrap_or(0),
                Value::Object(fields) => fields.values().map(widest).max().unwrap_or(0),
                _ => 0,
            }
        }
        widest(&self.0.value)
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        Self(Arc::new(Inner { value, text: OnceLock::new(), said: Mutex::new(Vec::new()) }))
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.is(other) || self.0.value == other.0.value
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.value.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Exact::deserialize(deserializer).map(|exact| exact.0.into())
    }
}

/// A value that is read only if it can be written again as it was.
struct Exact(Value);

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ExactVisitor).map(Exact)
    }
}

struct ExactVisitor;

impl<'de> Visitor<'de> for ExactVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of JSON")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(Self)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).filter(|_| value.abs() < DOUBLE_MAX);
        number.map(Value::Number).ok_or_else(|| {
            E::custom(format_args!(
                "the number {value:e} is too large to be kept exactly: write it as a text, or keep it below 2^63"
            ))
        })
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Exact(value)) = seq.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let Exact(value) = map.next_value()?;
            if fields.contains_key(&name) {
                return Err(de::Error::custom(format_args!("the object has {name:?} twice")));
            }
            fields.insert(name, value);
        }
        Ok(Value::Object(fields))
    }
}
