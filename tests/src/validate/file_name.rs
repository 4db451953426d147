//! The name of the archive itself (moodle-observed.md 6).

use super::{Finding, Report};

/// Checks a name such as `backup-moodle2-course-7-bees-20250301-0930-nu.mbz`.
pub fn validate_file_name(name: &str) -> Vec<Finding> {
    let mut report = Report::default();
    if let Some(fault) = fault(name) {
        report.add("file-name", name, fault);
    }
    report.findings
}

/// What Moodle strips from file names, besides control characters.
const STRIPPED: &[char] = &['&', '<', '>', '"', '`', '|', '\'', ':', '\\', '/'];

fn fault(name: &str) -> Option<String> {
    let Some(stem) = name.strip_suffix(".mbz") else {
        return Some("does not end with .mbz".to_owned());
    };
    if name.len() > 255 {
        return Some("longer than 255 bytes".to_owned());
    }
    if let Some(c) = name.chars().find(|c| c.is_control() || STRIPPED.contains(c) || c.is_whitespace()) {
        return Some(format!("holds {c:?}"));
    }
    // What Moodle's own programmatic controller is called.
    if stem == "backup" {
        return None;
    }
    let Some(rest) = stem.strip_prefix("backup-moodle2-") else {
        return Some("does not begin with backup-moodle2-".to_owned());
    };
    let Some((kind, rest)) = rest.split_once('-') else {
        return Some("names no type".to_owned());
    };
    if !matches!(kind, "course" | "section" | "activity") {
        return Some(format!("{kind} is no type"));
    }
    let (id, rest) = rest.split_once('-').unwrap_or((rest, ""));
    if id.is_empty() || !id.bytes().all(|b| b.is_ascii_digit()) {
        return Some(format!("{id:?} is no id"));
    }
    let rest = rest.strip_suffix("-nf").unwrap_or(rest);
    let rest = ["-nu", "-an"].iter().find_map(|s| rest.strip_suffix(s)).unwrap_or(rest);
    let Some((rest, time)) = rest.rsplit_once('-') else {
        return Some("has no date and time".to_owned());
    };
    // Without a name (an empty one, or "use ids only") the date follows the id.
    let (title, date) = rest.rsplit_once('-').unwrap_or(("", rest));
    let digits = |text: &str, n: usize| text.len() == n && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(date, 8) || !digits(time, 4) || !plausible(date, time) {
        return Some(format!("{date}-{time} is no YYYYMMDD-HHMM"));
    }
    if title.to_lowercase() != title {
        return Some(format!("{title:?} is not lower case"));
    }
    if title.trim_matches('_') != title {
        return Some(format!("{title:?} has an underscore at an end"));
    }
    None
}

fn plausible(date: &str, time: &str) -> bool {
    let within = |text: Option<&str>, low: u32, high: u32| {
        text.and_then(|t| t.parse().ok()).is_some_and(|n: u32| (low..=high).contains(&n))
    };
    within(date.get(4..6), 1, 12)
        && within(date.get(6..8), 1, 31)
        && within(time.get(0..2), 0, 23)
        && within(time.get(2..4), 0, 59)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in [
            "backup-moodle2-course-7-small_test-20261121-0041.mbz",
            "backup-moodle2-course-7-its_q_amp;-20261121-0041-nu.mbz",
            "backup-moodle2-course-7-日本語_コース-20261121-0041-an-nf.mbz",
            "backup-moodle2-course-7-20261121-0041.mbz",
            "backup-moodle2-activity-9-page_two-part-20261121-2359-nf.mbz",
            "backup.mbz",
        ] {
            assert_eq!(validate_file_name(good), [], "{good}");
        }
        for bad in [
            "backup-moodle2-course-7-bees-20261121-0041.zip",
            "backup-moodle2-course-7-Bees-20261121-0041.mbz",
            "backup-moodle2-course-7-_bees-20261121-0041.mbz",
            "backup-moodle2-course-x-bees-20261121-0041.mbz",
            "backup-moodle2-site-7-bees-20261121-0041.mbz",
            "backup-moodle2-course-7-be es-20261121-0041.mbz",
            "backup-moodle2-course-7-bees-20261321-0041.mbz",
            "backup-moodle2-course-7-bees.mbz",
            "course.mbz",
            "a/backup.mbz",
        ] {
            assert_eq!(validate_file_name(bad).len(), 1, "{bad}");
        }
    }
}
