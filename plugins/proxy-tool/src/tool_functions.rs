//! Functions to manage remote tools. Secrets are shown when they are made, and never again.

use crate::kept::Record;
use crate::keys::{self, OwnKey};
use crate::tool::{Legacy, Lti, Told, Tool, event_name};
use crate::{kept, managed_by, random, registering, telling};
use provost_guest::prelude::*;
use provost_guest::targets::{self, State, TargetInfo};
use provost_guest::{clock, config};
use provost_proxy_wire::answer::Profile;
use provost_proxy_wire::events::{Happening, Reregistration};
use provost_proxy_wire::mac::Algorithm;
use serde::{Deserialize, Serialize};

/// Seconds that the answer to a ping holds (proxy-tool-events.md 8.6).
const PING_HOLDS: i64 = 10;

pub fn functions() -> Vec<Function> {
    let manage = |function: Function| function.capability(crate::MANAGE).writes();
    vec![
        manage(Function::new(
            "provost_proxy_tool_register",
            "Registers a remote tool. It gets no events before it is activated.",
            register,
        )),
        manage(Function::new(
            "provost_proxy_tool_update",
            "Changes what is known of a remote tool: all of it, but for secrets that are left empty.",
            update,
        )),
        Function::new("provost_proxy_tool_list", "Lists the remote tools and how they do.", list)
            .capability(crate::MANAGE),
        manage(Function::new("provost_proxy_tool_remove", "Takes a remote tool away, after telling it so.", remove)),
        manage(Function::new(
            "provost_proxy_tool_activate",
            "Makes a remote tool available, unless it refuses. What waits for it goes out.",
            activate,
        )),
        manage(Function::new(
            "provost_proxy_tool_deactivate",
            "Makes a remote tool inactive (existing uses go on) or unavailable (its events wait).",
            deactivate,
        )),
        manage(Function::new(
            "provost_proxy_tool_ping",
            "Asks a remote tool whether it is alive. The answer holds for 10 seconds.",
            ping,
        )),
        manage(Function::new(
            "provost_proxy_tool_reregister",
            "Asks a remote tool to register again, with a password that is good for one hour and one registration.",
            reregister,
        )),
        manage(Function::new(
            "provost_proxy_tool_rotate_key",
            "Gives a remote tool another key. Of the native profile the old one signs beside it for a day.",
            rotate_key,
        )),
    ]
}

#[derive(Deserialize, Serialize, Describe)]
struct EventFields {
    /// For example content-copied; state-change, remove, reregister and ping are about the tool itself.
    event: String,
    /// Where the tool is told of it, relative to its base address; empty for that itself.
    #[describe(default = "")]
    #[serde(default)]
    url: String,
    /// Only of contents with which the tool has an external id, and of courses with such contents.
    #[describe(default = false)]
    #[serde(default)]
    onlyown: bool,
}

#[derive(Deserialize, Describe)]
struct ToolFields {
    /// Its name: a-z, 0-9, '-', '.', '_'.
    name: String,
    /// For people.
    #[describe(kind = "TEXT", default = "")]
    title: String,
    /// native (CloudEvents, signed), legacy (form arguments with a MAC) or lti (context-copy notices).
    #[describe(default = "native")]
    profile: String,
    /// Its base address, https unless the operator allows the server.
    url: String,
    /// What it is told of; for lti course-copied where nothing is said.
    #[describe(default = [])]
    events: Vec<EventFields>,
    /// The shared secret of the legacy profile; made where it is empty.
    #[describe(secret, default = "")]
    secret: String,
    /// The digest of the legacy profile's MAC: md5 or sha1.
    #[describe(default = "md5")]
    mac: String,
    /// Arguments that have no part in the MAC.
    #[describe(default = [])]
    exempt: Vec<String>,
    /// Whether answers of the legacy profile may have a second opening tag in place of the closing one.
    #[describe(default = true)]
    lenientxml: bool,
    /// How the native profile signs: v1 (HMAC-SHA-256) or v1a (Ed25519).
    #[describe(default = "v1")]
    signature: String,
    /// The tool's client id, for lti.
    #[describe(default = "")]
    clientid: String,
    /// The deployment, for lti.
    #[describe(default = "")]
    deploymentid: String,
    /// Seconds that a call may take, 1 to 120.
    #[describe(default = 15)]
    timeout: u32,
    /// Whether it is told of what other sites told.
    #[describe(default = false)]
    foreign: bool,
}

