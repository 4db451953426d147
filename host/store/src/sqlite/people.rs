//! People of this host, their enrolments and roles. What they may do is in `capabilities`.

use super::SqliteStore;
use super::capabilities::has_capability;
use super::db::{db_int, model_int, now, page, random_hex};
use super::draft_rows::json;
use super::names::reserve;
use crate::api::*;
use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection};
use std::collections::{HashMap, HashSet};

/// Usernames of one statement.
const NAMES: usize = 500;

macro_rules! select_person {
    ($rest:literal) => {
        concat!(
            "SELECT p.id, p.username, p.email, p.firstname, p.lastname, p.idnumber, p.first_access, p.deleted, p.suspended, \
             p.site_admin, p.created, p.last_access, p.extra FROM person p ",
            $rest
        )
    };
}

pub(super) fn person_row(r: &SqliteRow) -> Result<Person> {
    Ok(Person {
        id: model_int(r.try_get(0)?),
        username: r.try_get(1)?,
        email: r.try_get(2)?,
        firstname: r.try_get(3)?,
        lastname: r.try_get(4)?,
        idnumber: r.try_get(5)?,
        first_access: r.try_get(6)?,
        deleted: r.try_get(7)?,
        suspended: r.try_get(8)?,
        site_admin: r.try_get(9)?,
        created: r.try_get(10)?,
        last_access: r.try_get(11)?,
        extra: r.try_get(12)?,
    })
}

/// Context level and instance of a place; the site's instance is 0.
pub fn place_columns(place: Place) -> (i64, i64) {
    match place {
        Place::Site => (10, 0),
        Place::Category(id) => (40, db_int(id)),
        Place::Course(id) => (50, db_int(id)),
        Place::Activity(id) => (70, db_int(id)),
        Place::Person(id) => (30, db_int(id)),
    }
}

pub(super) fn no_person(id: u64) -> StoreError {
    StoreError::NotFound { kind: "person", key: id.to_string() }
}

pub(super) async fn find(conn: &mut SqliteConnection, key: &PersonKey) -> Result<Option<Person>> {
    let row = match key {
        PersonKey::Id(id) => {
            sqlx::query(select_person!("WHERE p.id = ?")).bind(db_int(*id)).fetch_optional(conn).await?
        }
        PersonKey::Username(name) => {
            let sql = select_person!("WHERE p.username = ? AND p.deleted = 0 ORDER BY p.id LIMIT 1");
            sqlx::query(sql).bind(name).fetch_optional(conn).await?
        }
        PersonKey::Email(email) => {
            if email.is_empty() {
                return Ok(None);
            }
            let sql = select_person!("WHERE p.email = ? COLLATE NOCASE AND p.deleted = 0 ORDER BY p.id LIMIT 1");
            sqlx::query(sql).bind(email).fetch_optional(conn).await?
        }
        PersonKey::Idnumber(idnumber) => {
            if idnumber.is_empty() {
                return Ok(None);
            }
            let sql = select_person!("WHERE p.idnumber = ? AND p.deleted = 0 ORDER BY p.id LIMIT 1");
            sqlx::query(sql).bind(idnumber).fetch_optional(conn).await?
        }
        PersonKey::Origin(site, local) => {
            let sql = select_person!(
                "WHERE p.id = (SELECT l.person FROM person_link l JOIN scope s ON s.id = l.scope \
                 WHERE l.local = ? AND s.site_hash = ? AND s.site_hash <> '' ORDER BY l.id LIMIT 1)"
            );
            sqlx::query(sql).bind(db_int(*local)).bind(site).fetch_optional(conn).await?
        }
    };
    row.map(|r| person_row(&r)).transpose()
}

