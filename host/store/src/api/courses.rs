//! Courses: rows, parts and runs; reading one as it is at a moment, building one unseen.
//!
//! The shapes follow `wit/course-store.wit`, which documents them.

use super::{CopyKind, Early, Event, Happening, Lease, Result, Target};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// A set of facet names, sorted, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Facets(Vec<String>);

impl Facets {
    /// From names in any order.
    pub fn new<I: IntoIterator<Item = S>, S: Into<String>>(names: I) -> Self {
        let mut names: Vec<String> = names.into_iter().map(Into::into).collect();
        names.sort();
        names.dedup();
        Self(names)
    }
    /// The names in order.
    pub fn names(&self) -> &[String] {
        &self.0
    }
    /// Whether every one of these is in `set`.
    pub fn all_in(&self, set: &Facets) -> bool {
        self.0.iter().all(|f| set.0.binary_search(f).is_ok())
    }
    /// These and those.
    pub fn union(&self, other: &Facets) -> Facets {
        Facets::new(self.0.iter().chain(&other.0).cloned())
    }
}

/// Where a scope's numbers come from; see `origin` in the contract.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Origin {
    pub site_hash: String,
    pub site_url: String,
    pub course: u64,
    pub context: u64,
    pub system_context: u64,
    pub category: u64,
    /// Seconds by which the course lies later here.
    pub date_offset: i64,
}

/// See `scope-record`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Scope {
    pub id: u64,
    pub origin: Origin,
}

/// See `binding`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Binding {
    pub kind: String,
    pub local: u64,
    pub target_scope: u64,
    pub target: u64,
}

/// The fields every course has; see `course-fields`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct CourseFields {
    pub fullname: String,
    pub shortname: String,
    pub idnumber: String,
    pub format: String,
    pub start_date: i64,
    pub end_date: i64,
    pub visible: bool,
    pub category: u64,
    pub created: i64,
    pub modified: i64,
}

/// A course row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Course {
    pub id: u64,
    /// The course's context id on this host.
    pub context: u64,
    pub fields: CourseFields,
    pub origin: Origin,
    /// JSON object.
    pub extra: String,
}

/// See `section-fields`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct SectionFields {
    pub local: u64,
    pub number: u32,
    pub name: String,
    pub visible: bool,
    pub delegated_to: u64,
}

/// See `activity-fields`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ActivityFields {
    pub local: u64,
    /// Local id of its section.
    pub section: u64,
    pub module: String,
    pub instance: u64,
    pub context: u64,
    pub name: String,
    pub visible: bool,
    pub idnumber: String,
}

/// See `block-fields`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct BlockFields {
    pub local: u64,
    pub name: String,
    pub context: u64,
    /// Item id of the activity on whose page it stands.
    pub activity: Option<u64>,
}

/// A row with its id on this host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item<F> {
    /// Id on this host; sections, activities and blocks share one sequence.
    pub id: u64,
    /// The scope in which its local ids count.
    pub scope: u64,
    /// The fields.
    pub fields: F,
}

/// What a part or reference belongs to. The number is an item id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Owner {
    Course,
    Section(u64),
    Activity(u64),
    Block(u64),
}

/// A part's description.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Part {
    pub id: u64,
    pub scope: u64,
    pub owner: Owner,
    pub name: String,
    pub facets: Facets,
    /// Bytes of all runs together.
    pub size: u64,
}

/// One stretch of a part that is a row.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct Row {
    pub element: Vec<u8>,
    pub columns: Columns,
}

/// The columns of the kinds of row; see `row-columns`. Ids are local.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Columns {
    Enrolment {
        local: u64,
        person: u64,
        method: u64,
        method_kind: String,
        suspended: bool,
        start: i64,
        end: i64,
    },
    RoleAssignment {
        local: u64,
        person: u64,
        role: u64,
    },
    Group {
        local: u64,
        name: String,
        idnumber: String,
    },
    GroupMember {
        local: u64,
        person: u64,
        group: u64,
    },
    GradeItem {
        local: u64,
        name: String,
        kind: String,
        maximum: String,
    },
    Grade {
        local: u64,
        person: u64,
        item: u64,
        final_grade: String,
        modified: i64,
    },
    Completion {
        local: u64,
        person: u64,
        state: u32,
        modified: i64,
    },
    Log {
        local: u64,
        person: u64,
        time: i64,
        context: u64,
        component: String,
        action: String,
        target: String,
        object_table: String,
        object: u64,
    },
}

