//! The JSON form of messages and settlements. Messages in and out have the same fields, except `from` and `to`.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::num::NonZeroU32;

use afresh_core::{Message, Name, Sent, Settled, SlotId};
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde::ser::{self, SerializeStruct, Serializer};
use serde::{Deserialize, Serialize};

use super::output_id::{self, OutputId};

/// The other end of a message: the sender of a message in, or the receiver of a message out.
#[derive(Clone, Copy)]
pub(crate) enum Party {
    /// The sender of a message that came in, in the field `from`.
    From,
    /// The receiver of a message that went out, in the field `to`.
    To,
}

impl Party {
    /// The name of the field.
    fn name(self) -> &'static str {
        match self {
            Self::From => "from",
            Self::To => "to",
        }
    }

    /// The names of all fields of the message, for error messages.
    fn fields(self) -> &'static [&'static str] {
        match self {
            Self::From => &["id", "from", "revision", "body", "withdrawn"],
            Self::To => &["id", "to", "revision", "body", "withdrawn"],
        }
    }
}

/// A message in or out, as it is decoded from JSON.
pub(crate) struct Fact<I, B> {
    pub(crate) id: I,
    pub(crate) party: Name,
    pub(crate) revision: u32,
    pub(crate) body: Option<B>,
}

/// Decodes a message in or out. The serde seed `B` decodes its body.
pub(crate) struct FactSeed<I, B> {
    party: Party,
    body: B,
    id: PhantomData<I>,
}

impl<I, B> FactSeed<I, B> {
    pub(crate) fn new(party: Party, body: B) -> Self {
        Self { party, body, id: PhantomData }
    }
}

impl<'de, I: Deserialize<'de>, B: DeserializeSeed<'de>> DeserializeSeed<'de> for FactSeed<I, B> {
    type Value = Fact<I, B::Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, I: Deserialize<'de>, B: DeserializeSeed<'de>> Visitor<'de> for FactSeed<I, B> {
    type Value = Fact<I, B::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a message, which is an object with `id`, `{}` and `body`", self.party.name())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut id, mut party, mut revision, mut withdrawn) = (None, None, None, None);
        // Decoding a body uses up the seed, so a second body is an error.
        let (mut seed, mut body) = (Some(self.body), None);
        while let Some(field) = map.next_key_seed(self.party)? {
            match field {
                Field::Id => set(&mut id, "id", map.next_value()?)?,
                Field::Party => set(&mut party, self.party.name(), map.next_value()?)?,
                Field::Revision => set(&mut revision, "revision", map.next_value::<NonZeroU32>()?)?,
                Field::Withdrawn => set(&mut withdrawn, "withdrawn", map.next_value::<bool>()?)?,
                Field::Body => match seed.take() {
                    Some(seed) => body = Some(map.next_value_seed(seed)?),
                    None => return Err(de::Error::duplicate_field("body")),
                },
            }
        }
        match (withdrawn.unwrap_or(false), body.is_some()) {
            (true, true) => {
                Err(de::Error::custom("a withdrawn message has no body, expected either `body` or `withdrawn`"))
            }
            (false, false) => Err(de::Error::missing_field("body")),
            _ => Ok(()),
        }?;
        Ok(Fact {
            id: id.ok_or_else(|| de::Error::missing_field("id"))?,
            party: party.ok_or_else(|| de::Error::missing_field(self.party.name()))?,
            revision: revision.map_or(1, NonZeroU32::get),
            body,
        })
    }
}

/// Stores the value of a field, or fails if the field was there before.
pub(crate) fn set<T, E: de::Error>(place: &mut Option<T>, name: &'static str, value: T) -> Result<(), E> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(E::duplicate_field(name)),
    }
}

/// The name of a field in the JSON of a message.
pub(crate) enum Field {
    Id,
    Party,
    Revision,
    Body,
    Withdrawn,
}

impl<'de> DeserializeSeed<'de> for Party {
    type Value = Field;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Field, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Party {
    type Value = Field;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Field, E> {
        match text {
            "id" => Ok(Field::Id),
            "revision" => Ok(Field::Revision),
            "body" => Ok(Field::Body),
            "withdrawn" => Ok(Field::Withdrawn),
            _ if text == self.name() => Ok(Field::Party),
            _ => Err(E::unknown_field(text, self.fields())),
        }
    }
}

/// Encodes a message in canonical form: the fields in a fixed order, without those that have their default value.
pub(crate) struct FactWire<'a, B> {
    id: Cow<'a, str>,
    party: Party,
    name: &'a Name,
    revision: u32,
    body: Option<&'a B>,
}

impl<'a, B> FactWire<'a, B> {
    /// Creates the JSON form of a message that came in.
    pub(crate) fn message(message: &'a Message<B>) -> Self {
        let Message { from, id, revision, body } = message;
        Self { id: id.as_str().into(), party: Party::From, name: from, revision: *revision, body: body.as_ref() }
    }

    /// Creates the JSON form of an output that was sent.
    pub(crate) fn sent(sent: &'a Sent<B>) -> Self {
        let Sent { key, slot, to, revision, body } = sent;
        let id = output_id::join(key, slot).into();
        Self { id, party: Party::To, name: to, revision: *revision, body: body.as_ref() }
    }
}

impl<B: Serialize> Serialize for FactWire<'_, B> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.revision == 0 {
            return Err(ser::Error::custom(NO_REVISION));
        }
        let mut fact = serializer.serialize_struct("Fact", 4)?;
        fact.serialize_field("id", &self.id)?;
        fact.serialize_field(self.party.name(), self.name)?;
        if self.revision > 1 {
            fact.serialize_field("revision", &self.revision)?;
        }
        match self.body {
            Some(body) => fact.serialize_field("body", body)?,
            None => fact.serialize_field("withdrawn", &true)?,
        }
        fact.end()
    }
}

const NO_REVISION: &str = "revision 0 is not valid, expected a revision from 1";

/// The JSON form of a settlement, for reading.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename = "settlement")]
pub(crate) struct SettledWire {
    id: OutputId,
    #[serde(default = "first")]
    revision: NonZeroU32,
}

/// The revision of a settlement that does not state one: the first.
fn first() -> NonZeroU32 {
    NonZeroU32::MIN
}

impl From<SettledWire> for Settled {
    fn from(settled: SettledWire) -> Self {
        let SettledWire { id: OutputId { key, slot }, revision } = settled;
        Self { output: SlotId { key, slot }, revision: revision.get() }
    }
}

/// Encodes a settlement in canonical form.
pub(crate) struct SettlementWire<'a>(pub(crate) &'a Settled);

impl Serialize for SettlementWire<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Settled { output: SlotId { key, slot }, revision } = self.0;
        if *revision == 0 {
            return Err(ser::Error::custom(NO_REVISION));
        }
        let mut settled = serializer.serialize_struct("Settled", 2)?;
        settled.serialize_field("id", &output_id::join(key, slot))?;
        if *revision > 1 {
            settled.serialize_field("revision", revision)?;
        }
        settled.end()
    }
}
