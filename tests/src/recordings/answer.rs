//! The body of an answer as a tree, the same for XML and JSON (moodle-webservices.md 1.5).

use crate::tree::{self, Element};
use serde_json::Value;
use std::fmt::Write;

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// `<RESPONSE>` or `<EXCEPTION>`.
    Xml,
    /// JSON.
    Json,
    /// The bytes of a file, or nothing.
    Bytes,
}

/// An answer, or a part of it. In XML every value is a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// Null, and the answer of a function without one.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as written.
    Number(String),
    /// A text.
    Text(String),
    /// A MULTIPLE.
    List(Vec<Node>),
    /// A SINGLE; also an error, of `exception`, `errorcode`, `message` and perhaps `debuginfo`.
    Map(Vec<(String, Node)>),
}

impl Node {
    /// What is under a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match self {
            Self::Map(entries) => entries.iter().find(|(k, _)| k == key).map(|(_, node)| node),
            _ => None,
        }
    }

    /// A value as text; null and what is no value have none.
    pub fn value(&self) -> Option<String> {
        match self {
            Self::Text(text) | Self::Number(text) => Some(text.clone()),
            Self::Bool(value) => Some(value.to_string()),
            Self::Null | Self::List(_) | Self::Map(_) => None,
        }
    }

    /// What it is, in a word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::Text(_) => "text",
            Self::List(_) => "list",
            Self::Map(_) => "map",
        }
    }

    /// It in a few words.
    pub fn shown(&self) -> String {
        match self {
            Self::List(items) => format!("a list of {}", items.len()),
            Self::Map(_) if self.get("errorcode").is_some() => {
                let text = |key: &str| self.get(key).and_then(Node::value).unwrap_or_default();
                format!("the error {}: {}{}", text("errorcode"), text("message"), text("error"))
            }
            Self::Map(entries) => {
                let keys: Vec<&str> = entries.iter().map(|(k, _)| k.as_str()).collect();
                format!("a map of {}", keys.join(", "))
            }
            Self::Null => "null".to_owned(),
            value => {
                let text = value.value().unwrap_or_default();
                let quote = if matches!(value, Self::Text(_)) { "\"" } else { "" };
                let cut: String = text.chars().take(400).collect();
                let more = if cut.len() < text.len() { "…" } else { "" };
                format!("{quote}{cut}{more}{quote}")
            }
        }
    }
}

/// What a body says, by how it is written.
///
/// # Errors
/// In words, when it is neither.
pub fn parse_body(body: &[u8], syntax: Syntax) -> Result<Node, String> {
    match syntax {
        Syntax::Xml => {
            let root = tree::parse(body).map_err(|e| e.to_string())?;
            let node = xml(&root)?;
            let written = xml_text(&node);
            let text = String::from_utf8_lossy(body);
            // What the parser forgives is seen by writing the same anew.
            if text.trim_end() != written.trim_end() {
                let line = text.lines().zip(written.lines()).find(|(a, b)| a != b);
                return Err(format!("not in the form of moodle-webservices.md 1.5: {line:?}"));
            }
            Ok(node)
        }
        Syntax::Json => {
            let value: Value = serde_json::from_slice(body).map_err(|e| e.to_string())?;
            Ok(json(value))
        }
        Syntax::Bytes => Ok(Node::Text(String::from_utf8_lossy(body).trim_end().to_owned())),
    }
}

fn json(value: Value) -> Node {
    match value {
        Value::Null => Node::Null,
        Value::Bool(value) => Node::Bool(value),
        Value::Number(number) => Node::Number(number.to_string()),
        Value::String(text) => Node::Text(text),
        Value::Array(items) => Node::List(items.into_iter().map(json).collect()),
        Value::Object(entries) => Node::Map(entries.into_iter().map(|(k, v)| (k, json(v))).collect()),
    }
}

