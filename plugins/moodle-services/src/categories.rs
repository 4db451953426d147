//! Categories of courses: `core_course_get_categories` and `core_course_create_categories`.

use crate::access::{self, may, named, require};
use crate::shape::{number_of, object, text_of};
use crate::text::{self, Author, Files, form};
use provost_guest::courses::{self, CategoryFields, CategoryRecord};
use provost_guest::people::Place;
use provost_guest::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

const MANAGE: &str = "moodle/category:manage";
/// How many numbers of the order of courses a category takes.
pub const STEP: u64 = 10_000;

/// The functions of this subject.
pub fn functions() -> Vec<Function> {
    vec![
        Function::new("core_course_get_categories", "Return category details", get_categories)
            .capability("moodle/category:viewcourselist")
            .capability("moodle/category:viewhiddencategories")
            .capability(MANAGE),
        Function::new("core_course_create_categories", "Create course categories", create_categories)
            .capability(MANAGE)
            .writes(),
    ]
}

#[derive(Deserialize, Describe)]
struct Criterion {
    /// `id`, `ids` (with commas), `name`, `parent`, `idnumber`, `visible` or `theme`; the last three need
    /// `moodle/category:manage`.
    #[describe(kind = "ALPHA")]
    key: String,
    /// What it must be.
    value: String,
}

#[derive(Deserialize, Describe)]
struct Search {
    /// All of them must hold; without any, every category is meant.
    #[describe(default = [])]
    criteria: Vec<Criterion>,
    /// 1 to return those inside them too.
    #[describe(default = 1)]
    addsubcategories: i64,
}

#[derive(Serialize, Describe)]
struct Category {
    /// The category's id.
    id: u64,
    /// Its name.
    name: String,
    /// Its id number.
    #[serde(skip_serializing_if = "Option::is_none")]
    idnumber: Option<String>,
    /// Its description.
    description: String,
    /// The description's form.
    descriptionformat: i64,
    /// The category in which it is; 0 for none.
    parent: u64,
    /// Its place among all.
    sortorder: u64,
    /// How many courses are in it.
    coursecount: u64,
    /// Whether it is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    visible: Option<i64>,
    /// Whether it was shown before the one around it was hidden.
    #[serde(skip_serializing_if = "Option::is_none")]
    visibleold: Option<i64>,
    /// When it was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    timemodified: Option<i64>,
    /// 1 for one that is in no other.
    depth: u64,
    /// The ids from the outermost one to it: `/1/7`.
    path: String,
    /// Its theme.
    #[serde(skip_serializing_if = "Option::is_none")]
    theme: Option<String>,
}

/// A category with its place.
struct Placed {
    record: CategoryRecord,
    order: u64,
    path: Vec<u64>,
}

/// Every category, in order.
fn placed() -> Result<Vec<Placed>> {
    let mut paths: HashMap<u64, Vec<u64>> = HashMap::new();
    let mut place = |(order, record): (u64, CategoryRecord)| {
        let mut path = paths.get(&record.fields.parent).cloned().unwrap_or_default();
        path.push(record.id);
        paths.insert(record.id, path.clone());
        Placed { record, order: order * STEP, path }
    };
    Ok((1..).zip(courses::categories()?).map(&mut place).collect())
}

/// The order number of each category.
pub fn orders() -> Result<HashMap<u64, u64>> {
    Ok(placed()?.into_iter().map(|p| (p.record.id, p.order)).collect())
}

/// The names of all categories.
pub fn names() -> Result<HashMap<u64, String>> {
    Ok(courses::categories()?.into_iter().map(|c| (c.id, c.fields.name)).collect())
}

fn matches(caller: &Caller, criterion: &Criterion, category: &Placed) -> Result<bool> {
    let (record, value) = (&category.record, criterion.value.as_str());
    let extra = object(&record.fields.extra);
    if matches!(criterion.key.as_str(), "idnumber" | "visible" | "theme")
        && !may(caller, MANAGE, Place::Category(record.id))?
    {
        return Err(Error::refused(
            "criteriaerror",
            format!("Missing permissions to search on a criterion: {}", criterion.key),
        ));
    }
    let number = || value.parse::<u64>().map_err(|_| Error::invalid(format!("criteria: {value:?} is no number")));
    Ok(match criterion.key.as_str() {
        "id" => record.id == number()?,
        "ids" => value.split(',').any(|id| id.trim().parse() == Ok(record.id)),
        "name" => record.fields.name == value,
        "parent" => record.fields.parent == number()?,
        "idnumber" => record.fields.idnumber == value,
        "visible" => u64::from(record.fields.visible) == number()?,
        "theme" => text_of(&extra, "theme") == value,
        key => return Err(Error::refused("criteriaerror", format!("You can not search on this criterion: {key}"))),
    })
}

