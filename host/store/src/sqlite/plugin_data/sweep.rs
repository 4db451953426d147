//! Removing what nobody can read any more: versions that were replaced, and that neither a copy nor an open snapshot is as of.

use super::read::{Position, counts_from};
use super::write::{NewBase, cost, next, rebase, used};
use crate::api::Result;
use crate::sqlite::SqliteStore;
use crate::sqlite::db::{SLICE, now};
use sqlx::{Row as _, SqliteConnection};
use std::collections::{BTreeSet, HashMap};

/// Gives up to `limit` rows of a published change the position that they have through it, so that the change's row can go; whether there
/// are more.
async fn settle_change(conn: &mut SqliteConnection, change: i64, limit: i64) -> Result<bool> {
    let mut rows = 0;
    for sql in [
        "UPDATE t_data_value SET shown = (SELECT storage FROM t_change WHERE id = ?1), change = 1 \
         WHERE (place, namespace, key, seq) IN (SELECT place, namespace, key, seq FROM t_data_value WHERE change = ?1 AND shown = 0 LIMIT ?2)",
        "UPDATE t_data_base SET shown = (SELECT storage FROM t_change WHERE id = ?1), change = 1, \
         at = CASE WHEN source IS NOT NULL AND at = 0 THEN (SELECT storage FROM t_change WHERE id = ?1) ELSE at END, \
         floor_shown = CASE floor_shown WHEN 0 THEN (SELECT storage FROM t_change WHERE id = ?1) ELSE floor_shown END \
         WHERE (place, seq) IN (SELECT place, seq FROM t_data_base WHERE change = ?1 AND shown = 0 LIMIT ?2)",
        "UPDATE t_descent SET change = 1 WHERE (course, content) IN (SELECT course, content FROM t_descent WHERE change = ?1 LIMIT ?2)",
    ] {
        rows += sqlx::query(sql).bind(change).bind(limit).execute(&mut *conn).await?.rows_affected();
    }
    Ok(rows >= limit.unsigned_abs())
}

/// Removes up to `limit` rows of a change that was dropped; whether there are more.
async fn drop_change(conn: &mut SqliteConnection, change: i64, limit: i64) -> Result<bool> {
    let gone: Vec<(i64, String, i64)> = sqlx::query_as(
        "DELETE FROM t_data_value WHERE (place, namespace, key, seq) IN \
         (SELECT place, namespace, key, seq FROM t_data_value WHERE change = ?1 AND shown = 0 LIMIT ?2) RETURNING place, key, size",
    )
    .bind(change)
    .bind(limit)
    .fetch_all(&mut *conn)
    .await?;
    let mut rows = gone.len() as u64;
    freed(conn, gone).await?;
    for sql in [
        "DELETE FROM t_data_base WHERE (place, seq) IN \
         (SELECT place, seq FROM t_data_base WHERE change = ?1 AND shown = 0 LIMIT ?2)",
        "DELETE FROM t_descent WHERE (course, content) IN (SELECT course, content FROM t_descent WHERE change = ?1 LIMIT ?2)",
    ] {
        rows += sqlx::query(sql).bind(change).bind(limit).execute(&mut *conn).await?.rows_affected();
    }
    Ok(rows >= limit.unsigned_abs())
}

/// Notes that versions (place, key, size) are gone.
async fn freed(conn: &mut SqliteConnection, gone: Vec<(i64, String, i64)>) -> Result<()> {
    let mut bytes = HashMap::<i64, i64>::new();
    for (place, key, size) in gone {
        *bytes.entry(place).or_default() += cost(&key, size);
    }
    for (place, bytes) in bytes {
        let plugin: String = sqlx::query_scalar("SELECT plugin FROM t_data_place WHERE id = ?")
            .bind(place)
            .fetch_one(&mut *conn)
            .await?;
        used(conn, &plugin, -bytes).await?;
    }
    Ok(())
}

/// A base as the sweep looks at it.
#[derive(Debug, Clone, Copy)]
struct Base {
    position: Position,
    /// None for one of a draft.
    seq: i64,
    floor: Position,
    source: bool,
}

