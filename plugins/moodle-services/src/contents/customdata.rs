//! What a module says of an activity for programs: JSON in the answer's `customdata`, as recorded.

use super::completion;
use super::course::{Activity, Course};
use super::display::{self, Display};
use super::head::Head;
use super::kinds::Kind;
use super::php;
use serde_json::{Map, Value};

/// The text for an activity.
pub fn of(
    course: &Course,
    activity: &Activity,
    kind: &Kind,
    own: &Head,
    tracking: i64,
    main_file: Option<&str>,
) -> String {
    let mut data = Map::new();
    if let Some(rules) = completion::told(kind, own, activity, tracking) {
        data.insert("customcompletionrules".into(), rules);
    }
    for field in kind.told_dates {
        let time = own.number(field);
        if time != 0 {
            // An assignment tells numbers, all others what the document has.
            let value = if kind.name == "assign" { Value::from(time) } else { Value::from(time.to_string()) };
            data.insert((*field).to_owned(), value);
        }
    }
    let text = |field: &str| Value::from(own.text(field).unwrap_or_default());
    match kind.name {
        "forum" => {
            data.insert("trackingtype".into(), text("trackingtype"));
        }
        "feedback" => {
            data.insert("anonymous".into(), text("anonymous"));
        }
        "url" => {
            data.insert("display".into(), display::of_url(own).number().into());
            data.insert("filtericon".into(), true.into());
        }
        "resource" => {
            if main_file.is_some() {
                data.insert("filtericon".into(), true.into());
            }
            data.insert("displayoptions".into(), text("displayoptions"));
            data.insert("display".into(), display::of_resource(own, main_file).number().into());
        }
        "folder" if Display::is_inline_folder(own) => {
            data.insert("showexpanded".into(), text("showexpanded"));
            for field in ["showdownloadfolder", "forcedownload"] {
                if own.number_or(field, 1) == 0 {
                    data.insert(field.into(), text(field));
                }
            }
        }
        "subsection" => {
            if let Some(section) = course.delegated(activity.record.id) {
                data.insert("sectionid".into(), section.record.id.to_string().into());
            }
        }
        _ => {}
    }
    match data.is_empty() {
        true => php::json(&Value::from("")),
        false => php::json(&Value::Object(data)),
    }
}
