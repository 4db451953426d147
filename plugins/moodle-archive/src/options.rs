//! The options of a backup or copy: reading them, what depends on what, which facets they take, and the settings they become
//! in the master file (moodle-webservices.md 2.3; mbz-format.md 4.1 and 4.2).

use crate::enrolments::Enrolled;
use crate::facets::names;
use crate::layout::Activity;
use crate::manifest::{Level, Setting};

/// When enrolments are restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enrolments {
    /// 0: never; everybody becomes a manual enrolment.
    Never,
    /// 1: together with users.
    WithUsers,
    /// 2: always, the methods also without users.
    Always,
}

/// The form of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArchiveFormat {
    /// What Moodle writes.
    TarGz,
    /// What Moodle wrote once, and reads still.
    Zip,
}

/// The options. Defaults are those of the requested functions (moodle-webservices.md 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Options {
    pub activities: bool,
    pub blocks: bool,
    pub filters: bool,
    pub users: bool,
    pub enrolments: Enrolments,
    pub role_assignments: bool,
    pub comments: bool,
    pub userscompletion: bool,
    pub logs: bool,
    pub grade_histories: bool,
    /// People under invented names. Not one of the ten.
    pub anonymize: bool,
    /// File contents. Not one of the ten.
    pub files: bool,
    /// Not one of the ten.
    pub format: ArchiveFormat,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            activities: true,
            blocks: true,
            filters: true,
            users: false,
            enrolments: Enrolments::WithUsers,
            role_assignments: false,
            comments: false,
            userscompletion: false,
            logs: false,
            grade_histories: false,
            anonymize: false,
            files: true,
            format: ArchiveFormat::Zip,
        }
    }
}

/// How many options the requested functions have.
const TEN: usize = 10;

/// Names of all options: the ten, then ours.
pub const NAMES: &[&str] = &[
    "activities",
    "blocks",
    "filters",
    "users",
    "enrolments",
    "role_assignments",
    "comments",
    "userscompletion",
    "logs",
    "grade_histories",
    "anonymize",
    "files",
    "format",
];

/// Settings of the root that not every release has. Those of the ten options there were from the beginning.
const OF_SOME_RELEASES: &[&str] = &[
    "imscc11",
    "files",
    "badges",
    "calendarevents",
    "questionbank",
    "groups",
    "competencies",
    "customfield",
    "contentbankcontent",
    "xapistate",
    "legacyfiles",
];

/// Leaves out the settings that the release in whose form an archive is does not have, going by those that the archive
/// a course came from had: its readers would look for documents that the course never had.
pub fn keep_settings_of(origin: &[String], settings: &mut Vec<Setting>) {
    let had = |name: &str| origin.iter().any(|known| known == name);
    if had("users") && had("activities") {
        let missing = |s: &Setting| OF_SOME_RELEASES.contains(&s.name.as_str()) && !had(&s.name);
        settings.retain(|s| s.level != Level::Root || !missing(s));
    }
}

/// Why options were refused. Web services answer with [`OptionError::CODE`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OptionError {
    /// There is no such option.
    #[error("Invalid external api parameter: {0}")]
    Unknown(String),
    /// The value is not allowed.
    #[error("Invalid external api parameter: {name} (the value \"{value}\" is not allowed; {allowed} is)")]
    Value {
        /// The option.
        name: String,
        /// What was given.
        value: String,
        /// What may be.
        allowed: &'static str,
    },
    /// The option is given twice with different values.
    #[error("Invalid external api parameter: {name} (given as \"{first}\" and as \"{second}\")")]
    Conflict {
        /// The option.
        name: String,
        /// The first value.
        first: String,
        /// Another value.
        second: String,
    },
}

impl OptionError {
    /// The stable code a web-service client acts on (moodle-webservices.md 1.7).
    pub const CODE: &'static str = "invalidextparam";

    /// The option that was refused.
    pub fn name(&self) -> &str {
        match self {
            OptionError::Unknown(name) | OptionError::Value { name, .. } | OptionError::Conflict { name, .. } => name,
        }
    }
}

