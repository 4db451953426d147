//! Finding what counts at a place.

use super::{IDS, find_place, ids_of};
use crate::api::{Address, Result, StoreError};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

/// A place in the order of versions: from when one counts, and its own number.
pub(super) type Position = (i64, i64);

/// Above everything.
pub(super) const NOW: Position = (i64::MAX, i64::MAX);
/// Versions that one page of a layer's keys looks at.
const PAGE: i64 = 500;

/// Reading as of a storage sequence; 0 is now.
pub(super) fn bound(at: u64) -> Position {
    match at {
        0 => NOW,
        at => (i64::try_from(at).unwrap_or(i64::MAX), i64::MAX),
    }
}

/// From when on row `$t` counts, NULL for one that does not: its number, that of its published change, or, of the draft that reads
/// (`?1`), the end of all things.
macro_rules! counts_from {
    () => {
        "CASE WHEN t.shown > 0 THEN t.shown ELSE (SELECT CASE WHEN c.state IN (1, 2) THEN c.storage WHEN c.id = ?1 THEN \
         9223372036854775807 END FROM t_change c WHERE c.id = t.change) END"
    };
}
pub(super) use counts_from;

/// Where a place's data is from, at some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Base {
    pub position: Position,
    pub source: Option<i64>,
    /// As of when the source is read.
    pub until: Position,
    pub shallow: bool,
    pub carried: bool,
    /// What the place's own versions have to be above.
    pub floor: Position,
}

/// A value with what it needs to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub version: i64,
    pub bytes: Option<Vec<u8>>,
    /// Of a document that lies in the blob store.
    pub blob: Option<String>,
}

/// One place in a chain of copies, and which of its versions count.
#[derive(Debug, Clone, Copy)]
struct Layer {
    place: i64,
    floor: Position,
    until: Position,
}

/// Reads in a transaction, as a draft where there is one.
pub(super) struct Reader<'c> {
    conn: &'c mut SqliteConnection,
    draft: Option<i64>,
}

fn base_row(row: &SqliteRow) -> Result<Base> {
    let position: Position = (row.try_get(0)?, row.try_get(1)?);
    let own = |shown: i64| if shown == 0 { position.0 } else { shown };
    Ok(Base {
        position,
        source: row.try_get(2)?,
        until: (own(row.try_get(3)?), row.try_get(4)?),
        shallow: row.try_get(5)?,
        carried: row.try_get(6)?,
        floor: (own(row.try_get(7)?), row.try_get(8)?),
    })
}

impl<'c> Reader<'c> {
    pub(super) fn new(conn: &'c mut SqliteConnection, draft: Option<i64>) -> Self {
        Self { conn, draft }
    }

    /// The newest base of a place below a position.
    pub(super) async fn base(&mut self, place: i64, until: Position) -> Result<Option<Base>> {
        let row = sqlx::query(concat!(
            "SELECT * FROM (SELECT ",
            counts_from!(),
            " AS counts, seq, source, at, at_seq, shallow, carried, floor_shown, floor_seq FROM t_data_base t WHERE place = ?2) \
             WHERE (counts, seq) < (?3, ?4) ORDER BY counts DESC, seq DESC LIMIT 1"
        ))
        .bind(self.draft)
        .bind(place)
        .bind(until.0)
        .bind(until.1)
        .fetch_optional(&mut *self.conn)
        .await?;
        row.as_ref().map(base_row).transpose()
    }

