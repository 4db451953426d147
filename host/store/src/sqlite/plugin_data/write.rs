//! Adding versions.

use super::read::{self, NOW, Reader};
use super::{Columns, MAX_KEY, MAX_VALUE, columns, find_place, ids_of, namespace_number};
use crate::api::*;
use crate::sqlite::db::{now, take_numbers};
use sha2::{Digest, Sha256};
use sqlx::SqliteConnection;

/// Values up to this many bytes lie with their version; larger ones are documents, which equal values share.
const INLINE: usize = 1024;

/// Who writes: a plugin, and the draft it writes under.
pub(super) type Writer<'a> = (&'a str, Option<i64>);

/// The number of a place, made if need be, where something is about to be written.
pub(super) async fn place_for(conn: &mut SqliteConnection, plugin: &str, of: Columns<'_>) -> Result<i64> {
    Ok(sqlx::query_scalar(
        "INSERT INTO t_data_place (plugin, kind, course, content, touched) VALUES (?1, ?2, ?3, ?4, ?5) \
         ON CONFLICT (plugin, kind, course, content) DO UPDATE SET touched = ?5 RETURNING id",
    )
    .bind(plugin)
    .bind(of.kind)
    .bind(of.course)
    .bind(of.content)
    .bind(now())
    .fetch_one(conn)
    .await?)
}

/// The next number, and from when on what gets it counts: at once, or (0) when the draft is published.
pub(super) async fn next(conn: &mut SqliteConnection, change: Option<i64>) -> Result<(i64, i64)> {
    let seq = take_numbers(conn, "storage", 1).await?;
    Ok((seq, if change.is_some() { 0 } else { seq }))
}

/// Notes that a plugin keeps more or less. Errors: `QuotaReached`.
pub(super) async fn used(conn: &mut SqliteConnection, plugin: &str, bytes: i64) -> Result<()> {
    let total: i64 = sqlx::query_scalar(
        "INSERT INTO t_data_usage (plugin, bytes) VALUES (?1, max(?2, 0)) \
         ON CONFLICT (plugin) DO UPDATE SET bytes = max(bytes + ?2, 0) RETURNING bytes",
    )
    .bind(plugin)
    .bind(bytes)
    .fetch_one(&mut *conn)
    .await?;
    if bytes <= 0 {
        return Ok(());
    }
    let limit: Option<i64> =
        sqlx::query_scalar("SELECT CAST(value AS INTEGER) FROM t_setting WHERE name = 'plugin-data.limit'")
            .fetch_optional(conn)
            .await?;
    match limit {
        Some(limit) if limit > 0 && total > limit => {
            Err(StoreError::QuotaReached { what: format!("data of plugin {plugin}"), limit: limit.unsigned_abs() })
        }
        _ => Ok(()),
    }
}

/// What a version takes.
pub(super) fn cost(key: &str, size: i64) -> i64 {
    size + i64::try_from(key.len()).unwrap_or(i64::MAX)
}

