//! The rare course's people. Each did one thing, so that their id says what was taken along.

use crate::forms;
use crate::outline::indented;
use crate::sample::START;

/// Who made the course and stays in it as its author.
pub const TEACHER: u32 = 810_001;
/// Who wrote the questions.
pub const ASKER: u32 = 810_002;
/// Who entered events of the calendar.
pub const PLANNER: u32 = 810_003;
/// Who made badges, scales, outcomes and contents of the content bank.
pub const MAKER: u32 = 810_004;
/// Ids of authors: these stay in what they made.
pub const AUTHORS: &[u32] = &[TEACHER, ASKER, PLANNER, MAKER];

/// Who is enrolled: with a role, in a group, with log rows.
pub const ENROLLED: &[u32] = &[910_001, 910_002];

/// Somebody who did something.
#[derive(Debug, Clone, Copy)]
pub struct Actor {
    /// Their id.
    pub id: u32,
    /// What a backup must have for the id to be in it, as in a mark.
    pub conditions: &'static str,
}

const fn actor(id: u32, conditions: &'static str) -> Actor {
    Actor { id, conditions }
}

/// Everybody who did something.
pub const ACTORS: &[Actor] = &[
    actor(910_001, "u"),
    actor(910_002, "u"),
    // Assignment: flag, submission, grade, override, date of the override, filled-in rubric and guide, its assessor.
    actor(910_010, "au"),
    actor(910_011, "au"),
    actor(910_012, "au"),
    actor(910_013, "au"),
    actor(910_014, "au"),
    actor(910_015, "au"),
    actor(910_016, "au"),
    actor(910_017, "auc"),
    actor(910_018, "auk"),
    actor(910_019, "auh"),
    actor(910_020, "aur"),
    actor(910_021, "au"),
    actor(910_022, "auk"),
    // Quiz: override, grade, attempt.
    actor(910_030, "au"),
    actor(910_031, "au"),
    actor(910_032, "au"),
    // Lesson: attempt, branch, grade, timer, override, high score.
    actor(910_040, "au"),
    actor(910_041, "au"),
    actor(910_042, "au"),
    actor(910_043, "au"),
    actor(910_044, "au"),
    actor(910_045, "au"),
    // Workshop: author, reviewer, who changed a grade, aggregation, who assessed an example.
    actor(910_050, "au"),
    actor(910_051, "au"),
    actor(910_052, "au"),
    actor(910_053, "au"),
    actor(910_054, "au"),
    // SCORM: tracks in two shapes. H5P: attempt and state. Tool: submission. Meeting: log. Old assignment: two people.
    actor(910_060, "au"),
    actor(910_061, "au"),
    actor(910_062, "au"),
    actor(910_063, "au"),
    actor(910_064, "au"),
    actor(910_065, "au"),
    actor(910_066, "au"),
    actor(910_067, "au"),
    // Forum: discussion, reply, rating, subscription to the discussion, to the forum, digest, read, track, grade.
    actor(910_070, "au"),
    actor(910_071, "au"),
    actor(910_072, "au"),
    actor(910_073, "au"),
    actor(910_074, "au"),
    actor(910_075, "au"),
    actor(910_076, "au"),
    actor(910_077, "au"),
    actor(910_078, "au"),
    // Database: record, rating, comment. Glossary: entry, rating. Wiki: subwiki, page, version.
    actor(910_080, "au"),
    actor(910_081, "au"),
    actor(910_082, "auc"),
    actor(910_083, "au"),
    actor(910_084, "au"),
    actor(910_085, "au"),
    actor(910_086, "au"),
    actor(910_087, "au"),
    // Survey: answer, analysis. Chat. Feedback. Choice.
    actor(910_088, "au"),
    actor(910_089, "au"),
    actor(910_090, "au"),
    actor(910_091, "au"),
    actor(910_092, "au"),
    // Course: grade, its history, completion of a criterion and of the course, badge, competency, comments of course, block
    // and question, role in a block.
    actor(910_100, "au"),
    actor(910_101, "auh"),
    actor(910_102, "auk"),
    actor(910_103, "auk"),
    actor(910_104, "au"),
    actor(910_105, "u"),
    actor(910_106, "uc"),
    actor(910_107, "buc"),
    actor(910_108, "uc"),
    actor(910_109, "bur"),
    actor(910_110, "au"),
    // What nobody knows: modules, blocks, plugins and documents.
    actor(910_120, "au"),
    actor(910_121, "au"),
    actor(910_122, "bu"),
    actor(910_123, "u"),
    actor(910_124, "u"),
    actor(910_125, "au"),
    actor(910_126, "u"),
    actor(910_127, "u"),
    actor(910_128, "au"),
    actor(910_129, "abu"),
    actor(910_130, "u"),
];

/// A person's row; who they are may be seen where their id may, unless invented names are asked for.
fn row(id: u32, conditions: &str, more: &str) -> String {
    let person = forms::Person {
        id,
        context: id + 5_000_000,
        username: &format!("[[{conditions}n/{id}-username]]"),
        first: &format!("[[{conditions}n/{id}-first]]"),
        last: &format!("[[{conditions}n/{id}-last]]"),
        email: &format!("[[{conditions}n/{id}-email]]"),
        city: &format!("[[{conditions}n/{id}-city]]"),
        country: "SE",
        since: START,
    };
    let mut text = forms::user(&person);
    if !more.is_empty() {
        let lists = "  custom_fields\n  tags\n  preferences\n  roles\n    role_overrides\n    role_assignments\n";
        text = text.replace(lists, more);
    }
    text
}

/// What the first of the enrolled has beside names.
const MORE: &str = "  custom_fields
    custom_field id=9001
      . field_name=allergies field_type=text
      field_data: [[un/custom-field]]
  tags
    tag id=9002
      name: [[un/interest]]
      rawname: [[un/interest-raw]]
  preferences
    preference id=9003
      . name=htmleditor
      value: [[un/preference]]
  roles
    role_overrides
      override id=9004
        . roleid=7
        capability: [[un/override]]
        . permission=1 timemodified=§1 modifierid=810001
    role_assignments
      assignment id=9005
        . roleid=6 userid=910001 timemodified=§1 modifierid=0
        component: [[unr/mentor]]
        . itemid=0 sortorder=0
";

/// `users.xml`.
pub(super) fn document() -> String {
    let mut ids: Vec<u32> = AUTHORS.iter().copied().chain(ACTORS.iter().map(|a| a.id)).collect();
    ids.sort_unstable();
    let mut text = String::from("users\n");
    for id in ids {
        let conditions = ACTORS.iter().find(|a| a.id == id).map_or("u", |a| a.conditions);
        text += &indented(&row(id, conditions, if id == ENROLLED[0] { MORE } else { "" }), 1);
    }
    text
}
