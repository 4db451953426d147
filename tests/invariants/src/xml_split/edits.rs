//! Edits: a changed field or attribute reads as it was set, and nothing else changes.

use provost_moodle_archive::xml::NULL;
use provost_moodle_archive::xml::edit::{Edit, apply};
use provost_moodle_archive::xml::tree::Element;

use crate::chance::Chance;

/// Values to be set, and what is read afterwards.
const VALUES: &[(&str, &str)] = &[
    ("", ""),
    ("x", "x"),
    ("it's \"quoted\"", "it's \"quoted\""),
    ("<a b='c'>&amp;</a>", "<a b='c'>&amp;</a>"),
    ("]]>", "]]>"),
    ("é\u{fffd}", "é\u{fffd}"),
    ("a\r\nb\rc\u{1}", "a\nb\nc"),
];

/// Changes one place of the document.
pub(super) fn edit(document: &[u8], chance: &mut Chance) {
    let unchanged = apply(document, &[]);
    if let Ok(unchanged) = &unchanged {
        assert!(unchanged.bytes == document && unchanged.missing.is_empty());
    }
    let Ok(root) = Element::parse(document) else {
        return;
    };
    assert!(unchanged.is_ok());
    let path = pick(&root, chance);
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let (value, read) = VALUES[chance.below(VALUES.len())];
    match chance.below(5) {
        0 => content(document, &path, None, NULL),
        1 | 2 => content(document, &path, Some(value), read),
        _ => attribute(document, &root, &path, ["id", "contextid", "x"][chance.below(3)], value, read),
    }
}

/// The path to some element.
fn pick(root: &Element, chance: &mut Chance) -> Vec<String> {
    let mut path = vec![root.name.clone()];
    let mut at = root;
    while !at.children.is_empty() && chance.below(5) > 0 {
        at = &at.children[chance.below(at.children.len())];
        path.push(at.name.clone());
    }
    path
}

/// The first element of that path, in the order of the document.
fn first<'a>(root: &'a Element, path: &[&str]) -> Option<&'a Element> {
    let (name, rest) = path.split_first()?;
    if root.name != *name {
        return None;
    }
    if rest.is_empty() {
        return Some(root);
    }
    root.children.iter().find_map(|child| first(child, rest))
}

fn content(document: &[u8], path: &[&str], value: Option<&str>, read: &str) {
    let edits = [Edit::content(path, value)];
    let edited = match apply(document, &edits) {
        Ok(edited) => edited,
        Err(error) => panic!("not edited: {error}"),
    };
    if !edited.missing.is_empty() {
        // A name that is not UTF-8 cannot be given as a path.
        assert!(path.iter().any(|name| name.contains('\u{fffd}')), "{path:?} is missing");
        assert!(edited.bytes == document);
        return;
    }
    let changed = parse(&edited.bytes);
    assert_eq!(first(&changed, path).map(|e| e.text.as_str()), Some(read), "{path:?}");
    assert_eq!(apply(&edited.bytes, &edits).map(|again| again.bytes == edited.bytes), Ok(true), "edited twice");
}

fn attribute(document: &[u8], root: &Element, path: &[&str], name: &str, value: &str, read: &str) {
    let edits = [Edit::attribute(path, name, value)];
    let edited = match apply(document, &edits) {
        Ok(edited) => edited,
        Err(error) => panic!("not edited: {error}"),
    };
    if path.iter().any(|name| name.contains('\u{fffd}')) {
        return;
    }
    let had = first(root, path).and_then(|e| e.attribute(name));
    assert_eq!(edited.missing.is_empty(), had.is_some(), "{path:?} {name}");
    if had.is_none() {
        assert!(edited.bytes == document);
        return;
    }
    let changed = parse(&edited.bytes);
    assert_eq!(first(&changed, path).and_then(|e| e.attribute(name)).as_deref(), Some(read), "{path:?} {name}");
}

fn parse(document: &[u8]) -> Element {
    match Element::parse(document) {
        Ok(root) => root,
        Err(error) => panic!("edited, but no longer read: {error}:\n{}", String::from_utf8_lossy(document)),
    }
}
