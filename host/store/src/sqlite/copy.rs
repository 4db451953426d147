//! Copying by reference (architecture.md 2.2): the rows of a course, or of some of its items, become a draft's own, and share
//! documents and blobs with those they were copied from.
//!
//! What is read comes from a snapshot, on its own connection: what changes meanwhile does not show, and the write lock is held
//! for inserting only. Numbers of scopes, items and parts are given out at the beginning, since rows name them before they
//! come.

use super::copy_tables::{self, Cell, Numbers, Table};
use super::db::{SLICE, db_int, model_int, take_numbers};
use super::draft::{Making, Originals, SqliteDraft};
use super::draft_rows::json;
use super::outbox::{self, Batch};
use super::rows::Kind;
use super::snapshot::SqliteSnapshot;
use crate::api::*;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, QueryBuilder, Row as _, Sqlite, SqliteConnection};
use std::collections::{HashMap, HashSet};

/// Parts whose runs are looked for at a time.
const PARTS: usize = 256;

/// A copy under way.
pub struct Copying {
    from: SqliteSnapshot,
    choice: CopyChoice,
    /// JSON list of the facet sets taken.
    taken: String,
    numbers: Numbers,
    /// The parts copied, by their old numbers.
    parts: Vec<i64>,
    /// Their sizes as far as they are taken.
    sizes: HashMap<i64, i64>,
    /// Old contexts of items, with their scopes: where files of chosen items are.
    contexts: HashSet<(i64, i64)>,
    /// The number of the next section that comes into a course that is there.
    number: i64,
    step: Step,
    /// Where the step stands: the last old id.
    after: i64,
    /// Where the runs stand: how many parts are through, and the last run of the part after them.
    runs: (usize, i64, i64),
    done: u64,
    total: u64,
    /// Sections and activities of which was told.
    contents: u64,
}

/// What is copied, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Sections,
    Activities,
    Blocks,
    Parts,
    Runs,
    References,
    Entries,
    Files,
    People,
    Done,
}

impl Step {
    fn next(self) -> Self {
        match self {
            Step::Sections => Step::Activities,
            Step::Activities => Step::Blocks,
            Step::Blocks => Step::Parts,
            Step::Parts => Step::Runs,
            Step::Runs => Step::References,
            Step::References => Step::Entries,
            Step::Entries => Step::Files,
            Step::Files => Step::People,
            Step::People | Step::Done => Step::Done,
        }
    }

    /// What it copies; none for runs, which come with their rows.
    fn table(self) -> Option<&'static Table> {
        match self {
            Step::Sections => Some(&copy_tables::SECTION),
            Step::Activities => Some(&copy_tables::ACTIVITY),
            Step::Blocks => Some(&copy_tables::BLOCK),
            Step::Parts => Some(&copy_tables::PART),
            Step::References => Some(&copy_tables::REFERENCE),
            Step::Entries => Some(&copy_tables::ENTRY),
            Step::Files => Some(&copy_tables::FILE),
            Step::People => Some(&copy_tables::PERSON_LINK),
            Step::Runs | Step::Done => None,
        }
    }
}

/// What was done on this host to people of the course: it becomes visible with the copy.
#[derive(Default)]
pub struct DoneHere {
    /// Person, suspended, start, end, created.
    roster: Vec<(i64, bool, i64, i64, i64)>,
    /// Person, role, level, instance.
    roles: Vec<(i64, i64, i64, i64)>,
}

