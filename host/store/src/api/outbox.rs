//! Targets, deliveries to them, and what people are told of that (proxy-tool-events.md 3, 8.5 and 11).
//!
//! Whatever depends on time takes the time as an argument: milliseconds since 1970.

use super::{Effect, Event, Happening, Health, Result, Sign};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// Events a target wants.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Subscription {
    /// As [`Happening::name`].
    pub event: String,
    /// Only of contents with which the target has an external id, and of courses with such contents.
    #[serde(default)]
    pub only_own: bool,
}

/// How a target is switched (proxy-tool-events.md 8.5). Whether calls go through besides is [`Health`]'s matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetState {
    /// Gets events.
    Available,
    /// Existing uses go on; gets events.
    Inactive,
    /// Events wait.
    Unavailable,
}

impl TargetState {
    /// As `wit/targets.wit` and `target-state` events write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Inactive => "inactive",
            Self::Unavailable => "unavailable",
        }
    }
}

/// Why a target is unavailable that an operator switched off: no plugin switches it on again.
pub const BY_OPERATOR: &str = "operator";
/// Why one is that its plugin switched off.
pub const BY_PLUGIN: &str = "plugin";

/// What is known of a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetFields {
    /// The plugin that is the target or speaks for it.
    pub plugin: String,
    /// Empty for the plugin itself.
    pub name: String,
    /// For people.
    pub title: String,
    /// What it wants.
    pub subscriptions: Vec<Subscription>,
    /// Whether it is elsewhere.
    pub remote: bool,
    /// Seconds one call may take.
    pub timeout: u32,
}

/// A target.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Target {
    /// Its number in this store.
    pub id: u64,
    /// What is known of it.
    #[serde(flatten)]
    pub fields: TargetFields,
    /// How it is switched.
    pub state: TargetState,
    /// Why it is unavailable: empty, `new`, [`BY_OPERATOR`], [`BY_PLUGIN`], `gone`, `failing`.
    pub reason: String,
    /// Whether its plugin is there and speaks for it.
    pub installed: bool,
    /// When its state last changed, milliseconds.
    pub since_ms: i64,
    /// How its calls went.
    pub health: Health,
    /// Events that wait for it or are on their way.
    pub waiting: u64,
    /// Events given up.
    pub dead: u64,
    /// Best-effort events dropped because too much waited.
    pub dropped: u64,
}

impl Target {
    /// The plugin's id, and after a slash the target's name where it has one.
    pub fn label(&self) -> String {
        label(&self.fields.plugin, &self.fields.name)
    }

    /// Its state for people: as it is switched, or `quarantined` while the breaker keeps calls from it.
    pub fn standing(&self) -> &'static str {
        match self.state {
            TargetState::Unavailable => TargetState::Unavailable.name(),
            _ if self.health.is_quarantined() => "quarantined",
            state => state.name(),
        }
    }

    /// Whether calls may go to it now. After a breaker's time is over, one may, to see.
    pub fn is_ready(&self, now_ms: i64) -> bool {
        self.installed && self.state != TargetState::Unavailable && self.health.open_until_ms <= now_ms
    }
}

/// A target as people write it: `PLUGIN` or `PLUGIN/NAME`.
pub fn label(plugin: &str, name: &str) -> String {
    if name.is_empty() { plugin.to_owned() } else { format!("{plugin}/{name}") }
}

/// A plugin that is there, as a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginTarget {
    /// Its id.
    pub plugin: String,
    /// SHA-256 of its module, hexadecimal.
    pub digest: String,
    /// What it wants itself; none when it handles no events.
    pub own: Option<TargetFields>,
}

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
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

impl DeliveryState {
    /// As `wit/deliveries.wit` and the command line write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::InFlight => "in-flight",
            Self::Done => "done",
            Self::Dropped => "dropped",
            Self::Dead => "dead",
        }
    }
}