fn get_categories(caller: &Caller, search: Search) -> Result<Vec<Category>> {
    let all = placed()?;
    let mut wanted: Vec<u64> = Vec::new();
    for category in &all {
        let mut fits = true;
        for criterion in &search.criteria {
            fits = fits && matches(caller, criterion, category)?;
        }
        let inside = search.addsubcategories != 0 && wanted.contains(&category.record.fields.parent);
        if fits || inside {
            wanted.push(category.record.id);
        }
    }
    let mut shown = Vec::new();
    for category in all.into_iter().filter(|c| wanted.contains(&c.record.id)) {
        shown.extend(show(caller, category)?);
    }
    Ok(shown)
}

/// A category as the caller sees it, if they do.
fn show(caller: &Caller, category: Placed) -> Result<Option<Category>> {
    let Placed { record, order, path } = category;
    let place = Place::Category(record.id);
    let listed = may(caller, "moodle/category:viewcourselist", place)?;
    if !listed || (!record.fields.visible && !may(caller, "moodle/category:viewhiddencategories", place)?) {
        return Ok(None);
    }
    let manages = may(caller, MANAGE, place)?;
    let extra = object(&record.fields.extra);
    let files = Files { context: record.context, component: "coursecat", area: "description", item: None };
    let form = number_of(&extra, "descriptionformat").unwrap_or(form::HTML);
    let description = text::text(&text_of(&extra, "description"), form, Some(files), Author::Editor);
    let path: String = path.iter().map(|id| format!("/{id}")).collect();
    let flag = |value: bool| manages.then(|| i64::from(value));
    Ok(Some(Category {
        id: record.id,
        name: text::name(&record.fields.name),
        idnumber: manages.then(|| record.fields.idnumber.clone()),
        description: description.text,
        descriptionformat: description.form,
        parent: record.fields.parent,
        sortorder: order,
        coursecount: record.courses,
        visible: flag(record.fields.visible),
        visibleold: flag(record.fields.visible),
        timemodified: manages.then_some(record.modified),
        depth: path.matches('/').count() as u64,
        path,
        theme: manages.then(|| text_of(&extra, "theme")),
    }))
}

#[derive(Deserialize, Describe)]
struct NewCategory {
    /// Its name.
    #[describe(kind = "TEXT")]
    name: String,
    /// The category in which it is to be; 0 for none.
    #[describe(default = 0)]
    parent: i64,
    /// Its id number.
    #[serde(default)]
    idnumber: Option<String>,
    /// What it is about.
    #[serde(default)]
    description: Option<String>,
    /// The description's form: 1 HTML, 0 lines of text, 2 plain, 4 Markdown.
    #[describe(default = 1)]
    descriptionformat: i64,
    /// Its theme.
    #[describe(kind = "THEME")]
    #[serde(default)]
    theme: Option<String>,
}

#[derive(Deserialize, Describe)]
struct NewCategories {
    /// What is to be made: all of them or none.
    categories: Vec<NewCategory>,
}

#[derive(Serialize, Describe)]
struct Made {
    /// The new category's id.
    id: u64,
    /// Its name.
    name: String,
}

fn create_categories(caller: &Caller, new: NewCategories) -> Result<Vec<Made>> {
    let there = courses::categories()?;
    let mut numbers: Vec<String> = there.iter().map(|c| c.fields.idnumber.clone()).collect();
    let mut fields = Vec::with_capacity(new.categories.len());
    for category in new.categories {
        let parent = access::id(category.parent);
        if category.parent != 0 && there.iter().all(|c| c.id != parent) {
            return Err(Error::refused("unknowncategory", "Unknown category!"));
        }
        require(caller, MANAGE, if parent == 0 { Place::Site } else { Place::Category(parent) })?;
        fields.push(checked(category, parent, &mut numbers)?);
    }
    let ids = courses::create_categories(&fields).map_err(named)?;
    Ok(ids.into_iter().zip(fields).map(|(id, fields)| Made { id, name: text::name(&fields.name) }).collect())
}

fn checked(new: NewCategory, parent: u64, numbers: &mut Vec<String>) -> Result<CategoryFields> {
    if new.name.trim().is_empty() {
        return Err(Error::refused("categorynamerequired", "You must enter a category name"));
    }
    if new.name.chars().count() > 255 {
        return Err(Error::refused("categorytoolong", "Category name is too long"));
    }
    if !matches!(new.descriptionformat, form::AUTO | form::HTML | form::PLAIN | form::MARKDOWN) {
        return Err(Error::invalid(format!("descriptionformat: there is no form {}", new.descriptionformat)));
    }
    let idnumber = new.idnumber.unwrap_or_default();
    if idnumber.chars().count() > 100 {
        return Err(Error::refused("idnumbertoolong", "ID number is too long"));
    }
    if !idnumber.is_empty() {
        if numbers.contains(&idnumber) {
            return Err(Error::refused("categoryidnumbertaken", "ID number is already used for another category"));
        }
        numbers.push(idnumber.clone());
    }
    let extra = serde_json::json!({
        "description": new.description.unwrap_or_default(),
        "descriptionformat": new.descriptionformat.to_string(),
        "theme": new.theme.unwrap_or_default(),
    });
    Ok(CategoryFields { name: new.name, parent, idnumber, visible: true, extra: extra.to_string() })
}

#[cfg(test)]
mod tests;
