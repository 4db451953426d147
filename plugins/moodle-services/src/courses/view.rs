//! What answers say of a course, whichever function gives them.

use crate::access;
use crate::categories;
use crate::shape::Scalar;
use crate::text::{self, Author, Files, Text, form};
use provost_guest::course_store::{FileRecord, Snapshot};
use provost_guest::courses::CourseRecord;
use provost_guest::prelude::*;
use provost_moodle_archive::details::CourseDetails;
use std::collections::HashMap;

/// How many rows a call of the host is asked for.
const PAGE: u32 = 1_000;

/// A course with its details, which have Moodle's defaults where nothing is known.
pub struct View<'a> {
    /// Its row.
    pub record: &'a CourseRecord,
    /// What else is known.
    pub details: CourseDetails,
}

impl<'a> View<'a> {
    /// Reads the details.
    pub fn of(record: &'a CourseRecord) -> Self {
        Self { record, details: CourseDetails::read(&record.extra) }
    }

    /// A number among the details.
    pub fn number(&self, element: &str) -> i64 {
        self.details.integer(element).unwrap_or(match element {
            "summaryformat" | "showgrades" | "showcompletionconditions" => 1,
            "newsitems" => 5,
            _ => 0,
        })
    }
    /// A text among the details; empty where it is missing.
    pub fn text(&self, element: &str) -> String {
        self.details.text(element).unwrap_or_default().to_owned()
    }

    /// The summary as the client wants it.
    pub fn summary(&self) -> Text {
        let files = Files { context: self.record.context, component: "course", area: "summary", item: None };
        let links = |name: &str, numbers: &[u64]| self.link(name, numbers);
        let summary = self.text("summary");
        let summary = text::with_links(&summary, links);
        text::text(&summary, self.number("summaryformat"), Some(files), Author::Editor)
    }

    /// The address of the course's own pages, by the marks that its documents have for them.
    fn link(&self, name: &str, numbers: &[u64]) -> Option<String> {
        let own = match self.record.origin.course {
            0 => self.record.id,
            there => there,
        };
        let page = match name {
            "COURSEVIEWBYID" => "/course/view.php",
            "GRADEINDEXBYID" => "/grade/index.php",
            "PARTICIPANTSINDEXBYID" => "/user/index.php",
            _ => return None,
        };
        (numbers == [own]).then(|| text::address(&format!("{page}?id={}", self.record.id)))
    }

    /// The options of its format, those that have a default with it where they are not set.
    pub fn format_options(&self) -> Vec<(String, Scalar)> {
        let defaults: &[(&str, &str)] = match self.record.fields.format.as_str() {
            "topics" => &[("hiddensections", "1"), ("coursedisplay", "0"), ("indentation", "1")],
            "weeks" => {
                &[("hiddensections", "1"), ("coursedisplay", "0"), ("automaticenddate", "1"), ("indentation", "1")]
            }
            _ => &[],
        };
        let set = self.details.format_options();
        let missing = defaults.iter().filter(|(name, _)| set.iter().all(|o| o.name != *name));
        let set = set.iter().map(|o| (o.name.as_str(), o.value.as_str()));
        let mut all: Vec<_> = set.chain(missing.copied()).collect();
        // Moodle lists them in the order in which the format declares them.
        let rank = |name: &str| defaults.iter().position(|(known, _)| *known == name).unwrap_or(usize::MAX);
        all.sort_by_key(|(name, _)| rank(name));
        all.into_iter().map(|(name, value)| (name.to_owned(), option_value(name, value))).collect()
    }
}

/// The value of an option as it was recorded: a number for those that a format declares as one.
fn option_value(name: &str, value: &str) -> Scalar {
    match value.parse() {
        Ok(number) if matches!(name, "hiddensections" | "coursedisplay" | "numsections") => Scalar::Number(number),
        _ => Scalar::Text(value.to_owned()),
    }
}

/// The number of the last section; those of subsections count, too.
pub fn last_section(snapshot: &Snapshot) -> Result<u32> {
    let mut last = 0;
    let mut after = 0;
    loop {
        let page = snapshot.sections(after, PAGE)?;
        let Some(end) = page.last().map(|s| s.id) else { return Ok(last) };
        last = page.iter().map(|s| s.fields.number).max().unwrap_or(0).max(last);
        after = end;
    }
}

/// The files of a course that the test takes.
pub fn files(snapshot: &Snapshot, test: impl Fn(&FileRecord) -> bool) -> Result<Vec<FileRecord>> {
    let mut found = Vec::new();
    let mut after = 0;
    loop {
        let page = snapshot.files(after, PAGE)?;
        let Some(end) = page.last().map(|f| f.id) else { return Ok(found) };
        found.extend(page.into_iter().filter(&test));
        after = end;
    }
}

/// The places of courses among all: within their category, the newest first.
pub struct Order {
    places: HashMap<u64, u64>,
}

impl Order {
    /// Of every course there is.
    pub fn read() -> Result<Self> {
        let categories = categories::orders()?;
        let mut next: HashMap<u64, u64> = HashMap::new();
        let mut places = HashMap::new();
        for course in access::all_courses()?.iter().rev() {
            let category = course.fields.category;
            let rank = next.entry(category).or_insert(0);
            *rank += 1;
            places.insert(course.id, categories.get(&category).copied().unwrap_or_default() + *rank);
        }
        Ok(Self { places })
    }
    /// The place of a course.
    pub fn of(&self, course: u64) -> u64 {
        self.places.get(&course).copied().unwrap_or(1)
    }
}

/// A summary that nobody has written.
pub fn no_summary() -> Text {
    Text { text: String::new(), form: form::AUTO }
}
