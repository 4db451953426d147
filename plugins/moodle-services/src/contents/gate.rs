//! Who may open which section and activity, and why not.

use super::availability::{self, Verdict};
use super::course::{Activity, Course, Section};
use super::viewer::Viewer;
use provost_guest::Result;
use std::collections::HashSet;

/// Who may open something.
#[derive(Debug, Clone)]
pub struct Access {
    /// Whether the viewer may.
    pub open: bool,
    /// What is missing.
    pub verdict: Verdict,
}

impl Access {
    /// Whether it has a place on the course page.
    pub fn is_told(&self) -> bool {
        self.open || self.verdict.info.is_some()
    }
}

/// A section by itself, without what holds back the activity that shows it.
pub fn of_section(course: &Course, viewer: &Viewer, section: &Section) -> Access {
    let verdict = match section.conditions() {
        Some(json) => availability::check(json, course, viewer, None),
        None => Verdict::free(),
    };
    let visible = section.record.fields.visible;
    let open = (visible || viewer.hidden_sections) && (verdict.available || viewer.ignores);
    // What is hidden anyway does not say what else is missing.
    let info = verdict.info.filter(|_| visible);
    Access { open, verdict: Verdict { info, ..verdict } }
}

/// An activity in a section.
pub fn of_activity(course: &Course, viewer: &Viewer, activity: &Activity, section: Option<&Access>) -> Result<Access> {
    let fields = &activity.record.fields;
    let mut verdict = match activity.conditions() {
        Some(json) => availability::check(json, course, viewer, Some(activity.record.id)),
        None => Verdict::free(),
    };
    if verdict.available
        && let Some(section) = section
    {
        verdict = section.verdict.clone();
    }
    if !fields.visible {
        verdict.info = None;
    }
    let open = (fields.visible || viewer.sees_hidden(activity.record.id)?) && (verdict.available || viewer.ignores);
    Ok(Access { open, verdict })
}

/// A section, also closed with the activity that shows it.
pub fn section(course: &Course, viewer: &Viewer, section: &Section) -> Result<Access> {
    let mut access = of_section(course, viewer, section);
    if let Some(delegate) = section.delegate {
        let shows = course.activity(delegate).map(|delegate| activity(course, viewer, delegate)).transpose()?;
        access.open &= shows.is_some_and(|delegate| delegate.open);
    }
    Ok(access)
}

/// An activity in the section that it is in.
pub fn activity(course: &Course, viewer: &Viewer, activity: &Activity) -> Result<Access> {
    let section = course.section(activity.section).map(|section| of_section(course, viewer, section));
    of_activity(course, viewer, activity, section.as_ref())
}

/// Whether somebody who knows of an activity can open it though the page does not show it.
pub fn is_stealth(activity: &Activity, section: &Section) -> bool {
    activity.head.number_or("visibleoncoursepage", 1) == 0
        || (activity.record.fields.visible && !section.record.fields.visible)
}

/// Whether the course page tells what a section is about.
pub fn is_summary_shown(section: &Section, access: &Access) -> bool {
    access.open || (section.record.fields.visible && access.is_told())
}

/// What somebody wants to open.
#[derive(Debug, Clone, Copy)]
pub enum Thing {
    /// A section.
    Section(u64),
    /// An activity.
    Activity(u64),
}

/// Reads what decides who may open these things: their heads, those of the sections in which they are and of the activities that
/// show those.
pub fn read_deciding(course: &mut Course, mut things: Vec<Thing>) -> Result<()> {
    let (mut sections, mut activities) = (HashSet::new(), HashSet::new());
    while let Some(thing) = things.pop() {
        match thing {
            Thing::Section(id) if sections.insert(id) => {
                things.extend(course.section(id).and_then(|section| section.delegate).map(Thing::Activity));
            }
            Thing::Activity(id) if activities.insert(id) => {
                things.extend(course.activity(id).map(|activity| Thing::Section(activity.section)));
            }
            _ => {}
        }
    }
    course.read_heads(|s| sections.contains(&s.record.id), |a| activities.contains(&a.record.id))?;
    let of_sections = sections.iter().filter_map(|id| course.section(*id)?.conditions());
    let of_activities = activities.iter().filter_map(|id| course.activity(*id)?.conditions());
    let mut trees = of_sections.chain(of_activities).filter_map(|json| serde_json::from_str(json).ok());
    // Which one is the activity before the others decide together.
    if trees.any(|tree| availability::completions(&tree).contains(&availability::BEFORE)) {
        drop(trees);
        course.read_heads(|_| false, |a| !activities.contains(&a.record.id))?;
    }
    Ok(())
}
