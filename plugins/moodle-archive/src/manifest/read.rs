//! Reads the master file.

use super::{ContentActivity, ContentCourse, ContentSection, Detail, Information, Level, Manifest, Setting};
use crate::xml::tree::Element;
use crate::xml::{NULL, XmlError};

/// The oldest `backup_version` that a restore accepts, Moodle 2.0's (mbz-format.md 7.1).
const OLDEST: u64 = 2010072300;

/// Moodle looks at so many bytes to tell the format (observed 5).
const HEAD: usize = 200;

/// Why a master file could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// It does not begin as a backup's master file does.
    #[error("moodle_backup.xml: the first 200 bytes lack {0}")]
    NotMoodle2(&'static str),
    /// It is damaged.
    #[error("moodle_backup.xml: {0}")]
    Xml(#[from] XmlError),
    /// An element that a restore needs is missing.
    #[error("moodle_backup.xml: <{element}> is missing in <{parent}> at line {line}")]
    Missing {
        /// The element.
        element: &'static str,
        /// Where it should be.
        parent: String,
        /// Line of the parent.
        line: u64,
    },
    /// A value cannot be read.
    #[error("moodle_backup.xml: <{element}> at line {line} holds \"{value}\", not a number")]
    Number {
        /// The element.
        element: String,
        /// Its line.
        line: u64,
        /// What it holds.
        value: String,
    },
    /// The archive is of a Moodle before 2.0.
    #[error("moodle_backup.xml: the archive's backup_version is {found}, the oldest that can be restored is {OLDEST}")]
    TooOld {
        /// The archive's version.
        found: String,
    },
}

/// Checks the beginning of a master file as Moodle does: the declaration, `<moodle_backup>` and `<information>` must
/// stand within the first 200 bytes.
pub fn is_moodle2(document: &[u8]) -> Result<(), ManifestError> {
    let head = document[..document.len().min(HEAD)].to_ascii_lowercase();
    let has = |what: &str| memchr::memmem::find(&head, what.as_bytes()).is_some();
    for what in ["<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "<moodle_backup>", "<information>"] {
        if !has(&what.to_ascii_lowercase()) {
            return Err(ManifestError::NotMoodle2(what));
        }
    }
    Ok(())
}

impl Manifest {
    /// Reads a master file, as tolerant as a real Moodle: unknown elements are kept or skipped, optional ones may
    /// be missing (observed 5).
    pub fn read(document: &[u8]) -> Result<Self, ManifestError> {
        is_moodle2(document)?;
        let root = Element::parse(document)?;
        let info = need(&root, "information")?;
        let information = information(info)?;
        let detail = detail(need(need(info, "details")?, "detail")?)?;
        let contents = need(info, "contents")?;
        let mut manifest = Manifest { information, detail, ..Manifest::default() };
        for activity in contents.child("activities").into_iter().flat_map(|l| l.all("activity")) {
            manifest.activities.push(ContentActivity {
                moduleid: needed_number(activity, "moduleid")?,
                sectionid: number(activity, "sectionid")?.unwrap_or(0),
                modulename: needed_text(activity, "modulename")?,
                title: text(activity, "title"),
                directory: needed_text(activity, "directory")?,
                insubsection: activity.child("insubsection").map(|c| c.text.clone()),
            });
        }
        for section in contents.child("sections").into_iter().flat_map(|l| l.all("section")) {
            manifest.sections.push(ContentSection {
                sectionid: needed_number(section, "sectionid")?,
                title: text(section, "title"),
                directory: needed_text(section, "directory")?,
                parentcmid: section.child("parentcmid").map(|c| c.text.clone()),
                modname: section.child("modname").map(|c| c.text.clone()),
            });
        }
        if let Some(course) = contents.child("course") {
            manifest.course = Some(ContentCourse {
                courseid: number(course, "courseid")?.unwrap_or(0),
                title: text(course, "title"),
                directory: text(course, "directory"),
            });
        }
        for setting in info.child("settings").into_iter().flat_map(|l| l.all("setting")) {
            let level = match text(setting, "level").as_str() {
                "root" => Level::Root,
                "course" => Level::Course,
                "section" => Level::Section(text(setting, "section")),
                "activity" => Level::Activity(text(setting, "activity")),
                other => Level::Other(other.to_owned()),
            };
            manifest.settings.push(Setting { level, name: text(setting, "name"), value: text(setting, "value") });
        }
        Ok(manifest)
    }
}

fn information(info: &Element) -> Result<Information, ManifestError> {
    let mut i = Information {
        // Missing before 2.6, when contents were always in.
        include_files: true,
        ..Information::default()
    };
    let mut seen: Vec<&str> = Vec::new();
    for child in &info.children {
        let name = child.name.as_str();
        if matches!(name, "details" | "contents" | "settings") {
            continue;
        }
        // Of two the first counts, as with every field.
        if seen.contains(&name) {
            continue;
        }
        seen.push(name);
        let text = || if child.text == NULL { String::new() } else { child.text.clone() };
        let time = || text().trim().parse::<i64>().unwrap_or(0);
        let flag = || !matches!(text().trim(), "" | "0");
        match name {
            "name" => i.name = text(),
            "moodle_version" => i.moodle_version = text(),
            "moodle_release" => i.moodle_release = text(),
            "backup_version" => i.backup_version = text(),
            "backup_release" => i.backup_release = text(),
            "backup_date" => i.backup_date = time(),
            "mnet_remoteusers" => i.mnet_remoteusers = flag(),
            "include_files" => i.include_files = flag(),
            "include_file_references_to_external_content" => i.include_file_references_to_external_content = flag(),
            "original_wwwroot" => i.original_wwwroot = text(),
            "original_site_identifier_hash" => i.original_site_identifier_hash = text(),
            "original_course_id" => i.original_course_id = parsed(child)?,
            "original_course_format" => i.original_course_format = text(),
            "original_course_fullname" => i.original_course_fullname = text(),
            "original_course_shortname" => i.original_course_shortname = text(),
            "original_course_startdate" => i.original_course_startdate = time(),
            "original_course_enddate" => i.original_course_enddate = time(),
            "original_course_contextid" => i.original_course_contextid = parsed(child)?,
            "original_system_contextid" => i.original_system_contextid = parsed(child)?,
            _ => i.unknown.push((child.name.clone(), (child.text != NULL).then(|| child.text.clone()))),
        }
    }
    for element in ["backup_version", "original_course_id", "original_course_contextid", "original_system_contextid"] {
        if !seen.contains(&element) {
            return Err(ManifestError::Missing { element, parent: info.name.clone(), line: info.line });
        }
    }
    // Versions may have decimals.
    let version = i.backup_version.trim().split('.').next().and_then(|v| v.parse::<u64>().ok());
    if version.is_none_or(|v| v < OLDEST) {
        return Err(ManifestError::TooOld { found: i.backup_version });
    }
    Ok(i)
}

fn detail(detail: &Element) -> Result<Detail, ManifestError> {
    Ok(Detail {
        backup_id: detail.attribute("backup_id").unwrap_or_default(),
        kind: needed_text(detail, "type")?,
        format: text(detail, "format"),
        interactive: text(detail, "interactive"),
        mode: text(detail, "mode"),
        execution: text(detail, "execution"),
        executiontime: text(detail, "executiontime"),
    })
}

fn missing(parent: &Element, element: &'static str) -> ManifestError {
    ManifestError::Missing { element, parent: parent.name.clone(), line: parent.line }
}

fn need<'a>(parent: &'a Element, element: &'static str) -> Result<&'a Element, ManifestError> {
    parent.child(element).ok_or_else(|| missing(parent, element))
}

fn text(parent: &Element, name: &str) -> String {
    parent.field(name).unwrap_or_default().to_owned()
}

fn needed_text(parent: &Element, name: &'static str) -> Result<String, ManifestError> {
    parent.field(name).map(str::to_owned).ok_or_else(|| missing(parent, name))
}

fn parsed(element: &Element) -> Result<u64, ManifestError> {
    element.text.trim().parse().map_err(|_| ManifestError::Number {
        element: element.name.clone(),
        line: element.line,
        value: element.text.clone(),
    })
}

fn number(parent: &Element, name: &str) -> Result<Option<u64>, ManifestError> {
    match parent.child(name) {
        Some(child) if !child.text.trim().is_empty() && child.text != NULL => parsed(child).map(Some),
        _ => Ok(None),
    }
}

fn needed_number(parent: &Element, name: &'static str) -> Result<u64, ManifestError> {
    parsed(need(parent, name)?)
}
