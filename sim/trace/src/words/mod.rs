//! Words: what a digest is made of.

mod walk;

use serde::Serialize;

use walk::Walk;

/// What a word says. Every value of another shape gives other words.
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

/// Takes words, one after another.
pub(crate) trait Words {
    /// Takes a word. `length` is what the tag needs to know besides: of a text, how many bytes.
    fn word(&mut self, tag: Tag, length: u64, word: u64);

    /// Takes text or bytes, eight a word. The last word overlaps the one before where the length is no multiple of
    /// eight; the length, which goes with the first, says by how much.
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

    /// Takes any value. A value that refuses to be written is a word too, so this cannot fail.
    fn value<T: Serialize + ?Sized>(&mut self, value: &T)
    where
        Self: Sized,
    {
        if value.serialize(Walk(&mut *self)).is_err() {
            self.word(Tag::Failed, 0, 0);
        }
    }
}

/// Up to seven bytes in one word, without a copy whose length is not known: which of them overlap follows from how many
/// there are.
#[inline]
fn few(bytes: &[u8]) -> u64 {
    match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        (Some(first), Some(last)) => u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32,
        _ => bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

/// Whether there is a float in `value` that is no number: NaN or an infinity.
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
