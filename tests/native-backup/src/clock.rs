//! `clock` of the contract.

/// Unix time in seconds.
pub fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// A time in the system's zone.
pub fn format(time: i64, pattern: &str) -> String {
    let zone = jiff::tz::TimeZone::system();
    let moment = jiff::Timestamp::from_second(time).ok();
    let text = moment.and_then(|t| jiff::fmt::strtime::format(pattern, &t.to_zoned(zone)).ok());
    text.unwrap_or_else(|| pattern.to_owned())
}
