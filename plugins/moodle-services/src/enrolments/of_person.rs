//! `core_enrol_get_users_courses`: the courses in which somebody takes part.

use super::participants;
use crate::access::{self, may, place};
use crate::courses::view::{self, View};
use crate::text;
use provost_guest::course_store::{FileRecord, Snapshot};
use provost_guest::courses::CourseRecord;
use provost_guest::enrolments;
use provost_guest::prelude::*;
use serde::{Deserialize, Serialize};

pub fn function() -> Function {
    Function::new(
        "core_enrol_get_users_courses",
        "Get the list of courses where a user is enrolled in",
        get_users_courses,
    )
    .capability("moodle/course:viewparticipants")
    .capability("moodle/course:viewhiddencourses")
}

#[derive(Deserialize, Describe)]
struct Ask {
    /// Whose courses.
    userid: i64,
    /// Whether to count who takes part.
    #[describe(default = true)]
    returnusercount: bool,
}

#[derive(Serialize, Describe)]
struct File {
    /// The file's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    filename: Option<String>,
    /// Its folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    filepath: Option<String>,
    /// Its size in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    filesize: Option<u64>,
    /// Where it is downloaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    fileurl: Option<String>,
    /// When it was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    timemodified: Option<i64>,
    /// Its type.
    #[serde(skip_serializing_if = "Option::is_none")]
    mimetype: Option<String>,
}

#[derive(Serialize, Describe)]
struct Course {
    /// The course's id.
    id: u64,
    /// Its short name.
    shortname: String,
    /// Its full name.
    fullname: String,
    /// Its name as it is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    displayname: Option<String>,
    /// How many people take part.
    #[serde(skip_serializing_if = "Option::is_none")]
    enrolledusercount: Option<u64>,
    /// Its id number.
    idnumber: String,
    /// Whether students see it.
    visible: i64,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<String>,
    /// The summary's form.
    #[serde(skip_serializing_if = "Option::is_none")]
    summaryformat: Option<i64>,
    /// The arrangement of its page.
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<String>,
    /// Its picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    courseimage: Option<String>,
    /// Whether grades are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    showgrades: Option<bool>,
    /// The language it forces.
    #[serde(skip_serializing_if = "Option::is_none")]
    lang: Option<String>,
    /// Whether completion is tracked.
    #[serde(skip_serializing_if = "Option::is_none")]
    enablecompletion: Option<bool>,
    /// Whether it says when it is completed.
    #[serde(skip_serializing_if = "Option::is_none")]
    completionhascriteria: Option<bool>,
    /// Whether the person's completion is tracked.
    #[serde(skip_serializing_if = "Option::is_none")]
    completionusertracked: Option<bool>,
    /// Its category.
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<u64>,
    /// How far the person is, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<f64>,
    /// Whether they have completed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    completed: Option<bool>,
    /// When it begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    startdate: Option<i64>,
    /// When it ends; 0 for never.
    #[serde(skip_serializing_if = "Option::is_none")]
    enddate: Option<i64>,
    /// The section that is marked as the current one.
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<i64>,
    /// When they were last in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    lastaccess: Option<i64>,
    /// Whether they marked it.
    #[serde(skip_serializing_if = "Option::is_none")]
    isfavourite: Option<bool>,
    /// Whether they hid it.
    #[serde(skip_serializing_if = "Option::is_none")]
    hidden: Option<bool>,
    /// Files shown beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    overviewfiles: Option<Vec<File>>,
    /// Whether dates of activities are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    showactivitydates: Option<bool>,
    /// Whether conditions of completion are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    showcompletionconditions: Option<bool>,
    /// When it was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    timemodified: Option<i64>,
}

fn get_users_courses(caller: &Caller, ask: Ask) -> Result<Vec<Course>> {
    let person = access::id(ask.userid);
    let own = person == caller.person;
    let active = enrolments::courses_of(person)?.into_iter().filter(|(_, active)| *active).map(|(course, _)| course);
    let mut shown = Vec::new();
    // The newest first, as courses are ordered.
    for record in access::courses(active)?.iter().rev() {
        let sees = record.fields.visible || may(caller, "moodle/course:viewhiddencourses", place(record.id))?;
        // Others' courses are for those who may see who takes part in them.
        let knows = own
            || (access::enter(caller, record.id).is_ok()
                && may(caller, "moodle/course:viewparticipants", place(record.id))?);
        if sees && knows {
            shown.push(course(record, own, ask.returnusercount)?);
        }
    }
    Ok(shown)
}

fn course(record: &CourseRecord, own: bool, counts: bool) -> Result<Course> {
    let view = View::of(record);
    let fields = &record.fields;
    let summary = view.summary();
    let fullname = text::name(&fields.fullname);
    let snapshot = Snapshot::open(record.id)?;
    let overview = |f: &FileRecord| {
        f.fields.component == "course"
            && f.fields.area == "overviewfiles"
            && f.fields.blob.is_some()
            && f.fields.name != "."
    };
    let files = view::files(&snapshot, overview)?;
    let address = |f: &FileRecord, script: &str| {
        let path = text::encoded(&format!("{}{}", f.fields.path, f.fields.name));
        text::address(&format!("{script}/{}/course/overviewfiles{path}", record.context))
    };
    let image = files.iter().find(|f| f.fields.mimetype.starts_with("image/"));
    let tracks = view.number("enablecompletion") != 0;
    Ok(Course {
        id: record.id,
        shortname: text::name(&fields.shortname),
        displayname: Some(fullname.clone()),
        fullname,
        enrolledusercount: match counts {
            true => Some(participants(record.id)?.len() as u64),
            false => None,
        },
        idnumber: fields.idnumber.clone(),
        visible: fields.visible.into(),
        summary: Some(summary.text),
        summaryformat: Some(summary.form),
        format: Some(fields.format.clone()),
        courseimage: image.map(|f| address(f, "/pluginfile.php")),
        showgrades: Some(view.number("showgrades") != 0),
        lang: Some(view.text("lang")),
        enablecompletion: Some(tracks),
        completionhascriteria: Some(false),
        completionusertracked: Some(tracks),
        category: Some(fields.category),
        progress: None,
        completed: own.then_some(false),
        startdate: Some(fields.start_date),
        enddate: Some(fields.end_date),
        marker: Some(view.number("marker")),
        lastaccess: own.then_some(0),
        isfavourite: Some(false),
        hidden: Some(false),
        overviewfiles: Some(
            files
                .iter()
                .map(|f| File {
                    filename: Some(f.fields.name.clone()),
                    filepath: Some(f.fields.path.clone()),
                    filesize: f.fields.blob.as_ref().map(|b| b.size),
                    fileurl: Some(address(f, "/webservice/pluginfile.php")),
                    timemodified: Some(fields.modified),
                    mimetype: Some(f.fields.mimetype.clone()),
                })
                .collect(),
        ),
        showactivitydates: Some(view.number("showactivitydates") != 0),
        showcompletionconditions: Some(view.number("showcompletionconditions") != 0),
        timemodified: Some(fields.modified),
    })
}
