//! Parts of outputs that a user leaves out of a comparison, because no run can give them again.

use std::fmt;
use std::str::FromStr;

use afresh_core::{Sent, System};
use serde_json::Value;

use crate::finding::value;

/// A part of outputs that is not compared, such as a stack trace: `out:stack`, `out:error.at` or `out:items.*.id`.
///
/// The path names fields of the body as JSON. `*` stands for every field of an object and every element of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    path: Vec<String>,
}

impl FromStr for Ignored {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let path: Vec<_> = text.strip_prefix("out:").unwrap_or_default().split('.').map(str::to_owned).collect();
        if path.iter().any(String::is_empty) {
            return Err("expected `out:PATH`, such as `out:stack`, `out:error.at` or `out:items.*.id`".to_owned());
        }
        Ok(Self { path })
    }
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "out:{}", self.path.join("."))
    }
}

/// Returns `true` if a recorded output and the one that is sent now have the same body, apart from the parts that the
/// system or `ignored` leaves out.
pub(crate) fn same_body<S: System>(
    system: &S,
    ignored: &[Ignored],
    recorded: &Sent<S::Out>,
    now: &Sent<S::Out>,
) -> bool {
    let (Some(recorded), Some(now)) = (&recorded.body, &now.body) else {
        return recorded.body.is_none() && now.body.is_none();
    };
    let compared = |body: &S::Out| {
        let mut body = value(body);
        ignored.iter().for_each(|ignored| remove(&mut body, &ignored.path));
        body
    };
    system.same_output(recorded, now) || (!ignored.is_empty() && compared(recorded) == compared(now))
}

/// Removes the part at `path`, wherever it is there.
fn remove(value: &mut Value, path: &[String]) {
    let Some((first, rest)) = path.split_first() else { return };
    match value {
        Value::Object(fields) if rest.is_empty() => fields.retain(|name, _| first != "*" && name != first),
        Value::Object(fields) => {
            let named = fields.iter_mut().filter(|(name, _)| first == "*" || *name == first);
            named.for_each(|(_, value)| remove(value, rest));
        }
        Value::Array(elements) if rest.is_empty() && first == "*" => elements.clear(),
        Value::Array(elements) if first == "*" => elements.iter_mut().for_each(|value| remove(value, rest)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_named_parts_are_left_out() {
        let without = |path: &str, mut body: Value| {
            remove(&mut body, &path.parse::<Ignored>().unwrap().path);
            body
        };
        let body = json!({"a": 1, "at": {"line": 2, "file": "x"}, "items": [{"id": 1, "n": 2}, {"id": 3}]});
        assert_eq!(without("out:a", body.clone())["a"], Value::Null);
        assert_eq!(without("out:at.line", body.clone())["at"], json!({"file": "x"}));
        assert_eq!(without("out:items.*.id", body.clone())["items"], json!([{"n": 2}, {}]));
        assert_eq!(without("out:items.*", body.clone())["items"], json!([]));
        assert_eq!(without("out:*", body.clone()), json!({}));
        assert_eq!(without("out:a.b", body.clone()), body);
        for text in ["a", "out:", "view:a", "out:a..b", ""] {
            assert!(text.parse::<Ignored>().is_err(), "{text}");
        }
    }
}
