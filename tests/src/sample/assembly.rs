//! Puts a sample course together: gives every part its documents and derives what is derived in an archive
//! (`inforef.xml`, `files.xml`, the file pool, contents, settings).

use super::{ARCHIVE_NAME, MADE, START, activities, collaboration, course, quiz, times};
use crate::forms;
use crate::outline;
use crate::tree;
use sha1::{Digest, Sha1};
use std::collections::{BTreeMap, BTreeSet};

/// Course id.
pub(super) const COURSE: u32 = 21;
/// The course's context.
pub(super) const CONTEXT: u32 = 210;
/// The course's grade category.
pub(super) const CATEGORY: u32 = 61;
/// The teacher, author of everything.
pub(super) const TEACHER: u32 = 101;

/// What of a course has to be known to put it together.
pub(crate) struct Frame {
    pub facts: forms::CourseFacts<'static>,
    /// The course's grade category.
    pub category: u32,
    /// Who grades.
    pub teacher: u32,
    pub sections: &'static [Section],
    /// The course module that shows a delegated section.
    pub subsection: Option<u32>,
    /// Who is named by the course.
    pub enrolled: Vec<u32>,
    /// Who looked at every activity.
    pub viewers: Vec<u32>,
}

/// A section of a sample.
pub(crate) struct Section {
    pub id: u32,
    pub number: u32,
    pub name: &'static str,
    pub summary: &'static str,
    /// Instance of the subsection activity that shows it.
    pub item: Option<u32>,
}

/// A file somewhere in the course.
#[derive(Default)]
pub(crate) struct Attached {
    pub component: &'static str,
    pub area: &'static str,
    pub item: u32,
    pub name: &'static str,
    pub mime: &'static str,
    pub user: u32,
    /// The name of who made it, as text; empty for none.
    pub author: &'static str,
    /// The repository kind and the reference of a file that is only a link.
    pub alias: Option<(&'static str, &'static str)>,
    pub content: Vec<u8>,
}

