//! The enrolment methods of a copy that does not keep those of its original (mbz-format.md 7.7).

use provost_guest::course_store::{Draft, Owner, PartRecord, Snapshot};
use provost_guest::pages::all;
use provost_guest::{Error, Result};
use provost_moodle_archive::enrolments;
use provost_moodle_archive::layout::{self, PartName};
use provost_moodle_archive::options::{Enrolling, Options};
use provost_plugin_draft_parts::{Filling, damaged};

const PAGE: u32 = 1_000;
const CHUNK: u32 = 256 << 10;
const METHODS: &str = "enrolments.xml";
const ROLES: &str = "roles.xml";

/// The course's own documents that are written anew rather than copied.
pub fn rewritten(options: &Options) -> Vec<String> {
    match options.enrolling() {
        Enrolling::AsTheyWere => Vec::new(),
        Enrolling::ByHand | Enrolling::None => vec![METHODS.to_owned(), ROLES.to_owned()],
    }
}

/// The documents as they are now, of the course's own scope: read before the snapshot is given away.
pub fn read(snapshot: &Snapshot, options: &Options) -> Result<Vec<(PartName, Vec<u8>)>> {
    let wanted = rewritten(options);
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let first = snapshot.scopes()?.first().map_or(0, |scope| scope.id);
    let parts = all(|after| snapshot.parts(after, PAGE), |part: &PartRecord| part.id)?;
    let own =
        |part: &&PartRecord| part.scope == first && matches!(part.owner, Owner::Course) && wanted.contains(&part.name);
    let facets: Vec<String> = options.facets().iter().map(|facet| (*facet).to_owned()).collect();
    parts.iter().filter(own).map(|part| Ok((name_of(part), whole(snapshot, part, &facets)?))).collect()
}

/// Writes them as the copy has them.
pub fn write(draft: &Draft, options: &Options, documents: Vec<(PartName, Vec<u8>)>) -> Result<()> {
    let Some(enrolled) = options.enrolling().enrolled() else { return Ok(()) };
    let taken = options.facets();
    let takes = |facets: &[&str]| facets.iter().all(|facet| taken.contains(facet));
    for (part, document) in documents {
        let is_roles = part.file == ROLES;
        let document = match is_roles {
            true => document,
            false => enrolments::with_manual_method(&document, enrolled).map_err(damaged(METHODS))?,
        };
        let mut filling = Filling::begin(draft, Owner::Course, &part, &takes)?.by_hand(is_roles);
        filling.feed(&document)?;
        filling.finish()?;
    }
    Ok(())
}

fn name_of(part: &PartRecord) -> PartName {
    PartName { owner: layout::Owner::Course, file: part.name.clone() }
}

fn whole(snapshot: &Snapshot, part: &PartRecord, facets: &[String]) -> Result<Vec<u8>> {
    let mut document = Vec::new();
    loop {
        let chunk = snapshot.read_part(part.id, facets, document.len() as u64, CHUNK)?;
        if chunk.is_empty() {
            return Ok(document);
        }
        document.extend_from_slice(&chunk);
        if document.len() as u64 > part.size {
            return Err(Error::corrupt(format!("{}: longer than it says", part.name)));
        }
    }
}
