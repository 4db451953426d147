//! Who of the archive's people is whom here (architecture.md 2.2, mbz-format.md 7.2).

use crate::intake::Intake;
use provost_guest::course_store::{self as wit, Draft, NewPerson, PersonChoice};
use provost_guest::people::{Key, Person, Place, lookup, require_capability};
use provost_guest::{Error, ErrorKind, JobContext, Result, config};
use provost_moodle_archive::people::{ArchivedPerson, PeopleReader};
use provost_moodle_archive::profile;
use std::collections::HashSet;

const PATH: &str = "users.xml";
/// People handled at a time.
const BATCH: usize = 250;
/// How often names are chosen anew when someone else takes one meanwhile.
const TRIES: usize = 5;

/// Adds everyone in the archive to the draft. Returns how many there were.
pub fn add(job: &JobContext, intake: &Intake, draft: &Draft, site_hash: &str) -> Result<u64> {
    if !intake.has(PATH) {
        return Ok(0);
    }
    let mut adding = Adding {
        job,
        draft,
        site_hash,
        is_own: !site_hash.is_empty() && site_hash == config::get_site().hash,
        given: HashSet::new(),
        locals: HashSet::new(),
        may_create: false,
        count: 0,
    };
    let mut reader = PeopleReader::new();
    let mut waiting = Vec::new();
    intake.stream(PATH, |chunk| {
        waiting.extend(reader.feed(chunk).map_err(|e| Error::corrupt(format!("{PATH}: {e}")))?);
        while waiting.len() >= BATCH {
            let rest = waiting.split_off(BATCH);
            adding.batch(std::mem::replace(&mut waiting, rest))?;
        }
        Ok(())
    })?;
    reader.finish().map_err(|e| Error::corrupt(format!("{PATH}: {e}")))?;
    adding.batch(waiting)?;
    Ok(adding.count)
}

struct Adding<'a> {
    job: &'a JobContext,
    draft: &'a Draft,
    site_hash: &'a str,
    /// Whether that is this site.
    is_own: bool,
    /// Usernames given to people of this archive.
    given: HashSet<String>,
    /// Numbers of the archive that were met.
    locals: HashSet<u64>,
    /// Whether it was found that whoever restores may make people.
    may_create: bool,
    count: u64,
}

