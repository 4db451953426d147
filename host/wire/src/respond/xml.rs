//! XML by the grammar of webservices 1.5.
//!
//! Unlike JSON, it walks the description: an optional key that is not set is printed as a null value, an empty list
//! or a map of nulls.

use serde_json::Value;

use crate::description::{Description, Shape};
use crate::php_number;

/// How every XML answer begins.
pub(crate) const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n";

/// Prints a cleaned result, ending in a line end. Without a description the response is empty.
pub fn xml(returns: Option<&Description>, cleaned: &Value) -> String {
    let mut out = String::from(DECLARATION);
    out.push_str("<RESPONSE>\n");
    if let Some(returns) = returns {
        node(returns, cleaned, &mut out);
    }
    out.push_str("</RESPONSE>\n");
    out
}

fn node(description: &Description, value: &Value, out: &mut String) {
    match &description.shape {
        Shape::Value(_) => scalar(value, out),
        Shape::Single(keys) => {
            out.push_str("<SINGLE>\n");
            for key in keys {
                out.push_str("<KEY name=\"");
                escape(&key.name, out);
                out.push_str("\">");
                node(&key.description, value.get(&key.name).unwrap_or(&Value::Null), out);
                out.push_str("</KEY>\n");
            }
            out.push_str("</SINGLE>\n");
        }
        Shape::Multiple { content, .. } => {
            out.push_str("<MULTIPLE>\n");
            for element in value.as_array().into_iter().flatten() {
                node(content, element, out);
            }
            out.push_str("</MULTIPLE>\n");
        }
    }
}

fn scalar(value: &Value, out: &mut String) {
    if value.is_null() {
        out.push_str("<VALUE null=\"null\"/>\n");
        return;
    }
    out.push_str("<VALUE>");
    match value {
        Value::String(text) => escape(text, out),
        Value::Bool(value) => out.push(if *value { '1' } else { '0' }),
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(float) => out.push_str(&php_number::text(float)),
            None => out.push_str(&number.to_string()),
        },
        Value::Null | Value::Array(_) | Value::Object(_) => {}
    }
    out.push_str("</VALUE>\n");
}

/// Escapes `& < > "` and drops the characters no XML document may hold, which would make the answer unreadable.
pub(crate) fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(c),
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => {}
            c => out.push(c),
        }
    }
}