/// One stretch of a part.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Run {
    Text(Vec<u8>),
    Rows(Vec<Row>),
}

/// A run with the facets it has beyond its part's.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct FacetedRun {
    pub facets: Facets,
    pub run: Run,
}

/// See `reference`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub struct Reference {
    pub kind: String,
    pub local: u64,
    pub facets: Facets,
}

/// See `entry`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Entry {
    pub kind: String,
    pub local: u64,
    pub name: String,
    pub archetype: String,
    pub element: Vec<u8>,
}

/// A blob's name and size.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BlobRef {
    /// 40 lowercase hexadecimal digits.
    pub sha1: String,
    /// In bytes.
    pub size: u64,
}

/// See `file-fields`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct CourseFileFields {
    pub local: u64,
    pub context: u64,
    pub component: String,
    pub area: String,
    pub item: i64,
    pub path: String,
    pub name: String,
    pub blob: Option<BlobRef>,
    pub mimetype: String,
    pub person: u64,
    pub facets: Facets,
    pub element: Vec<u8>,
}

/// See `archived-person`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ArchivedPerson {
    pub local: u64,
    pub username: String,
    pub email: String,
    pub firstname: String,
    pub lastname: String,
    pub idnumber: String,
    pub first_access: i64,
    pub deleted: bool,
    pub suspended: bool,
    pub element: Vec<u8>,
}

/// What becomes of an archived person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PersonChoice {
    /// The same person as this one.
    Link(u64),
    /// A new person.
    Create(NewPerson),
}

/// Who is created with an archived person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPerson {
    /// Their username.
    pub username: String,
    /// What is to be known of them beside the columns: a JSON object.
    pub extra: String,
}

impl From<&str> for NewPerson {
    fn from(username: &str) -> Self {
        Self { username: username.into(), extra: "{}".into() }
    }
}

/// What somebody may say of a category; see `category-fields`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct CategoryFields {
    pub name: String,
    /// 0 for none.
    pub parent: u64,
    pub idnumber: String,
    pub visible: bool,
    /// JSON object.
    pub extra: String,
}

/// A category.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Category {
    pub id: u64,
    pub context: u64,
    pub fields: CategoryFields,
    pub modified: i64,
    /// How many courses are in it.
    pub courses: u64,
}

/// An activity with its context on this host.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ActivityItem {
    pub id: u64,
    pub scope: u64,
    /// Its context on this host.
    pub context: u64,
    pub fields: ActivityFields,
}

/// Course-level reading and the doors to snapshots and drafts.
#[async_trait]
pub trait Courses: Send + Sync {
    /// Published courses by id, after `after`.
    async fn courses(&self, after: u64, limit: u32) -> Result<Vec<Course>>;
    /// One course. Errors: `NotFound` (course).
    async fn course(&self, id: u64) -> Result<Course>;
    /// By short name.
    async fn course_by_shortname(&self, shortname: &str) -> Result<Option<Course>>;
    /// By id number, the oldest that has it; none for an empty one.
    async fn course_by_idnumber(&self, idnumber: &str) -> Result<Option<Course>>;
    /// Overwrites what a course's row says, except when it was created. Errors: `NotFound` (course, category), `Conflict` (shortname).
    async fn update_course(&self, id: u64, fields: CourseFields, extra: String) -> Result<()>;
    /// All categories as they are shown: each followed by those inside it.
    async fn categories(&self) -> Result<Vec<Category>>;
    /// Adds categories, all or none; their ids. Errors: `NotFound` (category).
    async fn add_categories(&self, categories: Vec<CategoryFields>) -> Result<Vec<u64>>;
    /// Publishes drafts at one moment: all or none.
    async fn publish_all(&self, drafts: Vec<Box<dyn Draft>>) -> Result<Vec<u64>>;
    /// The course whose context this is.
    async fn course_by_context(&self, context: u64) -> Result<Option<Course>>;
    /// Counts for a listing: sections, activities, people linked, files and the bytes of their blobs.
    async fn course_counts(&self, id: u64) -> Result<CourseCounts>;
    /// Deletes a course with its areas: gone for every reader at once, swept later. Its short name is free at once.
    async fn delete_course(&self, id: u64) -> Result<()>;
    /// Deletes sections and activities with what belongs to them: the activities of a section, the section that an activity shows, the
    /// blocks of a page. Gone for every reader at once, swept later. Errors: `NotFound` (course, item), and then nothing is.
    async fn delete_items(&self, course: u64, items: Vec<u64>) -> Result<()>;
    /// The id of the first category (created with the store).
    async fn default_category(&self) -> Result<u64>;

