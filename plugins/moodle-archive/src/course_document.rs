//! What `course/course.xml` says of a course beside the columns of its row: read into the `extra` JSON of the row, and written
//! back where that says otherwise now, every other byte left as it is (mbz-format.md 5.2).
//!
//! To the keys of [`CourseDetails`] come `customfields`, a list of `{"shortname", "type", "value", "valueformat", "name"}`, and
//! `tags`, a list of names.

use std::ops::Range;

use serde_json::{Map, Value, json};

use crate::details::{self, CourseDetails};
use crate::xml::edit::{self, Edit};
use crate::xml::fields::Fields;
use crate::xml::{Event, NULL, Scanner, XmlError, escape};

/// Scalars that are columns of the course's row.
const COLUMNS: &[&str] =
    &["shortname", "fullname", "idnumber", "format", "startdate", "enddate", "visible", "timecreated", "timemodified"];

const CATEGORY: &str = "category";
const TAGS: &str = "tags";
const CUSTOM_FIELDS: &str = "customfields";
const FORMAT_OPTIONS: &str = "courseformatoptions";
/// What follows the scalars, in order.
const LISTS: &[&str] = &[CATEGORY, TAGS, CUSTOM_FIELDS, FORMAT_OPTIONS];

/// Reads a `course.xml` into the `extra` of the course's row, all of whose other keys stay. Of the options of course formats it
/// takes those of the course's own format that are for the course as a whole, not for a section.
pub fn read(document: &[u8], extra: &str) -> Result<String, XmlError> {
    let fields = Fields::of(document)?;
    let is_detail = |name: &str| {
        let is_list = LISTS.contains(&name) || name.starts_with("plugin_");
        !is_list && !COLUMNS.contains(&name) && !fields.raw(name).is_some_and(is_blank)
    };
    let mut details = CourseDetails::default();
    for name in fields.names().filter(|name| is_detail(name)) {
        details.set(&name, fields.get(&name).as_deref());
    }
    let root = Children::of(document)?;
    let format = fields.text("format");
    for (_, option) in root.inside(document, FORMAT_OPTIONS)?.bytes(document) {
        let option = Fields::of(option)?;
        let name = option.text("name");
        // Of two of one name the first counts.
        if is_of_course(&option, &format) && details.format_option(&name).is_none() {
            details.set_format_option(&name, &option.text("value"));
        }
    }
    let mut custom_fields = Vec::new();
    for (_, field) in root.inside(document, CUSTOM_FIELDS)?.bytes(document) {
        let field = Fields::of(field)?;
        let shortname = field.text("shortname");
        // Moodle's archives have no name of it.
        let name = field.get("name").map_or_else(|| shortname.clone(), |name| name.into_owned());
        custom_fields.push(json!({
            "shortname": shortname,
            "type": field.text("type"),
            "value": field.get("value"),
            "valueformat": field.get("valueformat"),
            "name": name,
        }));
    }
    let mut tags = Vec::new();
    for (_, tag) in root.inside(document, TAGS)?.bytes(document) {
        tags.push(Fields::of(tag)?.text("rawname"));
    }
    let mut extra: Map<String, Value> = serde_json::from_str(&details.write(extra)).unwrap_or_default();
    extra.insert(CUSTOM_FIELDS.into(), Value::Array(custom_fields));
    extra.insert(TAGS.into(), json!(tags));
    Ok(Value::Object(extra).to_string())
}

/// Writes into a `course.xml` what the `extra` of the course's row says otherwise: scalars that are there or that Moodle's
/// restore knows, options of the course's format, custom fields and tags. What it does not tell stays.
pub fn write(document: Vec<u8>, extra: &str, format: &str) -> Result<Vec<u8>, XmlError> {
    let details = CourseDetails::read(extra);
    let document = scalars(document, &details)?;
    let document = format_options(document, &details, format)?;
    let extra: Value = serde_json::from_str(extra).unwrap_or_default();
    let document = match extra[CUSTOM_FIELDS].as_array() {
        Some(fields) => custom_fields(document, fields)?,
        None => document,
    };
    match extra[TAGS].as_array() {
        Some(names) => tags(document, names),
        None => Ok(document),
    }
}

fn scalars(document: Vec<u8>, now: &CourseDetails) -> Result<Vec<u8>, XmlError> {
    let fields = Fields::of(&document)?;
    let is_other = |(name, value): &(&str, Option<&str>)| {
        let is_detail = !COLUMNS.contains(name) && !LISTS.contains(name);
        is_detail && (!fields.has(name) || fields.get(name).as_deref() != *value)
    };
    let (there, missing): (Vec<_>, Vec<_>) = now.elements().filter(is_other).partition(|(name, _)| fields.has(name));
    let paths: Vec<[&str; 2]> = there.iter().map(|(name, _)| ["course", *name]).collect();
    let edits: Vec<Edit<'_>> = there.iter().zip(&paths).map(|((_, value), path)| Edit::content(path, *value)).collect();
    let mut document = if edits.is_empty() { document } else { edit::apply(&document, &edits)?.bytes };
    for (place, name) in details::ELEMENTS.iter().enumerate() {
        let Some((_, value)) = missing.iter().find(|(missing, _)| missing == name) else { continue };
        let field = format!("\n  <{name}>{}</{name}>", escape::text(value.unwrap_or(NULL)));
        let later = details::ELEMENTS[place + 1..].iter().chain(LISTS);
        document = with_child(document, field.as_bytes(), later)?;
    }
    Ok(document)
}