/// What a place is read as of, and its bases.
struct Views {
    /// Sorted. The last is now.
    bounds: Vec<Position>,
    /// What counts from here on an open snapshot may come to need.
    leased: Option<Position>,
    /// Sorted.
    bases: Vec<Base>,
}

impl Views {
    async fn of(conn: &mut SqliteConnection, place: i64) -> Result<Self> {
        let mut bounds = BTreeSet::from([(i64::MAX, i64::MAX)]);
        // A draft's copy of what it wrote itself counts with its own rows, which are never removed here.
        let links: Vec<(i64, i64)> = sqlx::query_as(concat!(
            "SELECT DISTINCT CASE t.at WHEN 0 THEN ",
            counts_from!(),
            " ELSE t.at END AS until, t.at_seq FROM t_data_base t WHERE t.source = ?2 AND until IS NOT NULL"
        ))
        .bind(None::<i64>)
        .bind(place)
        .fetch_all(&mut *conn)
        .await?;
        bounds.extend(links);
        let lease: Option<i64> =
            sqlx::query_scalar("SELECT min(storage) FROM t_snapshot").fetch_one(&mut *conn).await?;
        let leased = lease.map(|lease| (lease, i64::MAX));
        bounds.extend(leased);
        let rows = sqlx::query(concat!(
            "SELECT ",
            counts_from!(),
            " AS counts, seq, floor_shown, floor_seq, source IS NOT NULL FROM t_data_base t WHERE place = ?2 AND counts IS NOT NULL"
        ))
        .bind(None::<i64>)
        .bind(place)
        .fetch_all(conn)
        .await?;
        let mut bases = Vec::with_capacity(rows.len());
        for row in rows {
            let position: Position = (row.try_get(0)?, row.try_get(1)?);
            let floor_shown = match row.try_get(2)? {
                0 => position.0,
                shown => shown,
            };
            let floor = (floor_shown, row.try_get(3)?);
            bases.push(Base { position, seq: position.1, floor, source: row.try_get(4)? });
        }
        bases.sort_by_key(|base| base.position);
        Ok(Self { bounds: bounds.into_iter().collect(), leased, bases })
    }

    fn base(&self, bound: Position) -> Option<&Base> {
        self.bases.iter().rev().find(|base| base.position < bound)
    }

    fn is_leased(&self, position: Position) -> bool {
        self.leased.is_some_and(|leased| position >= leased)
    }

    /// Which of a key's versions are read: (position, whether it has a value), sorted.
    fn needed(&self, versions: &[(Position, bool)]) -> Vec<bool> {
        let mut needed: Vec<bool> = versions.iter().map(|(position, _)| self.is_leased(*position)).collect();
        for bound in &self.bounds {
            let base = self.base(*bound);
            let floor = base.map_or((0, 0), |base| base.floor);
            let at = versions.partition_point(|(position, _)| position < bound);
            if let Some(newest) = at.checked_sub(1)
                && versions[newest].0 > floor
            {
                needed[newest] = true;
            }
        }
        // That something was taken away has to be known only where something would be seen without it.
        let mut below = false;
        for (index, (position, has_value)) in versions.iter().enumerate() {
            let copied = self.bases.iter().any(|base| base.source && base.floor < *position);
            if needed[index] && !has_value && !below && !copied && !self.is_leased(*position) {
                needed[index] = false;
            }
            below |= needed[index];
        }
        needed
    }
}

