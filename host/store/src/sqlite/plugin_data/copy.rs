//! Copies: one row for a place, whatever lies there.

use super::read::{NOW, Reader};
use super::write::{NewBase, Writer, next, place_for, rebase};
use super::{Columns, IDS, columns, descent, find_place, sequence};
use crate::api::*;
use crate::sqlite::db::{db_int, model_int};
use sqlx::SqliteConnection;

/// See `plugin-data.copy`.
pub(super) async fn copy(
    conn: &mut SqliteConnection,
    (plugin, change): Writer<'_>,
    (from, to): (&DataPlace, &DataPlace),
    kind: CopyKind,
    if_absent: bool,
) -> Result<bool> {
    if if_absent
        && let Some(there) = find_place(conn, plugin, columns(to)).await?
        && Reader::new(conn, change).anything(there).await?
    {
        return Ok(false);
    }
    if from == to {
        return Ok(true);
    }
    let source = find_place(conn, plugin, columns(from)).await?;
    let place = match source {
        Some(_) => place_for(conn, plugin, columns(to)).await?,
        None => match find_place(conn, plugin, columns(to)).await? {
            Some(place) => place,
            // A copy of nothing to where nothing is.
            None => return Ok(true),
        },
    };
    let numbers = next(conn, change).await?;
    let shallow = kind == CopyKind::Shallow;
    let source = match source {
        Some(source) => Some((source, as_of(conn, change, source, numbers.0 - 1).await?)),
        None => None,
    };
    rebase(conn, change, place, numbers, NewBase { source, shallow, ..NewBase::default() }).await?;
    Ok(true)
}

/// As of when a copy reads its source: of a storage sequence, or of the draft's own writes where it made some there.
async fn as_of(conn: &mut SqliteConnection, change: Option<i64>, source: i64, at: i64) -> Result<(i64, i64)> {
    Ok(if Reader::new(conn, change).wrote(source).await? { (0, 0) } else { (at, i64::MAX) })
}

/// A place of some plugin.
#[derive(sqlx::FromRow)]
struct Place {
    id: i64,
    plugin: String,
    kind: i64,
}

async fn places(conn: &mut SqliteConnection, of: Columns<'_>) -> Result<Vec<Place>> {
    // External ids go where a content's data goes.
    Ok(sqlx::query_as(
        "SELECT id, plugin, kind FROM t_data_place WHERE kind IN (?1, CASE ?1 WHEN 2 THEN 4 ELSE ?1 END) AND course = ?2 AND content = ?3",
    )
    .bind(of.kind)
    .bind(of.course)
    .bind(of.content)
    .fetch_all(conn)
    .await?)
}

/// Takes the snapshot of all plugins' data for a copy, as of storage sequence `at` (0 for now); the storage sequence.
///
/// What is at the copy already stays, so that telling of a copy twice changes nothing (proxy-tool-events.md 11.3). A content brings the
/// definition of its course's data along where the other course has none; what came that way makes room for the course's own copy,
/// but for what was written since (proxy-tool-events.md 6).
pub async fn copy_for(tx: &mut SqliteConnection, change: Option<i64>, what: &Happening, at: u64) -> Result<u64> {
    let at = match at {
        0 => sequence(tx).await?,
        at => db_int(at),
    };
    let copying = Copying { change, at };
    match what {
        Happening::ContentCopied { kind, origin, copy, .. } => {
            descent::note(tx, change, (&origin.course, &origin.content), (&copy.course, &copy.content)).await?;
            let of = |address| Columns { kind: 2, ..columns_of(address) };
            let mut plugins = Vec::new();
            for place in places(tx, of(origin)).await? {
                let to = Columns { kind: place.kind, ..of(copy) };
                let shallow = *kind == CopyKind::Shallow && place.kind != IDS;
                copying.link(tx, &place, to, NewBase { shallow, ..NewBase::default() }).await?;
                plugins.push(place.plugin);
            }
            if origin.course != copy.course && !plugins.is_empty() {
                let course = |course| Columns { kind: 1, course, content: "" };
                let mut carried = places(tx, course(&origin.course)).await?;
                carried.retain(|place| plugins.contains(&place.plugin));
                for place in carried {
                    let base = NewBase { shallow: true, carried: true, ..NewBase::default() };
                    copying.link(tx, &place, course(&copy.course), base).await?;
                }
            }
        }
        Happening::CourseCopied { kind, origin, copy, .. } => {
            descent::note(tx, change, (origin, ""), (copy, "")).await?;
            for place in places(tx, Columns { kind: 1, course: origin, content: "" }).await? {
                let to = Columns { kind: 1, course: copy, content: "" };
                let shallow = *kind == CopyKind::Shallow;
                copying.link(tx, &place, to, NewBase { shallow, ..NewBase::default() }).await?;
            }
        }
        _ => {}
    }
    Ok(model_int(at))
}

fn columns_of(address: &Address) -> Columns<'_> {
    Columns { kind: 2, course: &address.course, content: &address.content }
}

/// A copy that the host makes for every plugin.
struct Copying {
    change: Option<i64>,
    at: i64,
}

impl Copying {
    /// Makes a place a copy of another one of the same plugin, if nothing stands against it.
    async fn link(&self, conn: &mut SqliteConnection, from: &Place, to: Columns<'_>, mut base: NewBase) -> Result<()> {
        if let Some(there) = find_place(conn, &from.plugin, to).await? {
            let mut reader = Reader::new(conn, self.change);
            match reader.base(there, NOW).await? {
                Some(now) if now.source == Some(from.id) => {
                    if !now.carried || base.carried {
                        return Ok(());
                    }
                    base.floor = Some(now.floor);
                }
                _ if reader.anything(there).await? => return Ok(()),
                _ => {}
            }
        }
        let place = place_for(conn, &from.plugin, to).await?;
        let numbers = next(conn, self.change).await?;
        base.source = Some((from.id, as_of(conn, self.change, from.id, self.at).await?));
        rebase(conn, self.change, place, numbers, base).await
    }
}
