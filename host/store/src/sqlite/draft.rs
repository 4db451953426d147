//! Building a course unseen. Rows are collected in memory and written in slices, each one short transaction under the
//! draft's change, which checks the lease.
//!
//! A draft is dead when its job's lease has lapsed or gone elsewhere, or, without a job, when the process that made it has
//! had no heartbeat for [`super::db::DEAD_AFTER`] seconds. Dead drafts are dropped by sweeps and when someone wants a
//! name they have reserved; a worker that wakes up after that gets `LeaseLost`.

use super::SqliteStore;
use super::copy::{Copying, DoneHere};
use super::courses::course_on;
use super::db::{Write, check_lease, db_int, model_int, new_context, now, take_numbers};
use super::draft_rows::{Pending, owner_columns};
use super::names::{free_names, reserve};
use super::outbox::{self, Batch};
use crate::api::*;
use async_trait::async_trait;
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

/// How long calls that only collect go without looking at the lease.
const CHECK_EVERY: Duration = Duration::from_millis(500);
/// Ids taken from a sequence at a time.
const ID_BLOCK: i64 = 64;

/// See the module.
pub struct SqliteDraft {
    pub(super) store: SqliteStore,
    pub(super) making: Making,
    pub(super) change: i64,
    pub(super) course: i64,
    /// The course's context.
    context: i64,
    pub(super) scope: i64,
    pub(super) lease: Option<Lease>,
    pub(super) pending: Pending,
    /// Parts so far: what the next run and row get for a number.
    pub(super) parts: HashMap<i64, PartState>,
    pub(super) facet_ids: HashMap<Facets, i64>,
    /// Names of parts by scope and owner.
    pub(super) part_names: HashSet<(i64, Owner, String)>,
    /// Item ids of sections, by the scopes and local ids that are bound to them.
    pub(super) bound_sections: HashMap<(i64, u64), i64>,
    /// What is being copied into it, and what was done to people there.
    pub(super) copying: Option<Box<Copying>>,
    pub(super) done_here: DoneHere,
    /// The items that are copied; and whether they go from their course.
    pub(super) originals: Option<Originals>,
    pub(super) moves: bool,
    items: IdBlock,
    part_ids: IdBlock,
    checked: Instant,
    /// A write failed halfway: what is in the database is not what was added.
    pub(super) broken: bool,
    pub(super) ended: bool,
}

/// What a draft is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Making {
    /// A new course.
    Course,
    /// Something brought into a course.
    Extension,
}

impl Making {
    /// As in `t_change`.
    pub fn kind(self) -> &'static str {
        match self {
            Making::Course => "course",
            Making::Extension => "extension",
        }
    }
}

/// The items that a draft copies into a course that is there.
pub struct Originals {
    /// The course they are in.
    pub course: i64,
    /// Those that were named.
    pub items: Vec<i64>,
    /// How much of plugins' data travels.
    pub kind: CopyKind,
    /// What becomes of their numbers.
    pub numbers: CopyNumbers,
}

/// Where a part stands.
pub struct PartState {
    pub owner_kind: i64,
    pub next_run: i64,
    pub next_row: i64,
}

#[derive(Default)]
struct IdBlock {
    next: i64,
    end: i64,
}

