//! `core_course_create_courses` (moodle-webservices.md 5.4): all of them or none.

use super::documents;
use crate::access::{self, SITE, invalid_param, may, named, require};
use crate::categories;
use crate::shape::Pair;
use provost_guest::clock;
use provost_guest::course_store::{CourseFields, Draft, Origin};
use provost_guest::courses::Key;
use provost_guest::people::Place;
use provost_guest::prelude::*;
use provost_moodle_archive::details::CourseDetails;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// Sections besides the first where nobody says otherwise, and the most there may be.
const SECTIONS: i64 = 4;
const MAX_SECTIONS: i64 = 52;
/// The longest names, in characters.
const MAX_FULLNAME: usize = 1333;
const MAX_SHORTNAME: usize = 255;
const MAX_IDNUMBER: usize = 100;

pub fn function() -> Function {
    Function::new("core_course_create_courses", "Create new courses", create_courses)
        .capability("moodle/course:create")
        .capability("moodle/course:visibility")
        .writes()
}

/// The value of a custom field.
#[derive(Debug, Deserialize, Describe)]
pub struct CustomField {
    /// Its short name.
    #[describe(kind = "ALPHANUMEXT")]
    pub shortname: String,
    /// Its value.
    pub value: String,
}

#[derive(Deserialize, Describe)]
struct NewCourse {
    /// Its full name.
    #[describe(kind = "TEXT")]
    fullname: String,
    /// Its short name, which no other course has.
    #[describe(kind = "TEXT")]
    shortname: String,
    /// Its category.
    categoryid: i64,
    /// Its id number.
    #[serde(default)]
    idnumber: Option<String>,
    /// What it is about.
    #[serde(default)]
    summary: Option<String>,
    /// The summary's form: 1 HTML, 0 lines of text, 2 plain, 4 Markdown.
    #[describe(default = 1)]
    summaryformat: i64,
    /// The arrangement of its page: `topics`, `weeks`, `social`, `singleactivity` …
    #[describe(kind = "PLUGIN", default = "topics")]
    format: String,
    /// 1 to show grades.
    #[describe(default = 1)]
    showgrades: i64,
    /// How many announcements are shown.
    #[describe(default = 5)]
    newsitems: i64,
    /// When it begins.
    #[serde(default)]
    startdate: Option<i64>,
    /// When it ends.
    #[serde(default)]
    enddate: Option<i64>,
    /// How many sections it has besides the first one.
    #[serde(default)]
    numsections: Option<i64>,
    /// The most bytes that an upload may have; 0 for the site's limit.
    #[describe(default = 0)]
    maxbytes: i64,
    /// 1 to show participants reports of what they did.
    #[describe(default = 0)]
    showreports: i64,
    /// 1 if students see it.
    #[serde(default)]
    visible: Option<i64>,
    /// How hidden sections are shown.
    #[serde(default)]
    hiddensections: Option<i64>,
    /// 0 no groups, 1 separate, 2 visible.
    #[describe(default = 0)]
    groupmode: i64,
    /// 1 if activities must follow that.
    #[describe(default = 0)]
    groupmodeforce: i64,
    /// The grouping that activities have unless said otherwise.
    #[describe(default = 0)]
    defaultgroupingid: i64,
    /// 1 to track completion.
    #[serde(default)]
    enablecompletion: Option<i64>,
    /// 1 or 0; not used any more.
    #[serde(default)]
    completionnotify: Option<i64>,
    /// The language it forces.
    #[describe(kind = "SAFEDIR")]
    #[serde(default)]
    lang: Option<String>,
    /// The theme it forces.
    #[describe(kind = "PLUGIN")]
    #[serde(default)]
    forcetheme: Option<String>,
    /// Options of its format.
    #[serde(default)]
    courseformatoptions: Option<Vec<Pair>>,
    /// Values of fields that the site has added to courses.
    #[serde(default)]
    customfields: Option<Vec<CustomField>>,
}

#[derive(Deserialize, Describe)]
struct Ask {
    /// What is to be made: all of them or none.
    courses: Vec<NewCourse>,
}

#[derive(Serialize, Describe)]
struct Made {
    /// The new course's id.
    id: u64,
    /// Its short name.
    shortname: String,
}

