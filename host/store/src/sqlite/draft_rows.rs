//! What a draft has collected, and writing it.

use super::db::db_int;
use super::draft::{PartState, SqliteDraft};
use super::rows::{self, Kind, PlacedRow};
use crate::api::*;
use sha2::{Digest, Sha256};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use std::collections::{BTreeMap, HashMap};

/// Collected bytes after which a draft writes.
const FLUSH_BYTES: usize = 512 * 1024;
/// Collected rows after which a draft writes.
const FLUSH_ROWS: usize = 2000;
/// Neighbouring text of equal facets is joined up to this size.
const TEXT_RUN: usize = 1024 * 1024;
/// Larger stretches of text are blobs, smaller ones are kept in the database.
const INLINE: usize = 16 * 1024;
/// Size and number of rows of a run of rows: what a reader holds in memory at a time.
const ROW_RUN: (usize, usize) = (64 * 1024, 500);
/// Rows of one multi-row statement.
const BATCH: usize = 200;

/// The kind of binding that says into which section an activity goes.
const SECTION: &str = "section";

/// Owner kind and id as in `t_part`.
pub fn owner_columns(owner: Owner) -> (i64, i64) {
    match owner {
        Owner::Course => (0, 0),
        Owner::Section(id) => (1, db_int(id)),
        Owner::Activity(id) => (2, db_int(id)),
        Owner::Block(id) => (3, db_int(id)),
    }
}

/// Rows and runs that are not yet in the database.
#[derive(Default)]
pub struct Pending {
    pub sections: Vec<(i64, SectionFields)>,
    pub activities: Vec<(i64, ActivityFields)>,
    pub blocks: Vec<(i64, BlockFields)>,
    pub parts: Vec<(i64, Owner, String, Facets)>,
    pub references: Vec<(Owner, Reference)>,
    pub entries: Vec<Entry>,
    runs: Vec<PendingRun>,
    /// For each part, its last run in `runs`.
    tails: HashMap<i64, usize>,
    rows: BTreeMap<Kind, Vec<PlacedRow>>,
    row_count: usize,
    /// Bytes of texts and elements.
    pub bytes: usize,
}

struct PendingRun {
    part: i64,
    seq: i64,
    facets: Facets,
    body: Body,
}

enum Body {
    Text(Vec<u8>),
    Rows { kind: Kind, size: usize, first: i64, last: i64 },
}

/// A run ready to be inserted.
struct ReadyRun {
    part: i64,
    seq: i64,
    facets: i64,
    kind: i64,
    size: i64,
    document: Option<Vec<u8>>,
    first: i64,
    last: i64,
}

struct Document {
    sha256: Vec<u8>,
    size: i64,
    bytes: Option<Vec<u8>>,
    blob: Option<String>,
}

impl Pending {
    /// Whether it is time to write.
    pub fn is_large(&self) -> bool {
        let small = self.sections.len() + self.activities.len() + self.blocks.len() + self.parts.len();
        let count = small + self.references.len() + self.entries.len() + self.runs.len() + self.row_count;
        self.bytes >= FLUSH_BYTES || count >= FLUSH_ROWS
    }

    fn is_empty(&self) -> bool {
        self.sections.is_empty()
            && self.activities.is_empty()
            && self.blocks.is_empty()
            && self.parts.is_empty()
            && self.references.is_empty()
            && self.entries.is_empty()
            && self.runs.is_empty()
    }

    fn push_run(&mut self, state: &mut PartState, part: i64, facets: Facets, body: Body) {
        self.tails.insert(part, self.runs.len());
        self.runs.push(PendingRun { part, seq: state.next_run, facets, body });
        state.next_run += 1;
    }

    /// Appends text to a known part.
    pub fn add_text(&mut self, parts: &mut HashMap<i64, PartState>, part: i64, facets: Facets, bytes: Vec<u8>) {
        let Some(state) = parts.get_mut(&part) else { return };
        if bytes.is_empty() {
            return;
        }
        self.bytes += bytes.len();
        if let Some(tail) = self.tails.get(&part).and_then(|i| self.runs.get_mut(*i))
            && let Body::Text(text) = &mut tail.body
            && tail.facets == facets
            && text.len() + bytes.len() <= TEXT_RUN
        {
            text.extend_from_slice(&bytes);
            return;
        }
        self.push_run(state, part, facets, Body::Text(bytes));
    }

