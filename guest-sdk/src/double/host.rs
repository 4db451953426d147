//! The state behind the test double.

use super::course::Course;
use super::manifest::Manifest;
use crate::bindings::imports::provost::plugin::{
    config::SiteFacts,
    courses::{CategoryFields, CategoryRecord},
    enrolments::Enrolment,
    files::File,
    jobs::Job,
    log::Level,
    people::{Person, Place, Role},
    services::{Offered, Service},
};
use crate::web_service::TextSettings;
use crate::{BlobRef, Caller, Error, Result};
use sha1::{Digest, Sha1};
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

/// The administrator that every site has.
pub(crate) const ADMIN: u64 = 2;

/// A job with what only the host knows of it.
pub(crate) struct JobEntry {
    pub(crate) job: Job,
    pub(crate) key: String,
    /// Whether other plugins may see it.
    pub(crate) shared: bool,
    /// Asked to stop.
    pub(crate) stop: bool,
    /// Every progress it reported, the ignored ones too.
    pub(crate) reported: Vec<f64>,
}

/// The next id of each sequence. They begin far apart, so that an id used for the wrong thing finds nothing.
pub(crate) struct Sequences {
    pub(crate) person: u64,
    pub(crate) course: u64,
    pub(crate) context: u64,
    pub(crate) item: u64,
    pub(crate) scope: u64,
    pub(crate) category: u64,
    pub(crate) area_file: u64,
    pub(crate) draft_item: u64,
    pub(crate) course_file: u64,
    pub(crate) part: u64,
    pub(crate) job: u128,
}

/// Gives out the next id of a sequence.
pub(crate) fn take(sequence: &mut u64) -> u64 {
    let id = *sequence;
    *sequence += 1;
    id
}

/// Everything the double knows.
pub(crate) struct Host {
    /// Tells hosts of one thread apart, so that what outlives a host leaves its successor alone.
    pub(crate) generation: u64,
    pub(crate) manifest: Option<Manifest>,
    pub(crate) now: i64,
    pub(crate) monotonic: u64,
    pub(crate) time_zone: jiff::tz::TimeZone,
    pub(crate) random: u64,
    pub(crate) site: SiteFacts,
    pub(crate) config: BTreeMap<String, serde_json::Value>,
    pub(crate) blobs: HashMap<String, Arc<[u8]>>,
    pub(crate) people: BTreeMap<u64, Person>,
    pub(crate) person_contexts: HashMap<u64, u64>,
    /// Those who were given a password.
    pub(crate) with_password: HashSet<u64>,
    /// People by the site they came from and their id there.
    pub(crate) origins: HashMap<(String, u64), u64>,
    pub(crate) allowed: Vec<(u64, String, Place)>,
    pub(crate) roles: Vec<Role>,
    /// Roles given on this host: person, role, place.
    pub(crate) role_grants: Vec<(u64, u64, Place)>,
    /// Enrolments made on this host, by course and person.
    pub(crate) roster: BTreeMap<(u64, u64), Enrolment>,
    pub(crate) categories: BTreeMap<u64, CategoryRecord>,
    pub(crate) courses: BTreeMap<u64, Rc<Course>>,
    /// Names of unpublished drafts.
    pub(crate) reserved_shortnames: HashSet<String>,
    /// Short names that jobs hold until they end.
    pub(crate) job_shortnames: HashMap<String, String>,
    pub(crate) reserved_usernames: HashSet<String>,
    pub(crate) area_files: Vec<File>,
    pub(crate) services: Vec<Service>,
    /// What each service offers; one that is not here offers what was called last.
    pub(crate) service_functions: HashMap<String, Vec<Offered>>,
    /// The functions of the plugin called last.
    pub(crate) offered: Vec<Offered>,
    /// How calls want texts, and the service they come through.
    pub(crate) settings: TextSettings,
    pub(crate) service: String,
    pub(crate) jobs: Vec<JobEntry>,
    /// The job being run.
    pub(crate) running: Option<String>,
    /// For whom the plugin acts.
    pub(crate) caller: Option<Caller>,
    pub(crate) log: Vec<(Level, String)>,
    pub(crate) page_limit: u32,
    pub(crate) read_limit: u32,
    pub(crate) next: Sequences,
}

