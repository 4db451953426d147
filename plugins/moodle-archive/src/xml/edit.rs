//! Changes fields and attributes in a document, leaving every other byte as it is. That is how changed columns get into
//! an element that is otherwise kept as written.

use std::ops::Range;

use super::{Event, NULL, Scanner, XmlError, escape, fields::attribute_range};

/// What of an element is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// What stands between its tags.
    Content,
    /// The value of one of its attributes.
    Attribute(&'a str),
}

/// One change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edit<'a> {
    /// Names of the elements from the root down. The first element of that path is meant.
    pub path: &'a [&'a str],
    /// What of it.
    pub place: Place<'a>,
    /// The new value, unescaped; `None` writes the null mark.
    pub value: Option<&'a str>,
}

impl<'a> Edit<'a> {
    /// Sets the content of the element at a path.
    pub fn content(path: &'a [&'a str], value: Option<&'a str>) -> Self {
        Self { path, place: Place::Content, value }
    }

    /// Sets an attribute of the element at a path.
    pub fn attribute(path: &'a [&'a str], name: &'a str, value: &'a str) -> Self {
        Self { path, place: Place::Attribute(name), value: Some(value) }
    }
}

/// A changed document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The document.
    pub bytes: Vec<u8>,
    /// Indexes of the edits that found no place. Nothing was done for them.
    pub missing: Vec<usize>,
}