    /// Appends a row to a known part.
    pub fn add_row(&mut self, parts: &mut HashMap<i64, PartState>, part: i64, facets: &Facets, row: Row) {
        let Some(state) = parts.get_mut(&part) else { return };
        let (row_kind, length, seq) = (Kind::of(&row.columns), row.element.len(), state.next_row);
        state.next_row += 1;
        self.bytes += length;
        self.row_count += 1;
        let placed = PlacedRow { part, owner_kind: state.owner_kind, seq, row };
        self.rows.entry(row_kind).or_default().push(placed);
        if let Some(tail) = self.tails.get(&part).and_then(|i| self.runs.get_mut(*i))
            && let Body::Rows { kind, size, first, last } = &mut tail.body
        {
            let fits = *size + length <= ROW_RUN.0 && *last - *first + 1 < ROW_RUN.1 as i64;
            if tail.facets == *facets && *kind == row_kind && fits {
                *size += length;
                *last = seq;
                return;
            }
        }
        let body = Body::Rows { kind: row_kind, size: length, first: seq, last: seq };
        self.push_run(state, part, facets.clone(), body);
    }
}

impl SqliteDraft {
    /// Writes what was collected.
    pub(super) async fn flush(&mut self) -> Result<()> {
        if self.broken {
            return self.write().await.map(drop);
        }
        if self.pending.is_empty() {
            return Ok(());
        }
        // Rows fill a disk as well as contents do.
        self.store.blobs.space().require(self.pending.bytes as u64)?;
        // Taken first: should this future be dropped or fail halfway, the draft is unusable rather than incomplete.
        let pending = std::mem::take(&mut self.pending);
        self.broken = true;
        self.write_pending(pending).await?;
        self.broken = false;
        Ok(())
    }

