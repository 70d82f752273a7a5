//! Decodes the JSON of one event directly into the types of a system.

use std::fmt;
use std::marker::PhantomData;

use afresh_core::{
    At, EventNumber, Fault, Message, Observation, Observed, Sent, Stimulus, Types, Unreadable, UnreadableObservation,
    Viewed, What,
};
use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::error::Problem;
use super::fact::{Fact, FactSeed, Party, SettledWire, set};
use super::json::Json;
use super::kind::Kind;
use super::output_id::OutputId;
use super::{WhatOf, at};

/// The line of an event, decoded: the fields that every event can have, its kind, and its content.
pub(crate) struct Envelope<C> {
    /// The number of the event; `None` if the line does not state it.
    pub(crate) number: Option<EventNumber>,
    pub(crate) cause: Option<EventNumber>,
    pub(crate) at: Option<At>,
    pub(crate) kind: Kind,
    /// The value of the field that is named after the kind.
    pub(crate) content: C,
}

/// A way to read the content of an event: as a value of a system's types, as JSON text, or as both.
pub(crate) trait Content: Copy {
    /// The content as it is decoded from JSON.
    type Said;
    /// The content as it is returned in an [`Envelope`].
    type Value;

    /// Decodes the content of an event of this kind.
    fn read<'de, D: Deserializer<'de>>(self, kind: Kind, deserializer: D) -> Result<Self::Said, D::Error>;

    /// Returns the content for an event whose body or value cannot be decoded, or `None` if such an event is an error.
    fn unreadable(self, undecoded: Undecoded, why: String) -> Option<Self::Said> {
        let _ = (undecoded, why);
        None
    }

    /// Combines the decoded content with its JSON text, after the text has passed all checks.
    ///
    /// # Errors
    ///
    /// Fails if the content names something that is not known.
    fn with_text(self, said: Self::Said, text: &str) -> Result<Self::Value, Problem>;
}

/// Reads the content of an event as JSON text, byte for byte.
#[derive(Clone, Copy)]
pub(crate) struct Raw;

impl Content for Raw {
    type Said = IgnoredAny;
    type Value = Json;

    fn read<'de, D: Deserializer<'de>>(self, _: Kind, deserializer: D) -> Result<IgnoredAny, D::Error> {
        IgnoredAny::deserialize(deserializer)
    }

    fn with_text(self, _: IgnoredAny, text: &str) -> Result<Json, Problem> {
        Ok(Json::of(text))
    }
}

/// A message, an output or a view whose body or value is JSON text.
pub(crate) enum Undecoded {
    Message(Message<String>),
    Observed(Observed),
}

/// Reads the content of a message, an output or a view, with its body or value as JSON text. All other events are
/// errors.
#[derive(Clone, Copy)]
pub(crate) struct RawBody;

impl Content for RawBody {
    type Said = Undecoded;
    type Value = Undecoded;

    fn read<'de, D: Deserializer<'de>>(self, kind: Kind, deserializer: D) -> Result<Undecoded, D::Error> {
        let body = PhantomData::<Box<RawValue>>;
        let text = |body: Option<Box<RawValue>>| body.map(|body| body.get().to_owned());
        Ok(match kind {
            Kind::In => {
                let Fact { id, party, revision, body } = FactSeed::new(Party::From, body).deserialize(deserializer)?;
                Undecoded::Message(Message { from: party, id, revision, body: text(body) })
            }
            Kind::Out => {
                let Fact { id: OutputId { key, slot }, party, revision, body } =
                    FactSeed::new(Party::To, body).deserialize(deserializer)?;
                Undecoded::Observed(Observed::Out(Sent { key, slot, to: party, revision, body: text(body) }))
            }
            Kind::View => {
                let Viewed { key, value } = Viewed::<Box<RawValue>>::deserialize(deserializer)?;
                Undecoded::Observed(Observed::View(Viewed { key, value: value.get().to_owned() }))
            }
            _ => return Err(de::Error::custom("neither a message nor an output nor a view")),
        })
    }

    fn with_text(self, said: Undecoded, _: &str) -> Result<Undecoded, Problem> {
        Ok(said)
    }
}

/// Reads the content of an event in the way `C`, and also returns its JSON text.
#[derive(Clone, Copy)]
pub(crate) struct WithRaw<C>(pub(crate) C);

impl<C: Content> Content for WithRaw<C> {
    type Said = C::Said;
    type Value = (C::Value, Json);

    fn read<'de, D: Deserializer<'de>>(self, kind: Kind, deserializer: D) -> Result<C::Said, D::Error> {
        self.0.read(kind, deserializer)
    }

    fn unreadable(self, undecoded: Undecoded, why: String) -> Option<C::Said> {
        self.0.unreadable(undecoded, why)
    }

    fn with_text(self, said: C::Said, text: &str) -> Result<Self::Value, Problem> {
        Ok((self.0.with_text(said, text)?, Json::of(text)))
    }
}

/// Reads the content of an event as a value of the types of a system.
pub(crate) struct Typed<'s, S> {
    pub(crate) system: &'s S,
    /// The version of the system that recorded the bodies.
    pub(crate) version: &'s str,
    /// `true` to read what cannot be decoded as [`Stimulus::Unreadable`] or [`Observation::Unreadable`], `false` if it
    /// is an error.
    pub(crate) skip_unreadable: bool,
}

impl<S> Clone for Typed<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Typed<'_, S> {}

