//! How a course leaves (architecture.md 2.2): which number of which of its scopes becomes which in the archive, and
//! documents written with those numbers and with their dates moved.

use crate::here::HERE;
use crate::listing::{Listing, Placed};
use provost_guest::course_store::{EntryRecord, FileRecord, PersonLink, ScopeRecord, Snapshot};
use provost_guest::{Error, JobContext, Result, pages};
use provost_moodle_archive::layout::{Owner, PartName};
use provost_moodle_archive::people;
use provost_moodle_archive::references::ReferenceKind;
use provost_moodle_archive::renumber::{self, Binding, Claims, IdKind, IdMap, People, RenumberError, Rewriter};
use std::collections::BTreeMap;

const PAGE: u32 = 1_000;
const CHUNK: u32 = 256 << 10;
/// Numbers that could not be kept that are named one by one.
const NAMED_WARNINGS: usize = 20;

/// What becomes of the numbers and dates of each scope.
pub struct Leaving {
    scopes: Vec<Scope>,
}

struct Scope {
    record: ScopeRecord,
    map: IdMap,
}

impl Leaving {
    /// Decides it. Of a course of one scope every number stays, and only what was done here gets others where those are taken.
    pub fn plan(job: &JobContext, snapshot: &Snapshot, listing: &Listing, facets: &[String]) -> Result<Self> {
        let (mut records, here) = (snapshot.scopes()?, &listing.here);
        if records.len() < 2 && here.is_empty() {
            let scopes = records.into_iter().map(|record| Scope { record, map: IdMap::new() }).collect();
            return Ok(Self { scopes });
        }
        let mut claims: Vec<Claims> =
            records.iter().map(|record| claims(snapshot, listing, record, facets)).collect::<Result<_>>()?;
        let mut bindings = Vec::new();
        for found in snapshot.bindings()? {
            let binding = found.binding;
            let Some(kind) = IdKind::of_name(&binding.kind) else { continue };
            bindings.push(Binding {
                scope: found.scope,
                kind,
                local: binding.local,
                target_scope: binding.target_scope,
                target: binding.target,
            });
        }
        let mut roles = snapshot.entries("role")?;
        let mut people = people(snapshot, &records)?;
        if !here.is_empty() {
            records.push(here.scope());
            claims.push(here.claims());
            roles.extend(here.roles());
            people.extend(here.people().map(|person| ((HERE, person), person)));
        }
        bindings.extend(same_roles(&roles));
        let parents: BTreeMap<u64, u64> = snapshot.scope_parents()?.into_iter().collect();
        let mut of_scopes = Vec::with_capacity(records.len());
        for (ScopeRecord { id, origin }, claims) in records.iter().zip(&claims) {
            of_scopes.push(renumber::Scope {
                id: *id,
                parent: parents.get(id).copied(),
                origin: Some((origin.site_hash.as_str(), origin.course)).filter(|o| !o.0.is_empty() && o.1 != 0),
                claims,
            });
        }
        let maps = renumber::assign(&of_scopes, &bindings, &people);
        let unkept: Vec<_> = maps.iter().flat_map(IdMap::unkept).collect();
        for (kind, id) in unkept.iter().take(NAMED_WARNINGS) {
            job.warn(&format!(
                "the number {id} ({}) had to change, and a document of an unknown kind may still name it",
                kind.name()
            ))?;
        }
        if unkept.len() > NAMED_WARNINGS {
            job.warn(&format!("so had {} more numbers", unkept.len() - NAMED_WARNINGS))?;
        }
        Ok(Self { scopes: records.into_iter().zip(maps).map(|(record, map)| Scope { record, map }).collect() })
    }

    /// Whether nobody can be met in two scopes.
    pub fn is_single(&self) -> bool {
        self.scopes.len() < 2
    }

    /// The scopes of the course, its own first.
    pub fn scopes(&self) -> impl Iterator<Item = u64> {
        self.scopes.iter().map(|scope| scope.record.id).filter(|scope| *scope != HERE)
    }

