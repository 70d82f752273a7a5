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
const INLINE_MAX: usize = 15;

/// A name: text that is cheap to clone, ordered by its bytes, and 16 bytes in memory.
///
/// An engine keeps several names for every message, so their size and their comparison decide how fast and how small
/// it is: up to 15 bytes are held in place, longer names are shared.
pub struct Name(Repr);

enum Repr {
    Inline(Short),
    /// A fat pointer would make every name half as big again, the short ones too.
    Shared(Arc<Box<str>>),
}

/// A short name: the bytes after its text are zero, so that two of them compare as numbers.
///
/// It fills all 16 bytes of a name, and is so copied in one step; that a name is a shared one is said by a length that no
/// short one has.
#[derive(Clone, Copy)]
struct Short {
    bytes: [u8; INLINE_MAX],
    length: Length,
}

/// The length of a short name: a byte of which the compiler knows that it can be no more than that.
#[derive(Clone, Copy)]
#[repr(u8)]
#[rustfmt::skip]
enum Length { L0, L1, L2, L3, L4, L5, L6, L7, L8, L9, L10, L11, L12, L13, L14, L15 }

impl Length {
    #[rustfmt::skip]
    const ALL: [Self; INLINE_MAX + 1] = [
        Self::L0, Self::L1, Self::L2, Self::L3, Self::L4, Self::L5, Self::L6, Self::L7,
        Self::L8, Self::L9, Self::L10, Self::L11, Self::L12, Self::L13, Self::L14, Self::L15,
    ];
}

impl Short {
    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length as usize]
    }

    /// Bytes and length as one number, so that they compare in one step. The halves overlap, so that both are loaded
    /// straight from the name; the byte that they share is shifted out of the second.
    #[inline]
    fn rank(&self) -> u128 {
        let (Some(first), Some(last)) = (self.bytes.first_chunk(), self.bytes.last_chunk()) else { unreachable!() };
        let (first, last) = (u64::from_be_bytes(*first), u64::from_be_bytes(*last));
        u128::from(first) << 64 | u128::from(last << 8 | self.length as u64)
    }
}

/// What is recomputed as a whole: an account, an order book, a device.
pub type Key = Name;

/// The place of one output of a key.
pub type Slot = Name;

impl Name {
    /// The text of the name.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Inline(short) => core::str::from_utf8(short.as_bytes()).expect("a name is made from text"),
            Repr::Shared(text) => text,
        }
    }

    /// The bytes of the text, in UTF-8.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Inline(short) => short.as_bytes(),
            Repr::Shared(text) => text.as_bytes(),
        }
    }

    /// The name that a text and this name make, one after the other: `receipt-p-17` of `receipt-` and `p-17`.
    pub fn after(&self, prefix: &str) -> Self {
        let (first, rest) = (prefix.as_bytes(), self.as_bytes());
        let length = first.len() + rest.len();
        let mut bytes = [0; INLINE_MAX];
        match (bytes.get_mut(..first.len()), length <= INLINE_MAX) {
            (Some(place), true) => place.copy_from_slice(first),
            _ => return [prefix, self.as_str()].concat().into(),
        }
        bytes[first.len()..length].copy_from_slice(rest);
        Self(Repr::Inline(Short { bytes, length: Length::ALL[length] }))
    }

    /// The rest of the name after `prefix`, if it begins with that: `p-17` of `receipt-p-17` and `receipt-`.
    pub fn strip(&self, prefix: &str) -> Option<Self> {
        let Repr::Inline(short) = &self.0 else { return self.as_str().strip_prefix(prefix).map(Self::from) };
        let rest = short.as_bytes().strip_prefix(prefix.as_bytes())?;
        let mut bytes = [0; INLINE_MAX];
        bytes[..rest.len()].copy_from_slice(rest);
        Some(Self(Repr::Inline(Short { bytes, length: Length::ALL[rest.len()] })))
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
        Self(Repr::Inline(Short { bytes, length: Length::ALL[text.len()] }))
    }
}

impl From<String> for Name {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl Clone for Name {
    // Not inlined, a short name is copied in one step; inlined, the compiler takes it apart, at five times the cost.
    #[inline(never)]
    fn clone(&self) -> Self {
        match &self.0 {
            Repr::Inline(short) => Self(Repr::Inline(*short)),
            Repr::Shared(text) => Self(Repr::Shared(Arc::clone(text))),
        }
    }
}

impl PartialEq for Name {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Repr::Inline(a), Repr::Inline(b)) => a.rank() == b.rank(),
            (Repr::Shared(a), Repr::Shared(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Name {}

impl Ord for Name {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Repr::Inline(a), Repr::Inline(b)) => a.rank().cmp(&b.rank()),
            _ => self.as_bytes().cmp(other.as_bytes()),
        }
    }
}

impl PartialOrd for Name {
    #[inline]
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
        let texts =
            ["", "\0", "a", "a\0", "a-1", "a-10", "a-2", "fourteen bytes", "fifteen bytes!!", "sixteen bytes!!!", "z"];
        for a in texts {
            for b in texts {
                let (x, y) = (Name::from(a), Name::from(b));
                assert_eq!(x.cmp(&y), a.cmp(b), "{a:?} {b:?}");
                assert_eq!(x == y, a == b, "{a:?} {b:?}");
            }
            assert_eq!(Name::from(a).as_str(), a);
        }
        for (prefix, rest) in [("", ""), ("a-", "1"), ("fourteen", " bytes!"), ("fourteen", " bytes!!"), ("é", "é")] {
            let name = Name::from(rest).after(prefix);
            assert_eq!(name.as_str(), [prefix, rest].concat());
            assert_eq!(name.strip(prefix), Some(rest.into()));
            assert_eq!(name.strip("x"), None);
        }
        assert_eq!(size_of::<Name>(), 16);
        assert_eq!(size_of::<Option<Name>>(), 16);
    }
}