fn xml(element: &Element) -> Result<Node, String> {
    match element.name.as_str() {
        "RESPONSE" => match element.children.as_slice() {
            [] => Ok(Node::Null),
            [only] => xml(only),
            several => Err(format!("{} answers", several.len())),
        },
        "EXCEPTION" => {
            let class = element.attribute("class").ok_or("an exception without a class")?;
            let mut entries = vec![("exception".to_owned(), Node::Text(class.to_owned()))];
            for child in &element.children {
                entries.push((child.name.to_ascii_lowercase(), Node::Text(child.text.clone())));
            }
            Ok(Node::Map(entries))
        }
        "VALUE" => match element.attribute("null") {
            Some(_) => Ok(Node::Null),
            None => Ok(Node::Text(element.text.clone())),
        },
        "MULTIPLE" => element.children.iter().map(xml).collect::<Result<_, _>>().map(Node::List),
        "SINGLE" => {
            let mut entries = Vec::new();
            for key in &element.children {
                let name = key.attribute("name").ok_or_else(|| format!("a {} without a name", key.name))?;
                let [only] = key.children.as_slice() else { return Err(format!("the key {name} has not one value")) };
                entries.push((name.to_owned(), xml(only)?));
            }
            Ok(Node::Map(entries))
        }
        other => Err(format!("an element {other}")),
    }
}

/// The XML of a tree that came from XML, as Moodle writes it.
fn xml_text(node: &Node) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n");
    // Writing to a string cannot fail.
    if let Node::Map(entries) = node
        && entries.first().is_some_and(|(key, _)| key == "exception")
    {
        let text = |key: &str| node.get(key).and_then(Node::value).map(|t| escaped(&t)).unwrap_or_default();
        let _ = writeln!(out, "<EXCEPTION class=\"{}\">", text("exception"));
        for (key, _) in &entries[1..] {
            let name = key.to_ascii_uppercase();
            let _ = writeln!(out, "<{name}>{}</{name}>", text(key));
        }
        out += "</EXCEPTION>\n";
        return out;
    }
    out += "<RESPONSE>\n";
    if *node != Node::Null {
        write_node(node, &mut out);
    }
    out + "</RESPONSE>\n"
}

fn write_node(node: &Node, out: &mut String) {
    match node {
        Node::Null => *out += "<VALUE null=\"null\"/>\n",
        Node::List(items) => {
            *out += "<MULTIPLE>\n";
            for item in items {
                write_node(item, out);
            }
            *out += "</MULTIPLE>\n";
        }
        Node::Map(entries) => {
            *out += "<SINGLE>\n";
            for (key, node) in entries {
                let _ = write!(out, "<KEY name=\"{key}\">");
                write_node(node, out);
                *out += "</KEY>\n";
            }
            *out += "</SINGLE>\n";
        }
        value => {
            let _ = writeln!(out, "<VALUE>{}</VALUE>", escaped(&value.value().unwrap_or_default()));
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn both_syntaxes_give_one_tree() {
        let written = "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<EXCEPTION class=\"a\\b\">\n<ERRORCODE>c</ERRORCODE>\n\
                       <MESSAGE>x &quot;y&quot; </MESSAGE>\n</EXCEPTION>\n";
        let same = br#"{"exception":"a\\b","errorcode":"c","message":"x \"y\" "}"#;
        assert_eq!(parse_body(written.as_bytes(), Syntax::Xml), parse_body(same, Syntax::Json));
    }

    #[test]
    fn other_white_space_is_another_form() {
        let written = "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<RESPONSE>\n<SINGLE>\n<KEY name=\"a\"><VALUE>1</VALUE>\n</KEY>\n\
                       <KEY name=\"b\"><VALUE null=\"null\"/>\n</KEY>\n<KEY name=\"c\"><MULTIPLE>\n</MULTIPLE>\n</KEY>\n\
                       </SINGLE>\n</RESPONSE>\n";
        let node = parse_body(written.as_bytes(), Syntax::Xml).unwrap();
        assert_eq!(node.shown(), "a map of a, b, c");
        assert!(parse_body(written.replace("</VALUE>\n", "</VALUE>").as_bytes(), Syntax::Xml).is_err());
        assert!(parse_body(b"<RESPONSE><ODD/></RESPONSE>", Syntax::Xml).is_err());
    }
}
