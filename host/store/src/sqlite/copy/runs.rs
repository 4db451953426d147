//! Runs of parts and the rows that come with them.

use super::super::copy_tables::{self, Cell};
use super::super::db::SLICE;
use super::super::draft::SqliteDraft;
use super::super::draft_rows::json;
use super::super::rows::Kind;
use super::Copying;
use crate::api::*;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection};

/// Parts whose runs are looked for at a time.
const PARTS: usize = 256;

impl SqliteDraft {
    /// Runs with their rows, as many as are a slice.
    pub(super) async fn copy_runs(&mut self, copying: &mut Copying) -> Result<()> {
        let (through, part, seq) = copying.runs;
        let Some(parts) = copying.parts.get(through..).filter(|left| !left.is_empty()) else {
            copying.go_on();
            return Ok(());
        };
        let parts = &parts[..parts.len().min(PARTS)];
        let rows = sqlx::query(
            "SELECT part, seq, facets, kind, size, document, first_row, last_row FROM run \
             WHERE part IN (SELECT value FROM json_each(?1)) AND (part, seq) > (?2, ?3) \
             AND facets IN (SELECT value FROM json_each(?4)) ORDER BY part, seq LIMIT ?5",
        )
        .bind(json(parts)?)
        .bind(part)
        .bind(seq)
        .bind(&copying.taken)
        .bind(SLICE as i64)
        .fetch_all(&mut *copying.from.tx)
        .await?;
        if rows.is_empty() {
            copying.runs = (through + parts.len(), 0, 0);
            return Ok(());
        }
        let mut runs = Vec::with_capacity(rows.len());
        let mut elements: Vec<(Kind, Vec<Vec<Cell>>)> = Vec::new();
        let mut groups = Vec::new();
        let (mut count, mut reached) = (0, (through, part, seq));
        for row in &rows {
            let (part, seq, kind): (i64, i64, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(3)?);
            if let Some(kind) = Kind::from_number(kind) {
                let (first, last): (i64, i64) = (row.try_get(6)?, row.try_get(7)?);
                if kind == Kind::Group {
                    groups.push((part, first, last));
                }
                let found = rows_of(copying, kind, part, first, last).await?;
                count += found.len();
                elements.push((kind, found));
            }
            runs.push(copying.run(row)?);
            count += 1;
            reached = (through, part, seq);
            if count >= SLICE {
                break;
            }
        }
        let mut tx = self.begin_write().await?;
        insert_runs(&mut tx, self.change, runs).await?;
        elements.sort_by_key(|(kind, _)| *kind);
        for same in elements.chunk_by_mut(|(a, _), (b, _)| a == b) {
            let Some(kind) = same.first().map(|(kind, _)| *kind) else { continue };
            let rows = same.iter_mut().flat_map(|(_, rows)| std::mem::take(rows)).collect();
            copy_tables::of_rows(kind).insert(&mut tx, self.change, self.course, rows).await?;
        }
        self.groups_copied(copying, &mut tx, &groups).await?;
        tx.commit().await?;
        copying.done += count as u64;
        copying.runs = reached;
        Ok(())
    }
}

impl Copying {
    /// A run of the copy, as [`insert_runs`] wants it.
    fn run(&self, row: &SqliteRow) -> Result<NewRun> {
        let part: i64 = row.try_get(0)?;
        let part = self.numbers.parts.get(&part).copied();
        Ok(NewRun {
            part: part.ok_or_else(|| StoreError::Corrupt("a run of a part that is not copied".into()))?,
            seq: row.try_get(1)?,
            facets: row.try_get(2)?,
            kind: row.try_get(3)?,
            size: row.try_get(4)?,
            document: row.try_get(5)?,
            first: row.try_get(6)?,
            last: row.try_get(7)?,
        })
    }
}

/// The rows of a run as they are in the copy.
async fn rows_of(copying: &mut Copying, kind: Kind, part: i64, first: i64, last: i64) -> Result<Vec<Vec<Cell>>> {
    let table = copy_tables::of_rows(kind);
    let mut query = table.select("id");
    query.push(" WHERE part = ").push_bind(part).push(" AND seq BETWEEN ").push_bind(first);
    query.push(" AND ").push_bind(last).push(" ORDER BY seq");
    let rows = query.build().fetch_all(&mut *copying.from.tx).await?;
    let mut copies = Vec::with_capacity(rows.len());
    for row in &rows {
        copies.extend(table.translated(row, 1, &copying.numbers)?);
    }
    Ok(copies)
}

struct NewRun {
    part: i64,
    seq: i64,
    facets: i64,
    kind: i64,
    size: i64,
    document: Option<Vec<u8>>,
    first: i64,
    last: i64,
}

async fn insert_runs(conn: &mut SqliteConnection, change: i64, runs: Vec<NewRun>) -> Result<()> {
    const BATCH: usize = 200;
    let mut runs = runs.into_iter().peekable();
    while runs.peek().is_some() {
        let batch: Vec<NewRun> = runs.by_ref().take(BATCH).collect();
        let full = batch.len() == BATCH;
        let mut query = QueryBuilder::<Sqlite>::new(
            "INSERT INTO t_run (part, seq, change, facets, kind, size, document, first_row, last_row) ",
        );
        query.push_values(batch, |mut b, r| {
            b.push_bind(r.part).push_bind(r.seq).push_bind(change).push_bind(r.facets).push_bind(r.kind);
            b.push_bind(r.size).push_bind(r.document).push_bind(r.first).push_bind(r.last);
        });
        query.build().persistent(full).execute(&mut *conn).await?;
    }
    Ok(())
}
