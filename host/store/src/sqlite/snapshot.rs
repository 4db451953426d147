//! A course as it was at a moment: a read transaction on a connection of its own, and a lease row that keeps sweeps from
//! the rows (and so documents and blobs) of its change.

use super::SqliteStore;
use super::courses::{CourseRow, course_on};
use super::db::{Db, Write, db_int, facet_set, model_int, now, page};
use super::draft_rows::owner_columns;
use super::read_part::{PartCursor, PartsAhead};
use crate::api::*;
use async_trait::async_trait;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use std::collections::HashMap;
use std::sync::Arc;

/// See the module.
pub struct SqliteSnapshot {
    pub(super) store: SqliteStore,
    pub(super) tx: Write,
    course: Course,
    /// The storage sequence as of which it is.
    storage: u64,
    pub(super) cursor: Option<PartCursor>,
    pub(super) ahead: PartsAhead,
    /// For each set of facets asked for, the ids of stored sets within it, as a JSON list.
    taken: HashMap<Facets, String>,
    _lease: SnapshotLease,
}

/// Ends the lease when dropped, after the transaction.
struct SnapshotLease {
    db: Arc<Db>,
    id: i64,
}

impl Drop for SnapshotLease {
    fn drop(&mut self) {
        self.db.close_snapshot(self.id);
    }
}

impl SqliteStore {
    pub(super) async fn open_snapshot(&self, id: u64) -> Result<SqliteSnapshot> {
        // Leased before the reading begins: whatever the snapshot sees is spared by every sweep from here on.
        let mut write = self.db.write().await?;
        let CourseRow { change, .. } = course_on(&mut write, id).await?;
        let lease: i64 = sqlx::query_scalar(
            "INSERT INTO t_snapshot (process, course, change, opened, storage) VALUES (?, ?, ?, ?, \
             (SELECT next - 1 FROM t_sequence WHERE name = 'storage')) RETURNING id",
        )
        .bind(&self.db.process)
        .bind(db_int(id))
        .bind(change)
        .bind(now())
        .fetch_one(&mut *write)
        .await?;
        write.commit().await?;
        let lease = SnapshotLease { db: self.db.clone(), id: lease };
        let mut tx = self.db.begin_snapshot().await?;
        let course = course_on(&mut tx, id).await?.course;
        let storage: i64 =
            sqlx::query_scalar("SELECT next - 1 FROM t_sequence WHERE name = 'storage'").fetch_one(&mut *tx).await?;
        let storage = model_int(storage);
        let (cursor, ahead, taken) = (None, PartsAhead::default(), HashMap::new());
        Ok(SqliteSnapshot { store: self.clone(), tx, course, storage, cursor, ahead, taken, _lease: lease })
    }
}

/// Owner from `t_part`'s columns.
fn owner(kind: i64, id: i64) -> Result<Owner> {
    match kind {
        0 => Ok(Owner::Course),
        1 => Ok(Owner::Section(model_int(id))),
        2 => Ok(Owner::Activity(model_int(id))),
        3 => Ok(Owner::Block(model_int(id))),
        _ => Err(StoreError::Corrupt(format!("owner of kind {kind}"))),
    }
}

impl SqliteSnapshot {
    pub(super) fn id(&self) -> i64 {
        db_int(self.course.id)
    }

    /// Ids of the stored facet sets that lie within `facets`, as a JSON list for `json_each`.
    pub(super) async fn taken(&mut self, facets: &Facets) -> Result<String> {
        if let Some(list) = self.taken.get(facets) {
            return Ok(list.clone());
        }
        let rows: Vec<(i64, String)> =
            sqlx::query_as("SELECT id, names FROM t_facet_set").fetch_all(&mut *self.tx).await?;
        let mut within = Vec::new();
        let mut sets = Vec::with_capacity(rows.len());
        for (id, names) in rows {
            let set = facet_set(id, &names)?;
            if set.all_in(facets) {
                within.push(id);
            }
            sets.push((set, id));
        }
        self.store.db.remember_facets(sets);
        let list = serde_json::to_string(&within).map_err(|e| StoreError::Invalid(format!("facets: {e}")))?;
        self.taken.insert(facets.clone(), list.clone());
        Ok(list)
    }

