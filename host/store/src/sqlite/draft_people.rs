//! The people of a draft: linked or created, many with one statement.

use super::db::{db_int, is_unique, model_int, now};
use super::draft::SqliteDraft;
use super::draft_rows::json;
use super::names::reserve;
use crate::api::*;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use std::collections::{HashMap, HashSet};

/// Rows of one multi-row statement.
const BATCH: usize = 200;

impl SqliteDraft {
    /// Links or creates people, all of a call or none of it: a conflict is to leave nothing behind.
    pub(super) async fn write_people(&mut self, people: Vec<(ArchivedPerson, PersonChoice)>) -> Result<Vec<u64>> {
        let mut tx = self.write().await?;
        self.store.db.release_dropped(&mut tx).await?;
        check_known(&mut tx, &people, self.change).await?;
        reserve_usernames(&mut tx, &people, self.change).await?;
        let mut locals = HashSet::new();
        if let Some((twice, _)) = people.iter().find(|(person, _)| !locals.insert(person.local)) {
            return Err(StoreError::Conflict { kind: "person", key: twice.local.to_string() });
        }
        let mut ids = Vec::with_capacity(people.len());
        for batch in people.chunks(BATCH) {
            let made = self.create_people(&mut tx, batch).await?;
            let rows: Vec<_> = batch.iter().zip(made).collect();
            self.link_people(&mut tx, &rows).await?;
            ids.extend(rows.iter().map(|(_, id)| model_int(*id)));
        }
        tx.commit().await?;
        Ok(ids)
    }

    /// The person of each choice; those to be created are.
    async fn create_people(
        &self,
        tx: &mut SqliteConnection,
        people: &[(ArchivedPerson, PersonChoice)],
    ) -> Result<Vec<i64>> {
        let new: Vec<_> = people
            .iter()
            .filter_map(|(archived, choice)| match choice {
                PersonChoice::Create(new) => Some((archived, new)),
                PersonChoice::Link(_) => None,
            })
            .collect();
        let mut made = HashMap::new();
        if !new.is_empty() {
            let mut query = QueryBuilder::<Sqlite>::new(
                "INSERT INTO t_person (change, username, email, firstname, lastname, idnumber, first_access, deleted, \
                 suspended, site_admin, created, extra) ",
            );
            query.push_values(&new, |mut b, (p, new)| {
                b.push_bind(self.change).push_bind(new.username.as_str()).push_bind(p.email.as_str());
                b.push_bind(p.firstname.as_str()).push_bind(p.lastname.as_str()).push_bind(p.idnumber.as_str());
                b.push_bind(p.first_access).push_bind(p.deleted).push_bind(p.suspended).push("0").push_bind(now());
                b.push_bind(new.extra.as_str());
            });
            // Which row an id is of, SQLite does not promise by their order.
            query.push(" RETURNING username, id");
            let rows: Vec<(String, i64)> = query.build_query_as().persistent(false).fetch_all(&mut *tx).await?;
            made.extend(rows);
        }
        let id = |choice: &PersonChoice| match choice {
            PersonChoice::Link(id) => Ok(db_int(*id)),
            PersonChoice::Create(new) => made
                .get(&new.username)
                .copied()
                .ok_or_else(|| StoreError::NotFound { kind: "person", key: new.username.clone() }),
        };
        people.iter().map(|(_, choice)| id(choice)).collect()
    }

    async fn link_people(
        &self,
        tx: &mut SqliteConnection,
        people: &[(&(ArchivedPerson, PersonChoice), i64)],
    ) -> Result<()> {
        let mut query = QueryBuilder::<Sqlite>::new(
            "INSERT INTO t_person_link (change, course, scope, local, person, username, email, firstname, lastname, idnumber, \
             first_access, deleted, suspended, element) ",
        );
        query.push_values(people, |mut b, ((p, _), person)| {
            b.push_bind(self.change).push_bind(self.course).push_bind(self.scope).push_bind(db_int(p.local));
            b.push_bind(*person).push_bind(p.username.as_str()).push_bind(p.email.as_str());
            b.push_bind(p.firstname.as_str()).push_bind(p.lastname.as_str()).push_bind(p.idnumber.as_str());
            b.push_bind(p.first_access).push_bind(p.deleted).push_bind(p.suspended).push_bind(p.element.as_slice());
        });
        let inserted = query.build().persistent(false).execute(&mut *tx).await;
        match inserted {
            Err(e) if is_unique(&e) => Err(self.linked_before(tx, people).await?),
            other => other.map(drop).map_err(StoreError::from),
        }
    }

