//! What is known of each module: its name for several, what it is for, what it lists, its dates, its rules of completion, what it
//! says of itself beside. Facts of Moodle 4.5, most of them as recorded.

/// A date of a module.
pub struct DateField {
    /// The field, which is also its name for programs.
    pub field: &'static str,
    /// Its label while it lies ahead, and when it is past.
    pub labels: [&'static str; 2],
}

/// A rule of completion of a module's own.
pub struct RuleField {
    /// The field, which is also the rule's name.
    pub field: &'static str,
    /// What is to be done; `{}` stands for the field's value.
    pub description: &'static str,
}

/// What is known of a module.
pub struct Kind {
    /// The module.
    pub name: &'static str,
    /// Its name for several.
    pub plural: &'static str,
    /// What it is for.
    pub purpose: &'static str,
    /// Whether its icon keeps its own colours.
    pub branded: bool,
    /// Whether it has no pages, its description being all of it.
    pub no_view: bool,
    /// Whether something may stand beside its name.
    pub badge: bool,
    /// The dates shown.
    pub dates: &'static [DateField],
    /// Its own rules of completion.
    pub rules: &'static [RuleField],
    /// Fields that are dates and told to programs.
    pub told_dates: &'static [&'static str],
}

const fn date(field: &'static str, ahead: &'static str, past: &'static str) -> DateField {
    DateField { field, labels: [ahead, past] }
}

const fn opens(field: &'static str) -> DateField {
    date(field, "Opens:", "Opened:")
}

const fn closes(field: &'static str) -> DateField {
    date(field, "Closes:", "Closed:")
}

const fn due(field: &'static str) -> DateField {
    date(field, "Due:", "Due:")
}

const fn rule(field: &'static str, description: &'static str) -> RuleField {
    RuleField { field, description }
}

const fn kind(name: &'static str, plural: &'static str, purpose: &'static str) -> Kind {
    Kind {
        name,
        plural,
        purpose,
        branded: false,
        no_view: false,
        badge: false,
        dates: &[],
        rules: &[],
        told_dates: &[],
    }
}

/// What is known of a module; of one that is not in the table, nothing in particular.
pub fn of(module: &str) -> &'static Kind {
    KINDS.iter().find(|kind| kind.name == module).unwrap_or(&UNKNOWN)
}

const UNKNOWN: Kind = kind("", "", "other");

const KINDS: &[Kind] = &[
    Kind {
        dates: &[opens("allowsubmissionsfromdate"), due("duedate")],
        rules: &[rule("completionsubmit", "Make a submission")],
        told_dates: &["duedate", "cutoffdate", "allowsubmissionsfromdate"],
        ..kind("assign", "Assignments", "assessment")
    },
    kind("assignment", "Assignments 2.2 (Disabled)", "assessment"),
    Kind {
        branded: true,
        dates: &[opens("openingtime"), closes("closingtime")],
        rules: &[
            rule("completionattendance", "Attend the session for {} minutes"),
            rule("completionengagementchats", "Participate in {} chats"),
            rule("completionengagementtalks", "Talk {} times"),
            rule("completionengagementraisehand", "Raise hand {} times"),
            rule("completionengagementpollvotes", "Answer {} polls"),
            rule("completionengagementemojis", "Change status with an emoji {} times"),
        ],
        told_dates: &["openingtime", "closingtime"],
        ..kind("bigbluebuttonbn", "BigBlueButton", "communication")
    },
    kind("book", "Books", "content"),
    Kind { dates: &[date("chattime", "Next chat time:", "Next chat time:")], ..kind("chat", "Chats", "communication") },
    Kind {
        dates: &[opens("timeopen"), closes("timeclose")],
        rules: &[rule("completionsubmit", "Make a choice")],
        told_dates: &["timeopen", "timeclose"],
        ..kind("choice", "Choices", "communication")
    },
    Kind {
        dates: &[opens("timeavailablefrom"), closes("timeavailableto")],
        rules: &[rule("completionentries", "Make entries: {}")],
        told_dates: &["timeavailablefrom", "timeavailableto"],
        ..kind("data", "Databases", "collaboration")
    },
    Kind {
        dates: &[opens("timeopen"), closes("timeclose")],
        rules: &[rule("completionsubmit", "Submit feedback")],
        told_dates: &["timeopen", "timeclose"],
        ..kind("feedback", "Feedback", "communication")
    },
    kind("folder", "Folders", "content"),
    Kind {
        badge: true,
        dates: &[due("duedate")],
        rules: &[
            rule("completiondiscussions", "Start discussions: {}"),
            rule("completionreplies", "Post replies: {}"),
            rule("completionposts", "Make forum posts: {}"),
        ],
        told_dates: &["duedate", "cutoffdate"],
        ..kind("forum", "Forums", "collaboration")
    },
    Kind { rules: &[rule("completionentries", "Make entries: {}")], ..kind("glossary", "Glossaries", "collaboration") },
    Kind { branded: true, ..kind("h5pactivity", "H5P", "interactivecontent") },
    kind("imscp", "IMS content packages", "interactivecontent"),
    Kind { no_view: true, ..kind("label", "Text and media areas", "content") },
    Kind {
        dates: &[opens("available"), closes("deadline")],
        rules: &[
            rule("completiontimespent", "Spend at least {} on this activity"),
            rule("completionendreached", "Go through the activity to the end"),
        ],
        told_dates: &["available", "deadline"],
        ..kind("lesson", "Lessons", "interactivecontent")
    },
    kind("lti", "External tools", "other"),
    kind("page", "Pages", "content"),
    Kind { no_view: true, ..kind("qbank", "Question banks", "other") },
    Kind {
        dates: &[opens("timeopen"), closes("timeclose")],
        rules: &[
            rule("completionattemptsexhausted", "Receive a pass grade or complete all available attempts"),
            rule("completionminattempts", "Make attempts: {}"),
        ],
        told_dates: &["timeopen", "timeclose"],
        ..kind("quiz", "Quizzes", "assessment")
    },
    Kind { badge: true, ..kind("resource", "Files", "content") },
    Kind {
        dates: &[opens("timeopen"), closes("timeclose")],
        rules: &[
            rule("completionstatusrequired", "Complete or pass the activity"),
            rule("completionscorerequired", "Receive a score of {} or more"),
            rule("completionstatusallscos", "Do all parts of this activity"),
        ],
        told_dates: &["timeopen", "timeclose"],
        ..kind("scorm", "SCORM packages", "interactivecontent")
    },
    kind("subsection", "Subsections", "content"),
    Kind { rules: &[rule("completionsubmit", "Submit answers")], ..kind("survey", "Surveys", "communication") },
    kind("url", "URLs", "content"),
    kind("wiki", "Wikis", "collaboration"),
    Kind {
        dates: &[
            date("submissionstart", "Submissions open:", "Submissions opened:"),
            date("submissionend", "Submissions close:", "Submissions closed:"),
            date("assessmentstart", "Assessments open:", "Assessments opened:"),
            date("assessmentend", "Assessments close:", "Assessments closed:"),
        ],
        told_dates: &["submissionstart", "submissionend", "assessmentstart", "assessmentend"],
        ..kind("workshop", "Workshops", "assessment")
    },
];
