//! Changes the numbers inside one value, by what the value is. Only their digits change.

use std::borrow::Cow;
use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem;

use super::json::{self, Scalar};
use super::kinds::IdKind;
use super::rule::Sense;
use super::tables::{documents, items};

/// What a place does with an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// It describes the thing with this id.
    Defines,
    /// It is the context of the course described.
    CourseContext,
    /// It is the context of the person whose id came last.
    PersonContext,
    /// It refers to the thing.
    Refers,
    /// It is a link in a text.
    Links,
}

/// What is done with the numbers found.
pub(super) trait Numbers {
    /// What an id becomes. It is never 0.
    fn id(&mut self, kind: &IdKind, id: u64, used: Use) -> u64;
    /// What a date becomes, in Unix seconds. It is never 0.
    fn date(&mut self, time: i64) -> i64;
}

/// A change of a value: what stands here becomes that.
type Edit = (Range<usize>, String);

/// The value with its numbers changed, or `None` when nothing changes. `raw` is as written between tags or quotes; `module`
/// is the document's, `event` the event's class for [`Sense::Extras`].
pub(super) fn changed(
    sense: &Sense,
    raw: &[u8],
    module: &str,
    event: &str,
    numbers: &mut impl Numbers,
) -> Option<Vec<u8>> {
    let plain = Plain::of(raw);
    let mut edits = edits(sense, &plain.text, module, event, numbers);
    if edits.is_empty() {
        return None;
    }
    edits.sort_by_key(|(range, _)| range.start);
    let mut out = Vec::with_capacity(raw.len() + 16);
    let mut at = 0;
    for (range, new) in edits {
        let place = plain.place(range);
        out.extend_from_slice(raw.get(at..place.start)?);
        // Digits and base64 need no escapes.
        out.extend_from_slice(new.as_bytes());
        at = place.end;
    }
    out.extend_from_slice(raw.get(at..)?);
    Some(out)
}

fn edits(sense: &Sense, text: &[u8], module: &str, event: &str, numbers: &mut impl Numbers) -> Vec<Edit> {
    let mut edit = Editor { text, edits: Vec::new(), numbers };
    let whole = trimmed(text, 0..text.len());
    match sense {
        Sense::Defines(kind) => edit.id(whole, kind, Use::Defines),
        Sense::DefinesInstance => edit.id(whole, &IdKind::instance(module), Use::Defines),
        Sense::CourseContext => edit.id(whole, &IdKind::Context, Use::CourseContext),
        Sense::PersonContext => edit.id(whole, &IdKind::Context, Use::PersonContext),
        Sense::Refers(kind) => edit.id(whole, kind, Use::Refers),
        Sense::RefersInstance => edit.id(whole, &IdKind::instance(module), Use::Refers),
        Sense::List(kind) => edit.separated(b',', kind),
        Sense::CategoryPath => edit.separated(b'/', &IdKind::GradeCategory),
        Sense::NegativeScale => {
            if text.get(whole.start) == Some(&b'-') {
                let end = text[whole.clone()].iter().position(|&b| b == b'.').map_or(whole.end, |i| whole.start + i);
                edit.id(whole.start + 1..end, &IdKind::Scale, Use::Refers);
            }
        }
        Sense::Formula => edit.formula(),
        Sense::Availability => edit.availability(),
        Sense::QuestionFilter => edit.question_filter(),
        Sense::Extras => edit.extras(event),
        Sense::Parameter { timed } => {
            if let Some(at) = text.iter().rposition(|&b| b == b'_')
                && let Some(kind) = documents::parameter(&String::from_utf8_lossy(&text[..at]), timed.clone())
            {
                edit.id(at + 1..text.len(), &kind, Use::Refers);
            }
        }
        Sense::Response(question) => {
            if let Some(number) = text.strip_prefix(b"response_")
                && digits(number) == Some(*question)
            {
                edit.id(text.len() - number.len()..text.len(), &IdKind::Question, Use::Refers);
            }
        }
        Sense::Date => edit.date(whole),
        Sense::Key | Sense::By(_) => {}
    }
    edit.edits
}

