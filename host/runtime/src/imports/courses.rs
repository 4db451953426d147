//! `courses`: all courses and their categories.

use super::course_types::{course_fields_in, course_out};
use super::{Answer, MAX_PAGE, answered, attempt};
use crate::bindings::provost::plugin::course_store::{CourseFields, CourseRecord};
use crate::bindings::provost::plugin::courses as wit;
use crate::bindings::provost::plugin::types::ErrorKind;
use crate::state::{CallState, error};
use provost_store::api;

const INTERFACE: &str = "courses";
const MAX_KEYS: usize = 1_000;

fn category_out(category: api::Category) -> wit::CategoryRecord {
    wit::CategoryRecord {
        id: category.id,
        context: category.context,
        fields: wit::CategoryFields {
            name: category.fields.name,
            parent: category.fields.parent,
            idnumber: category.fields.idnumber,
            visible: category.fields.visible,
            extra: category.fields.extra,
        },
        modified: category.modified,
        courses: category.courses,
    }
}

fn category_in(fields: wit::CategoryFields) -> api::CategoryFields {
    api::CategoryFields {
        name: fields.name,
        parent: fields.parent,
        idnumber: fields.idnumber,
        visible: fields.visible,
        extra: fields.extra,
    }
}

impl CallState {
    async fn find_course(&mut self, key: wit::Key) -> api::Result<Option<api::Course>> {
        let store = &self.host.store;
        match key {
            wit::Key::Id(id) => match store.course(id).await {
                Err(api::StoreError::NotFound { .. }) => Ok(None),
                found => found.map(Some),
            },
            wit::Key::Shortname(name) => store.course_by_shortname(&name).await,
            wit::Key::Idnumber(idnumber) => store.course_by_idnumber(&idnumber).await,
        }
    }
}

impl wit::Host for CallState {
    async fn list(&mut self, after: u64, limit: u32) -> Answer<Vec<CourseRecord>> {
        attempt!(self.enter(INTERFACE));
        let courses = attempt!(self.host.store.courses(after, limit.clamp(1, MAX_PAGE)).await);
        Ok(Ok(courses.iter().map(course_out).collect()))
    }

    async fn lookup(&mut self, keys: Vec<wit::Key>) -> Answer<Vec<Option<CourseRecord>>> {
        attempt!(self.enter(INTERFACE));
        if keys.len() > MAX_KEYS {
            return Ok(Err(error(ErrorKind::Limit, "keys", format!("at most {MAX_KEYS} keys a call"))));
        }
        let mut found = Vec::with_capacity(keys.len());
        for key in keys {
            found.push(attempt!(self.find_course(key).await).as_ref().map(course_out));
        }
        Ok(Ok(found))
    }

    async fn delete_items(&mut self, course: u64, items: Vec<u64>) -> Answer<()> {
        attempt!(self.enter(INTERFACE));
        answered(self.host.store.delete_items(course, items).await)
    }

    async fn update(&mut self, course: u64, fields: CourseFields, extra: String) -> Answer<()> {
        attempt!(self.enter_changing(INTERFACE));
        answered(self.host.store.update_course(course, course_fields_in(fields), extra).await)
    }

    async fn delete(&mut self, course: u64) -> Answer<()> {
        attempt!(self.enter_changing(INTERFACE));
        answered(self.host.store.delete_course(course).await)
    }

    async fn categories(&mut self) -> Answer<Vec<wit::CategoryRecord>> {
        attempt!(self.enter(INTERFACE));
        let categories = attempt!(self.host.store.categories().await);
        Ok(Ok(categories.into_iter().map(category_out).collect()))
    }

    async fn create_categories(&mut self, categories: Vec<wit::CategoryFields>) -> Answer<Vec<u64>> {
        attempt!(self.enter_changing(INTERFACE));
        answered(self.host.store.add_categories(categories.into_iter().map(category_in).collect()).await)
    }
}
