//! Which release's form an archive says it has.
//!
//! A Moodle decides by it how to read some documents: before 4.0 questions stand directly in their category, for example. The
//! documents of a course that came from an archive still have that archive's form, so that is what ours says, too.

use provost_guest::course_store::CourseRecord;
use serde::Deserialize;

/// What an archive says of its form.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Claim {
    pub moodle_version: String,
    pub moodle_release: String,
    pub backup_version: String,
    pub backup_release: String,
    pub mnet_remoteusers: bool,
    pub include_file_references_to_external_content: bool,
    /// Names of the settings that the origin's master file had; empty where unknown.
    pub settings: Vec<String>,
}

impl Default for Claim {
    /// Ours: a released pair of numbers, so that every Moodle from there on restores without a warning
    /// (mbz-format.md 10).
    fn default() -> Self {
        Self {
            moodle_version: "2024100700".into(),
            moodle_release: "4.5 (Build: 20241007)".into(),
            backup_version: "2024100700".into(),
            backup_release: "4.5".into(),
            mnet_remoteusers: false,
            include_file_references_to_external_content: false,
            settings: Vec::new(),
        }
    }
}

impl Claim {
    /// The origin's, which the restore noted with the course, as far as it is plausible; ours otherwise.
    pub fn of(course: &CourseRecord) -> Self {
        // What a course has beside its fields may come from any plugin: what cannot be read is not the origin's.
        let noted: Self = serde_json::from_str(&course.extra).unwrap_or_default();
        if noted.is_plausible() {
            return noted;
        }
        let (mnet_remoteusers, links) = (noted.mnet_remoteusers, noted.include_file_references_to_external_content);
        let settings = noted.settings;
        Self { mnet_remoteusers, include_file_references_to_external_content: links, settings, ..Self::default() }
    }

    /// Versions are dates with two more digits, perhaps with decimals; releases begin with a digit.
    fn is_plausible(&self) -> bool {
        let version = |text: &str| {
            let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
            let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            whole.len() == 10 && digits(whole) && digits(decimals)
        };
        let release = |text: &str| text.starts_with(|c: char| c.is_ascii_digit()) && text.len() <= 100;
        version(&self.moodle_version)
            && version(&self.backup_version)
            && release(&self.moodle_release)
            && release(&self.backup_release)
    }

    /// Whether the form has sections within sections (4.5 and later).
    pub fn knows_subsections(&self) -> bool {
        self.backup_version.as_str() >= "2024100700"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(extra: &str) -> Claim {
        let claim: Claim = serde_json::from_str(extra).unwrap_or_default();
        claim
    }

    #[test]
    fn only_what_is_plausible_is_claimed() {
        let claim = |moodle: &str, release: &str, backup: &str| Claim {
            moodle_version: moodle.into(),
            moodle_release: release.into(),
            backup_version: backup.into(),
            ..Claim::default()
        };
        assert!(Claim::default().is_plausible());
        assert!(claim("2018051702.05", "3.5.2+ (Build: 20180914)", "2018051400").is_plausible());
        assert!(!claim("", "3.5", "2018051400").is_plausible());
        assert!(!claim("2018051702", "<b>", "2018051400").is_plausible());
        assert!(!claim("2018051702", "3.5", "20180514").is_plausible());
        assert!(!claim("2018051702", "3.5", "2018051400x").is_plausible());
        assert!(!claim("2018051702", "3.5", "2018051400").knows_subsections());
        assert!(claim("2025041400", "5.0", "2025041400").knows_subsections());
        assert_eq!(noted("no JSON"), Claim::default());
        assert_eq!(noted("{\"other\": 1}"), Claim::default());
        assert!(noted("{\"mnet_remoteusers\": true}").mnet_remoteusers);
    }
}
