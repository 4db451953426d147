//! Where the master file puts sections and activities, with what points nowhere or in circles put right.

use provost_moodle_archive::manifest::Manifest;
use std::collections::{HashMap, HashSet};

/// The places. Whatever asks here gets one that exists.
pub struct Placement {
    sections: HashSet<u64>,
    first: Option<u64>,
    /// The activity that shows a section within another one.
    delegated: HashMap<u64, u64>,
    /// What was wrong, as warnings.
    pub broken: Vec<String>,
}

impl Placement {
    /// The places that a master file gives.
    pub fn of(manifest: &Manifest) -> Self {
        let sections: HashSet<u64> = manifest.sections.iter().map(|s| s.sectionid).collect();
        let section_of: HashMap<u64, u64> = manifest.activities.iter().map(|a| (a.moduleid, a.sectionid)).collect();
        let mut delegated: HashMap<u64, u64> = manifest
            .sections
            .iter()
            .map(|section| (section.sectionid, section.delegated_to()))
            .filter(|(_, activity)| *activity != 0)
            .collect();
        let mut broken = Vec::new();
        for section in manifest.sections.iter().map(|s| s.sectionid) {
            let Some(&activity) = delegated.get(&section) else { continue };
            let why = match section_of.get(&activity) {
                None => "which the archive lacks",
                Some(_) if is_in_itself(section, &delegated, &section_of) => "which is shown in that section itself",
                Some(_) => continue,
            };
            delegated.remove(&section);
            broken.push(format!(
                "moodle_backup.xml: section {section} is shown by activity {activity}, {why}: it becomes an ordinary section"
            ));
        }
        Self { first: manifest.sections.first().map(|s| s.sectionid), sections, delegated, broken }
    }

    /// The activity that shows the section within another one; 0 for an ordinary section.
    pub fn delegated_to(&self, section: u64) -> u64 {
        self.delegated.get(&section).copied().unwrap_or(0)
    }

    /// The section where something comes that wants this one: the first, if there is no such section.
    pub fn section(&self, wanted: u64) -> u64 {
        if self.sections.contains(&wanted) { wanted } else { self.first.unwrap_or(wanted) }
    }
}

/// Whether the way from a section to the one it is shown in, and on from there, comes back to it.
fn is_in_itself(section: u64, delegated: &HashMap<u64, u64>, section_of: &HashMap<u64, u64>) -> bool {
    let mut met = HashSet::new();
    let mut at = section;
    while let Some(next) = delegated.get(&at).and_then(|activity| section_of.get(activity)) {
        if *next == section {
            return true;
        }
        // A circle further on: another section's to break.
        if !met.insert(*next) {
            return false;
        }
        at = *next;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::Placement;
    use provost_moodle_archive::manifest::{ContentActivity, ContentSection, Manifest};

    fn manifest(sections: &[(u64, u64)], activities: &[(u64, u64)]) -> Manifest {
        Manifest {
            sections: sections
                .iter()
                .map(|(id, by)| ContentSection {
                    sectionid: *id,
                    parentcmid: Some(by.to_string()),
                    ..ContentSection::default()
                })
                .collect(),
            activities: activities
                .iter()
                .map(|(id, section)| ContentActivity {
                    moduleid: *id,
                    sectionid: *section,
                    ..ContentActivity::default()
                })
                .collect(),
            ..Manifest::default()
        }
    }

    #[test]
    fn what_is_right_stays() {
        let places = Placement::of(&manifest(&[(1, 0), (2, 10), (3, 20)], &[(10, 1), (20, 2)]));
        assert_eq!((places.delegated_to(1), places.delegated_to(2), places.delegated_to(3)), (0, 10, 20));
        assert_eq!((places.section(2), places.section(9)), (2, 1));
        assert!(places.broken.is_empty());
    }

    #[test]
    fn circles_are_broken_once() {
        let places = Placement::of(&manifest(&[(1, 20), (2, 10), (3, 30), (4, 99)], &[(10, 1), (20, 2), (30, 3)]));
        assert_eq!((places.delegated_to(1), places.delegated_to(2)), (0, 10), "one cut opens the circle");
        assert_eq!((places.delegated_to(3), places.delegated_to(4)), (0, 0));
        assert_eq!(places.broken.len(), 3, "{:?}", places.broken);
    }
}