    async fn page(&mut self, sql: &'static str, after: u64, limit: u32) -> Result<Vec<SqliteRow>> {
        let course = self.id();
        Ok(sqlx::query(sql).bind(course).bind(db_int(after)).bind(page(limit)).fetch_all(&mut *self.tx).await?)
    }
}

#[async_trait]
impl Snapshot for SqliteSnapshot {
    fn course(&self) -> &Course {
        &self.course
    }

    fn storage_sequence(&self) -> u64 {
        self.storage
    }

    async fn scopes(&mut self) -> Result<Vec<Scope>> {
        let rows = sqlx::query(
            "SELECT id, site_hash, site_url, origin_course, origin_context, origin_system_context, origin_category, date_offset \
             FROM scope WHERE course = ? ORDER BY id",
        )
        .bind(self.id())
        .fetch_all(&mut *self.tx)
        .await?;
        let scope = |r: &SqliteRow| -> Result<_> {
            let origin = Origin {
                site_hash: r.try_get(1)?,
                site_url: r.try_get(2)?,
                course: model_int(r.try_get(3)?),
                context: model_int(r.try_get(4)?),
                system_context: model_int(r.try_get(5)?),
                category: model_int(r.try_get(6)?),
                date_offset: r.try_get(7)?,
            };
            Ok(Scope { id: model_int(r.try_get(0)?), origin })
        };
        rows.iter().map(scope).collect()
    }

    async fn scope_parents(&mut self) -> Result<Vec<(u64, u64)>> {
        let rows: Vec<(i64, i64)> =
            sqlx::query_as("SELECT id, parent FROM scope WHERE course = ? AND parent IS NOT NULL ORDER BY id")
                .bind(self.id())
                .fetch_all(&mut *self.tx)
                .await?;
        Ok(rows.into_iter().map(|(scope, parent)| (model_int(scope), model_int(parent))).collect())
    }

    async fn bindings(&mut self) -> Result<Vec<(u64, Binding)>> {
        let rows = sqlx::query(
            "SELECT scope, kind, local, target_scope, target FROM binding WHERE course = ? ORDER BY scope, kind, local",
        )
        .bind(self.id())
        .fetch_all(&mut *self.tx)
        .await?;
        let binding = |r: &SqliteRow| -> Result<_> {
            let binding = Binding {
                kind: r.try_get(1)?,
                local: model_int(r.try_get(2)?),
                target_scope: model_int(r.try_get(3)?),
                target: model_int(r.try_get(4)?),
            };
            Ok((model_int(r.try_get(0)?), binding))
        };
        rows.iter().map(binding).collect()
    }

    async fn sections(&mut self, after: u64, limit: u32) -> Result<Vec<Item<SectionFields>>> {
        let rows = self
            .page(
                "SELECT id, local, number, name, visible, delegated_to, scope FROM section WHERE course = ?1 AND (?2 = 0 OR \
                 (number, id) > (SELECT number, id FROM section WHERE id = ?2 AND course = ?1)) ORDER BY number, id LIMIT ?3",
                after,
                limit,
            )
            .await?;
        let item = |r: &SqliteRow| -> Result<_> {
            let fields = SectionFields {
                local: model_int(r.try_get(1)?),
                number: r.try_get(2)?,
                name: r.try_get(3)?,
                visible: r.try_get(4)?,
                delegated_to: model_int(r.try_get(5)?),
            };
            Ok(Item { id: model_int(r.try_get(0)?), scope: model_int(r.try_get(6)?), fields })
        };
        rows.iter().map(item).collect()
    }