/// An event on its way to a target.
#[derive(Debug, Clone, PartialEq)]
pub struct Claimed {
    /// The delivery.
    pub delivery: u64,
    /// What happened.
    pub event: Event,
    /// Of this attempt, from 1.
    pub attempt: u32,
    /// When it was given to the target's queue.
    pub created_ms: i64,
    /// Whether an operator had it sent again.
    pub replay: bool,
    /// An event of the same courses that was given up since the last one that got through.
    pub gap_after: Option<String>,
    /// How often in a row code of this digest has ended in a way that it will end in again.
    pub poison: u32,
    /// That code's digest.
    pub digest: String,
    /// Whether it is of a kind that is never queued: it has one attempt.
    pub direct: bool,
    /// The job that did what happened, where one did.
    pub job: Option<String>,
}

/// How a delivery goes on after a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// It is done, with what the handler wants done.
    Done(Vec<Effect>),
    /// It is over: refused, or not tried again.
    Dropped,
    /// It is given up.
    Dead,
    /// Another try at this time.
    Later {
        /// When.
        due_ms: i64,
        /// Results in a row that this code will give again.
        poison: u32,
    },
    /// It was not called, or interrupted: as before, and the attempt does not count.
    Uncounted,
}

/// One attempt and what follows from it.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// Which.
    pub delivery: u64,
    /// What follows.
    pub next: Next,
    /// What the attempt ended in: a reason code (proxy-tool-events.md 8.1); empty for success.
    pub code: String,
    /// Why it is where it is now: the code, or `poison`, `exhausted`, `abort`.
    pub reason: String,
    /// For people; the first 512 bytes are kept.
    pub message: String,
    /// Digest of the code that was called.
    pub digest: String,
    /// How long the call took, microseconds.
    pub took_us: i64,
    /// What it says of the target; none when nothing was called.
    pub sign: Option<Sign>,
    /// Whether the target was told of a gap before this event.
    pub told_gap: bool,
}

/// What came of settling.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settlement {
    /// How many were written down. Those after them are as they were before the claim: the effects of one conflicted with what
    /// was written meanwhile, or the claim had lapsed.
    pub settled: usize,
    /// Why it stopped there.
    pub conflict: Option<String>,
    /// The target's calls failed for so long that it has to be switched off.
    pub switch_off: bool,
}

/// What a handler answered before its change was published.
#[derive(Debug, Clone, PartialEq)]
pub struct Early {
    /// The event's id.
    pub event: String,
    /// What it comes to; `Later` has it tried again after the change is visible.
    pub settled: Settled,
}

/// What a slice of handing out events did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FanOut {
    /// Events looked at.
    pub events: u64,
    /// Deliveries made.
    pub deliveries: u64,
}

/// Something waits for a target.
#[derive(Debug, Clone, PartialEq)]
pub struct Due {
    /// The target; its counts are left at 0.
    pub target: Target,
    /// When the first of it may go.
    pub at_ms: i64,
    /// Whether it is from before the target became available.
    pub parked: bool,
}

/// Which deliveries to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Of this target: `PLUGIN` or `PLUGIN/NAME`.
    pub target: Option<String>,
    /// In this state.
    pub state: Option<DeliveryState>,
    /// Of this kind of event.
    pub event: Option<String>,
    /// Those of this course.
    pub course: Option<String>,
    /// Events that happened since, Unix seconds.
    pub since: Option<i64>,
    /// Those after this delivery in the list; 0 from its beginning.
    pub after: u64,
    /// At most so many; 0 for 1000.
    pub limit: u32,
    /// The other way round.
    pub oldest_first: bool,
}

