//! Checks JSON for duplicate keys in an object and for nesting that is too deep, which serde_json does not always
//! check.

use std::borrow::Cow;

use super::error::{DEPTH_MAX, Problem};

/// The maximum number of keys of a JSON object that are compared pairwise to find duplicates. More keys are sorted.
const FEW: usize = 16;

/// Checks valid JSON for duplicate keys in an object, and for nesting that is too deep.
///
/// If a key is duplicate, some readers of JSON take the first value and some the last. serde_json rejects it for a
/// struct but not for a map. A trace must mean the same to every reader, so here it is an error.
///
/// Use one value for all lines of a file, because it reuses its memory.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// The number of objects and arrays around the JSON that is checked.
    around: usize,
    /// The objects and arrays around the current byte. For an object, the index in `keys` of its first key.
    open: Vec<Option<usize>>,
    /// The keys of all objects around the current byte. At the end, the keys of the outermost object.
    keys: Vec<Key>,
    /// The begin and end offsets of the values of the outermost object, in the order of its keys.
    values: Vec<(usize, usize)>,
}

/// The place of a key in the JSON.
#[derive(Clone, Copy, Debug)]
struct Key {
    /// The offset in the JSON at which the key begins, after its opening quote.
    begin: usize,
    /// The offset in the JSON at which the key ends, before its closing quote.
    end: usize,
    /// `true` if the key contains an escape.
    escaped: bool,
}

impl Key {
    /// Returns the text of the key, with its escapes decoded.
    fn plain(self, json: &str) -> Cow<'_, str> {
        let text = &json[self.begin..self.end];
        if self.escaped {
            serde_json::from_str(&format!("\"{text}\"")).map_or(Cow::Borrowed(text), Cow::Owned)
        } else {
            Cow::Borrowed(text)
        }
    }

    /// Returns `true` if two keys have the same text after decoding.
    fn is(self, other: Self, json: &str) -> bool {
        self.plain(json) == other.plain(json)
    }
}

impl Scan {
    /// Returns a scan of JSON that will stand inside this many other objects and arrays.
    pub(crate) fn within(around: usize) -> Self {
        Self { around, ..Self::default() }
    }

    /// Checks `json`, which must be valid JSON.
    ///
    /// # Errors
    ///
    /// Returns the first problem that was found, and its column from 1.
    pub(crate) fn check(&mut self, json: &str) -> Result<(), (Problem, u64)> {
        self.open.clear();
        self.keys.clear();
        self.values.clear();
        let bytes = json.as_bytes();
        // In an object, a text is a key after `{` and `,`, and a value after `:`.
        let mut key_next = false;
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'"' => {
                    let (end, escaped) = text_end(bytes, at + 1);
                    if let (true, Some(Some(first))) = (key_next, self.open.last()) {
                        let key = Key { begin: at + 1, end, escaped };
                        self.add_key(json, *first, key).map_err(|key| (key, at as u64 + 1))?;
                    }
                    key_next = false;
                    at = end;
                }
                b'{' | b'[' => {
                    if self.around + self.open.len() == DEPTH_MAX {
                        return Err((Problem::TooDeep, at as u64 + 1));
                    }
                    key_next = *byte == b'{';
                    self.open.push(key_next.then_some(self.keys.len()));
                }
                b'}' | b']' => {
                    if let Some(Some(first)) = self.open.pop() {
                        self.check_many(json, first)?;
                        if self.open.is_empty() {
                            self.end_value(at);
                        } else {
                            self.keys.truncate(first);
                        }
                    }
                }
                b':' if self.open.len() == 1 => self.values.push((at + 1, at + 1)),
                b',' => {
                    key_next = true;
                    if self.open.len() == 1 {
                        self.end_value(at);
                    }
                }
                _ => {}
            }
            at += 1;
        }
        Ok(())
    }

    /// Returns the JSON text of the value under `key`, or an empty text if there is no such key.
    ///
    /// `json` must be the object that was checked last.
    pub(crate) fn value<'j>(&self, json: &'j str, key: &str) -> &'j str {
        let mut fields = self.keys.iter().zip(&self.values);
        let found = fields.find(|(field, _)| field.plain(json) == key);
        found.map_or("", |(_, (begin, end))| json[*begin..*end].trim_ascii())
    }

    /// Notes that the current value of the outermost object ends at this offset.
    fn end_value(&mut self, at: usize) {
        if let Some((_, end)) = self.values.last_mut() {
            *end = at;
        }
    }

    /// Adds a key to the current object, whose first key is at the index `first`. Compares it with a few other keys.
    fn add_key(&mut self, json: &str, first: usize, key: Key) -> Result<(), Problem> {
        let before = &self.keys[first..];
        if before.len() < FEW && before.iter().any(|other| other.is(key, json)) {
            return Err(Problem::DuplicateKey(key.plain(json).into_owned()));
        }
        self.keys.push(key);
        Ok(())
    }

    /// Checks an object with many keys by sorting them, because comparing each with each would take too long.
    fn check_many(&self, json: &str, first: usize) -> Result<(), (Problem, u64)> {
        let keys = &self.keys[first..];
        if keys.len() <= FEW {
            return Ok(());
        }
        let mut texts: Vec<_> = keys.iter().map(|key| (key.plain(json), key.begin)).collect();
        texts.sort_unstable();
        match texts.windows(2).filter(|pair| pair[0].0 == pair[1].0).min_by_key(|pair| pair[1].1) {
            Some(pair) => Err((Problem::DuplicateKey(pair[1].0.to_string()), pair[1].1 as u64)),
            None => Ok(()),
        }
    }
}

