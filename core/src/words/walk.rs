//! Breaks any value that serde can serialize into words, without writing it as text.

use core::fmt;

use serde::ser::{self, Serialize, Serializer};

use super::{Tag, Words};

/// The error for a value whose `Serialize` implementation failed.
#[derive(Debug)]
pub(super) struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value cannot be serialized")
    }
}

impl core::error::Error for Refused {}

impl ser::Error for Refused {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// A serde serializer that passes the words of a value to a receiver.
pub(super) struct Walk<'a, W>(pub(super) &'a mut W);

impl<W: Words> Walk<'_, W> {
    /// Passes one word of a value to the receiver.
    fn put(self, tag: Tag, word: u64) -> Result<(), Refused> {
        self.0.word(tag, 0, word);
        Ok(())
    }
}

/// A serde serializer for the items, entries or fields of a value. It counts them, and ends them with the count.
pub(super) struct Parts<'a, W> {
    words: &'a mut W,
    count: u64,
}

impl<'a, W: Words> Parts<'a, W> {
    /// Starts a value with parts, by passing its tag to the receiver.
    fn new(words: &'a mut W, tag: Tag) -> Result<Self, Refused> {
        words.word(tag, 0, 0);
        Ok(Self { words, count: 0 })
    }

    /// Passes an item, or a value of a map, to the receiver.
    fn part<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.count += 1;
        value.serialize(Walk(&mut *self.words))
    }

    /// Passes a field to the receiver: first its name and then its value.
    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Refused> {
        self.words.field(name);
        self.part(value)
    }
}

impl<'a, W: Words> Serializer for Walk<'a, W> {
    type Ok = ();
    type Error = Refused;
    type SerializeSeq = Parts<'a, W>;
    type SerializeTuple = Parts<'a, W>;
    type SerializeTupleStruct = Parts<'a, W>;
    type SerializeTupleVariant = Parts<'a, W>;
    type SerializeMap = Parts<'a, W>;
    type SerializeStruct = Parts<'a, W>;
    type SerializeStructVariant = Parts<'a, W>;

    fn serialize_bool(self, value: bool) -> Result<(), Refused> {
        self.put(if value { Tag::True } else { Tag::False }, 0)
    }

    fn serialize_i8(self, value: i8) -> Result<(), Refused> {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<(), Refused> {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<(), Refused> {
        self.serialize_i64(value.into())
    }

    /// Passes a signed integer to the receiver. If it is not negative, it counts as unsigned, as in JSON.
    fn serialize_i64(self, value: i64) -> Result<(), Refused> {
        self.put(if value < 0 { Tag::Signed } else { Tag::Unsigned }, value as u64)
    }

    fn serialize_i128(self, value: i128) -> Result<(), Refused> {
        match (u64::try_from(value), i64::try_from(value)) {
            (Ok(value), _) => self.put(Tag::Unsigned, value),
            (_, Ok(value)) => self.put(Tag::Signed, value as u64),
            _ => {
                let tag = if value < 0 { Tag::Signed } else { Tag::Unsigned };
                self.0.word(Tag::Wide, 0, (value >> 64) as u64);
                self.put(tag, value as u64)
            }
        }
    }

    fn serialize_u8(self, value: u8) -> Result<(), Refused> {
        self.serialize_u64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<(), Refused> {
        self.serialize_u64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<(), Refused> {
        self.serialize_u64(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<(), Refused> {
        self.put(Tag::Unsigned, value)
    }

    fn serialize_u128(self, value: u128) -> Result<(), Refused> {
        if let Ok(value) = u64::try_from(value) {
            return self.put(Tag::Unsigned, value);
        }
        self.0.word(Tag::Wide, 0, (value >> 64) as u64);
        self.put(Tag::Unsigned, value as u64)
    }

    fn serialize_f32(self, value: f32) -> Result<(), Refused> {
        self.serialize_f64(value.into())
    }

    /// Passes every bit of a float to the receiver. All NaN values count as the same, because their sign depends on the
    /// machine.
    fn serialize_f64(self, value: f64) -> Result<(), Refused> {
        const NAN: u64 = 0x7ff8_0000_0000_0000;
        self.put(Tag::Float, if value.is_nan() { NAN } else { value.to_bits() })
    }

    fn serialize_char(self, value: char) -> Result<(), Refused> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Refused> {
        self.0.bytes(Tag::Text, value.as_bytes());
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Refused> {
        self.0.bytes(Tag::Bytes, value);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Refused> {
        self.put(Tag::None, 0)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Refused> {
        self.0.word(Tag::Some, 0, 0);
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Refused> {
        self.put(Tag::Unit, 0)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Refused> {
        self.put(Tag::Unit, 0)
    }

    /// Passes the name of a variant to the receiver, and not its index, so that a new variant changes no digest.
    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Refused> {
        self.0.bytes(Tag::Variant, variant.as_bytes());
        self.put(Tag::Unit, 0)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Refused> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Refused> {
        self.0.bytes(Tag::Variant, variant.as_bytes());
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts<'a, W>, Refused> {
        Parts::new(self.0, Tag::List)
    }

    fn serialize_tuple(self, _: usize) -> Result<Parts<'a, W>, Refused> {
        Parts::new(self.0, Tag::List)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Parts<'a, W>, Refused> {
        Parts::new(self.0, Tag::List)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts<'a, W>, Refused> {
        self.0.bytes(Tag::Variant, variant.as_bytes());
        Parts::new(self.0, Tag::List)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Parts<'a, W>, Refused> {
        Parts::new(self.0, Tag::Fields)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Parts<'a, W>, Refused> {
        Parts::new(self.0, Tag::Fields)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts<'a, W>, Refused> {
        self.0.bytes(Tag::Variant, variant.as_bytes());
        Parts::new(self.0, Tag::Fields)
    }
}

/// Implements the serde traits for values with parts, which differ only in the names of their methods.
macro_rules! parts {
    ($($part:ident: $item:ident($($name:ident)?)),* $(,)?) => {$(
        impl<W: Words> ser::$part for Parts<'_, W> {
            type Ok = ();
            type Error = Refused;

            fn $item<T: Serialize + ?Sized>(&mut self, $($name: &'static str,)? value: &T) -> Result<(), Refused> {
                parts!(@ self, $($name,)? value)
            }

            fn end(self) -> Result<(), Refused> {
                self.words.word(Tag::End, 0, self.count);
                Ok(())
            }
        }
    )*};
    (@ $self:ident, $name:ident, $value:ident) => { $self.field($name, $value) };
    (@ $self:ident, $value:ident) => { $self.part($value) };
}

parts! {
    SerializeSeq: serialize_element(),
    SerializeTuple: serialize_element(),
    SerializeTupleStruct: serialize_field(),
    SerializeTupleVariant: serialize_field(),
    SerializeStruct: serialize_field(name),
    SerializeStructVariant: serialize_field(name),
}

impl<W: Words> ser::SerializeMap for Parts<'_, W> {
    type Ok = ();
    type Error = Refused;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refused> {
        key.serialize(Walk(&mut *self.words))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.part(value)
    }

    fn end(self) -> Result<(), Refused> {
        self.words.word(Tag::End, 0, self.count);
        Ok(())
    }
}
