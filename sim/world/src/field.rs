//! Changing one field of any value that serde can write and read.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Number, Value};

/// Changes one field of a value, and returns whether it could.
///
/// It is a ready-made [`System::change_field`](afresh_core::System::change_field) for every state that serde can write
/// and read. Simulations damage states in this way, to see that the damage is found and healed.
///
/// The fields are all numbers, texts and booleans in the value, in the order in which serde writes them. `field` is an
/// index into them; beyond the last field it wraps around to the first. A number grows by one, a text gets a `?` at its
/// end, and a boolean is inverted. Some changed values cannot be read back: for example, a changed name of a variant.
/// In that case the next field is changed instead.
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

/// Changes the field that follows the first `others` fields of `json`, and returns whether there is one.
///
/// If there is none, it changes nothing, but subtracts the number of fields in `json` from `others`.
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

/// Returns `number` plus one, or minus one for the largest integer.
fn one_more(number: &Number) -> Number {
    let unsigned = number.as_u64().map(|number| number.checked_add(1).unwrap_or(number - 1));
    let float = || number.as_f64().and_then(|number| Number::from_f64(number + 1.0));
    let whole = unsigned.map(Number::from).or_else(|| Some((number.as_i64()? + 1).into()));
    whole.or_else(float).unwrap_or_else(|| number.clone())
}