    async fn write_pending(&mut self, mut pending: Pending) -> Result<()> {
        // Large texts go to the blob store before the transaction begins.
        let mut documents = Vec::new();
        let mut runs = Vec::with_capacity(pending.runs.len());
        for run in std::mem::take(&mut pending.runs) {
            runs.push(self.ready(run, &mut documents).await?);
        }
        let mut sizes = BTreeMap::<i64, i64>::new();
        for (run, _) in &runs {
            *sizes.entry(run.part).or_default() += run.size;
        }
        let mut tx = self.begin_write().await?;
        let mut fresh = Vec::new();
        self.insert_items(&mut tx, &pending, &mut sizes, &mut fresh).await?;
        for batch in documents.chunks_mut(BATCH) {
            let full = batch.len() == BATCH;
            let mut query =
                QueryBuilder::<Sqlite>::new("INSERT OR IGNORE INTO t_document (sha256, size, bytes, blob) ");
            query.push_values(batch, |mut b, d| {
                b.push_bind(std::mem::take(&mut d.sha256))
                    .push_bind(d.size)
                    .push_bind(d.bytes.take())
                    .push_bind(d.blob.take());
            });
            query.build().persistent(full).execute(&mut *tx).await?;
        }
        let mut ready = Vec::with_capacity(runs.len());
        for (run, facets) in runs {
            let facets = self.facet_id(&mut tx, &facets, &mut fresh).await?;
            ready.push(ReadyRun { facets, ..run });
        }
        for batch in ready.chunks_mut(BATCH) {
            let full = batch.len() == BATCH;
            let mut query = QueryBuilder::<Sqlite>::new(
                "INSERT INTO t_run (part, seq, change, facets, kind, size, document, first_row, last_row) ",
            );
            query.push_values(batch, |mut b, r| {
                b.push_bind(r.part).push_bind(r.seq).push_bind(self.change).push_bind(r.facets).push_bind(r.kind);
                b.push_bind(r.size).push_bind(r.document.take()).push_bind(r.first).push_bind(r.last);
            });
            query.build().persistent(full).execute(&mut *tx).await?;
        }
        for (kind, rows) in pending.rows {
            rows::insert(&mut tx, kind, self.change, self.course, rows).await?;
        }
        // What is left are parts that were there before.
        for (part, size) in sizes {
            sqlx::query("UPDATE t_part SET size = size + ? WHERE id = ?")
                .bind(size)
                .bind(part)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        self.keep_facets(fresh);
        Ok(())
    }

    /// Turns a collected run into its row, with its document.
    async fn ready(&self, run: PendingRun, documents: &mut Vec<Document>) -> Result<(ReadyRun, Facets)> {
        let PendingRun { part, seq, facets, body } = run;
        let row = match body {
            Body::Rows { kind, size, first, last } => {
                ReadyRun { part, seq, facets: 0, kind: kind.number(), size: size as i64, document: None, first, last }
            }
            Body::Text(text) => {
                let sha256 = Sha256::digest(&text).to_vec();
                let size = text.len() as i64;
                let (bytes, blob) = if text.len() <= INLINE {
                    (Some(text), None)
                } else {
                    (None, Some(self.store.blobs().put(text.into()).await?.sha1))
                };
                documents.push(Document { sha256: sha256.clone(), size, bytes, blob });
                ReadyRun { part, seq, facets: 0, kind: 0, size, document: Some(sha256), first: 0, last: 0 }
            }
        };
        Ok((row, facets))
    }

    /// The id of a facet set; one that this transaction makes goes into `fresh` as well.
    async fn facet_id(
        &self,
        conn: &mut SqliteConnection,
        facets: &Facets,
        fresh: &mut Vec<(Facets, i64)>,
    ) -> Result<i64> {
        if let Some(id) = self.facet_ids.get(facets) {
            return Ok(*id);
        }
        if let Some((_, id)) = fresh.iter().find(|(f, _)| f == facets) {
            return Ok(*id);
        }
        let id = self.store.db.facet_id(conn, facets).await?;
        fresh.push((facets.clone(), id));
        Ok(id)
    }

    fn keep_facets(&mut self, fresh: Vec<(Facets, i64)>) {
        self.store.db.remember_facets(fresh.iter().cloned());
        self.facet_ids.extend(fresh);
    }

    /// Inserts what a course consists of. Takes the sizes of new parts out of `sizes`.
    async fn insert_items(
        &self,
        tx: &mut SqliteConnection,
        p: &Pending,
        sizes: &mut BTreeMap<i64, i64>,
        fresh: &mut Vec<(Facets, i64)>,
    ) -> Result<()> {
        let (change, course, scope) = (self.change, self.course, self.scope);
        for batch in p.sections.chunks(BATCH) {
            let mut query = QueryBuilder::<Sqlite>::new(
                "INSERT INTO t_section (id, change, course, scope, local, number, name, visible, delegated_to) ",
            );
            query.push_values(batch, |mut b, (id, f)| {
                b.push_bind(*id).push_bind(change).push_bind(course).push_bind(scope).push_bind(db_int(f.local));
                b.push_bind(f.number).push_bind(f.name.clone()).push_bind(f.visible).push_bind(db_int(f.delegated_to));
            });
            query.build().persistent(false).execute(&mut *tx).await?;
        }
        for batch in p.activities.chunks(BATCH) {
            let mut query = QueryBuilder::<Sqlite>::new(
                "INSERT INTO t_activity (id, change, course, scope, local, section, bound_section, module, instance, context, \
                 name, visible, idnumber) ",
            );
            query.push_values(batch, |mut b, (id, f)| {
                b.push_bind(*id).push_bind(change).push_bind(course).push_bind(scope).push_bind(db_int(f.local));
                b.push_bind(db_int(f.section)).push_bind(self.bound_sections.get(&(scope, f.section)).copied());
                b.push_bind(f.module.clone()).push_bind(db_int(f.instance));
                b.push_bind(db_int(f.context))
                    .push_bind(f.name.clone())
                    .push_bind(f.visible)
                    .push_bind(f.idnumber.clone());
            });
            query.build().persistent(false).execute(&mut *tx).await?;
            let mut contexts = QueryBuilder::<Sqlite>::new("INSERT INTO t_context (level, instance, change) ");
            contexts.push_values(batch, |mut b, (id, _)| {
                b.push("70").push_bind(*id).push_bind(change);
            });
            contexts.build().persistent(false).execute(&mut *tx).await?;
        }
        for batch in p.blocks.chunks(BATCH) {
            let mut query = QueryBuilder::<Sqlite>::new(
                "INSERT INTO t_block (id, change, course, scope, local, name, context, activity) ",
            );
            query.push_values(batch, |mut b, (id, f)| {
                b.push_bind(*id).push_bind(change).push_bind(course).push_bind(scope).push_bind(db_int(f.local));
                b.push_bind(f.name.clone()).push_bind(db_int(f.context)).push_bind(f.activity.map(db_int));
            });
            query.build().persistent(false).execute(&mut *tx).await?;
        }
        let mut parts = Vec::with_capacity(p.parts.len());
        for (id, owner, name, facets) in &p.parts {
            let size = sizes.remove(id).unwrap_or(0);
            parts.push((*id, owner_columns(*owner), name, self.facet_id(tx, facets, fresh).await?, size));
        }
        for batch in parts.chunks(BATCH) {
            let mut query = QueryBuilder::<Sqlite>::new(
                "INSERT INTO t_part (id, change, course, scope, owner_kind, owner, name, facets, size) ",
            );
            query.push_values(batch, |mut b, (id, (owner_kind, owner), name, facets, size)| {
                b.push_bind(*id).push_bind(change).push_bind(course).push_bind(scope);
                b.push_bind(*owner_kind).push_bind(*owner).push_bind(name.as_str()).push_bind(*facets).push_bind(*size);
            });
            query.build().persistent(batch.len() == BATCH).execute(&mut *tx).await?;
        }
        let mut references = Vec::with_capacity(p.references.len());
        for (owner, reference) in &p.references {
            references.push((owner_columns(*owner), reference, self.facet_id(tx, &reference.facets, fresh).await?));
        }
        for batch in references.chunks(BATCH) {
            let mut query = QueryBuilder::<Sqlite>::new(
                "INSERT INTO t_reference (change, course, owner_kind, owner, kind, local, facets) ",
            );
            query.push_values(batch, |mut b, ((owner_kind, owner), reference, facets)| {
                b.push_bind(change).push_bind(course).push_bind(*owner_kind).push_bind(*owner);
                b.push_bind(reference.kind.as_str()).push_bind(db_int(reference.local)).push_bind(*facets);
            });
            query.build().persistent(batch.len() == BATCH).execute(&mut *tx).await?;
        }
        for entry in &p.entries {
            sqlx::query(
                "INSERT INTO t_entry (change, course, scope, kind, local, name, archetype, element) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            )
            .bind(change)
            .bind(course)
            .bind(scope)
            .bind(&entry.kind)
            .bind(db_int(entry.local))
            .bind(&entry.name)
            .bind(&entry.archetype)
            .bind(&entry.element)
            .execute(&mut *tx)
            .await?;
        }
        Ok(())
    }

    /// Writes bindings at once: items that come later need them.
    pub(super) async fn write_bindings(&mut self, bindings: Vec<Binding>) -> Result<()> {
        let mut tx = self.write().await?;
        let mut sections = Vec::new();
        for binding in bindings {
            let target_scope = db_int(binding.target_scope);
            let known: Option<i64> = sqlx::query_scalar(
                "SELECT id FROM scope WHERE id = ?1 AND course = ?2 UNION SELECT id FROM t_scope WHERE id = ?1 AND change = ?3",
            )
            .bind(target_scope)
            .bind(self.course)
            .bind(self.change)
            .fetch_optional(&mut *tx)
            .await?;
            known.ok_or_else(|| StoreError::NotFound { kind: "scope", key: binding.target_scope.to_string() })?;
            if binding.kind == SECTION {
                let section: Option<i64> = sqlx::query_scalar(
                    "SELECT id FROM section WHERE scope = ?1 AND local = ?2 \
                     UNION SELECT id FROM t_section WHERE scope = ?1 AND local = ?2 AND change = ?3",
                )
                .bind(target_scope)
                .bind(db_int(binding.target))
                .bind(self.change)
                .fetch_optional(&mut *tx)
                .await?;
                let section =
                    section.ok_or_else(|| StoreError::NotFound { kind: "section", key: binding.target.to_string() })?;
                sections.push(((self.scope, binding.local), section));
            }
            sqlx::query(
                "INSERT INTO t_binding (change, course, scope, kind, local, target_scope, target) VALUES (?, ?, ?, ?, ?, ?, ?) \
                 ON CONFLICT (scope, kind, local) DO UPDATE SET target_scope = excluded.target_scope, target = excluded.target",
            )
            .bind(self.change)
            .bind(self.course)
            .bind(self.scope)
            .bind(binding.kind)
            .bind(db_int(binding.local))
            .bind(target_scope)
            .bind(db_int(binding.target))
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        self.bound_sections.extend(sections);
        Ok(())
    }

    /// Writes files at once, since a missing blob is to be known at once.
    pub(super) async fn write_files(&mut self, files: Vec<CourseFileFields>) -> Result<()> {
        self.store.blobs.settle().await?;
        for slice in files.chunks(super::db::SLICE) {
            let mut tx = self.write().await?;
            let mut fresh = Vec::new();
            let mut ids = Vec::with_capacity(slice.len());
            for file in slice {
                ids.push(self.facet_id(&mut tx, &file.facets, &mut fresh).await?);
            }
            check_blobs(&mut tx, slice.iter().filter_map(|file| file.blob.as_ref())).await?;
            let placed: Vec<_> = slice.iter().zip(ids).collect();
            for batch in placed.chunks(BATCH) {
                let mut query = QueryBuilder::<Sqlite>::new(
                    "INSERT INTO t_course_file (change, course, scope, local, context, component, area, item, path, name, blob, \
                     size, mimetype, person, facets, element) ",
                );
                query.push_values(batch, |mut b, (f, facets)| {
                    b.push_bind(self.change).push_bind(self.course).push_bind(self.scope).push_bind(db_int(f.local));
                    b.push_bind(db_int(f.context))
                        .push_bind(f.component.clone())
                        .push_bind(f.area.clone())
                        .push_bind(f.item);
                    b.push_bind(f.path.clone())
                        .push_bind(f.name.clone())
                        .push_bind(f.blob.as_ref().map(|x| x.sha1.clone()));
                    b.push_bind(f.blob.as_ref().map_or(0, |x| db_int(x.size))).push_bind(f.mimetype.clone());
                    b.push_bind(db_int(f.person)).push_bind(*facets).push_bind(f.element.clone());
                });
                query.build().persistent(batch.len() == BATCH).execute(&mut *tx).await?;
            }
            tx.commit().await?;
            self.keep_facets(fresh);
        }
        Ok(())
    }
}

/// A list for `json_each`.
pub fn json<T: serde::Serialize + ?Sized>(list: &T) -> Result<String> {
    serde_json::to_string(list).map_err(|e| StoreError::Invalid(format!("a list: {e}")))
}

/// An error unless all these contents are there.
async fn check_blobs(conn: &mut SqliteConnection, blobs: impl Iterator<Item = &BlobRef>) -> Result<()> {
    let wanted: BTreeMap<&str, u64> = blobs.map(|blob| (blob.sha1.as_str(), blob.size)).collect();
    let names: Vec<_> = wanted.keys().collect();
    let rows: Vec<(String, i64)> =
        sqlx::query_as("SELECT sha1, size FROM t_blob WHERE sha1 IN (SELECT value FROM json_each(?))")
            .bind(json(&names)?)
            .fetch_all(conn)
            .await?;
    let there: HashMap<String, i64> = rows.into_iter().collect();
    match wanted.iter().find(|(sha1, size)| there.get(**sha1) != Some(&db_int(**size))) {
        Some((sha1, _)) => Err(StoreError::NotFound { kind: "blob", key: (*sha1).to_owned() }),
        None => Ok(()),
    }
}