/// Id, maximum and (person, grade) of a grade item.
pub(crate) type Graded = (u32, u32, Vec<(u32, &'static str)>);

/// An activity of a sample.
#[derive(Default)]
pub(crate) struct Activity {
    pub module: &'static str,
    pub id: u32,
    pub instance: u32,
    pub context: u32,
    /// Index into [`Frame::sections`].
    pub section: usize,
    pub title: &'static str,
    /// Of a forum, its type.
    pub kind: &'static str,
    /// Outline of the module's own element's content.
    pub body: String,
    pub files: Vec<Attached>,
    pub hidden: bool,
    pub completion: u8,
    pub availability: &'static str,
    pub group_mode: u8,
    pub grouping: u32,
    /// Its grade item.
    pub grade: Option<Graded>,
    /// Documents other than empty ones: file name and outline.
    pub documents: Vec<(&'static str, String)>,
    /// Ids of question categories it uses.
    pub categories: Vec<u32>,
    /// Ids of grade items that its documents hold.
    pub items: Vec<u32>,
}

/// Fields in which a person's id stands.
const PERSON_FIELDS: &[&str] = &[
    "userid",
    "authorid",
    "reviewerid",
    "grader",
    "usermodified",
    "modifierid",
    "loggeduser",
    "createdby",
    "modifiedby",
    "ownerid",
    "usercreated",
    "recipientid",
    "issuerid",
    "raterid",
    "gradeoverby",
    "gradinggradeoverby",
    "teacher",
    "allocatedmarker",
];

pub(crate) struct Assembly {
    tree: BTreeMap<String, Vec<u8>>,
    rows: String,
    next_file: u32,
    frame: Frame,
}

impl Assembly {
    pub(crate) fn new(frame: Frame) -> Self {
        Self { tree: BTreeMap::new(), rows: String::from("files\n"), next_file: 501, frame }
    }

    /// Adds a file as it is.
    pub(crate) fn raw(&mut self, path: &str, bytes: &[u8]) {
        self.tree.insert(path.to_owned(), bytes.to_vec());
    }

    /// Adds what comes last: the file rows, the master file and the empty log.
    pub(crate) fn finish(mut self, master: &str) -> BTreeMap<String, Vec<u8>> {
        let rows = std::mem::take(&mut self.rows);
        self.document("files.xml", &rows);
        self.document("moodle_backup.xml", master);
        self.tree.insert("moodle_backup.log".to_owned(), Vec::new());
        self.tree
    }

    pub(crate) fn document(&mut self, path: &str, outline: &str) {
        let text = outline::document(&times(outline));
        self.tree.insert(path.to_owned(), text.into_bytes());
    }

    /// Adds rows and pool content; gives the ids of the rows.
    pub(crate) fn attach(&mut self, context: u32, files: Vec<Attached>) -> Vec<u32> {
        let mut ids = Vec::new();
        let mut areas = BTreeSet::new();
        for f in files {
            let area = (f.component, f.area, f.item);
            let hash = hex::encode(Sha1::digest(&f.content));
            let mut row = forms::FileRow {
                id: self.next_file,
                hash: hash.clone(),
                size: f.content.len() as u64,
                context,
                component: f.component.to_owned(),
                area: f.area.to_owned(),
                item: f.item,
                name: f.name.to_owned(),
                mime: Some(f.mime.to_owned()),
                user: Some(f.user),
                time: START,
                author: (!f.author.is_empty()).then(|| f.author.to_owned()),
                alias: f.alias.map(|(kind, reference)| (kind.to_owned(), reference.to_owned())),
            };
            self.rows += &outline::indented(&forms::file(&row), 1);
            ids.push(row.id);
            self.next_file += 1;
            if areas.insert(area) {
                row = forms::FileRow {
                    id: self.next_file,
                    hash: forms::EMPTY_HASH.to_owned(),
                    size: 0,
                    name: ".".to_owned(),
                    mime: None,
                    author: None,
                    alias: None,
                    ..row
                };
                self.rows += &outline::indented(&forms::file(&row), 1);
                ids.push(row.id);
                self.next_file += 1;
            }
            if f.alias.is_none() {
                self.pool(&hash, f.content);
            }
        }
        ids
    }

    fn pool(&mut self, hash: &str, content: Vec<u8>) {
        self.tree.insert(format!("files/{}/{hash}", &hash[..2]), content);
    }

    /// Writes `inforef.xml` of a directory; people are found in its documents.
    pub(crate) fn inforef(&mut self, directory: &str, groups: &[(&str, &str, Vec<u32>)]) {
        let mut people = BTreeSet::new();
        let within = format!("{directory}/");
        for (path, bytes) in &self.tree {
            let Some(inside) = path.strip_prefix(&within) else { continue };
            if inside.starts_with("blocks/") || inside == "logs.xml" || inside == "logstores.xml" {
                continue;
            }
            if let Ok(root) = tree::parse(bytes) {
                root.walk(&mut |e| {
                    let own = (e.name.as_str(), e.text.as_str());
                    let attributes = e.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str()));
                    for (name, value) in attributes.chain([own]) {
                        if PERSON_FIELDS.contains(&name)
                            && let Ok(id) = value.parse::<u32>()
                            && id > 0
                        {
                            people.insert(id);
                        }
                    }
                });
            }
        }
        let mut text = String::from("inforef\n");
        if directory == "course" {
            people.extend(&self.frame.enrolled);
        }
        let people = ("userref", "user", people.into_iter().collect());
        for (group, item, ids) in [&people].into_iter().chain(groups) {
            if ids.is_empty() {
                continue;
            }
            text += &format!("  {group}\n");
            for id in ids {
                text += &format!("    {item}\n      id: {id}\n");
            }
        }
        self.document(&format!("{directory}/inforef.xml"), &text);
    }

    pub(crate) fn activity(&mut self, a: Activity) {
        let directory = format!("activities/{}_{}", a.module, a.id);
        let section = &self.frame.sections[a.section];
        for (name, outline) in forms::EMPTY_PARTS {
            self.document(&format!("{directory}/{name}"), outline);
        }
        let facts = forms::ModuleFacts {
            id: a.id,
            module: a.module,
            section: section.id,
            number: section.number,
            added: START,
            visible: !a.hidden,
            completion: a.completion,
            availability: if a.availability.is_empty() { "~" } else { a.availability },
            group_mode: a.group_mode,
            grouping: a.grouping,
        };
        self.document(&format!("{directory}/module.xml"), &forms::module(&facts));
        // Some modules have a field before the name.
        let first = match a.module {
            "lesson" => format!("    course: {}\n", self.frame.facts.id),
            "forum" => format!("    type: {}\n", a.kind),
            _ => String::new(),
        };
        let body = format!(
            "activity id={i} moduleid={} modulename={m} contextid={}\n  {m} id={i}\n{first}    name: {}\n{}",
            a.id,
            a.context,
            a.title,
            outline::indented(&a.body, 2),
            i = a.instance,
            m = a.module
        );
        self.document(&format!("{directory}/{}.xml", a.module), &body);
        self.document(&format!("{directory}/logstores.xml"), &viewed(&a, &self.frame.viewers));
        let mut items = a.items.clone();
        if let Some((item, max, grades)) = &a.grade {
            items.push(*item);
            self.grades(&directory, &a, *item, *max, grades);
        }
        for (name, outline) in &a.documents {
            self.document(&format!("{directory}/{name}"), outline);
        }
        let files = self.attach(a.context, a.files);
        self.inforef(
            &directory,
            &[
                ("fileref", "file", files),
                ("grade_itemref", "grade_item", items),
                ("question_categoryref", "question_category", a.categories),
            ],
        );
    }

    /// The master file. Activities are given in the order of contents.
    pub(crate) fn master(&self, all: &[Activity]) -> String {
        let Frame { facts, sections, subsection, .. } = &self.frame;
        let mut text = String::from("moodle_backup\n  information\n");
        text += &outline::indented(&forms::information(facts), 2);
        text += "    contents\n      activities\n";
        for a in all {
            let section = &sections[a.section];
            text += &outline::indented(
                &forms::contents_activity(a.module, a.id, section.id, a.title, section.item.is_some()),
                4,
            );
        }
        text += "      sections\n";
        for s in *sections {
            let number = s.number.to_string();
            let title = if s.name == "~" { &number } else { s.name };
            text += &outline::indented(&forms::contents_section(s.id, title, s.item.and(*subsection)), 4);
        }
        text += &format!(
            "      course\n        courseid: {}\n        title: {}\n        directory: course\n    settings\n",
            facts.id, facts.shortname
        );
        text += &outline::indented(&forms::root_setting("filename", facts.archive), 3);
        for name in forms::ROOT_SETTINGS {
            let value = if matches!(*name, "imscc11" | "anonymize") { "0" } else { "1" };
            text += &outline::indented(&forms::root_setting(name, value), 3);
        }
        for (index, s) in sections.iter().enumerate() {
            text += &outline::indented(&forms::part_settings("section", &format!("section_{}", s.id)), 3);
            for a in all.iter().filter(|a| a.section == index) {
                text += &outline::indented(&forms::part_settings("activity", &format!("{}_{}", a.module, a.id)), 3);
            }
        }
        text
    }

    fn grades(&mut self, directory: &str, a: &Activity, item: u32, max: u32, grades: &[(u32, &str)]) {
        let mut text = String::from("activity_gradebook\n  grade_items\n");
        let kind = ("mod", Some((a.module, a.instance)));
        text +=
            &outline::indented(&forms::grade_item(item, a.title, kind, self.frame.category, max, item - 70, START), 2);
        let mut past = String::from("grade_history\n  grade_grades\n");
        for (n, (user, grade)) in grades.iter().enumerate() {
            let id = item * 10 + n as u32;
            let time = START + 30 * 86_400 + n as u64 * 60;
            text += &outline::indented(&forms::grade(id, *user, self.frame.teacher, grade, max, time), 4);
            past += &outline::indented(
                &forms::past_grade(&forms::PastGrade {
                    id: id * 10,
                    old: id,
                    item,
                    user: *user,
                    grader: self.frame.teacher,
                    grade,
                    max,
                    time,
                }),
                2,
            );
        }
        text += "  grade_letters\n";
        self.document(&format!("{directory}/grades.xml"), &text);
        self.document(&format!("{directory}/grade_history.xml"), &past);
    }
}

/// Somebody looked at every activity.
fn viewed(a: &Activity, viewers: &[u32]) -> String {
    let event = format!("\\mod_{}\\event\\course_module_viewed", a.module);
    let component = format!("mod_{}", a.module);
    let mut text = String::from(
        "logstores\n  logstore\n    subplugin_logstore_database_logstore\n    subplugin_logstore_standard_logstore\n",
    );
    for (n, &user) in viewers.iter().enumerate() {
        let facts = forms::LogFacts {
            event: &event,
            component: &component,
            deed: ("viewed", "course_module"),
            object: Some((a.module, a.instance)),
            crud: 'r',
            context: a.context,
            user,
        };
        let n = n as u32;
        let time = START + u64::from(a.id) * 600 + u64::from(n) * 90;
        text += &outline::indented(&forms::log(a.id * 10 + n, &facts, time), 3);
    }
    text
}

/// The whole course as paths and bytes.
pub(super) fn assemble() -> BTreeMap<String, Vec<u8>> {
    let mut all = activities::activities();
    all.extend(collaboration::activities());
    all.push(quiz::activity());
    // Order of contents: by section, then as added (moodle-observed.md 5).
    all.sort_by_key(|a| (a.section, a.id));
    let mut assembly = Assembly::new(frame());
    let master = assembly.master(&all);
    let sequences: Vec<Vec<u32>> =
        (0..course::SECTIONS.len()).map(|s| all.iter().filter(|a| a.section == s).map(|a| a.id).collect()).collect();
    for a in all {
        assembly.activity(a);
    }
    for (section, sequence) in course::SECTIONS.iter().zip(&sequences) {
        let directory = format!("sections/section_{}", section.id);
        let text =
            forms::section(section.id, section.number, section.name, section.summary, sequence, section.item, START);
        assembly.document(&format!("{directory}/section.xml"), &text);
        let files = assembly.attach(CONTEXT, course::section_files(section.id));
        assembly.inforef(&directory, &[("fileref", "file", files)]);
    }
    for (path, outline) in course::documents() {
        assembly.document(&path, &outline);
    }
    for block in ["html_71", "calendar_month_72"] {
        assembly.inforef(&format!("course/blocks/{block}"), &[]);
    }
    let mut files = assembly.attach(CONTEXT, course::files());
    files.sort_unstable();
    assembly.inforef(
        "course",
        &[
            ("groupingref", "grouping", vec![15]),
            ("groupref", "group", vec![11, 12]),
            ("roleref", "role", vec![3, 4, 5]),
            ("fileref", "file", files),
            ("question_categoryref", "question_category", vec![81, 82]),
        ],
    );
    assembly.finish(&master)
}

fn frame() -> Frame {
    let facts = forms::CourseFacts {
        archive: ARCHIVE_NAME,
        id: COURSE,
        context: CONTEXT,
        fullname: course::FULL_NAME,
        shortname: course::SHORT_NAME,
        start: START,
        end: START + 120 * 86_400,
        made: MADE,
        backup_id: "8b1d5c0e7f3a4296b0c9d8e7f6a51234",
    };
    Frame {
        facts,
        category: CATEGORY,
        teacher: TEACHER,
        sections: course::SECTIONS,
        subsection: Some(314),
        enrolled: course::PEOPLE.iter().map(|p| p.id).collect(),
        viewers: vec![103, 104],
    }
}