fn format_options(document: Vec<u8>, now: &CourseDetails, format: &str) -> Result<Vec<u8>, XmlError> {
    let mut left: Vec<_> = now.format_options().iter().collect();
    let mut entries = Vec::new();
    for (whole, element) in Children::of(&document)?.inside(&document, FORMAT_OPTIONS)?.bytes(&document) {
        let fields = Fields::of(element)?;
        let name = fields.text("name");
        let place = left.iter().position(|o| o.name == name).filter(|_| is_of_course(&fields, format));
        let option = place.map(|place| left.remove(place)).filter(|o| o.value != fields.text("value"));
        entries.push(match option {
            Some(option) => {
                let edit = Edit::content(&["courseformatoption", "value"], Some(&option.value));
                edit::apply(whole, &[edit])?.bytes
            }
            None => whole.to_vec(),
        });
    }
    for option in left {
        let (format, name, value) = (escape::text(format), escape::text(&option.name), escape::text(&option.value));
        let option = format!(
            "\n    <courseformatoption>\n      <format>{format}</format>\n      <sectionid>0</sectionid>\n      \
             <name>{name}</name>\n      <value>{value}</value>\n    </courseformatoption>"
        );
        entries.push(option.into_bytes());
    }
    with_list(document, FORMAT_OPTIONS, &entries)
}

/// Fields that are no longer told go, those that are new come.
fn custom_fields(document: Vec<u8>, wanted: &[Value]) -> Result<Vec<u8>, XmlError> {
    let mut left: Vec<&Value> = wanted.iter().filter(|f| f["shortname"].is_string()).collect();
    let (mut entries, mut last) = (Vec::new(), 0);
    for (whole, element) in Children::of(&document)?.inside(&document, CUSTOM_FIELDS)?.bytes(&document) {
        let fields = Fields::of(element)?;
        last = last.max(fields.attribute_id("id").unwrap_or(0));
        let shortname = fields.text("shortname");
        let Some(place) = left.iter().position(|f| f["shortname"] == *shortname) else { continue };
        let field = left.remove(place);
        let value = details::plain(&field["value"]).flatten();
        let format = details::plain(&field["valueformat"]).flatten();
        let mut edits = Vec::new();
        if fields.get("value").as_deref() != value.as_deref() {
            edits.push(Edit::content(&["customfield", "value"], value.as_deref()));
        }
        if format.is_some() && fields.get("valueformat").as_deref() != format.as_deref() {
            edits.push(Edit::content(&["customfield", "valueformat"], format.as_deref()));
        }
        entries.push(if edits.is_empty() { whole.to_vec() } else { edit::apply(whole, &edits)?.bytes });
    }
    for field in left {
        last += 1;
        let text = |key: &str, usual: &str| {
            let value = details::plain(&field[key]).flatten();
            escape::text(value.as_deref().unwrap_or(usual)).into_owned()
        };
        let (shortname, kind) = (text("shortname", ""), text("type", "text"));
        let (value, format) = (text("value", NULL), text("valueformat", "0"));
        let field = format!(
            "\n    <customfield id=\"{last}\">\n      <shortname>{shortname}</shortname>\n      <type>{kind}</type>\n      \
             <value>{value}</value>\n      <valueformat>{format}</valueformat>\n      \
             <valuetrust>0</valuetrust>\n    </customfield>"
        );
        entries.push(field.into_bytes());
    }
    with_list(document, CUSTOM_FIELDS, &entries)
}

fn tags(document: Vec<u8>, wanted: &[Value]) -> Result<Vec<u8>, XmlError> {
    let mut there: Vec<(String, Vec<u8>)> = Vec::new();
    let mut last = 0;
    for (whole, element) in Children::of(&document)?.inside(&document, TAGS)?.bytes(&document) {
        let fields = Fields::of(element)?;
        last = last.max(fields.attribute_id("id").unwrap_or(0));
        there.push((fields.text("rawname"), whole.to_vec()));
    }
    let mut entries = Vec::new();
    for tag in wanted.iter().filter_map(Value::as_str) {
        if let Some(place) = there.iter().position(|(name, _)| name == tag) {
            entries.push(there.remove(place).1);
            continue;
        }
        last += 1;
        let (raw, name) = (escape::text(tag), tag.to_lowercase());
        let name = escape::text(&name);
        entries.push(
            format!("\n    <tag id=\"{last}\">\n      <name>{name}</name>\n      <rawname>{raw}</rawname>\n    </tag>")
                .into_bytes(),
        );
    }
    with_list(document, TAGS, &entries)
}

