//! `core_course_get_courses_by_field`: courses as anybody may see them, with more for those who may enter or change them.

use super::get::FormatOption;
use super::view::{self, Order, View};
use crate::access::{self, enter, may};
use crate::categories;
use crate::shape::{Nullable, Warning};
use crate::site::full_name;
use crate::text;
use provost_guest::course_store::{FileRecord, Owner, Snapshot};
use provost_guest::courses::{CourseRecord, Key};
use provost_guest::enrolments;
use provost_guest::people::{self, Place};
use provost_guest::prelude::*;
use provost_moodle_archive::xml::tree::Element;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

pub fn function() -> Function {
    Function::new(
        "core_course_get_courses_by_field",
        "Get courses matching a specific field (id/s, shortname, idnumber, category)",
        get_courses_by_field,
    )
    .capability("moodle/course:update")
    .capability("moodle/course:viewhiddencourses")
    .capability("moodle/category:viewcourselist")
}

#[derive(Deserialize, Describe)]
struct Ask {
    /// What the courses are found by: `id`, `ids` (with commas), `shortname`, `idnumber`, `category` (its id) or `sectionid`
    /// (the id of a section that is in it). Empty for all courses.
    #[describe(kind = "ALPHA", default = "")]
    field: String,
    /// What it must be.
    #[describe(default = "")]
    value: String,
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
    /// Whether it is kept elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    isexternalfile: Option<bool>,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    repositorytype: Option<String>,
    /// Its picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    icon: Option<String>,
}

#[derive(Serialize, Describe)]
struct Contact {
    /// The person's id.
    id: u64,
    /// Their name.
    fullname: String,
}

#[derive(Serialize, Describe)]
struct CustomField {
    /// Its name.
    name: String,
    /// Its short name.
    shortname: String,
    /// Its type.
    r#type: String,
    /// The value as it is kept.
    valueraw: String,
    /// The value as it is shown.
    value: String,
}

#[derive(Serialize, Describe)]
struct Filter {
    /// The filter.
    filter: String,
    /// 1 on here, -1 off here, 0 as in the place above.
    localstate: i64,
    /// 1 on above, -1 off above.
    inheritedstate: i64,
}

#[derive(Serialize, Describe)]
struct Course {
    /// The course's id.
    id: u64,
    /// Its full name.
    fullname: String,
    /// Its name as it is shown.
    displayname: String,
    /// Its short name.
    shortname: String,
    /// Its picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    courseimage: Option<String>,
    /// Its category.
    categoryid: u64,
    /// The category's name.
    categoryname: String,
    /// Its place among all courses.
    #[serde(skip_serializing_if = "Option::is_none")]
    sortorder: Option<u64>,
    /// What it is about.
    summary: String,
    /// The summary's form.
    summaryformat: i64,
    /// Files shown in the summary.
    #[serde(skip_serializing_if = "Option::is_none")]
    summaryfiles: Option<Vec<File>>,
    /// Files shown beside it.
    overviewfiles: Vec<File>,
    /// Whether dates of activities are shown.
    showactivitydates: bool,
    /// Whether conditions of completion are shown.
    showcompletionconditions: Nullable<bool>,
    /// Who teaches.
    contacts: Vec<Contact>,
    /// Kinds of enrolment that it has.
    enrollmentmethods: Vec<String>,
    /// Fields that the site has added.
    #[serde(skip_serializing_if = "Option::is_none")]
    customfields: Option<Vec<CustomField>>,
    /// Its id number.
    #[serde(skip_serializing_if = "Option::is_none")]
    idnumber: Option<String>,
    /// The arrangement of its page.
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<String>,
    /// Whether grades are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    showgrades: Option<i64>,
    /// How many announcements are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    newsitems: Option<i64>,
    /// When it begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    startdate: Option<i64>,
    /// When it ends; 0 for never.
    #[serde(skip_serializing_if = "Option::is_none")]
    enddate: Option<i64>,
    /// The most bytes that an upload may have; 0 for the site's limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    maxbytes: Option<i64>,
    /// Whether participants see reports of what they did.
    #[serde(skip_serializing_if = "Option::is_none")]
    showreports: Option<i64>,
    /// Whether students see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    visible: Option<i64>,
    /// 0 no groups, 1 separate, 2 visible.
    #[serde(skip_serializing_if = "Option::is_none")]
    groupmode: Option<i64>,
    /// Whether activities must follow that.
    #[serde(skip_serializing_if = "Option::is_none")]
    groupmodeforce: Option<i64>,
    /// The grouping that activities have unless said otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    defaultgroupingid: Option<i64>,
    /// Whether completion is tracked.
    #[serde(skip_serializing_if = "Option::is_none")]
    enablecompletion: Option<i64>,
    /// Not used any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    completionnotify: Option<i64>,
    /// The language it forces.
    #[serde(skip_serializing_if = "Option::is_none")]
    lang: Option<String>,
    /// The theme it forces.
    #[serde(skip_serializing_if = "Option::is_none")]
    theme: Option<String>,
    /// The section that is marked as the current one.
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<i64>,
    /// Whether it has files of the old kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    legacyfiles: Option<i64>,
    /// The calendar it forces.
    #[serde(skip_serializing_if = "Option::is_none")]
    calendartype: Option<String>,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    timecreated: Option<i64>,
    /// When it was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    timemodified: Option<i64>,
    /// Whether it was asked for by somebody.
    #[serde(skip_serializing_if = "Option::is_none")]
    requested: Option<i64>,
    /// Changes when what is kept of it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    cacherev: Option<i64>,
    /// The filters that texts in it pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    filters: Option<Vec<Filter>>,
    /// Options of its format.
    #[serde(skip_serializing_if = "Option::is_none")]
    courseformatoptions: Option<Vec<FormatOption>>,
    /// Its chat room.
    #[serde(skip_serializing_if = "Option::is_none")]
    communicationroomname: Option<String>,
    /// Where that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    communicationroomurl: Option<String>,
}

