//! The id of an output, which holds its key and its slot in one text.

use std::fmt;

use afresh_core::{Key, Slot};
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

/// The key and the slot of an output, decoded from its id.
pub(crate) struct OutputId {
    pub key: Key,
    pub slot: Slot,
}

impl<'de> Deserialize<'de> for OutputId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = OutputId;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the id of an output, which is a string")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<OutputId, E> {
                let (key, slot) = split(text);
                Ok(OutputId { key, slot })
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// Returns the id of the output of a key in a slot: `key/slot`.
///
/// In the key, `~` is written as `~0` and `/` as `~1`, as in a JSON Pointer. The slot is written unchanged.
///
/// A foreign system may have output ids without a `/`. Such an id is a slot of the empty key. So for the empty key, the
/// `/` is omitted if the slot has none either.
pub fn join(key: &Key, slot: &Slot) -> String {
    let (key, slot) = (key.as_str(), slot.as_str());
    if key.is_empty() && !slot.contains('/') {
        return slot.into();
    }
    let mut id = String::with_capacity(key.len() + slot.len() + 1);
    for character in key.chars() {
        match character {
            '~' => id.push_str("~0"),
            '/' => id.push_str("~1"),
            _ => id.push(character),
        }
    }
    id.push('/');
    id.push_str(slot);
    id
}

/// Splits the id of an output into its key and its slot.
///
/// Every text is a valid id. A `~` that does not begin an escape stands for itself.
pub fn split(id: &str) -> (Key, Slot) {
    match id.split_once('/') {
        None => ("".into(), id.into()),
        Some((key, slot)) if !key.contains('~') => (key.into(), slot.into()),
        // Replace in this order. In the other order, `~01` would become `/`.
        Some((key, slot)) => (key.replace("~1", "/").replace("~0", "~").into(), slot.into()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    #[test]
    fn ids_read_as_documented() {
        for (id, key, slot) in [
            ("a-1/balance", "a-1", "balance"),
            ("m-17", "", "m-17"),
            ("", "", ""),
            ("a~1b~0c/d/e~1", "a/b~c", "d/e~1"),
            ("~01/x", "~1", "x"),
            ("/a/b", "", "a/b"),
            ("a/", "a", ""),
        ] {
            assert_eq!(split(id), (key.into(), slot.into()), "{id}");
            assert_eq!(join(&key.into(), &slot.into()), id);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(17), failure_persistence: None, ..Default::default() })]
        #[test]
        fn every_key_and_slot_comes_back(key in "[a~/01]{0,4}", slot in "[a~/01]{0,4}") {
            let (key, slot) = (Key::from(key), Slot::from(slot));
            prop_assert_eq!(split(&join(&key, &slot)), (key, slot));
        }

        #[test]
        fn an_id_without_a_slash_comes_back(id in "[^/]{0,6}") {
            let (key, slot) = split(&id);
            prop_assert_eq!(join(&key, &slot), id);
        }
    }
}