impl SqliteStore {
    /// Sweeps plugins' data: rows of changes that ended get or lose their place, old backups go, and then whatever is read by nobody.
    pub(in crate::sqlite) async fn sweep_data(&self) -> Result<u64> {
        let mut rows = 0;
        let changes: Vec<(i64, i64)> = sqlx::query_as(
            "SELECT id, state FROM t_change WHERE state > 0 AND id IN \
             (SELECT change FROM t_data_value WHERE shown = 0 UNION SELECT change FROM t_data_base WHERE shown = 0)",
        )
        .fetch_all(self.db.read())
        .await?;
        for (change, state) in changes {
            self.end_data(change, state != 3).await?;
        }
        self.end_backups().await?;
        let mut after = 0_i64;
        loop {
            let places: Vec<i64> = sqlx::query_scalar("SELECT id FROM t_data_place WHERE id > ? ORDER BY id LIMIT ?")
                .bind(after)
                .bind(SLICE as i64)
                .fetch_all(self.db.read())
                .await?;
            let Some(last) = places.last() else { break };
            after = *last;
            for place in places {
                rows += self.sweep_place(place).await?;
            }
        }
        // Copies before what they are of.
        loop {
            let mut tx = self.db.write().await?;
            let gone = sqlx::query(
                "DELETE FROM t_data_place WHERE id IN (SELECT id FROM t_data_place p WHERE \
                 NOT EXISTS (SELECT 1 FROM t_data_value v WHERE v.place = p.id) \
                 AND NOT EXISTS (SELECT 1 FROM t_data_base b WHERE b.place = p.id) \
                 AND NOT EXISTS (SELECT 1 FROM t_data_base b WHERE b.source = p.id) LIMIT ?)",
            )
            .bind(SLICE as i64)
            .execute(&mut *tx)
            .await?
            .rows_affected();
            tx.commit().await?;
            rows += gone;
            if gone < SLICE as u64 {
                return Ok(rows);
            }
        }
    }

    /// Settles or drops what a change that has ended wrote.
    pub(in crate::sqlite) async fn end_data(&self, change: i64, was_published: bool) -> Result<()> {
        loop {
            let mut tx = self.db.write().await?;
            let more = if was_published {
                settle_change(&mut tx, change, SLICE as i64).await?
            } else {
                drop_change(&mut tx, change, SLICE as i64).await?
            };
            tx.commit().await?;
            if !more {
                return Ok(());
            }
        }
    }

    /// Empties the places of backups that are older than the operator keeps them.
    async fn end_backups(&self) -> Result<()> {
        let days: Option<i64> =
            sqlx::query_scalar("SELECT CAST(value AS INTEGER) FROM t_setting WHERE name = 'plugin-data.backup-days'")
                .fetch_optional(self.db.read())
                .await?;
        let Some(days) = days.filter(|days| *days > 0) else { return Ok(()) };
        let old: Vec<i64> = sqlx::query_scalar("SELECT id FROM t_data_place WHERE kind = 3 AND touched <= ?")
            .bind(now().saturating_sub(days.saturating_mul(24 * 3600)))
            .fetch_all(self.db.read())
            .await?;
        for places in old.chunks(SLICE) {
            let mut tx = self.db.write().await?;
            let numbers = next(&mut tx, None).await?;
            for place in places {
                rebase(&mut tx, None, *place, numbers, NewBase::default()).await?;
            }
            tx.commit().await?;
        }
        Ok(())
    }

