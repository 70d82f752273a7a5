//! Names: of keys, slots, senders, messages and flows.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use core::borrow::Borrow;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest name, in bytes, that is held in place.
const INLINE_MAX: usize = 14;

/// A name: text that is cheap to clone, ordered by its bytes, and 16 bytes in memory.
///
/// An engine keeps several names for every message, so their size and their comparison decide how fast and how small
/// it is: up to 14 bytes are held in place, longer names are shared.
#[derive(Clone)]
pub struct Name(Repr);

#[derive(Clone)]
enum Repr {
    /// The bytes after the first `length` are zero, so that two short names compare as arrays.
    Inline { bytes: [u8; INLINE_MAX], length: u8 },
    /// A fat pointer would make every name half as big again, the short ones too.
    Shared(Arc<Box<str>>),
}

/// What is recomputed as a whole: an account, an order book, a device.
pub type Key = Name;

/// The place of one output of a key.
pub type Slot = Name;

impl Name {
    /// The text of the name.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Inline { bytes, length } => {
                core::str::from_utf8(&bytes[..usize::from(*length)]).expect("a name is made from text")
            }
            Repr::Shared(text) => text,
        }
    }

    /// The bytes of the text, in UTF-8.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Inline { bytes, length } => &bytes[..usize::from(*length)],
            Repr::Shared(text) => text.as_bytes(),
        }
    }

    /// Whether the text is empty.
    pub fn is_empty(&self) -> bool {
        self.as_bytes().is_empty()
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        if text.len() > INLINE_MAX {
            return Self(Repr::Shared(Arc::new(text.into())));
        }
        let mut bytes = [0; INLINE_MAX];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Self(Repr::Inline { bytes, length: text.len() as u8 })
    }
}

impl From<String> for Name {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Repr::Inline { bytes: a, length: m }, Repr::Inline { bytes: b, length: n }) => a == b && m == n,
            (Repr::Shared(a), Repr::Shared(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Name {}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Repr::Inline { bytes: a, length: m }, Repr::Inline { bytes: b, length: n }) => {
                head(a).cmp(&head(b)).then(m.cmp(n))
            }
            _ => self.as_bytes().cmp(other.as_bytes()),
        }
    }
}

/// The bytes as one number, so that they compare in one step.
fn head(bytes: &[u8; INLINE_MAX]) -> u128 {
    let mut wide = [0; 16];
    wide[..INLINE_MAX].copy_from_slice(bytes);
    u128::from_be_bytes(wide)
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl Default for Name {
    fn default() -> Self {
        "".into()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Name;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Name, E> {
                Ok(text.into())
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_order_as_their_text_does_short_or_long() {
        let texts = ["", "\0", "a", "a\0", "a-1", "a-10", "a-2", "fourteen bytes", "fourteen bytes!", "z"];
        for a in texts {
            for b in texts {
                let (x, y) = (Name::from(a), Name::from(b));
                assert_eq!(x.cmp(&y), a.cmp(b), "{a:?} {b:?}");
                assert_eq!(x == y, a == b, "{a:?} {b:?}");
            }
            assert_eq!(Name::from(a).as_str(), a);
        }
        assert_eq!(size_of::<Name>(), 16);
        assert_eq!(size_of::<Option<Name>>(), 16);
    }
}