    /// Opens a snapshot on a connection of its own; it leases the blobs it names.
    async fn snapshot(&self, course: u64) -> Result<Box<dyn Snapshot>>;
    /// Begins a course, reserving its short name. With a lease, every write checks it.
    async fn draft(
        &self,
        fields: CourseFields,
        origin: Origin,
        extra: String,
        lease: Option<Lease>,
    ) -> Result<Box<dyn Draft>>;
    /// Begins to bring something into a course that is there, in a scope of its own. Errors: `NotFound` (course).
    async fn extend(&self, course: u64, origin: Origin, lease: Option<Lease>) -> Result<Box<dyn Draft>>;
}

/// What is copied into a draft by reference, and how; see `copy-choice` in the contract.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CopyChoice {
    /// Pieces all of whose facets are in it are taken.
    pub facets: Facets,
    /// Whether people come along: who is linked, and, as far as the facets go, what was done to them on this host.
    pub people: bool,
    /// Whether enrolments made on this host come along with people.
    pub roster: bool,
    /// Seconds by which the copy lies later than what is copied.
    pub date_offset: i64,
    /// Names of the course's own parts that are left out.
    pub without: Vec<String>,
    /// Sections and activities; none for a whole course.
    pub items: Vec<u64>,
    /// Files that come along with items although they are in no context of theirs.
    pub files: Vec<u64>,
    /// Scopes that come along with items although none of these is of them.
    pub scopes: Vec<u64>,
}

/// What numbers of the source are in a copy of items: the old one and the new one, in order of age.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CopyNumbers {
    /// Scopes.
    pub scopes: Vec<(u64, u64)>,
    /// Sections, activities and blocks.
    pub items: Vec<(u64, u64)>,
}

/// How far a copy is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Copied {
    /// Rows copied.
    pub done: u64,
    /// All there are to copy. Equal to `done` once the copy is complete.
    pub total: u64,
}

/// How much there is of a course.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct CourseCounts {
    pub sections: u64,
    pub activities: u64,
    pub people: u64,
    pub files: u64,
    pub file_bytes: u64,
    pub log_rows: u64,
}

/// A course as it was when the snapshot was opened. Pages as in the contract.
#[async_trait]
pub trait Snapshot: Send {
    /// The course row.
    fn course(&self) -> &Course;
    /// Where plugins' data stood ([`super::PluginData`]): a copy made from this snapshot takes it as of then.
    fn storage_sequence(&self) -> u64;
    /// By age, the course's own first.
    async fn scopes(&mut self) -> Result<Vec<Scope>>;
    /// Scopes of copies within the course, each with that of the original.
    async fn scope_parents(&mut self) -> Result<Vec<(u64, u64)>>;
    /// By scope, each with the scope that is bound.
    async fn bindings(&mut self) -> Result<Vec<(u64, Binding)>>;
    /// By number.
    async fn sections(&mut self, after: u64, limit: u32) -> Result<Vec<Item<SectionFields>>>;
    /// In course order.
    async fn activities(&mut self, after: u64, limit: u32) -> Result<Vec<ActivityItem>>;
    /// By id.
    async fn blocks(&mut self, after: u64, limit: u32) -> Result<Vec<Item<BlockFields>>>;
    /// By owner, then as added.
    async fn parts(&mut self, after: u64, limit: u32) -> Result<Vec<Part>>;
    /// Bytes of a part under a set of facets. Reading on from where the last call ended must not cost a new search
    /// from the beginning of the part.
    async fn read_part(&mut self, part: u64, facets: &Facets, offset: u64, limit: u32) -> Result<Vec<u8>>;
    /// By id.
    async fn files(&mut self, after: u64, limit: u32) -> Result<Vec<Item<CourseFileFields>>>;
    /// Those taken by `facets`, each once, by kind and number. `facets` in the answer are those of one taken place.
    async fn references(&mut self, owner: Owner, facets: &Facets) -> Result<Vec<Reference>>;
    /// Those of one scope, as added; with the person on this host.
    async fn people(&mut self, scope: u64, after_local: u64, limit: u32) -> Result<Vec<(u64, ArchivedPerson)>>;
    /// By scope, as added, each with its scope.
    async fn entries(&mut self, kind: &str) -> Result<Vec<(u64, Entry)>>;
    /// As itself, for the store that made it.
    fn into_any(self: Box<Self>) -> Box<dyn std::any::Any + Send>;
}

