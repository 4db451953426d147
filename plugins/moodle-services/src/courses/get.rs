//! `core_course_get_courses` (moodle-webservices.md 5.2).

use super::view::{Order, View, last_section, no_summary};
use crate::access::{self, SITE, enter_to_read, may, require};
use crate::shape::{Nullable, Scalar};
use crate::site::configured;
use crate::text;
use provost_guest::config;
use provost_guest::course_store::Snapshot;
use provost_guest::courses::CourseRecord;
use provost_guest::people::Place;
use provost_guest::prelude::*;
use serde::{Deserialize, Serialize};

pub fn function() -> Function {
    Function::new("core_course_get_courses", "Return course details", get_courses)
        .capability("moodle/course:view")
        .capability("moodle/course:update")
        .capability("moodle/course:viewhiddencourses")
}

#[derive(Deserialize, Describe)]
struct Ask {
    /// Which courses.
    #[describe(default = {})]
    options: Chosen,
}

#[derive(Deserialize, Describe, Default)]
struct Chosen {
    /// Ids of courses; without them all courses are returned, the site's own with them.
    #[serde(default)]
    ids: Option<Vec<i64>>,
}

/// An option of a course's format.
#[derive(Debug, Serialize, Describe)]
pub struct FormatOption {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Scalar,
}

