//! What `course.xml` says of a course beyond the fields every LMS has: kept in the `extra` JSON of the course's row, from
//! where web services read and change it and a backup writes it over the document.
//!
//! Two keys of that object are its: `details`, an object of element names and their text or null, and `formatoptions`, a list
//! of `{"name", "value"}`. All other keys are others' and stay as they are.

use serde_json::{Map, Value, json};

const DETAILS: &str = "details";
const FORMAT_OPTIONS: &str = "formatoptions";

/// The elements of `course.xml` that are details, in the order in which they stand there.
pub const ELEMENTS: &[&str] = &[
    "summary",
    "summaryformat",
    "showgrades",
    "newsitems",
    "marker",
    "maxbytes",
    "legacyfiles",
    "showreports",
    "groupmode",
    "groupmodeforce",
    "defaultgroupingid",
    "lang",
    "theme",
    "calendartype",
    "requested",
    "showactivitydates",
    "showcompletionconditions",
    "pdfexportfont",
    "enablecompletion",
    "completionnotify",
];

/// An option of the course's format, such as `hiddensections`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormatOption {
    /// Its name.
    pub name: String,
    /// Its value, as text.
    pub value: String,
}

/// The details of a course.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CourseDetails {
    elements: Vec<(String, Option<String>)>,
    options: Vec<FormatOption>,
}

impl CourseDetails {
    /// Reads them from a course's `extra`. What is not there or not as it should be is missing.
    #[must_use]
    pub fn read(extra: &str) -> Self {
        let extra: Value = serde_json::from_str(extra).unwrap_or_default();
        let elements = extra[DETAILS].as_object().into_iter().flatten();
        let options = extra[FORMAT_OPTIONS].as_array().into_iter().flatten();
        Self {
            elements: elements.filter_map(|(name, value)| Some((name.clone(), plain(value)?))).collect(),
            options: options
                .filter_map(|o| Some(FormatOption { name: o["name"].as_str()?.into(), value: plain(&o["value"])?? }))
                .collect(),
        }
    }

    /// Writes them into a course's `extra`, all of whose other keys stay. What is no JSON object counts as an empty one.
    #[must_use]
    pub fn write(&self, extra: &str) -> String {
        let mut all: Map<String, Value> = serde_json::from_str(extra).unwrap_or_default();
        let elements = self.elements.iter().map(|(name, value)| (name.clone(), json!(value)));
        all.insert(DETAILS.into(), Value::Object(elements.collect()));
        let options = self.options.iter().map(|o| json!({ "name": o.name, "value": o.value }));
        all.insert(FORMAT_OPTIONS.into(), options.collect());
        Value::Object(all).to_string()
    }

    /// The text of an element; none where it is missing or null.
    #[must_use]
    pub fn text(&self, element: &str) -> Option<&str> {
        self.elements.iter().find(|(name, _)| name == element)?.1.as_deref()
    }
    /// The number that an element says; none where it is missing, null or no number.
    #[must_use]
    pub fn integer(&self, element: &str) -> Option<i64> {
        self.text(element)?.trim().parse().ok()
    }
    /// Every element that is there, with its text or null, in the order in which they were set.
    pub fn elements(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.elements.iter().map(|(name, value)| (name.as_str(), value.as_deref()))
    }
    /// Sets an element, to null with none.
    pub fn set(&mut self, element: &str, value: Option<&str>) {
        let value = value.map(str::to_owned);
        match self.elements.iter_mut().find(|(name, _)| name == element) {
            Some((_, there)) => *there = value,
            None => self.elements.push((element.to_owned(), value)),
        }
    }
    /// Sets an element to a number.
    pub fn set_integer(&mut self, element: &str, value: i64) {
        self.set(element, Some(&value.to_string()));
    }

    /// The options of the course's format, in order.
    #[must_use]
    pub fn format_options(&self) -> &[FormatOption] {
        &self.options
    }
    /// The value of one of them.
    #[must_use]
    pub fn format_option(&self, name: &str) -> Option<&str> {
        self.options.iter().find(|o| o.name == name).map(|o| o.value.as_str())
    }
    /// Sets an option.
    pub fn set_format_option(&mut self, name: &str, value: &str) {
        match self.options.iter_mut().find(|o| o.name == name) {
            Some(there) => value.clone_into(&mut there.value),
            None => self.options.push(FormatOption { name: name.to_owned(), value: value.to_owned() }),
        }
    }
}

/// Text or a number as text, null as none; nothing for what is neither.
#[allow(clippy::option_option)]
pub(crate) fn plain(value: &Value) -> Option<Option<String>> {
    match value {
        Value::Null => Some(None),
        Value::String(text) => Some(Some(text.clone())),
        Value::Number(number) => Some(Some(number.to_string())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_keys_stay() {
        let extra = r#"{"moodle_release":"4.5","details":{"summary":"<p>A</p>","lang":null,"odd":[]}}"#;
        let mut details = CourseDetails::read(extra);
        assert_eq!(details.elements().collect::<Vec<_>>(), [("summary", Some("<p>A</p>")), ("lang", None)]);
        details.set("summary", Some("B"));
        details.set_integer("newsitems", 5);
        details.set_format_option("coursedisplay", "0");
        details.set_format_option("coursedisplay", "1");
        assert_eq!(
            details.write(extra),
            r#"{"moodle_release":"4.5","details":{"summary":"B","lang":null,"newsitems":"5"},"formatoptions":[{"name":"coursedisplay","value":"1"}]}"#
        );
        assert_eq!(CourseDetails::read(&details.write(extra)), details);
    }

    #[test]
    fn numbers_are_read_from_text_and_from_numbers() {
        let details = CourseDetails::read(
            r#"{"details":{"newsitems":"5","marker":2,"lang":"de"},"formatoptions":[{"name":"x","value":1},{"name":"y"},7]}"#,
        );
        assert_eq!((details.integer("newsitems"), details.integer("marker")), (Some(5), Some(2)));
        assert_eq!((details.integer("lang"), details.integer("missing")), (None, None));
        assert_eq!((details.format_option("x"), details.format_options().len()), (Some("1"), 1));
    }

    #[test]
    fn what_is_no_object_counts_as_empty() {
        for extra in ["", "[]", "null", "{", "{}"] {
            assert_eq!(CourseDetails::read(extra), CourseDetails::default());
            assert_eq!(CourseDetails::default().write(extra), r#"{"details":{},"formatoptions":[]}"#);
        }
    }
}