/// A course in the making. Dropped without [`Draft::publish`], its rows are swept and its short name is free.
#[async_trait]
pub trait Draft: Send {
    /// The id the course has or will have.
    fn course(&self) -> u64;
    /// The course's context on this host.
    fn context(&self) -> u64;
    /// Binds numbers of this draft's scope to things of older scopes. Errors: `NotFound` (scope, section), `Invalid` for
    /// a new course.
    async fn bind(&mut self, bindings: Vec<Binding>) -> Result<()>;
    /// Adds a section, returns its item id.
    async fn add_section(&mut self, fields: SectionFields) -> Result<u64>;
    /// Adds an activity, returns its item id.
    async fn add_activity(&mut self, fields: ActivityFields) -> Result<u64>;
    /// Adds a block, returns its item id.
    async fn add_block(&mut self, fields: BlockFields) -> Result<u64>;
    /// Adds an empty part. Errors: `Conflict` (part).
    async fn add_part(&mut self, owner: Owner, name: String, facets: Facets) -> Result<u64>;
    /// Appends runs.
    async fn append_runs(&mut self, part: u64, runs: Vec<FacetedRun>) -> Result<()>;
    /// Adds references.
    async fn add_references(&mut self, owner: Owner, references: Vec<Reference>) -> Result<()>;
    /// Adds files; a blob that is not there is an error (`NotFound`, blob).
    async fn add_files(&mut self, files: Vec<CourseFileFields>) -> Result<()>;
    /// Adds entries.
    async fn add_entries(&mut self, entries: Vec<Entry>) -> Result<()>;
    /// Links or creates people; their ids, in order. Errors: `Conflict` (username).
    async fn add_people(&mut self, people: Vec<(ArchivedPerson, PersonChoice)>) -> Result<Vec<u64>>;
    /// Begins to copy by reference what a snapshot shows: a whole course into a new one, or items into a course that is there.
    /// Must be the first thing that is put into the draft. Errors: `Invalid`, `NotFound` (item, scope).
    async fn copy_from(&mut self, from: Box<dyn Snapshot>, choice: CopyChoice) -> Result<()>;
    /// What the numbers of items that are copied, and of their scopes, become. Errors: `Invalid` unless items are being copied.
    async fn copied_numbers(&mut self) -> Result<CopyNumbers>;
    /// Lets what is added and bound from now on be of a scope that came with items. Errors: `NotFound` (scope).
    async fn enter_scope(&mut self, scope: u64) -> Result<()>;
    /// Copies some more, in one short write. Errors: `Invalid` when nothing is left to be copied.
    async fn copy_some(&mut self) -> Result<Copied>;
    /// Lets the items that were copied go from their course when the draft is published: a move. For a job, once that has
    /// succeeded. Errors: `Invalid` unless items are being copied.
    async fn remove_originals(&mut self) -> Result<()>;
    /// Has targets told of this once the draft is published (`wit/events.wit`), in the order of the calls.
    async fn announce(&mut self, happenings: Vec<Happening>) -> Result<()>;
    /// Announces that what was added so far came out of an archive: the course, if it is new, its activities and groups.
    async fn announce_import(&mut self, backup: String, kind: CopyKind, job: String) -> Result<()>;
    /// What it has announced, in order.
    async fn events(&mut self) -> Result<Vec<Event>>;
    /// Writes down what a target's handler answered to events of this draft before it is published: what it wants done becomes
    /// visible with the draft, or not at all.
    async fn answered_early(&mut self, target: &Target, answers: &[Early], now_ms: i64) -> Result<()>;
    /// Whether it makes a course, rather than bringing something into one.
    fn is_new_course(&self) -> bool;
    /// Makes everything visible in one small transaction. Errors: `LeaseLost`, `NotFound` (course) when the course that is
    /// extended is gone.
    async fn publish(self: Box<Self>) -> Result<u64>;
    /// As itself, for the store that made it.
    fn into_any(self: Box<Self>) -> Box<dyn std::any::Any + Send>;
    /// Gives it up at once rather than by the next sweep.
    async fn discard(self: Box<Self>) -> Result<()>;
}
