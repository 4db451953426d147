//! Reading a part under a set of facets: the runs taken, one after the other, never more than a few in memory.

use super::db::{db_int, model_int};
use super::rows::Kind;
use super::snapshot::SqliteSnapshot;
use crate::api::*;
use sqlx::Row as _;
use std::collections::VecDeque;

/// Runs fetched at a time, with the bytes of small texts.
const RUN_PAGE: i64 = 64;

/// Where the last reading ended.
pub struct PartCursor {
    part: u64,
    facets: Facets,
    /// JSON list of the facet sets taken.
    taken: String,
    /// Runs fetched and not yet read to their end, and where the first of them begins.
    queue: VecDeque<TakenRun>,
    start: u64,
    /// Last run fetched.
    last: i64,
}

/// A run that the facets take.
struct TakenRun {
    size: u64,
    source: Source,
}

enum Source {
    Bytes(Vec<u8>),
    Blob(String),
    Rows { kind: Kind, first: i64, last: i64 },
}

impl SqliteSnapshot {
    /// See [`Snapshot::read_part`].
    pub(super) async fn read_runs(&mut self, part: u64, facets: &Facets, offset: u64, limit: u32) -> Result<Vec<u8>> {
        // Taken out: a reading that is dropped halfway leaves no half cursor behind.
        let fits = |c: &PartCursor| c.part == part && c.facets == *facets && c.start <= offset;
        let mut cursor = match self.cursor.take().filter(fits) {
            // Far ahead of the cursor, a search is cheaper than reading over what lies between.
            Some(c) if offset - c.start <= c.queue.iter().map(|r| r.size).sum() => c,
            _ => match self.seek(part, facets, offset).await? {
                Some(c) => c,
                None => return Ok(Vec::new()),
            },
        };
        let limit = u64::from(limit);
        let mut bytes = Vec::new();
        while (bytes.len() as u64) < limit {
            if cursor.queue.is_empty() {
                self.fetch_runs(&mut cursor).await?;
            }
            let Some(run) = cursor.queue.front_mut() else { break };
            let at = offset + bytes.len() as u64 - cursor.start;
            if at >= run.size {
                cursor.start += run.size;
                cursor.queue.pop_front();
                continue;
            }
            let want = (run.size - at).min(limit - bytes.len() as u64);
            if let Source::Rows { kind, first, last } = run.source {
                let elements: Vec<Vec<u8>> = sqlx::query_scalar(kind.elements_sql())
                    .bind(db_int(part))
                    .bind(first)
                    .bind(last)
                    .fetch_all(&mut *self.tx)
                    .await?;
                run.source = Source::Bytes(elements.concat());
            }
            if let Source::Blob(sha1) = &run.source {
                // Runs of text are at most some mebibytes: a damaged one must not go on into an archive.
                let all = self.store.blobs().read(sha1, 0, run.size.saturating_add(1)).await?;
                crate::blobs::verify(&all, sha1)?;
                run.source = Source::Bytes(all.into());
            }
            let got = match &run.source {
                Source::Bytes(all) => {
                    let range = usize::try_from(at).ok().zip(usize::try_from(at + want).ok());
                    let slice = range.and_then(|(from, to)| all.get(from..to));
                    slice.map(|s| bytes.extend_from_slice(s)).is_some()
                }
                Source::Blob(_) | Source::Rows { .. } => false,
            };
            if !got {
                return Err(StoreError::Corrupt(format!("part {part}: a run is shorter than its {} bytes", run.size)));
            }
        }
        self.cursor = Some(cursor);
        Ok(bytes)
    }

    /// A cursor before the run that holds `offset`; none when the part's own facets are not taken.
    async fn seek(&mut self, part: u64, facets: &Facets, offset: u64) -> Result<Option<PartCursor>> {
        let id = db_int(part);
        let own: Option<i64> = sqlx::query_scalar("SELECT facets FROM part WHERE id = ? AND course = ?")
            .bind(id)
            .bind(db_int(self.course().id))
            .fetch_optional(&mut *self.tx)
            .await?;
        let own = own.ok_or_else(|| StoreError::NotFound { kind: "part", key: part.to_string() })?;
        if !self.store.db.facets(&mut self.tx, own).await?.all_in(facets) {
            return Ok(None);
        }
        let taken = self.taken(facets).await?;
        let found = if offset == 0 {
            None
        } else {
            sqlx::query_as::<_, (i64, i64)>(
                "SELECT seq, start FROM (SELECT seq, sum(size) OVER (ORDER BY seq) - size AS start FROM run \
                 WHERE part = ?1 AND facets IN (SELECT value FROM json_each(?2))) WHERE start <= ?3 ORDER BY seq DESC LIMIT 1",
            )
            .bind(id)
            .bind(&taken)
            .bind(i64::try_from(offset).unwrap_or(i64::MAX))
            .fetch_optional(&mut *self.tx)
            .await?
        };
        let (seq, start) = found.unwrap_or((1, 0));
        let start = model_int(start);
        Ok(Some(PartCursor { part, facets: facets.clone(), taken, queue: VecDeque::new(), start, last: seq - 1 }))
    }

    /// Fetches the next runs.
    async fn fetch_runs(&mut self, cursor: &mut PartCursor) -> Result<()> {
        let rows = sqlx::query(
            "SELECT r.seq, r.kind, r.size, r.first_row, r.last_row, d.bytes, d.blob FROM run r \
             LEFT JOIN t_document d ON d.sha256 = r.document \
             WHERE r.part = ? AND r.seq > ? AND r.facets IN (SELECT value FROM json_each(?)) ORDER BY r.seq LIMIT ?",
        )
        .bind(db_int(cursor.part))
        .bind(cursor.last)
        .bind(&cursor.taken)
        .bind(RUN_PAGE)
        .fetch_all(&mut *self.tx)
        .await?;
        for r in rows {
            cursor.last = r.try_get(0)?;
            let kind: i64 = r.try_get(1)?;
            let source = match (Kind::from_number(kind), r.try_get(5)?, r.try_get(6)?) {
                (Some(kind), ..) => Source::Rows { kind, first: r.try_get(3)?, last: r.try_get(4)? },
                (None, Some(bytes), _) => Source::Bytes(bytes),
                (None, None, Some(sha1)) => Source::Blob(sha1),
                (None, None, None) => {
                    let run = cursor.last;
                    return Err(StoreError::Corrupt(format!("part {}: run {run} has no document", cursor.part)));
                }
            };
            cursor.queue.push_back(TakenRun { size: model_int(r.try_get(2)?), source });
        }
        Ok(())
    }
}
