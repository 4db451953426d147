//! Capabilities that the host itself looks at, with the archetypes that have them by default. All others are declared by plugins.

use provost_store::api::Capability;

/// May use the REST protocol at all (moodle-webservices.md 1.6, step 9).
pub(crate) const USE_REST: &str = "webservice/rest:use";

/// Name, label, archetypes.
const OWN: &[(&str, &str, &[&str])] = &[
    (USE_REST, "Use REST protocol", &["user"]),
    ("moodle/webservice:createtoken", "Create a web service token", &["user"]),
    ("moodle/course:view", "View courses without participation", &["manager"]),
    (
        "moodle/course:viewhiddencourses",
        "View hidden courses",
        &["coursecreator", "teacher", "editingteacher", "manager"],
    ),
    ("moodle/course:viewhiddenactivities", "View hidden activities", &["teacher", "editingteacher", "manager"]),
];

/// As they are declared to the store, before those of plugins.
pub(crate) fn own() -> Vec<Capability> {
    let capability = |(name, label, archetypes): &(&str, &str, &[&str])| Capability {
        name: (*name).to_owned(),
        label: (*label).to_owned(),
        archetypes: archetypes.iter().map(|a| (*a).to_owned()).collect(),
    };
    OWN.iter().map(capability).collect()
}
