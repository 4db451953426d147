//! What may differ from what was recorded, and why.
//!
//! A rule is for recordings and places; both are patterns in which `*` stands for anything. A place is a path such as
//! `body[small_test].courseformatoptions[coursedisplay].value`: elements of lists go by their names. The first rule for a
//! value that accepts it counts; a value for which there is none has to be equal.

/// What is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allow {
    /// Another value of the same type.
    Value,
    /// Another type, null included.
    Kind,
    /// Another id for the same thing of a kind, the same one everywhere.
    Id(&'static str),
    /// Another moment; what is 0 or empty is so on both sides.
    Time,
    /// An address that differs in its host, its numbers and in what of it is percent-encoded.
    Address,
    /// A text that differs in its numbers.
    Digits,
    /// JSON in a text, compared as an answer is.
    Json,
    /// A list may have elements that the other one has not; those of the same name are compared.
    Elements,
    /// The elements of a list may come in another order.
    Order,
    /// One side may have it alone.
    Absent,
    /// All of it.
    Anything,
}

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// Patterns for names of recordings, separated by blanks.
    pub recordings: &'static str,
    /// A pattern for places.
    pub place: &'static str,
    /// What is accepted.
    pub allow: Allow,
    /// The reason.
    pub why: &'static str,
}

const fn rule(recordings: &'static str, place: &'static str, allow: Allow, why: &'static str) -> Rule {
    Rule { recordings, place, allow, why }
}

const MOMENT: &str = "courses were made at another moment";
const ADDRESS: &str = "addresses have the site's own host, ids and revisions";
const IDS: &str = "a store counts its own ids";

const ADMIN: &str = "administrators have their own names";

