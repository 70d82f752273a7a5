//! Parts of outputs that are not compared, because no replay can give them again.

use std::str::FromStr;

use afresh_core::{Sent, System};
use serde_json::Value;

use crate::finding::value;

/// A part of every output that is not compared. Its text form is `out:PATH`, such as `out:stack` or `out:error.stack`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignore {
    /// The names of fields, or the indices of items, from the body of the output to the part.
    path: Vec<String>,
}

impl FromStr for Ignore {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let path = text.strip_prefix("out:").unwrap_or_default();
        let path: Vec<_> = path.strip_prefix('.').unwrap_or(path).split('.').map(str::to_owned).collect();
        if path.iter().any(String::is_empty) {
            return Err("expected a part of an output, such as out:stack or out:error.stack".into());
        }
        Ok(Self { path })
    }
}

impl Ignore {
    /// Removes the part from the body of an output.
    fn remove(&self, body: &mut Value) {
        let Some((last, path)) = self.path.split_last() else { return };
        let inner = path.iter().try_fold(body, |value, name| match value {
            Value::Object(fields) => fields.get_mut(name),
            Value::Array(items) => items.get_mut(name.parse::<usize>().ok()?),
            _ => None,
        });
        match inner {
            Some(Value::Object(fields)) => drop(fields.remove(last)),
            Some(Value::Array(items)) => {
                if let Some(item) = last.parse().ok().and_then(|place: usize| items.get_mut(place)) {
                    *item = Value::Null;
                }
            }
            _ => {}
        }
    }
}

/// Returns `true` if a recorded output and the one that is sent now have the same body, apart from the parts that the
/// system or `ignored` leaves out.
pub(crate) fn same_body<S: System>(
    system: &S,
    ignored: &[Ignore],
    recorded: &Sent<S::Out>,
    now: &Sent<S::Out>,
) -> bool {
    let (Some(recorded), Some(now)) = (&recorded.body, &now.body) else {
        return recorded.body.is_none() && now.body.is_none();
    };
    let compared = |body: &S::Out| {
        let mut body = value(body);
        ignored.iter().for_each(|ignore| ignore.remove(&mut body));
        body
    };
    system.same_output(recorded, now) || (!ignored.is_empty() && compared(recorded) == compared(now))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_part_is_removed_wherever_it_is() {
        let body = json!({"a": {"b": [1, {"c": 2}]}, "d": 3});
        for (text, rest) in [
            ("out:d", json!({"a": {"b": [1, {"c": 2}]}})),
            ("out:.a.b.1.c", json!({"a": {"b": [1, {}]}, "d": 3})),
            ("out:a.b.0", json!({"a": {"b": [null, {"c": 2}]}, "d": 3})),
            ("out:d.e", body.clone()),
            ("out:x.y", body.clone()),
        ] {
            let mut left = body.clone();
            text.parse::<Ignore>().unwrap().remove(&mut left);
            assert_eq!(left, rest, "{text}");
        }
        for text in ["", "out:", "out:.", "out:a..b", "stack", "view:a"] {
            assert!(text.parse::<Ignore>().is_err(), "{text}");
        }
    }
}