    /// A key's value.
    pub(super) async fn value(
        &mut self,
        mut place: i64,
        namespace: i64,
        key: &str,
        mut until: Position,
    ) -> Result<Option<Found>> {
        // A value that came with a copy is no older than the copy.
        let mut copied = 0;
        loop {
            let base = self.base(place, until).await?;
            let floor = base.map_or((0, 0), |base| base.floor);
            let row = sqlx::query(concat!(
                "SELECT v.counts, coalesce(v.bytes, d.bytes), d.blob, v.bytes IS NULL AND v.document IS NULL FROM (SELECT ",
                counts_from!(),
                " AS counts, seq, bytes, document FROM t_data_value t WHERE place = ?2 AND namespace = ?3 AND key = ?4) v \
                 LEFT JOIN t_document d ON d.sha256 = v.document \
                 WHERE (v.counts, v.seq) < (?5, ?6) AND (v.counts, v.seq) > (?7, ?8) \
                 ORDER BY v.counts DESC, v.seq DESC LIMIT 1"
            ))
            .bind(self.draft)
            .bind(place)
            .bind(namespace)
            .bind(key)
            .bind(until.0)
            .bind(until.1)
            .bind(floor.0)
            .bind(floor.1)
            .fetch_optional(&mut *self.conn)
            .await?;
            if let Some(row) = row {
                let (counts, gone): (i64, bool) = (row.try_get(0)?, row.try_get(3)?);
                let found = || Ok(Found { version: counts.max(copied), bytes: row.try_get(1)?, blob: row.try_get(2)? });
                return if gone { Ok(None) } else { found().map(Some) };
            }
            let Some(Base { position, source: Some(source), until: as_of, shallow, .. }) = base else {
                return Ok(None);
            };
            if shallow && namespace == 1 {
                return Ok(None);
            }
            copied = copied.max(position.0);
            (place, until) = (source, as_of);
        }
    }

    /// The places whose versions make up what is read here, nearest first.
    async fn layers(&mut self, mut place: i64, namespace: i64, mut until: Position) -> Result<Vec<Layer>> {
        let mut layers = Vec::new();
        loop {
            let base = self.base(place, until).await?;
            layers.push(Layer { place, floor: base.map_or((0, 0), |base| base.floor), until });
            match base {
                Some(Base { source: Some(source), until: as_of, shallow, .. }) if !(shallow && namespace == 1) => {
                    (place, until) = (source, as_of);
                }
                _ => return Ok(layers),
            }
        }
    }

    /// A layer's keys after `after`, each with whether it has a value there; and whether these are the last.
    async fn layer_keys(&mut self, layer: Layer, namespace: i64, after: &str) -> Result<(Vec<(String, bool)>, bool)> {
        let mut limit = PAGE;
        loop {
            let rows = sqlx::query(concat!(
                "SELECT key, there, counts, seq FROM (SELECT key, ",
                counts_from!(),
                " AS counts, seq, bytes IS NOT NULL OR document IS NOT NULL AS there FROM t_data_value t \
                 WHERE place = ?2 AND namespace = ?3 AND key > ?4 ORDER BY key LIMIT ?5)"
            ))
            .bind(self.draft)
            .bind(layer.place)
            .bind(namespace)
            .bind(after)
            .bind(limit)
            .fetch_all(&mut *self.conn)
            .await?;
            let complete = (rows.len() as i64) < limit;
            let mut newest: Vec<(String, Option<(Position, bool)>)> = Vec::new();
            for row in &rows {
                let key: String = row.try_get(0)?;
                if newest.last().is_none_or(|(last, _)| *last != key) {
                    newest.push((key, None));
                }
                let Some(counts) = row.try_get::<Option<i64>, _>(2)? else { continue };
                let position = (counts, row.try_get(3)?);
                if position < layer.until
                    && position > layer.floor
                    && let Some((_, best)) = newest.last_mut()
                    && best.is_none_or(|(than, _)| position > than)
                {
                    *best = Some((position, row.try_get(1)?));
                }
            }
            if !complete {
                // The last key's versions may go on behind the page.
                newest.pop();
                if newest.is_empty() {
                    limit *= 4;
                    continue;
                }
            }
            let last = newest.last().map(|(key, _)| key.clone());
            let keys: Vec<_> =
                newest.into_iter().filter_map(|(key, best)| best.map(|(_, there)| (key, there))).collect();
            if keys.is_empty()
                && !complete
                && let Some(last) = last
            {
                // Nothing of this page counts: on to the next. The recursion is one call deep, since it ends with keys or the end.
                return Box::pin(self.layer_keys(layer, namespace, &last)).await;
            }
            return Ok((keys, complete));
        }
    }