/// A delivery, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeliveryRow {
    /// Its number in this store.
    pub id: u64,
    /// The event's id.
    pub event: String,
    /// Its kind.
    pub name: String,
    /// To whom.
    pub target: String,
    /// How it stands.
    pub state: DeliveryState,
    /// Place in the order of all events.
    pub sequence: u64,
    /// When the event happened, Unix seconds.
    pub time: i64,
    /// Attempts so far.
    pub attempts: u32,
    /// When it is tried next, Unix seconds; 0 when it is over.
    pub due: i64,
    /// When it was over, Unix seconds; 0 before.
    pub ended: i64,
    /// Why it is not done: a reason code.
    pub reason: String,
    /// For people.
    pub message: String,
    /// Whose order it keeps.
    pub courses: Vec<String>,
    /// Whether an operator had it sent again.
    pub replay: bool,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct AttemptRow {
    pub number: u32,
    /// Unix seconds.
    pub time: i64,
    pub took_us: i64,
    pub outcome: String,
    pub message: String,
    pub digest: String,
}

/// An event with all that became of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventDetails {
    /// The event; its payload is gone when it was purged.
    pub event: EventRow,
    /// Its deliveries, with their attempts that were no success.
    pub deliveries: Vec<(DeliveryRow, Vec<AttemptRow>)>,
}

/// An event, for people.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct EventRow {
    pub id: String,
    pub name: String,
    pub source: String,
    pub time: i64,
    pub sequence: u64,
    pub storage_sequence: u64,
    /// None once purged.
    pub what: Option<Happening>,
}

/// Which deliveries an operator's act is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chosen {
    /// Of this target; of all without.
    pub target: Option<String>,
    /// Of this event; of all without.
    pub event: Option<String>,
    /// Only events that happened since, Unix seconds.
    pub since: Option<i64>,
}

/// How long things are kept (proxy-tool-events.md 11.4), milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// What waits for an installed target.
    pub parked_ms: i64,
    /// What waits for one that is not installed.
    pub absent_ms: i64,
    /// Dead letters with their payload.
    pub dead_ms: i64,
    /// The record of what was delivered.
    pub done_ms: i64,
    /// Notices.
    pub notices_ms: i64,
}

impl Default for Retention {
    fn default() -> Self {
        const DAY: i64 = 24 * 3600 * 1000;
        Self { parked_ms: 30 * DAY, absent_ms: 180 * DAY, dead_ms: 90 * DAY, done_ms: 14 * DAY, notices_ms: 180 * DAY }
    }
}

/// What a round of keeping to the retention did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expired {
    /// Parked events that became dead letters.
    pub given_up: u64,
    /// Dead letters whose payload went.
    pub purged: u64,
    /// Records removed.
    pub removed: u64,
}

/// Something people are to be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// Its number.
    pub id: u64,
    /// To whom; none for the operator.
    pub person: Option<u64>,
    /// For machines, for example `target.disabled`.
    pub kind: String,
    /// For people.
    pub message: String,
    /// Unix seconds.
    pub created: i64,
    /// Whether it was seen.
    pub seen: bool,
}

/// Whose notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Whose {
    /// Everybody's, the operator's among them.
    #[default]
    Everybody,
    /// The operator's.
    Operator,
    /// A person's own.
    Person(u64),
    /// A site administrator's: their own, and the operator's.
    Administrator(u64),
}

/// Which notices to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NoticeFilter {
    /// Whose.
    pub whose: Whose,
    /// Only those that were not seen.
    pub unseen: bool,
    /// Older than this one; 0 for the newest.
    pub before: u64,
    /// At most so many; 0 for 1000.
    pub limit: u32,
}