    async fn activities(&mut self, after: u64, limit: u32) -> Result<Vec<ActivityItem>> {
        // An activity of an unknown section comes last.
        let rows = self
            .page(
                "WITH ordered AS (SELECT a.*, coalesce((SELECT s.number FROM section s WHERE s.id = a.bound_section), \
                   (SELECT min(s.number) FROM section s WHERE s.scope = a.scope AND s.local = a.section), 1 << 40) AS place FROM activity a WHERE a.course = ?1) \
                 SELECT id, local, section, module, instance, context, name, visible, idnumber, scope, \
                   coalesce((SELECT k.id FROM t_context k WHERE k.level = 70 AND k.instance = ordered.id), 0) FROM ordered WHERE ?2 = 0 OR \
                 (place, id) > (SELECT place, id FROM ordered WHERE id = ?2) ORDER BY place, id LIMIT ?3",
                after,
                limit,
            )
            .await?;
        let item = |r: &SqliteRow| -> Result<_> {
            let fields = ActivityFields {
                local: model_int(r.try_get(1)?),
                section: model_int(r.try_get(2)?),
                module: r.try_get(3)?,
                instance: model_int(r.try_get(4)?),
                context: model_int(r.try_get(5)?),
                name: r.try_get(6)?,
                visible: r.try_get(7)?,
                idnumber: r.try_get(8)?,
            };
            Ok(ActivityItem {
                id: model_int(r.try_get(0)?),
                scope: model_int(r.try_get(9)?),
                context: model_int(r.try_get(10)?),
                fields,
            })
        };
        rows.iter().map(item).collect()
    }

    async fn blocks(&mut self, after: u64, limit: u32) -> Result<Vec<Item<BlockFields>>> {
        let sql = "SELECT id, local, name, context, activity, scope FROM block WHERE course = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
        let rows = self.page(sql, after, limit).await?;
        let item = |r: &SqliteRow| -> Result<_> {
            let fields = BlockFields {
                local: model_int(r.try_get(1)?),
                name: r.try_get(2)?,
                context: model_int(r.try_get(3)?),
                activity: r.try_get::<Option<i64>, _>(4)?.map(model_int),
            };
            Ok(Item { id: model_int(r.try_get(0)?), scope: model_int(r.try_get(5)?), fields })
        };
        rows.iter().map(item).collect()
    }

    async fn parts(&mut self, after: u64, limit: u32) -> Result<Vec<Part>> {
        let rows = self
            .page(
                "SELECT id, owner_kind, owner, name, facets, size, scope FROM part WHERE course = ?1 AND (?2 = 0 OR \
                 (owner_kind, owner, id) > (SELECT owner_kind, owner, id FROM part WHERE id = ?2 AND course = ?1)) \
                 ORDER BY owner_kind, owner, id LIMIT ?3",
                after,
                limit,
            )
            .await?;
        let mut parts = Vec::with_capacity(rows.len());
        for r in rows {
            parts.push(Part {
                id: model_int(r.try_get(0)?),
                owner: owner(r.try_get(1)?, r.try_get(2)?)?,
                name: r.try_get(3)?,
                facets: self.store.db.facets(&mut self.tx, r.try_get(4)?).await?,
                size: model_int(r.try_get(5)?),
                scope: model_int(r.try_get(6)?),
            });
        }
        Ok(parts)
    }

    async fn read_part(&mut self, part: u64, facets: &Facets, offset: u64, limit: u32) -> Result<Vec<u8>> {
        self.read_runs(part, facets, offset, limit).await
    }

