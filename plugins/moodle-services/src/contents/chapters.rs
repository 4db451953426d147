//! The chapters of a book.

use super::course::{Activity, Course};
use super::head::Head;
use super::records::{Record, RecordReader};
use super::viewer::Viewer;
use provost_guest::{Error, Result};

/// A chapter.
pub struct Chapter {
    /// Its entry.
    pub record: Record,
    /// Whether it lies within the one before it that does not.
    pub is_below: bool,
    /// Whether it is hidden, by itself or with the one that it lies in.
    pub is_hidden: bool,
    /// Its number among those beside it; none for a hidden one.
    number: Option<u32>,
}

/// What a book consists of, as far as somebody sees it.
pub struct Chapters {
    /// In their order.
    pub chapters: Vec<Chapter>,
    /// Tags of chapters.
    pub tags: Vec<Record>,
}

impl Chapters {
    /// The chapters that the viewer sees, that of the number `in_full` with its text.
    pub fn read(course: &Course, viewer: &Viewer, activity: &Activity, in_full: Option<u64>) -> Result<Self> {
        let mut reader = RecordReader::new(&["chapter", "tag"], in_full);
        let name = &activity.record.fields.name;
        course.read_own(activity, |piece| {
            reader.feed(piece).map_err(|error| Error::corrupt(format!("the book {name:?}: {error}")))
        })?;
        let (records, tags): (Vec<_>, Vec<_>) = reader.finish().into_iter().partition(|r| r.name == "chapter");
        let mut chapters = numbered(records);
        if chapters.iter().any(|c| c.is_hidden) && !viewer.sees_hidden_chapters(activity.record.id)? {
            chapters.retain(|c| !c.is_hidden);
        }
        Ok(Self { chapters, tags })
    }

    /// The chapter of a number.
    pub fn get(&self, id: u64) -> Option<&Chapter> {
        self.chapters.iter().find(|c| c.record.id == id)
    }

    /// The titles above a chapter's text, from the top, with numbers where the book has them: its own after that of the one in
    /// which it lies. None where the book's author writes titles into the texts.
    pub fn titles(&self, chapter: &Chapter, own: &Head) -> Vec<String> {
        const BY_NUMBERS: i64 = 1;
        if own.number("customtitles") != 0 {
            return Vec::new();
        }
        let before = self.chapters.iter().take_while(|c| c.record.id != chapter.record.id);
        let parent = before.filter(|c| !c.is_below).last().filter(|_| chapter.is_below);
        let mut numbers = String::new();
        let title = |chapter: &Chapter| {
            let number = chapter.number.map_or_else(|| "x".to_owned(), |number| number.to_string());
            numbers = if numbers.is_empty() { number } else { format!("{numbers}.{number}") };
            match own.number("numbering") {
                BY_NUMBERS => format!("{numbers}. {}", chapter.record.text("title")),
                _ => chapter.record.text("title").to_owned(),
            }
        };
        parent.into_iter().chain([chapter]).map(title).collect()
    }
}

/// Chapters in their order, each with its place.
fn numbered(mut records: Vec<Record>) -> Vec<Chapter> {
    records.sort_by_key(|record| record.number("pagenum"));
    let (mut top, mut below, mut hides) = (0, 0, false);
    let mut chapters = Vec::with_capacity(records.len());
    for record in records {
        // The first one can lie in none.
        let is_below = record.number("subchapter") != 0 && !chapters.is_empty();
        let is_hidden = record.number("hidden") != 0 || (is_below && hides);
        if !is_below {
            (below, hides) = (0, is_hidden);
        }
        let count = if is_below { &mut below } else { &mut top };
        *count += u32::from(!is_hidden);
        let number = (!is_hidden).then_some(*count);
        chapters.push(Chapter { record, is_below, is_hidden, number });
    }
    chapters
}
