//! Lists of `{name, value}` in their three spellings (webservices 2.2): `[N][name]=…&[N][value]=…`, `[N][NAME]=VALUE`
//! and `[NAME]=VALUE`, mixed as the caller likes.

use indexmap::IndexMap;
use indexmap::map::Entry;
use serde_json::Value;

use super::{Check, Fault, Input};
use crate::description::Description;
use crate::form::{Node, Tree, array_index};

impl Check<'_> {
    /// Brings every spelling into the first one and checks that. An option given twice with one value counts once;
    /// with two values it is a conflict.
    pub(super) fn pairs(&self, content: &Description, tree: &Tree) -> Result<Value, Fault> {
        let mut cleaned: IndexMap<String, Value> = IndexMap::new();
        for pair in spelled_out(tree)? {
            let pair = self.walk(content, Input::Form(&pair))?;
            match cleaned.entry(shown(&pair["name"])) {
                Entry::Vacant(place) => {
                    place.insert(pair);
                }
                Entry::Occupied(earlier) if earlier.get()["value"] == pair["value"] => {}
                Entry::Occupied(earlier) => return Err(Fault::Conflict(earlier.key().clone())),
            }
        }
        Ok(Value::Array(cleaned.into_values().collect()))
    }
}

fn spelled_out(tree: &Tree) -> Result<Vec<Node>, Fault> {
    let mut pairs = Vec::with_capacity(tree.len());
    for (key, node) in tree.iter() {
        match node {
            Node::Map(inner) if inner.get("name").is_some() || inner.get("value").is_some() => pairs.push(node.clone()),
            Node::Map(inner) => pairs.extend(inner.iter().map(|(name, value)| pair(name, value))),
            // A number is a place in the list, and what is there must be a pair.
            _ if array_index(key).is_some() => {
                return Err(Fault::Unfit(format!("the list's element {key} is no pair of name and value")));
            }
            value => pairs.push(pair(key, value)),
        }
    }
    Ok(pairs)
}

fn pair(name: &str, value: &Node) -> Node {
    let parts = [("name".to_owned(), Node::Text(name.to_owned())), ("value".to_owned(), value.clone())];
    Node::Map(parts.into_iter().collect())
}

fn shown(name: &Value) -> String {
    name.as_str().map_or_else(|| name.to_string(), str::to_owned)
}