/// The outbox.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Records what happened, at once; the events' ids. `job`: who hears of failures.
    async fn announce(&self, happenings: Vec<Happening>, job: Option<String>) -> Result<Vec<String>>;

    /// Brings the targets in step with the plugins that are there: those of others are kept and count as not installed. Dead
    /// letters that another module was the reason of wait again. Whether anything changed.
    async fn sync_targets(&self, plugins: &[PluginTarget], now_ms: i64) -> Result<bool>;
    /// Adds a target that a plugin speaks for, not available yet, or changes what is known of it.
    async fn put_target(&self, fields: TargetFields, now_ms: i64) -> Result<()>;
    /// Takes such a target away; what waits for it is kept for as long as for one that is not installed. False when there was none.
    async fn remove_target(&self, plugin: &str, name: &str, now_ms: i64) -> Result<bool>;
    /// All of them, those of plugins that are not there included.
    async fn targets(&self) -> Result<Vec<Target>>;
    /// One. Errors: `NotFound` (target).
    async fn target(&self, plugin: &str, name: &str) -> Result<Target>;
    /// Switches a target. When it becomes available its health is forgotten and all that waits is due.
    async fn set_target_state(&self, target: u64, state: TargetState, reason: &str, now_ms: i64) -> Result<()>;
    /// Makes all that waits for it due, and a breaker let one call through.
    async fn flush_target(&self, target: u64, now_ms: i64) -> Result<()>;

    /// Hands up to `limit` of the oldest published events to the targets that want them.
    async fn fan_out(&self, now_ms: i64, limit: u32) -> Result<FanOut>;
    /// Targets for which something is first in its lanes.
    async fn due(&self) -> Result<Vec<Due>>;
    /// Installed targets, their counts left at 0; and whether published events have not been handed out yet.
    async fn listeners(&self) -> Result<(Vec<Target>, bool)>;
    /// Takes up to `limit` events of one lane that are a target's next, in order, for as long as `lease_ms`. Counts an attempt.
    async fn claim_deliveries(&self, target: u64, now_ms: i64, lease_ms: i64, limit: u32) -> Result<Vec<Claimed>>;
    /// Writes down how calls of one target ended, in their order, with what their handlers want done, in one transaction.
    async fn settle(&self, target: u64, settled: Vec<Settled>, now_ms: i64) -> Result<Settlement>;
    /// Notes what a call that is no delivery, a probe, says of a target. Whether the target has to be switched off.
    async fn note_sign(&self, target: u64, sign: Sign, now_ms: i64) -> Result<bool>;
    /// Puts back what workers had that are dead or whose time is over. The attempt counts.
    async fn put_back(&self, now_ms: i64) -> Result<u64>;
    /// Whether nothing of these courses waits for a target.
    async fn lanes_are_empty(&self, target: u64, courses: &[String]) -> Result<bool>;
    /// How many deliveries of these events are not over.
    async fn unsettled(&self, events: &[String]) -> Result<u64>;

    /// Keeps to the retention, in short slices.
    async fn expire(&self, retention: &Retention, now_ms: i64) -> Result<Expired>;
    /// Newest first.
    async fn deliveries(&self, filter: &DeliveryFilter) -> Result<Vec<DeliveryRow>>;
    /// One event. Errors: `NotFound` (event).
    async fn event(&self, id: &str) -> Result<EventDetails>;
    /// Has deliveries that are over sent again, in their places; how many. Without `event`, dead letters alone. Errors: `NotFound`.
    async fn replay(&self, chosen: &Chosen, now_ms: i64) -> Result<u64>;
    /// Gives up what waits, or removes dead letters; how many. Errors: `NotFound`.
    async fn discard(&self, chosen: &Chosen, now_ms: i64) -> Result<u64>;

    /// Tells a person or (none) the operator something.
    async fn notify(&self, person: Option<u64>, kind: &str, message: &str, now_ms: i64) -> Result<()>;
    /// Newest first.
    async fn notices(&self, filter: &NoticeFilter) -> Result<Vec<Notice>>;
    /// Marks notices as seen, up to and with this one; how many were not.
    async fn see_notices(&self, up_to: u64, whose: Whose) -> Result<u64>;
    /// Adds a warning to a job that may be over.
    async fn warn_of_job(&self, job: &str, message: &str) -> Result<()>;
    /// Woken when events were published by this process.
    fn published(&self) -> &tokio::sync::Notify;
}
