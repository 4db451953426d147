//! Where things lie in an archive: from a path to the owner and name of a part, and back (mbz-format.md 2).

use std::fmt;

/// Whom a document of an archive belongs to. Numbers are those of the archive.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Owner {
    /// The course, in a document at the archive's top level, such as `gradebook.xml`.
    Archive,
    /// The course, in a document of the directory `course`.
    Course,
    /// A section, by its id.
    Section(u64),
    /// An activity.
    Activity(Activity),
    /// A block.
    Block {
        /// The kind of block, such as `html`.
        name: String,
        /// The block instance's id.
        id: u64,
        /// The activity on whose page it stands; `None` for the course page.
        activity: Option<Activity>,
    },
}

/// An activity as directories name it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Activity {
    /// The module, such as `forum`.
    pub module: String,
    /// The course module id.
    pub id: u64,
}

/// The kinds of [`Owner`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OwnerKind {
    /// See [`Owner::Archive`].
    Archive,
    /// See [`Owner::Course`].
    Course,
    /// See [`Owner::Section`].
    Section,
    /// See [`Owner::Activity`].
    Activity,
    /// See [`Owner::Block`] with no activity.
    CourseBlock,
    /// See [`Owner::Block`] with an activity.
    ActivityBlock,
}

impl Owner {
    /// Which kind it is.
    pub fn kind(&self) -> OwnerKind {
        match self {
            Owner::Archive => OwnerKind::Archive,
            Owner::Course => OwnerKind::Course,
            Owner::Section(_) => OwnerKind::Section,
            Owner::Activity(_) => OwnerKind::Activity,
            Owner::Block { activity: None, .. } => OwnerKind::CourseBlock,
            Owner::Block { activity: Some(_), .. } => OwnerKind::ActivityBlock,
        }
    }

    /// The owner's directory without a slash at its end; empty for [`Owner::Archive`].
    pub fn directory(&self) -> String {
        match self {
            Owner::Archive => String::new(),
            Owner::Course => "course".to_owned(),
            Owner::Section(id) => format!("sections/section_{id}"),
            Owner::Activity(activity) => format!("activities/{activity}"),
            Owner::Block { name, id, activity: None } => format!("course/blocks/{name}_{id}"),
            Owner::Block { name, id, activity: Some(activity) } => format!("activities/{activity}/blocks/{name}_{id}"),
        }
    }
}

impl fmt::Display for Activity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.module, self.id)
    }
}

/// A document of an archive: its owner and file name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartName {
    /// Whom it belongs to.
    pub owner: Owner,
    /// The file's name, such as `forum.xml`.
    pub file: String,
}

impl PartName {
    /// The path in the archive.
    pub fn path(&self) -> String {
        match &self.owner {
            Owner::Archive => self.file.clone(),
            owner => format!("{}/{}", owner.directory(), self.file),
        }
    }

    /// A name unique among the documents of one owner in the store, where the archive's top level and the directory
    /// `course` are both the course's: `gradebook.xml`, `course/enrolments.xml`, `forum.xml`.
    pub fn stored_name(&self) -> String {
        match &self.owner {
            Owner::Course => format!("course/{}", self.file),
            _ => self.file.clone(),
        }
    }

    /// The part with this [`stored_name`](Self::stored_name) of the course.
    pub fn of_course(stored_name: &str) -> Self {
        match stored_name.strip_prefix("course/") {
            Some(file) => Self { owner: Owner::Course, file: file.to_owned() },
            None => Self { owner: Owner::Archive, file: stored_name.to_owned() },
        }
    }

    /// The name of the module whose own document this is: `forum` for `activities/forum_433/forum.xml`.
    pub fn module(&self) -> Option<&str> {
        match &self.owner {
            Owner::Activity(a) if self.file.strip_suffix(".xml") == Some(&a.module) => Some(&a.module),
            _ => None,
        }
    }

    /// The kind of block this belongs to: `html` for `course/blocks/html_3/block.xml`.
    pub fn block(&self) -> Option<&str> {
        match &self.owner {
            Owner::Block { name, .. } => Some(name),
            _ => None,
        }
    }
}

/// What a path of an archive stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A document.
    Part(PartName),
    /// The content of a file, by its SHA-1 in lowercase hexadecimal.
    Pool(String),
    /// Nothing that the format knows. Moodle ignores such files.
    Unknown,
}