fn create_courses(caller: &Caller, ask: Ask) -> Result<Vec<Made>> {
    let names = categories::names()?;
    let mut numbers = HashSet::new();
    let mut drafts = Vec::with_capacity(ask.courses.len());
    let mut shortnames = Vec::with_capacity(ask.courses.len());
    for new in &ask.courses {
        let category = access::id(new.categoryid);
        let Some(name) = names.get(&category) else {
            return Err(Error::refused(
                "errorcatcontextnotvalid",
                format!(
                    "You cannot execute functions in the category context (category id:{}). The context error message was: Can't find data record in database table course_categories.",
                    new.categoryid
                ),
            ));
        };
        require(caller, "moodle/course:create", Place::Category(category))?;
        check_names(&new.fullname, &new.shortname, new.idnumber.as_deref().unwrap_or_default())?;
        check_dates(new.startdate.unwrap_or(0), new.enddate.unwrap_or(0))?;
        let sections = new.numsections.unwrap_or(SECTIONS);
        let Some(sections) = u32::try_from(sections).ok().filter(|n| i64::from(*n) <= MAX_SECTIONS) else {
            return Err(invalid_param("numsections"));
        };
        check_custom_fields(new.customfields.as_deref())?;
        let idnumber = new.idnumber.clone().unwrap_or_default();
        if !idnumber.is_empty() && (!numbers.insert(idnumber.clone()) || idnumber_taken(&idnumber, 0)?) {
            return Err(taken_idnumber(&idnumber));
        }
        let chooses = may(caller, "moodle/course:visibility", Place::Category(category))?;
        let now = clock::now();
        let fields = CourseFields {
            fullname: new.fullname.trim().to_owned(),
            shortname: new.shortname.trim().to_owned(),
            idnumber,
            format: new.format.clone(),
            start_date: new.startdate.unwrap_or(0),
            end_date: new.enddate.unwrap_or(0),
            visible: !chooses || new.visible.unwrap_or(1) != 0,
            category,
            created: now,
            modified: now,
        };
        let details = details(new);
        let draft = Draft::create(&fields, &here(), &details.write("{}")).map_err(|e| taken_name(named(e), &fields))?;
        documents::add(&draft, &fields, &details, name, sections)?;
        drafts.push(draft);
        shortnames.push(fields.shortname);
    }
    let ids = Draft::publish_all(drafts)?;
    Ok(ids.into_iter().zip(shortnames).map(|(id, shortname)| Made { id, shortname }).collect())
}

/// Of a course whose numbers are those of this host.
fn here() -> Origin {
    Origin {
        site_hash: String::new(),
        site_url: String::new(),
        course: 0,
        context: 0,
        system_context: 0,
        category: 0,
        date_offset: 0,
    }
}

fn details(new: &NewCourse) -> CourseDetails {
    let mut details = CourseDetails::default();
    details.set("summary", Some(new.summary.as_deref().unwrap_or_default()));
    details.set_integer("summaryformat", new.summaryformat);
    details.set_integer("showgrades", new.showgrades);
    details.set_integer("newsitems", new.newsitems);
    details.set_integer("marker", 0);
    details.set_integer("maxbytes", new.maxbytes);
    details.set_integer("legacyfiles", 0);
    details.set_integer("showreports", new.showreports);
    details.set_integer("groupmode", new.groupmode);
    details.set_integer("groupmodeforce", new.groupmodeforce);
    details.set_integer("defaultgroupingid", new.defaultgroupingid);
    details.set("lang", Some(new.lang.as_deref().unwrap_or_default()));
    details.set("theme", Some(new.forcetheme.as_deref().unwrap_or_default()));
    details.set_integer("requested", 0);
    details.set_integer("showactivitydates", 1);
    details.set_integer("showcompletionconditions", 1);
    details.set("pdfexportfont", None);
    details.set_integer("enablecompletion", new.enablecompletion.unwrap_or(1));
    details.set_integer("completionnotify", new.completionnotify.unwrap_or(0));
    if matches!(new.format.as_str(), "topics" | "weeks") {
        details.set_format_option("hiddensections", "1");
        details.set_format_option("coursedisplay", "0");
    }
    if let Some(hidden) = new.hiddensections {
        details.set_format_option("hiddensections", &hidden.to_string());
    }
    for option in new.courseformatoptions.iter().flatten() {
        details.set_format_option(&option.name, &option.value);
    }
    details
}

/// Errors: `errorinvalidparam`.
pub fn check_names(fullname: &str, shortname: &str, idnumber: &str) -> Result<()> {
    for (name, value, limit) in [("fullname", fullname, MAX_FULLNAME), ("shortname", shortname, MAX_SHORTNAME)] {
        if value.trim().is_empty() || value.chars().count() > limit {
            return Err(invalid_param(name));
        }
    }
    if idnumber.chars().count() > MAX_IDNUMBER { Err(invalid_param("idnumber")) } else { Ok(()) }
}

/// Errors: `enddatebeforestartdate`.
pub fn check_dates(start: i64, end: i64) -> Result<()> {
    if end != 0 && end < start {
        return Err(Error::refused("enddatebeforestartdate", "The course end date must be after the start date."));
    }
    Ok(())
}

/// There are no fields of the site's own on this host. Errors: `invalidparameter`.
pub fn check_custom_fields(fields: Option<&[CustomField]>) -> Result<()> {
    match fields.unwrap_or_default().first() {
        Some(field) => {
            Err(Error::invalid(format!("customfields: there is no field {:?}: {}", field.shortname, field.value)))
        }
        None => Ok(()),
    }
}

/// Whether a course other than `own` has this id number.
pub fn idnumber_taken(idnumber: &str, own: u64) -> Result<bool> {
    let found = access::find_courses(&[Key::Idnumber(idnumber.to_owned())])?;
    Ok(found.iter().any(|c| c.id != own && c.id != SITE))
}

/// Another course has this id number.
pub fn taken_idnumber(idnumber: &str) -> Error {
    Error::refused("courseidnumbertaken", format!("ID number is already used for another course ({idnumber})"))
}

/// An error of the host about a short name, as clients know it.
pub fn taken_name(error: Error, fields: &CourseFields) -> Error {
    match (error.kind, error.code.as_str()) {
        (ErrorKind::Conflict, "shortname" | "shortname-reserved") => Error::refused(
            "shortnametaken",
            format!("Short name is already used for another course ({})", fields.shortname),
        ),
        _ => error,
    }
}
