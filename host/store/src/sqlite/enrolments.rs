//! Participants of courses: enrolments that came with a course are rows of its documents, those made here are in
//! `t_roster`.

use super::SqliteStore;
use super::contexts::require_place;
use super::courses::course_on;
use super::db::{db_int, model_int, now, page};
use super::draft_rows::json;
use super::people::{find, give_role, no_person, person_row};
use super::rows::Kind;
use crate::api::*;
use async_trait::async_trait;
use sqlx::{Row as _, SqliteConnection};
use std::collections::HashMap;

const PEOPLE: &str = "SELECT p.id, p.username, p.email, p.firstname, p.lastname, p.idnumber, p.first_access, p.deleted, \
   p.suspended, p.site_admin, p.created, p.last_access, p.extra FROM person p WHERE p.deleted = 0 AND p.id > ?2 AND p.id IN \
   (SELECT site_person FROM enrolment WHERE course = ?1 AND site_person > ?2 \
    UNION SELECT person FROM t_roster WHERE course = ?1 AND person > ?2) ORDER BY p.id LIMIT ?3";

const ENROLMENTS: &str = "SELECT site_person, method_kind, suspended, start_time, end_time, 0, id FROM enrolment \
   WHERE course = ?1 AND site_person IN (SELECT value FROM json_each(?2)) \
   UNION ALL SELECT person, 'manual', suspended, start_time, end_time, 1, 0 FROM t_roster \
   WHERE course = ?1 AND person IN (SELECT value FROM json_each(?2)) ORDER BY 1, 6, 7";

const ROLES: &str = "SELECT person, role, min(here), max(here) FROM ( \
   SELECT site_person AS person, site_role AS role, 0 AS here FROM role_assignment WHERE course = ?1 \
     AND site_role IS NOT NULL AND site_person IN (SELECT value FROM json_each(?2)) \
   UNION ALL SELECT person, role, 1 FROM t_role_grant WHERE level = 50 AND instance = ?1 \
     AND person IN (SELECT value FROM json_each(?2))) GROUP BY person, role ORDER BY person, role";

/// Members are named by local ids, which count in the scope of their part.
const GROUPS: &str = "SELECT DISTINCT l.person, g.id FROM group_member m JOIN t_part mp ON mp.id = m.part \
   JOIN t_person_link l ON l.scope = mp.scope AND l.local = m.person \
   JOIN course_group g ON g.course = m.course AND g.local = m.course_group \
   JOIN t_part gp ON gp.id = g.part AND gp.scope = mp.scope \
   WHERE m.course = ?1 AND l.person IN (SELECT value FROM json_each(?2)) ORDER BY 1, 2";

/// The participants among `people`, with everything that is told of them.
async fn complete(conn: &mut SqliteConnection, course: u64, people: Vec<Person>) -> Result<Vec<Participant>> {
    let ids: Vec<i64> = people.iter().map(|p| db_int(p.id)).collect();
    let (course, ids, now) = (db_int(course), json(&ids)?, now());
    let mut enrolments: HashMap<u64, Vec<Enrolment>> = HashMap::new();
    for r in sqlx::query(ENROLMENTS).bind(course).bind(&ids).fetch_all(&mut *conn).await? {
        let enrolment = Enrolment {
            method: r.try_get(1)?,
            suspended: r.try_get(2)?,
            start: r.try_get(3)?,
            end: r.try_get(4)?,
            here: r.try_get(5)?,
        };
        enrolments.entry(model_int(r.try_get(0)?)).or_default().push(enrolment);
    }
    let mut roles: HashMap<u64, (Vec<u64>, Vec<u64>)> = HashMap::new();
    let rows: Vec<(i64, i64, bool, bool)> = sqlx::query_as(ROLES).bind(course).bind(&ids).fetch_all(&mut *conn).await?;
    for (person, role, only_here, _) in rows {
        let held = roles.entry(model_int(person)).or_default();
        held.0.push(model_int(role));
        if only_here {
            held.1.push(model_int(role));
        }
    }
    let mut groups: HashMap<u64, Vec<u64>> = HashMap::new();
    let rows: Vec<(i64, i64)> = sqlx::query_as(GROUPS).bind(course).bind(&ids).fetch_all(&mut *conn).await?;
    for (person, group) in rows {
        groups.entry(model_int(person)).or_default().push(model_int(group));
    }
    let participant = |person: Person| {
        let enrolments = enrolments.remove(&person.id).unwrap_or_default();
        let runs = |e: &Enrolment| !e.suspended && e.start <= now && (e.end == 0 || e.end > now);
        let (held, here) = roles.remove(&person.id).unwrap_or_default();
        Participant {
            active: enrolments.iter().any(runs),
            enrolments,
            roles: held,
            roles_here: here,
            groups: groups.remove(&person.id).unwrap_or_default(),
            person,
        }
    };
    Ok(people.into_iter().map(participant).collect())
}

