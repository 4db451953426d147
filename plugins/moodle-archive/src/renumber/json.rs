//! Finds the scalars of a JSON text with their places, so that single numbers can be changed and every other byte stays:
//! the order of keys, white space, how characters are escaped.

use std::ops::Range;

/// How deep objects and arrays may nest.
const DEPTH_LIMIT: usize = 64;

/// A number, string, true, false or null.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scalar {
    /// Which object it stands in, counted in the order in which they begin.
    pub object: usize,
    /// Keys from the outermost object, joined by `/`. Arrays add nothing.
    pub path: String,
    /// Where its text stands; of a string without the quotes, escapes as written.
    pub text: Range<usize>,
}

impl Scalar {
    /// Its own key.
    pub fn key(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }
}

/// The scalars of a JSON text; `None` when it is none.
pub(super) fn scalars(text: &[u8]) -> Option<Vec<Scalar>> {
    let mut reader = Reader { text, at: 0, objects: 0, path: String::new(), found: Vec::new() };
    reader.value(0, 0)?;
    reader.space();
    (reader.at == text.len()).then_some(reader.found)
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    objects: usize,
    path: String,
    found: Vec<Scalar>,
}

impl Reader<'_> {
    fn space(&mut self) {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    /// Takes one byte if it is the given one, after white space.
    fn take(&mut self, byte: u8) -> bool {
        self.space();
        let found = self.text.get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, object: usize, depth: usize) -> Option<()> {
        self.space();
        match self.text.get(self.at)? {
            b'{' | b'[' if depth >= DEPTH_LIMIT => None,
            b'{' => self.object(depth),
            b'[' => self.array(object, depth),
            b'"' => {
                let text = self.string()?;
                self.push(object, text)
            }
            _ => {
                let start = self.at;
                let part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.');
                while self.text.get(self.at).is_some_and(part) {
                    self.at += 1;
                }
                (self.at > start).then_some(())?;
                self.push(object, start..self.at)
            }
        }
    }

    fn push(&mut self, object: usize, text: Range<usize>) -> Option<()> {
        self.found.push(Scalar { object, path: self.path.clone(), text });
        Some(())
    }

    fn object(&mut self, depth: usize) -> Option<()> {
        self.at += 1;
        let number = self.objects;
        self.objects += 1;
        if self.take(b'}') {
            return Some(());
        }
        loop {
            self.space();
            let key = self.string()?;
            self.take(b':').then_some(())?;
            let before = self.path.len();
            if before > 0 {
                self.path.push('/');
            }
            let text = self.text;
            self.path.push_str(&String::from_utf8_lossy(&text[key]));
            self.value(number, depth + 1)?;
            self.path.truncate(before);
            if self.take(b'}') {
                return Some(());
            }
            self.take(b',').then_some(())?;
        }
    }

    fn array(&mut self, object: usize, depth: usize) -> Option<()> {
        self.at += 1;
        if self.take(b']') {
            return Some(());
        }
        loop {
            self.value(object, depth + 1)?;
            if self.take(b']') {
                return Some(());
            }
            self.take(b',').then_some(())?;
        }
    }

    /// A string from its opening quote; where its text stands.
    fn string(&mut self) -> Option<Range<usize>> {
        if self.text.get(self.at) != Some(&b'"') {
            return None;
        }
        let start = self.at + 1;
        let mut at = start;
        loop {
            match self.text.get(at)? {
                b'"' => break,
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
        self.at = at + 1;
        Some(start..at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str) -> Option<Vec<String>> {
        let show = |s: &Scalar| format!("{}:{}={}", s.object, s.path, &text[s.text.clone()]);
        scalars(text.as_bytes()).map(|all| all.iter().map(show).collect())
    }

    #[test]
    fn scalars_have_their_places() {
        let found = shown(r#" {"op":"&","c":[{"type":"group","id":5},{"id":"7\"","x":{}}],"showc":[true,null]} "#);
        let expected =
            ["0:op=&", "1:c/type=group", "1:c/id=5", "2:c/id=7\\\"", "0:showc=true", "0:showc=null"].map(str::to_owned);
        assert_eq!(found.unwrap(), expected);
        assert_eq!(shown("-1.5e3").unwrap(), ["0:=-1.5e3"]);
        for bad in ["", "{", "{\"a\"}", "[1,]", "[1 2]", "{\"a\":}", "\"a", "1 2", "\"\\"] {
            assert_eq!(shown(bad), None, "{bad}");
        }
        assert_eq!(scalars("[".repeat(100_000).as_bytes()), None);
    }

    proptest! {
        #[test]
        fn any_text_is_taken(text in "[\\[\\]{}:,\"\\\\a1 ]{0,40}") {
            let _ = scalars(text.as_bytes());
        }

        #[test]
        fn json_is_json(number in any::<i64>(), key in "[a-z/\"\\\\]{0,6}") {
            let text = serde_json::json!({ key: [number, {"a": number.to_string()}] }).to_string();
            let found = scalars(text.as_bytes()).unwrap();
            prop_assert!(found.len() == 2 && found.iter().all(|s| text[s.text.clone()] == number.to_string()));
        }
    }
}