impl SqliteDraft {
    /// See [`Draft::copy_from`].
    pub(super) async fn begin_copy(&mut self, from: Box<dyn Snapshot>, choice: CopyChoice) -> Result<()> {
        let from = from
            .into_any()
            .downcast::<SqliteSnapshot>()
            .map_err(|_| StoreError::Invalid("a snapshot of another store".into()))?;
        if self.copying.is_some() || !self.parts.is_empty() {
            return Err(StoreError::Invalid("a copy is the first thing in a draft".into()));
        }
        if choice.items.is_empty() != (self.making == Making::Course) {
            return Err(StoreError::Invalid(
                "a whole course goes into a new one, items go into one that is there".into(),
            ));
        }
        self.broken = true;
        let mut from = *from;
        let taken = from.taken(&choice.facets).await?;
        let items = chosen_items(&mut from, &choice, &taken).await?;
        let (parts, runs) = chosen_parts(&mut from, &choice, &taken, &items).await?;
        // One more for the end: `done` is the whole only when it is over.
        let total = runs + items.ids.len() as u64 + count(&mut from, &taken, choice.people).await? + 1;
        let mut copying = Copying {
            taken,
            numbers: Numbers::default(),
            contexts: items.contexts,
            parts: parts.iter().map(|(id, _)| *id).collect(),
            sizes: parts.into_iter().collect(),
            number: 0,
            step: Step::Sections,
            after: 0,
            runs: (0, 0, 0),
            done: 0,
            total,
            contents: 0,
            from,
            choice,
        };
        let mut tx = self.begin_write().await?;
        self.copy_scopes(&mut tx, &mut copying, &items.scopes).await?;
        let first = take_numbers(&mut tx, "item", items.ids.len() as i64).await?;
        copying.numbers.items = items.ids.into_iter().zip(first..).collect();
        let first = take_numbers(&mut tx, "part", copying.parts.len() as i64).await?;
        copying.numbers.parts = copying.parts.iter().copied().zip(first..).collect();
        copying.number = sqlx::query_scalar("SELECT coalesce(max(number), -1) + 1 FROM section WHERE course = ?")
            .bind(self.course)
            .fetch_one(&mut *tx)
            .await?;
        tx.commit().await?;
        if self.making == Making::Course {
            self.tell_of_copy(&copying).await?;
            self.done_here = copying.done_here(self.course).await?;
            self.keep_names(&mut copying).await?;
        }
        if self.making == Making::Extension {
            self.originals = Some(Originals {
                course: copying.from.id(),
                items: copying.choice.items.iter().map(|id| db_int(*id)).collect(),
                kind: copying.kind(),
                numbers: copying.numbers.pairs(),
            });
        }
        self.copying = Some(Box::new(copying));
        self.broken = false;
        Ok(())
    }

    /// A scope of its own for each that is copied, with the same origin; the first one of a new course is there already.
    async fn copy_scopes(&mut self, tx: &mut SqliteConnection, copying: &mut Copying, scopes: &[i64]) -> Result<()> {
        let within = copying.from.id() == self.course;
        let offset = copying.choice.date_offset;
        for (n, old) in scopes.iter().enumerate() {
            let source = sqlx::query(
                "SELECT site_hash, site_url, origin_course, origin_context, origin_system_context, origin_category, \
                 date_offset, parent FROM scope WHERE id = ?",
            )
            .bind(old)
            .fetch_one(&mut *copying.from.tx)
            .await?;
            let parent = match source.try_get::<Option<i64>, _>(7)? {
                _ if within => Some(*old),
                Some(parent) => copying.numbers.scopes.get(&parent).copied(),
                None => None,
            };
            let sql = match n {
                0 => {
                    "UPDATE t_scope SET site_hash = ?1, site_url = ?2, origin_course = ?3, origin_context = ?4, \
                     origin_system_context = ?5, origin_category = ?6, date_offset = ?7, parent = ?8 WHERE id = ?9 RETURNING id"
                }
                _ => {
                    "INSERT INTO t_scope (site_hash, site_url, origin_course, origin_context, origin_system_context, \
                     origin_category, date_offset, parent, change, course) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?10, ?11) \
                     RETURNING id"
                }
            };
            let new: i64 = sqlx::query_scalar(sql)
                .bind(source.try_get::<String, _>(0)?)
                .bind(source.try_get::<String, _>(1)?)
                .bind(source.try_get::<i64, _>(2)?)
                .bind(source.try_get::<i64, _>(3)?)
                .bind(source.try_get::<i64, _>(4)?)
                .bind(source.try_get::<i64, _>(5)?)
                .bind(source.try_get::<i64, _>(6)?.saturating_add(offset))
                .bind(parent)
                .bind(self.scope)
                .bind(self.change)
                .bind(self.course)
                .fetch_one(&mut *tx)
                .await?;
            copying.numbers.scopes.insert(*old, new);
        }
        // In another course those lead nowhere whose targets are of scopes that stay behind: whoever copies makes new ones.
        let mut query = copy_tables::BINDING.select("id");
        query.push(" WHERE course = ").push_bind(copying.from.id()).push(" ORDER BY id");
        let rows = query.build().fetch_all(&mut *copying.from.tx).await?;
        let mut bindings = Vec::new();
        for row in &rows {
            bindings.extend(binding_of(row, copying, within)?);
        }
        copy_tables::BINDING.insert(tx, self.change, self.course, bindings).await
    }