/// An option that was asked for and could not be granted, since another one is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the option {option} was set to 0, because it needs {needs} = 1")]
pub struct Forced {
    /// The option.
    pub option: &'static str,
    /// What it needs.
    pub needs: &'static str,
}

/// The pairs, if all of them are of the ten.
fn ten<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Vec<(&'a str, &'a str)>, OptionError> {
    let known = |(name, value)| match NAMES[..TEN].contains(&name) {
        true => Ok((name, value)),
        false => Err(OptionError::Unknown(name.into())),
    };
    pairs.into_iter().map(known).collect()
}

/// What becomes of enrolments in a new course (mbz-format.md 7.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enrolling {
    /// Methods and who is enrolled by them stay.
    AsTheyWere,
    /// Everybody is enrolled by one manual method.
    ByHand,
    /// One manual method, and nobody in it.
    None,
}

impl Enrolling {
    /// Who stays enrolled where methods are not kept; none where they are.
    pub fn enrolled(self) -> Option<Enrolled> {
        match self {
            Enrolling::AsTheyWere => None,
            Enrolling::ByHand => Some(Enrolled::ByHand),
            Enrolling::None => Some(Enrolled::Nobody),
        }
    }
}

impl Options {
    /// Reads options from names and values. What is not given has its default. The same option may be given again with the
    /// same value.
    pub fn parse<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, OptionError> {
        Self::parse_over(Self::default(), pairs)
    }

    /// Reads the options of a restore: the ten, each of which takes everything there is unless it is given.
    pub fn parse_restore<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, OptionError> {
        let everything = Self {
            users: true,
            enrolments: Enrolments::Always,
            role_assignments: true,
            comments: true,
            userscompletion: true,
            logs: true,
            grade_histories: true,
            ..Self::default()
        };
        Self::parse_over(everything, ten(pairs)?)
    }

    /// Reads the options of a copy of a course: the ten, with the defaults of a backup.
    pub fn parse_copy<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, OptionError> {
        Self::parse_over(Self::default(), ten(pairs)?)
    }