/// Removes rows of a course's documents: what they were made of is shorter by their elements then.
async fn remove_rows(conn: &mut SqliteConnection, kind: Kind, rows: &[(i64, i64, i64)]) -> Result<()> {
    for &(part, seq, size) in rows {
        sqlx::query(kind.delete_sql()).bind(part).bind(seq).execute(&mut *conn).await?;
        sqlx::query(
            "UPDATE t_run SET size = size - ? WHERE part = ? AND kind = ? AND first_row <= ? AND last_row >= ?",
        )
        .bind(size)
        .bind(part)
        .bind(kind.number())
        .bind(seq)
        .bind(seq)
        .execute(&mut *conn)
        .await?;
        sqlx::query("UPDATE t_part SET size = size - ? WHERE id = ?").bind(size).bind(part).execute(&mut *conn).await?;
    }
    Ok(())
}

/// Removes a person's enrolments of a method, in documents and here.
async fn remove_enrolments(conn: &mut SqliteConnection, course: i64, person: i64, method: &str) -> Result<()> {
    let rows: Vec<(i64, i64, i64)> = sqlx::query_as(
        "SELECT part, seq, length(element) FROM enrolment WHERE course = ? AND site_person = ? AND method_kind = ?",
    )
    .bind(course)
    .bind(person)
    .bind(method)
    .fetch_all(&mut *conn)
    .await?;
    remove_rows(conn, Kind::Enrolment, &rows).await?;
    if method == MANUAL {
        sqlx::query("DELETE FROM t_roster WHERE course = ? AND person = ?")
            .bind(course)
            .bind(person)
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// The method of enrolments made here.
const MANUAL: &str = "manual";

/// What goes with a person's last enrolment.
async fn remove_roles_and_memberships(conn: &mut SqliteConnection, course: i64, person: i64) -> Result<()> {
    let rows: Vec<(i64, i64, i64)> = sqlx::query_as(
        "SELECT part, seq, length(element) FROM role_assignment WHERE course = ? AND site_person = ? AND owner_kind = 0",
    )
    .bind(course)
    .bind(person)
    .fetch_all(&mut *conn)
    .await?;
    remove_rows(conn, Kind::RoleAssignment, &rows).await?;
    sqlx::query("DELETE FROM t_role_grant WHERE level = 50 AND instance = ? AND person = ?")
        .bind(course)
        .bind(person)
        .execute(&mut *conn)
        .await?;
    let rows: Vec<(i64, i64, i64)> = sqlx::query_as(
        "SELECT m.part, m.seq, length(m.element) FROM group_member m JOIN t_part p ON p.id = m.part \
         JOIN t_person_link l ON l.scope = p.scope AND l.local = m.person WHERE m.course = ? AND l.person = ?",
    )
    .bind(course)
    .bind(person)
    .fetch_all(&mut *conn)
    .await?;
    remove_rows(conn, Kind::GroupMember, &rows).await
}

#[async_trait]
impl Enrolments for SqliteStore {
    async fn participants(&self, course: u64, after: u64, limit: u32) -> Result<Vec<Participant>> {
        let mut tx = self.db.read().begin().await?;
        course_on(&mut tx, course).await?;
        let rows =
            sqlx::query(PEOPLE).bind(db_int(course)).bind(db_int(after)).bind(page(limit)).fetch_all(&mut *tx).await?;
        let people = rows.iter().map(person_row).collect::<Result<_>>()?;
        complete(&mut tx, course, people).await
    }

    async fn participant(&self, course: u64, person: u64) -> Result<Option<Participant>> {
        let mut tx = self.db.read().begin().await?;
        course_on(&mut tx, course).await?;
        let Some(person) = find(&mut tx, &PersonKey::Id(person)).await? else { return Ok(None) };
        let found = complete(&mut tx, course, vec![person]).await?.pop();
        Ok(found.filter(|p| !p.enrolments.is_empty()))
    }

    async fn courses_of(&self, person: u64) -> Result<Vec<(u64, bool)>> {
        let rows: Vec<(i64, bool)> = sqlx::query_as(
            "SELECT e.course, max(e.suspended = 0 AND e.start_time <= ?2 AND (e.end_time = 0 OR e.end_time > ?2)) <> 0 FROM ( \
               SELECT course, suspended, start_time, end_time FROM enrolment WHERE site_person = ?1 \
               UNION ALL SELECT course, suspended, start_time, end_time FROM t_roster WHERE person = ?1) e \
             JOIN course c ON c.id = e.course GROUP BY e.course ORDER BY e.course",
        )
        .bind(db_int(person))
        .bind(now())
        .fetch_all(self.db.read())
        .await?;
        Ok(rows.into_iter().map(|(course, active)| (model_int(course), active)).collect())
    }

    async fn groups(&self, course: u64) -> Result<Vec<Group>> {
        let rows = sqlx::query(
            "SELECT g.id, p.scope, g.local, g.name, g.idnumber, g.element FROM course_group g JOIN t_part p ON p.id = g.part \
             WHERE g.course = ? ORDER BY g.id",
        )
        .bind(db_int(course))
        .fetch_all(self.db.read())
        .await?;
        let group = |r: &sqlx::sqlite::SqliteRow| -> Result<_> {
            Ok(Group {
                id: model_int(r.try_get(0)?),
                scope: model_int(r.try_get(1)?),
                local: model_int(r.try_get(2)?),
                name: r.try_get(3)?,
                idnumber: r.try_get(4)?,
                element: r.try_get(5)?,
            })
        };
        rows.iter().map(group).collect()
    }

    async fn enrol(&self, enrolments: Vec<NewEnrolment>) -> Result<()> {
        let mut tx = self.db.write().await?;
        for e in enrolments {
            let place = Place::Course(e.course);
            require_place(&mut tx, place).await?;
            let someone = find(&mut tx, &PersonKey::Id(e.person)).await?.filter(|p| !p.deleted);
            someone.ok_or_else(|| no_person(e.person))?;
            give_role(&mut tx, e.person, e.role, place).await?;
            let (course, person) = (db_int(e.course), db_int(e.person));
            // One that came with the course gives way, so that nobody is enrolled twice by one method.
            remove_enrolments(&mut tx, course, person, MANUAL).await?;
            sqlx::query(
                "INSERT INTO t_roster (course, person, suspended, start_time, end_time, created) VALUES (?, ?, ?, ?, ?, ?)",
            )
            .bind(course)
            .bind(person)
            .bind(e.suspended)
            .bind(e.start)
            .bind(e.end)
            .bind(now())
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn unenrol(&self, course: u64, person: u64, method: &str) -> Result<()> {
        let mut tx = self.db.write().await?;
        course_on(&mut tx, course).await?;
        let (id, person) = (db_int(course), db_int(person));
        remove_enrolments(&mut tx, id, person, method).await?;
        let left: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM enrolment WHERE course = ?1 AND site_person = ?2) \
             OR EXISTS (SELECT 1 FROM t_roster WHERE course = ?1 AND person = ?2)",
        )
        .bind(id)
        .bind(person)
        .fetch_one(&mut *tx)
        .await?;
        if !left {
            remove_roles_and_memberships(&mut tx, id, person).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn completion_of(&self, course: u64, person: u64) -> Result<Vec<Completed>> {
        let rows: Vec<(i64, u32, i64)> = sqlx::query_as(
            "SELECT p.owner, c.state, c.modified FROM t_person_link l JOIN t_part p ON p.scope = l.scope AND p.course = l.course \
             JOIN completion c ON c.course = l.course AND c.person = l.local AND c.part = p.id \
             WHERE l.course = ? AND l.person = ? AND p.owner_kind = 2 ORDER BY p.owner",
        )
        .bind(db_int(course))
        .bind(db_int(person))
        .fetch_all(self.db.read())
        .await?;
        let completed = |(activity, state, modified)| Completed { activity: model_int(activity), state, modified };
        Ok(rows.into_iter().map(completed).collect())
    }
}
