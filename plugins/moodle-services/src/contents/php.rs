//! Values as PHP writes them: `serialize` in documents, `json_encode` in answers.

use serde_json::{Map, Number, Value};

/// How deep arrays may nest.
const DEPTH_LIMIT: usize = 64;

/// Reads what `serialize` wrote; `None` when it is something else. An array whose keys count from 0 is a list, any other one
/// an object, and so is an object of whatever class.
pub fn unserialized(text: &str) -> Option<Value> {
    let mut reader = Reader { rest: text.as_bytes() };
    let value = reader.value(0)?;
    reader.rest.is_empty().then_some(value)
}

/// A value as JSON in the form of `json_encode`: slashes and whatever is not ASCII escaped.
pub fn json(value: &Value) -> String {
    let mut out = String::new();
    for c in value.to_string().chars() {
        match c {
            '/' => out.push_str("\\/"),
            c if c.is_ascii() => out.push(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn expect(&mut self, text: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(text)?;
        Some(())
    }

    /// What stands before the next one of this byte, which is passed over.
    fn until(&mut self, byte: u8) -> Option<&'a str> {
        let end = self.rest.iter().position(|b| *b == byte)?;
        let taken = self.take(end)?;
        self.expect(&[byte])?;
        std::str::from_utf8(taken).ok()
    }

    fn string(&mut self) -> Option<String> {
        let length = self.until(b':')?.parse().ok()?;
        self.expect(b"\"")?;
        let text = String::from_utf8_lossy(self.take(length)?).into_owned();
        self.expect(b"\"")?;
        Some(text)
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > DEPTH_LIMIT {
            return None;
        }
        let kind = self.take(2)?;
        Some(match kind {
            b"N;" => Value::Null,
            b"b:" => Value::Bool(self.until(b';')? == "1"),
            b"i:" => Value::Number(self.until(b';')?.parse::<i64>().ok()?.into()),
            b"d:" => Value::Number(Number::from_f64(self.until(b';')?.parse().ok()?)?),
            b"s:" => {
                let text = self.string()?;
                self.expect(b";")?;
                Value::String(text)
            }
            b"a:" => self.entries(depth)?,
            b"O:" => {
                self.string()?;
                self.expect(b":")?;
                self.entries(depth)?
            }
            _ => return None,
        })
    }

    fn entries(&mut self, depth: usize) -> Option<Value> {
        let count: usize = self.until(b':')?.parse().ok()?;
        self.expect(b"{")?;
        let mut keys_count = true;
        let mut found = Map::new();
        for at in 0..count {
            let key = match self.value(depth + 1)? {
                Value::String(key) => key,
                Value::Number(key) => key.to_string(),
                _ => return None,
            };
            keys_count &= key == at.to_string();
            found.insert(key, self.value(depth + 1)?);
        }
        self.expect(b"}")?;
        Some(if keys_count { found.into_iter().map(|(_, value)| value).collect() } else { Value::Object(found) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_php_wrote_is_read() {
        for (text, value) in [
            ("a:0:{}", json!([])),
            ("a:1:{s:10:\"printintro\";i:0;}", json!({ "printintro": 0 })),
            ("a:2:{i:0;s:2:\"ä\";i:1;a:1:{i:3;b:1;}}", json!(["ä", { "3": true }])),
            ("O:8:\"stdClass\":1:{s:1:\"x\";N;}", json!({ "x": null })),
            ("d:0.5;", json!(0.5)),
        ] {
            assert_eq!(unserialized(text), Some(value), "{text}");
        }
        for text in ["", "a:1:{", "s:9:\"a\";", "a:1:{i:0;i:1;}x", "i:x;"] {
            assert_eq!(unserialized(text), None, "{text}");
        }
        assert_eq!(unserialized(&"a:1:{i:0;".repeat(10_000)), None);
    }

    #[test]
    fn json_is_escaped_as_php_does() {
        assert_eq!(json(&json!({ "a/b": "é😀\"" })), "{\"a\\/b\":\"\\u00e9\\ud83d\\ude00\\\"\"}");
    }
}