    /// Whether this is the scope made with the course.
    pub fn is_first(&self, scope: u64) -> bool {
        self.scopes.first().is_none_or(|first| first.record.id == scope)
    }

    /// Whether documents of a scope leave as they are kept.
    pub fn keeps(&self, scope: u64) -> bool {
        self.scope(scope).is_none_or(Scope::is_plain)
    }

    /// The site that all numbers are from, if it is one.
    pub fn one_site(&self) -> bool {
        let mut hashes = self.scopes.iter().map(|scope| &scope.record.origin.site_hash);
        let first = hashes.next();
        hashes.all(|hash| Some(hash) == first)
    }

    /// What a number of a scope becomes.
    pub fn id(&self, scope: u64, kind: &IdKind, id: u64) -> u64 {
        self.scope(scope).map_or(id, |scope| scope.map.get(kind, id))
    }

    /// What the number of something referred to becomes.
    pub fn referred(&self, scope: u64, kind: ReferenceKind, id: u64) -> u64 {
        self.id(scope, &id_kind(kind), id)
    }

    /// The name under which a part of a scope stands in the archive.
    pub fn part(&self, scope: u64, part: &PartName) -> PartName {
        self.scope(scope).map_or_else(|| part.clone(), |scope| scope.map.part(part))
    }

    /// A document of a scope in memory as it leaves. `part` is its name in the scope.
    pub fn rewrite(&self, scope: u64, part: &PartName, document: Vec<u8>) -> Result<Vec<u8>> {
        match self.scope(scope).filter(|scope| !scope.is_plain()) {
            Some(scope) => Rewriter::all(part, &document, &scope.map, scope.record.origin.date_offset).map_err(damaged),
            None => Ok(document),
        }
    }

    /// Entries of a list document of a scope as they leave: the bytes between its `head` and its `tail`.
    pub fn rewrite_entries(
        &self,
        scope: u64,
        file: &str,
        head: &[u8],
        tail: &[u8],
        entries: Vec<u8>,
    ) -> Result<Vec<u8>> {
        if self.keeps(scope) {
            return Ok(entries);
        }
        let part = PartName { owner: Owner::Archive, file: file.into() };
        let document = self.rewrite(scope, &part, [head, &entries, tail].concat())?;
        let between = document.strip_prefix(head).and_then(|rest| rest.strip_suffix(tail));
        between.map(<[u8]>::to_vec).ok_or_else(|| Error::failed(format!("{file} came out in another form")))
    }

    /// Reads a part as it leaves, piece by piece.
    pub fn stream(
        &self,
        snapshot: &Snapshot,
        placed: &Placed,
        facets: &[String],
        mut take: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        let Some(scope) = self.scope(placed.part.scope) else { return Ok(()) };
        let mut rewriter = Rewriter::new(&placed.own, &scope.map, scope.record.origin.date_offset);
        pieces(snapshot, placed.part.id, facets, |chunk| take(&rewriter.feed(chunk).map_err(damaged)?))?;
        take(&rewriter.finish().map_err(damaged)?)
    }

    fn scope(&self, id: u64) -> Option<&Scope> {
        self.scopes.iter().find(|scope| scope.record.id == id)
    }
}

impl Scope {
    fn is_plain(&self) -> bool {
        self.record.origin.date_offset == 0 && self.map.is_identity()
    }
}

fn damaged(error: RenumberError) -> Error {
    Error::corrupt(error.to_string())
}

/// A part under facets, piece by piece.
fn pieces(snapshot: &Snapshot, part: u64, facets: &[String], mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let mut offset = 0;
    loop {
        let chunk = snapshot.read_part(part, facets, offset, CHUNK)?;
        if chunk.is_empty() {
            return Ok(());
        }
        offset += chunk.len() as u64;
        take(&chunk)?;
    }
}