/// Finds the closing quote of the text that begins at the offset `at`. Also returns whether the text has an escape.
///
/// It looks at eight bytes at a time, because this search takes a good part of the time that it takes to read a line.
fn text_end(bytes: &[u8], mut at: usize) -> (usize, bool) {
    let mut escaped = false;
    loop {
        if let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
            let chunk = u64::from_le_bytes(*chunk);
            let found = lowest(chunk, b'"') | lowest(chunk, b'\\');
            at += found.trailing_zeros() as usize / 8;
            if found == 0 {
                continue;
            }
        }
        match bytes.get(at) {
            Some(b'"') | None => return (at.min(bytes.len()), escaped),
            Some(b'\\') => {
                escaped = true;
                at += 2;
            }
            Some(_) => at += 1,
        }
    }
}

/// Finds the lowest byte of `chunk` that is equal to `byte`. The lowest bit set in the result is the high bit of that
/// byte.
///
/// If no byte is equal, the result is 0. Bits above the lowest one may be set by mistake. The exclusive or turns equal
/// bytes into zero, and subtracting one from a zero byte sets its high bit.
fn lowest(chunk: u64, byte: u8) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let zeros = chunk ^ (ONES * u64::from(byte));
    zeros.wrapping_sub(ONES) & !zeros & (ONES << 7)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str) -> Result<(), (String, u64)> {
        Scan::default().check(json).map_err(|(problem, column)| match problem {
            Problem::DuplicateKey(key) => (key, column),
            other => (other.to_string(), column),
        })
    }

    #[test]
    fn a_key_that_comes_twice_is_found() {
        assert_eq!(check(r#"{"a":1,"b":{"a":2},"a":3}"#), Err(("a".into(), 20)));
        assert_eq!(check(r#"[{"x\"":1,"x\u0022":2}]"#), Err(("x\"".into(), 11)));
        assert_eq!(check(r#"{"o":{"é":[1,2],"é":{}}}"#), Err(("é".into(), 18)));
        let many: Vec<_> = (0..40).chain([7]).map(|n| format!("\"k{n}\":0")).collect();
        assert_eq!(check(&format!("{{{}}}", many.join(","))).unwrap_err().0, "k7");
    }

    #[test]
    fn equal_texts_that_are_not_keys_of_one_object_are_not() {
        for json in [
            r#"{"a":"a","b":"a","c":["a","a",{"a":"b"},{"a":"b"}]}"#,
            r#"["a","a",["a"],"a"]"#,
            r#"{"a":{"a":{"a":{}}},"b":",\"a\":","c":"\\"}"#,
            "1",
            "",
        ] {
            assert_eq!(check(json), Ok(()), "{json}");
        }
    }

    #[test]
    fn the_value_under_each_key_is_known() {
        let json = r#" { "a" : [ {"b":1, "c":":,}"}, 2 ] ,"b":{"a":{}},"\u0063" :  -1.50e3 , "d,":"}" } "#;
        let mut scan = Scan::default();
        assert_eq!(scan.check(json).map_err(|(_, column)| column), Ok(()));
        let values = ["a", "b", "c", "d,", "e"].map(|key| scan.value(json, key));
        assert_eq!(values, [r#"[ {"b":1, "c":":,}"}, 2 ]"#, r#"{"a":{}}"#, "-1.50e3", r#""}""#, ""]);
        assert_eq!(scan.check("[1,2]").map_err(|(_, column)| column), Ok(()));
        assert_eq!(scan.value("[1,2]", "a"), "");
    }

    #[test]
    fn texts_end_at_their_quote_wherever_it_is() {
        for length in 0..40 {
            for (text, end) in [("a".repeat(length), length), (format!("{}\\\"b", "é".repeat(length)), 2 * length + 3)]
            {
                for after in ["\"", "\",\"", "\"\\\\\"!\u{80}\u{22}"] {
                    let whole = format!("{text}{after}");
                    assert_eq!(text_end(whole.as_bytes(), 0), (end, text.contains('\\')), "{whole}");
                }
            }
        }
        assert_eq!(text_end(b"\"", 7), (1, false));
    }

    #[test]
    fn nesting_has_an_end() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(check(&nested(DEPTH_MAX)), Ok(()));
        assert!(check(&nested(DEPTH_MAX + 1)).is_err());
    }
}
