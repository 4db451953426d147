//! A JSON body as the tree a form would be: beyond the protocol, for clients that have JSON at hand.
//!
//! Objects and lists become trees, as in PHP; numbers, booleans and null stay what they are. The names at the top are
//! not rewritten as those of a form are.

use serde_json::{Map, Value};

use crate::form::{FormError, Limits, Node, Tree};

/// Reads a body. An empty one is an empty object, as clients send it that have nothing to say.
///
/// # Errors
/// What is no JSON or no object, has too many values or is nested too deep.
pub(crate) fn read(body: &[u8], limits: Limits, counted: usize) -> Result<Tree, FormError> {
    if body.trim_ascii().is_empty() {
        return Ok(Tree::default());
    }
    match serde_json::from_slice(body).map_err(|error| FormError::NotJson(error.to_string()))? {
        Value::Object(object) => Converter { limits, count: counted }.object(object),
        _ => Err(FormError::NotAnObject),
    }
}

/// The tree of an object that was read already, such as the arguments of a call in a batch.
///
/// # Errors
/// Too many values, or nested too deep.
pub fn tree(object: Map<String, Value>, limits: Limits) -> Result<Tree, FormError> {
    Converter { limits, count: 0 }.object(object)
}

struct Converter {
    limits: Limits,
    count: usize,
}

impl Converter {
    fn object(&mut self, object: Map<String, Value>) -> Result<Tree, FormError> {
        let mut tree = Tree::default();
        for (name, value) in object {
            let node = self.node(&name, value, 0)?;
            tree.insert(name, node);
        }
        Ok(tree)
    }

    /// `name` is the one at the top, for the error.
    fn node(&mut self, name: &str, value: Value, depth: usize) -> Result<Node, FormError> {
        let is_leaf = match &value {
            Value::Object(object) => object.is_empty(),
            Value::Array(elements) => elements.is_empty(),
            _ => true,
        };
        if is_leaf {
            self.count += 1;
            self.limits.check_count(self.count)?;
        } else {
            self.limits.check_depth(name, depth + 1)?;
        }
        let children: Vec<(String, Value)> = match value {
            Value::Null => return Ok(Node::Null),
            Value::Bool(value) => return Ok(Node::Bool(value)),
            Value::Number(number) => return Ok(Node::Number(number)),
            Value::String(text) => return Ok(Node::Text(text)),
            Value::Array(elements) => {
                elements.into_iter().enumerate().map(|(place, element)| (place.to_string(), element)).collect()
            }
            Value::Object(object) => object.into_iter().collect(),
        };
        let mut tree = Tree::default();
        for (key, value) in children {
            let node = self.node(name, value, depth + 1)?;
            tree.insert(key, node);
        }
        Ok(Node::Map(tree))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Tree, FormError> {
        super::read(body.as_bytes(), Limits::default(), 0)
    }

    #[test]
    fn values_stay_what_they_are() {
        let tree = read(r#"{"n":5,"f":0.5,"b":true,"z":null,"t":"x","l":["a",{"k":1}],"e":[],"a.b":"kept"}"#).unwrap();
        assert_eq!(tree.get("n"), Some(&Node::Number(5.into())));
        assert_eq!(tree.get("b"), Some(&Node::Bool(true)));
        assert_eq!(tree.get("z"), Some(&Node::Null));
        assert_eq!(tree.get("t"), Some(&Node::Text("x".to_owned())));
        assert_eq!(tree.get("e"), Some(&Node::Map(Tree::default())));
        assert_eq!(tree.get("a.b"), Some(&Node::Text("kept".to_owned())));
        let Some(Node::Map(list)) = tree.get("l") else { panic!("no list") };
        assert_eq!(list.get("0"), Some(&Node::Text("a".to_owned())));
        let Some(Node::Map(inner)) = list.get("1") else { panic!("no map") };
        assert_eq!(inner.get("k"), Some(&Node::Number(1.into())));
    }

    #[test]
    fn what_is_no_object() {
        assert_eq!(read(""), Ok(Tree::default()));
        assert_eq!(read(" \n"), Ok(Tree::default()));
        assert_eq!(read("[1]"), Err(FormError::NotAnObject));
        assert_eq!(read("null"), Err(FormError::NotAnObject));
        for broken in ["{", "{\"a\":1}x", "{\"a\":\"\u{1}\"}", "{\"a\":1e999}", "{\"a\":\"\\ud800\"}"] {
            assert!(matches!(read(broken), Err(FormError::NotJson(_))), "{broken}");
        }
        assert!(matches!(super::read(b"{\"a\":\"\xff\"}", Limits::default(), 0), Err(FormError::NotJson(_))));
    }

    #[test]
    fn limits() {
        let limits = Limits { variables: 3, depth: 2 };
        let read = |body: &str, counted| super::read(body.as_bytes(), limits, counted);
        assert!(read(r#"{"a":[1,2,3]}"#, 0).is_ok());
        assert_eq!(read(r#"{"a":[1,2,3]}"#, 1), Err(FormError::TooMany(3)));
        // What holds nothing counts, or a body of nothing but brackets would have no limit.
        assert_eq!(read(r#"{"a":[[],{},[],[]]}"#, 0), Err(FormError::TooMany(3)));
        assert!(read(r#"{"a":[[1]]}"#, 0).is_ok());
        assert_eq!(read(r#"{"a":[[[1]]]}"#, 0), Err(FormError::TooDeep { name: "a".to_owned(), limit: 2 }));
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(65), "]".repeat(65));
        assert!(matches!(super::read(deep.as_bytes(), Limits::default(), 0), Err(FormError::TooDeep { .. })));
        let endless = format!("{{\"a\":{}", "[".repeat(100_000));
        assert!(matches!(super::read(endless.as_bytes(), Limits::default(), 0), Err(FormError::NotJson(_))));
    }
}
