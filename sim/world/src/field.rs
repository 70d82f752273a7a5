//! One field of a value changed, whatever the value is.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Number, Value};

/// Gives one field of a value another value, as long as serde writes and reads it; whether it did. It is what a system whose
/// state is such a value needs for [`System::change_field`](afresh_core::System::change_field).
///
/// Fields are the numbers, texts and truth values within, in the order in which serde writes them, and `field` counts round.
/// A number becomes one more, a text longer by a `?`, what was true false. Where what was changed does not read back, as the
/// name of a variant, the next field is.
///
/// ```
/// let mut shelf = (40, "kept".to_owned(), vec![true]);
/// assert!(afresh_world::change_field(&mut shelf, 0));
/// assert!(afresh_world::change_field(&mut shelf, 5));
/// assert_eq!(shelf, (41, "kept".to_owned(), vec![false]));
/// assert!(!afresh_world::change_field(&mut None::<u32>, 0), "there is no field in it");
/// ```
pub fn change_field<T: PartialEq + Serialize + DeserializeOwned>(value: &mut T, field: u32) -> bool {
    let Ok(json) = serde_json::to_value(&*value) else { return false };
    let mut beyond = usize::MAX;
    change(&mut json.clone(), &mut beyond);
    let count = usize::MAX - beyond;
    let other = (0..count).find_map(|further| {
        let (mut json, mut place) = (json.clone(), (field as usize % count + further) % count);
        change(&mut json, &mut place);
        serde_json::from_value(json).ok().filter(|other| other != value)
    });
    match other {
        Some(other) => *value = other,
        None => return false,
    }
    true
}

/// Changes the field that comes after so many others. Where there are not so many, `others` is less by how many there are.
fn change(json: &mut Value, others: &mut usize) -> bool {
    match json {
        Value::Null => return false,
        Value::Array(values) => return values.iter_mut().any(|value| change(value, others)),
        Value::Object(fields) => return fields.values_mut().any(|value| change(value, others)),
        _ if *others > 0 => {
            *others -= 1;
            return false;
        }
        Value::Bool(truth) => *truth = !*truth,
        Value::Number(number) => *number = one_more(number),
        Value::String(text) => text.push('?'),
    }
    true
}

/// One more than a number, or one less where there is no more.
fn one_more(number: &Number) -> Number {
    let unsigned = number.as_u64().map(|number| number.checked_add(1).unwrap_or(number - 1));
    let float = || number.as_f64().and_then(|number| Number::from_f64(number + 1.0));
    let whole = unsigned.map(Number::from).or_else(|| Some((number.as_i64()? + 1).into()));
    whole.or_else(float).unwrap_or_else(|| number.clone())
}
