//! `courses` in memory.

use super::course::Course;
use super::host::{Host, take};
use super::{conflict, enter, enter_changing, page, with};
use crate::{Error, ErrorKind, Result};
use std::rc::Rc;

pub use crate::bindings::imports::provost::plugin::courses::{
    CategoryFields, CategoryRecord, CourseFields, CourseId, CourseRecord, ItemId, Key, Timestamp,
};

const INTERFACE: &str = "courses";

fn check_category(host: &Host, id: u64) -> Result<()> {
    if host.categories.contains_key(&id) {
        return Ok(());
    }
    Err(Error::not_found("category", format!("no category {id}")))
}

/// See `courses.list` in the contract.
pub fn list(after: CourseId, limit: u32) -> Result<Vec<CourseRecord>> {
    enter(INTERFACE)?;
    let all: Vec<_> = with(|host| host.courses.values().map(|c| c.record.clone()).collect());
    page(&all, |c: &CourseRecord| c.id, after, limit)
}

/// See `courses.lookup`.
pub fn lookup(keys: &[Key]) -> Result<Vec<Option<CourseRecord>>> {
    enter(INTERFACE)?;
    if keys.len() > 1_000 {
        return Err(Error::new(ErrorKind::Limit, "keys", "at most 1000 keys a call"));
    }
    let is = |key: &Key, record: &CourseRecord| match key {
        Key::Id(id) => record.id == *id,
        Key::Shortname(name) => !name.is_empty() && record.fields.shortname == *name,
        Key::Idnumber(number) => !number.is_empty() && record.fields.idnumber == *number,
    };
    let find = |host: &Host, key| host.courses.values().map(|c| &c.record).find(|r| is(key, r)).cloned();
    Ok(with(|host| keys.iter().map(|key| find(host, key)).collect()))
}

/// See `courses.update`.
pub fn update(course: CourseId, fields: &CourseFields, extra: &str) -> Result<()> {
    enter_changing(INTERFACE)?;
    with(|host| {
        let there = host.course(course)?;
        check_category(host, fields.category)?;
        let name = &fields.shortname;
        let other = host.courses.values().any(|c| c.record.id != course && c.record.fields.shortname == *name);
        if other || host.reserved_shortnames.contains(name) {
            return Err(conflict("shortname", name));
        }
        let mut changed = (*there).clone();
        let created = changed.record.fields.created;
        changed.record.fields = CourseFields { created, ..fields.clone() };
        changed.record.extra = extra.to_owned();
        host.courses.insert(course, Rc::new(changed));
        Ok(())
    })
}

/// See `courses.delete`.
pub fn delete(course: CourseId) -> Result<()> {
    enter_changing(INTERFACE)?;
    with(|host| {
        let context = host.course(course)?.record.context;
        host.courses.remove(&course);
        host.area_files.retain(|f| f.context != context);
        host.roster.retain(|(c, _), _| *c != course);
        Ok(())
    })
}

/// See `courses.delete-items`.
pub fn delete_items(course: CourseId, items: &[ItemId]) -> Result<()> {
    enter(INTERFACE)?;
    with(|host| {
        let mut left = Course::clone(&*host.course(course)?);
        let known = |id: &u64| left.sections.iter().any(|s| s.id == *id) || left.activities.iter().any(|a| a.id == *id);
        if let Some(missing) = items.iter().find(|id| !known(id)) {
            return Err(Error::not_found("item", format!("no item {missing}")));
        }
        left.remove_items(items);
        host.courses.insert(course, Rc::new(left));
        Ok(())
    })
}

/// See `courses.categories`.
pub fn categories() -> Result<Vec<CategoryRecord>> {
    fn inside(host: &Host, parent: u64, found: &mut Vec<CategoryRecord>) {
        for category in host.categories.values().filter(|c| c.fields.parent == parent) {
            let courses = host.courses.values().filter(|c| c.record.fields.category == category.id).count() as u64;
            found.push(CategoryRecord { courses, ..category.clone() });
            inside(host, category.id, found);
        }
    }
    enter(INTERFACE)?;
    Ok(with(|host| {
        let mut found = Vec::new();
        inside(host, 0, &mut found);
        found
    }))
}

/// See `courses.create-categories`.
pub fn create_categories(categories: &[CategoryFields]) -> Result<Vec<u64>> {
    enter_changing(INTERFACE)?;
    with(|host| {
        categories.iter().filter(|c| c.parent != 0).try_for_each(|c| check_category(host, c.parent))?;
        let add = |fields: &CategoryFields| {
            let id = take(&mut host.next.category);
            host.put_category(id, fields.clone());
            id
        };
        Ok(categories.iter().map(add).collect())
    })
}
