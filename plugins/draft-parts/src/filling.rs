//! Filling a part of a draft with a document, as it comes.

use crate::{damaged, facets, run};
use provost_guest::course_store::{Draft, Owner};
use provost_guest::{Error, Result};
use provost_moodle_archive::enrolments;
use provost_moodle_archive::layout::PartName;
use provost_moodle_archive::split::{Run, SplitError, Splitter};

/// A part that is being filled.
pub struct Filling<'a> {
    draft: &'a Draft,
    part: u64,
    path: String,
    splitter: Splitter,
    takes: &'a dyn Fn(&[&str]) -> bool,
    by_hand: bool,
}

impl<'a> Filling<'a> {
    /// Adds a part to an owner. `takes` says which pieces are kept, by their facets.
    pub fn begin(draft: &'a Draft, owner: Owner, part: &PartName, takes: &'a dyn Fn(&[&str]) -> bool) -> Result<Self> {
        let splitter = Splitter::new(part);
        let id = draft.add_part(owner, &part.stored_name(), &facets(splitter.part_facets()))?;
        Ok(Self { draft, part: id, path: part.path(), splitter, takes, by_hand: false })
    }

    /// Makes role assignments that hang on an enrolment method into such as are given by hand.
    #[must_use]
    pub fn by_hand(mut self, by_hand: bool) -> Self {
        self.by_hand = by_hand;
        self
    }

    /// Takes the next bytes of the document. Errors: `corrupt` names the document and the place.
    pub fn feed(&mut self, chunk: &[u8]) -> Result<()> {
        self.splitter.feed(chunk).map_err(broken)?;
        self.append()
    }

    /// Ends the document; what was found in it is with the splitter.
    pub fn finish(mut self) -> Result<Splitter> {
        self.splitter.finish().map_err(broken)?;
        self.append()?;
        Ok(self.splitter)
    }

    fn append(&mut self) -> Result<()> {
        let mut runs = Vec::new();
        for mut found in self.splitter.take_runs().into_iter().filter(|found| (self.takes)(found.facets)) {
            if let (true, Run::Rows(rows)) = (self.by_hand, &mut found.run) {
                for row in rows {
                    let element = std::mem::take(&mut row.element);
                    row.element = enrolments::assignment_by_hand(element).map_err(damaged(&self.path))?;
                }
            }
            runs.push(run(found));
        }
        if runs.is_empty() { Ok(()) } else { self.draft.append_runs(self.part, &runs) }
    }
}

fn broken(error: SplitError) -> Error {
    Error::corrupt(error.to_string())
}