impl Adding<'_> {
    fn batch(&mut self, people: Vec<ArchivedPerson>) -> Result<()> {
        if people.is_empty() {
            return Ok(());
        }
        for person in &people {
            self.count += 1;
            let (number, name) = (self.count, &person.username);
            if person.local == 0 {
                return Err(Error::corrupt(format!("{PATH}: <user> {number} ({name:?}) has no usable id")));
            }
            if !self.locals.insert(person.local) {
                let id = person.local;
                return Err(Error::corrupt(format!("{PATH}: <user> {number} ({name:?}): the id {id} is there twice")));
            }
        }
        for attempt in 1.. {
            let choices = self.choose(&people)?;
            let mut warnings = Vec::new();
            let rows: Vec<_> = people
                .iter()
                .zip(choices)
                .map(|(person, choice)| {
                    if let PersonChoice::Create(NewPerson { username, .. }) = &choice
                        && *username != person.username
                        && !person.username.is_empty()
                    {
                        warnings.push(format!(
                            "user {:?} of the archive is somebody else than the one of that name here, and became {username:?}",
                            person.username
                        ));
                    }
                    (archived(person), choice)
                })
                .collect();
            match self.draft.add_people(&rows) {
                Ok(_) => {
                    for warning in warnings {
                        self.job.warn(&warning)?;
                    }
                    return Ok(());
                }
                Err(error) if error.kind == ErrorKind::Conflict && attempt < TRIES => {
                    for (_, choice) in &rows {
                        if let PersonChoice::Create(new) = choice {
                            self.given.remove(&new.username);
                        }
                    }
                    // The name that is taken cannot be looked up while its owner is unpublished.
                    self.given.insert(taken_name(&error, &rows));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn choose(&mut self, people: &[ArchivedPerson]) -> Result<Vec<PersonChoice>> {
        let origins = match self.site_hash {
            "" => vec![None; people.len()],
            hash => lookup(&keys(people, |p| Key::Origin((hash.to_owned(), p.local))))?,
        };
        let namesakes = lookup(&keys(people, |p| Key::Username(p.username.clone())))?;
        let mut choices = Vec::with_capacity(people.len());
        for ((person, origin), namesake) in people.iter().zip(origins).zip(namesakes) {
            let origin = origin.filter(|known| self.is_certain(person, known));
            let is_known = origin.is_some() || namesake.as_ref().is_some_and(|namesake| is_same(person, namesake));
            if !is_known && !self.may_create {
                require_capability(self.job.caller.person, "moodle/restore:createuser", Place::Site)?;
                self.may_create = true;
            }
            choices.push(match (origin, namesake) {
                (Some(known), _) => PersonChoice::Link(known.id),
                (None, Some(namesake)) if is_same(person, &namesake) => PersonChoice::Link(namesake.id),
                (None, namesake) => PersonChoice::Create(NewPerson {
                    username: self.free_name(person, namesake.is_some())?,
                    extra: extra(person)?,
                }),
            });
        }
        Ok(choices)
    }

    /// Whether the person here who came with that number from the archive's site is the one meant. In this site's own archives are
    /// numbers of other sites beside those of this one, so that a number alone says nothing.
    fn is_certain(&self, archived: &ArchivedPerson, known: &Person) -> bool {
        let wanted = wanted_name(archived);
        let made = known.username.strip_prefix(&wanted).and_then(|rest| rest.strip_prefix('_'));
        !self.is_own || known.username == wanted || made.is_some_and(|rest| rest.starts_with(self.mark()))
    }

    /// What is put behind names that are taken.
    fn mark(&self) -> &str {
        self.site_hash.get(..8).unwrap_or("imported")
    }

    /// The person's username, or where it is taken one with the origin's mark or a number.
    fn free_name(&mut self, person: &ArchivedPerson, taken: bool) -> Result<String> {
        let wanted = wanted_name(person);
        // An archive's administrator is never ours.
        if !taken && wanted != "admin" && self.given.insert(wanted.clone()) {
            return Ok(wanted);
        }
        let mark = self.mark().to_owned();
        for number in 1u32.. {
            let name = if number == 1 { format!("{wanted}_{mark}") } else { format!("{wanted}_{mark}_{number}") };
            let free = lookup(&[Key::Username(name.clone())])?.into_iter().all(|found| found.is_none());
            if free && self.given.insert(name.clone()) {
                return Ok(name);
            }
        }
        Err(Error::failed("no free username"))
    }
}

/// The name that a person has if nobody else does.
fn wanted_name(person: &ArchivedPerson) -> String {
    if person.username.is_empty() { format!("user{}", person.local) } else { person.username.clone() }
}

/// What is known of somebody who is made here beside their columns.
fn extra(person: &ArchivedPerson) -> Result<String> {
    let (local, read) = (person.local, profile::read(&person.element));
    Ok(serde_json::Value::Object(read.map_err(|e| Error::corrupt(format!("{PATH}: user {local}: {e}")))?).to_string())
}

fn keys(people: &[ArchivedPerson], key: impl Fn(&ArchivedPerson) -> Key) -> Vec<Key> {
    people.iter().map(key).collect()
}

/// Rule 1 of mbz-format.md 7.2, other site: same name, and the same address or first access.
fn is_same(archived: &ArchivedPerson, here: &Person) -> bool {
    if here.site_admin || archived.username == "admin" {
        return false;
    }
    let same_email = !here.email.is_empty() && here.email.to_lowercase() == archived.email.to_lowercase();
    let same_access = here.first_access != 0 && here.first_access == archived.first_access;
    same_email || same_access
}

/// The username that an error of `add-people` is about, if it can be told.
fn taken_name(error: &Error, rows: &[(wit::ArchivedPerson, PersonChoice)]) -> String {
    let names = rows.iter().filter_map(|(_, choice)| match choice {
        PersonChoice::Create(new) => Some(&new.username),
        PersonChoice::Link(_) => None,
    });
    names
        .filter(|name| error.message.contains(&format!("{name:?}")))
        .max_by_key(|n| n.len())
        .cloned()
        .unwrap_or_default()
}

fn archived(person: &ArchivedPerson) -> wit::ArchivedPerson {
    wit::ArchivedPerson {
        local: person.local,
        username: person.username.clone(),
        email: person.email.clone(),
        firstname: person.firstname.clone(),
        lastname: person.lastname.clone(),
        idnumber: person.idnumber.clone(),
        first_access: person.first_access,
        deleted: person.deleted,
        suspended: person.suspended,
        element: person.element.clone(),
    }
}