#[derive(Serialize, Describe)]
struct Found {
    /// The courses.
    courses: Vec<Course>,
    /// What did not work.
    warnings: Vec<Warning>,
}

fn get_courses_by_field(caller: &Caller, ask: Ask) -> Result<Found> {
    let found = find(&ask.field, &ask.value)?;
    if found.is_empty() {
        return Ok(Found { courses: Vec::new(), warnings: Vec::new() });
    }
    let (order, names) = (Order::read()?, categories::names()?);
    let mut shown = Vec::new();
    for record in &found {
        let place = Place::Course(record.id);
        let updates = may(caller, "moodle/course:update", place)?;
        if !record.fields.visible && !updates && !may(caller, "moodle/course:viewhiddencourses", place)? {
            continue;
        }
        let enters = match enter(caller, record.id) {
            Ok(()) => true,
            Err(error) if error.kind == ErrorKind::Refused => false,
            Err(error) => return Err(error),
        };
        // Without entering, one sees what is in the list of courses.
        let listed = || may(caller, "moodle/category:viewcourselist", Place::Category(record.fields.category));
        if enters || listed()? {
            shown.push((order.of(record.id), course(record, &order, &names, enters, enters && updates)?));
        }
    }
    shown.sort_by_key(|(order, _)| *order);
    Ok(Found { courses: shown.into_iter().map(|(_, course)| course).collect(), warnings: Vec::new() })
}

fn find(field: &str, value: &str) -> Result<Vec<CourseRecord>> {
    let number =
        |text: &str| text.trim().parse::<u64>().map_err(|_| Error::invalid(format!("value: {text:?} is no number")));
    match field {
        "" => access::all_courses(),
        "id" => access::courses([number(value)?]),
        "ids" => {
            let ids: Vec<u64> = value.split(',').map(number).collect::<Result<_>>()?;
            let mut seen = HashSet::new();
            access::courses(ids.into_iter().filter(|id| seen.insert(*id)))
        }
        "shortname" => access::find_courses(&[Key::Shortname(value.into())]),
        "idnumber" => access::find_courses(&[Key::Idnumber(value.into())]),
        "category" => {
            let category = number(value)?;
            Ok(access::all_courses()?.into_iter().filter(|c| c.fields.category == category).collect())
        }
        "sectionid" => course_of_section(number(value)?),
        _ => Err(Error::invalid("Invalid field name")),
    }
}

fn course_of_section(section: u64) -> Result<Vec<CourseRecord>> {
    for record in access::all_courses()? {
        let snapshot = Snapshot::open(record.id)?;
        let mut after = 0;
        loop {
            let page = snapshot.sections(after, 1_000)?;
            if page.iter().any(|s| s.id == section) {
                return Ok(vec![record]);
            }
            match page.last() {
                Some(last) => after = last.id,
                None => break,
            }
        }
    }
    Ok(Vec::new())
}

