//! Plugins' own data: versions of values, and copies that are one row each (migration 0004 says how they are read).
//!
//! [`read`] finds what counts, [`write`](mod@write) adds versions, [`copy`] is what the host does when courses and contents are copied,
//! [`sweep`] removes what nobody can read any more. External ids lie in places of their own, keyed by target.

mod copy;
mod descent;
mod read;
mod sweep;
#[cfg(test)]
mod tests;
mod write;

pub use copy::copy_for;

use super::SqliteStore;
use super::db::{model_int, page, take_numbers};
use super::outbox;
use crate::api::*;
use async_trait::async_trait;
use read::{NOW, Reader};
use sqlx::{Row as _, SqliteConnection};

/// Bytes of a key and of a value (`wit/plugin-data.wit`).
const MAX_KEY: usize = 512;
const MAX_VALUE: usize = 1 << 20;
/// Seconds that a key of `events.publish-once` counts.
const KEY_AGE_MS: i64 = 14 * 24 * 3600 * 1000;

/// A place as its row has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Columns<'a> {
    kind: i64,
    course: &'a str,
    content: &'a str,
}

/// Where a content's external ids lie.
const IDS: i64 = 4;

fn columns(place: &DataPlace) -> Columns<'_> {
    match place {
        DataPlace::Site => Columns { kind: 0, course: "", content: "" },
        DataPlace::Course(course) => Columns { kind: 1, course, content: "" },
        DataPlace::Content(address) => Columns { kind: 2, course: &address.course, content: &address.content },
        DataPlace::Backup(backup, name) => Columns { kind: 3, course: backup, content: name },
    }
}

fn ids_of(content: &Address) -> Columns<'_> {
    Columns { kind: IDS, course: &content.course, content: &content.content }
}

fn place_of(kind: i64, course: String, content: String) -> Result<DataPlace> {
    match kind {
        0 => Ok(DataPlace::Site),
        1 => Ok(DataPlace::Course(course)),
        2 => Ok(DataPlace::Content(Address { course, content })),
        3 => Ok(DataPlace::Backup(course, content)),
        other => Err(StoreError::Corrupt(format!("place of kind {other}"))),
    }
}

fn namespace_number(namespace: Namespace) -> i64 {
    match namespace {
        Namespace::Definition => 0,
        Namespace::UserData => 1,
    }
}

/// The number of a place, where there is one.
async fn find_place(conn: &mut SqliteConnection, plugin: &str, of: Columns<'_>) -> Result<Option<i64>> {
    Ok(sqlx::query_scalar("SELECT id FROM t_data_place WHERE plugin = ? AND kind = ? AND course = ? AND content = ?")
        .bind(plugin)
        .bind(of.kind)
        .bind(of.course)
        .bind(of.content)
        .fetch_optional(conn)
        .await?)
}

/// The storage sequence so far.
async fn sequence(conn: &mut SqliteConnection) -> Result<i64> {
    Ok(sqlx::query_scalar("SELECT next - 1 FROM t_sequence WHERE name = 'storage'").fetch_one(conn).await?)
}

/// Says from when on a change's data counts, in the transaction that publishes it.
pub(super) async fn publish(tx: &mut SqliteConnection, change: i64) -> Result<()> {
    let shown = take_numbers(tx, "storage", 1).await?;
    sqlx::query("UPDATE t_change SET storage = ? WHERE id = ?").bind(shown).bind(change).execute(tx).await?;
    Ok(())
}

/// Does one effect on data or external ids. Under a draft's change it counts from the moment that is published.
///
/// # Errors
/// `Conflict` (version) where a condition does not hold any more; `TooLarge`, `QuotaReached`. An external id that is not as expected is
/// left alone.
pub async fn apply(tx: &mut SqliteConnection, plugin: &str, change: Option<i64>, effect: &Effect) -> Result<()> {
    match effect {
        Effect::Put { place, namespace, key, value, condition } => {
            write::put(tx, (plugin, change), place, (*namespace, key), value, *condition).await?;
        }
        Effect::Delete { place, namespace, key } => {
            write::delete(tx, (plugin, change), place, (*namespace, key)).await?;
        }
        Effect::Erase(place) => write::erase(tx, (plugin, change), place).await?,
        Effect::Copy { from, to, kind, if_absent } => {
            if !copy::copy(tx, (plugin, change), (from, to), *kind, *if_absent).await? {
                return Err(StoreError::Conflict { kind: "version", key: format!("{to:?}") });
            }
        }
        Effect::SetExternalId { target, content, external_id, expected } => {
            // Not there any more, or not as expected: somebody was first, and theirs stays.
            write::set_external_id(tx, (plugin, change), target, content, external_id, expected.as_deref()).await?;
        }
        Effect::Publish { .. } | Effect::Enqueue { .. } => {
            return Err(StoreError::Invalid("an effect on something other than data".into()));
        }
    }
    Ok(())
}

