//! Names and values of a form, nested by PHP's rules (webservices 1.3).

use indexmap::IndexMap;
use percent_encoding::percent_decode;
use serde_json::Number;

/// Most variables of one request, query and body together, unless [`Limits`] say otherwise. PHP would drop the rest in
/// silence; we refuse.
pub const MAX_VARIABLES: usize = 5000;
/// Deepest nesting: the number of bracket pairs after a name. [`Limits`] can only lower it.
pub const MAX_DEPTH: usize = 64;

/// What a request may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Variables, query and body together; of a JSON body, values.
    pub variables: usize,
    /// Levels below a name, at most [`MAX_DEPTH`].
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { variables: MAX_VARIABLES, depth: MAX_DEPTH }
    }
}

impl Limits {
    pub(crate) fn check_count(self, count: usize) -> Result<(), FormError> {
        if count > self.variables { Err(FormError::TooMany(self.variables)) } else { Ok(()) }
    }

    pub(crate) fn check_depth(self, name: &str, depth: usize) -> Result<(), FormError> {
        let limit = self.depth.min(MAX_DEPTH);
        if depth > limit { Err(FormError::TooDeep { name: name.to_owned(), limit }) } else { Ok(()) }
    }
}

/// One value of a form or of a JSON body: a single value, or further values under keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A text as sent, percent decoding done.
    Text(String),
    /// Bytes that are not UTF-8, with replacement characters. No parameter type accepts it.
    NotUtf8(String),
    /// `name[key]=…`: values under keys. Also an object or list of a JSON body.
    Map(Tree),
    /// A number of a JSON body.
    Number(Number),
    /// A boolean of a JSON body.
    Bool(bool),
    /// Null in a JSON body; a form cannot say it.
    Null,
}

impl Node {
    /// The text, if this is one and is UTF-8.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Values under keys, in order of first appearance. A list is a tree whose keys are numbers.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    entries: IndexMap<String, Node>,
    /// The key the next `[]` gets; none once the largest number is taken.
    next_index: Option<i64>,
    appended: bool,
}

impl PartialEq for Tree {
    /// Equal keys with equal values in the same order; which index comes next does not matter.
    fn eq(&self, other: &Tree) -> bool {
        self.entries.iter().eq(other.entries.iter())
    }
}

impl Eq for Tree {}

impl Tree {
    /// The value under `key`.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries.get(key)
    }

    /// All entries in order of appearance.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.entries.iter().map(|(key, node)| (key.as_str(), node))
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes an entry out, keeping the order of the others.
    pub fn remove(&mut self, key: &str) -> Option<Node> {
        self.entries.shift_remove(key)
    }

    /// Sets an entry; one that exists keeps its place.
    pub fn insert(&mut self, key: impl Into<String>, node: Node) {
        let key = key.into();
        if let Some(number) = array_index(&key) {
            let after = number.checked_add(1).map(|next| next.max(0));
            self.next_index = match (self.appended, self.next_index, after) {
                (false, _, after) => after,
                (true, Some(next), Some(after)) => Some(next.max(after)),
                (true, ..) => None,
            };
            self.appended = true;
        }
        self.entries.insert(key, node);
    }

    /// `name[]`: the next index, unless the largest one is taken.
    fn next_key(&self) -> Option<String> {
        let next = if self.appended { self.next_index? } else { 0 };
        Some(next.to_string())
    }

    /// Sets the value at a path of keys, where `None` stands for `[]`. What is in the way is replaced.
    fn insert_at(&mut self, key: &str, path: &[Option<String>], node: Node) {
        let Some((first, rest)) = path.split_first() else {
            self.insert(key, node);
            return;
        };
        if !matches!(self.entries.get(key), Some(Node::Map(_))) {
            self.insert(key, Node::Map(Tree::default()));
        }
        let Some(Node::Map(inner)) = self.entries.get_mut(key) else { return };
        let next = match first {
            Some(key) => Some(key.clone()),
            None => inner.next_key(),
        };
        if let Some(next) = next {
            inner.insert_at(&next, rest, node);
        }
    }

    /// The other tree's top-level entries replace those of the same name; nothing is merged below the top.
    pub(crate) fn replace_with(&mut self, other: Tree) {
        for (key, node) in other.entries {
            self.insert(key, node);
        }
    }
}