impl ToolFields {
    /// The tool, with the secrets of the one there was.
    fn tool(self, before: Option<Tool>) -> Result<Tool> {
        let profile = match self.profile.as_str() {
            "native" => Profile::Native,
            "legacy" => Profile::Legacy,
            "lti" => Profile::Lti,
            other => return Err(Error::invalid(format!("profile: {other:?} is neither native, legacy nor lti"))),
        };
        let algorithm = match self.mac.as_str() {
            "md5" => Algorithm::Md5,
            "sha1" => Algorithm::Sha1,
            other => return Err(Error::invalid(format!("mac: {other:?} is neither md5 nor sha1"))),
        };
        let told = |e: EventFields| Told { event: event_name(&e.event).to_owned(), url: e.url, only_own: e.onlyown };
        let mut events: Vec<Told> = self.events.into_iter().map(told).collect();
        if events.is_empty() && profile == Profile::Lti {
            events.push(Told { event: "course-copied".into(), url: String::new(), only_own: false });
        }
        let old_secret = before.as_ref().map(|tool| tool.legacy.secret.clone()).unwrap_or_default();
        let secret = match (profile, self.secret, old_secret) {
            (Profile::Legacy, given, old) if given.is_empty() && old.is_empty() => random::hex::<24>(),
            (Profile::Legacy, given, old) if given.is_empty() => old,
            (Profile::Legacy, given, _) => given,
            (_, _, old) => old,
        };
        let mut signing = before.as_ref().map(|tool| tool.keys.clone()).unwrap_or_default();
        if profile == Profile::Native && signing.is_empty() {
            signing.push(OwnKey { key: keys::generate(&self.signature)?, until: None });
        }
        let tool = Tool {
            title: if self.title.is_empty() { self.name.clone() } else { self.title },
            name: self.name,
            profile,
            url: self.url,
            events,
            guid: before.as_ref().map_or_else(random::hex::<16>, |tool| tool.guid.clone()),
            foreign: self.foreign,
            timeout: self.timeout,
            legacy: Legacy { secret, algorithm, exempt: self.exempt, lenient: self.lenientxml },
            keys: signing,
            lti: Lti { client_id: self.clientid, deployment_id: self.deploymentid },
            password: before.and_then(|tool| tool.password),
        };
        tool.check()?;
        Ok(tool)
    }
}

#[derive(Serialize, Describe)]
struct Registered {
    /// Its name.
    name: String,
    /// Its id on the legacy wire (ourguid).
    guid: String,
    /// The secret of the legacy profile, or the key that checks signatures. Shown this once. Empty for lti.
    key: String,
    /// Where the keys are that check tokens, for lti.
    jwksurl: String,
}

impl Registered {
    fn of(tool: &Tool) -> Result<Self> {
        let key = match tool.profile {
            Profile::Legacy => tool.legacy.secret.clone(),
            Profile::Native => tool.keys.first().map(|own| keys::told(&own.key)).transpose()?.unwrap_or_default(),
            Profile::Lti => String::new(),
        };
        let jwksurl = match tool.profile {
            Profile::Lti => registering::own_address("jwks"),
            Profile::Native | Profile::Legacy => String::new(),
        };
        Ok(Self { name: tool.name.clone(), guid: tool.guid.clone(), key, jwksurl })
    }
}