impl SqliteStore {
    pub(super) async fn begin_draft(
        &self,
        fields: CourseFields,
        origin: Origin,
        extra: String,
        lease: Option<Lease>,
    ) -> Result<SqliteDraft> {
        let mut tx = self.db.write().await?;
        self.db.release_dropped(&mut tx).await?;
        if let Some(lease) = &lease {
            check_lease(&mut tx, lease).await?;
        }
        let category = if fields.category == 0 { self.first_category(&mut tx).await? } else { db_int(fields.category) };
        let known: Option<i64> =
            sqlx::query_scalar("SELECT id FROM category WHERE id = ?").bind(category).fetch_optional(&mut *tx).await?;
        if known.is_none() {
            return Err(StoreError::NotFound { kind: "category", key: fields.category.to_string() });
        }
        // The course needs its context and the context its course: the course's id is known beforehand only here.
        let course: i64 =
            sqlx::query_scalar("UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 't_course' RETURNING seq")
                .fetch_one(&mut *tx)
                .await?;
        let change = self.new_change(&mut tx, Making::Course, course, lease.as_ref()).await?;
        reserve(&mut tx, "shortname", &fields.shortname, change).await?;
        let context = new_context(&mut tx, 50, course, change).await?;
        sqlx::query(
            "INSERT INTO t_course (id, change, context, fullname, shortname, idnumber, format, start_date, end_date, visible, \
             category, created, modified, extra) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(course)
        .bind(change)
        .bind(context)
        .bind(fields.fullname)
        .bind(fields.shortname)
        .bind(fields.idnumber)
        .bind(fields.format)
        .bind(fields.start_date)
        .bind(fields.end_date)
        .bind(fields.visible)
        .bind(category)
        .bind(fields.created)
        .bind(fields.modified)
        .bind(extra)
        .execute(&mut *tx)
        .await?;
        let scope = new_scope(&mut tx, change, course, origin).await?;
        tx.commit().await?;
        Ok(SqliteDraft::new(self, Making::Course, change, (course, context), scope, lease))
    }

    pub(super) async fn begin_extension(
        &self,
        course: u64,
        origin: Origin,
        lease: Option<Lease>,
    ) -> Result<SqliteDraft> {
        let mut tx = self.db.write().await?;
        if let Some(lease) = &lease {
            check_lease(&mut tx, lease).await?;
        }
        let context = db_int(course_on(&mut tx, course).await?.course.context);
        let course = db_int(course);
        let change = self.new_change(&mut tx, Making::Extension, course, lease.as_ref()).await?;
        let scope = new_scope(&mut tx, change, course, origin).await?;
        tx.commit().await?;
        Ok(SqliteDraft::new(self, Making::Extension, change, (course, context), scope, lease))
    }

    async fn new_change(&self, tx: &mut Write, making: Making, course: i64, lease: Option<&Lease>) -> Result<i64> {
        let change = sqlx::query_scalar(
            "INSERT INTO t_change (kind, job, epoch, process, course, created) VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
        )
        .bind(making.kind())
        .bind(lease.map(|l| l.job.clone()))
        .bind(lease.map(|l| db_int(l.epoch)))
        .bind(&self.db.process)
        .bind(course)
        .bind(now())
        .fetch_one(&mut **tx)
        .await?;
        Ok(change)
    }
}

async fn new_scope(tx: &mut Write, change: i64, course: i64, origin: Origin) -> Result<i64> {
    let scope = sqlx::query_scalar(
        "INSERT INTO t_scope (change, course, date_offset, site_hash, site_url, origin_course, origin_context, \
         origin_system_context, origin_category) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(change)
    .bind(course)
    .bind(origin.date_offset)
    .bind(origin.site_hash)
    .bind(origin.site_url)
    .bind(db_int(origin.course))
    .bind(db_int(origin.context))
    .bind(db_int(origin.system_context))
    .bind(db_int(origin.category))
    .fetch_one(&mut **tx)
    .await?;
    Ok(scope)
}

impl SqliteDraft {
    fn new(
        store: &SqliteStore,
        making: Making,
        change: i64,
        (course, context): (i64, i64),
        scope: i64,
        lease: Option<Lease>,
    ) -> Self {
        Self {
            store: store.clone(),
            making,
            change,
            course,
            context,
            scope,
            lease,
            pending: Pending::default(),
            parts: HashMap::new(),
            facet_ids: HashMap::new(),
            part_names: HashSet::new(),
            bound_sections: HashMap::new(),
            copying: None,
            done_here: DoneHere::default(),
            originals: None,
            moves: false,
            items: IdBlock::default(),
            part_ids: IdBlock::default(),
            checked: Instant::now(),
            broken: false,
            ended: false,
        }
    }
}

impl SqliteDraft {
    /// Begins a write of this draft, if it may still write.
    pub(super) async fn write(&mut self) -> Result<Write> {
        if self.broken {
            self.begin_write().await?.rollback().await?;
            return Err(StoreError::Invalid("an earlier write of this draft failed".into()));
        }
        self.begin_write().await
    }

    /// Begins a write, whatever became of earlier ones.
    pub(super) async fn begin_write(&mut self) -> Result<Write> {
        let mut tx = self.store.db.write().await?;
        if let Some(lease) = &self.lease {
            check_lease(&mut tx, lease).await?;
        }
        let state: Option<i64> = sqlx::query_scalar("SELECT state FROM t_change WHERE id = ?")
            .bind(self.change)
            .fetch_optional(&mut *tx)
            .await?;
        if state != Some(0) {
            let job = self.lease.as_ref().map_or_else(|| format!("draft {}", self.change), |l| l.job.clone());
            return Err(StoreError::LeaseLost { job });
        }
        self.checked = Instant::now();
        Ok(tx)
    }

    /// After something was collected: writes when enough has come together, looks at the lease now and then.
    async fn collected(&mut self) -> Result<()> {
        if self.pending.is_large() {
            return self.flush().await;
        }
        if self.broken || self.checked.elapsed() > CHECK_EVERY {
            self.write().await?.rollback().await?;
        }
        Ok(())
    }

    async fn next_id(&mut self, sequence: &'static str) -> Result<i64> {
        let block = if sequence == "item" { &self.items } else { &self.part_ids };
        if block.next == block.end {
            let mut tx = self.write().await?;
            let first = take_numbers(&mut tx, sequence, ID_BLOCK).await?;
            tx.commit().await?;
            let fresh = IdBlock { next: first, end: first + ID_BLOCK };
            if sequence == "item" { self.items = fresh } else { self.part_ids = fresh }
        }
        let block = if sequence == "item" { &mut self.items } else { &mut self.part_ids };
        let id = block.next;
        block.next += 1;
        Ok(id)
    }
}

#[async_trait]
impl Draft for SqliteDraft {
    fn course(&self) -> u64 {
        model_int(self.course)
    }

    fn context(&self) -> u64 {
        model_int(self.context)
    }

    async fn bind(&mut self, bindings: Vec<Binding>) -> Result<()> {
        if self.making == Making::Course {
            return Err(StoreError::Invalid("a new course has no older scope to bind to".into()));
        }
        self.write_bindings(bindings).await
    }

    async fn add_section(&mut self, fields: SectionFields) -> Result<u64> {
        let id = self.next_id("item").await?;
        self.pending.sections.push((id, fields));
        self.collected().await?;
        Ok(model_int(id))
    }

    async fn add_activity(&mut self, fields: ActivityFields) -> Result<u64> {
        let id = self.next_id("item").await?;
        self.pending.activities.push((id, fields));
        self.collected().await?;
        Ok(model_int(id))
    }

    async fn add_block(&mut self, fields: BlockFields) -> Result<u64> {
        let id = self.next_id("item").await?;
        self.pending.blocks.push((id, fields));
        self.collected().await?;
        Ok(model_int(id))
    }

    async fn add_part(&mut self, owner: Owner, name: String, facets: Facets) -> Result<u64> {
        if !self.part_names.insert((self.scope, owner, name.clone())) {
            return Err(StoreError::Conflict { kind: "part", key: name });
        }
        let id = self.next_id("part").await?;
        self.parts.insert(id, PartState { owner_kind: owner_columns(owner).0, next_run: 1, next_row: 1 });
        self.pending.parts.push((id, owner, name, facets));
        self.collected().await?;
        Ok(model_int(id))
    }

    async fn append_runs(&mut self, part: u64, runs: Vec<FacetedRun>) -> Result<()> {
        let id = db_int(part);
        if !self.parts.contains_key(&id) {
            return Err(StoreError::NotFound { kind: "part", key: part.to_string() });
        }
        for FacetedRun { facets, run } in runs {
            match run {
                Run::Text(bytes) => {
                    self.pending.add_text(&mut self.parts, id, facets, bytes);
                    self.collected().await?;
                }
                Run::Rows(rows) => {
                    for row in rows {
                        self.pending.add_row(&mut self.parts, id, &facets, row);
                        if self.pending.is_large() {
                            self.flush().await?;
                        }
                    }
                    self.collected().await?;
                }
            }
        }
        Ok(())
    }

    async fn add_references(&mut self, owner: Owner, references: Vec<Reference>) -> Result<()> {
        if self.making == Making::Extension && owner == Owner::Course {
            return Err(StoreError::Invalid("what is brought into a course refers from its items only".into()));
        }
        for reference in references {
            self.pending.references.push((owner, reference));
            if self.pending.is_large() {
                self.flush().await?;
            }
        }
        self.collected().await
    }

    async fn add_files(&mut self, files: Vec<CourseFileFields>) -> Result<()> {
        self.write_files(files).await
    }

    async fn add_entries(&mut self, entries: Vec<Entry>) -> Result<()> {
        for entry in entries {
            self.pending.bytes += entry.element.len();
            self.pending.entries.push(entry);
            if self.pending.is_large() {
                self.flush().await?;
            }
        }
        self.collected().await
    }

    async fn add_people(&mut self, people: Vec<(ArchivedPerson, PersonChoice)>) -> Result<Vec<u64>> {
        self.write_people(people).await
    }

    async fn copy_from(&mut self, from: Box<dyn Snapshot>, choice: CopyChoice) -> Result<()> {
        self.begin_copy(from, choice).await
    }

    async fn copied_numbers(&mut self) -> Result<CopyNumbers> {
        match &self.originals {
            Some(originals) => Ok(originals.numbers.clone()),
            None => Err(StoreError::Invalid("no items are being copied".into())),
        }
    }

    async fn enter_scope(&mut self, scope: u64) -> Result<()> {
        let numbers = self.originals.as_ref().map(|originals| &originals.numbers.scopes);
        if !numbers.is_some_and(|scopes| scopes.iter().any(|(_, own)| *own == scope)) {
            return Err(StoreError::NotFound { kind: "scope", key: scope.to_string() });
        }
        // What was collected is of the scope it was added in.
        self.flush().await?;
        self.scope = db_int(scope);
        Ok(())
    }

    async fn copy_some(&mut self) -> Result<Copied> {
        self.copy_slice().await
    }

    async fn remove_originals(&mut self) -> Result<()> {
        if self.originals.is_none() {
            return Err(StoreError::Invalid("only items that are copied can be moved".into()));
        }
        self.moves = true;
        Ok(())
    }

    async fn announce(&mut self, happenings: Vec<Happening>) -> Result<()> {
        // What it is about is written before it is.
        self.flush().await?;
        let mut tx = self.write().await?;
        outbox::record(&mut tx, Batch::Change(self.change), happenings).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn announce_import(&mut self, backup: String, kind: CopyKind, job: String) -> Result<()> {
        self.flush().await?;
        let course = self.course.to_string();
        let mut tx = self.write().await?;
        if self.making == Making::Course {
            let what = Happening::CourseImported { kind, course: course.clone(), backup: backup.clone(), job };
            outbox::record(&mut tx, Batch::Change(self.change), vec![what]).await?;
        }
        let contents = "SELECT id, id FROM t_activity WHERE change = ? AND id > ? ORDER BY id LIMIT ?";
        let groups = "SELECT id, local FROM t_course_group WHERE change = ? AND id > ? ORDER BY id LIMIT ?";
        for (sql, is_content) in [(contents, true), (groups, false)] {
            let mut after = 0;
            loop {
                let some: Vec<(i64, i64)> = sqlx::query_as(sql)
                    .bind(self.change)
                    .bind(after)
                    .bind(super::db::SLICE as i64)
                    .fetch_all(&mut *tx)
                    .await?;
                let Some((last, _)) = some.last() else { break };
                after = *last;
                let what = some.iter().map(|(_, id)| {
                    let (course, backup, id) = (course.clone(), backup.clone(), id.to_string());
                    if is_content {
                        let content = Address { course, content: id };
                        Happening::ContentImported { kind, content, external_id: String::new(), backup }
                    } else {
                        Happening::GroupImported { kind, course, group: id.clone(), archived_group: id, backup }
                    }
                });
                outbox::record(&mut tx, Batch::Change(self.change), what.collect()).await?;
                tx.commit().await?;
                tx = self.write().await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }

    async fn events(&mut self) -> Result<Vec<Event>> {
        self.store.events_of(self.change).await
    }

    async fn answered_early(&mut self, target: &Target, answers: &[Early], now_ms: i64) -> Result<()> {
        let mut tx = self.write().await?;
        SqliteStore::write_early(&mut tx, self.change, target, answers, now_ms).await?;
        tx.commit().await?;
        Ok(())
    }

    fn is_new_course(&self) -> bool {
        self.making == Making::Course
    }

    async fn publish(mut self: Box<Self>) -> Result<u64> {
        self.complete().await?;
        let mut tx = self.write().await?;
        self.make_visible(&mut tx).await?;
        tx.commit().await?;
        self.store.db.published.notify_one();
        self.ended = true;
        Ok(model_int(self.course))
    }

    fn into_any(self: Box<Self>) -> Box<dyn std::any::Any + Send> {
        self
    }

    async fn discard(mut self: Box<Self>) -> Result<()> {
        let mut tx = self.store.db.write().await?;
        sqlx::query("UPDATE t_change SET state = 3, ended = ? WHERE id = ? AND state = 0")
            .bind(now())
            .bind(self.change)
            .execute(&mut *tx)
            .await?;
        free_names(&mut tx).await?;
        tx.commit().await?;
        self.ended = true;
        Ok(())
    }
}

impl Drop for SqliteDraft {
    fn drop(&mut self) {
        if !self.ended {
            self.store.db.drop_draft(self.change);
        }
    }
}
