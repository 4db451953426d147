//! Conditions under which a section or an activity is available: whether they are met, and what somebody is told who does not meet
//! them.
//!
//! Dates, groups, completion and fields of a person's profile are decided here. Of other kinds (grades, groupings, what plugins
//! add) the store does not tell whether they are met: they hold back nobody who sees hidden activities, and everybody else.

use super::course::Course;
use super::viewer::Viewer;
use crate::text;
use provost_guest::clock;
use serde_json::Value;

/// How deep conditions may nest.
const DEPTH_LIMIT: usize = 32;

/// Whether something is available to somebody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Whether all conditions are met.
    pub available: bool,
    /// What is missing, as HTML; none where that is not to be told.
    pub info: Option<String>,
}

impl Verdict {
    /// Nothing holds anybody back.
    pub fn free() -> Self {
        Self { available: true, info: None }
    }
}

/// The activities whose completion conditions look at.
pub fn completions(conditions: &Value) -> Vec<i64> {
    fn gather(node: &Value, depth: usize, found: &mut Vec<i64>) {
        if node["type"] == "completion" {
            found.extend(node["cm"].as_i64());
        }
        if depth < DEPTH_LIMIT {
            node["c"].as_array().into_iter().flatten().for_each(|child| gather(child, depth + 1, found));
        }
    }
    let mut found = Vec::new();
    gather(conditions, 0, &mut found);
    found
}

/// Decides conditions. `activity` is the one they are of, for conditions that speak of the one before it.
pub fn check(conditions: &str, course: &Course, viewer: &Viewer, activity: Option<u64>) -> Verdict {
    let Ok(tree) = serde_json::from_str::<Value>(conditions) else { return Verdict::free() };
    let judge = Judge { course, viewer, activity };
    let outcome = judge.node(&tree, false, 0);
    if outcome.met {
        return Verdict::free();
    }
    let info = (!outcome.secret && !outcome.missing.is_empty()).then(|| told(&outcome));
    Verdict { available: false, info }
}

/// What somebody is told.
fn told(outcome: &Outcome) -> String {
    let beginning = if outcome.any { "Not available unless any of:" } else { "Not available unless:" };
    match outcome.missing.as_slice() {
        [one] => format!("Not available unless: {one}"),
        many => format!("{beginning}{}", list(many)),
    }
}

fn list(points: &[String]) -> String {
    let points: String = points.iter().map(|point| format!("<li>{point}</li>")).collect();
    format!("<ul>{points}</ul>")
}

/// What became of a condition or a group of them.
struct Outcome {
    met: bool,
    /// Whether what is missing is not to be told.
    secret: bool,
    /// Whether one of what is missing would do.
    any: bool,
    missing: Vec<String>,
}

struct Judge<'a> {
    course: &'a Course,
    viewer: &'a Viewer,
    activity: Option<u64>,
}

