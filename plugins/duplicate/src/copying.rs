//! From a snapshot to a published copy.

use crate::enrolling;
use crate::wish::{Payload, taken};
use provost_guest::course_store::{CopyChoice, CourseFields, Draft, Snapshot};
use provost_guest::{Error, Result, clock};
use provost_moodle_archive::options::Options;
use serde::Serialize;

/// Progress when all rows are copied, and only what a copy has otherwise is left.
const COPIED: f64 = 0.98;

/// A copy that was made.
#[derive(Debug, Clone, Serialize)]
pub struct Duplicated {
    /// The new course.
    pub courseid: u64,
    /// Its short name.
    pub shortname: String,
    /// Its full name.
    pub fullname: String,
}

/// Copies a course with settled options. `progress` hears how far it is, 0 to 1, and may end it with an error.
pub fn copy(wish: &Payload, options: &Options, progress: &dyn Fn(f64) -> Result<()>) -> Result<Duplicated> {
    let snapshot = Snapshot::open(wish.courseid)?;
    let source = snapshot.course();
    let date_offset = offset(wish.startdate, source.fields.start_date)?;
    let moved = |date: i64| if date == 0 { 0 } else { date.saturating_add(date_offset) };
    let now = clock::now();
    let fields = CourseFields {
        fullname: wish.fullname.clone().unwrap_or_else(|| source.fields.fullname.clone()),
        shortname: wish.shortname.clone(),
        // An id number is of one course.
        idnumber: String::new(),
        start_date: moved(source.fields.start_date),
        end_date: moved(source.fields.end_date),
        visible: wish.visible.unwrap_or(source.fields.visible),
        category: if wish.categoryid == 0 { source.fields.category } else { wish.categoryid },
        created: now,
        modified: now,
        ..source.fields.clone()
    };
    let draft = Draft::create(&fields, &source.origin, &source.extra).map_err(|e| taken(e, &wish.shortname))?;
    let rewritten = enrolling::read(&snapshot, options)?;
    draft.copy_from(
        snapshot,
        &CopyChoice {
            facets: options.facets().iter().map(|facet| (*facet).to_owned()).collect(),
            people: options.users,
            roster: options.users,
            date_offset,
            without: enrolling::rewritten(options),
            items: Vec::new(),
            files: Vec::new(),
            scopes: Vec::new(),
        },
    )?;
    loop {
        let copied = draft.copy_some()?;
        progress(COPIED * copied.done as f64 / copied.total.max(1) as f64)?;
        if copied.done >= copied.total {
            break;
        }
    }
    enrolling::write(&draft, options, rewritten)?;
    let courseid = draft.publish()?;
    Ok(Duplicated { courseid, shortname: fields.shortname, fullname: fields.fullname })
}

/// By how much the dates of a copy that is to start on another day move.
fn offset(wanted: Option<i64>, start: i64) -> Result<i64> {
    match wanted {
        None => Ok(0),
        Some(_) if start == 0 => Err(Error::refused("invaliddate", "the course has no start date to move from")),
        Some(wanted) => wanted
            .checked_sub(start)
            .ok_or_else(|| Error::refused("invaliddate", format!("no course can start at {wanted}"))),
    }
}
