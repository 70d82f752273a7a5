//! Names of keys, slots, senders, messages and flows.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use core::borrow::Borrow;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The length in bytes of the longest name that is stored inline, without an allocation.
const INLINE_MAX: usize = 15;

/// A name: an immutable string that is cheap to clone, ordered by its bytes, and 16 bytes in size.
///
/// Names of up to 15 bytes are stored inline; the clones of a longer name share one allocation. An engine keeps several
/// names for each message, so the size and comparison of names largely decide its speed and memory use.
pub struct Name(Repr);

enum Repr {
    Inline(Short),
    /// A thin pointer to a box: with the fat pointer of an `Arc<str>`, every `Name` would take 24 bytes, not 16.
    Shared(Arc<Box<str>>),
}

/// A name that is stored inline. The bytes after its text are zero, so that two short names compare as numbers.
///
/// A short name fills all 16 bytes of a [`Name`], so it is copied in one step. A shared name is marked by a value of
/// the length byte that no [`Length`] has.
#[derive(Clone, Copy)]
struct Short {
    bytes: [u8; INLINE_MAX],
    length: Length,
}

/// The length of a short name, as an enum so that the compiler knows that the byte is at most 15.
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
    #[inline]
    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length as usize]
    }

    /// Bytes and length as two numbers, to compare and hash. The numbers overlap in one byte, so that each is one load.
    #[inline]
    fn words(&self) -> [u64; 2] {
        let (Some(first), Some(last)) = (self.bytes.first_chunk(), self.bytes.last_chunk()) else { unreachable!() };
        [u64::from_le_bytes(*first), u64::from_le_bytes(*last) ^ self.length as u64]
    }

    /// The bytes as a little-endian number, so that shifts can cut and join names.
    #[inline]
    fn number(&self) -> u128 {
        let mut bytes = [0; INLINE_MAX + 1];
        bytes[..INLINE_MAX].copy_from_slice(&self.bytes);
        u128::from_le_bytes(bytes)
    }

    /// Builds a name from the lowest `length` bytes of a little-endian `number`.
    #[inline]
    fn from_number(number: u128, length: usize) -> Self {
        let bytes = number.to_le_bytes();
        let Some(bytes) = bytes.first_chunk() else { unreachable!() };
        Self { bytes: *bytes, length: Length::ALL[length] }
    }

    /// Bytes and length as one number, which orders short names in one comparison. Each half is one load from the name;
    /// the halves overlap in one byte, which is shifted out of the second.
    #[inline]
    fn rank(&self) -> u128 {
        let (Some(first), Some(last)) = (self.bytes.first_chunk(), self.bytes.last_chunk()) else { unreachable!() };
        let (first, last) = (u64::from_be_bytes(*first), u64::from_be_bytes(*last));
        u128::from(first) << 64 | u128::from(last << 8 | self.length as u64)
    }
}

/// The name of a key: a thing with a state of its own, such as an account, an order book or a device.
///
/// A key is the unit of recomputation: its state is always recomputed as a whole.
pub type Key = Name;

/// The name of a slot: the place of one output of a key.
pub type Slot = Name;

