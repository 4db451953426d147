//! The facet table of Moodle's own modules: in `MOD.xml`, which elements are the data of people. Everything else there is
//! definition. Containers stay when their entries go, as Moodle writes them without users (mbz-format.md 5.4).

use super::{Rule, names};

/// The rules for a module's document; `None` for a module that is not one of Moodle's own.
pub fn rules(module: &str) -> Option<&'static [Rule]> {
    TABLE.iter().find(|(name, _)| *name == module).map(|(_, rules)| *rules)
}

/// Names of the modules in the table.
pub fn known() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|(name, _)| *name)
}

const TABLE: &[(&str, &[Rule])] = &[
    (
        "assign",
        &[
            Rule::people("activity/assign/userflags/userflag"),
            Rule::people("activity/assign/submissions/submission"),
            Rule::people("activity/assign/grades/grade"),
            Rule::people_when("activity/assign/overrides/override", "userid"),
        ],
    ),
    // The assignment of Moodle 2, whose archives live on.
    ("assignment", &[Rule::people("activity/assignment/submissions/submission")]),
    (
        "bigbluebuttonbn",
        &[
            Rule::people("activity/bigbluebuttonbn/logs/log"),
            Rule::people("activity/bigbluebuttonbn/recordings/recording"),
        ],
    ),
    ("book", &[]),
    ("chat", &[Rule::people("activity/chat/messages/message")]),
    ("choice", &[Rule::people("activity/choice/answers/answer")]),
    ("data", &[Rule::people("activity/data/records/record"), Rule::people("activity/data/recordstags/tag")]),
    ("feedback", &[Rule::people("activity/feedback/completeds/completed")]),
    ("folder", &[]),
    (
        "forum",
        &[
            Rule::people("activity/forum/discussions/discussion"),
            Rule::people("activity/forum/subscriptions/subscription"),
            Rule::people("activity/forum/digests/digest"),
            Rule::people("activity/forum/readposts/read"),
            Rule::people("activity/forum/trackedprefs/track"),
            Rule::people("activity/forum/poststags/tag"),
            Rule::people("activity/forum/grades/grade"),
        ],
    ),
    (
        "glossary",
        &[
            Rule::people("activity/glossary/entries/entry"),
            Rule::people("activity/glossary/entriestags/tag"),
            Rule::people("activity/glossary/categories/category/category_entries/category_entry"),
        ],
    ),
    ("h5pactivity", &[Rule::people("activity/h5pactivity/attempts/attempt")]),
    ("imscp", &[]),
    ("label", &[]),
    (
        "lesson",
        &[
            Rule::people("activity/lesson/pages/page/answers/answer/attempts/attempt"),
            Rule::people("activity/lesson/pages/page/branches/branch"),
            Rule::people("activity/lesson/grades/grade"),
            Rule::people("activity/lesson/highscores/highscore"),
            Rule::people("activity/lesson/timers/timer"),
            Rule::people_when("activity/lesson/overrides/override", "userid"),
        ],
    ),
    (
        "lti",
        // The tool says who set it up.
        &[Rule::people("activity/lti/ltisubmissions/ltisubmission"), Rule::definition("activity/lti/ltitype")],
    ),
    ("page", &[]),
    ("qbank", &[]),
    (
        "quiz",
        &[
            Rule::people_when("activity/quiz/overrides/override", "userid"),
            Rule::people("activity/quiz/grades/grade"),
            Rule::people("activity/quiz/attempts/attempt"),
        ],
    ),
    ("resource", &[]),
    (
        "scorm",
        &[
            Rule::people("activity/scorm/scoes/sco/sco_tracks/sco_track"),
            Rule::people("activity/scorm/scoes/sco/attempts/attempt"),
        ],
    ),
    ("subsection", &[]),
    ("survey", &[Rule::people("activity/survey/answers/*"), Rule::people("activity/survey/analysis/*")]),
    ("url", &[]),
    // A wiki's pages are all written by people, so its subwikis are left out as a whole.
    ("wiki", &[Rule::people("activity/wiki/subwikis/subwiki")]),
    (
        "workshop",
        &[
            Rule::people("activity/workshop/submissions/submission"),
            Rule::people("activity/workshop/aggregations/aggregation"),
            // Example submissions and their reference assessments are the teacher's; what students made of them is not.
            Rule::people("activity/workshop/examplesubmissions/examplesubmission/exampleassessments/exampleassessment"),
        ],
    ),
];

/// Facets of the data of people, for documents beside the module's own.
pub const PEOPLE: super::Facets = &[names::USER_DATA];