/// Whether an event is about a content with which a target has an external id, or about a course with such contents.
pub(super) async fn is_own(
    tx: &mut SqliteConnection,
    plugin: &str,
    target: &str,
    what: &Happening,
    storage: u64,
) -> Result<bool> {
    let (content, until) = match what {
        // As it was when it was copied.
        Happening::ContentCopied { origin, .. } => (Some(origin), read::bound(storage)),
        Happening::ContentDeleted { content, .. }
        | Happening::ContentExported { content, .. }
        | Happening::ContentImported { content, .. } => (Some(content), read::NOW),
        _ => (None, read::NOW),
    };
    if let Some(content) = content {
        return Ok(!read::external_id(tx, (plugin, None), target, content, until).await?.is_empty());
    }
    for course in what.courses() {
        let own = match course.parse() {
            Ok(id) => !descent::external_ids(tx, plugin, target, (id, 0), 1).await?.is_empty(),
            Err(_) => {
                let place = "SELECT EXISTS (SELECT 1 FROM t_data_place WHERE kind = 4 AND plugin = ? AND course = ?)";
                sqlx::query_scalar(place).bind(plugin).bind(course).fetch_one(&mut *tx).await?
            }
        };
        if own {
            return Ok(true);
        }
    }
    Ok(false)
}

#[async_trait]
impl PluginData for SqliteStore {
    async fn storage_sequence(&self) -> Result<u64> {
        Ok(model_int(sequence(&mut *self.db.read().acquire().await?).await?))
    }

    async fn data(
        &self,
        plugin: &str,
        place: &DataPlace,
        namespace: Namespace,
        key: &str,
        at: u64,
    ) -> Result<Option<DataValue>> {
        let mut tx = self.db.read().begin().await?;
        let Some(place) = find_place(&mut tx, plugin, columns(place)).await? else { return Ok(None) };
        let found = Reader::new(&mut tx, None).value(place, namespace_number(namespace), key, read::bound(at)).await?;
        let Some(found) = found else { return Ok(None) };
        let bytes = match (found.bytes, found.blob) {
            (Some(bytes), _) => bytes,
            (None, Some(blob)) => self.blobs.read(&blob, 0, u64::MAX).await?.into(),
            (None, None) => return Err(StoreError::Corrupt(format!("the value of {key:?} has no content"))),
        };
        Ok(Some(DataValue { bytes, version: model_int(found.version) }))
    }

    async fn put_data(
        &self,
        plugin: &str,
        place: &DataPlace,
        namespace: Namespace,
        key: &str,
        value: Vec<u8>,
        condition: Condition,
    ) -> Result<u64> {
        let mut tx = self.db.write().await?;
        let version = write::put(&mut tx, (plugin, None), place, (namespace, key), &value, condition).await?;
        tx.commit().await?;
        Ok(model_int(version))
    }

    async fn delete_data(&self, plugin: &str, place: &DataPlace, namespace: Namespace, key: &str) -> Result<bool> {
        let mut tx = self.db.write().await?;
        let was = write::delete(&mut tx, (plugin, None), place, (namespace, key)).await?;
        tx.commit().await?;
        Ok(was)
    }

    async fn data_keys(
        &self,
        plugin: &str,
        place: &DataPlace,
        namespace: Namespace,
        after: &str,
        limit: u32,
        at: u64,
    ) -> Result<Vec<String>> {
        let mut tx = self.db.read().begin().await?;
        let Some(place) = find_place(&mut tx, plugin, columns(place)).await? else { return Ok(Vec::new()) };
        let wanted = usize::try_from(page(limit)).unwrap_or_default();
        Reader::new(&mut tx, None).keys(place, namespace_number(namespace), after, wanted, read::bound(at)).await
    }