/// A field that the site has added to courses.
#[derive(Debug, Serialize, Describe)]
pub struct CustomField {
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
struct Course {
    /// The course's id.
    id: u64,
    /// Its short name.
    shortname: String,
    /// Its category.
    categoryid: u64,
    /// Its place among all courses.
    #[serde(skip_serializing_if = "Option::is_none")]
    categorysortorder: Option<u64>,
    /// Its full name.
    fullname: String,
    /// Its name as it is shown.
    displayname: String,
    /// Its id number.
    #[serde(skip_serializing_if = "Option::is_none")]
    idnumber: Option<String>,
    /// What it is about.
    summary: String,
    /// The summary's form.
    summaryformat: i64,
    /// The arrangement of its page.
    format: String,
    /// Whether grades are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    showgrades: Option<i64>,
    /// How many announcements are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    newsitems: Option<i64>,
    /// When it begins.
    startdate: i64,
    /// When it ends; 0 for never.
    enddate: i64,
    /// The number of its last section.
    #[serde(skip_serializing_if = "Option::is_none")]
    numsections: Option<u32>,
    /// The most bytes that an upload may have; 0 for the site's limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    maxbytes: Option<i64>,
    /// Whether participants see reports of what they did.
    #[serde(skip_serializing_if = "Option::is_none")]
    showreports: Option<i64>,
    /// Whether students see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    visible: Option<i64>,
    /// How hidden sections are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    hiddensections: Option<i64>,
    /// 0 no groups, 1 separate, 2 visible.
    #[serde(skip_serializing_if = "Option::is_none")]
    groupmode: Option<i64>,
    /// Whether activities must follow that.
    #[serde(skip_serializing_if = "Option::is_none")]
    groupmodeforce: Option<i64>,
    /// The grouping that activities have unless said otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    defaultgroupingid: Option<i64>,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    timecreated: Option<i64>,
    /// When it was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    timemodified: Option<i64>,
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
    forcetheme: Option<String>,
    /// Options of its format.
    #[serde(skip_serializing_if = "Option::is_none")]
    courseformatoptions: Option<Vec<FormatOption>>,
    /// Whether dates of activities are shown.
    showactivitydates: bool,
    /// Whether conditions of completion are shown.
    showcompletionconditions: Nullable<bool>,
    /// Fields that the site has added.
    #[serde(skip_serializing_if = "Option::is_none")]
    customfields: Option<Vec<CustomField>>,
}

fn get_courses(caller: &Caller, ask: Ask) -> Result<Vec<Course>> {
    let (records, with_site) = match ask.options.ids {
        None => (access::all_courses()?, true),
        Some(ids) => {
            let with_site = ids.contains(&1);
            let mut records = access::courses(ids.into_iter().map(access::id))?;
            records.sort_by_key(|c| c.id);
            records.dedup_by_key(|c| c.id);
            (records, with_site)
        }
    };
    let mut order = None;
    let mut shown = Vec::with_capacity(records.len() + 1);
    if with_site {
        shown.push(site_course(may(caller, "moodle/course:update", Place::Site)?));
    }
    for record in &records {
        let place = Place::Course(record.id);
        enter_to_read(caller, record.id)?;
        require(caller, "moodle/course:view", place)?;
        let updates = may(caller, "moodle/course:update", place)?;
        if record.fields.visible || updates || may(caller, "moodle/course:viewhiddencourses", place)? {
            if updates && order.is_none() {
                order = Some(Order::read()?);
            }
            shown.push(course(record, order.as_ref().filter(|_| updates))?);
        }
    }
    Ok(shown)
}

/// A course; with its order comes what only those who may change it see.
fn course(record: &CourseRecord, order: Option<&Order>) -> Result<Course> {
    let view = View::of(record);
    let fields = &record.fields;
    let summary = view.summary();
    let fullname = text::name(&fields.fullname);
    let full = order.is_some();
    let number = |element: &str| full.then(|| view.number(element));
    let text_of = |element: &str| full.then(|| view.text(element));
    // Indentation is an option of the site's as well as the course's, and is not listed here.
    let options: Vec<_> = view.format_options().into_iter().filter(|(name, _)| name != "indentation").collect();
    let hidden = options.iter().find(|(name, _)| name == "hiddensections").and_then(|(_, value)| match value {
        Scalar::Number(number) => Some(*number),
        Scalar::Text(text) => text.parse().ok(),
    });
    let numsections = match full {
        true => Some(last_section(&Snapshot::open(record.id)?)?),
        false => None,
    };
    Ok(Course {
        id: record.id,
        shortname: text::name(&fields.shortname),
        categoryid: fields.category,
        categorysortorder: order.map(|o| o.of(record.id)),
        displayname: fullname.clone(),
        fullname,
        idnumber: full.then(|| fields.idnumber.clone()),
        summary: summary.text,
        summaryformat: summary.form,
        format: fields.format.clone(),
        showgrades: number("showgrades"),
        newsitems: number("newsitems"),
        startdate: fields.start_date,
        enddate: fields.end_date,
        numsections,
        maxbytes: number("maxbytes"),
        showreports: number("showreports"),
        visible: full.then(|| fields.visible.into()),
        hiddensections: hidden.filter(|_| full),
        groupmode: number("groupmode"),
        groupmodeforce: number("groupmodeforce"),
        defaultgroupingid: number("defaultgroupingid"),
        timecreated: full.then_some(fields.created),
        timemodified: full.then_some(fields.modified),
        enablecompletion: number("enablecompletion"),
        completionnotify: number("completionnotify"),
        lang: text_of("lang"),
        forcetheme: text_of("theme"),
        courseformatoptions: full
            .then(|| options.into_iter().map(|(name, value)| FormatOption { name, value }).collect()),
        showactivitydates: view.number("showactivitydates") != 0,
        showcompletionconditions: Nullable(Some(view.number("showcompletionconditions") != 0)),
        customfields: None,
    })
}

/// The site's own course, in which nothing is: clients look for it under the number 1.
fn site_course(full: bool) -> Course {
    let site = config::get_site();
    let name = text::name(&site.name);
    let shortname = Some(configured("site-shortname")).filter(|s| !s.is_empty()).unwrap_or(site.name);
    let summary = no_summary();
    let number = |value: i64| full.then_some(value);
    Course {
        id: SITE,
        shortname: text::name(&shortname),
        categoryid: 0,
        categorysortorder: full.then_some(1),
        fullname: name.clone(),
        displayname: name,
        idnumber: full.then(String::new),
        summary: summary.text,
        summaryformat: summary.form,
        format: "site".into(),
        showgrades: number(1),
        newsitems: number(3),
        startdate: 0,
        enddate: 0,
        numsections: full.then_some(1),
        maxbytes: number(0),
        showreports: number(0),
        visible: number(1),
        hiddensections: None,
        groupmode: number(0),
        groupmodeforce: number(0),
        defaultgroupingid: number(0),
        timecreated: number(0),
        timemodified: number(0),
        enablecompletion: number(0),
        completionnotify: number(0),
        lang: full.then(String::new),
        forcetheme: full.then(String::new),
        courseformatoptions: full.then(|| vec![FormatOption { name: "numsections".into(), value: Scalar::Number(1) }]),
        showactivitydates: false,
        showcompletionconditions: Nullable(None),
        customfields: None,
    }
}