    async fn files(&mut self, after: u64, limit: u32) -> Result<Vec<Item<CourseFileFields>>> {
        let rows = self
            .page(
                "SELECT id, local, context, component, area, item, path, name, blob, size, mimetype, person, facets, element, \
                 scope FROM course_file WHERE course = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
                after,
                limit,
            )
            .await?;
        let mut files = Vec::with_capacity(rows.len());
        for r in rows {
            let size = model_int(r.try_get(9)?);
            let fields = CourseFileFields {
                local: model_int(r.try_get(1)?),
                context: model_int(r.try_get(2)?),
                component: r.try_get(3)?,
                area: r.try_get(4)?,
                item: r.try_get(5)?,
                path: r.try_get(6)?,
                name: r.try_get(7)?,
                blob: r.try_get::<Option<String>, _>(8)?.map(|sha1| BlobRef { sha1, size }),
                mimetype: r.try_get(10)?,
                person: model_int(r.try_get(11)?),
                facets: self.store.db.facets(&mut self.tx, r.try_get(12)?).await?,
                element: r.try_get(13)?,
            };
            files.push(Item { id: model_int(r.try_get(0)?), scope: model_int(r.try_get(14)?), fields });
        }
        Ok(files)
    }

    async fn references(&mut self, owner: Owner, facets: &Facets) -> Result<Vec<Reference>> {
        let taken = self.taken(facets).await?;
        let (owner_kind, owner) = owner_columns(owner);
        let course = self.id();
        let rows = sqlx::query(
            "SELECT kind, local, min(facets) FROM course_reference WHERE course = ? AND owner_kind = ? AND owner = ? \
             AND facets IN (SELECT value FROM json_each(?)) GROUP BY kind, local ORDER BY kind, local",
        )
        .bind(course)
        .bind(owner_kind)
        .bind(owner)
        .bind(taken)
        .fetch_all(&mut *self.tx)
        .await?;
        let mut references = Vec::with_capacity(rows.len());
        for r in rows {
            let facets = self.store.db.facets(&mut self.tx, r.try_get(2)?).await?;
            references.push(Reference { kind: r.try_get(0)?, local: model_int(r.try_get(1)?), facets });
        }
        Ok(references)
    }

    async fn people(&mut self, scope: u64, after_local: u64, limit: u32) -> Result<Vec<(u64, ArchivedPerson)>> {
        let rows = sqlx::query(
            "SELECT person, local, username, email, firstname, lastname, idnumber, first_access, deleted, suspended, element \
             FROM person_link WHERE course = ?1 AND scope = ?2 AND (?3 = 0 OR \
             id > (SELECT id FROM person_link WHERE scope = ?2 AND local = ?3)) ORDER BY id LIMIT ?4",
        )
        .bind(self.id())
        .bind(db_int(scope))
        .bind(db_int(after_local))
        .bind(page(limit))
        .fetch_all(&mut *self.tx)
        .await?;
        let link = |r: &SqliteRow| -> Result<_> {
            let archived = ArchivedPerson {
                local: model_int(r.try_get(1)?),
                username: r.try_get(2)?,
                email: r.try_get(3)?,
                firstname: r.try_get(4)?,
                lastname: r.try_get(5)?,
                idnumber: r.try_get(6)?,
                first_access: r.try_get(7)?,
                deleted: r.try_get(8)?,
                suspended: r.try_get(9)?,
                element: r.try_get(10)?,
            };
            Ok((model_int(r.try_get(0)?), archived))
        };
        rows.iter().map(link).collect()
    }

    async fn entries(&mut self, kind: &str) -> Result<Vec<(u64, Entry)>> {
        let course = self.id();
        let rows = sqlx::query(
            "SELECT kind, local, name, archetype, element, scope FROM entry WHERE course = ? AND kind = ? ORDER BY scope, id",
        )
        .bind(course)
        .bind(kind)
        .fetch_all(&mut *self.tx)
        .await?;
        let entry = |r: &SqliteRow| -> Result<_> {
            let entry = Entry {
                kind: r.try_get(0)?,
                local: model_int(r.try_get(1)?),
                name: r.try_get(2)?,
                archetype: r.try_get(3)?,
                element: r.try_get(4)?,
            };
            Ok((model_int(r.try_get(5)?), entry))
        };
        rows.iter().map(entry).collect()
    }

    fn into_any(self: Box<Self>) -> Box<dyn std::any::Any + Send> {
        self
    }
}
