//! Reads XML answers as a client would, with a parser that is not ours. Also used by `tests/invariants`.

use provost_wire::description::{Description, Shape};
use quick_xml::events::Event;
use quick_xml::{Reader, XmlVersion};
use serde_json::Value;

/// An element of an XML document.
#[derive(Debug, Default, Clone)]
pub struct Element {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub text: String,
    pub children: Vec<Element>,
}

/// Parses a document with a parser that is not ours.
pub fn parse_xml(xml: &str) -> Element {
    let mut reader = Reader::from_str(xml);
    let mut open = vec![Element::default()];
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => open.push(element(&start)),
            Event::Empty(start) => {
                let element = element(&start);
                open.last_mut().unwrap().children.push(element);
            }
            Event::End(_) => {
                let done = open.pop().unwrap();
                open.last_mut().unwrap().children.push(done);
            }
            Event::Text(text) => open.last_mut().unwrap().text.push_str(&text.into_inner()),
            Event::GeneralRef(entity) => {
                let text = match entity.into_inner().as_ref() {
                    "amp" => '&',
                    "lt" => '<',
                    "gt" => '>',
                    "quot" => '"',
                    other => panic!("unexpected entity {other}"),
                };
                open.last_mut().unwrap().text.push(text);
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(open.len(), 1, "unclosed element");
    open.pop().unwrap().children.pop().unwrap()
}

fn element(start: &quick_xml::events::BytesStart<'_>) -> Element {
    Element {
        name: start.name().as_ref().to_owned(),
        attributes: start
            .attributes()
            .map(|attribute| {
                let attribute = attribute.unwrap();
                let value = attribute.normalized_value(XmlVersion::Implicit1_0).unwrap();
                (attribute.key.as_ref().to_owned(), value.into_owned())
            })
            .collect(),
        ..Element::default()
    }
}

/// Reads an XML answer back by its description, as a client would; texts and nulls only.
pub fn value_of(description: &Description, node: &Element) -> Value {
    match &description.shape {
        Shape::Value(_) => {
            assert_eq!(node.name, "VALUE");
            if node.attributes.iter().any(|(name, value)| name == "null" && value == "null") {
                return Value::Null;
            }
            Value::String(node.text.clone())
        }
        Shape::Single(keys) => {
            assert_eq!(node.name, "SINGLE");
            assert_eq!(node.children.len(), keys.len());
            let entries = keys.iter().zip(&node.children).map(|(key, child)| {
                assert_eq!((child.name.as_str(), child.attributes[0].1.as_str()), ("KEY", key.name.as_str()));
                (key.name.clone(), value_of(&key.description, &child.children[0]))
            });
            Value::Object(entries.collect())
        }
        Shape::Multiple { content, .. } => {
            assert_eq!(node.name, "MULTIPLE");
            node.children.iter().map(|child| value_of(content, child)).collect()
        }
    }
}

/// What a client of the XML sees: texts, nulls for what is not set, no forbidden characters.
pub fn as_seen_in_xml(description: &Description, value: Option<&Value>) -> Value {
    match &description.shape {
        Shape::Value(_) => match value {
            None | Some(Value::Null) => Value::Null,
            Some(Value::String(text)) => {
                let is_kept = |c: &char| !c.is_ascii_control() || matches!(c, '\t' | '\n' | '\r' | '\u{7f}');
                Value::String(text.chars().filter(is_kept).filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}')).collect())
            }
            Some(Value::Bool(value)) => Value::from(if *value { "1" } else { "0" }),
            Some(other) => Value::from(other.to_string()),
        },
        Shape::Single(keys) => keys
            .iter()
            .map(|key| {
                let inner = value.and_then(|value| value.get(&key.name));
                (key.name.clone(), as_seen_in_xml(&key.description, inner))
            })
            .collect(),
        Shape::Multiple { content, .. } => value
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(|element| as_seen_in_xml(content, Some(element)))
            .collect(),
    }
}

/// Floats lose digits in XML; compare them by value, close enough.
pub fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|((key, one), (other_key, other))| key == other_key && is_same(one, other))
        }
        (Value::String(one), Value::String(other)) if one != other => {
            match (one.parse::<f64>(), other.parse::<f64>()) {
                (Ok(one), Ok(other)) => one == other || ((one - other) / one).abs() < 1e-12,
                _ => false,
            }
        }
        (one, other) => one == other,
    }
}
