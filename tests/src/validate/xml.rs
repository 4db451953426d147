//! Rules of every XML document (mbz-format.md 3).

use super::Report;
use crate::tree::{self, Element, TreeError};
use crate::unpacked::Unpacked;
use std::collections::BTreeMap;

const DECLARATION: &[u8] = b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// Checks every `.xml` file and gives the trees of those that have one.
pub(super) fn check(archive: &Unpacked, report: &mut Report) -> BTreeMap<String, Element> {
    let mut documents = BTreeMap::new();
    for (path, bytes) in archive.documents.iter().filter(|(p, _)| p.ends_with(".xml")) {
        if bytes.starts_with(b"\xef\xbb\xbf") {
            report.add("xml-bom", path, "begins with a byte order mark");
        } else if !bytes.starts_with(DECLARATION) {
            report.add("xml-declaration", path, "does not begin with the declaration");
        }
        if let Some(at) = bytes.iter().position(|b| is_control(char::from(*b))) {
            report.add("xml-control", path, format!("control character at byte {at}"));
        }
        match tree::parse(bytes) {
            Ok(root) => {
                let mut referenced = None;
                root.walk(&mut |e| {
                    let texts = e.attributes.iter().map(|a| &a.1).chain([&e.text]);
                    if referenced.is_none() && texts.into_iter().any(|t| t.chars().any(is_control)) {
                        referenced = Some(e.name.clone());
                    }
                });
                if let Some(name) = referenced {
                    report.add("xml-control", path, format!("control character in <{name}>"));
                }
                documents.insert(path.clone(), root);
            }
            Err(e @ TreeError::Doctype(_)) => report.add("xml-doctype", path, e.to_string()),
            Err(e) => report.add("xml-malformed", path, e.to_string()),
        }
    }
    documents
}

/// A C0 control that XML 1.0 or Moodle's writer does not let through; carriage returns become line feeds there.
fn is_control(c: char) -> bool {
    (u32::from(c) < 0x20 && c != '\t' && c != '\n') || c == '\u{7f}'
}
