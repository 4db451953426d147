//! The files of the course's own content, by activity, as answers list them.

use super::answer::Content;
use super::course::{Activity, Course};
use crate::text;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use provost_guest::Result;
use provost_guest::course_store::FileRecord;
use provost_moodle_archive::xml::fields::Fields;
use std::collections::{HashMap, HashSet};

/// What addresses of files spell in percent: all but letters, digits and `-_.~`.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The modules whose files are listed, with the area in which they lie.
const LISTED: &[(&str, &str)] =
    &[("resource", "content"), ("folder", "content"), ("page", "content"), ("book", "chapter"), ("imscp", "content")];

/// Files by scope and local context.
#[derive(Default)]
pub struct Files {
    by_context: HashMap<(u64, u64), Vec<FileRecord>>,
    people: HashMap<(u64, u64), u64>,
}

impl Files {
    /// Reads the files of those activities that list theirs.
    pub fn read<'a>(course: &Course, activities: impl Iterator<Item = &'a Activity>) -> Result<Self> {
        let area = |module: &str| LISTED.iter().find(|(name, _)| *name == module).map(|(_, area)| *area);
        let mut contexts: HashMap<(u64, u64), (String, &str)> = HashMap::new();
        for activity in activities {
            let fields = &activity.record.fields;
            if let Some(area) = area(&fields.module) {
                let at = (activity.record.scope, fields.context);
                contexts.insert(at, (format!("mod_{}", fields.module), area));
            }
        }
        if contexts.is_empty() {
            return Ok(Self::default());
        }
        let found = course.files(|file| {
            let listed = contexts.get(&(file.scope, file.fields.context));
            let fields = &file.fields;
            // A directory has a dot for a name.
            fields.name != "." && listed.is_some_and(|(c, a)| *c == fields.component && *a == fields.area)
        })?;
        let owned = found.iter().filter(|file| file.fields.person != 0);
        let people: HashSet<(u64, u64)> = owned.map(|file| (file.scope, file.fields.person)).collect();
        let people = course.people(&people.into_iter().collect::<Vec<_>>())?;
        let mut by_context: HashMap<_, Vec<FileRecord>> = HashMap::new();
        for file in found {
            by_context.entry((file.scope, file.fields.context)).or_default().push(file);
        }
        Ok(Self { by_context, people })
    }

    /// The files of an activity, what its sort order puts first at the front.
    pub fn of(&self, activity: &Activity) -> Vec<File<'_>> {
        let at = (activity.record.scope, activity.record.fields.context);
        let records = self.by_context.get(&at).map(Vec::as_slice).unwrap_or_default();
        let mut files: Vec<_> = records.iter().filter_map(|record| self.file(activity, record)).collect();
        files.sort_by_key(|file| std::cmp::Reverse(file.order));
        files
    }

    fn file<'a>(&'a self, activity: &Activity, record: &'a FileRecord) -> Option<File<'a>> {
        // A row without readable bytes still is a file, but one whose other fields nobody knows.
        let row = Fields::of(&record.fields.element).ok();
        let text = |name: &str| row.as_ref().and_then(|row| row.get(name)).map(|value| value.into_owned());
        let number = |name: &str| row.as_ref().map_or(0, |row| row.number(name));
        let size =
            record.fields.blob.as_ref().map_or_else(|| u64::try_from(number("filesize")).unwrap_or(0), |b| b.size);
        Some(File {
            record,
            context: activity.record.context,
            person: self.people.get(&(record.scope, record.fields.person)).copied(),
            order: number("sortorder"),
            size,
            created: number("timecreated"),
            modified: number("timemodified"),
            author: text("author"),
            license: text("license"),
            repository: text("repositorytype").filter(|name| !name.is_empty()),
        })
    }
}

/// A file.
pub struct File<'a> {
    /// Its row.
    pub record: &'a FileRecord,
    context: u64,
    person: Option<u64>,
    order: i64,
    size: u64,
    created: i64,
    modified: i64,
    author: Option<String>,
    license: Option<String>,
    repository: Option<String>,
}

impl File<'_> {
    /// As an answer lists it, under an address with this item.
    pub fn content(&self, item: i64, download: bool) -> Content {
        let fields = &self.record.fields;
        let path = format!("{}/{}{}{}", fields.area, item, fields.path, fields.name);
        Content {
            kind: "file",
            filename: fields.name.clone(),
            filepath: Some(fields.path.clone()),
            filesize: self.size,
            fileurl: Some(address(self.context, &fields.component, &path, download)),
            timecreated: Some(self.created),
            timemodified: self.modified,
            sortorder: Some(self.order),
            mimetype: Some(fields.mimetype.clone()).filter(|kind| !kind.is_empty()),
            isexternalfile: Some(self.repository.is_some()),
            repositorytype: self.repository.clone(),
            userid: self.person,
            author: self.author.clone(),
            license: self.license.clone(),
            ..Content::default()
        }
    }

    /// The ending of its name, in upper case.
    pub fn extension(&self) -> Option<String> {
        let (stem, extension) = self.record.fields.name.rsplit_once('.')?;
        (!stem.is_empty() && !extension.is_empty()).then(|| extension.to_uppercase())
    }
}

/// The address of a file; `path` begins with its area.
pub fn address(context: u64, component: &str, path: &str, download: bool) -> String {
    let path: Vec<String> = path.split('/').map(|part| utf8_percent_encode(part, ESCAPED).to_string()).collect();
    let download = if download { "?forcedownload=1" } else { "" };
    text::address(&format!("/webservice/pluginfile.php/{context}/{component}/{}{download}", path.join("/")))
}
