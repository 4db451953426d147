//! How questions are written, which one archive cannot mix: whoever reads it decides by its version (mbz-format.md 10).

use crate::target::Target;
use crate::{facets, known};
use provost_guest::Result;
use provost_moodle_archive::facets::names;
use std::fmt;

/// The first release with a question bank of entries and versions.
const BANK_ENTRIES: u64 = 2_022_041_900;

/// How questions are written. Shown as the releases that write so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuestionForm {
    /// In their category, before 4.0.
    Plain,
    /// As versions of entries of the question bank.
    Entries,
}

impl QuestionForm {
    /// That of a `questions.xml`. None where there are no questions.
    pub fn of(document: &[u8]) -> Option<Self> {
        let has = |tag: &str| document.windows(tag.len()).any(|window| window == tag.as_bytes());
        match (has("<question_bank_entry "), has("<question ")) {
            (true, _) => Some(QuestionForm::Entries),
            (false, true) => Some(QuestionForm::Plain),
            (false, false) => None,
        }
    }

    /// That of a course's questions; where it has none that of the release that the course came from, and ours for a course made
    /// here.
    pub fn of_course(target: &Target) -> Result<Self> {
        for part in target.named(known::QUESTIONS) {
            if let Some(form) = Self::of(&target.whole(part, &facets(&[names::QUESTION_BANK]))?) {
                return Ok(form);
            }
        }
        let extra: serde_json::Value = serde_json::from_str(&target.snapshot.course().extra).unwrap_or_default();
        let version = extra["backup_version"].as_str().and_then(|v| v.split('.').next()?.trim().parse::<u64>().ok());
        Ok(match version.is_some_and(|version| version < BANK_ENTRIES) {
            true => QuestionForm::Plain,
            false => QuestionForm::Entries,
        })
    }
}

impl fmt::Display for QuestionForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            QuestionForm::Plain => "before Moodle 4.0",
            QuestionForm::Entries => "Moodle 4.0 and later",
        })
    }
}
