//! Where two answers differ.

use super::answer::{Node, Syntax, parse_body};
use super::rules::{Allow, RULES, Rule};
use percent_encoding::percent_decode_str;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// How the recorded site called itself.
const THEIR_HOST: &str = "http://moodle.test";

/// A place where answers differ more than the rules allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Where: keys, and elements by name.
    pub place: String,
    /// What is there.
    pub ours: String,
    /// What was recorded.
    pub theirs: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n    ours:   {}\n    theirs: {}", self.place, self.ours, self.theirs)
    }
}

/// What stands for what: ids correspond one to one, throughout all answers compared with the same of these.
#[derive(Debug, Default)]
pub struct Ids {
    /// The address of our server, for example `http://127.0.0.1:4567`.
    pub host: String,
    ours: BTreeMap<(&'static str, String), String>,
    theirs: BTreeMap<(&'static str, String), String>,
}

impl Ids {
    /// For a server at an address.
    pub fn new(host: &str) -> Self {
        Self { host: host.to_owned(), ..Self::default() }
    }

    /// Notes that two ids stand for one thing; what contradicts it, otherwise.
    pub fn note(&mut self, kind: &'static str, ours: &str, theirs: &str) -> Result<(), String> {
        let stands_for = self.ours.entry((kind, theirs.to_owned())).or_insert_with(|| ours.to_owned());
        if stands_for != ours {
            return Err(format!("{theirs} ({kind}), which was {stands_for} elsewhere"));
        }
        let stands_for = self.theirs.entry((kind, ours.to_owned())).or_insert_with(|| theirs.to_owned());
        if stands_for != theirs {
            return Err(format!("{theirs} ({kind}), but {ours} stood for {stands_for} elsewhere"));
        }
        Ok(())
    }
}

/// Compares an answer with a recorded one, by the rules for the recording.
pub fn compare(recording: &str, ours: &Node, theirs: &Node, ids: &mut Ids) -> Vec<Difference> {
    let rules = RULES.iter().filter(|rule| rule.recordings.split(' ').any(|glob| matches(glob, recording))).collect();
    let mut judge = Judge { rules, ids, found: Vec::new() };
    judge.node("", ours, theirs);
    judge.found
}

struct Judge<'a> {
    rules: Vec<&'static Rule>,
    ids: &'a mut Ids,
    found: Vec<Difference>,
}

impl Judge<'_> {
    fn at(&self, place: &str) -> Vec<Allow> {
        self.rules.iter().filter(|rule| matches(rule.place, place)).map(|rule| rule.allow).collect()
    }

    fn differ(&mut self, place: &str, ours: impl Into<String>, theirs: impl Into<String>) {
        self.found.push(Difference { place: place.to_owned(), ours: ours.into(), theirs: theirs.into() });
    }

    fn node(&mut self, place: &str, ours: &Node, theirs: &Node) {
        let allowed = self.at(place);
        if allowed.contains(&Allow::Anything) {
            return;
        }
        match (ours, theirs) {
            (Node::Map(ours), Node::Map(theirs)) => self.map(place, ours, theirs),
            (Node::List(ours), Node::List(theirs)) => self.list(place, &allowed, ours, theirs),
            _ if ours.kind() != theirs.kind() => {
                if !allowed.contains(&Allow::Kind) {
                    self.differ(place, kind_and_value(ours), kind_and_value(theirs));
                }
            }
            _ => self.value(place, &allowed, ours, theirs),
        }
    }

    fn map(&mut self, place: &str, ours: &[(String, Node)], theirs: &[(String, Node)]) {
        let inside = |key: &str| if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") };
        let find =
            |entries: &[(String, Node)], key: &str| entries.iter().find(|(k, _)| k == key).map(|(_, n)| n.clone());
        for (key, node) in theirs {
            let place = inside(key);
            match find(ours, key) {
                Some(our) => self.node(&place, &our, node),
                None if self.may_lack(&place) => {}
                None => self.differ(&place, "no such key", kind_and_value(node)),
            }
        }
        for (key, node) in ours {
            let place = inside(key);
            if find(theirs, key).is_none() && !self.may_lack(&place) {
                self.differ(&place, kind_and_value(node), "no such key");
            }
        }
        let common = |entries: &[(String, Node)], others: &[(String, Node)]| -> Vec<String> {
            entries.iter().map(|(k, _)| k.clone()).filter(|k| others.iter().any(|(o, _)| o == k)).collect()
        };
        let (our_keys, their_keys) = (common(ours, theirs), common(theirs, ours));
        if our_keys != their_keys {
            self.differ(place, format!("keys in order {}", our_keys.join(", ")), their_keys.join(", "));
        }
    }

