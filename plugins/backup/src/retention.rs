//! How long backups are kept in a course's area (moodle-webservices.md 6.6, which Moodle has for its automated area only):
//! so many, or so many days, as the operator configures; without that all of them, for good.

use crate::job::{AREA, COMPONENT};
use provost_guest::files::{self, File};
use provost_guest::{Result, clock, config};

const DAY: i64 = 86_400;

/// Removes what is no longer to be kept now that `newest` is there. The host does it when the job has succeeded, so
/// that no backup goes before the new one stays.
pub fn apply(context: u64, newest: u64) -> Result<()> {
    let (keep, days) = (number("keep"), number("keep-days"));
    if keep == 0 && days == 0 {
        return Ok(());
    }
    let stored = files::in_area(context, COMPONENT, AREA, 0)?;
    for id in outlived(&stored, newest, keep, days, clock::now()) {
        files::delete(id)?;
    }
    Ok(())
}

fn number(key: &str) -> u64 {
    config::get(key).and_then(|value| value.parse().ok()).unwrap_or(0)
}

/// Ids of those that have had their time, `newest` never among them. `stored` is in order of creation.
fn outlived(stored: &[File], newest: u64, keep: u64, days: u64, now: i64) -> Vec<u64> {
    let others: Vec<&File> = stored.iter().filter(|f| f.id != newest).collect();
    let too_many = match keep {
        0 => 0,
        keep => others.len().saturating_sub(usize::try_from(keep - 1).unwrap_or(usize::MAX)),
    };
    let span = i64::try_from(days).unwrap_or(i64::MAX).saturating_mul(DAY);
    let is_old = |f: &File| days != 0 && f.created < now.saturating_sub(span);
    let gone = others.iter().enumerate().filter(|(place, f)| *place < too_many || is_old(f));
    gone.map(|(_, f)| f.id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use provost_guest::BlobRef;

    fn file(id: u64, days_old: i64) -> File {
        File {
            id,
            context: 1,
            component: COMPONENT.into(),
            area: AREA.into(),
            item: 0,
            path: "/".into(),
            name: format!("{id}.mbz"),
            blob: BlobRef { sha1: "0".repeat(40), size: 0 },
            mimetype: String::new(),
            person: 2,
            created: 100 * DAY - days_old * DAY,
        }
    }

    #[test]
    fn the_oldest_go() {
        let stored = [file(1, 9), file(2, 8), file(3, 2), file(4, 0)];
        let gone = |keep, days| outlived(&stored, 4, keep, days, 100 * DAY);
        assert_eq!(gone(0, 0), [0; 0]);
        assert_eq!(gone(1, 0), [1, 2, 3]);
        assert_eq!(gone(2, 0), [1, 2]);
        assert_eq!(gone(9, 0), [0; 0]);
        assert_eq!(gone(0, 5), [1, 2]);
        assert_eq!(gone(0, 8), [1]);
        assert_eq!(gone(3, 8), [1]);
        assert_eq!(gone(1, u64::MAX), [1, 2, 3]);
    }
}
