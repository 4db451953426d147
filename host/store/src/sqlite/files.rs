//! File areas outside of courses' own content.

use super::SqliteStore;
use super::db::{check_lease, db_int, model_int, new_context, now, take_numbers};
use crate::api::*;
use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

macro_rules! select_file {
    ($rest:literal) => {
        concat!(
            "SELECT id, context, component, area, item, path, name, blob, size, mimetype, person, created FROM t_area_file ",
            $rest
        )
    };
}

fn file_row(r: &SqliteRow) -> Result<AreaFile> {
    Ok(AreaFile {
        id: model_int(r.try_get(0)?),
        context: model_int(r.try_get(1)?),
        component: r.try_get(2)?,
        area: r.try_get(3)?,
        item: model_int(r.try_get(4)?),
        path: r.try_get(5)?,
        name: r.try_get(6)?,
        blob: BlobRef { sha1: r.try_get(7)?, size: model_int(r.try_get(8)?) },
        mimetype: r.try_get(9)?,
        person: model_int(r.try_get(10)?),
        created: r.try_get(11)?,
    })
}

/// The name with `_n` before its last dot; a dot at the beginning is no extension.
fn suffixed(name: &str, n: u32) -> String {
    match name.rfind('.') {
        Some(dot) if dot > 0 => format!("{}_{n}{}", &name[..dot], &name[dot..]),
        _ => format!("{name}_{n}"),
    }
}

async fn by_place(conn: &mut SqliteConnection, f: &NewAreaFile, name: &str) -> Result<Option<AreaFile>> {
    let row = sqlx::query(select_file!(
        "WHERE context = ? AND component = ? AND area = ? AND item = ? AND path = ? AND name = ?"
    ))
    .bind(db_int(f.context))
    .bind(&f.component)
    .bind(&f.area)
    .bind(db_int(f.item))
    .bind(&f.path)
    .bind(name)
    .fetch_optional(conn)
    .await?;
    row.map(|r| file_row(&r)).transpose()
}

#[async_trait]
impl Files for SqliteStore {
    async fn area_files(&self, context: u64, component: &str, area: &str, item: u64) -> Result<Vec<AreaFile>> {
        let rows =
            sqlx::query(select_file!("WHERE context = ? AND component = ? AND area = ? AND item = ? ORDER BY id"))
                .bind(db_int(context))
                .bind(component)
                .bind(area)
                .bind(db_int(item))
                .fetch_all(self.db.read())
                .await?;
        rows.iter().map(file_row).collect()
    }

    async fn area_file(&self, id: u64) -> Result<AreaFile> {
        let row = sqlx::query(select_file!("WHERE id = ?")).bind(db_int(id)).fetch_optional(self.db.read()).await?;
        file_row(&row.ok_or_else(|| StoreError::NotFound { kind: "file", key: id.to_string() })?)
    }

    async fn find_area_file(
        &self,
        context: u64,
        component: &str,
        area: &str,
        item: u64,
        path: &str,
        name: &str,
    ) -> Result<Option<AreaFile>> {
        let row = sqlx::query(select_file!(
            "WHERE context = ? AND component = ? AND area = ? AND item = ? AND path = ? AND name = ?"
        ))
        .bind(db_int(context))
        .bind(component)
        .bind(area)
        .bind(db_int(item))
        .bind(path)
        .bind(name)
        .fetch_optional(self.db.read())
        .await?;
        row.map(|r| file_row(&r)).transpose()
    }

    async fn find_content_file(&self, place: &ContentPlace<'_>) -> Result<Option<ContentFile>> {
        // A file names its context by the number of its scope: the activity's own, or the course's where it came from.
        let row = sqlx::query(
            "WITH place (course, scope, local, activity, visible) AS ( \
               SELECT a.course, a.scope, a.context, a.id, a.visible FROM context k JOIN activity a ON a.id = k.instance \
                 WHERE k.id = ?1 AND k.level = 70 \
               UNION ALL SELECT c.id, s.id, s.origin_context, NULL, c.visible FROM context k JOIN course c ON c.id = k.instance \
                 JOIN scope s ON s.course = c.id WHERE k.id = ?1 AND k.level = 50) \
             SELECT p.course, p.visible, p.activity, f.blob, f.size, f.mimetype, c.created FROM place p \
             JOIN course_file f ON f.course = p.course AND f.scope = p.scope AND f.context = p.local JOIN course c ON c.id = p.course \
             WHERE f.component = ?2 AND f.area = ?3 AND f.item = ?4 AND f.path = ?5 AND f.name = ?6 AND f.blob IS NOT NULL LIMIT 1",
        )
        .bind(db_int(place.context))
        .bind(place.component)
        .bind(place.area)
        .bind(place.item)
        .bind(place.path)
        .bind(place.name)
        .fetch_optional(self.db.read())
        .await?;
        let file = |r: SqliteRow| -> Result<_> {
            Ok(ContentFile {
                course: model_int(r.try_get(0)?),
                visible: r.try_get(1)?,
                activity: r.try_get::<Option<i64>, _>(2)?.map(model_int),
                blob: BlobRef { sha1: r.try_get(3)?, size: model_int(r.try_get(4)?) },
                mimetype: r.try_get(5)?,
                created: r.try_get(6)?,
            })
        };
        row.map(file).transpose()
    }

