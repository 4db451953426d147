//! The dates of an activity, and those it tells programs.

use super::answer::Date;
use super::head::Head;
use super::kinds::Kind;

/// The dates that are set, as the course page shows them.
pub fn shown(kind: &Kind, own: &Head, now: i64) -> Vec<Date> {
    let set = kind.dates.iter().map(|date| (date, own.number(date.field))).filter(|(_, time)| *time != 0);
    let show = |(date, time): (&super::kinds::DateField, i64)| Date {
        label: date.labels[usize::from(time <= now)].to_owned(),
        timestamp: time,
        relativeto: None,
        dataid: date.field.to_owned(),
    };
    set.map(show).collect()
}