/// Reads a path of an archive. A leading `./` is dropped.
pub fn parse(path: &str) -> Place {
    let path = path.strip_prefix("./").unwrap_or(path);
    let part = |owner: Option<Owner>, file: &str| match owner {
        // Whatever else lies there is no document: `moodle_backup.log`, the index, what somebody put beside them.
        Some(owner) if file.ends_with(".xml") => Place::Part(PartName { owner, file: file.to_owned() }),
        _ => Place::Unknown,
    };
    let segments: Vec<&str> = path.split('/').collect();
    match segments[..] {
        [file] => part(Some(Owner::Archive), file),
        ["course", file] => part(Some(Owner::Course), file),
        ["course", "blocks", directory, file] => part(block(directory, None), file),
        ["sections", directory, file] => {
            let owner = numbered(directory).and_then(|(name, id)| (name == "section").then_some(Owner::Section(id)));
            part(owner, file)
        }
        ["activities", directory, file] => part(activity(directory).map(Owner::Activity), file),
        ["activities", on, "blocks", directory, file] => {
            part(activity(on).and_then(|a| block(directory, Some(a))), file)
        }
        ["files", prefix, hash] if is_sha1(hash) && hash.starts_with(prefix) && prefix.len() == 2 => {
            Place::Pool(hash.to_owned())
        }
        _ => Place::Unknown,
    }
}

/// The path of a file's content in the pool (mbz-format.md 6). `sha1` is 40 lowercase hexadecimal digits.
pub fn pool_path(sha1: &str) -> String {
    format!("files/{}/{sha1}", sha1.get(..2).unwrap_or(sha1))
}

/// Reads a directory name such as `activities/forum_433` or `forum_433`, as the master file gives it.
pub fn activity(directory: &str) -> Option<Activity> {
    let name = directory.strip_prefix("activities/").unwrap_or(directory);
    numbered(name).map(|(module, id)| Activity { module: module.to_owned(), id })
}

fn block(directory: &str, activity: Option<Activity>) -> Option<Owner> {
    numbered(directory).map(|(name, id)| Owner::Block { name: name.to_owned(), id, activity })
}

/// Splits `name_12`. Names may hold `_` themselves, so the last one counts.
fn numbered(directory: &str) -> Option<(&str, u64)> {
    let (name, id) = directory.rsplit_once('_')?;
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if name.is_empty() || !plain || id.is_empty() || !id.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // A leading zero would not survive the way back.
    if id.len() > 1 && id.starts_with('0') {
        return None;
    }
    Some((name, id.parse().ok()?))
}

fn is_sha1(hash: &str) -> bool {
    hash.len() == 40 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paths_go_there_and_back() {
        let paths = [
            "moodle_backup.xml",
            "course/course.xml",
            "course/blocks/html_10/block.xml",
            "sections/section_130/section.xml",
            "activities/forum_433/forum.xml",
            "activities/my_mod_1/blocks/html_3/block.xml",
        ];
        for path in paths {
            let Place::Part(part) = parse(path) else { panic!("{path}") };
            assert_eq!(part.path(), path);
        }
        let Place::Part(part) = parse("./activities/my_mod_1/my_mod.xml") else { panic!() };
        assert_eq!(part.owner, Owner::Activity(Activity { module: "my_mod".into(), id: 1 }));
        assert_eq!(part.module(), Some("my_mod"));
    }

    #[test]
    fn pool_and_unknown_paths() {
        let hash = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
        assert_eq!(parse(&pool_path(hash)), Place::Pool(hash.into()));
        for path in [
            "",
            "files/da39a3",
            "files/xx/da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "activities/forum/forum.xml",
            "activities/forum_01/x",
            "a/b",
            "sections/part_1/x.xml",
        ] {
            assert_eq!(parse(path), Place::Unknown, "{path}");
        }
    }

    #[test]
    fn course_documents_have_stored_names_of_their_own() {
        for path in ["roles.xml", "course/roles.xml"] {
            let Place::Part(part) = parse(path) else { panic!() };
            assert_eq!(PartName::of_course(&part.stored_name()), part);
        }
    }

    proptest! {
        #[test]
        fn what_is_a_part_has_its_path(path in "(activities|course|blocks|files|sections|section_1|a_2|x\\.xml|/|_|\\.){0,8}") {
            if let Place::Part(part) = parse(&path) {
                prop_assert_eq!(part.path(), path.strip_prefix("./").unwrap_or(&path));
            }
        }
    }
}