/// Applies changes to a document or to the bytes of an element. An element written as one tag gets two when its content
/// is set. Of several changes of one place the first counts, and one within a content that is set does not.
pub fn apply(document: &[u8], edits: &[Edit<'_>]) -> Result<Edited, XmlError> {
    let mut path: Vec<Vec<u8>> = Vec::new();
    let mut found: Vec<Option<(Range<usize>, Vec<u8>)>> = vec![None; edits.len()];
    let mut content_from: Vec<Option<usize>> = vec![None; edits.len()];
    // Whether the first element of the edit's path was met: later ones do not count.
    let mut met = vec![false; edits.len()];
    let mut scanner = Scanner::new();
    let matches = |edit: &Edit<'_>, path: &[Vec<u8>]| {
        edit.path.len() == path.len() && edit.path.iter().zip(path).all(|(a, b)| a.as_bytes() == b)
    };
    scanner.feed(document, |scanner, event| {
        let at = usize::try_from(scanner.offset()).unwrap_or(usize::MAX);
        match event {
            Event::Start { name, empty, bytes } => {
                path.push(name.to_vec());
                for (i, edit) in edits.iter().enumerate() {
                    if met[i] || !matches(edit, &path) {
                        continue;
                    }
                    met[i] = true;
                    match edit.place {
                        Place::Attribute(key) => {
                            if let Some(range) = attribute_range(bytes, key) {
                                let value = escape::attribute(edit.value.unwrap_or(NULL));
                                // Moodle puts values into double quotes, others may not.
                                let value = match bytes.get(range.end) {
                                    Some(b'\'') => value.replace('\'', "&apos;"),
                                    _ => value.into_owned(),
                                };
                                found[i] = Some((at + range.start..at + range.end, value.into_bytes()));
                            }
                        }
                        Place::Content if empty => {
                            // All slashes at its end, or the tag would still be a complete element.
                            let inside = &bytes[..bytes.len() - 1];
                            let slash = inside.iter().rposition(|&b| b != b'/').map_or(0, |i| i + 1);
                            let mut new = b">".to_vec();
                            new.extend_from_slice(escape::text(edit.value.unwrap_or(NULL)).as_bytes());
                            new.extend_from_slice(b"</");
                            new.extend_from_slice(name);
                            new.push(b'>');
                            found[i] = Some((at + slash..at + bytes.len(), new));
                        }
                        Place::Content => content_from[i] = Some(at + bytes.len()),
                    }
                }
                if empty {
                    path.pop();
                }
            }
            Event::End { .. } => {
                for (i, edit) in edits.iter().enumerate() {
                    if found[i].is_none()
                        && matches(edit, &path)
                        && let Some(from) = content_from[i]
                    {
                        found[i] = Some((from..at, escape::text(edit.value.unwrap_or(NULL)).into_owned().into_bytes()));
                    }
                }
                path.pop();
            }
            _ => {}
        }
        Ok::<(), XmlError>(())
    })?;
    scanner.finish()?;

    let missing = found.iter().enumerate().filter(|(_, f)| f.is_none()).map(|(i, _)| i).collect();
    let mut changes: Vec<(Range<usize>, Vec<u8>)> = found.into_iter().flatten().collect();
    changes.sort_by_key(|(range, _)| range.start);
    let mut bytes = Vec::with_capacity(document.len() + 64);
    let mut at = 0;
    let mut last = None;
    for (range, value) in changes {
        // An edit inside another one's new content has nothing left to change, nor has a second one of the same place.
        if range.start < at || last.as_ref() == Some(&range) {
            continue;
        }
        last = Some(range.clone());
        bytes.extend_from_slice(&document[at..range.start]);
        bytes.extend_from_slice(&value);
        at = range.end;
    }
    bytes.extend_from_slice(&document[at..]);
    Ok(Edited { bytes, missing })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_fields_change() {
        let doc = "<?xml version=\"1.0\"?>\n<course id=\"7\">\n  <fullname>Old</fullname>\n  <theme/>\n  <x><fullname>deep</fullname></x>\n</course>";
        let edits = [
            Edit::content(&["course", "fullname"], Some("A & <B>")),
            Edit::content(&["course", "theme"], None),
            Edit::attribute(&["course"], "id", "99"),
            Edit::content(&["course", "nothing"], Some("")),
        ];
        let edited = apply(doc.as_bytes(), &edits).unwrap();
        let expected = "<?xml version=\"1.0\"?>\n<course id=\"99\">\n  <fullname>A &amp; &lt;B&gt;</fullname>\n  <theme>$@NULL@$</theme>\n  <x><fullname>deep</fullname></x>\n</course>";
        assert_eq!(String::from_utf8(edited.bytes).unwrap(), expected);
        assert_eq!(edited.missing, [3]);
    }

    /// Found by fuzzing.
    #[test]
    fn only_the_first_element_of_a_path_is_meant() {
        let doc = b"<a><b x='1'/><b id=\"2\"/><c/><c/></a>";
        let edits = [Edit::attribute(&["a", "b"], "id", "9"), Edit::content(&["a", "c"], Some("v"))];
        let edited = apply(doc, &edits).unwrap();
        assert_eq!(edited.missing, [0]);
        assert_eq!(edited.bytes, b"<a><b x='1'/><b id=\"2\"/><c>v</c><c/></a>");
    }

    /// Found while the fuzz targets were written.
    #[test]
    fn quotes_of_both_kinds_are_escaped() {
        for doc in ["<a x='1'/>", "<a x=\"1\"/>"] {
            let edited = apply(doc.as_bytes(), &[Edit::attribute(&["a"], "x", "it's \"q\"")]).unwrap();
            let read = crate::xml::fields::attribute(&edited.bytes, "x");
            assert_eq!(read.as_deref(), Some("it's \"q\""), "{doc}");
        }
    }

    /// Found by fuzzing.
    #[test]
    fn an_empty_tag_with_many_slashes_gets_content() {
        let edited = apply(b"<a><b x='1' ///></a>", &[Edit::content(&["a", "b"], Some("v"))]).unwrap();
        assert_eq!(edited.bytes, b"<a><b x='1' >v</b></a>");
    }

    #[test]
    fn of_two_changes_of_one_place_the_first_counts() {
        let edits = [Edit::content(&["a", "b"], Some("1")), Edit::content(&["a", "b"], Some("2"))];
        for doc in ["<a><b></b></a>", "<a><b>0</b></a>", "<a><b/></a>"] {
            assert_eq!(apply(doc.as_bytes(), &edits).unwrap().bytes, b"<a><b>1</b></a>", "{doc}");
        }
    }

    #[test]
    fn nothing_to_change_changes_nothing() {
        let doc = b" <a>\r\n<b x='1'/></a>";
        assert_eq!(apply(doc, &[]).unwrap().bytes, doc);
        assert!(apply(b"<a>", &[]).is_err());
    }
}
