//! The facet table of files, by component and area (mbz-format.md 5.4 and 6).

use super::{Facets, names};
use crate::layout::OwnerKind;
use crate::xml::fields::attribute;
use crate::xml::{Event, Scanner, XmlError};
use std::collections::BTreeSet;

/// What a file carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFacets {
    /// All its facets.
    pub facets: Vec<&'static str>,
    /// Whether a rule named it. If not, the facets are the cautious guess for unknown components: files with an item
    /// number other than 0 are the data of people, except those of an introduction.
    pub known: bool,
}

/// The facets of a file. `owner` is the kind of owner whose context it lies in, where that is known.
pub fn file_facets(component: &str, area: &str, item: i64, owner: Option<OwnerKind>) -> FileFacets {
    let module = component.strip_prefix("mod_");
    let begins = |beginning: &str| component.starts_with(beginning);
    let in_activity = matches!(owner, Some(OwnerKind::Activity | OwnerKind::ActivityBlock))
        || (owner.is_none() && (module.is_some() || component.starts_with("assign")));
    let mut facets = Vec::new();
    if in_activity {
        facets.push(names::ACTIVITY);
    }
    let mut add = |more: Facets| {
        for name in more {
            if !facets.contains(name) {
                facets.push(name);
            }
        }
    };
    // What a component's every area is.
    let whole: Option<Facets> = match component {
        "user" | "blog" | "notes" | "message" | "portfolio" => Some(PEOPLE),
        "group" | "grouping" => Some(&[names::GROUP]),
        "badges" => Some(if area == "badgeimage" { &[names::BADGE] } else { &[names::BADGE, names::USER_DATA] }),
        "contentbank" => Some(&[names::CONTENT_BANK]),
        "calendar" => Some(&[names::CALENDAR]),
        "customfield" => Some(&[names::CUSTOM_FIELD]),
        "grading" | "core_h5p" => Some(&[]),
        "course" => Some(if area == "legacy" { &[names::LEGACY_FILE] } else { &[] }),
        "grade" => Some(match area {
            "outcome" | "scale" => &[],
            // The gradebook is only taken with activities.
            "historyfeedback" => &[names::ACTIVITY, names::GRADE_HISTORY, names::USER_DATA],
            _ => &[names::ACTIVITY, names::GRADE, names::USER_DATA],
        }),
        "question" => Some(if area.starts_with("response_") { PEOPLE } else { &[names::QUESTION_BANK] }),
        "quizaccess_seb" => Some(&[]),
        _ if begins("customfield_") => Some(&[names::CUSTOM_FIELD]),
        _ if begins("assignsubmission_") || begins("assignfeedback_") || begins("plagiarism_") => Some(PEOPLE),
        // Of forms the descriptions of what is looked at are kept; what else there may be is filled in.
        _ if begins("workshopform_") || begins("gradingform_") => {
            Some(if area.starts_with("description") || area.starts_with("definition") { &[] } else { PEOPLE })
        }
        _ if begins("qtype_") || begins("qbank_") => Some(&[names::QUESTION_BANK]),
        _ if begins("format_") || begins("theme_") => Some(&[]),
        // A block's content has no items, an unknown block's items are things that people brought.
        _ if begins("block_") => Some(if item == 0 || component == "block_html" {
            &[names::BLOCK]
        } else {
            &[names::BLOCK, names::USER_DATA]
        }),
        _ => None,
    };
    if let Some(whole) = whole {
        add(whole);
        return FileFacets { facets, known: true };
    }
    if let Some((_, _, more)) = AREAS.iter().find(|(m, a, _)| Some(*m) == module && *a == area) {
        add(more);
        return FileFacets { facets, known: true };
    }
    let known = module.is_some_and(super::module_is_known);
    if !known && item != 0 && area != "intro" {
        add(PEOPLE);
    }
    FileFacets { facets, known }
}

use super::modules::PEOPLE;

/// The areas of Moodle's own modules that hold data of people. Their other areas are definition. Of a
/// workshop, files of example submissions lie in the same areas as those of students; see [`Examples`].
const AREAS: &[(&str, &str, Facets)] = &[
    ("assignment", "online_submission", PEOPLE),
    ("assignment", "response", PEOPLE),
    ("assignment", "submission", PEOPLE),
    ("data", "content", PEOPLE),
    ("forum", "post", PEOPLE),
    ("forum", "attachment", PEOPLE),
    ("glossary", "entry", PEOPLE),
    ("glossary", "attachment", PEOPLE),
    ("lesson", "essay_responses", PEOPLE),
    ("lesson", "essay_answers", PEOPLE),
    ("wiki", "attachments", PEOPLE),
    ("workshop", "submission_content", PEOPLE),
    ("workshop", "submission_attachment", PEOPLE),
    ("workshop", "overallfeedback_content", PEOPLE),
    ("workshop", "overallfeedback_attachment", PEOPLE),
];

