//! Words: the units of 64 bits into which a value is broken, to compute its digest or to compare it field by field.

mod walk;

use serde::Serialize;

use walk::Walk;

/// The meaning of a word, such as a number or a part of a text.
///
/// The tags make sure that values of different shapes give different words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Tag {
    /// The boolean false.
    False = 1,
    /// The boolean true.
    True,
    /// A negative integer.
    Signed,
    /// An integer that is not negative.
    Unsigned,
    /// The upper half of an integer of 128 bits, before its lower half.
    Wide,
    /// A floating point number.
    Float,
    /// The last bytes of a text, with its length.
    Text,
    /// The last bytes of a byte string, with its length.
    Bytes,
    /// Eight more bytes of the text or the byte string before.
    Chunk,
    /// An option without a value.
    None,
    /// An option with a value, which follows.
    Some,
    /// The unit, or a value without content.
    Unit,
    /// The last bytes of the name of an enum's variant, with its length.
    Variant,
    /// The beginning of a list.
    List,
    /// The beginning of a struct or a map.
    Fields,
    /// The end of a list, a struct or a map, with the number of its parts.
    End,
    /// The value could not be serialized.
    Failed,
}

/// A receiver of the words of a value, such as a digest.
pub trait Words {
    /// Takes the next word of a value.
    ///
    /// `length` is the length in bytes of a text or of bytes, given with its first word. For all other words it is 0.
    fn word(&mut self, tag: Tag, length: u64, word: u64);

    /// Takes a text or bytes, as words of eight bytes each.
    ///
    /// The word with the last eight bytes comes first, together with the length. If the length is not a multiple of
    /// eight, that word overlaps the word before it, and the length tells by how much.
    #[inline]
    fn bytes(&mut self, tag: Tag, bytes: &[u8]) {
        let length = bytes.len() as u64;
        let Some(last) = bytes.last_chunk::<8>() else {
            return self.word(tag, length, few(bytes));
        };
        self.word(tag, length, u64::from_le_bytes(*last));
        for chunk in bytes[..bytes.len() - 1].as_chunks::<8>().0 {
            self.word(Tag::Chunk, 0, u64::from_le_bytes(*chunk));
        }
    }

    /// Takes the name of the next field of a struct. By default, the name is taken as a text.
    ///
    /// The name is included, as in JSON, so that a field that is skipped is not mistaken for its neighbour.
    #[inline]
    fn field(&mut self, name: &'static str) {
        self.bytes(Tag::Text, name.as_bytes());
    }

    /// Takes the words of any value. If the value cannot be serialized, a word says so, so this cannot fail.
    fn value<T: Serialize + ?Sized>(&mut self, value: &T)
    where
        Self: Sized,
    {
        if value.serialize(Walk(&mut *self)).is_err() {
            self.word(Tag::Failed, 0, 0);
        }
    }
}

/// Packs up to seven bytes into one word.
///
/// From four bytes on, it packs the first four and the last four, which may overlap. This is faster than a copy whose
/// length is unknown at compile time. Together with the length, the word is still unique.
#[inline]
fn few(bytes: &[u8]) -> u64 {
    match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        (Some(first), Some(last)) => u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32,
        _ => bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

/// Returns `true` if `value` contains NaN or an infinity, which JSON does not have.
pub fn holds_no_number<T: Serialize + ?Sized>(value: &T) -> bool {
    struct Found(bool);
    impl Words for Found {
        fn word(&mut self, tag: Tag, _: u64, word: u64) {
            self.0 |= tag == Tag::Float && !f64::from_bits(word).is_finite();
        }
    }
    let mut found = Found(false);
    found.value(value);
    found.0
}