struct Editor<'a, N> {
    text: &'a [u8],
    edits: Vec<Edit>,
    numbers: &'a mut N,
}

impl<N: Numbers> Editor<'_, N> {
    /// A place that holds an id, if it does.
    fn id(&mut self, place: Range<usize>, kind: &IdKind, used: Use) {
        if let Some(id) = self.text.get(place.clone()).and_then(digits).filter(|&id| id != 0) {
            let new = self.numbers.id(kind, id, used);
            if new != id {
                self.edits.push((place, new.to_string()));
            }
        }
    }

    /// A place that holds a date, if it does.
    fn date(&mut self, place: Range<usize>) {
        let time = self.text.get(place.clone()).and_then(digits).and_then(|t| i64::try_from(t).ok());
        if let Some(time) = time.filter(|&t| t != 0) {
            let new = self.numbers.date(time);
            if new != time {
                self.edits.push((place, new.to_string()));
            }
        }
    }

    fn separated(&mut self, by: u8, kind: &IdKind) {
        let text = self.text;
        let mut start = 0;
        for part in text.split(|&b| b == by) {
            self.id(trimmed(text, start..start + part.len()), kind, Use::Refers);
            start += part.len() + 1;
        }
    }

    fn formula(&mut self) {
        const MARK: &[u8] = b"##gi";
        for at in memmem::find_iter(self.text, MARK) {
            let start = at + MARK.len();
            let length = self.text[start..].iter().take_while(|b| b.is_ascii_digit()).count();
            if self.text[start + length..].starts_with(b"##") {
                self.id(start..start + length, &IdKind::GradeItem, Use::Refers);
            }
        }
    }

    fn slice(&self, scalar: &Scalar) -> &[u8] {
        self.text.get(scalar.text.clone()).unwrap_or_default()
    }

    fn availability(&mut self) {
        let Some(found) = json::scalars(self.text) else { return };
        let types: Vec<(usize, Range<usize>)> =
            found.iter().filter(|s| s.key() == "type").map(|s| (s.object, s.text.clone())).collect();
        for (object, place) in types {
            let kind = match &self.text[place] {
                b"group" => ("id", IdKind::Group),
                b"grouping" => ("id", IdKind::Grouping),
                b"grade" => ("id", IdKind::GradeItem),
                b"completion" => ("cm", IdKind::CourseModule),
                b"date" => {
                    for s in found.iter().filter(|s| s.object == object && s.key() == "t") {
                        self.date(s.text.clone());
                    }
                    continue;
                }
                _ => continue,
            };
            for s in found.iter().filter(|s| s.object == object && s.key() == kind.0) {
                self.id(s.text.clone(), &kind.1, Use::Refers);
            }
        }
    }

    /// Random questions name their category: before 4.3 as a field, later as a filter (`values`) and as category and
    /// context with a comma between them (`cat`).
    fn question_filter(&mut self) {
        for scalar in json::scalars(self.text).unwrap_or_default() {
            let place = scalar.text.clone();
            match scalar.path.as_str() {
                "questioncategoryid" | "filter/category/values" | "category/values" => {
                    self.id(place, &IdKind::QuestionCategory, Use::Refers);
                }
                "cat" => {
                    let comma = self.slice(&scalar).iter().position(|&b| b == b',').map(|i| place.start + i);
                    self.id(place.start..comma.unwrap_or(place.end), &IdKind::QuestionCategory, Use::Refers);
                    if let Some(comma) = comma {
                        self.id(comma + 1..place.end, &IdKind::Context, Use::Refers);
                    }
                }
                "cmid" => self.id(place, &IdKind::CourseModule, Use::Refers),
                "courseid" => self.id(place, &IdKind::Course, Use::Refers),
                _ => {}
            }
        }
    }

    /// Changes base64 only if it is written the one usual way, so that the rest comes back as it was.
    fn extras(&mut self, event: &str) {
        let place = trimmed(self.text, 0..self.text.len());
        let Ok(inside) = STANDARD.decode(&self.text[place.clone()]) else { return };
        let Some(found) = json::scalars(&inside) else { return };
        let module = found.iter().find(|s| s.path == "modulename").and_then(|s| inside.get(s.text.clone()));
        let mut inner = Editor { text: &inside, edits: Vec::new(), numbers: &mut *self.numbers };
        for scalar in &found {
            let kind = match (scalar.path.as_str(), module) {
                ("instanceid", Some(module)) => Some(IdKind::instance(&String::from_utf8_lossy(module))),
                (key, _) => items::event_extra(event, key),
            };
            if let Some(kind) = kind {
                inner.id(scalar.text.clone(), &kind, Use::Refers);
            }
        }
        let edits = inner.edits;
        if edits.is_empty() || STANDARD.encode(&inside).as_bytes() != &self.text[place.clone()] {
            return;
        }
        let mut new = inside;
        // Scalars come in order, so from the last one backwards the places hold.
        for (range, number) in edits.into_iter().rev() {
            new.splice(range, number.into_bytes());
        }
        self.edits.push((place, STANDARD.encode(new)));
    }
}