/// Everything of a scope that has a number.
fn claims(snapshot: &Snapshot, listing: &Listing, scope: &ScopeRecord, facets: &[String]) -> Result<Claims> {
    let mut claims = Claims::new();
    claims.set_course(scope.origin.course, scope.origin.context);
    claims.set_system_context(scope.origin.system_context);
    for section in listing.sections.iter().filter(|s| s.scope == scope.id) {
        claims.add(IdKind::Section, section.fields.local);
    }
    for activity in listing.activities.iter().filter(|a| a.scope == scope.id) {
        let fields = &activity.fields;
        claims.add(IdKind::CourseModule, fields.local);
        claims.add(IdKind::instance(&fields.module), fields.instance);
        claims.add(IdKind::Context, fields.context);
    }
    for block in listing.blocks.iter().filter(|b| b.scope == scope.id) {
        claims.add(IdKind::Block, block.fields.local);
        claims.add(IdKind::Context, block.fields.context);
    }
    let of_scope = |file: &FileRecord| file.scope == scope.id;
    pages::each(
        |after| snapshot.files(after, PAGE),
        |f: &FileRecord| f.id,
        |files| {
            files.iter().filter(|f| of_scope(f)).for_each(|f| claims.add(IdKind::File, f.fields.local));
            Ok(())
        },
    )?;
    for role in snapshot.entries("role")?.into_iter().filter(|e| e.scope == scope.id) {
        claims.add(IdKind::Role, role.entry.local);
    }
    let users = PartName { owner: Owner::Archive, file: "users.xml".into() };
    let mut scan = claims.scan(&users);
    scan.feed(&people::head()).map_err(damaged)?;
    let last = |p: &PersonLink| p.archived.local;
    pages::each(
        |after| snapshot.people(scope.id, after, PAGE),
        last,
        |people| people.iter().try_for_each(|p| scan.feed(&p.archived.element).map_err(damaged)),
    )?;
    scan.feed(&people::tail()).map_err(damaged)?;
    scan.finish().map_err(damaged)?;
    for placed in listing.parts.iter().filter(|p| p.part.scope == scope.id) {
        let mut scan = claims.scan(&placed.own);
        let mut is_empty = true;
        pieces(snapshot, placed.part.id, facets, |chunk| {
            is_empty = false;
            scan.feed(chunk).map_err(damaged)
        })?;
        if !is_empty {
            scan.finish().map_err(damaged)?;
        }
    }
    Ok(claims)
}

/// Roles of one short name are one role.
fn same_roles(entries: &[EntryRecord]) -> Vec<Binding> {
    let mut known: BTreeMap<&str, &EntryRecord> = BTreeMap::new();
    let mut bindings = Vec::new();
    for role in entries {
        let first = *known.entry(&role.entry.name).or_insert(role);
        if first.scope != role.scope {
            bindings.push(Binding {
                scope: role.scope,
                kind: IdKind::Role,
                local: role.entry.local,
                target_scope: first.scope,
                target: first.entry.local,
            });
        }
    }
    bindings
}

/// Who of each scope is whom here.
fn people(snapshot: &Snapshot, scopes: &[ScopeRecord]) -> Result<People> {
    let mut people = People::new();
    for scope in scopes {
        for link in pages::all(|after| snapshot.people(scope.id, after, PAGE), |p: &PersonLink| p.archived.local)? {
            people.insert((scope.id, link.archived.local), link.person);
        }
    }
    Ok(people)
}

fn id_kind(kind: ReferenceKind) -> IdKind {
    match kind {
        ReferenceKind::User => IdKind::User,
        ReferenceKind::Grouping => IdKind::Grouping,
        ReferenceKind::Group => IdKind::Group,
        ReferenceKind::Role => IdKind::Role,
        ReferenceKind::File => IdKind::File,
        ReferenceKind::Scale => IdKind::Scale,
        ReferenceKind::Outcome => IdKind::Outcome,
        ReferenceKind::GradeItem => IdKind::GradeItem,
        ReferenceKind::QuestionCategory => IdKind::QuestionCategory,
    }
}