    async fn erase_data(&self, plugin: &str, place: &DataPlace) -> Result<()> {
        let mut tx = self.db.write().await?;
        write::erase(&mut tx, (plugin, None), place).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn copy_data(
        &self,
        plugin: &str,
        from: &DataPlace,
        to: &DataPlace,
        kind: CopyKind,
        if_absent: bool,
    ) -> Result<bool> {
        let mut tx = self.db.write().await?;
        let done = copy::copy(&mut tx, (plugin, None), (from, to), kind, if_absent).await?;
        tx.commit().await?;
        Ok(done)
    }

    async fn data_origin(&self, plugin: &str, place: &DataPlace) -> Result<Option<DataOrigin>> {
        let mut tx = self.db.read().begin().await?;
        let Some(id) = find_place(&mut tx, plugin, columns(place)).await? else { return Ok(None) };
        let mut reader = Reader::new(&mut tx, None);
        let Some(base) = reader.base(id, NOW).await? else { return Ok(None) };
        let Some(source) = base.source else { return Ok(None) };
        let edited = reader.edited(id, base.floor).await?;
        let (kind, course, content): (i64, String, String) =
            sqlx::query_as("SELECT kind, course, content FROM t_data_place WHERE id = ?")
                .bind(source)
                .fetch_one(&mut *tx)
                .await?;
        Ok(Some(DataOrigin {
            place: place_of(kind, course, content)?,
            kind: if base.shallow { CopyKind::Shallow } else { CopyKind::Exact },
            storage_sequence: model_int(base.until.0),
            edited,
        }))
    }

    async fn data_places(&self, plugin: &str, after: Option<&DataPlace>, limit: u32) -> Result<Vec<DataPlace>> {
        let wanted = usize::try_from(page(limit)).unwrap_or_default();
        let mut found = Vec::new();
        let mut tx = self.db.read().begin().await?;
        let mut from = after.map_or((-1, String::new(), String::new()), |place| {
            let of = columns(place);
            (of.kind, of.course.to_owned(), of.content.to_owned())
        });
        while found.len() < wanted {
            let rows = sqlx::query(
                "SELECT id, kind, course, content FROM t_data_place WHERE plugin = ?1 AND kind < 4 \
                 AND (kind, course, content) > (?2, ?3, ?4) \
                 AND (kind IN (0, 3) OR NOT (course GLOB '*[^0-9]*' OR content GLOB '*[^0-9]*')) \
                 ORDER BY kind, course, content LIMIT ?5",
            )
            .bind(plugin)
            .bind(from.0)
            .bind(&from.1)
            .bind(&from.2)
            .bind(i64::from(limit.max(1)))
            .fetch_all(&mut *tx)
            .await?;
            let Some(last) = rows.last() else { break };
            from = (last.try_get(1)?, last.try_get(2)?, last.try_get(3)?);
            for row in rows {
                let place: i64 = row.try_get(0)?;
                if found.len() < wanted && Reader::new(&mut tx, None).anything(place).await? {
                    found.push(place_of(row.try_get(1)?, row.try_get(2)?, row.try_get(3)?)?);
                }
            }
        }
        Ok(found)
    }

    async fn data_bytes(&self, plugin: &str) -> Result<u64> {
        let bytes: Option<i64> = sqlx::query_scalar("SELECT bytes FROM t_data_usage WHERE plugin = ?")
            .bind(plugin)
            .fetch_optional(self.db.read())
            .await?;
        Ok(bytes.unwrap_or_default().max(0).unsigned_abs())
    }

    async fn external_id(&self, plugin: &str, target: &str, content: &Address, at: u64) -> Result<String> {
        let mut tx = self.db.read().begin().await?;
        read::external_id(&mut tx, (plugin, None), target, content, read::bound(at)).await
    }

    async fn external_ids_as_of(&self, plugin: &str, of: &[(&str, &Address, u64)]) -> Result<Vec<String>> {
        if of.is_empty() {
            return Ok(Vec::new());
        }
        let mut tx = self.db.read().begin().await?;
        read::external_ids_as_of(&mut tx, plugin, of).await
    }

    async fn set_external_id(
        &self,
        plugin: &str,
        target: &str,
        content: &Address,
        external_id: &str,
        expected: Option<&str>,
    ) -> Result<bool> {
        let mut tx = self.db.write().await?;
        descent::require_content(&mut tx, content).await?;
        let set = write::set_external_id(&mut tx, (plugin, None), target, content, external_id, expected).await?;
        tx.commit().await?;
        Ok(set)
    }

    async fn external_ids(
        &self,
        plugin: &str,
        target: &str,
        course: u64,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(u64, String)>> {
        let mut tx = self.db.read().begin().await?;
        descent::external_ids(&mut tx, plugin, target, (course, after), page(limit)).await
    }

    async fn require_content(&self, content: &Address) -> Result<()> {
        descent::require_content(&mut *self.db.read().acquire().await?, content).await
    }

    async fn content_history(&self, content: &Address) -> Result<Vec<Address>> {
        descent::content_history(&mut *self.db.read().acquire().await?, content).await
    }

    async fn course_history(&self, course: &str) -> Result<Vec<String>> {
        descent::course_history(&mut *self.db.read().acquire().await?, course).await
    }

    async fn copied_contents(&self, course: &str, after: u64, limit: u32) -> Result<Vec<(Address, Address)>> {
        descent::copied_contents(&mut *self.db.read().acquire().await?, course, after, page(limit)).await
    }

    async fn carry_out(&self, plugin: &str, effects: &[Effect]) -> Result<()> {
        let mut tx = self.db.write().await?;
        outbox::apply_effects(&mut tx, plugin, None, effects).await?;
        tx.commit().await?;
        self.db.published.notify_one();
        self.db.published.notify_one();
        Ok(())
    }

    async fn published_once(&self, plugin: &str, key: &str) -> Result<Option<String>> {
        let id: Option<Vec<u8>> =
            sqlx::query_scalar("SELECT event FROM t_event_key WHERE plugin = ? AND key = ? AND created_ms > ?")
                .bind(plugin)
                .bind(key)
                .bind(super::db::now_ms() - KEY_AGE_MS)
                .fetch_optional(self.db.read())
                .await?;
        let id = id.map(|bytes| uuid::Uuid::from_slice(&bytes)).transpose();
        Ok(id.map_err(|e| StoreError::Corrupt(format!("event id: {e}")))?.map(|id| id.to_string()))
    }
}