fn course(
    record: &CourseRecord,
    order: &Order,
    names: &HashMap<u64, String>,
    enters: bool,
    updates: bool,
) -> Result<Course> {
    let view = View::of(record);
    let fields = &record.fields;
    let snapshot = Snapshot::open(record.id)?;
    let own = |f: &FileRecord| {
        f.fields.component == "course"
            && matches!(f.fields.area.as_str(), "summary" | "overviewfiles")
            && f.fields.blob.is_some()
            && f.fields.name != "."
    };
    let files = view::files(&snapshot, own)?;
    let of_area = |area: &str| files.iter().filter(|f| f.fields.area == area).map(|f| file(record, f)).collect();
    let image = files.iter().find(|f| f.fields.area == "overviewfiles" && f.fields.mimetype.starts_with("image/"));
    let summary = view.summary();
    let fullname = text::name(&fields.fullname);
    let number = |element: &str| enters.then(|| view.number(element));
    let managed = |element: &str| updates.then(|| view.number(element));
    Ok(Course {
        id: record.id,
        displayname: fullname.clone(),
        fullname,
        shortname: text::name(&fields.shortname),
        courseimage: image.map(|f| address(record, f, "/pluginfile.php")),
        categoryid: fields.category,
        categoryname: text::name(names.get(&fields.category).map(String::as_str).unwrap_or_default()),
        sortorder: Some(order.of(record.id)),
        summary: summary.text,
        summaryformat: summary.form,
        summaryfiles: Some(of_area("summary")),
        overviewfiles: of_area("overviewfiles"),
        showactivitydates: view.number("showactivitydates") != 0,
        showcompletionconditions: Nullable(Some(view.number("showcompletionconditions") != 0)),
        contacts: contacts(record.id)?,
        enrollmentmethods: methods(&snapshot)?,
        customfields: None,
        idnumber: updates.then(|| fields.idnumber.clone()),
        format: enters.then(|| fields.format.clone()),
        showgrades: number("showgrades"),
        newsitems: number("newsitems"),
        startdate: enters.then_some(fields.start_date),
        enddate: enters.then_some(fields.end_date),
        maxbytes: number("maxbytes"),
        showreports: number("showreports"),
        visible: enters.then(|| fields.visible.into()),
        groupmode: number("groupmode"),
        groupmodeforce: number("groupmodeforce"),
        defaultgroupingid: number("defaultgroupingid"),
        enablecompletion: number("enablecompletion"),
        completionnotify: number("completionnotify"),
        lang: enters.then(|| view.text("lang")),
        theme: enters.then(|| view.text("theme")),
        marker: number("marker"),
        legacyfiles: managed("legacyfiles"),
        calendartype: updates.then(|| view.text("calendartype")),
        timecreated: updates.then_some(fields.created),
        timemodified: updates.then_some(fields.modified),
        requested: managed("requested"),
        cacherev: updates.then_some(fields.modified),
        filters: enters.then(Vec::new),
        courseformatoptions: enters
            .then(|| view.format_options().into_iter().map(|(name, value)| FormatOption { name, value }).collect()),
        communicationroomname: None,
        communicationroomurl: None,
    })
}

fn file(course: &CourseRecord, file: &FileRecord) -> File {
    let element = Element::parse(&file.fields.element).ok();
    let modified = element.as_ref().and_then(|e| e.field("timemodified")).and_then(|t| t.trim().parse().ok());
    File {
        filename: Some(file.fields.name.clone()),
        filepath: Some(file.fields.path.clone()),
        filesize: Some(file.fields.blob.as_ref().map_or(0, |b| b.size)),
        fileurl: Some(address(course, file, "/webservice/pluginfile.php")),
        timemodified: Some(modified.unwrap_or_default()),
        mimetype: Some(file.fields.mimetype.clone()),
        isexternalfile: None,
        repositorytype: None,
        icon: None,
    }
}

fn address(course: &CourseRecord, file: &FileRecord, script: &str) -> String {
    let fields = &file.fields;
    let path = text::encoded(&format!("{}{}", fields.path, fields.name));
    text::address(&format!("{script}/{}/{}/{}{path}", course.context, fields.component, fields.area))
}

/// Those who teach the course, as far as they take part in it now.
fn contacts(course: u64) -> Result<Vec<Contact>> {
    let teaching: Vec<u64> =
        people::roles()?.into_iter().filter(|r| r.archetype == "editingteacher").map(|r| r.id).collect();
    let mut found = Vec::new();
    let mut after = 0;
    loop {
        let page = enrolments::participants(course, after, 1_000)?;
        let Some(last) = page.last().map(|p| p.person.id) else { return Ok(found) };
        let teachers = page.into_iter().filter(|p| p.active && p.roles.iter().any(|role| teaching.contains(role)));
        found.extend(
            teachers.map(|p| Contact { id: p.person.id, fullname: full_name(&p.person.firstname, &p.person.lastname) }),
        );
        after = last;
    }
}

/// The kinds of enrolment that are on, as the course's document lists them.
fn methods(snapshot: &Snapshot) -> Result<Vec<String>> {
    let Some(document) = super::documents::read(snapshot, Owner::Course, "course/enrolments.xml", &["enrolment"])?
    else {
        return Ok(vec!["manual".into()]);
    };
    let root = Element::parse(&document).map_err(|e| Error::corrupt(format!("course/enrolments.xml: {e}")))?;
    let methods = root.child("enrols").into_iter().flat_map(|list| list.all("enrol"));
    let on = methods.filter(|m| m.field("status").is_none_or(|s| s.trim() == "0"));
    let mut kinds: Vec<String> = on.filter_map(|m| m.field("enrol").map(str::to_owned)).collect();
    let mut seen = HashSet::new();
    kinds.retain(|kind| seen.insert(kind.clone()));
    Ok(kinds)
}
