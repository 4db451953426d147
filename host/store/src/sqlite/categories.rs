//! Categories of courses.

use super::SqliteStore;
use super::db::{db_int, model_int, new_context, now};
use crate::api::*;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

/// How deep categories nest at most: far beyond what anyone shows.
const MAX_DEPTH: u32 = 100;

fn category_row(r: &SqliteRow) -> Result<Category> {
    Ok(Category {
        id: model_int(r.try_get(0)?),
        context: model_int(r.try_get(1)?),
        fields: CategoryFields {
            name: r.try_get(2)?,
            parent: model_int(r.try_get(3)?),
            idnumber: r.try_get(4)?,
            visible: r.try_get(5)?,
            extra: r.try_get(6)?,
        },
        modified: r.try_get(7)?,
        courses: model_int(r.try_get(8)?),
    })
}

impl SqliteStore {
    /// See [`Courses::categories`].
    pub(super) async fn list_categories(&self) -> Result<Vec<Category>> {
        let rows = sqlx::query(
            "WITH RECURSIVE tree (id, place, depth) AS ( \
               SELECT id, printf('%020d', id), 1 FROM category WHERE parent IS NULL \
               UNION ALL SELECT k.id, t.place || printf('%020d', k.id), t.depth + 1 FROM tree t \
                 JOIN category k ON k.parent = t.id WHERE t.depth < ?) \
             SELECT k.id, coalesce(x.id, 0), k.name, coalesce(k.parent, 0), k.idnumber, k.visible, k.extra, k.modified, \
               (SELECT count(*) FROM course c WHERE c.category = k.id) \
             FROM tree t JOIN category k ON k.id = t.id LEFT JOIN context x ON x.level = 40 AND x.instance = k.id ORDER BY t.place",
        )
        .bind(MAX_DEPTH)
        .fetch_all(self.db.read())
        .await?;
        rows.iter().map(category_row).collect()
    }

    /// See [`Courses::add_categories`].
    pub(super) async fn create_categories(&self, categories: Vec<CategoryFields>) -> Result<Vec<u64>> {
        let mut tx = self.db.write().await?;
        let mut ids = Vec::with_capacity(categories.len());
        for category in categories {
            let parent = (category.parent != 0).then(|| db_int(category.parent));
            if let Some(parent) = parent {
                let depth: i64 = sqlx::query_scalar(
                    "WITH RECURSIVE above (id, depth) AS (SELECT id, 1 FROM category WHERE id = ?1 \
                     UNION ALL SELECT k.parent, a.depth + 1 FROM above a JOIN category k ON k.id = a.id \
                       WHERE k.parent IS NOT NULL AND a.depth <= ?2) SELECT coalesce(max(depth), 0) FROM above",
                )
                .bind(parent)
                .bind(MAX_DEPTH)
                .fetch_one(&mut *tx)
                .await?;
                if depth == 0 {
                    return Err(StoreError::NotFound { kind: "category", key: category.parent.to_string() });
                }
                if depth >= i64::from(MAX_DEPTH) {
                    return Err(StoreError::Invalid(format!("categories nest at most {MAX_DEPTH} deep")));
                }
            }
            let id: i64 = sqlx::query_scalar(
                "INSERT INTO t_category (parent, name, idnumber, visible, extra, modified, change) VALUES (?, ?, ?, ?, ?, ?, 1) \
                 RETURNING id",
            )
            .bind(parent)
            .bind(category.name)
            .bind(category.idnumber)
            .bind(category.visible)
            .bind(category.extra)
            .bind(now())
            .fetch_one(&mut *tx)
            .await?;
            new_context(&mut tx, 40, id, 1).await?;
            ids.push(model_int(id));
        }
        tx.commit().await?;
        Ok(ids)
    }
}