    /// Removes the versions and bases of a place that nobody reads.
    async fn sweep_place(&self, place: i64) -> Result<u64> {
        // Most places have nothing to sweep: look without the write lock first.
        let busy: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM t_data_base WHERE place = ?1) OR EXISTS (SELECT 1 FROM t_data_value WHERE place = ?1 \
             AND bytes IS NULL AND document IS NULL) OR EXISTS (SELECT 1 FROM t_data_value WHERE place = ?1 \
             GROUP BY namespace, key HAVING count(*) > 1)",
        )
        .bind(place)
        .fetch_one(self.db.read())
        .await?;
        if !busy {
            return Ok(0);
        }
        let mut rows = 0;
        let mut after = (-1_i64, String::new());
        let mut limit = SLICE as i64;
        loop {
            let mut tx = self.db.write().await?;
            let views = Views::of(&mut tx, place).await?;
            let page = sqlx::query(concat!(
                "SELECT namespace, key, ",
                counts_from!(),
                " AS counts, seq, bytes IS NOT NULL OR document IS NOT NULL, size FROM t_data_value t WHERE place = ?2 \
                 AND (namespace, key) > (?3, ?4) ORDER BY namespace, key LIMIT ?5"
            ))
            .bind(None::<i64>)
            .bind(place)
            .bind(after.0)
            .bind(&after.1)
            .bind(limit)
            .fetch_all(&mut *tx)
            .await?;
            let whole = (page.len() as i64) < limit;
            let mut keys: Vec<Key> = Vec::new();
            for row in &page {
                let of = (row.try_get(0)?, row.try_get::<String, _>(1)?);
                if keys.last().is_none_or(|key| key.of != of) {
                    keys.push(Key { of, versions: Vec::new(), sizes: Vec::new() });
                }
                // A draft's versions are nobody's business yet.
                if let (Some(key), Some(counts)) = (keys.last_mut(), row.try_get::<Option<i64>, _>(2)?) {
                    key.versions.push(((counts, row.try_get(3)?), row.try_get(4)?));
                    key.sizes.push(row.try_get(5)?);
                }
            }
            if !whole && keys.len() > 1 {
                keys.pop();
            } else if !whole {
                limit *= 4;
                continue;
            }
            let Some(last) = keys.last().map(|key| key.of.clone()) else { break };
            for key in keys {
                rows += key.sweep(&mut tx, place, &views).await?;
            }
            tx.commit().await?;
            if whole {
                break;
            }
            (after, limit) = (last, SLICE as i64);
        }
        Ok(rows + self.sweep_bases(place).await?)
    }

    /// Removes the bases that nobody reads.
    async fn sweep_bases(&self, place: i64) -> Result<u64> {
        let mut rows = 0;
        let mut tx = self.db.write().await?;
        let views = Views::of(&mut tx, place).await?;
        let used: BTreeSet<i64> = views.bounds.iter().filter_map(|bound| views.base(*bound)).map(|b| b.seq).collect();
        let oldest: Option<i64> = sqlx::query_scalar(concat!(
            "SELECT min(counts) FROM (SELECT ",
            counts_from!(),
            " AS counts FROM t_data_value t WHERE place = ?2)"
        ))
        .bind(None::<i64>)
        .bind(place)
        .fetch_one(&mut *tx)
        .await?;
        for (index, base) in views.bases.iter().enumerate() {
            // The first of all, where it only says that nothing was there, says nothing when nothing older is left.
            let empty = !base.source
                && views.bases[..index]
                    .iter()
                    .all(|older| !used.contains(&older.seq) && !views.is_leased(older.position))
                && oldest.is_none_or(|oldest| oldest > base.position.0);
            if views.is_leased(base.position) || (used.contains(&base.seq) && !empty) {
                continue;
            }
            rows += sqlx::query("DELETE FROM t_data_base WHERE place = ? AND seq = ?")
                .bind(place)
                .bind(base.seq)
                .execute(&mut *tx)
                .await?
                .rows_affected();
        }
        tx.commit().await?;
        Ok(rows)
    }
}

/// A key with its versions.
struct Key {
    of: (i64, String),
    versions: Vec<(Position, bool)>,
    sizes: Vec<i64>,
}

impl Key {
    async fn sweep(self, conn: &mut SqliteConnection, place: i64, views: &Views) -> Result<u64> {
        let Self { of: (namespace, key), versions, sizes } = self;
        let mut sorted: Vec<(Position, bool, i64)> =
            versions.into_iter().zip(sizes).map(|((position, there), size)| (position, there, size)).collect();
        sorted.sort_by_key(|(position, ..)| *position);
        let versions: Vec<(Position, bool)> = sorted.iter().map(|(position, there, _)| (*position, *there)).collect();
        let mut gone = Vec::new();
        for (index, keep) in views.needed(&versions).into_iter().enumerate() {
            if keep {
                continue;
            }
            sqlx::query("DELETE FROM t_data_value WHERE place = ? AND namespace = ? AND key = ? AND seq = ?")
                .bind(place)
                .bind(namespace)
                .bind(&key)
                .bind(sorted[index].0.1)
                .execute(&mut *conn)
                .await?;
            gone.push((place, key.clone(), sorted[index].2));
        }
        let rows = gone.len() as u64;
        freed(conn, gone).await?;
        Ok(rows)
    }
}
