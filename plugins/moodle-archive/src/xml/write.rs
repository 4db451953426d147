//! Writes documents in exactly Moodle's form (mbz-format.md 3): two spaces of indent, one element per line, no line
//! break after the root, an element without content as two tags on two lines.

use super::{DECLARATION, NULL, escape};

/// Writes one document.
#[derive(Debug, Clone)]
pub struct Writer {
    out: String,
    open: Vec<String>,
}

impl Default for Writer {
    fn default() -> Self {
        Self { out: DECLARATION.to_owned(), open: Vec::new() }
    }
}

impl Writer {
    /// A document with its declaration.
    pub fn new() -> Self {
        Self::default()
    }

    fn line(&mut self) {
        if !self.out.ends_with('\n') {
            self.out.push('\n');
        }
        for _ in 0..self.open.len() {
            self.out.push_str("  ");
        }
    }

    fn tag(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.out.push('<');
        self.out.push_str(name);
        for (key, value) in attributes {
            self.out.push(' ');
            self.out.push_str(key);
            self.out.push_str("=\"");
            self.out.push_str(&escape::attribute(value));
            self.out.push('"');
        }
        self.out.push('>');
    }

    /// Opens an element that holds elements.
    pub fn open(&mut self, name: &str, attributes: &[(&str, &str)]) -> &mut Self {
        self.line();
        self.tag(name, attributes);
        self.open.push(name.to_owned());
        self
    }

    /// Closes the innermost open element.
    pub fn close(&mut self) -> &mut Self {
        if let Some(name) = self.open.pop() {
            self.line();
            self.out.push_str("</");
            self.out.push_str(&name);
            self.out.push('>');
        }
        self
    }

    /// Writes an element that holds text; `None` is null.
    pub fn field(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        self.line();
        self.tag(name, &[]);
        self.out.push_str(&escape::text(value.unwrap_or(NULL)));
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
        self
    }

    /// Writes an element that holds a number.
    pub fn number(&mut self, name: &str, value: impl std::fmt::Display) -> &mut Self {
        self.field(name, Some(&value.to_string()))
    }

    /// The document, with every element closed.
    pub fn finish(mut self) -> Vec<u8> {
        while !self.open.is_empty() {
            self.close();
        }
        self.out.into_bytes()
    }
}

/// The part of a list document before its elements: declaration and start tag. What elements kept with the white space before
/// them are appended to.
pub fn list_head(root: &str) -> Vec<u8> {
    format!("{DECLARATION}<{root}>").into_bytes()
}

/// The part of a list document after its elements.
pub fn list_tail(root: &str) -> Vec<u8> {
    format!("\n</{root}>").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_have_the_form() {
        let mut w = Writer::new();
        w.open("a", &[("id", "1\"")]).field("b", None).open("c", &[]).close().field("d", Some("<"));
        let text = String::from_utf8(w.finish()).unwrap();
        assert_eq!(
            text,
            format!("{DECLARATION}<a id=\"1&quot;\">\n  <b>$@NULL@$</b>\n  <c>\n  </c>\n  <d>&lt;</d>\n</a>")
        );
    }
}
