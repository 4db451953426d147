//! Courses: listing, deleting, and the doors to snapshots and drafts.

use super::SqliteStore;
use super::contexts::require_place;
use super::db::{db_int, model_int, now, page};
use super::names::{free_names, free_shortname, reserve};
use super::outbox::{self, Batch};
use crate::api::*;
use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

macro_rules! select_course {
    ($rest:literal) => {
        concat!(
            "SELECT c.id, c.context, c.fullname, c.shortname, c.idnumber, c.format, c.start_date, c.end_date, c.visible, \
             c.category, c.created, c.modified, c.extra, s.site_hash, s.site_url, s.origin_course, s.origin_context, \
             s.origin_system_context, s.origin_category, c.change, s.date_offset \
             FROM course c JOIN scope s ON s.id = (SELECT min(k.id) FROM t_scope k WHERE k.change = c.change) ",
            $rest
        )
    };
}

/// A course with its change.
pub struct CourseRow {
    pub course: Course,
    pub change: i64,
}

fn course_row(r: &SqliteRow) -> Result<CourseRow> {
    let fields = CourseFields {
        fullname: r.try_get(2)?,
        shortname: r.try_get(3)?,
        idnumber: r.try_get(4)?,
        format: r.try_get(5)?,
        start_date: r.try_get(6)?,
        end_date: r.try_get(7)?,
        visible: r.try_get(8)?,
        category: model_int(r.try_get(9)?),
        created: r.try_get(10)?,
        modified: r.try_get(11)?,
    };
    let origin = Origin {
        site_hash: r.try_get(13)?,
        site_url: r.try_get(14)?,
        course: model_int(r.try_get(15)?),
        context: model_int(r.try_get(16)?),
        system_context: model_int(r.try_get(17)?),
        category: model_int(r.try_get(18)?),
        date_offset: r.try_get(20)?,
    };
    let (id, context) = (model_int(r.try_get(0)?), model_int(r.try_get(1)?));
    Ok(CourseRow { course: Course { id, context, fields, origin, extra: r.try_get(12)? }, change: r.try_get(19)? })
}

/// One course as this connection sees it.
pub async fn course_on(conn: &mut SqliteConnection, id: u64) -> Result<CourseRow> {
    let row = sqlx::query(select_course!("WHERE c.id = ?")).bind(db_int(id)).fetch_optional(conn).await?;
    course_row(&row.ok_or_else(|| StoreError::NotFound { kind: "course", key: id.to_string() })?)
}

impl SqliteStore {
    /// See [`Courses::update_course`].
    async fn write_course(&self, id: u64, fields: CourseFields, extra: String) -> Result<()> {
        let mut tx = self.db.write().await?;
        self.db.release_dropped(&mut tx).await?;
        let CourseRow { course: old, change } = course_on(&mut tx, id).await?;
        require_place(&mut tx, Place::Category(fields.category)).await?;
        if old.fields.shortname != fields.shortname {
            reserve(&mut tx, "shortname", &fields.shortname, change).await?;
            sqlx::query("DELETE FROM t_name WHERE kind = 'shortname' AND name = ?")
                .bind(&old.fields.shortname)
                .execute(&mut *tx)
                .await?;
        }
        sqlx::query(
            "UPDATE t_course SET fullname = ?, shortname = ?, idnumber = ?, format = ?, start_date = ?, end_date = ?, \
             visible = ?, category = ?, modified = ?, extra = ? WHERE id = ?",
        )
        .bind(fields.fullname)
        .bind(fields.shortname)
        .bind(fields.idnumber)
        .bind(fields.format)
        .bind(fields.start_date)
        .bind(fields.end_date)
        .bind(fields.visible)
        .bind(db_int(fields.category))
        .bind(fields.modified)
        .bind(extra)
        .bind(db_int(id))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    pub(super) async fn first_category(&self, conn: &mut SqliteConnection) -> Result<i64> {
        Ok(sqlx::query_scalar("SELECT min(id) FROM category").fetch_one(conn).await?)
    }
}

#[async_trait]
impl Courses for SqliteStore {
    async fn courses(&self, after: u64, limit: u32) -> Result<Vec<Course>> {
        let rows = sqlx::query(select_course!("WHERE c.id > ? ORDER BY c.id LIMIT ?"))
            .bind(db_int(after))
            .bind(page(limit))
            .fetch_all(self.db.read())
            .await?;
        rows.iter().map(|r| Ok(course_row(r)?.course)).collect()
    }

    async fn course(&self, id: u64) -> Result<Course> {
        let mut conn = self.db.read().acquire().await?;
        Ok(course_on(&mut conn, id).await?.course)
    }

    async fn course_by_shortname(&self, shortname: &str) -> Result<Option<Course>> {
        let row =
            sqlx::query(select_course!("WHERE c.shortname = ?")).bind(shortname).fetch_optional(self.db.read()).await?;
        row.map(|r| Ok(course_row(&r)?.course)).transpose()
    }

