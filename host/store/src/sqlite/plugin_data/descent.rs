//! Whose copies contents and courses are, and the external ids of a course's contents.

use super::read::{NOW, external_id};
use crate::api::{Address, Result, StoreError};
use crate::sqlite::db::{db_int, model_int};
use sqlx::{Row as _, SqliteConnection};

/// Ancestors that are told (proxy-tool-events.md 12.2).
const ANCESTORS: i64 = 50;

/// The number of a thing of this site; none for another site's.
fn local(id: &str) -> Option<i64> {
    id.bytes().all(|b| b.is_ascii_digit()).then(|| id.parse().ok()).flatten()
}

/// Notes that something is a copy. The first word counts.
pub(super) async fn note(
    conn: &mut SqliteConnection,
    change: Option<i64>,
    from: (&str, &str),
    to: (&str, &str),
) -> Result<()> {
    if from == to {
        return Ok(());
    }
    sqlx::query(
        "INSERT OR IGNORE INTO t_descent (course, content, number, from_course, from_content, change) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(to.0)
    .bind(to.1)
    .bind(local(to.1).unwrap_or_default())
    .bind(from.0)
    .bind(from.1)
    .bind(change.unwrap_or(1))
    .execute(conn)
    .await?;
    Ok(())
}

/// The way back, most recent first.
async fn ancestors(conn: &mut SqliteConnection, course: &str, content: &str) -> Result<Vec<Address>> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "WITH RECURSIVE line (generation, course, content) AS (SELECT 0, ?1, ?2 UNION \
         SELECT generation + 1, d.from_course, d.from_content FROM line l JOIN descent d \
         ON d.course = l.course AND d.content = l.content WHERE generation < ?3) \
         SELECT course, content FROM line WHERE generation > 0 ORDER BY generation",
    )
    .bind(course)
    .bind(content)
    .bind(ANCESTORS)
    .fetch_all(conn)
    .await?;
    let mut line: Vec<Address> = Vec::with_capacity(rows.len());
    for (from_course, from_content) in rows {
        // Other sites may tell of circles.
        let again = line.iter().any(|known| known.course == from_course && known.content == from_content);
        if again || (from_course == course && from_content == content) {
            break;
        }
        line.push(Address { course: from_course, content: from_content });
    }
    Ok(line)
}

/// See `contents.history`.
pub(super) async fn content_history(conn: &mut SqliteConnection, content: &Address) -> Result<Vec<Address>> {
    ancestors(conn, &content.course, &content.content).await
}

/// See `contents.course-history`.
pub(super) async fn course_history(conn: &mut SqliteConnection, course: &str) -> Result<Vec<String>> {
    Ok(ancestors(conn, course, "").await?.into_iter().map(|address| address.course).collect())
}

/// See `events.copied-contents`.
pub(super) async fn copied_contents(
    conn: &mut SqliteConnection,
    course: &str,
    after: u64,
    limit: i64,
) -> Result<Vec<(Address, Address)>> {
    let rows: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT d.content, d.from_course, d.from_content FROM descent d WHERE d.course = ?1 AND d.number > ?2 \
         AND d.from_course = (SELECT c.from_course FROM descent c WHERE c.course = ?1 AND c.content = '') \
         ORDER BY d.number LIMIT ?3",
    )
    .bind(course)
    .bind(db_int(after))
    .bind(limit)
    .fetch_all(conn)
    .await?;
    let pair = |(content, from_course, from_content): (String, String, String)| {
        let new = Address { course: course.to_owned(), content };
        (Address { course: from_course, content: from_content }, new)
    };
    Ok(rows.into_iter().map(pair).collect())
}

/// See `PluginData::require_content`.
pub(super) async fn require_content(conn: &mut SqliteConnection, content: &Address) -> Result<()> {
    let missing = || StoreError::NotFound { kind: "content", key: format!("{}/{}", content.course, content.content) };
    let decimal = |id: &str| !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit());
    if !decimal(&content.course) {
        return Ok(());
    }
    let (Some(course), Some(id)) = (local(&content.course), local(&content.content)) else { return Err(missing()) };
    let there: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM activity WHERE id = ?1 AND course = ?2) \
         OR EXISTS (SELECT 1 FROM section WHERE id = ?1 AND course = ?2)",
    )
    .bind(id)
    .bind(course)
    .fetch_one(conn)
    .await?;
    if there { Ok(()) } else { Err(missing()) }
}

/// See `contents.external-ids`.
pub(super) async fn external_ids(
    conn: &mut SqliteConnection,
    plugin: &str,
    target: &str,
    (course, after): (u64, u64),
    limit: i64,
) -> Result<Vec<(u64, String)>> {
    let contents: Vec<String> = sqlx::query(
        "SELECT content FROM t_data_place WHERE plugin = ?1 AND kind = 4 AND course = ?2 AND CAST(content AS INTEGER) > ?3 \
         AND content NOT GLOB '*[^0-9]*' ORDER BY CAST(content AS INTEGER)",
    )
    .bind(plugin)
    .bind(course.to_string())
    .bind(db_int(after))
    .fetch_all(&mut *conn)
    .await?
    .iter()
    .map(|row| row.try_get(0))
    .collect::<Result<_, _>>()?;
    let mut found = Vec::new();
    for content in contents {
        if found.len() as i64 >= limit {
            break;
        }
        let Some(id) = local(&content) else { continue };
        let address = Address { course: course.to_string(), content };
        let external_id = external_id(conn, (plugin, None), target, &address, NOW).await?;
        if !external_id.is_empty() && require_content(conn, &address).await.is_ok() {
            found.push((model_int(id), external_id));
        }
    }
    Ok(found)
}
