//! How far the caller has completed an activity, rule by rule.

use super::answer::{Completion, Rule, RuleValue};
use super::course::{Activity, Course};
use super::head::Head;
use super::kinds::Kind;
use super::viewer::Viewer;
use serde_json::{Map, Value};

/// How completion is tracked: not at all, by hand, by conditions.
pub const NONE: i64 = 0;
/// See [`NONE`].
pub const BY_CONDITIONS: i64 = 2;

/// How completion of an activity is tracked.
pub fn tracking(course: &Course, activity: &Activity) -> i64 {
    match course.details.integer("enablecompletion").unwrap_or(0) {
        0 => NONE,
        _ => activity.head.number("completion"),
    }
}

/// How far the caller is.
pub fn data(
    viewer: &Viewer,
    activity: &Activity,
    kind: &Kind,
    own: &Head,
    tracking: i64,
    is_used: bool,
    is_visible: bool,
) -> Completion {
    let (state, since) = viewer.completion.get(&activity.record.id).copied().unwrap_or_default();
    let needs_pass = activity.head.number("completionpassgrade") != 0;
    let details = if tracking == BY_CONDITIONS { rules(activity, kind, own, state) } else { Vec::new() };
    Completion {
        state,
        timecompleted: since,
        overrideby: None,
        valueused: is_used,
        hascompletion: true,
        isautomatic: tracking == BY_CONDITIONS,
        istrackeduser: viewer.is_tracked,
        uservisible: is_visible,
        details,
        isoverallcomplete: matches!(state, 1 | 2) || (state == 3 && !needs_pass),
    }
}

/// The rules. The store knows whether all are met, and of the grade whether it was a pass.
fn rules(activity: &Activity, kind: &Kind, own: &Head, state: u32) -> Vec<Rule> {
    let rule = |name: &str, status: u32, description: String| Rule {
        rulename: name.to_owned(),
        rulevalue: RuleValue { status, description },
    };
    let done = u32::from(state != 0);
    let head = &activity.head;
    let mut rules = Vec::new();
    if head.number("completionview") != 0 {
        rules.push(rule("completionview", done, "View".to_owned()));
    }
    for (field, value) in own_rules(kind, own) {
        rules.push(rule(field.field, done, field.description.replace("{}", &described(field.field, value))));
    }
    if head.text("completiongradeitemnumber").is_some_and(|number| !number.is_empty()) {
        rules.push(rule("completionusegrade", done, "Receive a grade".to_owned()));
        if head.number("completionpassgrade") != 0 {
            let passed = if state > 1 { state } else { 0 };
            rules.push(rule("completionpassgrade", passed, "Receive a passing grade".to_owned()));
        }
    }
    rules
}

/// The rules of the module's own that are set, with their values.
fn own_rules<'a>(kind: &'a Kind, own: &'a Head) -> impl Iterator<Item = (&'a super::kinds::RuleField, &'a str)> {
    let set = |field: &'a super::kinds::RuleField| own.text(field.field).map(|value| (field, value));
    kind.rules.iter().filter_map(set).filter(|(_, value)| !value.is_empty() && *value != "0")
}

/// A rule's value for people: lengths of time are in seconds.
fn described(field: &str, value: &str) -> String {
    match (field, value.parse::<u64>()) {
        ("completiontimespent", Ok(seconds)) => {
            let (count, unit) = match seconds {
                s if s % 3600 == 0 => (s / 3600, "hour"),
                s if s % 60 == 0 => (s / 60, "min"),
                s => (s, "sec"),
            };
            let plural = if count == 1 { "" } else { "s" };
            format!("{count} {unit}{plural}")
        }
        _ => value.to_owned(),
    }
}

/// The rules as a module tells them to programs: by name, with their values as text; none unless conditions decide.
pub fn told(kind: &Kind, own: &Head, activity: &Activity, tracking: i64) -> Option<Value> {
    if kind.rules.is_empty() || tracking != BY_CONDITIONS {
        return None;
    }
    let text = |field: &str| own.text(field).map_or(Value::Null, Value::from);
    let mut rules = Map::new();
    for field in kind.rules {
        // A quiz ties the attempts to the grade.
        match (kind.name, field.field) {
            ("quiz", "completionattemptsexhausted") => {
                let mut tied = Map::new();
                let pass = activity.head.text("completionpassgrade").unwrap_or("0");
                tied.insert("completionpassgrade".into(), pass.into());
                tied.insert(field.field.into(), text(field.field));
                rules.insert("completionpassorattemptsexhausted".into(), Value::Object(tied));
            }
            _ => {
                rules.insert(field.field.into(), text(field.field));
            }
        }
    }
    Some(Value::Object(rules))
}
