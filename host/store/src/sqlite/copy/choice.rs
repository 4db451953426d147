//! What of a course is copied: items with what belongs to them, and their parts.

use super::super::db::{db_int, model_int};
use super::super::snapshot::SqliteSnapshot;
use crate::api::*;
use sqlx::AssertSqlSafe;
use std::collections::HashSet;

/// The items that are copied.
pub(super) struct Chosen {
    /// In order of age.
    pub(super) ids: Vec<i64>,
    /// Their scopes, for a whole course all of them, oldest first.
    pub(super) scopes: Vec<i64>,
    /// Scope and local number of contexts of activities and blocks.
    pub(super) contexts: HashSet<(i64, i64)>,
}

/// What is chosen: of a whole course whatever has something that the facets take, or was never given any parts; of
/// items those named with what belongs to them. A section brings its activities, an activity the section that it shows, a page
/// its blocks.
pub(super) async fn chosen_items(from: &mut SqliteSnapshot, choice: &CopyChoice, taken: &str) -> Result<Chosen> {
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
pub(super) async fn chosen_parts(
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
pub(super) async fn count(from: &mut SqliteSnapshot, taken: &str, people: bool) -> Result<u64> {
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
