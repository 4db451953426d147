//! `core_course_update_courses`: what cannot be changed is warned of, course by course.

use super::create::{
    CustomField, check_custom_fields, check_dates, check_names, idnumber_taken, taken_idnumber, taken_name,
};
use crate::access::{self, enter, named, require, told};
use crate::shape::{Pair, Warning, Warnings};
use provost_guest::people::Place;
use provost_guest::prelude::*;
use provost_guest::{clock, courses};
use provost_moodle_archive::details::CourseDetails;
use serde::Deserialize;

pub fn function() -> Function {
    Function::new("core_course_update_courses", "Update courses", update_courses)
        .capability("moodle/course:update")
        .capability("moodle/course:changecategory")
        .capability("moodle/course:changefullname")
        .capability("moodle/course:changeshortname")
        .capability("moodle/course:changeidnumber")
        .capability("moodle/course:changesummary")
        .capability("moodle/course:visibility")
        .writes()
}

#[derive(Deserialize, Describe)]
struct Change {
    /// The course's id.
    id: i64,
    /// Its full name.
    #[describe(kind = "TEXT")]
    #[serde(default)]
    fullname: Option<String>,
    /// Its short name.
    #[describe(kind = "TEXT")]
    #[serde(default)]
    shortname: Option<String>,
    /// Its category.
    #[serde(default)]
    categoryid: Option<i64>,
    /// Its id number.
    #[serde(default)]
    idnumber: Option<String>,
    /// What it is about.
    #[serde(default)]
    summary: Option<String>,
    /// The summary's form: 1 HTML, 0 lines of text, 2 plain, 4 Markdown.
    #[serde(default)]
    summaryformat: Option<i64>,
    /// The arrangement of its page.
    #[describe(kind = "PLUGIN")]
    #[serde(default)]
    format: Option<String>,
    /// 1 to show grades.
    #[serde(default)]
    showgrades: Option<i64>,
    /// How many announcements are shown.
    #[serde(default)]
    newsitems: Option<i64>,
    /// When it begins.
    #[serde(default)]
    startdate: Option<i64>,
    /// When it ends.
    #[serde(default)]
    enddate: Option<i64>,
    /// Not used any more: formats have no such option.
    #[serde(default, rename = "numsections")]
    _numsections: Option<i64>,
    /// The most bytes that an upload may have; 0 for the site's limit.
    #[serde(default)]
    maxbytes: Option<i64>,
    /// 1 to show participants reports of what they did.
    #[serde(default)]
    showreports: Option<i64>,
    /// 1 if students see it.
    #[serde(default)]
    visible: Option<i64>,
    /// How hidden sections are shown.
    #[serde(default)]
    hiddensections: Option<i64>,
    /// 0 no groups, 1 separate, 2 visible.
    #[serde(default)]
    groupmode: Option<i64>,
    /// 1 if activities must follow that.
    #[serde(default)]
    groupmodeforce: Option<i64>,
    /// The grouping that activities have unless said otherwise.
    #[serde(default)]
    defaultgroupingid: Option<i64>,
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
    /// What is to be changed. Keys that are left out stay as they are.
    courses: Vec<Change>,
}

fn update_courses(caller: &Caller, ask: Ask) -> Result<Warnings> {
    let mut warnings = Vec::new();
    for change in ask.courses {
        let id = change.id;
        if let Err(error) = update(caller, change) {
            let (warningcode, message) = told(&error);
            warnings.push(Warning { item: Some("course".into()), itemid: Some(id), warningcode, message });
        }
    }
    Ok(Warnings { warnings })
}

fn update(caller: &Caller, change: Change) -> Result<()> {
    let record = access::course(access::id(change.id))?;
    let place = Place::Course(record.id);
    enter(caller, record.id)?;
    require(caller, "moodle/course:update", place)?;
    let mut fields = record.fields.clone();
    let mut details = CourseDetails::read(&record.extra);
    if let Some(category) = change.categoryid.map(access::id).filter(|id| *id != fields.category) {
        require(caller, "moodle/course:changecategory", place)?;
        require(caller, "moodle/course:changecategory", Place::Category(category))?;
        fields.category = category;
    }
    let differs = |new: Option<String>, there: &str| new.filter(|new| new != there);
    if let Some(fullname) = differs(change.fullname, &fields.fullname) {
        require(caller, "moodle/course:changefullname", place)?;
        fields.fullname = fullname;
    }
    if let Some(shortname) = differs(change.shortname, &fields.shortname) {
        require(caller, "moodle/course:changeshortname", place)?;
        fields.shortname = shortname;
    }
    if let Some(idnumber) = differs(change.idnumber, &fields.idnumber) {
        require(caller, "moodle/course:changeidnumber", place)?;
        if !idnumber.is_empty() && idnumber_taken(&idnumber, record.id)? {
            return Err(taken_idnumber(&idnumber));
        }
        fields.idnumber = idnumber;
    }
    if change.summary.is_some() || change.summaryformat.is_some() {
        require(caller, "moodle/course:changesummary", place)?;
    }
    if let Some(visible) = change.visible.map(|v| v != 0).filter(|v| *v != fields.visible) {
        require(caller, "moodle/course:visibility", place)?;
        fields.visible = visible;
    }
    fields.format = change.format.unwrap_or(fields.format);
    fields.start_date = change.startdate.unwrap_or(fields.start_date);
    fields.end_date = change.enddate.unwrap_or(fields.end_date);
    check_names(&fields.fullname, &fields.shortname, &fields.idnumber)?;
    check_dates(fields.start_date, fields.end_date)?;
    check_custom_fields(change.customfields.as_deref())?;

    for (element, text) in [("summary", change.summary), ("lang", change.lang), ("theme", change.forcetheme)] {
        text.into_iter().for_each(|text| details.set(element, Some(&text)));
    }
    for (element, number) in [
        ("summaryformat", change.summaryformat),
        ("showgrades", change.showgrades),
        ("newsitems", change.newsitems),
        ("maxbytes", change.maxbytes),
        ("showreports", change.showreports),
        ("groupmode", change.groupmode),
        ("groupmodeforce", change.groupmodeforce),
        ("defaultgroupingid", change.defaultgroupingid),
        ("enablecompletion", change.enablecompletion),
        ("completionnotify", change.completionnotify),
    ] {
        number.into_iter().for_each(|number| details.set_integer(element, number));
    }
    if let Some(hidden) = change.hiddensections {
        details.set_format_option("hiddensections", &hidden.to_string());
    }
    for option in change.courseformatoptions.iter().flatten() {
        details.set_format_option(&option.name, &option.value);
    }
    fields.modified = clock::now();
    let extra = details.write(&record.extra);
    courses::update(record.id, &fields, &extra).map_err(|error| taken_name(named(error), &fields))
}
