//! Who looks at the course: what they may see, their groups, how far they are.

use provost_guest::people::{self, Person, Place};
use provost_guest::{Caller, Result, clock, enrolments};
use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

/// Sees sections that are hidden.
pub const HIDDEN_SECTIONS: &str = "moodle/course:viewhiddensections";
/// Sees activities that are hidden.
pub const HIDDEN_ACTIVITIES: &str = "moodle/course:viewhiddenactivities";
/// Is not held up by conditions.
pub const IGNORES: &str = "moodle/course:ignoreavailabilityrestrictions";
/// Sees the course with the eyes of those who made it.
pub const UPDATES: &str = "moodle/course:update";
const ALL_GROUPS: &str = "moodle/site:accessallgroups";
const TRACKED: &str = "moodle/course:isincompletionreports";
/// Sees hidden chapters of books.
const HIDDEN_CHAPTERS: &str = "mod/book:viewhiddenchapters";

/// Everything these functions ask, for the manifest and for documentation.
pub const CAPABILITIES: &[&str] =
    &[HIDDEN_SECTIONS, HIDDEN_ACTIVITIES, IGNORES, UPDATES, ALL_GROUPS, TRACKED, HIDDEN_CHAPTERS];

/// Somebody who looks at a course.
pub struct Viewer {
    person: u64,
    /// Sees hidden sections.
    pub hidden_sections: bool,
    /// Sees hidden activities of the whole course.
    hidden_activities: bool,
    /// Is not held up by conditions.
    pub ignores: bool,
    /// May change the course.
    pub updates: bool,
    /// Counts as being in every group.
    pub all_groups: bool,
    /// Their groups.
    pub groups: HashSet<u64>,
    /// Whether their completion counts.
    pub is_tracked: bool,
    /// States and times of completion.
    pub completion: HashMap<u64, (u32, i64)>,
    /// The time.
    pub now: i64,
    profile: OnceCell<Option<Person>>,
}

impl Viewer {
    /// The caller as somebody who looks at a course.
    pub fn new(caller: &Caller, course: u64) -> Result<Self> {
        let person = caller.person;
        let place = Place::Course(course);
        let may = |capability| people::has_capability(person, capability, place);
        let participant = enrolments::participant_of(course, person)?;
        let completed = enrolments::completion_of(course, person)?;
        let hidden_activities = may(HIDDEN_ACTIVITIES)?;
        Ok(Self {
            person,
            hidden_sections: may(HIDDEN_SECTIONS)?,
            hidden_activities,
            ignores: may(IGNORES)?,
            updates: may(UPDATES)?,
            all_groups: may(ALL_GROUPS)?,
            is_tracked: participant.as_ref().is_some_and(|p| p.active) && may(TRACKED)?,
            groups: participant.map(|p| p.groups.into_iter().collect()).unwrap_or_default(),
            completion: completed.into_iter().map(|c| (c.activity, (c.state, c.modified))).collect(),
            now: clock::now(),
            profile: OnceCell::new(),
        })
    }

    /// Whether they see an activity that is hidden.
    pub fn sees_hidden(&self, activity: u64) -> Result<bool> {
        Ok(self.hidden_activities || people::has_capability(self.person, HIDDEN_ACTIVITIES, Place::Activity(activity))?)
    }

    /// Whether they see what a condition of a kind that cannot be decided here holds back.
    pub fn passes_undecided(&self) -> bool {
        self.hidden_activities
    }

    /// Whether conditions are shown to them as they are.
    pub fn sees_conditions(&self) -> bool {
        self.hidden_activities || self.updates
    }

    /// Whether they see hidden chapters of a book.
    pub fn sees_hidden_chapters(&self, activity: u64) -> Result<bool> {
        people::has_capability(self.person, HIDDEN_CHAPTERS, Place::Activity(activity))
    }

    /// How far they have completed an activity.
    pub fn state(&self, activity: u64) -> u32 {
        self.completion.get(&activity).map_or(0, |(state, _)| *state)
    }

    /// What is known of them.
    pub fn profile(&self) -> Option<&Person> {
        let find = || {
            people::lookup(&[people::Key::Id(self.person)]).ok().and_then(|found| found.into_iter().next().flatten())
        };
        self.profile.get_or_init(find).as_ref()
    }
}
