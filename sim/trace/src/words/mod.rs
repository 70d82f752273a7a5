//! Words: the units of 64 bits into which a value is broken, to compute its digest.

mod walk;

use serde::Serialize;

use walk::Walk;

/// The meaning of a word, such as a number or a part of a text.
///
/// The tags make sure that values of different shapes give different words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Tag {
    False = 1,
    True,
    Signed,
    Unsigned,
    Wide,
    Float,
    Text,
    Bytes,
    Chunk,
    None,
    Some,
    Unit,
    Variant,
    List,
    Fields,
    End,
    Failed,
}

/// A receiver of the words of a value, such as a digest.
pub(crate) trait Words {
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
pub(crate) fn holds_no_number<T: Serialize + ?Sized>(value: &T) -> bool {
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