    /// Remembers the names of the course's own parts, so that none is added twice.
    async fn keep_names(&mut self, copying: &mut Copying) -> Result<()> {
        let rows: Vec<(i64, i64, String)> =
            sqlx::query_as("SELECT id, scope, name FROM part WHERE course = ? AND owner_kind = 0")
                .bind(copying.from.id())
                .fetch_all(&mut *copying.from.tx)
                .await?;
        for (id, scope, name) in rows {
            let is_own = copying.numbers.scopes.get(&scope) == Some(&self.scope);
            if is_own && copying.numbers.parts.contains_key(&id) {
                self.part_names.insert((self.scope, Owner::Course, name));
            }
        }
        Ok(())
    }

    /// See [`Draft::copy_some`].
    pub(super) async fn copy_slice(&mut self) -> Result<Copied> {
        let Some(mut copying) = self.copying.take() else {
            return Err(StoreError::Invalid("nothing is being copied".into()));
        };
        if self.broken {
            self.write().await.map(drop)?;
        }
        self.broken = true;
        let mut copied = self.copy_step(&mut copying).await;
        if copied.is_ok() && copying.step == Step::Done {
            copied = self.tell_of_end(&copying).await;
        }
        // A failure halfway leaves the draft unusable rather than incomplete.
        self.broken = copied.is_err();
        if copying.step == Step::Done {
            let all = Copied { done: copying.total, total: copying.total };
            return copied.map(|()| all);
        }
        let done = Copied { done: copying.done.min(copying.total - 1), total: copying.total };
        self.copying = Some(copying);
        copied.map(|()| done)
    }

    async fn copy_step(&mut self, copying: &mut Copying) -> Result<()> {
        let Some(table) = copying.step.table() else {
            return self.copy_runs(copying).await;
        };
        if copying.leaves_out(copying.step) {
            copying.go_on();
            return Ok(());
        }
        let rows = table.page(&mut copying.from, &copying.taken, copying.after, SLICE as i64).await?;
        let Some(last) = rows.last() else {
            copying.go_on();
            return Ok(());
        };
        let after = last.try_get(0)?;
        let mut copies = Vec::with_capacity(rows.len());
        for row in &rows {
            if let Some(mut cells) = table.translated(row, 1, &copying.numbers)?
                && copying.takes(row)?
            {
                self.settle(copying, row, &mut cells)?;
                copies.push(cells);
            }
        }
        let count = copies.len() as u64;
        if count > 0 {
            let contexts: Vec<i64> = match copying.step {
                Step::Activities => copies.iter().filter_map(|cells| int(cells.first())).collect(),
                _ => Vec::new(),
            };
            let mut tx = self.begin_write().await?;
            let told = self.contents_copied(copying, &rows)?;
            copying.contents += told.len() as u64;
            table.insert(&mut tx, self.change, self.course, copies).await?;
            self.new_contexts(&mut tx, &contexts).await?;
            outbox::record_as_of(&mut tx, Batch::Change(self.change), told, copying.from.storage_sequence()).await?;
            tx.commit().await?;
        }
        copying.done += count;
        copying.after = after;
        Ok(())
    }

