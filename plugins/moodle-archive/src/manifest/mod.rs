//! `moodle_backup.xml`, the master file: what an archive says of itself (mbz-format.md 4).
//!
//! Reading is as tolerant as a real Moodle (observed 5); writing has exactly Moodle's form.

mod read;
mod write;

pub use read::{ManifestError, is_moodle2};

/// The master file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    /// What stands directly in `information`.
    pub information: Information,
    /// `details > detail`.
    pub detail: Detail,
    /// `contents > activities`, in order: activities of a section are shown in it.
    pub activities: Vec<ContentActivity>,
    /// `contents > sections`, in order.
    pub sections: Vec<ContentSection>,
    /// `contents > course`.
    pub course: Option<ContentCourse>,
    /// `settings`, in order.
    pub settings: Vec<Setting>,
}

/// The fields of `information`. Times are Unix seconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Information {
    /// The archive's file name when it was made.
    pub name: String,
    /// Such as `2024100706`, or `2024100706.01`.
    pub moodle_version: String,
    pub moodle_release: String,
    /// Such as `2024100700`. Restores compare it as a number.
    pub backup_version: String,
    pub backup_release: String,
    pub backup_date: i64,
    pub mnet_remoteusers: bool,
    /// Whether the file pool is in the archive.
    pub include_files: bool,
    pub include_file_references_to_external_content: bool,
    pub original_wwwroot: String,
    /// 32 hexadecimal digits, or empty.
    pub original_site_identifier_hash: String,
    pub original_course_id: u64,
    pub original_course_format: String,
    /// Written without tags, since Moodle refuses them here (observed 8).
    pub original_course_fullname: String,
    /// Written without tags.
    pub original_course_shortname: String,
    pub original_course_startdate: i64,
    pub original_course_enddate: i64,
    pub original_course_contextid: u64,
    pub original_system_contextid: u64,
    /// Fields that are not known, in order, the null mark as `None`. Written after the known ones.
    pub unknown: Vec<(String, Option<String>)>,
}

/// How the archive was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Detail {
    /// 32 hexadecimal digits.
    pub backup_id: String,
    /// `course`, `section` or `activity`.
    pub kind: String,
    /// `moodle2`.
    pub format: String,
    pub interactive: String,
    /// 10 general, 20 import, 30 hub, 40 same site, 50 automated, 60 converted, 70 asynchronous, 80 copy.
    pub mode: String,
    /// 1 immediate, 2 delayed.
    pub execution: String,
    pub executiontime: String,
}

/// An activity among the contents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ContentActivity {
    pub moduleid: u64,
    /// 0 where the archive does not say.
    pub sectionid: u64,
    pub modulename: String,
    pub title: String,
    /// Such as `activities/quiz_2`.
    pub directory: String,
    /// 4.5 and later; empty for an activity that is in no subsection.
    pub insubsection: Option<String>,
}

/// A section among the contents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ContentSection {
    pub sectionid: u64,
    /// Its name, or its number.
    pub title: String,
    pub directory: String,
    /// The course module that shows the section within another one (4.5 and later); empty for an ordinary section.
    pub parentcmid: Option<String>,
    /// That module's name.
    pub modname: Option<String>,
}

impl ContentSection {
    /// The course module that shows the section within another one; 0 for an ordinary section.
    pub fn delegated_to(&self) -> u64 {
        self.parentcmid.as_deref().and_then(|v| v.trim().parse().ok()).unwrap_or(0)
    }
}

/// The course among the contents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ContentCourse {
    pub courseid: u64,
    /// Its short name.
    pub title: String,
    pub directory: String,
}

/// Where a setting applies.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Level {
    /// The whole archive.
    Root,
    /// The course. Known to readers only.
    Course,
    /// A section, such as `section_130`.
    Section(String),
    /// An activity, such as `quiz_2`.
    Activity(String),
    /// Another level (5.x), with what it names.
    Other(String),
}

/// A setting.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Setting {
    pub level: Level,
    pub name: String,
    pub value: String,
}

impl Manifest {
    /// The value of a setting of the root.
    pub fn root_setting(&self, name: &str) -> Option<&str> {
        self.settings.iter().find(|s| s.level == Level::Root && s.name == name).map(|s| s.value.as_str())
    }

    /// Names of the settings of the root.
    pub fn root_names(&self) -> impl Iterator<Item = &str> {
        self.settings.iter().filter(|s| s.level == Level::Root).map(|s| s.name.as_str())
    }

    /// Whether a setting of the root is on: `default` when it is missing.
    pub fn root_flag(&self, name: &str, default: bool) -> bool {
        self.root_setting(name).map_or(default, |v| !matches!(v.trim(), "" | "0"))
    }

    /// Whether the user data of an activity or section is in the archive, by its directory's last part, such as `quiz_2`.
    pub fn has_userinfo(&self, directory: &str) -> bool {
        let name = format!("{directory}_userinfo");
        self.settings.iter().any(|s| s.name == name && !matches!(s.value.trim(), "" | "0"))
    }
}

#[cfg(test)]
mod tests;
