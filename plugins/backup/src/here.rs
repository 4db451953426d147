//! Who takes part in the course by what was done on this host: who was enrolled here, or given a role. No document of the course
//! says it; a backup writes it into those that say it of others.
//!
//! In the archive's numbers they are a scope of their own, the youngest, whose numbers are this host's.

use crate::leaving::Leaving;
use crate::listing::Placed;
use provost_guest::archive::Writer;
use provost_guest::course_store::{Entry, EntryRecord, Origin, Owner, ScopeRecord, Snapshot};
use provost_guest::enrolments;
use provost_guest::people::{self, Key, Person, Place, Role};
use provost_guest::{Error, Result, config, pages};
use provost_moodle_archive::options::Options;
use provost_moodle_archive::participants::{Adder, Additions, Enrolment};
use provost_moodle_archive::profile::Profile;
use provost_moodle_archive::references::{ReferenceKind, Referred};
use provost_moodle_archive::renumber::{Claims, IdKind};
use provost_moodle_archive::xml::XmlError;
use provost_moodle_archive::{layout, roles};
use std::collections::BTreeSet;

const PAGE: u32 = 500;

/// The scope. No course has one of that number.
pub const HERE: u64 = u64::MAX;
/// The number of the manual method in this scope, should the course have none.
const METHOD: u64 = 1;

const ENROLMENTS: &str = "enrolments.xml";
const ROLES: &str = "roles.xml";

/// What was done here of a course.
#[derive(Default)]
pub struct Here {
    members: Vec<Member>,
    /// Roles that the members were given.
    roles: Vec<Role>,
}

/// A person to whom it was done.
struct Member {
    person: u64,
    /// The number of their own context.
    context: u64,
    enrolment: Option<Enrolment>,
    /// Ids of the roles.
    roles: Vec<u64>,
}

impl Here {
    /// Reads it as far as the options take it.
    pub fn read(course: u64, options: &Options) -> Result<Self> {
        let mut here = Self::default();
        if !options.users {
            return Ok(here);
        }
        let page = |after| enrolments::participants(course, after, PAGE);
        let id = |participant: &enrolments::Participant| participant.person.id;
        pages::each(page, id, |page| {
            for participant in page {
                let enrolment = participant.enrolments.iter().find(|enrolment| enrolment.here);
                let roles = if options.role_assignments { participant.roles_here } else { Vec::new() };
                if enrolment.is_none() && roles.is_empty() {
                    continue;
                }
                let person = participant.person.id;
                here.members.push(Member {
                    person,
                    context: people::context_of(Place::Person(person))?,
                    enrolment: enrolment.map(|e| Enrolment { suspended: e.suspended, start: e.start, end: e.end }),
                    roles,
                });
            }
            Ok(())
        })?;
        let given: BTreeSet<u64> = here.members.iter().flat_map(|member| member.roles.iter().copied()).collect();
        if !given.is_empty() {
            here.roles = people::roles()?.into_iter().filter(|role| given.contains(&role.id)).collect();
        }
        Ok(here)
    }

    /// Whether nothing was done.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The scope, which comes from this site.
    pub fn scope(&self) -> ScopeRecord {
        let site = config::get_site();
        let origin = Origin {
            site_hash: site.hash,
            site_url: site.url,
            course: 0,
            context: 0,
            system_context: 0,
            category: 0,
            date_offset: 0,
        };
        ScopeRecord { id: HERE, origin }
    }

    /// The numbers it has.
    pub fn claims(&self) -> Claims {
        let mut claims = Claims::new();
        claims.add(IdKind::EnrolmentMethod, METHOD);
        for member in &self.members {
            claims.add_person(member.person, member.context);
        }
        for role in &self.roles {
            claims.add(IdKind::Role, role.id);
        }
        claims
    }

    /// The people, by their ids.
    pub fn people(&self) -> impl Iterator<Item = u64> {
        self.members.iter().map(|member| member.person)
    }

    /// The roles, as they would come with a course.
    pub fn roles(&self) -> impl Iterator<Item = EntryRecord> {
        self.roles.iter().map(|role| {
            let Role { id, shortname, name, archetype } = role;
            let element = roles::element(*id, shortname, name, archetype);
            let (name, archetype) = (shortname.clone(), archetype.clone());
            EntryRecord { scope: HERE, entry: Entry { kind: "role".into(), local: *id, name, archetype, element } }
        })
    }