impl FromIterator<(String, Node)> for Tree {
    fn from_iter<I: IntoIterator<Item = (String, Node)>>(entries: I) -> Tree {
        let mut tree = Tree::default();
        for (key, node) in entries {
            tree.insert(key, node);
        }
        tree
    }
}

/// Why a form cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// More variables than the limit.
    #[error("the request has more than {0} variables")]
    TooMany(usize),
    /// A name with more levels below it than the limit.
    #[error("the parameter {name} is nested more than {limit} levels deep")]
    TooDeep {
        /// The name at the top.
        name: String,
        /// The levels allowed.
        limit: usize,
    },
    /// A body that says it is JSON and is not.
    #[error("the body is no JSON: {0}")]
    NotJson(String),
    /// A JSON body whose outermost value has no names.
    #[error("the body is JSON, but no object of parameters")]
    NotAnObject,
}

/// Collects the variables of one source (query or body) into a tree.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    pub(crate) tree: Tree,
    pub(crate) count: usize,
    pub(crate) limits: Limits,
}

impl Collector {
    /// One variable with decoded name and value.
    pub(crate) fn add(&mut self, name: &[u8], value: &[u8]) -> Result<(), FormError> {
        self.count += 1;
        self.limits.check_count(self.count)?;
        let name = String::from_utf8_lossy(name);
        let Some((key, path)) = split_name(&name, self.limits)? else { return Ok(()) };
        self.tree.insert_at(&key, &path, text_node(value));
        Ok(())
    }
}

fn text_node(value: &[u8]) -> Node {
    match std::str::from_utf8(value) {
        Ok(text) => Node::Text(text.to_owned()),
        Err(_) => Node::NotUtf8(String::from_utf8_lossy(value).into_owned()),
    }
}

/// The pairs of a query string or urlencoded body, decoded. Broken percent sequences stay as they are.
pub(crate) fn pairs(encoded: &[u8]) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    encoded.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).map(|pair| {
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        let mut half = || decode(halves.next().unwrap_or_default());
        (half(), half())
    })
}

fn decode(encoded: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = encoded.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&spaced).collect()
}

/// A top-level name and the keys in its brackets (`None` for `[]`).
type Name = (String, Vec<Option<String>>);

/// Takes a name apart. `None` means PHP ignores the variable: its name is empty.
fn split_name(name: &str, limits: Limits) -> Result<Option<Name>, FormError> {
    // PHP's names end at a zero byte.
    let name = name.split('\0').next().unwrap_or_default().trim_start_matches(' ');
    let (top, mut rest) = match name.find('[') {
        Some(at) => name.split_at(at),
        None => (name, ""),
    };
    if top.is_empty() {
        return Ok(None);
    }
    let mut top = top.replace(['.', ' '], "_");
    let mut path = Vec::new();
    while let Some(inner) = rest.strip_prefix('[') {
        limits.check_depth(&top, path.len() + 1)?;
        let Some((key, after)) = inner.split_once(']') else {
            // Not an index. At the top the bracket becomes part of the name, further in the rest is dropped.
            if path.is_empty() {
                top.push('_');
                top.push_str(&inner.replace(['.', ' ', '['], "_"));
            }
            break;
        };
        // PHP skips one white space before it looks whether the brackets are empty.
        let empty = matches!(key.as_bytes(), [] | [b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c]);
        path.push(if empty { None } else { Some(key.to_owned()) });
        // Anything but a further bracket after `]` is ignored.
        rest = after;
    }
    Ok(Some((top, path)))
}

/// The number a key is to PHP, if it is one: no leading zeros or plus sign, no minus zero.
pub(crate) fn array_index(key: &str) -> Option<i64> {
    let number: i64 = key.parse().ok()?;
    (number.to_string() == key).then_some(number)
}

#[cfg(test)]
mod tests;
