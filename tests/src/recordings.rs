//! What a real Moodle was recorded to answer, and how to ask a live Provost the same.
//!
//! A recording is a request with its answer, kept beside the workspace (`../shared/fixtures/recordings`). It is read
//! ([`read_all`]), asked again of a [`World`] in which things of the recorded names exist, and both answers are
//! [compared](compare): status and headers, keys and their order, types, nesting and values. What may differ is written
//! down in [`rules`], each with the reason.

mod answer;
mod difference;
mod read;
pub mod rules;
mod world;

pub use answer::{Node, Syntax, parse_body};
pub use difference::{Difference, Ids, compare};
pub use read::{Body, Recording, Request, Response, read_all, timeline};
pub use world::{PASSWORD, World};

/// What belongs together, and is tried in one test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// `core_webservice_get_site_info`.
    SiteInfo,
    /// Lists of courses.
    Courses,
    /// `core_course_get_contents`.
    Contents,
    /// `core_course_create_courses` and `core_course_delete_courses`.
    CreateDelete,
    /// `core_enrol_get_enrolled_users`.
    Enrolled,
    /// Uploads.
    Upload,
    /// Downloads.
    Download,
    /// `login/token.php`.
    Login,
    /// Progress of backups.
    Progress,
    /// What is refused.
    Refusals,
    /// The same with debug information.
    Debug,
    /// Forms of requests.
    Forms,
    /// Copies of courses.
    Copies,
    /// Where a real Moodle fails or ignores what was asked, and Provost does not.
    Better,
}

impl Family {
    /// The family of a recording; none for one that is not known here.
    pub fn of(name: &str) -> Option<Self> {
        const BEGINNINGS: &[(&str, Family)] = &[
            ("site_info", Family::SiteInfo),
            ("get_courses", Family::Courses),
            ("get_contents", Family::Contents),
            ("create_courses", Family::CreateDelete),
            ("delete_", Family::CreateDelete),
            ("enrolled_users", Family::Enrolled),
            ("files_upload", Family::Upload),
            ("upload_php", Family::Upload),
            ("pluginfile_range", Family::Better),
            ("pluginfile_", Family::Download),
            ("login_token_", Family::Login),
            ("async_progress_", Family::Progress),
            ("err_async_progress_", Family::Progress),
            ("async_links_", Family::Better),
            ("err_dup_", Family::Copies),
            ("err_", Family::Refusals),
            ("debug_", Family::Debug),
            ("duplicate_", Family::Copies),
            ("copy_", Family::Copies),
            ("ajax_copy_", Family::Copies),
            ("bad_restformat", Family::Forms),
            ("json_body", Family::Forms),
            ("get_method_json", Family::Forms),
            ("head_req", Family::Forms),
            ("options_preflight", Family::Forms),
        ];
        BEGINNINGS.iter().find(|(beginning, _)| name.starts_with(beginning)).map(|(_, family)| *family)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::fixture;

    #[test]
    fn every_recording_is_read_and_belongs_to_a_test() {
        let Some(folder) = fixture("recordings") else { return };
        let all = read_all(&folder).unwrap_or_else(|e| panic!("{e:#}"));
        assert!(all.len() >= 130, "{} recordings", all.len());
        let unknown: Vec<&str> = all.iter().map(|r| r.name.as_str()).filter(|n| Family::of(n).is_none()).collect();
        assert!(unknown.is_empty(), "recordings of no family: {unknown:?}");
        for recording in &all {
            // Every recorded XML has the form to which ours is held.
            let node = recording.response.node(recording.response.syntax());
            let node = node.unwrap_or_else(|e| panic!("{}: {e}", recording.name));
            // What is recorded is what is recorded.
            assert_eq!(compare(&recording.name, &node, &node, &mut Ids::new("")), [], "{}", recording.name);
        }
    }
}