/// All of them.
pub const RULES: &[Rule] = &[
    rule("*", "body*.timecreated", Allow::Time, MOMENT),
    rule("*", "body*.timemodified", Allow::Time, MOMENT),
    rule("*", "body*.lastmodified", Allow::Time, MOMENT),
    rule("*", "body*.cacherev", Allow::Time, MOMENT),
    rule("*", "header.last-modified", Allow::Time, MOMENT),
    rule("*", "body*url", Allow::Address, ADDRESS),
    rule("*", "body*.profileimageurlsmall", Allow::Address, ADDRESS),
    rule("*", "body*.courseimage", Allow::Address, ADDRESS),
    rule("*", "body*.modicon", Allow::Address, ADDRESS),
    // Ids.
    rule("get_courses*", "body*enrolledcourses[*].id", Allow::Id("course"), IDS),
    rule("get_courses* get_method* json_body* bad_restformat*", "body[*].id", Allow::Id("course"), IDS),
    rule("get_courses_by_field*", "body.courses[*].id", Allow::Id("course"), IDS),
    rule("get_courses_by_field*", "body.courses[*].contacts[*].id", Allow::Id("user"), IDS),
    rule("get_courses* get_method* json_body* bad_restformat*", "body*.categoryid", Allow::Id("category"), IDS),
    rule("create_courses*", "body[*].id", Allow::Id("course"), IDS),
    rule("duplicate_*", "body.id", Allow::Id("course"), IDS),
    rule("copy_progress*", "body[*].backupid", Allow::Value, "one id names both jobs of a copy"),
    rule("get_contents*", "body[*].modules[*].id", Allow::Id("module"), IDS),
    rule("get_contents*", "body[*].modules[*].contextid", Allow::Id("context"), IDS),
    rule("get_contents*", "body[*].modules[*].instance", Allow::Value, IDS),
    rule("get_contents*", "body[*].modules[*].contents[*].userid", Allow::Id("user"), IDS),
    rule(
        "get_contents*",
        "body[*].modules[*].contents[*].filepath",
        Allow::Digits,
        "the folders of a book are its chapters' ids",
    ),
    rule(
        "get_contents*",
        "body[*].modules[book *].contents[/structure].content",
        Allow::Digits,
        "the folders of a book are its chapters' ids",
    ),
    rule(
        "get_contents*",
        "body[*].modules[*].availability",
        Allow::Digits,
        "conditions name activities and groups by id",
    ),
    rule("get_contents*", "body[*].modules[*].customdata", Allow::Digits, "it names a section by id, or a moment"),
    rule(
        "get_contents*",
        "body[*].modules[*].dates[*].timestamp",
        Allow::Time,
        "the archive was made at another moment",
    ),
    rule("get_contents*", "body[*].itemid", Allow::Value, IDS),
    rule("get_contents*", "body[*].id", Allow::Id("section"), IDS),
    rule("enrolled_users*", "body[*].id", Allow::Id("user"), IDS),
    rule("enrolled_users*", "body[*].roles[*].roleid", Allow::Id("role"), IDS),
    rule("enrolled_users*", "body[*].groups[*].id", Allow::Id("group"), IDS),
    rule("enrolled_users*", "body[*].enrolledcourses[*].id", Allow::Id("course"), IDS),
    rule("site_info*", "body.userid", Allow::Id("user"), IDS),
    rule("files_upload* upload_php*", "body*contextid", Allow::Id("context"), IDS),
    rule("files_upload* upload_php*", "body*userid", Allow::Id("user"), IDS),
    rule("async_progress*", "body[*].backupid", Allow::Value, "each job has its own"),
    rule(
        "async_progress_timeline",
        "body[*].status",
        Allow::Value,
        "each answer of the run is held against the first one's shape",
    ),
    rule(
        "async_progress_timeline",
        "body[*].progress",
        Allow::Value,
        "each answer of the run is held against the first one's shape",
    ),
    // Messages that name ids.
    rule("err_contents_not_enrolled*", "body.message", Allow::Digits, IDS),
    rule("*delete*", "body.warnings[*].message", Allow::Digits, IDS),
    rule("*delete*", "body.warnings[*].itemid", Allow::Id("course"), IDS),
    // The site.
    rule("site_info*", "body.sitename", Allow::Value, "each site has its own name"),
    rule("site_info*", "body.lastname", Allow::Value, ADMIN),
    rule("site_info*", "body.fullname", Allow::Value, ADMIN),
    rule("upload_php*", "body[*].author", Allow::Value, ADMIN),
    rule(
        "site_info*",
        "body.advancedfeatures[*].value",
        Allow::Value,
        "a host has its own features, under the same names",
    ),
    rule(
        "site_info*",
        "body.usermaxuploadfilesize",
        Allow::Value,
        "nobody may send more than the host takes, not even an administrator",
    ),
    rule("site_info*", "body.functions", Allow::Elements, "Provost offers what its plugins offer"),
    rule("site_info*", "body.functions", Allow::Order, "functions are listed by name"),
    rule("site_info*", "body.functions[*].version", Allow::Value, "versions are those of plugins"),
    rule("site_info*", "body.userprivateaccesskey", Allow::Value, "each person has their own"),
    rule("get_courses_by_field*", "body.courses[*].categoryname", Allow::Value, "each site names its categories"),
    rule(
        "get_courses_by_field*",
        "body.courses[*].filters",
        Allow::Elements,
        "which filters of text there are is the site's matter",
    ),
    rule(
        "get_courses* get_method* json_body* bad_restformat*",
        "body[*].categorysortorder",
        Allow::Value,
        "it depends on what other courses there are",
    ),
    rule("get_courses_all* json_body*", "body[oracle].fullname", Allow::Value, "each site has its own name"),
    rule("get_courses_all* json_body*", "body[oracle].displayname", Allow::Value, "each site has its own name"),
    rule(
        "get_courses_all* json_body*",
        "body[oracle].time*",
        Allow::Value,
        "the site itself was made and changed at no moment",
    ),
    rule("get_contents*", "body[*].modules[survey *]", Allow::Absent, "the recorded site had this kind switched off"),
    // Courses that were not kept.
    rule("get_courses_all* json_body*", "body[gen_M]", Allow::Anything, "its archive is not among the fixtures"),
    rule("get_courses_all* json_body*", "body[gen_L]", Allow::Anything, "its archive is not among the fixtures"),
    rule(
        "get_courses_all* json_body*",
        "body[small_test_1]",
        Allow::Anything,
        "a restore that failed halfway left it; ours leave nothing",
    ),
    rule("json_body", "body[dup_xs_*]", Allow::Absent, "copies that were made meanwhile"),
    rule("json_body", "body[copied_xs]", Allow::Absent, "copies that were made meanwhile"),
    rule("json_body", "body[gen_M_1]", Allow::Absent, "copies that were made meanwhile"),
    rule("json_body", "body[mini]", Allow::Absent, "copies that were made meanwhile"),
    // Files.
    rule("files_upload* upload_php.txt upload_php", "body*itemid", Allow::Value, "each upload has its own"),
    rule(
        "upload_php_dup_same_itemid",
        "body[*].filepath",
        Allow::Value,
        "Moodle shows a path of the server; nobody needs it",
    ),
    rule("upload_php*", "body[*].source", Allow::Value, "an object of PHP in its own notation"),
    rule("login_token_php", "body.token", Allow::Value, "each token is secret"),
    rule("pluginfile*", "header.accept-ranges", Allow::Value, "ranges are served (moodle-webservices.md 1.9)"),
    // Debug information.
    rule("debug_*", "body.debuginfo", Allow::Value, "its words are the implementation's own; it is there where it was"),
];
