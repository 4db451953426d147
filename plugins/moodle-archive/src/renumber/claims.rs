//! Which ids a scope's documents hold.

use std::collections::BTreeMap;

use super::RenumberError;
use super::idset::IdSet;
use super::kinds::IdKind;
use super::map::IdMap;
use super::value::{Numbers, Use};
use super::walk::Walker;
use crate::facets::module_is_known;
use crate::layout::{Owner, PartName};

/// The ids that a scope defines and refers to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims {
    pub(super) defined: BTreeMap<IdKind, IdSet>,
    /// Of those, what documents hold that cannot be rewritten.
    pub(super) fixed: BTreeMap<IdKind, IdSet>,
    pub(super) referred: BTreeMap<IdKind, IdSet>,
    /// Private ids that links in texts point to.
    pub(super) linked: BTreeMap<IdKind, IdSet>,
    pub(super) course: Option<u64>,
    pub(super) course_context: Option<u64>,
    pub(super) system_context: Option<u64>,
    pub(super) person_contexts: BTreeMap<u64, u64>,
}

impl Claims {
    /// No ids.
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins to look at a document. Feed its pieces to what comes back.
    pub fn scan(&mut self, part: &PartName) -> ClaimScan<'_> {
        // Modules and blocks write what they want into documents of their own; for all we know that includes their ids.
        let fixed = match &part.owner {
            Owner::Activity(_) => part.module().is_some_and(|module| !module_is_known(module)),
            Owner::Block { name, .. } => part.file.strip_suffix(".xml") == Some(name),
            _ => false,
        };
        ClaimScan {
            walker: Walker::new(part),
            claiming: Claiming { claims: self, fixed, person: 0 },
            passed: Vec::new(),
        }
    }

    /// Looks at a document in memory.
    pub fn scan_all(&mut self, part: &PartName, document: &[u8]) -> Result<(), RenumberError> {
        let mut scan = self.scan(part);
        scan.feed(document)?;
        scan.finish()
    }

    /// Adds the id of something that is known elsewhere. 0 is none.
    pub fn add(&mut self, kind: IdKind, id: u64) {
        if id != 0 {
            self.defined.entry(kind).or_default().insert(id);
        }
    }

    /// Adds a person and the context of their own, or 0.
    pub fn add_person(&mut self, local: u64, context: u64) {
        self.add(IdKind::User, local);
        self.add(IdKind::Context, context);
        if local != 0 && context != 0 {
            self.person_contexts.insert(local, context);
        }
    }

    /// Says which course the scope's things came from: its id and that of its context. `course.xml` says it too.
    pub fn set_course(&mut self, course: u64, context: u64) {
        self.add(IdKind::Course, course);
        self.add(IdKind::Context, context);
        self.course = (course != 0).then_some(course).or(self.course);
        self.course_context = (context != 0).then_some(context).or(self.course_context);
    }

    /// Says which context is the site's: `original_system_contextid` of the master file.
    pub fn set_system_context(&mut self, context: u64) {
        self.add(IdKind::Context, context);
        self.system_context = (context != 0).then_some(context);
    }

    /// The ids of a kind that are defined, in order.
    pub fn defined(&self, kind: &IdKind) -> impl Iterator<Item = u64> {
        self.defined.get(kind).into_iter().flat_map(IdSet::iter)
    }

    /// The ids of all kinds that are defined, by kind and in order.
    pub fn all_defined(&self) -> impl Iterator<Item = (&IdKind, u64)> {
        self.defined.iter().flat_map(|(kind, ids)| ids.iter().map(move |id| (kind, id)))
    }

    /// Whether an id is defined.
    pub fn defines(&self, kind: &IdKind, id: u64) -> bool {
        self.defined.get(kind).is_some_and(|ids| ids.contains(id))
    }

    /// Every id that something refers to, by kind and number.
    pub fn referred(&self) -> impl Iterator<Item = (&IdKind, u64)> {
        self.referred.iter().flat_map(|(kind, ids)| ids.iter().map(move |id| (kind, id)))
    }

    /// Whether something refers to an id.
    pub fn refers(&self, kind: &IdKind, id: u64) -> bool {
        self.referred.get(kind).is_some_and(|ids| ids.contains(id))
    }

    /// What is referred to but not defined here. It is bound, belongs to a parent scope or one of the same origin, or to nobody.
    pub fn dangling(&self) -> impl Iterator<Item = (&IdKind, u64)> {
        self.referred().filter(|(kind, id)| !self.defines(kind, *id))
    }

    /// A map that gives every id another number, for instance to move a whole archive out of the way of another one.
    pub fn map(&self, mut to: impl FnMut(&IdKind, u64) -> u64) -> IdMap {
        let mut map = IdMap::new();
        let defined = self.defined.iter().flat_map(|(kind, ids)| ids.iter().map(move |id| (kind, id)));
        for (kind, id) in defined.chain(self.referred()) {
            map.insert(kind.clone(), id, to(kind, id));
        }
        map
    }
}

/// Looks at one document.
#[derive(Debug)]
pub struct ClaimScan<'a> {
    walker: Walker,
    claiming: Claiming<'a>,
    /// The document as it came, which nobody needs.
    passed: Vec<u8>,
}

impl ClaimScan<'_> {
    /// Takes the next piece of the document.
    pub fn feed(&mut self, chunk: &[u8]) -> Result<(), RenumberError> {
        self.passed.clear();
        self.walker.feed(chunk, &mut self.claiming, &mut self.passed)
    }

    /// Says that the document is complete.
    pub fn finish(mut self) -> Result<(), RenumberError> {
        self.walker.finish(&mut self.passed)
    }
}

#[derive(Debug)]
struct Claiming<'a> {
    claims: &'a mut Claims,
    fixed: bool,
    /// The person who was described last.
    person: u64,
}

impl Numbers for Claiming<'_> {
    fn id(&mut self, kind: &IdKind, id: u64, used: Use) -> u64 {
        let claims = &mut *self.claims;
        if matches!(used, Use::Refers | Use::Links) {
            insert(&mut claims.referred, kind, id);
            if used == Use::Links && kind.is_private() {
                insert(&mut claims.linked, kind, id);
            }
            return id;
        }
        insert(&mut claims.defined, kind, id);
        if self.fixed && matches!(kind, IdKind::Instance(_) | IdKind::CourseModule | IdKind::Context | IdKind::Block) {
            insert(&mut claims.fixed, kind, id);
        }
        match (used, kind) {
            (Use::CourseContext, _) => claims.course_context = Some(id),
            (Use::PersonContext, _) => {
                claims.person_contexts.insert(self.person, id);
            }
            (_, IdKind::Course) => claims.course = Some(id),
            (_, IdKind::User) => self.person = id,
            _ => {}
        }
        id
    }

    fn date(&mut self, time: i64) -> i64 {
        time
    }
}

fn insert(sets: &mut BTreeMap<IdKind, IdSet>, kind: &IdKind, id: u64) {
    match sets.get_mut(kind) {
        Some(set) => {
            set.insert(id);
        }
        None => {
            sets.insert(kind.clone(), IdSet::from_iter([id]));
        }
    }
}
