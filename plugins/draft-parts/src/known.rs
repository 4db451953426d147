//! What a course has already of what is brought into it: groups, scales, outcomes, questions.

use crate::facets;
use crate::target::Target;
use provost_guest::course_store::Binding;
use provost_guest::{Error, Result};
use provost_moodle_archive::facets::names;
use provost_moodle_archive::layout::{Owner, PartName};
use provost_moodle_archive::renumber::merge::{self, MergeError};
use provost_moodle_archive::renumber::{Claims, IdKind};
use std::collections::BTreeSet;

/// The document of questions.
pub const QUESTIONS: &str = "questions.xml";

/// The documents of an archive's top level that go with a section or an activity: what its activities refer to. The others
/// are about a course as a whole.
pub const CARRIED: [&str; 4] = ["groups.xml", "scales.xml", "outcomes.xml", QUESTIONS];

/// Elements of documents, by kind and number.
pub type Elements = BTreeSet<(IdKind, u64)>;

/// What a course has already.
#[derive(Default)]
pub struct Known {
    /// By document: what is not brought again.
    elements: Vec<(&'static str, Elements)>,
    /// Binds what these elements define to the scopes that have them.
    pub bindings: Vec<Binding>,
}

impl Known {
    /// The facets under which elements are compared: who is in a group makes it no other group.
    pub fn compared() -> Vec<String> {
        let shown: Vec<&str> = names::ALL.iter().filter(|f| **f != names::ENROLMENT).copied().collect();
        facets(&shown)
    }

    /// Finds what the course has alike: same id, same content. `brought` are documents under the [`Self::compared`] facets.
    pub fn find(brought: &[(&'static str, Vec<u8>)], target: &Target) -> Result<Self> {
        let mut known = Self::default();
        for (file, document) in brought {
            let mut found = Elements::new();
            for part in target.named(file) {
                let there = target.whole(part, &Self::compared())?;
                if there.is_empty() {
                    continue;
                }
                let mut alike: Elements =
                    merge::identical(document, &there).map_err(unusable(file))?.into_iter().collect();
                alike.retain(|element| !found.contains(element));
                known.bind(file, document, &alike, part.scope)?;
                found.extend(alike);
            }
            known.elements.push((file, found));
        }
        Ok(known)
    }

    /// Binds what these elements of a document define to the scope that has them already.
    fn bind(&mut self, file: &str, brought: &[u8], alike: &Elements, scope: u64) -> Result<()> {
        if alike.is_empty() {
            return Ok(());
        }
        let mut claims = Claims::new();
        let of_them = only(file, brought, alike)?;
        claims.scan_all(&of_archive(file), &of_them).map_err(|e| Error::corrupt(e.to_string()))?;
        self.bindings.extend(claims.all_defined().map(|(kind, id)| Binding {
            kind: kind.name().into_owned(),
            local: id,
            target_scope: scope,
            target: id,
        }));
        Ok(())
    }

    /// Whether a document is brought into a course: those of items, and of those about a course what items refer to.
    pub fn carries(part: &PartName) -> bool {
        part.owner != Owner::Archive || CARRIED.contains(&part.file.as_str())
    }

    /// The elements of a document that are not brought again.
    pub fn of(&self, part: &PartName) -> Option<&Elements> {
        let found = self.elements.iter().find(|(file, found)| part.file == *file && !found.is_empty());
        found.filter(|_| part.owner == Owner::Archive).map(|(_, found)| found)
    }
}

/// A document of an archive's top level.
pub fn of_archive(file: &str) -> PartName {
    PartName { owner: Owner::Archive, file: file.into() }
}

/// A document with these of its elements alone.
pub fn only(file: &str, document: &[u8], wanted: &Elements) -> Result<Vec<u8>> {
    let all = merge::elements(document).map_err(unusable(file))?;
    let others: Elements =
        all.into_iter().map(|e| (e.kind, e.id)).filter(|element| !wanted.contains(element)).collect();
    merge::without(document, &others).map_err(unusable(file))
}

/// A document that cannot be compared, as an error that names it.
pub fn unusable(file: &str) -> impl Fn(MergeError) -> Error + '_ {
    move |error| Error::corrupt(format!("{file}: {error}"))
}
