//! A short notation for XML documents in Moodle's form, in which the sample course is written.
//!
//! Indentation (two spaces a level) is nesting. A line is one of
//!
//! ```text
//! course id=7 contextid=21      an element with attributes, and children if indented lines follow
//! fullname: Bees & honey        an element with text, taken to the end of the line; ¶ is a line break in it
//! idnumber: ~                   an element holding null
//! . visible=1 lang= theme=~     several such elements, whose texts have no spaces
//! ```
//!
//! What comes out follows mbz-format.md 3: declaration, two-space indent, an element without children on two lines, text
//! escaped with `& < >` (attributes also `"`), no line break at the end.

use crate::tree::NULL;
use std::fmt::Write;

/// A whole document with declaration.
pub fn document(outline: &str) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    out.push_str(&fragment(outline, 0));
    if out.ends_with('\n') {
        out.pop();
    }
    out
}

/// The lines of some elements, indented by `depth` levels, each ended with a line break.
pub fn fragment(outline: &str, depth: usize) -> String {
    let mut out = String::new();
    let mut open: Vec<&str> = Vec::new();
    for line in outline.lines().filter(|l| !l.trim().is_empty()) {
        let content = line.trim_start_matches(' ');
        let level = (line.len() - content.len()) / 2;
        close(&mut out, &mut open, level, depth);
        let indent = depth + open.len();
        if let Some(leaves) = content.strip_prefix(". ") {
            for leaf in leaves.split_whitespace() {
                let (name, text) = leaf.split_once('=').unwrap_or((leaf, ""));
                write_leaf(&mut out, indent, name, text);
            }
        } else if let Some((name, text)) = leaf(content) {
            write_leaf(&mut out, indent, name, text);
        } else {
            let mut words = content.split_whitespace();
            let name = words.next().unwrap_or_default();
            pad(&mut out, indent);
            out.push('<');
            out.push_str(name);
            for word in words {
                let (attribute, value) = word.split_once('=').unwrap_or((word, ""));
                let value = escape(value).replace('"', "&quot;");
                // Writing to a string cannot fail.
                let _ = write!(out, " {attribute}=\"{value}\"");
            }
            out.push_str(">\n");
            open.push(name);
        }
    }
    close(&mut out, &mut open, 0, depth);
    out
}

/// Escapes text as Moodle's writer does.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Indents every line of an outline by some levels, to put it into another.
pub fn indented(outline: &str, levels: usize) -> String {
    let pad = "  ".repeat(levels);
    outline.lines().filter(|l| !l.trim().is_empty()).map(|l| format!("{pad}{l}\n")).collect()
}

fn leaf(content: &str) -> Option<(&str, &str)> {
    let (name, text) = content.split_once(':')?;
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    plain.then(|| (name, text.strip_prefix(' ').unwrap_or(text)))
}

fn write_leaf(out: &mut String, indent: usize, name: &str, text: &str) {
    let text = if text == "~" { NULL.to_owned() } else { escape(&text.replace('¶', "\n")) };
    pad(out, indent);
    let _ = writeln!(out, "<{name}>{text}</{name}>");
}

fn close(out: &mut String, open: &mut Vec<&str>, level: usize, depth: usize) {
    while open.len() > level {
        if let Some(name) = open.pop() {
            pad(out, depth + open.len());
            let _ = writeln!(out, "</{name}>");
        }
    }
}

fn pad(out: &mut String, levels: usize) {
    for _ in 0..levels {
        out.push_str("  ");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notation_becomes_moodle_xml() {
        let outline = "course id=7\n  fullname: Bees & <i>honey</i>¶two: lines\n  . lang= theme=~\n  tags\n  category id=1\n    name: x\n";
        assert_eq!(
            document(outline),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<course id=\"7\">\n  <fullname>Bees &amp; &lt;i&gt;honey&lt;/i&gt;\ntwo: lines</fullname>\n  <lang></lang>\n  <theme>$@NULL@$</theme>\n  <tags>\n  </tags>\n  <category id=\"1\">\n    <name>x</name>\n  </category>\n</course>"
        );
    }
}
