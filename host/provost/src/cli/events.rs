//! The part of the command line about events, targets and notices.

use clap::{Args, Subcommand, ValueEnum};
use provost_store::api;

#[derive(Subcommand)]
pub enum Event {
    /// List events on their way to targets, newest first.
    List(ListEvents),
    /// Show an event with what became of it at every target.
    Show {
        /// Its id.
        id: String,
    },
    /// Have events sent again that were given up, refused or delivered, in their order and under their ids.
    Replay(ReplayEvents),
    /// Give an event up that waits, or put a dead one away.
    Discard {
        /// Its id.
        id: String,
        /// Only for this target. Default: for all of them.
        #[arg(long, value_name = "PLUGIN[/NAME]")]
        target: Option<String>,
    },
}

#[derive(Args)]
pub struct ListEvents {
    /// Only those for this target.
    #[arg(long, value_name = "PLUGIN[/NAME]")]
    pub target: Option<String>,
    /// Only those that stand so.
    #[arg(long)]
    pub state: Option<DeliveryState>,
    /// Only those of this kind, for example content-copied.
    #[arg(long, value_name = "KIND")]
    pub event: Option<String>,
    /// Only those of this course.
    #[arg(long, value_name = "ID")]
    pub course: Option<String>,
    /// Only what happened since then: 2027-02-01, 2027-02-01T08:00, or for example 7d or 12h ago.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub since: Option<i64>,
    /// How many at most.
    #[arg(long, default_value_t = 50)]
    pub limit: u32,
}

#[derive(Args)]
#[command(group(clap::ArgGroup::new("which").required(true).multiple(true).args(["id", "target"])))]
pub struct ReplayEvents {
    /// The event's id. Without it: all dead events of the target.
    pub id: Option<String>,
    /// Only for this target.
    #[arg(long, value_name = "PLUGIN[/NAME]")]
    pub target: Option<String>,
    /// Of the dead ones, those that happened since then: 2027-02-01, 2027-02-01T08:00, or for example 7d or 12h ago.
    #[arg(long, value_name = "TIME", value_parser = moment, requires = "target", conflicts_with = "id")]
    pub since: Option<i64>,
}

/// How a delivery stands.
#[derive(Clone, Copy, ValueEnum)]
pub enum DeliveryState {
    /// It waits for its turn, its time or its target.
    Pending,
    /// It is being called.
    InFlight,
    /// The target has it.
    Done,
    /// The target refused it, or it is of the kind that is not tried again.
    Dropped,
    /// Given up.
    Dead,
}

impl From<DeliveryState> for api::DeliveryState {
    fn from(state: DeliveryState) -> Self {
        match state {
            DeliveryState::Pending => Self::Pending,
            DeliveryState::InFlight => Self::InFlight,
            DeliveryState::Done => Self::Done,
            DeliveryState::Dropped => Self::Dropped,
            DeliveryState::Dead => Self::Dead,
        }
    }
}

#[derive(Subcommand)]
pub enum Target {
    /// List targets: plugins, and what they speak for.
    List,
    /// Show a target: what it wants, how its calls go, what waits for it.
    Show {
        /// PLUGIN, or PLUGIN/NAME.
        target: String,
    },
    /// Make a target available, if it agrees, and send what waits for it.
    Enable {
        /// PLUGIN, or PLUGIN/NAME.
        target: String,
    },
    /// Make a target unavailable; its events wait.
    Disable {
        /// PLUGIN, or PLUGIN/NAME.
        target: String,
    },
}

#[derive(Subcommand)]
pub enum Notice {
    /// List what people and the operator were told, newest first.
    List {
        /// Only what this person was told; a site administrator is told what the operator is.
        #[arg(long, value_name = "USERNAME")]
        user: Option<String>,
        /// Only what was not seen yet.
        #[arg(long)]
        unseen: bool,
        /// How many at most.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Mark the operator's notices as seen.
    Seen {
        /// Up to and with this one. Default: all that there are.
        id: Option<u64>,
    },
}

/// A moment in Unix seconds, from a date or time in the site's time zone, or a span before now.
fn moment(text: &str) -> Result<i64, String> {
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Ok(time.as_second());
    }
    if let Ok(time) = text.parse::<jiff::civil::DateTime>() {
        let zoned = time.to_zoned(jiff::tz::TimeZone::system()).map_err(|e| e.to_string())?;
        return Ok(zoned.timestamp().as_second());
    }
    let span: jiff::Span =
        text.parse().map_err(|_| format!("{text:?} is neither a date, nor a time, nor a span such as 7d or 12h"))?;
    let then = jiff::Zoned::now().checked_sub(span).map_err(|e| e.to_string())?;
    Ok(then.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::moment;

    #[test]
    fn moments() {
        assert_eq!(moment("2027-02-01T08:00:00Z"), Ok(1_801_468_800));
        let now = jiff::Timestamp::now().as_second();
        assert!(moment("12h").is_ok_and(|then| (now - then - 12 * 3600).abs() < 60));
        let (day, hour) = (moment("2027-02-01"), moment("2027-02-01T08:00"));
        assert_eq!(day.map(|d| d + 8 * 3600), hour);
        assert!(moment("soon").is_err_and(|e| e.contains("soon")));
    }
}
