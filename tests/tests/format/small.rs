//! A system for tests of the format: its body has values of every kind, and it has no behaviour.

use std::collections::BTreeMap;

use afresh_core::{Flows, Input, Key, Slot, System};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// A system whose version `old` recorded each body as a bare number.
#[derive(Clone, Debug)]
pub(crate) struct Small;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Body {
    Nothing,
    Count(i64),
    Natural(u64),
    Measure(f64),
    Text { text: String, note: Option<String> },
    Many(BTreeMap<String, Vec<u8>>),
}

impl System for Small {
    type In = Body;
    type Out = Option<Body>;
    type State = ();
    type View = Vec<f64>;

    fn keys(&self, _: &Body) -> impl IntoIterator<Item = Key> {
        Vec::new()
    }

    fn apply(&self, _: &Key, _: &mut (), _: Input<'_, Body>, _: &Flows) {}

    fn view(&self, _: &Key, _: &()) -> Vec<f64> {
        Vec::new()
    }

    fn outputs(&self, _: &Key, _: &(), _: &Flows) -> BTreeMap<Slot, Option<Body>> {
        BTreeMap::new()
    }

    fn upgrade<'de, D: Deserializer<'de>>(&self, version: &str, body: D) -> Result<Body, D::Error> {
        match version {
            "old" => i64::deserialize(body).map(Body::Count),
            "unreadable" => Err(D::Error::custom("bodies of this version cannot be read")),
            _ => Body::deserialize(body),
        }
    }
}