    fn may_lack(&self, place: &str) -> bool {
        self.at(place).iter().any(|allowed| matches!(allowed, Allow::Absent | Allow::Anything))
    }

    fn list(&mut self, place: &str, allowed: &[Allow], ours: &[Node], theirs: &[Node]) {
        let (our_labels, their_labels) = labels(ours, theirs);
        let others = allowed.contains(&Allow::Elements);
        for (label, node) in their_labels.iter().zip(theirs) {
            let place = format!("{place}[{label}]");
            match our_labels.iter().position(|l| l == label) {
                Some(at) => self.node(&place, &ours[at], node),
                None if others || self.may_lack(&place) => {}
                None => self.differ(&place, "no such element", node.shown()),
            }
        }
        for (label, node) in our_labels.iter().zip(ours) {
            let place = format!("{place}[{label}]");
            if !their_labels.contains(label) && !others && !self.may_lack(&place) {
                self.differ(&place, node.shown(), "no such element");
            }
        }
        let common = |labels: &[String], others: &[String]| -> Vec<String> {
            labels.iter().filter(|l| others.contains(l)).cloned().collect()
        };
        let (our_order, their_order) = (common(&our_labels, &their_labels), common(&their_labels, &our_labels));
        if our_order != their_order && !allowed.contains(&Allow::Order) {
            self.differ(place, format!("in order {}", our_order.join(", ")), their_order.join(", "));
        }
        // An answer whose elements cannot be told apart by name is still made of the same shapes.
        if others && our_order.is_empty() {
            self.shapes(place, ours, theirs);
        }
    }

    /// Compares the union of the elements' shapes.
    fn shapes(&mut self, place: &str, ours: &[Node], theirs: &[Node]) {
        let (ours, theirs) = (shape(ours), shape(theirs));
        if !ours.is_empty() && !theirs.is_empty() && ours != theirs {
            let words = |s: &BTreeSet<String>| s.iter().cloned().collect::<Vec<_>>().join(", ");
            self.differ(place, format!("elements of {}", words(&ours)), words(&theirs));
        }
    }

    fn value(&mut self, place: &str, allowed: &[Allow], ours: &Node, theirs: &Node) {
        let (our_text, their_text) = (ours.value().unwrap_or_default(), theirs.value().unwrap_or_default());
        for allow in allowed {
            match allow {
                Allow::Value => return,
                Allow::Id(kind) => {
                    if (our_text == "0") != (their_text == "0") {
                        self.differ(place, ours.shown(), theirs.shown());
                    } else if let Err(contradiction) = self.ids.note(kind, &our_text, &their_text) {
                        self.differ(place, ours.shown(), contradiction);
                    }
                    return;
                }
                Allow::Time if is_set(&our_text) == is_set(&their_text) => return,
                Allow::Address if self.address(&our_text) == self.address(&their_text) => return,
                Allow::Digits if without_digits(&our_text) == without_digits(&their_text) => return,
                Allow::Json => {
                    let both = (
                        parse_body(our_text.as_bytes(), Syntax::Json),
                        parse_body(their_text.as_bytes(), Syntax::Json),
                    );
                    if let (Ok(ours), Ok(theirs)) = both {
                        self.node(&format!("{place}:json"), &ours, &theirs);
                        return;
                    }
                }
                _ => {}
            }
        }
        if our_text != their_text {
            self.differ(place, ours.shown(), theirs.shown());
        }
    }

    /// An address without what depends on the site: its host, ids and revisions.
    fn address(&self, text: &str) -> String {
        let text = text.replace(&self.ids.host, "HOST").replace(THEIR_HOST, "HOST");
        without_digits(&percent_decode_str(&text).decode_utf8_lossy())
    }
}

fn is_set(time: &str) -> bool {
    !matches!(time, "" | "0")
}

fn kind_and_value(node: &Node) -> String {
    match node {
        Node::List(_) | Node::Map(_) | Node::Null => node.shown(),
        _ => format!("{} {}", node.kind(), node.shown()),
    }
}

/// A text with each number in it taken for the same.
fn without_digits(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '0'..='9' if out.ends_with('0') => {}
            '0'..='9' => out.push('0'),
            c => out.push(c),
        }
    }
    out
}