/// A whole number of digits only.
fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 20 || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// A place without the white space at its ends.
fn trimmed(text: &[u8], place: Range<usize>) -> Range<usize> {
    let Some(part) = text.get(place.clone()) else { return 0..0 };
    let start = place.start + part.iter().take_while(|b| b.is_ascii_whitespace()).count();
    let end = place.end - part.iter().rev().take_while(|b| b.is_ascii_whitespace()).count();
    start.min(end)..end
}

/// A value without escapes, and where its bytes came from.
struct Plain<'a> {
    text: Cow<'a, [u8]>,
    /// What each byte of the text was written as; empty when both are alike.
    places: Vec<Range<usize>>,
}

impl<'a> Plain<'a> {
    fn of(raw: &'a [u8]) -> Self {
        if memchr::memchr2(b'&', b'<', raw).is_none() {
            return Self { text: Cow::Borrowed(raw), places: Vec::new() };
        }
        let (mut text, mut places) = (Vec::with_capacity(raw.len()), Vec::with_capacity(raw.len()));
        let mut at = 0;
        let mut literal = false;
        while let Some(&byte) = raw.get(at) {
            let rest = &raw[at..];
            let mut used = 1;
            match byte {
                b']' if literal && rest.starts_with(b"]]>") => {
                    literal = false;
                    used = 3;
                }
                b'<' if !literal && rest.starts_with(b"<![CDATA[") => {
                    literal = true;
                    used = 9;
                }
                // A comment or instruction says nothing.
                b'<' if !literal => used = memchr::memchr(b'>', rest).map_or(rest.len(), |i| i + 1),
                b'&' if !literal => {
                    let end = rest.iter().take(12).position(|&b| b == b';').map(|i| i + 1);
                    let clean = end.and_then(|end| std::str::from_utf8(&rest[..end]).ok()).map(|e| {
                        let clean = crate::xml::escape::unescape(e).into_owned();
                        (e.len(), clean)
                    });
                    match clean {
                        Some((length, clean)) if clean.len() < length => {
                            places.extend(clean.bytes().map(|_| at..at + length));
                            text.extend_from_slice(clean.as_bytes());
                            used = length;
                        }
                        _ => {
                            places.push(at..at + 1);
                            text.push(byte);
                        }
                    }
                }
                _ => {
                    places.push(at..at + 1);
                    text.push(byte);
                }
            }
            at += used;
        }
        Self { text: Cow::Owned(text), places }
    }

    /// What a stretch of the text was written as.
    fn place(&self, range: Range<usize>) -> Range<usize> {
        if self.places.is_empty() {
            return range;
        }
        let start = self.places.get(range.start).map_or(0, |p| p.start);
        let end = range.end.checked_sub(1).and_then(|last| self.places.get(last)).map_or(start, |p| p.end);
        start..end
    }
}

#[cfg(test)]
#[path = "value_tests.rs"]
mod tests;
