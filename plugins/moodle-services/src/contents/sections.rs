//! The course page: its sections, and who sees what of them.

use super::answer;
use super::availability::{self, Verdict};
use super::course::{Activity, Course, Section};
use super::files::Files;
use super::gate::{self, Access};
use super::links;
use super::options::Options;
use super::viewer::Viewer;
use crate::text::{self, Author};
use provost_guest::{Result, clock};
use std::collections::{HashMap, HashSet};

/// Days of a week, in seconds.
const WEEK: i64 = 7 * 24 * 3600;

/// A course as somebody sees it.
pub struct Page<'a> {
    /// The course.
    pub course: &'a Course,
    /// Who sees it.
    pub viewer: &'a Viewer,
    /// What is asked for.
    pub options: &'a Options,
    /// Files that are listed.
    pub files: Files,
    /// The activities whose completion conditions look at.
    pub used: HashSet<u64>,
    activities: HashMap<u64, Access>,
    sections: HashMap<u64, Access>,
}

impl<'a> Page<'a> {
    /// Decides what is seen.
    pub fn new(course: &'a Course, viewer: &'a Viewer, options: &'a Options) -> Result<Self> {
        let mut page = Self {
            course,
            viewer,
            options,
            files: Files::default(),
            used: used(course),
            activities: HashMap::new(),
            sections: HashMap::new(),
        };
        for section in &course.sections {
            let access = gate::of_section(course, viewer, section);
            page.sections.insert(section.record.id, access);
        }
        for activity in &course.activities {
            let access = gate::of_activity(course, viewer, activity, page.sections.get(&activity.section))?;
            page.activities.insert(activity.record.id, access);
        }
        // A section that an activity shows is seen by those who see the activity.
        for section in &course.sections {
            let closed = section.delegate.is_some_and(|id| page.activities.get(&id).is_none_or(|a| !a.open));
            if closed && let Some(access) = page.sections.get_mut(&section.record.id) {
                access.open = false;
            }
        }
        let listed: Vec<&Activity> = course.activities.iter().filter(|a| page.lists(a)).collect();
        if !options.exclude_modules {
            page.files = Files::read(course, listed.into_iter().filter(|a| page.may_open(a)))?;
        }
        Ok(page)
    }

    /// How an activity is seen.
    pub fn access(&self, activity: &Activity) -> Access {
        let closed = || Access { open: false, verdict: Verdict::default() };
        self.activities.get(&activity.record.id).cloned().unwrap_or_else(closed)
    }

    fn may_open(&self, activity: &Activity) -> bool {
        self.activities.get(&activity.record.id).is_some_and(|access| access.open)
    }

    /// Whether an activity is in the answer, if its section is.
    fn lists(&self, activity: &Activity) -> bool {
        let record = &activity.record;
        let seen = self.activities.get(&record.id).is_some_and(Access::is_told);
        seen && self.options.takes_module(record.id, &record.fields.module, record.fields.instance)
    }

    /// The answer.
    pub fn sections(&self) -> Result<Vec<answer::Section>> {
        let mut within: HashMap<u64, Vec<&Activity>> = HashMap::new();
        for activity in &self.course.activities {
            within.entry(activity.section).or_default().push(activity);
        }
        let (mut found, mut stealth) = (Vec::new(), Vec::new());
        for section in &self.course.sections {
            let record = &section.record;
            if !self.options.takes_section(record.id, record.fields.number) {
                continue;
            }
            let Some(access) = self.sections.get(&record.id) else { continue };
            let inside = within.get(&record.id).map(Vec::as_slice).unwrap_or_default();
            let mut modules = Vec::new();
            for activity in inside.iter().filter(|a| !self.options.exclude_modules && self.lists(a)) {
                if access.open {
                    modules.push(self.module(activity)?);
                } else if self.options.include_stealth && gate::is_stealth(activity, section) && self.may_open(activity)
                {
                    stealth.push(self.module(activity)?);
                }
            }
            if self.shows(section, access) {
                found.push(self.section(section, access, modules));
            }
        }
        if !stealth.is_empty() {
            found.push(answer::Section { id: -1, modules: stealth, ..answer::Section::default() });
        }
        Ok(found)
    }

    /// Whether the page has a place for the section.
    fn shows(&self, section: &Section, access: &Access) -> bool {
        let visible = section.record.fields.visible;
        let is_told = visible && !access.verdict.available && access.verdict.info.is_some();
        // The course may show that there are hidden sections.
        let is_named = !visible && section.delegate.is_none() && self.format_option("hiddensections") == Some(0);
        access.open || is_told || is_named
    }

    fn format_option(&self, name: &str) -> Option<i64> {
        self.course.details.format_option(name)?.trim().parse().ok()
    }

    fn section(&self, section: &Section, access: &Access, modules: Vec<answer::Module>) -> answer::Section {
        let fields = &section.record.fields;
        let files = text::Files {
            context: self.course.record.context,
            component: "course",
            area: "section",
            item: Some(fields.local),
        };
        let is_secret = !access.open && !fields.visible;
        let summary = if is_secret { "" } else { section.head.text("summary").unwrap_or_default() };
        let form = section.head.number_or("summaryformat", text::form::HTML);
        let summary = text::text(&links::resolved(summary), form, Some(files), Author::Editor);
        let delegated = section.delegate.is_some();
        let last = self.format_option("numsections").and_then(|last| u32::try_from(last).ok());
        let is_beyond = !delegated && last.is_some_and(|last| fields.number > last);
        let component = section.head.text("component").filter(|name| !name.is_empty());
        let item = component.and_then(|_| section.head.text("itemid")?.trim().parse().ok());
        answer::Section {
            id: i64::try_from(section.record.id).unwrap_or(i64::MAX),
            name: self.section_name(section),
            visible: Some(u8::from(fields.visible)),
            summary: summary.text,
            summaryformat: summary.form,
            section: Some(fields.number),
            hiddenbynumsections: Some(u8::from(is_beyond)),
            uservisible: Some(access.open),
            availabilityinfo: access.verdict.info.clone(),
            component: Some(component.map(str::to_owned)),
            itemid: Some(item),
            modules,
        }
    }

    fn section_name(&self, section: &Section) -> String {
        let fields = &section.record.fields;
        match (fields.name.as_str(), fields.number) {
            ("", 0) => "General".to_owned(),
            ("", number) if self.course.record.fields.format == "weeks" => {
                // At noon, so that a change of the clocks does not make it another day.
                let start = self.course.record.fields.start_date + WEEK * (i64::from(number) - 1) + WEEK / 14;
                let day = |time: i64| clock::format(time, "%-d %B");
                format!("{} - {}", day(start), day(start + WEEK / 7 * 6))
            }
            ("", _) => "New section".to_owned(),
            (name, _) => text::name(name),
        }
    }
}

/// The activities whose completion conditions of anything in the course look at.
fn used(course: &Course) -> HashSet<u64> {
    let of_sections = course.sections.iter().map(|s| (None, s.conditions()));
    let of_activities = course.activities.iter().enumerate().map(|(at, a)| (Some(at), a.conditions()));
    let mut used = HashSet::new();
    for (at, json) in of_sections.chain(of_activities) {
        let Some(conditions) = json.and_then(|json| serde_json::from_str(json).ok()) else { continue };
        for id in availability::completions(&conditions) {
            let before = || {
                let before = &course.activities[..at.unwrap_or(0)];
                before.iter().rev().find(|a| a.head.number("completion") != 0).map(|a| a.record.id)
            };
            used.extend(if id == availability::BEFORE { before() } else { u64::try_from(id).ok() });
        }
    }
    used
}