    /// The conflict with someone of the same local id whom an earlier call added.
    async fn linked_before(
        &self,
        tx: &mut SqliteConnection,
        people: &[(&(ArchivedPerson, PersonChoice), i64)],
    ) -> Result<StoreError> {
        let locals: Vec<i64> = people.iter().map(|((person, _), _)| db_int(person.local)).collect();
        let before: Option<i64> = sqlx::query_scalar(
            "SELECT local FROM t_person_link WHERE scope = ? AND local IN (SELECT value FROM json_each(?)) LIMIT 1",
        )
        .bind(self.scope)
        .bind(json(&locals)?)
        .fetch_optional(tx)
        .await?;
        let key = before.map_or_else(String::new, |local| model_int(local).to_string());
        Ok(StoreError::Conflict { kind: "person", key })
    }
}

/// An error unless everyone linked to is there, published or made by this change.
async fn check_known(
    conn: &mut SqliteConnection,
    people: &[(ArchivedPerson, PersonChoice)],
    change: i64,
) -> Result<()> {
    let linked = people.iter().filter_map(|(_, choice)| match choice {
        PersonChoice::Link(id) => Some(db_int(*id)),
        PersonChoice::Create(_) => None,
    });
    let linked: Vec<i64> = linked.collect();
    if linked.is_empty() {
        return Ok(());
    }
    let unknown: Option<i64> = sqlx::query_scalar(
        "SELECT value FROM json_each(?1) j WHERE NOT EXISTS (SELECT 1 FROM person p WHERE p.id = j.value) \
         AND NOT EXISTS (SELECT 1 FROM t_person p WHERE p.id = j.value AND p.change = ?2) LIMIT 1",
    )
    .bind(json(&linked)?)
    .bind(change)
    .fetch_optional(conn)
    .await?;
    match unknown {
        Some(id) => Err(StoreError::NotFound { kind: "person", key: model_int(id).to_string() }),
        None => Ok(()),
    }
}

/// Reserves the usernames of those who are to be created. Errors: `Conflict`, also for a name that comes twice.
async fn reserve_usernames(
    conn: &mut SqliteConnection,
    people: &[(ArchivedPerson, PersonChoice)],
    change: i64,
) -> Result<()> {
    let wanted = people.iter().filter_map(|(_, choice)| match choice {
        PersonChoice::Create(new) => Some(new.username.as_str()),
        PersonChoice::Link(_) => None,
    });
    let wanted: Vec<&str> = wanted.collect();
    let mut free = HashSet::new();
    if let Some(twice) = wanted.iter().find(|name| !free.insert(**name)) {
        return Err(StoreError::Conflict { kind: "username", key: (*twice).to_owned() });
    }
    for batch in wanted.chunks(BATCH) {
        let mut query = QueryBuilder::<Sqlite>::new("SELECT name FROM t_name WHERE kind = 'username' AND name IN ");
        query.push_tuples(batch, |mut b, name| {
            b.push_bind(*name);
        });
        let taken: Vec<String> = query.build_query_scalar().persistent(false).fetch_all(&mut *conn).await?;
        // One by one: a dead draft may have had it, else it is a conflict that has to say whose.
        for name in &taken {
            reserve(conn, "username", name, change).await?;
            free.remove(name.as_str());
        }
        let batch: Vec<&str> = batch.iter().copied().filter(|name| free.contains(name)).collect();
        if batch.is_empty() {
            continue;
        }
        let mut query = QueryBuilder::<Sqlite>::new("INSERT INTO t_name (kind, name, change) ");
        query.push_values(batch, |mut b, name| {
            b.push("'username'").push_bind(name).push_bind(change);
        });
        query.build().persistent(false).execute(&mut *conn).await?;
    }
    Ok(())
}
