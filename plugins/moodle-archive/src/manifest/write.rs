//! Writes the master file in exactly Moodle's form.

use super::{Level, Manifest};
use crate::naming::strip_tags;
use crate::xml::write::Writer;

impl Manifest {
    /// The document. Tag-like text is taken out of the course's names, since Moodle's restore refuses it there
    /// (observed 8); lists without entries are left out.
    pub fn write(&self) -> Vec<u8> {
        let mut w = Writer::new();
        let i = &self.information;
        w.open("moodle_backup", &[]).open("information", &[]);
        w.field("name", Some(&i.name))
            .field("moodle_version", Some(&i.moodle_version))
            .field("moodle_release", Some(&i.moodle_release))
            .field("backup_version", Some(&i.backup_version))
            .field("backup_release", Some(&i.backup_release))
            .number("backup_date", i.backup_date)
            .number("mnet_remoteusers", u8::from(i.mnet_remoteusers))
            .number("include_files", u8::from(i.include_files))
            .number(
                "include_file_references_to_external_content",
                u8::from(i.include_file_references_to_external_content),
            )
            .field("original_wwwroot", Some(&i.original_wwwroot))
            .field("original_site_identifier_hash", Some(&i.original_site_identifier_hash))
            .number("original_course_id", i.original_course_id)
            .field("original_course_format", Some(&i.original_course_format))
            .field("original_course_fullname", Some(&strip_tags(&i.original_course_fullname)))
            .field("original_course_shortname", Some(&strip_tags(&i.original_course_shortname)))
            .number("original_course_startdate", i.original_course_startdate)
            .number("original_course_enddate", i.original_course_enddate)
            .number("original_course_contextid", i.original_course_contextid)
            .number("original_system_contextid", i.original_system_contextid);
        for (name, value) in &i.unknown {
            w.field(name, value.as_deref());
        }
        let d = &self.detail;
        w.open("details", &[]).open("detail", &[("backup_id", &d.backup_id)]);
        w.field("type", Some(&d.kind))
            .field("format", Some(&d.format))
            .field("interactive", Some(&d.interactive))
            .field("mode", Some(&d.mode))
            .field("execution", Some(&d.execution))
            .field("executiontime", Some(&d.executiontime));
        w.close().close();
        w.open("contents", &[]);
        self.write_contents(&mut w);
        w.close().open("settings", &[]);
        for setting in &self.settings {
            w.open("setting", &[]);
            match &setting.level {
                Level::Root => w.field("level", Some("root")),
                Level::Course => w.field("level", Some("course")),
                Level::Section(name) => w.field("level", Some("section")).field("section", Some(name)),
                Level::Activity(name) => w.field("level", Some("activity")).field("activity", Some(name)),
                Level::Other(name) => w.field("level", Some(name)),
            };
            w.field("name", Some(&setting.name)).field("value", Some(&setting.value)).close();
        }
        w.finish()
    }

    fn write_contents(&self, w: &mut Writer) {
        let mut optional = Vec::new();
        if !self.activities.is_empty() {
            w.open("activities", &[]);
            for a in &self.activities {
                w.open("activity", &[])
                    .number("moduleid", a.moduleid)
                    .number("sectionid", a.sectionid)
                    .field("modulename", Some(&a.modulename))
                    .field("title", Some(&a.title))
                    .field("directory", Some(&a.directory));
                optional.extend(a.insubsection.as_deref().map(|v| ("insubsection", v)));
                for (name, value) in optional.drain(..) {
                    w.field(name, Some(value));
                }
                w.close();
            }
            w.close();
        }
        if !self.sections.is_empty() {
            w.open("sections", &[]);
            for s in &self.sections {
                w.open("section", &[])
                    .number("sectionid", s.sectionid)
                    .field("title", Some(&s.title))
                    .field("directory", Some(&s.directory));
                optional.extend(s.parentcmid.as_deref().map(|v| ("parentcmid", v)));
                optional.extend(s.modname.as_deref().map(|v| ("modname", v)));
                for (name, value) in optional.drain(..) {
                    w.field(name, Some(value));
                }
                w.close();
            }
            w.close();
        }
        if let Some(c) = &self.course {
            w.open("course", &[])
                .number("courseid", c.courseid)
                .field("title", Some(&c.title))
                .field("directory", Some(&c.directory))
                .close();
        }
    }
}
