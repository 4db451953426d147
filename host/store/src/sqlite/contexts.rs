//! Contexts: numbers under which file areas and roles of a place are kept.

use super::SqliteStore;
use super::courses::course_on;
use super::db::{db_int, model_int};
use super::people::{find, no_person, place_columns};
use crate::api::*;
use sqlx::SqliteConnection;

/// A place from context level and instance.
pub fn place(level: i64, instance: i64) -> Result<Place> {
    let id = model_int(instance);
    match level {
        10 => Ok(Place::Site),
        30 => Ok(Place::Person(id)),
        40 => Ok(Place::Category(id)),
        50 => Ok(Place::Course(id)),
        70 => Ok(Place::Activity(id)),
        other => Err(StoreError::Corrupt(format!("a context of level {other}"))),
    }
}

fn missing(place: Place) -> StoreError {
    let (kind, key) = match place {
        Place::Site => ("site", 0),
        Place::Category(id) => ("category", id),
        Place::Course(id) => ("course", id),
        Place::Activity(id) => ("activity", id),
        Place::Person(id) => ("person", id),
    };
    StoreError::NotFound { kind, key: key.to_string() }
}

/// An error unless the place is there.
pub async fn require_place(conn: &mut SqliteConnection, place: Place) -> Result<()> {
    let known: Option<i64> = match place {
        Place::Site => return Ok(()),
        Place::Course(id) => return course_on(conn, id).await.map(drop),
        Place::Person(id) => {
            return find(conn, &PersonKey::Id(id)).await?.map(drop).ok_or_else(|| no_person(id));
        }
        Place::Category(id) => {
            sqlx::query_scalar("SELECT id FROM category WHERE id = ?").bind(db_int(id)).fetch_optional(conn).await?
        }
        Place::Activity(id) => {
            sqlx::query_scalar("SELECT id FROM activity WHERE id = ?").bind(db_int(id)).fetch_optional(conn).await?
        }
    };
    known.map(drop).ok_or_else(|| missing(place))
}

impl SqliteStore {
    /// The context of a place other than a person's.
    pub(super) async fn context_id(&self, place: Place) -> Result<u64> {
        let (level, instance) = place_columns(place);
        let id: Option<i64> = sqlx::query_scalar("SELECT id FROM context WHERE level = ? AND instance = ?")
            .bind(level)
            .bind(instance)
            .fetch_optional(self.db.read())
            .await?;
        id.map(model_int).ok_or_else(|| missing(place))
    }

    /// See [`People::course_of`].
    pub(super) async fn find_course(&self, place: Place) -> Result<Option<u64>> {
        let (sql, id) = match place {
            Place::Course(id) => ("SELECT id FROM course WHERE id = ?", id),
            Place::Activity(id) => ("SELECT c.id FROM activity a JOIN course c ON c.id = a.course WHERE a.id = ?", id),
            Place::Site | Place::Category(_) | Place::Person(_) => return Ok(None),
        };
        let course: Option<i64> = sqlx::query_scalar(sql).bind(db_int(id)).fetch_optional(self.db.read()).await?;
        Ok(course.map(model_int))
    }

    /// The place of a context, if it is there.
    pub(super) async fn find_place(&self, context: u64) -> Result<Option<Place>> {
        let row: Option<(i64, i64)> = sqlx::query_as("SELECT level, instance FROM context WHERE id = ?")
            .bind(db_int(context))
            .fetch_optional(self.db.read())
            .await?;
        row.map(|(level, instance)| place(level, instance)).transpose()
    }
}