impl Judge<'_> {
    fn node(&self, node: &Value, not: bool, depth: usize) -> Outcome {
        let (Some(op), Some(children)) = (node["op"].as_str(), node["c"].as_array()) else {
            return self.condition(node, not);
        };
        if children.is_empty() || depth >= DEPTH_LIMIT {
            return Outcome { met: children.is_empty(), secret: false, any: false, missing: Vec::new() };
        }
        let not = not != op.starts_with('!');
        // Of what is not so, any one suffices where all were needed, and the other way round.
        let any = op.ends_with('|') != not;
        let outcomes: Vec<Outcome> = children.iter().map(|child| self.node(child, not, depth + 1)).collect();
        let met = if any { outcomes.iter().any(|o| o.met) } else { outcomes.iter().all(|o| o.met) };
        let shown = |at: usize| node["showc"][at].as_bool().or(node["show"].as_bool()).unwrap_or(true);
        let failed = || outcomes.iter().enumerate().filter(|(_, o)| !o.met);
        let secret = failed().any(|(at, outcome)| outcome.secret || !shown(at));
        let point = |outcome: &Outcome| match outcome.missing.as_slice() {
            [one] => one.clone(),
            many if outcome.any => format!("Any of:{}", list(many)),
            many => format!("All of:{}", list(many)),
        };
        let missing = failed().map(|(_, outcome)| point(outcome)).collect();
        Outcome { met, secret, any, missing }
    }

    fn condition(&self, node: &Value, not: bool) -> Outcome {
        let (met, text) = match node["type"].as_str() {
            Some("date") => self.date(node, not),
            Some("completion") => self.completion(node, not),
            Some("group") => self.group(node, not),
            Some("profile") => self.profile(node, not),
            Some("grade") => (self.viewer.passes_undecided(), grade(node)),
            Some("grouping") => {
                (self.viewer.passes_undecided(), negated(not, "You belong to a group in a certain grouping"))
            }
            _ => (self.viewer.passes_undecided(), "A condition of the site is met".to_owned()),
        };
        Outcome { met, secret: false, any: false, missing: vec![text] }
    }

    fn date(&self, node: &Value, not: bool) -> (bool, String) {
        let time = node["t"].as_i64().unwrap_or(0);
        let from = (node["d"] == ">=") != not;
        let met = if from { self.viewer.now >= time } else { self.viewer.now < time };
        // The beginning of a day is that day; the end before it is the day before.
        let whole_day = clock::format(time, "%H%M") == "0000";
        let text = match (from, whole_day) {
            (true, true) => format!("It is on or after <strong>{}</strong>", clock::format(time, "%-d %B %Y")),
            (true, false) => format!("It is after <strong>{}</strong>", clock::format(time, "%-d %B %Y, %-I:%M %p")),
            (false, true) => {
                format!("It is before end of <strong>{}</strong>", clock::format(time.saturating_sub(1), "%-d %B %Y"))
            }
            (false, false) => format!("It is before <strong>{}</strong>", clock::format(time, "%-d %B %Y, %-I:%M %p")),
        };
        (met, text)
    }

    fn completion(&self, node: &Value, not: bool) -> (bool, String) {
        let expected = node["e"].as_u64().unwrap_or(1);
        let target = match node["cm"].as_i64() {
            Some(-1) => self.before(),
            Some(id) => u64::try_from(id).ok().and_then(|id| self.course.activity(id)),
            None => None,
        };
        // One that is gone can neither be complete nor not.
        let Some(target) = target else {
            return (false, "The activity <strong>(missing)</strong> is marked complete".to_owned());
        };
        let state = u64::from(self.viewer.state(target.record.id));
        let met = match expected {
            0 => state == 0,
            1 => state != 0,
            expected => state == expected,
        };
        let what = match (expected, not) {
            (0, false) | (1, true) => "is incomplete",
            (0, true) | (1, false) => "is marked complete",
            (2, false) => "is complete and passed",
            (2, true) => "is not complete and passed",
            (_, false) => "is complete and failed",
            (_, true) => "is not complete and failed",
        };
        let name = text::name(&target.record.fields.name);
        (met != not, format!("The activity <strong>{name}</strong> {what}"))
    }

    /// The last activity before this one whose completion is tracked.
    fn before(&self) -> Option<&super::course::Activity> {
        let before = self.course.activities.iter().take_while(|a| Some(a.record.id) != self.activity);
        before.filter(|a| a.head.number("completion") != 0).last()
    }

    fn group(&self, node: &Value, not: bool) -> (bool, String) {
        let Some(id) = node["id"].as_u64() else {
            let met = self.viewer.groups.is_empty() == not;
            return (self.viewer.all_groups || met, negated(not, "You belong to any group"));
        };
        let name = self.course.groups.iter().find(|group| group.id == id).map(|group| text::name(&group.name));
        let name = name.unwrap_or_else(|| "(missing group)".to_owned());
        let met = self.viewer.groups.contains(&id) != not;
        (self.viewer.all_groups || met, negated(not, &format!("You belong to <strong>{name}</strong>")))
    }

    fn profile(&self, node: &Value, not: bool) -> (bool, String) {
        let field = node["sf"].as_str().or(node["cf"].as_str()).unwrap_or_default();
        let expected = node["v"].as_str().unwrap_or_default().to_lowercase();
        let profile = self.viewer.profile();
        let value = profile.map(|person| match field {
            "email" => person.email.clone(),
            "firstname" => person.firstname.clone(),
            "lastname" => person.lastname.clone(),
            "idnumber" => person.idnumber.clone(),
            field => {
                let extra: Value = serde_json::from_str(&person.extra).unwrap_or_default();
                extra[field].as_str().unwrap_or_default().to_owned()
            }
        });
        let value = value.unwrap_or_default().to_lowercase();
        let (met, does, does_not) = match node["op"].as_str().unwrap_or_default() {
            "contains" => (value.contains(&expected), "contains", "does not contain"),
            "doesnotcontain" => (!value.contains(&expected), "does not contain", "contains"),
            "startswith" => (value.starts_with(&expected), "starts with", "does not start with"),
            "endswith" => (value.ends_with(&expected), "ends with", "does not end with"),
            "isempty" => (value.is_empty(), "is empty", "is not empty"),
            "isnotempty" => (!value.is_empty(), "is not empty", "is empty"),
            _ => (value == expected, "is", "is not"),
        };
        let is = if not { does_not } else { does };
        let (field, wanted) = (text::name(field), text::name(node["v"].as_str().unwrap_or_default()));
        let wanted = if wanted.is_empty() { wanted } else { format!(" <strong>{wanted}</strong>") };
        (met != not, format!("Your <strong>{field}</strong> {is}{wanted}"))
    }
}

fn grade(node: &Value) -> String {
    match (node["min"].is_number(), node["max"].is_number()) {
        (true, false) => "You achieve higher than a certain score",
        (false, true) => "You achieve lower than a certain score",
        (true, true) => "You achieve a score within a certain range",
        (false, false) => "You have a grade",
    }
    .to_owned()
}

fn negated(not: bool, text: &str) -> String {
    match not {
        true => text.replacen("You belong", "You do not belong", 1),
        false => text.to_owned(),
    }
}
