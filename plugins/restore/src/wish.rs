//! What a restore is asked for, and what of an archive that takes.

use provost_guest::{Error, JobContext, Result};
use provost_moodle_archive::options::{Enrolling, OptionError, Options};
use serde::{Deserialize, Serialize};

/// What the job is given. The command line makes it too: see `docs/jobs.md`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payload {
    /// The archive: a file in an upload area or a backup area.
    pub fileid: u64,
    /// The new course's short name; it must be free. None: the archive's, made unique.
    #[serde(default)]
    pub shortname: Option<String>,
    /// The new course's full name; none: the archive's.
    #[serde(default)]
    pub fullname: Option<String>,
    /// The category; 0 for the first one.
    #[serde(default)]
    pub categoryid: u64,
    /// Whether to go on without file contents that are damaged.
    #[serde(default)]
    pub keepgoing: bool,
    /// When the new course starts; all its dates move with it. None: as in the archive.
    #[serde(default)]
    pub startdate: Option<i64>,
    /// The course into which a section or an activity is brought; 0 for a new course.
    #[serde(default)]
    pub courseid: u64,
    /// The number of the section there in which it is put. None: the one of the same number as where an activity was,
    /// a new one for a section.
    #[serde(default)]
    pub section: Option<u32>,
    /// What of the archive is taken, by name: the ten options of a backup, each with everything for its default.
    #[serde(default)]
    pub options: Vec<NameValue>,
}

/// An option.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NameValue {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// What of an archive is taken.
pub struct Taken {
    options: Options,
    facets: Vec<&'static str>,
}

impl Taken {
    /// Reads options. An option that was asked for and needs one that is off is off too, with a warning.
    pub fn parse(job: Option<&JobContext>, pairs: &[NameValue]) -> Result<Self> {
        let asked = pairs.iter().map(|o| (o.name.as_str(), o.value.as_str()));
        let options = Options::parse_restore(asked).map_err(|e| Error::refused(OptionError::CODE, e.to_string()))?;
        let (options, forced) = options.settle();
        for forced in forced {
            // What nobody asked for needs no word.
            if let Some(job) = job.filter(|_| pairs.iter().any(|o| o.name == forced.option)) {
                job.warn(&forced.to_string())?;
            }
        }
        Ok(Self { options, facets: options.facets() })
    }

    /// Whether a piece with these facets is taken.
    pub fn takes(&self, facets: &[&str]) -> bool {
        facets.iter().all(|facet| self.facets.contains(facet))
    }

    /// Whether people are taken.
    pub fn users(&self) -> bool {
        self.options.users
    }

    /// Whether activities are taken.
    pub fn activities(&self) -> bool {
        self.options.activities
    }

    /// Whether blocks are taken.
    pub fn blocks(&self) -> bool {
        self.options.blocks
    }

    /// What becomes of enrolments (mbz-format.md 7.7).
    pub fn enrolments(&self) -> Enrolling {
        self.options.enrolling()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enrolling(pairs: &[(&str, &str)]) -> Enrolling {
        let pairs: Vec<_> = pairs.iter().map(|(n, v)| NameValue { name: (*n).into(), value: (*v).into() }).collect();
        Taken::parse(None, &pairs).unwrap().enrolments()
    }

    #[test]
    fn enrolments_follow_the_table() {
        assert_eq!(enrolling(&[]), Enrolling::AsTheyWere);
        assert_eq!(enrolling(&[("enrolments", "1")]), Enrolling::AsTheyWere);
        assert_eq!(enrolling(&[("enrolments", "0")]), Enrolling::ByHand);
        assert_eq!(enrolling(&[("users", "0")]), Enrolling::AsTheyWere);
        assert_eq!(enrolling(&[("users", "0"), ("enrolments", "1")]), Enrolling::None);
        assert_eq!(enrolling(&[("users", "0"), ("enrolments", "0")]), Enrolling::None);
    }

    #[test]
    fn pieces_are_taken_by_all_their_facets() {
        let pairs = [NameValue { name: "users".into(), value: "0".into() }];
        let taken = Taken::parse(None, &pairs).unwrap();
        assert!(taken.takes(&[]) && taken.takes(&["activity"]));
        assert!(!taken.takes(&["activity", "user-data"]));
        assert!(Taken::parse(None, &[NameValue { name: "format".into(), value: "zip".into() }]).is_err());
    }
}