    async fn course_by_idnumber(&self, idnumber: &str) -> Result<Option<Course>> {
        if idnumber.is_empty() {
            return Ok(None);
        }
        let row = sqlx::query(select_course!("WHERE c.idnumber = ? ORDER BY c.id LIMIT 1"))
            .bind(idnumber)
            .fetch_optional(self.db.read())
            .await?;
        row.map(|r| Ok(course_row(&r)?.course)).transpose()
    }

    async fn update_course(&self, id: u64, fields: CourseFields, extra: String) -> Result<()> {
        self.write_course(id, fields, extra).await
    }

    async fn categories(&self) -> Result<Vec<Category>> {
        self.list_categories().await
    }

    async fn add_categories(&self, categories: Vec<CategoryFields>) -> Result<Vec<u64>> {
        self.create_categories(categories).await
    }

    async fn publish_all(&self, drafts: Vec<Box<dyn Draft>>) -> Result<Vec<u64>> {
        self.publish_together(drafts).await
    }

    async fn course_by_context(&self, context: u64) -> Result<Option<Course>> {
        let row = sqlx::query(select_course!("WHERE c.context = ?"))
            .bind(db_int(context))
            .fetch_optional(self.db.read())
            .await?;
        row.map(|r| Ok(course_row(&r)?.course)).transpose()
    }

    async fn course_counts(&self, id: u64) -> Result<CourseCounts> {
        let mut tx = self.db.read().begin().await?;
        course_on(&mut tx, id).await?;
        // These changes are visible, so their own rows are; asking base tables by change needs no look at every row's change.
        let row = sqlx::query(
            "WITH c AS MATERIALIZED (SELECT id FROM t_change WHERE course = ?1 AND state = 1) \
             SELECT (SELECT count(*) FROM t_section WHERE change IN (SELECT id FROM c)), \
             (SELECT count(*) FROM t_activity WHERE change IN (SELECT id FROM c)), \
             (SELECT count(DISTINCT person) FROM t_person_link WHERE change IN (SELECT id FROM c)), \
             (SELECT count(*) FROM t_course_file WHERE change IN (SELECT id FROM c) AND blob IS NOT NULL), \
             (SELECT coalesce(sum(size), 0) FROM t_course_file WHERE change IN (SELECT id FROM c)), \
             (SELECT count(*) FROM t_log WHERE change IN (SELECT id FROM c))",
        )
        .bind(db_int(id))
        .fetch_one(&mut *tx)
        .await?;
        let count = |i: usize| -> Result<u64> { Ok(model_int(row.try_get(i)?)) };
        Ok(CourseCounts {
            sections: count(0)?,
            activities: count(1)?,
            people: count(2)?,
            files: count(3)?,
            file_bytes: count(4)?,
            log_rows: count(5)?,
        })
    }

    async fn delete_course(&self, id: u64) -> Result<()> {
        let mut tx = self.db.write().await?;
        let CourseRow { course, change } = course_on(&mut tx, id).await?;
        hide_course(&mut tx, change, id, course.context).await?;
        free_names(&mut tx).await?;
        outbox::record(&mut tx, Batch::Now, vec![Happening::CourseDeleted { course: id.to_string() }]).await?;
        tx.commit().await?;
        self.db.published.notify_one();
        Ok(())
    }

    async fn delete_items(&self, course: u64, items: Vec<u64>) -> Result<()> {
        self.remove(course, &items).await
    }

    async fn default_category(&self) -> Result<u64> {
        let mut conn = self.db.read().acquire().await?;
        Ok(model_int(self.first_category(&mut conn).await?))
    }

    async fn snapshot(&self, course: u64) -> Result<Box<dyn Snapshot>> {
        Ok(Box::new(self.open_snapshot(course).await?))
    }

    async fn draft(
        &self,
        fields: CourseFields,
        origin: Origin,
        extra: String,
        lease: Option<Lease>,
    ) -> Result<Box<dyn Draft>> {
        Ok(Box::new(self.begin_draft(fields, origin, extra, lease).await?))
    }

    async fn extend(&self, course: u64, origin: Origin, lease: Option<Lease>) -> Result<Box<dyn Draft>> {
        Ok(Box::new(self.begin_extension(course, origin, lease).await?))
    }
}

/// Makes a course invisible at once, with all that was brought into it, frees its short name and removes its file areas.
/// The sweep removes the rest.
pub(super) async fn hide_course(conn: &mut sqlx::SqliteConnection, change: i64, id: u64, context: u64) -> Result<()> {
    sqlx::query("UPDATE t_change SET state = 2, ended = ? WHERE course = ? AND state = 1")
        .bind(now())
        .bind(db_int(id))
        .execute(&mut *conn)
        .await?;
    // Usernames of people who came with the course stay taken: people stay.
    free_shortname(conn, change).await?;
    sqlx::query(
        "DELETE FROM t_role_grant WHERE (level = 50 AND instance = ?1) \
         OR (level = 70 AND instance IN (SELECT id FROM t_activity WHERE course = ?1))",
    )
    .bind(db_int(id))
    .execute(&mut *conn)
    .await?;
    sqlx::query("DELETE FROM t_roster WHERE course = ?").bind(db_int(id)).execute(&mut *conn).await?;
    sqlx::query("DELETE FROM t_area_file WHERE context = ?").bind(db_int(context)).execute(&mut *conn).await?;
    Ok(())
}