    /// Keys with values after `after`, at most `wanted`.
    pub(super) async fn keys(
        &mut self,
        place: i64,
        namespace: i64,
        after: &str,
        wanted: usize,
        until: Position,
    ) -> Result<Vec<String>> {
        let layers = self.layers(place, namespace, until).await?;
        let mut heads = Vec::with_capacity(layers.len());
        for layer in layers {
            let (keys, complete) = self.layer_keys(layer, namespace, after).await?;
            heads.push((layer, std::collections::VecDeque::from(keys), complete));
        }
        let mut found = Vec::new();
        while found.len() < wanted {
            let next = heads.iter().filter_map(|(_, keys, _)| keys.front()).map(|(key, _)| key).min().cloned();
            let Some(key) = next else { break };
            // The nearest layer that says something of the key decides.
            let mut there = None;
            for (layer, keys, complete) in &mut heads {
                if keys.front().is_some_and(|(head, _)| *head == key)
                    && let Some((_, has)) = keys.pop_front()
                {
                    there.get_or_insert(has);
                    if keys.is_empty() && !*complete {
                        let (more, last) = self.layer_keys(*layer, namespace, &key).await?;
                        (*keys, *complete) = (more.into(), last);
                    }
                }
            }
            if there == Some(true) {
                found.push(key);
            }
        }
        Ok(found)
    }

    /// Whether a place has data of any kind now.
    pub(super) async fn anything(&mut self, place: i64) -> Result<bool> {
        for namespace in [0, 1] {
            if !self.keys(place, namespace, "", 1, NOW).await?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether something was written at a place above a position.
    pub(super) async fn edited(&mut self, place: i64, above: Position) -> Result<bool> {
        Ok(sqlx::query_scalar(concat!(
            "SELECT EXISTS (SELECT 1 FROM (SELECT ",
            counts_from!(),
            " AS counts, seq FROM t_data_value t WHERE place = ?2) WHERE (counts, seq) > (?3, ?4))"
        ))
        .bind(self.draft)
        .bind(place)
        .bind(above.0)
        .bind(above.1)
        .fetch_one(&mut *self.conn)
        .await?)
    }

    /// Whether this draft wrote at a place.
    pub(super) async fn wrote(&mut self, place: i64) -> Result<bool> {
        let Some(draft) = self.draft else { return Ok(false) };
        Ok(sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM t_data_base WHERE place = ?1 AND change = ?2 AND shown = 0) \
             OR EXISTS (SELECT 1 FROM t_data_value WHERE place = ?1 AND change = ?2 AND shown = 0)",
        )
        .bind(place)
        .bind(draft)
        .fetch_one(&mut *self.conn)
        .await?)
    }
}

/// The external id of a content.
pub(super) async fn external_id(
    conn: &mut SqliteConnection,
    (plugin, draft): (&str, Option<i64>),
    target: &str,
    content: &Address,
    until: Position,
) -> Result<String> {
    let Some(place) = find_place(conn, plugin, ids_of(content)).await? else { return Ok(String::new()) };
    let found = Reader::new(conn, draft).value(place, 0, target, until).await?;
    Ok(found
        .and_then(|found| found.bytes)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default())
}

/// The external ids of many contents, each for a target as of a storage sequence. Most have none, which one look tells.
pub(super) async fn external_ids_as_of(
    conn: &mut SqliteConnection,
    plugin: &str,
    of: &[(&str, &Address, u64)],
) -> Result<Vec<String>> {
    let contents: Vec<[&str; 2]> = of.iter().map(|(_, a, _)| [a.course.as_str(), a.content.as_str()]).collect();
    let contents = serde_json::to_string(&contents).map_err(|e| StoreError::Invalid(e.to_string()))?;
    let known: Vec<i64> = sqlx::query_scalar(
        "SELECT j.key FROM json_each(?1) j WHERE EXISTS (SELECT 1 FROM t_data_place p WHERE p.plugin = ?2 AND p.kind = ?3 \
         AND p.course = json_extract(j.value, '$[0]') AND p.content = json_extract(j.value, '$[1]'))",
    )
    .bind(contents)
    .bind(plugin)
    .bind(IDS)
    .fetch_all(&mut *conn)
    .await?;
    let mut found = vec![String::new(); of.len()];
    for n in known {
        let n = usize::try_from(n).unwrap_or(usize::MAX);
        if let (Some((target, content, at)), Some(id)) = (of.get(n), found.get_mut(n)) {
            *id = external_id(conn, (plugin, None), target, content, bound(*at)).await?;
        }
    }
    Ok(found)
}
