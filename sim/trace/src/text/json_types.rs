//! Names the types of JSON where an error of serde names those of Rust.

/// Returns an error text of serde with its types in terms of JSON: `expected struct Header` becomes
/// `expected an object`. Any other text stays as it is.
pub fn in_json_types(text: &str) -> String {
    let Some((found, expected)) = text.rsplit_once(", expected ") else { return text.to_owned() };
    let found = match found {
        "invalid type: sequence" => "invalid type: array",
        "invalid type: map" => "invalid type: object",
        found => found,
    };
    let expected = match (expected, expected.split(' ').next().unwrap_or_default()) {
        ("a map", _) | (_, "struct" | "internally" | "adjacently") => "an object",
        (_, "enum") => "a string, or an object with one field",
        ("a sequence", _) | (_, "tuple") => "an array",
        ("u8", _) => "a whole number from 0 to 255",
        ("u16", _) => "a whole number from 0 to 65535",
        ("u32", _) => "a whole number of at most 32 bits, 0 or more",
        ("u64" | "usize", _) => "a whole number of at most 64 bits, 0 or more",
        ("f32" | "f64", _) => "a number",
        ("i8", _) => "a whole number from -128 to 127",
        ("i16", _) => "a whole number from -32768 to 32767",
        ("i32", _) => "a whole number of at most 32 bits",
        ("i64" | "isize", _) => "a whole number of at most 64 bits",
        (other, _) => other,
    };
    format!("{found}, expected {expected}")
}

#[cfg(test)]
mod tests {
    use super::in_json_types;

    #[test]
    fn types_are_those_of_json() {
        for (text, told) in [
            ("invalid type: sequence, expected struct Header", "invalid type: array, expected an object"),
            ("invalid type: map, expected a sequence", "invalid type: object, expected an array"),
            (
                "invalid type: null, expected enum In",
                "invalid type: null, expected a string, or an object with one field",
            ),
            (
                "invalid value: integer `300`, expected u8",
                "invalid value: integer `300`, expected a whole number from 0 to 255",
            ),
            (
                "invalid type: floating point `1.5`, expected i64",
                "invalid type: floating point `1.5`, expected a whole number of at most 64 bits",
            ),
            ("invalid type: string \"5\", expected f64", "invalid type: string \"5\", expected a number"),
            ("invalid type: sequence, expected a string", "invalid type: array, expected a string"),
            ("missing field `id`", "missing field `id`"),
            ("unknown field `x`, expected `id` or `at`", "unknown field `x`, expected `id` or `at`"),
        ] {
            assert_eq!(in_json_types(text), told);
        }
    }
}