fn register(caller: &Caller, fields: ToolFields) -> Result<Registered> {
    managed_by(caller)?;
    let tool = fields.tool(None)?;
    if tool.profile == Profile::Lti {
        // Made now, since nobody waits for a key in the middle of a delivery.
        keys::lti()?;
    }
    tool.put_new()?;
    if let Err(error) = targets::put(&tool.target()) {
        Tool::forget(&tool.name)?;
        return Err(error);
    }
    Registered::of(&tool)
}

#[derive(Serialize, Describe)]
struct Named {
    /// Its name.
    name: String,
}

fn update(caller: &Caller, fields: ToolFields) -> Result<Named> {
    managed_by(caller)?;
    let before = Tool::get(&fields.name)?;
    let tool = fields.tool(Some(before))?;
    if tool.profile == Profile::Lti {
        keys::lti()?;
    }
    targets::put(&tool.target())?;
    tool.put()?;
    Ok(Named { name: tool.name })
}

#[derive(Serialize, Describe)]
struct ToolShown {
    /// Its name.
    name: String,
    /// For people.
    title: String,
    /// native, legacy or lti.
    profile: String,
    /// Its base address.
    url: String,
    /// What it is told of.
    events: Vec<EventFields>,
    /// Its id on the legacy wire.
    guid: String,
    /// The digest of the legacy profile's MAC.
    mac: String,
    /// Whether the legacy typo is taken.
    lenientxml: bool,
    /// How many keys sign at this time.
    keys: u32,
    /// Its client id, for lti.
    clientid: String,
    /// The deployment, for lti.
    deploymentid: String,
    /// Seconds that a call may take.
    timeout: u32,
    /// Whether it is told of what other sites told.
    foreign: bool,
    /// available, inactive, unavailable or quarantined.
    state: String,
    /// Events that wait.
    waiting: u64,
    /// Events given up.
    dead: u64,
    /// Since when no call succeeded; 0 if the last one did.
    failingsince: i64,
}

/// A state as functions show it.
fn state_text(state: State) -> &'static str {
    match state {
        State::Available => "available",
        State::Inactive => "inactive",
        State::Unavailable => "unavailable",
        State::Quarantined => "quarantined",
    }
}

fn list(caller: &Caller, (): ()) -> Result<Vec<ToolShown>> {
    managed_by(caller)?;
    let states = targets::list()?;
    Tool::all()?.into_iter().map(|tool| shown(tool, &states)).collect()
}

fn shown(tool: Tool, states: &[TargetInfo]) -> Result<ToolShown> {
    let info = states.iter().find(|info| info.target.name == tool.name);
    let event = |told: Told| EventFields { event: told.event, url: told.url, onlyown: told.only_own };
    Ok(ToolShown {
        keys: u32::try_from(keys::active(&tool.keys)?.len()).unwrap_or(u32::MAX),
        profile: match tool.profile {
            Profile::Native => "native",
            Profile::Legacy => "legacy",
            Profile::Lti => "lti",
        }
        .into(),
        mac: match tool.legacy.algorithm {
            Algorithm::Md5 => "md5",
            Algorithm::Sha1 => "sha1",
        }
        .into(),
        name: tool.name,
        title: tool.title,
        url: tool.url,
        events: tool.events.into_iter().map(event).collect(),
        guid: tool.guid,
        lenientxml: tool.legacy.lenient,
        clientid: tool.lti.client_id,
        deploymentid: tool.lti.deployment_id,
        timeout: tool.timeout,
        foreign: tool.foreign,
        state: state_text(info.map_or(State::Unavailable, |info| info.state)).into(),
        waiting: info.map_or(0, |info| info.waiting),
        dead: info.map_or(0, |info| info.dead),
        failingsince: info.map_or(0, |info| info.failing_since),
    })
}

#[derive(Deserialize, Describe)]
struct Which {
    /// Its name.
    name: String,
}

