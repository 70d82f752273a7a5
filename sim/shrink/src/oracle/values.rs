//! The values in a line of text that link it to other lines.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// Returns hashes of the values in `line`: all strings and numbers of JSON at any depth, or the words of any other
/// text.
///
/// Equal strings are the same value in any field, because one field refers to the value that another one names. Equal
/// numbers are the same value only in the same field, because an amount is not a port. If an object has only one field,
/// the name of that field is a value too: it tells the kind of the object.
pub fn values(line: &[u8]) -> Vec<u64> {
    let mut values = Vec::new();
    let mut json = serde_json::Deserializer::from_slice(line);
    let is_json = matches!(line.trim_ascii_start().first(), Some(b'{' | b'['));
    let read = Json { field: b"", values: &mut values }.deserialize(&mut json);
    if !is_json || read.is_err() {
        values.clear();
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte) || !byte.is_ascii();
        let words = line.split(|byte| !is_part(byte)).filter(|word| !word.is_empty());
        values.extend(words.map(|word| hash(&[word])));
    }
    values
}

/// Hashes `parts` by FNV-1a with 64 bits, which is short, and the same on every machine.
fn hash(parts: &[&[u8]]) -> u64 {
    let bytes = parts.iter().copied().flatten();
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

/// Collects the values of JSON while it is read, without building it in memory.
struct Json<'a> {
    /// The name of the field that holds this JSON.
    field: &'a [u8],
    values: &'a mut Vec<u64>,
}

impl Json<'_> {
    fn number(self, bits: u64) {
        self.values.push(hash(&[self.field, b"\0", &bits.to_le_bytes()]));
    }
}

impl<'de> DeserializeSeed<'de> for Json<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Json<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.number(number.cast_unsigned());
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.number(number);
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.number(number.to_bits());
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.values.push(hash(&[text.as_bytes()]));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Self { field, values } = self;
        while seq.next_element_seed(Json { field, values: &mut *values })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (mut fields, mut kind) = (0, 0);
        while let Some(field) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            (fields, kind) = (fields + 1, hash(&[b"\0", field.as_bytes()]));
            map.next_value_seed(Json { field: field.as_bytes(), values: &mut *self.values })?;
        }
        self.values.extend((fields == 1).then_some(kind));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_the_same_in_any_field_and_a_number_in_one() {
        let shared =
            |a: &str, b: &str| values(a.as_bytes()).iter().filter(|value| values(b.as_bytes()).contains(value)).count();
        assert_eq!(shared(r#"{"account":"a-1","amount":5}"#, r#"{"to":["a-1"],"port":5}"#), 1);
        assert_eq!(shared(r#"{"amount":5,"x":{"deep":"y"}}"#, r#"{"amount":5,"deep":"y"}"#), 2);
        assert_eq!(shared("0 :invoke :read nil", "3 :ok :read nil"), 2);
        assert_eq!(shared(r#"{"fault":{"crash":{"node":"a"}}}"#, r#"{"fault":{"crash":{"node":"b"}}}"#), 3);
        // A line that only looks like JSON is read as words.
        assert_eq!(shared("{open a-1}", "close a-1"), 1);
    }

    #[test]
    fn depth_is_no_harm() {
        values("[".repeat(100_000).as_bytes());
    }
}