impl<S: Types> Content for Typed<'_, S> {
    type Said = WhatOf<S>;
    type Value = WhatOf<S>;

    fn unreadable(self, undecoded: Undecoded, why: String) -> Option<WhatOf<S>> {
        self.skip_unreadable.then(|| match undecoded {
            Undecoded::Message(message) => What::Stimulus(Stimulus::Unreadable(Box::new(Unreadable { message, why }))),
            Undecoded::Observed(observed) => {
                What::Observation(Observation::Unreadable(Box::new(UnreadableObservation { observed, why })))
            }
        })
    }

    fn with_text(self, said: WhatOf<S>, _: &str) -> Result<WhatOf<S>, Problem> {
        if let What::Stimulus(Stimulus::Fault(fault)) = &said
            && let Fault::Deploy { system, .. } = &**fault
        {
            self.system.can_deploy(system).map_err(|known| Problem::unknown_version(system, &known))?;
        }
        Ok(said)
    }

    fn read<'de, D: Deserializer<'de>>(self, kind: Kind, deserializer: D) -> Result<WhatOf<S>, D::Error> {
        let stimulus = |stimulus| Ok(What::Stimulus(stimulus));
        let observation = |observation| Ok(What::Observation(observation));
        match kind {
            Kind::In => {
                let Fact { id, party, revision, body } = FactSeed::new(Party::From, self).deserialize(deserializer)?;
                stimulus(Stimulus::In(Message { from: party, id, revision, body }))
            }
            Kind::Opening => stimulus(Stimulus::Opening(Box::deserialize(deserializer)?)),
            Kind::Deliver => stimulus(Stimulus::Deliver(Box::deserialize(deserializer)?)),
            Kind::Drop => stimulus(Stimulus::Drop(Box::deserialize(deserializer)?)),
            Kind::Timer => stimulus(Stimulus::Timer(Box::deserialize(deserializer)?)),
            Kind::Fault => stimulus(Stimulus::Fault(Box::deserialize(deserializer)?)),
            Kind::Knob => stimulus(Stimulus::Knob(Box::deserialize(deserializer)?)),
            Kind::Out => {
                let seed = FactSeed::new(Party::To, PhantomData::<S::Out>);
                let Fact { id: OutputId { key, slot }, party, revision, body } = seed.deserialize(deserializer)?;
                observation(Observation::Out(Sent { key, slot, to: party, revision, body }))
            }
            Kind::Settled => {
                observation(Observation::Settled(Box::new(SettledWire::deserialize(deserializer)?.into())))
            }
            Kind::Rejected => observation(Observation::Rejected(Box::deserialize(deserializer)?)),
            Kind::Quarantined => observation(Observation::Quarantined(Box::deserialize(deserializer)?)),
            Kind::Healed => observation(Observation::Healed(Box::deserialize(deserializer)?)),
            Kind::View => observation(Observation::View(Box::deserialize(deserializer)?)),
        }
    }
}

/// Decodes the body of a message that came in.
impl<'de, S: Types> DeserializeSeed<'de> for Typed<'_, S> {
    type Value = S::In;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::In, D::Error> {
        self.system.read_in(self.version, deserializer)
    }
}

/// Decodes the line of an event.
pub(crate) struct EnvelopeSeed<C>(pub(crate) C);

impl<'de, C: Content> DeserializeSeed<'de> for EnvelopeSeed<C> {
    type Value = Envelope<C::Said>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, C: Content> Visitor<'de> for EnvelopeSeed<C> {
    type Value = Envelope<C::Said>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event, which is an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut number, mut cause, mut at) = (None, None, None);
        let mut content: Option<(Kind, C::Said)> = None;
        while let Some(field) = map.next_key()? {
            match field {
                Field::Number => set(&mut number, "n", map.next_value()?)?,
                Field::Cause => set(&mut cause, "cause", map.next_value()?)?,
                Field::At => {
                    let json: &RawValue = map.next_value()?;
                    set(&mut at, "at", at::parse(json.get()).map_err(de::Error::custom)?)?;
                }
                Field::Kind(kind) => match content {
                    None => content = Some((kind, map.next_value_seed(ContentSeed(self.0, kind))?)),
                    Some((first, _)) if first == kind => return Err(de::Error::duplicate_field(kind.name())),
                    Some((first, _)) => {
                        let problem = format!("an event has only one kind, expected `{first}`, found `{kind}` too");
                        return Err(de::Error::custom(problem));
                    }
                },
            }
        }
        let (kind, content) = content.ok_or_else(|| {
            let names: Vec<_> = Kind::ALL.iter().map(|kind| format!("`{kind}`")).collect();
            de::Error::custom(format!("missing field that says what happened, expected one of {}", names.join(", ")))
        })?;
        Ok(Envelope { number, cause, at, kind, content })
    }
}

/// Decodes the content of an event of the given kind.
pub(crate) struct ContentSeed<C>(pub(crate) C, pub(crate) Kind);

impl<'de, C: Content> DeserializeSeed<'de> for ContentSeed<C> {
    type Value = C::Said;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<C::Said, D::Error> {
        self.0.read(self.1, deserializer)
    }
}

/// The name of a field in the line of an event.
enum Field {
    Number,
    Cause,
    At,
    Kind(Kind),
}

/// The names of all fields of an event, for error messages.
const FIELDS: [&str; 16] = {
    let mut fields = ["n", "cause", "at", "", "", "", "", "", "", "", "", "", "", "", "", ""];
    let mut n = 0;
    while n < Kind::ALL.len() {
        fields[n + 3] = Kind::ALL[n].name();
        n += 1;
    }
    fields
};

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Field;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a field")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Field, E> {
                match text {
                    "n" => Ok(Field::Number),
                    "cause" => Ok(Field::Cause),
                    "at" => Ok(Field::At),
                    _ => Kind::named(text).map(Field::Kind).ok_or_else(|| E::unknown_field(text, &FIELDS)),
                }
            }
        }
        deserializer.deserialize_identifier(Text)
    }
}