    /// The numbers that the people and roles have in the archive.
    pub fn references<'a>(&'a self, leaving: &'a Leaving) -> impl Iterator<Item = Referred> + 'a {
        let people = self.members.iter().map(|member| (ReferenceKind::User, member.person));
        let roles = self.roles.iter().map(|role| (ReferenceKind::Role, role.id));
        people.chain(roles).map(|(kind, id)| (kind, leaving.referred(HERE, kind, id)))
    }

    /// Calls `take` with the number and the element of each person as the archive has them.
    pub fn each_element(&self, leaving: &Leaving, mut take: impl FnMut(u64, Vec<u8>) -> Result<()>) -> Result<()> {
        for batch in self.members.chunks(PAGE as usize) {
            let keys: Vec<Key> = batch.iter().map(|member| Key::Id(member.person)).collect();
            for (member, person) in batch.iter().zip(people::lookup(&keys)?) {
                let Some(person) = person else { continue };
                let local = leaving.id(HERE, &IdKind::User, member.person);
                let context = leaving.id(HERE, &IdKind::Context, member.context);
                take(local, element(&person, local, context))?;
            }
        }
        Ok(())
    }

    /// Writes one of the course's documents with what was done here, if it is one that says such things and there is something.
    /// Returns whether it did.
    pub fn write_part(
        &self,
        writer: &Writer,
        snapshot: &Snapshot,
        leaving: &Leaving,
        placed: &Placed,
        facets: &[String],
    ) -> Result<bool> {
        if !matches!(placed.part.owner, Owner::Course) || placed.name.owner != layout::Owner::Course {
            return Ok(false);
        }
        let Some(additions) = self.additions(leaving, &placed.name.file) else { return Ok(false) };
        // New rows get numbers above those there are.
        let mut last = Adder::new(additions.none(), 1);
        let mut is_there = false;
        leaving.stream(snapshot, placed, facets, |chunk| {
            is_there |= !chunk.is_empty();
            last.feed(chunk).map_err(damaged).map(drop)
        })?;
        if !is_there {
            return Ok(false);
        }
        last.finish().map_err(damaged)?;
        let mut adder = Adder::new(additions, last.largest().saturating_add(1));
        writer.begin_entry(&placed.name.path())?;
        leaving.stream(snapshot, placed, facets, |chunk| {
            let chunk = adder.feed(chunk).map_err(damaged)?;
            if chunk.is_empty() { Ok(()) } else { writer.write(&chunk) }
        })?;
        adder.finish().map_err(damaged)?;
        writer.end_entry()?;
        Ok(true)
    }

    /// Those of the documents that the course lacks: path and content.
    pub fn documents(&self, leaving: &Leaving) -> Result<Vec<(String, Vec<u8>)>> {
        let mut documents = Vec::new();
        for file in [ENROLMENTS, ROLES] {
            if let Some(additions) = self.additions(leaving, file) {
                documents.push((format!("course/{file}"), Adder::document(additions).map_err(damaged)?));
            }
        }
        Ok(documents)
    }

    /// What is added to a document of the course.
    fn additions(&self, leaving: &Leaving, file: &str) -> Option<Additions> {
        let id = |kind, id| leaving.id(HERE, &kind, id);
        let members = || self.members.iter().map(|member| (id(IdKind::User, member.person), member));
        match file {
            ENROLMENTS => {
                let people = members().filter_map(|(person, member)| Some((person, member.enrolment?)));
                let additions =
                    Additions::Enrolments { people: people.collect(), method: id(IdKind::EnrolmentMethod, METHOD) };
                (!additions.is_empty()).then_some(additions)
            }
            ROLES => {
                let known = |role: &&u64| self.roles.iter().any(|known| known.id == **role);
                let of = |(person, member): (u64, &Member)| -> Vec<(u64, u64)> {
                    member.roles.iter().filter(known).map(|role| (person, id(IdKind::Role, *role))).collect()
                };
                let additions = Additions::Roles(members().flat_map(of).collect());
                (!additions.is_empty()).then_some(additions)
            }
            _ => None,
        }
    }
}

fn element(person: &Person, local: u64, context: u64) -> Vec<u8> {
    Profile {
        local,
        context,
        username: &person.username,
        email: &person.email,
        firstname: &person.firstname,
        lastname: &person.lastname,
        idnumber: &person.idnumber,
        suspended: person.suspended,
        first_access: person.first_access,
        last_access: person.last_access,
        created: person.created,
        extra: &person.extra,
    }
    .element()
}

fn damaged(error: XmlError) -> Error {
    Error::corrupt(error.to_string())
}
