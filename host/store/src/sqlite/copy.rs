//! Copying by reference (architecture.md 2.2): the rows of a course, or of some of its items, become a draft's own, and share
//! documents and blobs with those they were copied from.
//!
//! What is read comes from a snapshot, on its own connection: what changes meanwhile does not show, and the write lock is held
//! for inserting only. Numbers of scopes, items and parts are given out at the beginning, since rows name them before they
//! come.

mod choice;
mod here;
mod runs;
mod telling;

use self::choice::{chosen_items, chosen_parts, count};
pub use self::here::DoneHere;
use super::copy_tables::{self, Cell, Numbers, Table};
use super::db::{SLICE, db_int, model_int, take_numbers};
use super::draft::{Making, Originals, SqliteDraft};
use super::outbox::{self, Batch};
use super::snapshot::SqliteSnapshot;
use crate::api::*;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection};
use std::collections::{HashMap, HashSet};

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
}

impl Copying {
    fn go_on(&mut self) {
        self.step = self.step.next();
        self.after = 0;
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
}

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