/// Names for the elements of two lists: what is called alike is compared. Where names repeat, they are counted.
fn labels(ours: &[Node], theirs: &[Node]) -> (Vec<String>, Vec<String>) {
    let name = |nodes: &[Node]| -> Vec<String> {
        let mut seen = BTreeMap::new();
        let names = nodes.iter().enumerate().map(|(at, node)| label(node).unwrap_or_else(|| at.to_string()));
        let mut labels = Vec::new();
        for name in names {
            let times = seen.entry(name.clone()).and_modify(|n| *n += 1).or_insert(1);
            labels.push(if *times == 1 { name } else { format!("{name}#{times}") });
        }
        labels
    };
    (name(ours), name(theirs))
}

/// What tells an element from its like, whatever its id.
fn label(node: &Node) -> Option<String> {
    let text = |key: &str| node.get(key).and_then(Node::value);
    if let (Some(module), Some(name)) = (text("modname"), text("name")) {
        return Some(format!("{module} {name}"));
    }
    if let (Some(path), Some(file)) = (text("filepath").filter(|path| path.starts_with('/')), text("filename"))
        && text("errortype").is_none()
    {
        // The chapters of a book differ in their content.
        let chapter = if file == "index.html" { text("content") } else { None };
        let path = without_digits(&path);
        return Some(format!("{path}{file}{}", chapter.map(|c| format!(" {c}")).unwrap_or_default()));
    }
    let keys = [
        "username",
        "shortname",
        "section",
        "filter",
        "rulename",
        "filename",
        "name",
        "label",
        "warningcode",
        "fullname",
    ];
    keys.iter().find_map(|key| text(key)).or_else(|| node.value())
}

fn shape(nodes: &[Node]) -> BTreeSet<String> {
    let mut shapes = BTreeSet::new();
    for node in nodes {
        match node {
            Node::Map(entries) => shapes.extend(entries.iter().map(|(k, n)| format!("{k} ({})", n.kind()))),
            other => {
                shapes.insert(other.kind().to_owned());
            }
        }
    }
    shapes
}

/// Whether a text fits a pattern, in which `*` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, rest)) => text.strip_prefix(head).is_some_and(|text| {
            let starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            starts.into_iter().any(|at| matches(rest, &text[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn differences(ours: &str, theirs: &str) -> Vec<String> {
        let parse = |text: &str| parse_body(text.as_bytes(), Syntax::Json).unwrap();
        let mut ids = Ids::new("http://127.0.0.1:1");
        let wrap = |node| Node::Map(vec![("body".to_owned(), node)]);
        let found = compare("none", &wrap(parse(ours)), &wrap(parse(theirs)), &mut ids);
        found.into_iter().map(|d| d.place).collect()
    }

    #[test]
    fn patterns() {
        assert!(matches("body*.url", "body[1].modules[page X].url") && matches("*", "") && matches("a*b*c", "a-b-b-c"));
        assert!(!matches("body*.url", "body.fileurl") && !matches("", "a"));
    }

    #[test]
    fn keys_types_and_order_count() {
        assert_eq!(differences(r#"{"a":1,"b":"x"}"#, r#"{"a":1,"b":"x"}"#), [""; 0]);
        assert_eq!(differences(r#"{"b":"x","a":1}"#, r#"{"a":1,"b":"x"}"#), ["body"]);
        assert_eq!(differences(r#"{"a":"1"}"#, r#"{"a":1}"#), ["body.a"]);
        assert_eq!(differences(r#"{"a":null}"#, r#"{"a":0}"#), ["body.a"]);
        assert_eq!(differences(r#"{"c":1}"#, r#"{"a":1}"#), ["body.a", "body.c"]);
        assert_eq!(
            differences(r#"[{"name":"b","v":1},{"name":"a","v":2}]"#, r#"[{"name":"a","v":2},{"name":"b","v":1}]"#),
            ["body"]
        );
        assert_eq!(
            differences(r#"[{"name":"a","v":1}]"#, r#"[{"name":"a","v":2},{"name":"b","v":1}]"#),
            ["body[a].v", "body[b]"]
        );
    }

    #[test]
    fn an_id_stands_for_one_id() {
        let mut ids = Ids::new("");
        assert!(ids.note("course", "2", "7").is_ok() && ids.note("course", "2", "7").is_ok());
        assert!(ids.note("user", "3", "7").is_ok());
        assert!(ids.note("course", "3", "7").is_err());
        assert!(ids.note("course", "2", "8").is_err());
    }
}