/// Adds a version, without a value one that says there is none.
async fn add(
    conn: &mut SqliteConnection,
    (plugin, change): Writer<'_>,
    place: i64,
    (namespace, key): (i64, &str),
    value: Option<&[u8]>,
) -> Result<i64> {
    let (seq, shown) = next(conn, change).await?;
    let size = value.map_or(0, |value| i64::try_from(value.len()).unwrap_or(i64::MAX));
    let document = match value {
        Some(value) if value.len() > INLINE => {
            let sha256 = Sha256::digest(value).to_vec();
            sqlx::query("INSERT OR IGNORE INTO t_document (sha256, size, bytes) VALUES (?, ?, ?)")
                .bind(&sha256)
                .bind(size)
                .bind(value)
                .execute(&mut *conn)
                .await?;
            Some(sha256)
        }
        _ => None,
    };
    sqlx::query(
        "INSERT INTO t_data_value (place, namespace, key, seq, shown, change, size, bytes, document) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(place)
    .bind(namespace)
    .bind(key)
    .bind(seq)
    .bind(shown)
    .bind(change.unwrap_or(1))
    .bind(size)
    .bind(value.filter(|_| document.is_none()))
    .bind(document)
    .execute(&mut *conn)
    .await?;
    if change.is_none() {
        forget_older(conn, plugin, place, (namespace, key), seq).await?;
    }
    used(conn, plugin, cost(key, size)).await?;
    Ok(seq)
}

/// Removes the versions that the one just written replaces, unless a copy or an open snapshot may need them: what those keep a sweep
/// looks at more closely.
async fn forget_older(
    conn: &mut SqliteConnection,
    plugin: &str,
    place: i64,
    (namespace, key): (i64, &str),
    than: i64,
) -> Result<()> {
    let gone: Vec<i64> = sqlx::query_scalar(
        "DELETE FROM t_data_value WHERE place = ?1 AND namespace = ?2 AND key = ?3 AND seq < ?4 AND shown > 0 \
         AND NOT EXISTS (SELECT 1 FROM t_data_base b WHERE b.source = ?1 AND (b.at = 0 OR b.at >= t_data_value.shown)) \
         AND NOT EXISTS (SELECT 1 FROM t_snapshot) RETURNING size",
    )
    .bind(place)
    .bind(namespace)
    .bind(key)
    .bind(than)
    .fetch_all(&mut *conn)
    .await?;
    let freed: i64 = gone.iter().map(|size| cost(key, *size)).sum();
    if freed > 0 {
        used(conn, plugin, -freed).await?;
    }
    Ok(())
}

/// See `plugin-data.put`: the new version.
pub(super) async fn put(
    conn: &mut SqliteConnection,
    writer: Writer<'_>,
    place: &DataPlace,
    (namespace, key): (Namespace, &str),
    value: &[u8],
    condition: Condition,
) -> Result<i64> {
    for (what, bytes, limit) in [("key", key.len(), MAX_KEY), ("value", value.len(), MAX_VALUE)] {
        if bytes > limit {
            return Err(StoreError::TooLarge { what, bytes, limit });
        }
    }
    if key.is_empty() {
        return Err(StoreError::Invalid("a key has at least one byte".into()));
    }
    let (plugin, change) = writer;
    let namespace = namespace_number(namespace);
    let id = place_for(conn, plugin, columns(place)).await?;
    if condition != Condition::Always {
        let there = Reader::new(conn, change).value(id, namespace, key, NOW).await?;
        let holds = match condition {
            Condition::Always => true,
            Condition::Absent => there.is_none(),
            Condition::Unchanged(version) => there.is_some_and(|found| found.version.unsigned_abs() == version),
        };
        if !holds {
            return Err(StoreError::Conflict { kind: "version", key: key.to_owned() });
        }
    }
    add(conn, writer, id, (namespace, key), Some(value)).await
}

/// See `plugin-data.delete`.
pub(super) async fn delete(
    conn: &mut SqliteConnection,
    writer: Writer<'_>,
    place: &DataPlace,
    (namespace, key): (Namespace, &str),
) -> Result<bool> {
    let (plugin, change) = writer;
    let Some(id) = find_place(conn, plugin, columns(place)).await? else { return Ok(false) };
    let namespace = namespace_number(namespace);
    if Reader::new(conn, change).value(id, namespace, key, NOW).await?.is_none() {
        return Ok(false);
    }
    add(conn, writer, id, (namespace, key), None).await?;
    Ok(true)
}

/// What a place is from now on.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct NewBase {
    /// The place it is a copy of, as of when; (0, 0) for its own publication.
    pub source: Option<(i64, (i64, i64))>,
    pub shallow: bool,
    pub carried: bool,
    /// What was written here above this stays; what was written until now goes, where there is none.
    pub floor: Option<(i64, i64)>,
}

/// Says what a place is from now on.
pub(super) async fn rebase(
    conn: &mut SqliteConnection,
    change: Option<i64>,
    place: i64,
    (seq, shown): (i64, i64),
    base: NewBase,
) -> Result<()> {
    let (at, at_seq) = match base.source {
        Some((_, (0, _))) | None => (0, seq),
        Some((_, at)) => at,
    };
    // Within a draft positions are not known yet: then they are the draft's own.
    let (floor_shown, floor_seq) =
        base.floor.map_or((0, seq), |(shown, seq)| (if shown == i64::MAX { 0 } else { shown }, seq));
    sqlx::query(
        "INSERT INTO t_data_base (place, seq, shown, change, source, at, at_seq, shallow, carried, floor_shown, floor_seq) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(place)
    .bind(seq)
    .bind(shown)
    .bind(change.unwrap_or(1))
    .bind(base.source.map(|(source, _)| source))
    .bind(at)
    .bind(at_seq)
    .bind(base.shallow)
    .bind(base.carried)
    .bind(floor_shown)
    .bind(floor_seq)
    .execute(conn)
    .await?;
    Ok(())
}

/// See `plugin-data.erase`.
pub(super) async fn erase(conn: &mut SqliteConnection, (plugin, change): Writer<'_>, place: &DataPlace) -> Result<()> {
    let of = columns(place);
    let places: Vec<i64> = sqlx::query_scalar(
        "SELECT id FROM t_data_place WHERE plugin = ?1 AND course = ?3 AND ((kind = ?2 AND content = ?4) OR (?2 = 1 AND kind = 2))",
    )
    .bind(plugin)
    .bind(of.kind)
    .bind(of.course)
    .bind(of.content)
    .fetch_all(&mut *conn)
    .await?;
    if places.is_empty() {
        return Ok(());
    }
    let numbers = next(conn, change).await?;
    for place in places {
        rebase(conn, change, place, numbers, NewBase::default()).await?;
    }
    Ok(())
}

/// See `contents.set-external-id`.
pub(super) async fn set_external_id(
    conn: &mut SqliteConnection,
    writer: Writer<'_>,
    target: &str,
    content: &Address,
    external_id: &str,
    expected: Option<&str>,
) -> Result<bool> {
    let current = read::external_id(conn, writer, target, content, NOW).await?;
    if expected.is_some_and(|expected| expected != current) {
        return Ok(false);
    }
    if current != external_id {
        let place = place_for(conn, writer.0, ids_of(content)).await?;
        let value = (!external_id.is_empty()).then_some(external_id.as_bytes());
        add(conn, writer, place, (0, target), value).await?;
    }
    Ok(true)
}
