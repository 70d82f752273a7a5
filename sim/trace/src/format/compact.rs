//! Removes the blanks between the values of JSON.

/// Removes blanks and line ends between the values of `json`, which must be valid JSON.
///
/// Texts and numbers stay the same, byte for byte.
pub(crate) fn compact(json: &str) -> String {
    let (mut compact, mut in_text, mut escaped) = (String::with_capacity(json.len()), false, false);
    for character in json.chars() {
        if in_text {
            in_text = escaped || character != '"';
            escaped = !escaped && character == '\\';
        } else if character.is_ascii_whitespace() {
            continue;
        } else {
            in_text = character == '"';
        }
        compact.push(character);
    }
    compact
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_blanks_is_lost() {
        let json = "{\r\n \"a b\" : [ 1.10 , \"\\\\\" , \"\\\" \\\\\\\" \" , 12345678901234567890123 ] \n}";
        assert_eq!(compact(json), r#"{"a b":[1.10,"\\","\" \\\" ",12345678901234567890123]}"#);
    }
}