impl Host {
    /// A site with an administrator and one category (1), at 2026-01-05 09:00:00 UTC.
    pub(crate) fn new() -> Self {
        thread_local! {
            static GENERATION: Cell<u64> = const { Cell::new(0) };
        }
        let generation = GENERATION.get() + 1;
        GENERATION.set(generation);
        let mut host = Self {
            generation,
            manifest: None,
            now: 1_767_603_600,
            monotonic: 0,
            time_zone: jiff::tz::TimeZone::UTC,
            random: 0,
            site: SiteFacts {
                name: "Example site".into(),
                url: "https://lms.example.org".into(),
                hash: "0123456789abcdef0123456789abcdef".into(),
                language: "en".into(),
                system_context: 1,
            },
            config: BTreeMap::new(),
            blobs: HashMap::new(),
            people: BTreeMap::new(),
            person_contexts: HashMap::new(),
            with_password: HashSet::new(),
            origins: HashMap::new(),
            allowed: Vec::new(),
            roles: roles(),
            role_grants: Vec::new(),
            roster: BTreeMap::new(),
            categories: BTreeMap::new(),
            courses: BTreeMap::new(),
            reserved_shortnames: HashSet::new(),
            job_shortnames: HashMap::new(),
            reserved_usernames: HashSet::new(),
            area_files: Vec::new(),
            services: Vec::new(),
            service_functions: HashMap::new(),
            offered: Vec::new(),
            settings: TextSettings::default(),
            service: String::new(),
            jobs: Vec::new(),
            running: None,
            caller: None,
            log: Vec::new(),
            page_limit: u32::MAX,
            read_limit: u32::MAX,
            next: Sequences {
                person: ADMIN,
                course: 11,
                context: 301,
                item: 1_001,
                scope: 40_001,
                category: 2,
                area_file: 5_001,
                draft_item: 600_001,
                course_file: 7_001,
                part: 90_001,
                job: 0,
            },
        };
        host.add_person(Person {
            id: 0,
            username: "admin".into(),
            email: "admin@lms.example.org".into(),
            firstname: "Admin".into(),
            lastname: "User".into(),
            idnumber: String::new(),
            first_access: 0,
            last_access: 0,
            created: host.now,
            deleted: false,
            suspended: false,
            site_admin: true,
            extra: "{}".into(),
        });
        host.add_category(1, 0);
        host
    }

    /// Adds a person under the next id, which it returns.
    pub(crate) fn add_person(&mut self, mut person: Person) -> u64 {
        person.id = take(&mut self.next.person);
        let id = person.id;
        self.person_contexts.insert(id, take(&mut self.next.context));
        self.people.insert(id, person);
        id
    }

    /// Adds a category under this id.
    pub(crate) fn add_category(&mut self, id: u64, parent: u64) {
        let name = format!("Category {id}");
        let fields = CategoryFields { name, parent, idnumber: String::new(), visible: true, extra: "{}".into() };
        self.put_category(id, fields);
    }

    /// Adds or replaces a category.
    pub(crate) fn put_category(&mut self, id: u64, fields: CategoryFields) {
        self.next.category = self.next.category.max(id + 1);
        let context = match self.categories.get(&id) {
            Some(there) => there.context,
            None => take(&mut self.next.context),
        };
        let record = CategoryRecord { id, context, fields, modified: self.now, courses: 0 };
        self.categories.insert(id, record);
    }

    /// The plugin that is being tested; one without a manifest has the name `plugin`.
    pub(crate) fn plugin(&self) -> &str {
        self.manifest.as_ref().map_or("plugin", |m| &m.id)
    }

    /// Whether somebody has this username or is about to.
    pub(crate) fn username_taken(&self, username: &str) -> bool {
        self.reserved_usernames.contains(username) || self.people.values().any(|p| !p.deleted && p.username == username)
    }

    /// Who a person is as a caller.
    pub(crate) fn caller_of(&self, person: u64) -> Caller {
        match self.people.get(&person) {
            Some(p) => Caller { person, username: p.username.clone(), site_admin: p.site_admin },
            None => Caller { person, username: String::new(), site_admin: false },
        }
    }

    /// Stores content.
    pub(crate) fn put_blob(&mut self, content: Vec<u8>) -> BlobRef {
        let sha1 = hex::encode(Sha1::digest(&content));
        let size = content.len() as u64;
        self.blobs.entry(sha1.clone()).or_insert_with(|| content.into());
        BlobRef { sha1, size }
    }

    /// The content of that name.
    pub(crate) fn blob(&self, sha1: &str) -> Result<Arc<[u8]>> {
        self.blobs.get(sha1).cloned().ok_or_else(|| Error::not_found("blob", format!("no blob {sha1}")))
    }

    /// A published course.
    pub(crate) fn course(&self, id: u64) -> Result<Rc<Course>> {
        self.courses.get(&id).cloned().ok_or_else(|| Error::not_found("course", format!("no course {id}")))
    }

    /// A job by its id.
    pub(crate) fn job(&mut self, id: &str) -> Result<&mut JobEntry> {
        let found = self.jobs.iter_mut().find(|entry| entry.job.id == id);
        found.ok_or_else(|| Error::not_found("job", format!("no job {id}")))
    }

    /// The job being run.
    pub(crate) fn current_job(&self) -> Option<&JobEntry> {
        let id = self.running.as_ref()?;
        self.jobs.iter().find(|entry| entry.job.id == *id)
    }
}

/// The roles of a fresh host.
fn roles() -> Vec<Role> {
    let roles = [
        ("manager", "Manager", "manager"),
        ("coursecreator", "Course creator", "coursecreator"),
        ("editingteacher", "Teacher", "editingteacher"),
        ("teacher", "Non-editing teacher", "teacher"),
        ("student", "Student", "student"),
        ("guest", "Guest", "guest"),
        ("user", "Authenticated user", "user"),
        ("frontpage", "Authenticated user on site home", "frontpage"),
    ];
    let role = |(id, (shortname, name, archetype)): (u64, (&str, &str, &str))| Role {
        id,
        shortname: shortname.into(),
        name: name.into(),
        archetype: archetype.into(),
    };
    (1..).zip(roles).map(role).collect()
}