    async fn put_area_file(&self, file: NewAreaFile, on_taken: OnTaken, lease: Option<&Lease>) -> Result<AreaFile> {
        self.blobs.settle().await?;
        let mut tx = self.db.write().await?;
        if let Some(lease) = lease {
            check_lease(&mut tx, lease).await?;
        }
        // A course that was deleted meanwhile has taken its areas along: nobody would find the file, or remove it.
        let place: Option<i64> = sqlx::query_scalar("SELECT id FROM context WHERE id = ?")
            .bind(db_int(file.context))
            .fetch_optional(&mut *tx)
            .await?;
        place.ok_or_else(|| StoreError::NotFound { kind: "context", key: file.context.to_string() })?;
        let size: Option<i64> = sqlx::query_scalar("SELECT size FROM t_blob WHERE sha1 = ?")
            .bind(&file.blob.sha1)
            .fetch_optional(&mut *tx)
            .await?;
        if size != Some(db_int(file.blob.size)) {
            return Err(StoreError::NotFound { kind: "blob", key: file.blob.sha1 });
        }
        let mut name = file.name.clone();
        if let Some(old) = by_place(&mut tx, &file, &name).await? {
            match on_taken {
                OnTaken::Refuse => return Err(StoreError::Conflict { kind: "file", key: file.name }),
                OnTaken::Replace => {
                    sqlx::query("DELETE FROM t_area_file WHERE id = ?").bind(db_int(old.id)).execute(&mut *tx).await?;
                }
                OnTaken::AddSuffix => {
                    let mut n = 2;
                    name = suffixed(&file.name, n);
                    while by_place(&mut tx, &file, &name).await?.is_some() {
                        n += 1;
                        name = suffixed(&file.name, n);
                    }
                }
            }
        }
        let row = sqlx::query(
            "INSERT INTO t_area_file (context, component, area, item, path, name, blob, size, mimetype, person, created, job) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
             RETURNING id, context, component, area, item, path, name, blob, size, mimetype, person, created",
        )
        .bind(db_int(file.context))
        .bind(file.component)
        .bind(file.area)
        .bind(db_int(file.item))
        .bind(file.path)
        .bind(name)
        .bind(file.blob.sha1)
        .bind(db_int(file.blob.size))
        .bind(file.mimetype)
        .bind(db_int(file.person))
        .bind(now())
        .bind(lease.map(|lease| lease.job.as_str()))
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        file_row(&row)
    }

    async fn delete_area_file(&self, id: u64, lease: Option<&Lease>) -> Result<()> {
        let mut tx = self.db.write().await?;
        let gone = match lease {
            Some(lease) => {
                check_lease(&mut tx, lease).await?;
                let doom = sqlx::query("UPDATE t_area_file SET doomed = ? WHERE id = ?");
                doom.bind(&lease.job).bind(db_int(id)).execute(&mut *tx).await?
            }
            None => sqlx::query("DELETE FROM t_area_file WHERE id = ?").bind(db_int(id)).execute(&mut *tx).await?,
        };
        if gone.rows_affected() == 0 {
            return Err(StoreError::NotFound { kind: "file", key: id.to_string() });
        }
        tx.commit().await?;
        Ok(())
    }

    async fn new_item_id(&self) -> Result<u64> {
        let mut tx = self.db.write().await?;
        let id = take_numbers(&mut tx, "upload", 1).await?;
        tx.commit().await?;
        Ok(model_int(id))
    }

    async fn person_context(&self, person: u64) -> Result<u64> {
        let find = "SELECT id FROM context WHERE level = 30 AND instance = ?";
        let known: Option<i64> = sqlx::query_scalar(find).bind(db_int(person)).fetch_optional(self.db.read()).await?;
        if let Some(id) = known {
            return Ok(model_int(id));
        }
        let mut tx = self.db.write().await?;
        let someone: Option<i64> = sqlx::query_scalar("SELECT id FROM person WHERE id = ?")
            .bind(db_int(person))
            .fetch_optional(&mut *tx)
            .await?;
        someone.ok_or_else(|| StoreError::NotFound { kind: "person", key: person.to_string() })?;
        let known: Option<i64> = sqlx::query_scalar(find).bind(db_int(person)).fetch_optional(&mut *tx).await?;
        let id = match known {
            Some(id) => id,
            None => new_context(&mut tx, 30, db_int(person), 1).await?,
        };
        tx.commit().await?;
        Ok(model_int(id))
    }
}

#[cfg(test)]
mod tests {
    use super::suffixed;

    #[test]
    fn the_suffix_stands_before_the_last_dot() {
        assert_eq!(suffixed("backup.tar.mbz", 2), "backup.tar_2.mbz");
        assert_eq!(suffixed("README", 3), "README_3");
        assert_eq!(suffixed(".hidden", 2), ".hidden_2");
    }
}