/// Whether an option of a format is for a course of the format as a whole.
fn is_of_course(option: &Fields<'_>, format: &str) -> bool {
    option.text("format") == format && option.id("sectionid") == 0
}

/// White space alone is what stands in a list without entries.
fn is_blank(content: &[u8]) -> bool {
    !content.is_empty() && content.iter().all(u8::is_ascii_whitespace)
}

/// The children of an element.
#[derive(Debug, Default)]
struct Children {
    /// Name, from the white space before it on, and from its start tag on.
    list: Vec<(Vec<u8>, Range<usize>, Range<usize>)>,
    /// Where a further one goes; none for an element written as one tag.
    end: Option<usize>,
}

impl Children {
    /// Those of the root of a document, or of the element in the bytes.
    fn of(document: &[u8]) -> Result<Self, XmlError> {
        let mut children = Self::default();
        let (mut space, mut open) = (0, None);
        let mut scanner = Scanner::new();
        scanner.feed(document, |scanner, event| {
            let at = usize::try_from(scanner.offset()).unwrap_or(usize::MAX);
            let end = at + event.bytes().len();
            match event {
                Event::Start { name, empty, .. } if scanner.depth() == 2 - usize::from(empty) => {
                    let child = (name.to_vec(), at - space..end, at..end);
                    if empty && scanner.depth() == 1 { children.list.push(child) } else { open = Some(child) }
                }
                Event::End { .. } if scanner.depth() == 1 => {
                    if let Some((name, whole, element)) = open.take() {
                        children.list.push((name, whole.start..end, element.start..end));
                    }
                }
                Event::End { .. } if scanner.depth() == 0 => children.end = Some(at - space),
                _ => {}
            }
            space = match event {
                Event::Text(text) if text.iter().all(u8::is_ascii_whitespace) => space + text.len(),
                _ => 0,
            };
            Ok::<(), XmlError>(())
        })?;
        scanner.finish()?;
        Ok(children)
    }

    /// The children of the first child of that name; none where there is no such child.
    fn inside(&self, document: &[u8], name: &str) -> Result<Self, XmlError> {
        let Some(element) = self.named(name) else { return Ok(Self::default()) };
        let mut children = Self::of(&document[element.clone()])?;
        let at = element.start;
        for (_, whole, element) in &mut children.list {
            *whole = whole.start + at..whole.end + at;
            *element = element.start + at..element.end + at;
        }
        children.end = children.end.map(|end| end + at);
        Ok(children)
    }

    /// The first child of that name.
    fn named(&self, name: &str) -> Option<Range<usize>> {
        self.list.iter().find(|(found, ..)| found == name.as_bytes()).map(|(_, _, element)| element.clone())
    }

    /// Each child with the white space before it, and without.
    fn bytes<'a>(&self, document: &'a [u8]) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        self.list.iter().map(|(_, whole, element)| (&document[whole.clone()], &document[element.clone()]))
    }
}

/// The document with another child of its root, before the first of those that come later.
fn with_child<'a>(
    document: Vec<u8>,
    child: &[u8],
    later: impl Iterator<Item = &'a &'a str>,
) -> Result<Vec<u8>, XmlError> {
    let children = Children::of(&document)?;
    let later: Vec<&[u8]> = later.map(|name| name.as_bytes()).collect();
    let follows = children.list.iter().find(|(name, ..)| later.contains(&name.as_slice()));
    match follows.map(|(_, whole, _)| whole.start).or(children.end) {
        Some(at) => Ok([&document[..at], child, &document[at..]].concat()),
        None => Ok(document),
    }
}

/// The document with these entries in one of the lists of its root.
fn with_list(document: Vec<u8>, name: &str, entries: &[Vec<u8>]) -> Result<Vec<u8>, XmlError> {
    let root = Children::of(&document)?;
    let there = root.inside(&document, name)?;
    if there.bytes(&document).map(|(whole, _)| whole).eq(entries.iter().map(Vec::as_slice)) {
        return Ok(document);
    }
    let list = [format!("<{name}>").as_bytes(), &entries.concat(), format!("\n  </{name}>").as_bytes()].concat();
    match root.named(name) {
        Some(element) => Ok([&document[..element.start], &list, &document[element.end..]].concat()),
        None => {
            let later = LISTS.iter().skip_while(|list| **list != name).skip(1);
            with_child(document, &[b"\n  ", list.as_slice()].concat(), later)
        }
    }
}

#[cfg(test)]
#[path = "course_document_tests.rs"]
mod tests;
