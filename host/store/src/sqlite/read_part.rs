//! Reading a part under a set of facets: the runs taken, one after the other, never more than a few in memory.
//!
//! A course has many small parts, and who reads one mostly reads the next one after it. So small parts are fetched many at
//! a time, in the order in which [`Snapshot::parts`] gives them.

use super::db::{db_int, model_int};
use super::rows::Kind;
use super::snapshot::SqliteSnapshot;
use crate::api::*;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use std::collections::{HashMap, VecDeque};

/// Runs fetched at a time, with the bytes of small texts.
const RUN_PAGE: i64 = 64;
/// Parts looked at to find small ones, and what the small ones may have in bytes, each and together.
const PART_PAGE: i64 = 64;
const SMALL_PART: u64 = 32 << 10;
const SMALL_PARTS: u64 = 256 << 10;

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
    /// Whether there are no more to be fetched.
    complete: bool,
}

/// Small parts fetched before they are asked for, under one set of facets.
#[derive(Default)]
pub struct PartsAhead {
    facets: Facets,
    parts: VecDeque<(u64, VecDeque<TakenRun>)>,
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

/// A run from the columns kind, size, first_row, last_row, bytes, blob, which begin at `at`.
fn taken_run(r: &SqliteRow, at: usize, place: impl Fn() -> String) -> Result<TakenRun> {
    let kind: i64 = r.try_get(at)?;
    let source = match (Kind::from_number(kind), r.try_get(at + 4)?, r.try_get(at + 5)?) {
        (Some(kind), ..) => Source::Rows { kind, first: r.try_get(at + 2)?, last: r.try_get(at + 3)? },
        (None, Some(bytes), _) => Source::Bytes(bytes),
        (None, None, Some(sha1)) => Source::Blob(sha1),
        (None, None, None) => return Err(StoreError::Corrupt(format!("{} has no document", place()))),
    };
    Ok(TakenRun { size: model_int(r.try_get(at + 1)?), source })
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
            if cursor.queue.is_empty() && !cursor.complete {
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
        let taken = self.taken(facets).await?;
        let cursor = |queue, start, last, complete| {
            Ok(Some(PartCursor { part, facets: facets.clone(), taken: taken.clone(), queue, start, last, complete }))
        };
        if offset == 0 {
            if let Some(queue) = self.take_ahead(part, facets) {
                return cursor(queue, 0, 0, true);
            }
            if !self.fetch_parts(part, facets, &taken).await? {
                return Ok(None);
            }
            return match self.take_ahead(part, facets) {
                Some(queue) => cursor(queue, 0, 0, true),
                None => cursor(VecDeque::new(), 0, 0, false),
            };
        }
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
        let found = sqlx::query_as::<_, (i64, i64)>(
            "SELECT seq, start FROM (SELECT seq, sum(size) OVER (ORDER BY seq) - size AS start FROM run \
             WHERE part = ?1 AND facets IN (SELECT value FROM json_each(?2))) WHERE start <= ?3 ORDER BY seq DESC LIMIT 1",
        )
        .bind(id)
        .bind(&taken)
        .bind(i64::try_from(offset).unwrap_or(i64::MAX))
        .fetch_optional(&mut *self.tx)
        .await?;
        let (seq, start) = found.unwrap_or((1, 0));
        cursor(VecDeque::new(), model_int(start), seq - 1, false)
    }

    /// The runs of a part that was fetched ahead; what lies before it is given up.
    fn take_ahead(&mut self, part: u64, facets: &Facets) -> Option<VecDeque<TakenRun>> {
        if self.ahead.facets != *facets || !self.ahead.parts.iter().any(|(id, _)| *id == part) {
            return None;
        }
        loop {
            let (id, runs) = self.ahead.parts.pop_front()?;
            if id == part {
                return Some(runs);
            }
        }
    }

    /// Fetches a part and those after it, as long as they are small; a large part is not fetched. False when the part's
    /// own facets are not taken.
    async fn fetch_parts(&mut self, part: u64, facets: &Facets, taken: &str) -> Result<bool> {
        self.ahead = PartsAhead { facets: facets.clone(), parts: VecDeque::new() };
        let rows = sqlx::query(
            "SELECT id, facets, size FROM part WHERE course = ?1 AND (owner_kind, owner, id) >= \
             (SELECT owner_kind, owner, id FROM part WHERE id = ?2 AND course = ?1) ORDER BY owner_kind, owner, id LIMIT ?3",
        )
        .bind(db_int(self.course().id))
        .bind(db_int(part))
        .bind(PART_PAGE)
        .fetch_all(&mut *self.tx)
        .await?;
        if rows.is_empty() {
            return Err(StoreError::NotFound { kind: "part", key: part.to_string() });
        }
        let mut ids = Vec::with_capacity(rows.len());
        let mut bytes = 0;
        for r in rows {
            let (id, own, size): (i64, i64, i64) = (r.try_get(0)?, r.try_get(1)?, r.try_get(2)?);
            let is_taken = self.store.db.facets(&mut self.tx, own).await?.all_in(facets);
            if model_int(id) == part && !is_taken {
                return Ok(false);
            }
            bytes += model_int(size);
            if model_int(size) > SMALL_PART || bytes > SMALL_PARTS {
                break;
            }
            if is_taken {
                ids.push(id);
            }
        }
        if ids.is_empty() {
            return Ok(true);
        }
        let list = serde_json::to_string(&ids).map_err(|e| StoreError::Invalid(format!("parts: {e}")))?;
        let mut parts: HashMap<i64, VecDeque<TakenRun>> = HashMap::new();
        let rows = sqlx::query(
            "SELECT r.part, r.kind, r.size, r.first_row, r.last_row, d.bytes, d.blob FROM run r \
             LEFT JOIN t_document d ON d.sha256 = r.document \
             WHERE r.part IN (SELECT value FROM json_each(?)) AND r.facets IN (SELECT value FROM json_each(?)) \
             ORDER BY r.part, r.seq",
        )
        .bind(list)
        .bind(taken)
        .fetch_all(&mut *self.tx)
        .await?;
        for r in &rows {
            let part: i64 = r.try_get(0)?;
            parts.entry(part).or_default().push_back(taken_run(r, 1, || format!("a run of part {part}"))?);
        }
        self.ahead.parts = ids.into_iter().map(|id| (model_int(id), parts.remove(&id).unwrap_or_default())).collect();
        Ok(true)
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
        cursor.complete = (rows.len() as i64) < RUN_PAGE;
        for r in &rows {
            cursor.last = r.try_get(0)?;
            let (part, run) = (cursor.part, cursor.last);
            cursor.queue.push_back(taken_run(r, 1, || format!("part {part}: run {run}"))?);
        }
        Ok(())
    }
}