/// As [`find`] for each, with a statement for each kind of key rather than for each key.
async fn find_many(conn: &mut SqliteConnection, keys: &[PersonKey]) -> Result<Vec<Option<Person>>> {
    let mut ids: HashSet<i64> = HashSet::new();
    let mut names: HashSet<&str> = HashSet::new();
    let mut origins: HashMap<&str, HashSet<i64>> = HashMap::new();
    for key in keys {
        match key {
            PersonKey::Id(id) => drop(ids.insert(db_int(*id))),
            PersonKey::Username(name) => drop(names.insert(name)),
            PersonKey::Origin(site, local) if !site.is_empty() => {
                origins.entry(site).or_default().insert(db_int(*local));
            }
            PersonKey::Origin(..) | PersonKey::Email(_) | PersonKey::Idnumber(_) => {}
        }
    }
    // Of several links of one origin, the oldest counts.
    let mut by_origin: HashMap<(&str, u64), i64> = HashMap::new();
    for (site, locals) in origins {
        let rows: Vec<(i64, i64)> = sqlx::query_as(
            "SELECT l.local, l.person FROM person_link l JOIN scope s ON s.id = l.scope \
             WHERE l.local IN (SELECT value FROM json_each(?)) AND s.site_hash = ? ORDER BY l.id",
        )
        .bind(json(&locals)?)
        .bind(site)
        .fetch_all(&mut *conn)
        .await?;
        for (local, person) in rows {
            ids.insert(person);
            by_origin.entry((site, model_int(local))).or_insert(person);
        }
    }
    let mut by_id: HashMap<u64, Person> = HashMap::new();
    if !ids.is_empty() {
        let sql = select_person!("WHERE p.id IN (SELECT value FROM json_each(?))");
        for row in sqlx::query(sql).bind(json(&ids)?).fetch_all(&mut *conn).await? {
            let person = person_row(&row)?;
            by_id.insert(person.id, person);
        }
    }
    let mut by_name: HashMap<String, Person> = HashMap::new();
    let names: Vec<&str> = names.into_iter().collect();
    for batch in names.chunks(NAMES) {
        let mut query = QueryBuilder::<Sqlite>::new(select_person!("WHERE p.deleted = 0 AND p.username IN "));
        query.push_tuples(batch, |mut b, name| {
            b.push_bind(*name);
        });
        query.push(" ORDER BY p.id");
        for row in query.build().persistent(false).fetch_all(&mut *conn).await? {
            let person = person_row(&row)?;
            by_name.entry(person.username.clone()).or_insert(person);
        }
    }
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        found.push(match key {
            PersonKey::Id(id) => by_id.get(id).cloned(),
            PersonKey::Username(name) => by_name.get(name).cloned(),
            PersonKey::Origin(site, local) => {
                by_origin.get(&(site.as_str(), *local)).and_then(|id| by_id.get(&model_int(*id)).cloned())
            }
            PersonKey::Email(_) | PersonKey::Idnumber(_) => find(conn, key).await?,
        });
    }
    Ok(found)
}

/// Gives a role at a place that is there. Errors: `NotFound` (person, role).
pub(super) async fn give_role(conn: &mut SqliteConnection, person: u64, role: u64, place: Place) -> Result<()> {
    let (level, instance) = place_columns(place);
    find(conn, &PersonKey::Id(person)).await?.ok_or_else(|| no_person(person))?;
    let known: Option<i64> =
        sqlx::query_scalar("SELECT id FROM t_role WHERE id = ?").bind(db_int(role)).fetch_optional(&mut *conn).await?;
    known.ok_or_else(|| StoreError::NotFound { kind: "role", key: role.to_string() })?;
    sqlx::query("INSERT OR IGNORE INTO t_role_grant (person, role, level, instance) VALUES (?, ?, ?, ?)")
        .bind(db_int(person))
        .bind(db_int(role))
        .bind(level)
        .bind(instance)
        .execute(conn)
        .await?;
    Ok(())
}

#[async_trait]
impl People for SqliteStore {
    async fn lookup(&self, keys: &[PersonKey]) -> Result<Vec<Option<Person>>> {
        let mut tx = self.db.read().begin().await?;
        if let [key] = keys {
            return Ok(vec![find(&mut tx, key).await?]);
        }
        find_many(&mut tx, keys).await
    }

    async fn people(&self, after: u64, limit: u32) -> Result<Vec<Person>> {
        let rows = sqlx::query(select_person!("WHERE p.id > ? ORDER BY p.id LIMIT ?"))
            .bind(db_int(after))
            .bind(page(limit))
            .fetch_all(self.db.read())
            .await?;
        rows.iter().map(person_row).collect()
    }

