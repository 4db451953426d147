//! One activity of the answer.

use super::answer::{Badge, Module};
use super::completion;
use super::course::Activity;
use super::customdata;
use super::dates;
use super::display::{self, Display};
use super::head::Head;
use super::icons;
use super::kinds;
use super::links;
use super::listing;
use super::php;
use super::sections::Page;
use super::viewer::Viewer;
use crate::text::{self, Author};
use provost_guest::Result;

impl Page<'_> {
    /// An activity as somebody sees it.
    pub fn module(&self, activity: &Activity) -> Result<Module> {
        let (record, head) = (&activity.record, &activity.head);
        let fields = &record.fields;
        let kind = kinds::of(&fields.module);
        let access = self.access(activity);
        let own = self.course.own_head(activity)?;
        let tracking = completion::tracking(self.course, activity);
        let files = self.files.of(activity);
        let main_file = files.first().map(|file| file.record.fields.name.as_str());
        let page = text::address(&format!("/mod/{}/view.php?id={}", fields.module, record.id));
        let has_page = !kind.no_view && fields.module != "subsection" && !is_inline(&fields.module, &own);
        let display = display::of(&fields.module, &own, main_file);
        let icon = match files.first() {
            Some(file) if fields.module == "resource" => icons::file(&file.record.fields.mimetype),
            _ => icons::module(&fields.module),
        };
        let badge = || match files.first().filter(|_| shows_type(&own)).and_then(|file| file.extension()) {
            Some(extension) => {
                Badge { badgecontent: Some(extension), badgestyle: Some("badge-none".to_owned()), ..Badge::default() }
            }
            None => Badge::default(),
        };
        let mut module = Module {
            id: record.id,
            url: has_page.then(|| page.clone()),
            name: text::name(&fields.name),
            instance: fields.instance,
            contextid: record.context,
            description: is_described(self.viewer, activity, &own).then(|| description_of(activity, &own)),
            visible: u8::from(fields.visible),
            uservisible: access.open,
            availabilityinfo: access.verdict.info,
            visibleoncoursepage: head.number_or("visibleoncoursepage", 1),
            modicon: icon,
            modname: fields.module.clone(),
            purpose: kind.purpose.to_owned(),
            branded: kind.branded,
            modplural: if kind.plural.is_empty() { fields.module.clone() } else { kind.plural.to_owned() },
            availability: self.viewer.sees_conditions().then(|| activity.conditions().map(str::to_owned)),
            indent: head.number("indent"),
            onclick: display.map(|display| display::onclick(&fields.module, &own, display, &page)).unwrap_or_default(),
            afterlink: None,
            activitybadge: kind.badge.then(badge),
            customdata: customdata::of(self.course, activity, kind, &own, tracking, main_file),
            noviewlink: kind.no_view,
            completion: tracking,
            downloadcontent: head.number_or("downloadcontent", 1),
            dates: dates::shown(kind, &own, self.viewer.now),
            groupmode: head.number("groupmode"),
            ..Module::default()
        };
        if tracking != completion::NONE {
            let is_used = self.used.contains(&record.id);
            module.completiondata =
                Some(completion::data(self.viewer, activity, kind, &own, tracking, is_used, access.open));
        }
        if access.open && listing::is_listed(&fields.module) {
            let contents = listing::of(self.course, self.viewer, activity, &own, &self.files)?;
            module.contentsinfo = Some(listing::sum(&contents));
            module.contents = Some(if self.options.exclude_contents { Vec::new() } else { contents });
        }
        Ok(module)
    }
}

/// Whether the course page shows an activity's description.
pub fn is_described(viewer: &Viewer, activity: &Activity, own: &Head) -> bool {
    let kind = kinds::of(&activity.record.fields.module);
    // Who may submit nothing yet may not know what either.
    let is_time = kind.name != "assign"
        || own.number_or("alwaysshowdescription", 1) != 0
        || viewer.now > own.number("allowsubmissionsfromdate");
    (activity.head.number("showdescription") != 0 || kind.no_view) && is_time && own.text("intro").is_some()
}

/// Whether it lies open on the course page, so that nothing leads to a page of its own.
fn is_inline(module: &str, own: &Head) -> bool {
    module == "folder" && Display::is_inline_folder(own)
}

fn shows_type(own: &Head) -> bool {
    let options = own.text("displayoptions").and_then(php::unserialized).unwrap_or_default();
    options["showtype"].as_i64().is_some_and(|shows| shows != 0) || options["showtype"] == "1"
}

/// The description in the box in which the course page puts it.
fn description_of(activity: &Activity, own: &Head) -> String {
    let component = format!("mod_{}", activity.record.fields.module);
    let files = text::Files { context: activity.record.context, component: &component, area: "intro", item: None };
    let intro = links::resolved(own.text("intro").unwrap_or_default());
    if intro.is_empty() {
        return String::new();
    }
    let intro = text::with_file_urls(&intro, files);
    let form = own.number_or("introformat", text::form::HTML);
    format!("<div class=\"no-overflow\">{}</div>", text::html(&intro, form, Author::Editor))
}