    /// Notes that a job copies a course, and tells of the copy.
    async fn tell_of_copy(&mut self, copying: &Copying) -> Result<()> {
        let job = self.lease.as_ref().map_or_else(String::new, |lease| lease.job.clone());
        let mut tx = self.begin_write().await?;
        sqlx::query("UPDATE t_job SET copies = ? WHERE id = ?")
            .bind(copying.from.id())
            .bind(&job)
            .execute(&mut *tx)
            .await?;
        let copied = Happening::CourseCopied {
            kind: copying.kind(),
            origin: copying.from.id().to_string(),
            copy: self.course.to_string(),
            job,
        };
        outbox::record_as_of(&mut tx, Batch::Change(self.change), vec![copied], copying.from.storage_sequence())
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Tells of the end of a copy: the last of its events, so that whoever gets it has got, or given up, all others.
    async fn tell_of_end(&mut self, copying: &Copying) -> Result<()> {
        let contents = copying.contents;
        let what = match self.making {
            Making::Course => Happening::CourseCopySettled {
                origin: copying.from.id().to_string(),
                copy: self.course.to_string(),
                job: self.lease.as_ref().map_or_else(String::new, |lease| lease.job.clone()),
                contents,
            },
            Making::Extension if contents > 1 => Happening::BatchCompleted {
                operation: "content-copied".into(),
                course: self.course.to_string(),
                succeeded: contents,
                failed: 0,
            },
            Making::Extension => return Ok(()),
        };
        let mut tx = self.begin_write().await?;
        outbox::record(&mut tx, Batch::Change(self.change), vec![what]).await?;
        tx.commit().await?;
        Ok(())
    }

    /// What is told of sections or activities that are copied. Targets add the external ids that they have there.
    fn contents_copied(&self, copying: &Copying, rows: &[SqliteRow]) -> Result<Vec<Happening>> {
        if !matches!(copying.step, Step::Sections | Step::Activities) {
            return Ok(Vec::new());
        }
        let mut told = Vec::with_capacity(rows.len());
        for row in rows {
            let old: i64 = row.try_get(0)?;
            let Some(new) = copying.numbers.items.get(&old) else { continue };
            let address =
                |course: i64, content: i64| Address { course: course.to_string(), content: content.to_string() };
            told.push(Happening::ContentCopied {
                kind: copying.kind(),
                origin: address(copying.from.id(), old),
                external_id: String::new(),
                copy: address(self.course, *new),
            });
        }
        Ok(told)
    }

    /// Tells of groups that were copied: those of some runs.
    async fn groups_copied(
        &self,
        copying: &mut Copying,
        tx: &mut SqliteConnection,
        runs: &[(i64, i64, i64)],
    ) -> Result<()> {
        const IDS: &str = "WHERE part = ? AND seq BETWEEN ? AND ? ORDER BY seq";
        let mut told = Vec::new();
        for (part, first, last) in runs {
            let Some(copy) = copying.numbers.parts.get(part) else { continue };
            let old: Vec<i64> = sqlx::query_scalar(AssertSqlSafe(format!("SELECT id FROM course_group {IDS}")))
                .bind(part)
                .bind(first)
                .bind(last)
                .fetch_all(&mut *copying.from.tx)
                .await?;
            let new: Vec<i64> = sqlx::query_scalar(AssertSqlSafe(format!("SELECT id FROM t_course_group {IDS}")))
                .bind(copy)
                .bind(first)
                .bind(last)
                .fetch_all(&mut *tx)
                .await?;
            told.extend(old.into_iter().zip(new).map(|(old, new)| Happening::GroupCopied {
                kind: copying.kind(),
                origin_course: copying.from.id().to_string(),
                origin_group: old.to_string(),
                course: self.course.to_string(),
                group: new.to_string(),
            }));
        }
        outbox::record_as_of(tx, Batch::Change(self.change), told, copying.from.storage_sequence()).await
    }

    /// Tells of groups that were carried along with items, as copies of those in the source that they are.
    pub(super) async fn tell_of_carried_groups(&mut self) -> Result<()> {
        let Some(originals) = self.originals.as_ref().filter(|_| !self.parts.is_empty()) else { return Ok(()) };
        let added: Vec<i64> = self.parts.keys().copied().collect();
        let mut told = Vec::new();
        for (old, new) in &originals.numbers.scopes {
            let groups: Vec<(i64, i64)> = sqlx::query_as(
                "SELECT g.id, c.id FROM t_course_group c JOIN t_part cp ON cp.id = c.part \
                 JOIN course_group g ON g.course = ?1 AND g.local = c.local JOIN part p ON p.id = g.part AND p.scope = ?2 \
                 WHERE c.change = ?3 AND cp.scope = ?4 AND cp.id IN (SELECT value FROM json_each(?5)) ORDER BY c.id",
            )
            .bind(originals.course)
            .bind(db_int(*old))
            .bind(self.change)
            .bind(db_int(*new))
            .bind(json(&added)?)
            .fetch_all(self.store.db.read())
            .await?;
            told.extend(groups.into_iter().map(|(old, new)| Happening::GroupCopied {
                kind: originals.kind,
                origin_course: originals.course.to_string(),
                origin_group: old.to_string(),
                course: self.course.to_string(),
                group: new.to_string(),
            }));
        }
        if told.is_empty() {
            return Ok(());
        }
        let mut tx = self.write().await?;
        outbox::record(&mut tx, Batch::Change(self.change), told).await?;
        tx.commit().await?;
        Ok(())
    }

    /// What of a row the copy has otherwise.
    fn settle(&self, copying: &mut Copying, row: &SqliteRow, cells: &mut [Cell]) -> Result<()> {
        let mut set = |column: &str, value: i64| {
            let table = copying.step.table();
            let place = table.and_then(|table| table.columns.iter().position(|(name, _)| *name == column));
            if let Some(cell) = place.and_then(|place| cells.get_mut(place)) {
                *cell = Cell::Int(value);
            }
        };
        match copying.step {
            Step::Parts => {
                let id: i64 = row.try_get("id")?;
                set("size", copying.sizes.get(&id).copied().unwrap_or(0));
            }
            Step::Sections if self.making == Making::Extension => {
                set("number", copying.number);
                copying.number += 1;
            }
            Step::Activities if self.making == Making::Extension => {
                let (local, bound): (i64, Option<i64>) = (row.try_get("section")?, row.try_get("bound_section")?);
                let scope = copying.numbers.scopes.get(&row.try_get("scope")?).copied().unwrap_or_default();
                let comes_along = bound.is_some_and(|id| copying.numbers.items.contains_key(&id));
                if let Some(section) = self.bound_sections.get(&(scope, model_int(local))).filter(|_| !comes_along) {
                    set("bound_section", *section);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Contexts of new activities.
    async fn new_contexts(&self, tx: &mut SqliteConnection, activities: &[i64]) -> Result<()> {
        if activities.is_empty() {
            return Ok(());
        }
        let mut contexts = QueryBuilder::<Sqlite>::new("INSERT INTO t_context (level, instance, change) ");
        contexts.push_values(activities, |mut b, id| {
            b.push("70").push_bind(*id).push_bind(self.change);
        });
        contexts.build().persistent(false).execute(tx).await?;
        Ok(())
    }

    /// Runs with their rows, as many as are a slice.
    async fn copy_runs(&mut self, copying: &mut Copying) -> Result<()> {
        let (through, part, seq) = copying.runs;
        let Some(parts) = copying.parts.get(through..).filter(|left| !left.is_empty()) else {
            copying.go_on();
            return Ok(());
        };
        let parts = &parts[..parts.len().min(PARTS)];
        let rows = sqlx::query(
            "SELECT part, seq, facets, kind, size, document, first_row, last_row FROM run \
             WHERE part IN (SELECT value FROM json_each(?1)) AND (part, seq) > (?2, ?3) \
             AND facets IN (SELECT value FROM json_each(?4)) ORDER BY part, seq LIMIT ?5",
        )
        .bind(json(parts)?)
        .bind(part)
        .bind(seq)
        .bind(&copying.taken)
        .bind(SLICE as i64)
        .fetch_all(&mut *copying.from.tx)
        .await?;
        if rows.is_empty() {
            copying.runs = (through + parts.len(), 0, 0);
            return Ok(());
        }
        let mut runs = Vec::with_capacity(rows.len());
        let mut elements: Vec<(Kind, Vec<Vec<Cell>>)> = Vec::new();
        let mut groups = Vec::new();
        let (mut count, mut reached) = (0, (through, part, seq));
        for row in &rows {
            let (part, seq, kind): (i64, i64, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(3)?);
            if let Some(kind) = Kind::from_number(kind) {
                let (first, last): (i64, i64) = (row.try_get(6)?, row.try_get(7)?);
                if kind == Kind::Group {
                    groups.push((part, first, last));
                }
                let found = rows_of(copying, kind, part, first, last).await?;
                count += found.len();
                elements.push((kind, found));
            }
            runs.push(copying.run(row)?);
            count += 1;
            reached = (through, part, seq);
            if count >= SLICE {
                break;
            }
        }
        let mut tx = self.begin_write().await?;
        insert_runs(&mut tx, self.change, runs).await?;
        elements.sort_by_key(|(kind, _)| *kind);
        for same in elements.chunk_by_mut(|(a, _), (b, _)| a == b) {
            let Some(kind) = same.first().map(|(kind, _)| *kind) else { continue };
            let rows = same.iter_mut().flat_map(|(_, rows)| std::mem::take(rows)).collect();
            copy_tables::of_rows(kind).insert(&mut tx, self.change, self.course, rows).await?;
        }
        self.groups_copied(copying, &mut tx, &groups).await?;
        tx.commit().await?;
        copying.done += count as u64;
        copying.runs = reached;
        Ok(())
    }

    /// Lets what was done on this host show, in the write that publishes.
    pub(super) async fn write_done_here(&self, tx: &mut SqliteConnection) -> Result<()> {
        for batch in self.done_here.roster.chunks(SLICE) {
            let mut query = QueryBuilder::<Sqlite>::new(
                "INSERT INTO t_roster (course, person, suspended, start_time, end_time, created) ",
            );
            query.push_values(batch, |mut b, (person, suspended, start, end, created)| {
                b.push_bind(self.course).push_bind(person).push_bind(suspended);
                b.push_bind(start).push_bind(end).push_bind(created);
            });
            query.build().persistent(false).execute(&mut *tx).await?;
        }
        for batch in self.done_here.roles.chunks(SLICE) {
            let mut query = QueryBuilder::<Sqlite>::new("INSERT INTO t_role_grant (person, role, level, instance) ");
            query.push_values(batch, |mut b, (person, role, level, instance)| {
                b.push_bind(person).push_bind(role).push_bind(level).push_bind(instance);
            });
            query.build().persistent(false).execute(&mut *tx).await?;
        }
        Ok(())
    }
}

impl Copying {
    fn go_on(&mut self) {
        self.step = self.step.next();
        self.after = 0;
    }

    /// How much of plugins' data may travel with it.
    fn kind(&self) -> CopyKind {
        let exact = self.choice.people && Facets::new([USER_DATA]).all_in(&self.choice.facets);
        if exact { CopyKind::Exact } else { CopyKind::Shallow }
    }

    /// Whether only some items are copied.
    fn of_items(&self) -> bool {
        !self.choice.items.is_empty()
    }

    /// Whether nothing of a step is copied.
    fn leaves_out(&self, step: Step) -> bool {
        step == Step::People && !self.choice.people
    }

    /// Whether a row of this step, whose numbers all are of what is copied, is copied itself.
    fn takes(&self, row: &SqliteRow) -> Result<bool> {
        if !self.of_items() {
            return Ok(true);
        }
        Ok(match self.step {
            Step::References => row.try_get::<i64, _>("owner_kind")? != 0,
            Step::Files => {
                let place = (row.try_get("scope")?, row.try_get("context")?);
                self.contexts.contains(&place) || self.choice.files.contains(&model_int(row.try_get("id")?))
            }
            _ => true,
        })
    }

    /// A run of the copy, as [`insert_runs`] wants it.
    fn run(&self, row: &SqliteRow) -> Result<NewRun> {
        let part: i64 = row.try_get(0)?;
        let part = self.numbers.parts.get(&part).copied();
        Ok(NewRun {
            part: part.ok_or_else(|| StoreError::Corrupt("a run of a part that is not copied".into()))?,
            seq: row.try_get(1)?,
            facets: row.try_get(2)?,
            kind: row.try_get(3)?,
            size: row.try_get(4)?,
            document: row.try_get(5)?,
            first: row.try_get(6)?,
            last: row.try_get(7)?,
        })
    }

    /// What was done here in the course, as far as it is taken.
    async fn done_here(&mut self, copy: i64) -> Result<DoneHere> {
        let course = self.from.id();
        let takes = |name: &str| self.choice.people && Facets::new([name]).all_in(&self.choice.facets);
        let mut here = DoneHere::default();
        if takes(ENROLMENT) && self.choice.roster {
            here.roster = sqlx::query_as(
                "SELECT person, suspended, start_time, end_time, created FROM t_roster WHERE course = ? ORDER BY person",
            )
            .bind(course)
            .fetch_all(&mut *self.from.tx)
            .await?;
        }
        if takes(ROLE_ASSIGNMENT) {
            let rows: Vec<(i64, i64, i64, i64)> = sqlx::query_as(
                "SELECT person, role, level, instance FROM t_role_grant WHERE (level = 50 AND instance = ?1) \
                 OR (level = 70 AND instance IN (SELECT id FROM activity WHERE course = ?1))",
            )
            .bind(course)
            .fetch_all(&mut *self.from.tx)
            .await?;
            let there = |(person, role, level, instance)| match level {
                50 => Some((person, role, level, copy)),
                _ => self.numbers.items.get(&instance).map(|new| (person, role, level, *new)),
            };
            here.roles = rows.into_iter().filter_map(there).collect();
        }
        Ok(here)
    }
}

/// Facets of what is done here to people.
const ENROLMENT: &str = "enrolment";
const ROLE_ASSIGNMENT: &str = "role-assignment";
/// With it a copy is exact.
const USER_DATA: &str = "user-data";

fn int(cell: Option<&Cell>) -> Option<i64> {
    match cell {
        Some(Cell::Int(value)) => Some(*value),
        _ => None,
    }
}

/// A binding of the copy. Within the course, older scopes stay what they are.
fn binding_of(row: &SqliteRow, copying: &Copying, within: bool) -> Result<Option<Vec<Cell>>> {
    let mut numbers = Numbers { scopes: copying.numbers.scopes.clone(), ..Numbers::default() };
    if within {
        let target: i64 = row.try_get("target_scope")?;
        numbers.scopes.entry(target).or_insert(target);
    }
    let scope: i64 = row.try_get("scope")?;
    match copying.numbers.scopes.contains_key(&scope) {
        true => copy_tables::BINDING.translated(row, 1, &numbers),
        false => Ok(None),
    }
}

/// The items that are copied.
struct Chosen {
    /// In order of age.
    ids: Vec<i64>,
    /// Their scopes, for a whole course all of them, oldest first.
    scopes: Vec<i64>,
    /// Scope and local number of contexts of activities and blocks.
    contexts: HashSet<(i64, i64)>,
}

/// What is chosen: of a whole course whatever has something that the facets take, or was never given any parts; of
/// items those named with what belongs to them. A section brings its activities, an activity the section that it shows, a page
/// its blocks.
async fn chosen_items(from: &mut SqliteSnapshot, choice: &CopyChoice, taken: &str) -> Result<Chosen> {
    let course = from.id();
    let with_parts = "AND (NOT EXISTS (SELECT 1 FROM part p WHERE p.course = ?1 AND p.owner_kind = ?3 AND p.owner = t.id) \
                      OR EXISTS (SELECT 1 FROM part p WHERE p.course = ?1 AND p.owner_kind = ?3 AND p.owner = t.id \
                      AND p.facets IN (SELECT value FROM json_each(?2)))) ORDER BY id";
    let select = |what: &str| format!("SELECT {what} t WHERE t.course = ?1 {with_parts}");
    let sections: Vec<(i64, i64, i64, i64)> =
        sqlx::query_as(AssertSqlSafe(select("id, scope, local, delegated_to FROM section")))
            .bind(course)
            .bind(taken)
            .bind(1)
            .fetch_all(&mut *from.tx)
            .await?;
    let activities: Vec<(i64, i64, i64, i64, Option<i64>, i64)> =
        sqlx::query_as(AssertSqlSafe(select("id, scope, local, section, bound_section, context FROM activity")))
            .bind(course)
            .bind(taken)
            .bind(2)
            .fetch_all(&mut *from.tx)
            .await?;
    let blocks: Vec<(i64, i64, Option<i64>, i64)> =
        sqlx::query_as(AssertSqlSafe(select("id, scope, activity, context FROM block")))
            .bind(course)
            .bind(taken)
            .bind(3)
            .fetch_all(&mut *from.tx)
            .await?;
    let whole = choice.items.is_empty();
    let named: HashSet<i64> = choice.items.iter().map(|id| db_int(*id)).collect();
    let mut ids: HashSet<i64> = HashSet::new();
    if whole {
        ids.extend(activities.iter().map(|a| a.0));
        let shown: HashSet<(i64, i64)> = activities.iter().map(|a| (a.1, a.2)).collect();
        ids.extend(sections.iter().filter(|s| s.3 == 0 || shown.contains(&(s.1, s.3))).map(|s| s.0));
    } else {
        ids.extend(sections.iter().map(|s| s.0).chain(activities.iter().map(|a| a.0)).filter(|id| named.contains(id)));
        if let Some(missing) = named.iter().find(|id| !ids.contains(id)) {
            return Err(StoreError::NotFound { kind: "item", key: model_int(*missing).to_string() });
        }
        loop {
            let before = ids.len();
            for (id, scope, _, shown_by) in sections.iter().filter(|s| s.3 != 0) {
                if activities.iter().any(|a| ids.contains(&a.0) && a.1 == *scope && a.2 == *shown_by) {
                    ids.insert(*id);
                }
            }
            for (id, scope, _, section, bound, _) in &activities {
                let in_chosen = match bound {
                    Some(bound) => ids.contains(bound),
                    None => sections.iter().any(|s| s.1 == *scope && s.2 == *section && ids.contains(&s.0)),
                };
                if in_chosen {
                    ids.insert(*id);
                }
            }
            if ids.len() == before {
                break;
            }
        }
    }
    let on_page = |page: &Option<i64>| page.map_or(whole, |page| ids.contains(&page));
    let blocks: Vec<_> = blocks.iter().filter(|b| on_page(&b.2)).copied().collect();
    ids.extend(blocks.iter().map(|b| b.0));
    let scopes: Vec<i64> = sqlx::query_scalar("SELECT id FROM scope WHERE course = ? ORDER BY id")
        .bind(course)
        .fetch_all(&mut *from.tx)
        .await?;
    let along: HashSet<i64> = choice.scopes.iter().map(|scope| db_int(*scope)).collect();
    if let Some(missing) = along.iter().find(|scope| !scopes.contains(scope)) {
        return Err(StoreError::NotFound { kind: "scope", key: model_int(*missing).to_string() });
    }
    let of_items: HashSet<i64> = sections
        .iter()
        .map(|s| (s.0, s.1))
        .chain(activities.iter().map(|a| (a.0, a.1)))
        .chain(blocks.iter().map(|b| (b.0, b.1)))
        .filter(|(id, _)| ids.contains(id))
        .map(|(_, scope)| scope)
        .collect();
    let contexts = activities
        .iter()
        .map(|a| (a.0, a.1, a.5))
        .chain(blocks.iter().map(|b| (b.0, b.1, b.3)))
        .filter(|(id, ..)| ids.contains(id))
        .map(|(_, scope, context)| (scope, context))
        .collect();
    let mut ids: Vec<i64> = ids.into_iter().collect();
    ids.sort_unstable();
    let scopes =
        scopes.into_iter().filter(|scope| whole || of_items.contains(scope) || along.contains(scope)).collect();
    Ok(Chosen { ids, scopes, contexts })
}

/// The parts that are copied, with their sizes as far as they are taken, and how many runs and rows they have together.
async fn chosen_parts(
    from: &mut SqliteSnapshot,
    choice: &CopyChoice,
    taken: &str,
    items: &Chosen,
) -> Result<(Vec<(i64, i64)>, u64)> {
    let rows: Vec<(i64, i64, i64, String, i64, i64)> = sqlx::query_as(
        "SELECT p.id, p.owner_kind, p.owner, p.name, coalesce(sum(r.size), 0), \
         count(r.seq) + coalesce(sum(CASE WHEN r.kind = 0 THEN 0 ELSE r.last_row - r.first_row + 1 END), 0) \
         FROM part p LEFT JOIN run r ON r.part = p.id AND r.facets IN (SELECT value FROM json_each(?2)) \
         WHERE p.course = ?1 AND p.facets IN (SELECT value FROM json_each(?2)) GROUP BY p.id ORDER BY p.id",
    )
    .bind(from.id())
    .bind(taken)
    .fetch_all(&mut *from.tx)
    .await?;
    let whole = choice.items.is_empty();
    let (mut parts, mut total) = (Vec::new(), 0);
    for (id, owner_kind, owner, name, size, count) in rows {
        let is_chosen = match owner_kind {
            0 => whole && !choice.without.contains(&name),
            _ => items.ids.binary_search(&owner).is_ok(),
        };
        if is_chosen {
            parts.push((id, size));
            total += model_int(count) + 1;
        }
    }
    Ok((parts, total))
}

/// How many rows there are beside items and parts.
async fn count(from: &mut SqliteSnapshot, taken: &str, people: bool) -> Result<u64> {
    let count: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM course_reference WHERE course = ?1 AND facets IN (SELECT value FROM json_each(?2))) \
         + (SELECT count(*) FROM entry WHERE course = ?1) \
         + (SELECT count(*) FROM course_file WHERE course = ?1 AND facets IN (SELECT value FROM json_each(?2))) \
         + CASE WHEN ?3 THEN (SELECT count(*) FROM person_link WHERE course = ?1) ELSE 0 END",
    )
    .bind(from.id())
    .bind(taken)
    .bind(people)
    .fetch_one(&mut *from.tx)
    .await?;
    Ok(model_int(count))
}

/// The rows of a run as they are in the copy.
async fn rows_of(copying: &mut Copying, kind: Kind, part: i64, first: i64, last: i64) -> Result<Vec<Vec<Cell>>> {
    let table = copy_tables::of_rows(kind);
    let mut query = table.select("id");
    query.push(" WHERE part = ").push_bind(part).push(" AND seq BETWEEN ").push_bind(first);
    query.push(" AND ").push_bind(last).push(" ORDER BY seq");
    let rows = query.build().fetch_all(&mut *copying.from.tx).await?;
    let mut copies = Vec::with_capacity(rows.len());
    for row in &rows {
        copies.extend(table.translated(row, 1, &copying.numbers)?);
    }
    Ok(copies)
}

struct NewRun {
    part: i64,
    seq: i64,
    facets: i64,
    kind: i64,
    size: i64,
    document: Option<Vec<u8>>,
    first: i64,
    last: i64,
}

async fn insert_runs(conn: &mut SqliteConnection, change: i64, runs: Vec<NewRun>) -> Result<()> {
    const BATCH: usize = 200;
    let mut runs = runs.into_iter().peekable();
    while runs.peek().is_some() {
        let batch: Vec<NewRun> = runs.by_ref().take(BATCH).collect();
        let full = batch.len() == BATCH;
        let mut query = QueryBuilder::<Sqlite>::new(
            "INSERT INTO t_run (part, seq, change, facets, kind, size, document, first_row, last_row) ",
        );
        query.push_values(batch, |mut b, r| {
            b.push_bind(r.part).push_bind(r.seq).push_bind(change).push_bind(r.facets).push_bind(r.kind);
            b.push_bind(r.size).push_bind(r.document).push_bind(r.first).push_bind(r.last);
        });
        query.build().persistent(full).execute(&mut *conn).await?;
    }
    Ok(())
}