    fn parse_over<'a>(
        mut options: Self,
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, OptionError> {
        let mut given: Vec<(&str, &str)> = Vec::new();
        for (name, value) in pairs {
            let value = value.trim();
            if let Some((_, first)) = given.iter().find(|(n, _)| *n == name) {
                if *first != value {
                    return Err(OptionError::Conflict {
                        name: name.into(),
                        first: (*first).into(),
                        second: value.into(),
                    });
                }
                continue;
            }
            options.set(name, value)?;
            given.push((name, value));
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), OptionError> {
        let refuse = |allowed| Err(OptionError::Value { name: name.into(), value: value.into(), allowed });
        let flag = match name {
            "activities" => &mut self.activities,
            "blocks" => &mut self.blocks,
            "filters" => &mut self.filters,
            "users" => &mut self.users,
            "role_assignments" => &mut self.role_assignments,
            "comments" => &mut self.comments,
            "userscompletion" => &mut self.userscompletion,
            "logs" => &mut self.logs,
            "grade_histories" => &mut self.grade_histories,
            "anonymize" => &mut self.anonymize,
            "files" => &mut self.files,
            "enrolments" => {
                self.enrolments = match value {
                    "0" => Enrolments::Never,
                    "1" => Enrolments::WithUsers,
                    "2" => Enrolments::Always,
                    _ => return refuse("0, 1 or 2"),
                };
                return Ok(());
            }
            "format" => {
                self.format = match value {
                    "tgz" | "tar.gz" => ArchiveFormat::TarGz,
                    "zip" => ArchiveFormat::Zip,
                    _ => return refuse("tgz or zip"),
                };
                return Ok(());
            }
            _ => return Err(OptionError::Unknown(name.into())),
        };
        *flag = match value {
            "0" => false,
            "1" => true,
            _ => return refuse("0 or 1"),
        };
        Ok(())
    }

    /// Turns off what needs something that is off, and says so for each (mbz-format.md 4.1).
    pub fn settle(mut self) -> (Self, Vec<Forced>) {
        let mut forced = Vec::new();
        let mut need = |on: bool, needs, dependents: &mut [(&'static str, &mut bool)]| {
            for (option, value) in dependents {
                if !on && **value {
                    **value = false;
                    forced.push(Forced { option, needs });
                }
            }
        };
        need(
            self.users,
            "users",
            &mut [
                ("role_assignments", &mut self.role_assignments),
                ("comments", &mut self.comments),
                ("userscompletion", &mut self.userscompletion),
                ("logs", &mut self.logs),
                ("grade_histories", &mut self.grade_histories),
                ("anonymize", &mut self.anonymize),
            ],
        );
        need(self.activities, "activities", &mut [("grade_histories", &mut self.grade_histories)]);
        (self, forced)
    }

    /// Whether badges are taken: with activities. Without users they are, too, as the archives of 4.5 show.
    fn badges(&self) -> bool {
        self.activities
    }

    /// What becomes of enrolments in a course that is made with these options.
    pub fn enrolling(&self) -> Enrolling {
        match (self.enrolments, self.users) {
            (Enrolments::Always, _) | (Enrolments::WithUsers, true) => Enrolling::AsTheyWere,
            (Enrolments::Never, true) => Enrolling::ByHand,
            (Enrolments::Never | Enrolments::WithUsers, false) => Enrolling::None,
        }
    }

    /// The facets that the options take. Enrolment methods are definition and always taken, so `enrolments` has no say.
    pub fn facets(&self) -> Vec<&'static str> {
        let chosen: [(bool, &[&'static str]); 10] = [
            (self.activities, &[names::ACTIVITY]),
            (self.blocks, &[names::BLOCK]),
            (self.filters, &[names::FILTER]),
            (self.users, &[names::USER_DATA, names::ENROLMENT, names::GRADE, names::LEARNING_RECORD]),
            (self.role_assignments, &[names::ROLE_ASSIGNMENT]),
            (self.comments, &[names::COMMENT]),
            (self.userscompletion, &[names::COMPLETION]),
            (self.logs, &[names::LOG]),
            (self.grade_histories, &[names::GRADE_HISTORY]),
            (self.badges(), &[names::BADGE]),
        ];
        let always = [
            names::GROUP,
            names::CALENDAR,
            names::COMPETENCY,
            names::CUSTOM_FIELD,
            names::QUESTION_BANK,
            names::CONTENT_BANK,
            names::LEGACY_FILE,
        ];
        chosen.into_iter().filter(|(on, _)| *on).flat_map(|(_, f)| f.iter().copied()).chain(always).collect()
    }

    /// The settings of the master file, in Moodle's order: the root's, then each section with its activities.
    ///
    /// Sections and activities are given as they stand in the archive. Without activities none of theirs are listed.
    pub fn settings<'a>(
        &self,
        filename: &str,
        sections: impl IntoIterator<Item = (u64, &'a [Activity])>,
    ) -> Vec<Setting> {
        let flag = |on: bool| if on { "1" } else { "0" }.to_owned();
        let mut settings = vec![Setting { level: Level::Root, name: "filename".into(), value: filename.into() }];
        let root = [
            ("imscc11", false),
            ("users", self.users),
            ("anonymize", self.anonymize),
            ("role_assignments", self.role_assignments),
            ("activities", self.activities),
            ("blocks", self.blocks),
            ("files", self.files),
            ("filters", self.filters),
            ("comments", self.comments),
            ("badges", self.badges()),
            ("calendarevents", true),
            ("userscompletion", self.userscompletion),
            ("logs", self.logs),
            ("grade_histories", self.grade_histories),
            ("questionbank", true),
            ("groups", true),
            ("competencies", true),
            ("customfield", true),
            ("contentbankcontent", true),
            ("xapistate", self.users),
            ("legacyfiles", true),
        ];
        settings.extend(root.into_iter().map(|(name, on)| Setting {
            level: Level::Root,
            name: name.into(),
            value: flag(on),
        }));
        let mut pair = |level: Level, prefix: &str| {
            for (end, on) in [("included", true), ("userinfo", self.users)] {
                settings.push(Setting { level: level.clone(), name: format!("{prefix}_{end}"), value: flag(on) });
            }
        };
        for (section, activities) in sections {
            let prefix = format!("section_{section}");
            pair(Level::Section(prefix.clone()), &prefix);
            for activity in activities.iter().filter(|_| self.activities) {
                let prefix = activity.to_string();
                pair(Level::Activity(prefix.clone()), &prefix);
            }
        }
        settings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn options_are_read() {
        let options = Options::parse([("users", "1"), ("enrolments", "2"), ("format", "zip"), ("users", "1")]).unwrap();
        assert!(options.users && options.activities && !options.logs);
        assert_eq!((options.enrolments, options.format), (Enrolments::Always, ArchiveFormat::Zip));
        assert_eq!(Options::parse([]).unwrap(), Options::default());
    }

    #[test]
    fn a_restore_takes_everything_unless_told() {
        let all = Options::parse_restore([]).unwrap();
        assert!(all.users && all.logs && all.activities && all.enrolments == Enrolments::Always);
        assert_eq!(all.settle(), (all, vec![]));
        let some = Options::parse_restore([("users", "0"), ("enrolments", "1")]).unwrap();
        assert!(!some.users && some.settle().0.facets().contains(&names::GROUP));
        for ours in ["anonymize", "files", "format"] {
            let refused = Options::parse_restore([(ours, "1")]).unwrap_err();
            assert_eq!(refused, OptionError::Unknown(ours.into()));
        }
    }

    #[test]
    fn bad_options_are_refused() {
        let refuse = |pairs: &[(&str, &str)]| Options::parse(pairs.iter().copied()).unwrap_err().to_string();
        assert_eq!(refuse(&[("bogus", "1")]), "Invalid external api parameter: bogus");
        assert!(refuse(&[("users", "2")]).contains("0 or 1 is"));
        assert!(refuse(&[("users", "1"), ("users", "0")]).contains("given as \"1\" and as \"0\""));
        assert_eq!(OptionError::CODE, "invalidextparam");
    }

    #[test]
    fn settings_of_other_releases_are_left_out() {
        let all = Options::default().settings("x.mbz", []);
        let keep = |origin: &[&str]| {
            let mut kept = all.clone();
            keep_settings_of(&origin.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>(), &mut kept);
            kept
        };
        assert_eq!(keep(&[]), all);
        let old = keep(&["filename", "users", "activities", "badges"]);
        let names: Vec<&str> = old.iter().map(|s| s.name.as_str()).collect();
        assert!(names.contains(&"badges") && names.contains(&"logs") && names.contains(&"filename"), "{names:?}");
        assert!(!names.contains(&"questionbank") && !names.contains(&"xapistate"), "{names:?}");
    }

    #[test]
    fn dependent_options_are_forced_off() {
        let asked = Options { logs: true, comments: true, grade_histories: true, ..Options::default() };
        let (options, forced) = asked.settle();
        assert_eq!(options, Options::default());
        assert_eq!(forced.iter().map(|f| f.option).collect::<Vec<_>>(), ["comments", "logs", "grade_histories"]);
        assert_eq!(forced[0].to_string(), "the option comments was set to 0, because it needs users = 1");
        let asked = Options { users: true, activities: false, grade_histories: true, ..Options::default() };
        assert_eq!(asked.settle().1, [Forced { option: "grade_histories", needs: "activities" }]);
    }

    proptest! {
        #[test]
        fn any_pairs_are_taken(pairs in proptest::collection::vec(("(users|logs|format|x|enrolments|comments)", "[012z]{0,2}"), 0..6)) {
            let parsed = Options::parse(pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())));
            if let Ok(options) = parsed {
                let (settled, _) = options.settle();
                prop_assert_eq!(settled.settle(), (settled, vec![]));
                prop_assert!(settled.users || !settled.facets().contains(&names::USER_DATA));
            }
        }
    }
}