impl Name {
    /// The name as a string slice.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Inline(short) => core::str::from_utf8(short.as_bytes()).expect("a name is made from text"),
            Repr::Shared(text) => text,
        }
    }

    /// The UTF-8 bytes of the name.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Inline(short) => short.as_bytes(),
            Repr::Shared(text) => text.as_bytes(),
        }
    }

    /// Returns this name with `prefix` in front. For `p-17` and the prefix `receipt-`, this is `receipt-p-17`.
    #[inline]
    pub fn after(&self, prefix: &str) -> Self {
        match &self.0 {
            Repr::Inline(rest) if prefix.len() + rest.length as usize <= INLINE_MAX => {
                let first = prefix.bytes().rev().fold(0, |number, byte| number << 8 | u128::from(byte));
                let number = first | rest.number() << (8 * prefix.len());
                Self(Repr::Inline(Short::from_number(number, prefix.len() + rest.length as usize)))
            }
            _ => [prefix, self.as_str()].concat().into(),
        }
    }

    /// Returns this name without `prefix`, or `None` if it does not begin with `prefix`.
    ///
    /// For `receipt-p-17` and the prefix `receipt-`, this is `p-17`.
    #[inline]
    pub fn strip(&self, prefix: &str) -> Option<Self> {
        let Repr::Inline(short) = &self.0 else { return self.as_str().strip_prefix(prefix).map(Self::from) };
        let rest = short.as_bytes().strip_prefix(prefix.as_bytes())?.len();
        Some(Self(Repr::Inline(Short::from_number(short.number() >> (8 * prefix.len()), rest))))
    }

    /// Feeds the name to a hash function, as words that are the same on every machine.
    #[inline]
    pub(crate) fn hash_into(&self, mut add: impl FnMut(u64)) {
        match &self.0 {
            Repr::Inline(short) => short.words().into_iter().for_each(add),
            Repr::Shared(text) => hash_text(text, &mut add),
        }
    }

    /// Compares two names as people order them: a run of digits compares as a number, so `m-9` comes before `m-10`.
    ///
    /// All other bytes compare one by one. Names that differ only in leading zeros compare by their bytes, so that only
    /// equal names are equal.
    pub fn natural_cmp(&self, other: &Self) -> Ordering {
        let (mut a, mut b) = (self.as_bytes(), other.as_bytes());
        while let (Some(x), Some(y)) = (a.first(), b.first()) {
            let order = if x.is_ascii_digit() && y.is_ascii_digit() {
                let (x, y) = (take_number(&mut a), take_number(&mut b));
                x.len().cmp(&y.len()).then_with(|| x.cmp(y))
            } else {
                (a, b) = (&a[1..], &b[1..]);
                x.cmp(y)
            };
            if order.is_ne() {
                return order;
            }
        }
        a.len().cmp(&b.len()).then_with(|| self.cmp(other))
    }

    /// Returns `true` if the name is empty.
    pub fn is_empty(&self) -> bool {
        self.as_bytes().is_empty()
    }
}

#[cold]
fn hash_text(text: &str, add: &mut dyn FnMut(u64)) {
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    words.iter().chain([&last]).for_each(|word| add(u64::from_le_bytes(*word)));
    add(text.len() as u64);
}

/// Takes a run of digits from the start of `bytes`, and returns it without leading zeros.
fn take_number<'b>(bytes: &mut &'b [u8]) -> &'b [u8] {
    let length = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = bytes.split_at(length);
    *bytes = rest;
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    &digits[zeros..]
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
    // Inlined, the compiler splits the copy of a short name into parts, which costs five times as much.
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
            (Repr::Inline(a), Repr::Inline(b)) => a.words() == b.words(),
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
    /// Hashes the name as its text is hashed, as `Borrow<str>` requires. Using the bytes saves the check for UTF-8.
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.as_bytes());
        state.write_u8(0xff);
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq<str> for Name {
    #[inline]
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for Name {
    #[inline]
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl Default for Name {
    #[inline]
    fn default() -> Self {
        Self(Repr::Inline(Short { bytes: [0; INLINE_MAX], length: Length::L0 }))
    }
}

/// Prints the name for people: an empty name as `""`, so that a sentence does not lose a word.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(if self.as_str().is_empty() { "\"\"" } else { self.as_str() })
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
    use alloc::vec::Vec;

    use super::*;

    /// A hasher that keeps all bytes that it is given.
    #[derive(Default)]
    struct Given(Vec<u8>);

    impl Hasher for Given {
        fn finish(&self) -> u64 {
            0
        }

        fn write(&mut self, bytes: &[u8]) {
            self.0.extend(bytes);
        }
    }

    #[test]
    fn names_hash_as_their_text_does() {
        for text in ["", "a-1", "fifteen bytes!!", "sixteen bytes!!!"] {
            let (mut name, mut given) = (Given::default(), Given::default());
            Name::from(text).hash(&mut name);
            text.hash(&mut given);
            assert_eq!(name.0, given.0, "{text:?}");
        }
    }

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