fn remove(caller: &Caller, which: Which) -> Result<Named> {
    managed_by(caller)?;
    let tool = Tool::get(&which.name)?;
    // The host says farewell to it first.
    match targets::remove(&tool.name) {
        Err(error) if error.kind != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    Tool::forget(&tool.name)?;
    kept::delete(&ping_key(&tool.name))?;
    Ok(Named { name: tool.name })
}

fn activate(caller: &Caller, which: Which) -> Result<Named> {
    managed_by(caller)?;
    let tool = Tool::get(&which.name)?;
    targets::set_state(&tool.name, State::Available)?;
    Ok(Named { name: tool.name })
}

#[derive(Deserialize, Describe)]
struct Deactivate {
    /// Its name.
    name: String,
    /// inactive or unavailable.
    #[describe(default = "unavailable")]
    state: String,
}

fn deactivate(caller: &Caller, which: Deactivate) -> Result<Named> {
    managed_by(caller)?;
    let tool = Tool::get(&which.name)?;
    let state = match which.state.as_str() {
        "inactive" => State::Inactive,
        "unavailable" => State::Unavailable,
        other => return Err(Error::invalid(format!("state: {other:?} is neither inactive nor unavailable"))),
    };
    targets::set_state(&tool.name, state)?;
    Ok(Named { name: tool.name })
}

#[derive(Serialize, Describe)]
struct Pinged {
    /// Whether it answered that it is alive, or is not to be asked.
    alive: bool,
    /// Why not.
    message: String,
}

#[derive(Serialize, Deserialize)]
struct LastPing {
    time: i64,
    problem: Option<String>,
}

fn ping_key(name: &str) -> String {
    format!("ping/{name}")
}

fn ping(caller: &Caller, which: Which) -> Result<Pinged> {
    managed_by(caller)?;
    let tool = Tool::get(&which.name)?;
    let now = clock::now();
    let key = ping_key(&tool.name);
    let last = kept::get::<LastPing>(&key)?.filter(|last| (0..PING_HOLDS).contains(&(now - last.time)));
    let problem = match last {
        Some(last) => last.problem,
        None => {
            let problem = telling::call(&tool, Happening::TargetPing)?;
            kept::put(&key, &LastPing { time: now, problem: problem.clone() })?;
            if problem.is_none() {
                // It can be reached: what waits for it goes out.
                targets::heard_of(&tool.name)?;
            }
            problem
        }
    };
    Ok(Pinged { alive: problem.is_none(), message: problem.unwrap_or_default() })
}

fn reregister(caller: &Caller, which: Which) -> Result<Named> {
    managed_by(caller)?;
    let mut tool = Tool::get(&which.name)?;
    if tool.address("target-reregister").is_none() {
        return Err(Error::refused("tool", "the tool is not to be asked to register again"));
    }
    let password = random::hex::<24>();
    tool.password = Some(registering::one_time(&password));
    tool.put()?;
    let again = Reregistration { password, profile_url: registering::own_address("profile") };
    match telling::call(&tool, Happening::TargetReregister(again))? {
        None => Ok(Named { name: tool.name }),
        Some(why) => {
            // As the original does: it is left unavailable (proxy-tool-events.md 1.1).
            targets::set_state(&tool.name, State::Unavailable)?;
            Err(Error::refused("tool", format!("the tool does not register again: {why}")))
        }
    }
}

#[derive(Deserialize, Describe)]
struct Rotate {
    /// Its name.
    name: String,
    /// How the new key of the native profile signs: v1 or v1a.
    #[describe(default = "v1")]
    signature: String,
}

fn rotate_key(caller: &Caller, rotate: Rotate) -> Result<Registered> {
    managed_by(caller)?;
    let mut tool = Tool::get(&rotate.name)?;
    match tool.profile {
        Profile::Native => keys::rotate(&mut tool.keys, keys::generate(&rotate.signature)?),
        Profile::Legacy => tool.legacy.secret = random::hex::<24>(),
        Profile::Lti => return Err(Error::refused("tool", "tools of LTI share the site's key set")),
    }
    tool.put()?;
    Registered::of(&tool)
}

/// The site's own name, for what it says of itself.
pub fn site_name() -> String {
    config::get_site().name
}
