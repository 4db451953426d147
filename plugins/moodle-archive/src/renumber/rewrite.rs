//! Writes a document of a scope with the ids of the archive.

use super::RenumberError;
use super::kinds::IdKind;
use super::map::IdMap;
use super::value::{Numbers, Use};
use super::walk::Walker;
use crate::layout::PartName;

/// Changes the ids and dates of one document that passes by in pieces. Every other byte comes out as it went in.
///
/// Give it documents as they are in the scope: a row whose columns were changed already, with ids or dates of the archive that is being
/// written, would be changed twice.
#[derive(Debug)]
pub struct Rewriter<'a> {
    walker: Walker,
    change: Change<'a>,
}

#[derive(Debug, Clone, Copy)]
struct Change<'a> {
    map: &'a IdMap,
    offset: i64,
}

impl Numbers for Change<'_> {
    fn id(&mut self, kind: &IdKind, id: u64, _: Use) -> u64 {
        self.map.get(kind, id)
    }

    fn date(&mut self, time: i64) -> i64 {
        // 0 would mean that there is no date, and nothing before 1970 is one.
        time.saturating_add(self.offset).max(1)
    }
}

impl<'a> Rewriter<'a> {
    /// A rewriter for a part, by its name in the scope: see [`IdMap::part`] for the one in the archive. `date_offset` is
    /// how far planned dates move, in seconds (see [`crate::renumber`]).
    pub fn new(part: &PartName, map: &'a IdMap, date_offset: i64) -> Self {
        Self { walker: Walker::new(part), change: Change { map, offset: date_offset } }
    }

    /// Takes the next piece of the document and returns what is ready.
    pub fn feed(&mut self, chunk: &[u8]) -> Result<Vec<u8>, RenumberError> {
        let mut out = Vec::with_capacity(chunk.len() + 64);
        self.walker.feed(chunk, &mut self.change, &mut out)?;
        Ok(out)
    }

    /// Says that the document is complete and returns the rest.
    pub fn finish(&mut self) -> Result<Vec<u8>, RenumberError> {
        let mut out = Vec::new();
        self.walker.finish(&mut out)?;
        Ok(out)
    }

    /// Rewrites a document in memory.
    pub fn all(part: &PartName, document: &[u8], map: &'a IdMap, date_offset: i64) -> Result<Vec<u8>, RenumberError> {
        let mut rewriter = Self::new(part, map, date_offset);
        let mut out = rewriter.feed(document)?;
        out.extend(rewriter.finish()?);
        Ok(out)
    }
}