/// The teacher's example submissions of a workshop, and the teacher's assessments of them. Only the workshop's own document
/// tells them from what students wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Examples {
    submissions: BTreeSet<i64>,
    assessments: BTreeSet<i64>,
}

impl Examples {
    /// Whether the file of an area and item of `mod_workshop` is the teacher's.
    pub fn hold(&self, area: &str, item: i64) -> bool {
        match area {
            "submission_content" | "submission_attachment" => self.submissions.contains(&item),
            "overallfeedback_content" | "overallfeedback_attachment" => self.assessments.contains(&item),
            _ => false,
        }
    }
}

/// Finds [`Examples`] in a `workshop.xml`, fed in pieces of any size.
#[derive(Debug, Default)]
pub struct ExampleScan {
    scanner: Scanner,
    path: Vec<Vec<u8>>,
    found: Examples,
}

impl ExampleScan {
    /// Takes the next piece.
    pub fn feed(&mut self, chunk: &[u8]) -> Result<(), XmlError> {
        let Self { scanner, path, found } = self;
        scanner.feed(chunk, |_, event| {
            match event {
                Event::Start { name, empty, bytes } => {
                    path.push(name.to_vec());
                    let id = || attribute(bytes, "id").and_then(|id| id.trim().parse::<i64>().ok());
                    let is = |places: &[&str]| path.iter().map(Vec::as_slice).eq(places.iter().map(|p| p.as_bytes()));
                    const EXAMPLE: [&str; 5] =
                        ["activity", "workshop", "examplesubmissions", "examplesubmission", "referenceassessment"];
                    if is(&EXAMPLE[..4]) {
                        found.submissions.extend(id());
                    } else if is(&EXAMPLE) {
                        found.assessments.extend(id());
                    }
                    if empty {
                        path.pop();
                    }
                }
                Event::End { .. } => {
                    path.pop();
                }
                _ => {}
            }
            Ok(())
        })
    }

    /// What was found.
    pub fn finish(self) -> Examples {
        self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_told_from_submissions() {
        let document = b"<activity><workshop><examplesubmissions><examplesubmission id=\"7\"><referenceassessment id=\"8\"/><exampleassessments><exampleassessment id=\"9\"/></exampleassessments></examplesubmission></examplesubmissions><submissions><submission id=\"10\"/></submissions></workshop></activity>";
        let mut scan = ExampleScan::default();
        for piece in document.chunks(7) {
            scan.feed(piece).unwrap();
        }
        let found = scan.finish();
        assert!(found.hold("submission_attachment", 7) && found.hold("overallfeedback_content", 8));
        assert!(!found.hold("submission_attachment", 10) && !found.hold("overallfeedback_content", 9));
        assert!(!found.hold("overallfeedback_content", 7) && !found.hold("intro", 7));
    }

    #[test]
    fn areas_have_their_facets() {
        let of = |c, a, i| file_facets(c, a, i, None);
        assert_eq!(of("mod_forum", "attachment", 5).facets, [names::ACTIVITY, names::USER_DATA]);
        assert_eq!(of("mod_page", "content", 0), FileFacets { facets: vec![names::ACTIVITY], known: true });
        assert_eq!(of("mod_lesson", "page_contents", 3).facets, [names::ACTIVITY]);
        assert_eq!(
            of("mod_mine", "stuff", 3),
            FileFacets { facets: vec![names::ACTIVITY, names::USER_DATA], known: false }
        );
        assert_eq!(of("mod_mine", "content", 0), FileFacets { facets: vec![names::ACTIVITY], known: false });
        assert_eq!(of("course", "legacy", 0).facets, [names::LEGACY_FILE]);
        assert_eq!(of("mod_assignment", "submission", 3).facets, [names::ACTIVITY, names::USER_DATA]);
        assert_eq!(of("badges", "badgeimage", 3).facets, [names::BADGE]);
        assert_eq!(of("badges", "userbadge", 3).facets, [names::BADGE, names::USER_DATA]);
        assert_eq!(of("gradingform_x", "remark", 3).facets, [names::USER_DATA]);
        assert_eq!(of("workshopform_rubric", "description", 3).facets, [""; 0]);
        assert_eq!(of("format_grid", "sectionimage", 3).facets, [""; 0]);
        assert_eq!(of("block_poll", "answers", 3).facets, [names::BLOCK, names::USER_DATA]);
        assert_eq!(of("block_html", "content", 0).facets, [names::BLOCK]);
        let response = file_facets("question", "response_attachments", 9, Some(OwnerKind::Activity));
        assert_eq!(response.facets, [names::ACTIVITY, names::USER_DATA]);
    }
}