    async fn add_people(&self, people: Vec<(Person, Option<String>)>) -> Result<Vec<u64>> {
        let mut tx = self.db.write().await?;
        self.db.release_dropped(&mut tx).await?;
        let mut ids = Vec::with_capacity(people.len());
        for (person, password) in people {
            reserve(&mut tx, "username", &person.username, 1).await?;
            let id: i64 = sqlx::query_scalar(
                "INSERT INTO t_person (change, username, email, firstname, lastname, idnumber, first_access, last_access, \
                 deleted, suspended, site_admin, created, extra) VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            )
            .bind(person.username)
            .bind(person.email)
            .bind(person.firstname)
            .bind(person.lastname)
            .bind(person.idnumber)
            .bind(person.first_access)
            .bind(person.last_access)
            .bind(person.deleted)
            .bind(person.suspended)
            .bind(person.site_admin)
            .bind(now())
            .bind(if person.extra.is_empty() { "{}".to_owned() } else { person.extra })
            .fetch_one(&mut *tx)
            .await?;
            if let Some(hash) = password {
                sqlx::query("INSERT INTO t_password (person, hash, changed) VALUES (?, ?, ?)")
                    .bind(id)
                    .bind(hash)
                    .bind(now())
                    .execute(&mut *tx)
                    .await?;
            }
            ids.push(model_int(id));
        }
        tx.commit().await?;
        Ok(ids)
    }

    async fn password(&self, person: u64) -> Result<Option<String>> {
        Ok(sqlx::query_scalar("SELECT hash FROM t_password WHERE person = ?")
            .bind(db_int(person))
            .fetch_optional(self.db.read())
            .await?)
    }

    async fn set_password(&self, person: u64, hash: Option<&str>) -> Result<()> {
        let mut tx = self.db.write().await?;
        find(&mut tx, &PersonKey::Id(person)).await?.ok_or_else(|| no_person(person))?;
        sqlx::query("DELETE FROM t_password WHERE person = ?").bind(db_int(person)).execute(&mut *tx).await?;
        if let Some(hash) = hash {
            sqlx::query("INSERT INTO t_password (person, hash, changed) VALUES (?, ?, ?)")
                .bind(db_int(person))
                .bind(hash)
                .bind(now())
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn file_key(&self, person: u64) -> Result<String> {
        let known = "SELECT key FROM t_file_key WHERE person = ?";
        let key: Option<String> = sqlx::query_scalar(known).bind(db_int(person)).fetch_optional(self.db.read()).await?;
        if let Some(key) = key {
            return Ok(key);
        }
        let mut tx = self.db.write().await?;
        find(&mut tx, &PersonKey::Id(person)).await?.ok_or_else(|| no_person(person))?;
        sqlx::query("INSERT OR IGNORE INTO t_file_key (person, key) VALUES (?, ?)")
            .bind(db_int(person))
            .bind(random_hex())
            .execute(&mut *tx)
            .await?;
        let key = sqlx::query_scalar(known).bind(db_int(person)).fetch_one(&mut *tx).await?;
        tx.commit().await?;
        Ok(key)
    }

    async fn person_of_file_key(&self, key: &str) -> Result<Option<Person>> {
        let mut tx = self.db.read().begin().await?;
        let person: Option<i64> = sqlx::query_scalar("SELECT person FROM t_file_key WHERE key = ?")
            .bind(key)
            .fetch_optional(&mut *tx)
            .await?;
        match person {
            Some(id) => find(&mut tx, &PersonKey::Id(model_int(id))).await,
            None => Ok(None),
        }
    }

    async fn update_person(&self, person: Person) -> Result<()> {
        let mut tx = self.db.write().await?;
        self.db.release_dropped(&mut tx).await?;
        let old = find(&mut tx, &PersonKey::Id(person.id)).await?.ok_or_else(|| no_person(person.id))?;
        if old.username != person.username {
            reserve(&mut tx, "username", &person.username, 1).await?;
            sqlx::query("DELETE FROM t_name WHERE kind = 'username' AND name = ?")
                .bind(old.username)
                .execute(&mut *tx)
                .await?;
        }
        sqlx::query(
            "UPDATE t_person SET username = ?, email = ?, firstname = ?, lastname = ?, idnumber = ?, first_access = ?, \
             deleted = ?, suspended = ?, site_admin = ?, last_access = ?, extra = ? WHERE id = ?",
        )
        .bind(person.username)
        .bind(person.email)
        .bind(person.firstname)
        .bind(person.lastname)
        .bind(person.idnumber)
        .bind(person.first_access)
        .bind(person.deleted)
        .bind(person.suspended)
        .bind(person.site_admin)
        .bind(person.last_access)
        .bind(if person.extra.is_empty() { "{}".to_owned() } else { person.extra })
        .bind(db_int(person.id))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    async fn is_enrolled(&self, person: u64, course: u64) -> Result<bool> {
        Ok(sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM enrolment WHERE site_person = ?1 AND course = ?2 AND suspended = 0 \
             AND start_time <= ?3 AND (end_time = 0 OR end_time > ?3)) \
             OR EXISTS (SELECT 1 FROM t_roster WHERE person = ?1 AND course = ?2 AND suspended = 0 \
             AND start_time <= ?3 AND (end_time = 0 OR end_time > ?3))",
        )
        .bind(db_int(person))
        .bind(db_int(course))
        .bind(now())
        .fetch_one(self.db.read())
        .await?)
    }

    async fn roles(&self) -> Result<Vec<Role>> {
        let rows = sqlx::query("SELECT id, shortname, name, archetype FROM t_role ORDER BY id")
            .fetch_all(self.db.read())
            .await?;
        let role = |r: &SqliteRow| -> Result<_> {
            Ok(Role {
                id: model_int(r.try_get(0)?),
                shortname: r.try_get(1)?,
                name: r.try_get(2)?,
                archetype: r.try_get(3)?,
            })
        };
        rows.iter().map(role).collect()
    }

    async fn roles_of(&self, person: u64, place: Place) -> Result<Vec<u64>> {
        let mut conn = self.db.read().acquire().await?;
        Ok(super::capabilities::roles_held(&mut conn, person, place).await?.into_iter().map(model_int).collect())
    }

    async fn assign_role(&self, person: u64, role: u64, place: Place) -> Result<()> {
        let mut tx = self.db.write().await?;
        super::contexts::require_place(&mut tx, place).await?;
        give_role(&mut tx, person, role, place).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn unassign_role(&self, person: u64, role: u64, place: Place) -> Result<()> {
        let (level, instance) = place_columns(place);
        let mut tx = self.db.write().await?;
        sqlx::query("DELETE FROM t_role_grant WHERE person = ? AND role = ? AND level = ? AND instance = ?")
            .bind(db_int(person))
            .bind(db_int(role))
            .bind(level)
            .bind(instance)
            .execute(&mut *tx)
            .await?;
        if let Place::Course(_) = place {
            // An assignment that came with the course stays part of its documents, but no longer counts here.
            sqlx::query(
                "UPDATE t_role_assignment SET site_role = NULL WHERE site_person = ? AND course = ? AND site_role = ?",
            )
            .bind(db_int(person))
            .bind(instance)
            .bind(db_int(role))
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn role_grants(&self, person: u64) -> Result<Vec<(u64, Place)>> {
        let rows: Vec<(i64, i64, i64)> = sqlx::query_as(
            "SELECT role, level, instance FROM t_role_grant WHERE person = ? ORDER BY level, instance, role",
        )
        .bind(db_int(person))
        .fetch_all(self.db.read())
        .await?;
        let grant = |(role, level, instance): (i64, i64, i64)| {
            super::contexts::place(level, instance).map(|place| (model_int(role), place))
        };
        rows.into_iter().map(grant).collect()
    }

    async fn context_of(&self, place: Place) -> Result<u64> {
        match place {
            Place::Person(id) => self.person_context(id).await,
            place => self.context_id(place).await,
        }
    }

    async fn course_of(&self, place: Place) -> Result<Option<u64>> {
        self.find_course(place).await
    }

    async fn place_of(&self, context: u64) -> Result<Option<Place>> {
        self.find_place(context).await
    }

    async fn capabilities(&self) -> Result<Vec<Capability>> {
        self.declared_capabilities().await
    }

    async fn role_capabilities(&self, role: u64) -> Result<Vec<(String, bool)>> {
        self.capabilities_of_role(role).await
    }

    async fn set_role_capability(&self, role: u64, capability: &str, allowed: Option<bool>) -> Result<()> {
        self.change_role(role, capability, allowed).await
    }

    async fn add_role(&self, shortname: &str, name: &str, archetype: &str) -> Result<u64> {
        self.new_role(shortname, name, archetype).await
    }

    async fn declare_capabilities(&self, capabilities: &[Capability]) -> Result<()> {
        self.declare(capabilities).await
    }

    async fn capability_label(&self, name: &str) -> Result<Option<String>> {
        Ok(sqlx::query_scalar("SELECT label FROM t_capability WHERE name = ?")
            .bind(name)
            .fetch_optional(self.db.read())
            .await?)
    }

    async fn has_capability(&self, person: u64, capability: &str, place: Place) -> Result<bool> {
        let mut tx = self.db.read().begin().await?;
        let Some(person) = find(&mut tx, &PersonKey::Id(person)).await? else { return Ok(false) };
        has_capability(&mut tx, &person, capability, place).await
    }
}
